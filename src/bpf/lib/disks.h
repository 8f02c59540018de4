/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Disks: the devices below what carries a label, for whoever writes there passes every inode. */

#include "bpf/lib/read.h"

/*
 * disk_note() - the filesystem of that superblock, by its address, has what carries a label
 *
 * One that lies on no device is noted as well: it is not read again. Where there is no room it is
 * not: those that came before stay.
 * Return: 0.
 */
int disk_note(const __u64 *superblock);

/* The number of a device, by the address of its struct block_device; 0 if that cannot be read. */
INLINE __u32 device_number(__u64 device)
{
	struct block number = {};

	if (!device ||
	    read_block((void *)device, bpf_core_field_offset(struct block_device, bd_dev), &number))
		return 0;
	return number.word[0];
}

GLOBAL int disk_note(const __u64 *superblock)
{
	__u64 key, device = 0, disk = 0, whole = 0;
	struct disk_label label = {};

	if (!superblock)
		return 0;
	key = *superblock;
	if (!key || bpf_map_lookup_elem(&disks, &key))
		return 0;
	if (!read_pointer((void *)(key + bpf_core_field_offset(struct super_block, s_bdev)),
			  &device) &&
	    device &&
	    !read_pointer((void *)(device + bpf_core_field_offset(struct block_device, bd_disk)),
			  &disk) &&
	    disk)
		(void)read_pointer((void *)(disk + bpf_core_field_offset(struct gendisk, part0)),
				   &whole);
	label.device = device_number(device);
	label.whole = device_number(whole);
	bpf_map_update_elem(&disks, &key, &label, BPF_NOEXIST);
	return 0;
}

/* inode_disk_note() - the same, of the filesystem that the inode is on */
INLINE void inode_disk_note(struct inode *inode)
{
	__u64 superblock = (__u64)inode->i_sb;

	disk_note(&superblock);
}
