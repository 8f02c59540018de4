/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Content by its digest, and where a task was started: what makes a task a domain's. */

#include "bpf/lib/inodes.h"
#include "bpf/lib/tasks.h"

#define DIGEST_WORDS (IMAGE_DIGEST_LEN / 8)

struct digest {
	__u64 word[DIGEST_WORDS];
};

/* Local filesystems whose content nobody but this kernel changes. Not here: network, FUSE, and
 * stacked ones, which may lie upon either (stacked.h). */
INLINE bool magic_qualifies(__u64 magic)
{
	switch (magic) {
	case 0xEF53: /* ext2, ext3, ext4 */
	case 0x58465342: /* xfs */
	case 0x9123683E: /* btrfs */
	case 0xF2F52010: /* f2fs */
	case 0x73717368: /* squashfs */
	case 0xE0F5E1E2: /* erofs */
	case 0x01021994: /* tmpfs */
	case 0x858458f6: /* ramfs: the root of an initramfs */
		return true;
	}
	return false;
}

INLINE bool superblock_qualifies(struct super_block *sb)
{
	return magic_qualifies(sb->s_magic);
}

/* Order of memcmp(): the tables are sorted by it. */
INLINE int digest_compare(const struct digest *a, const struct digest *b)
{
	for (int i = 0; i < DIGEST_WORDS; i++) {
		__u64 x = __builtin_bswap64(a->word[i]), y = __builtin_bswap64(b->word[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/* digest_same() - 1 or 0 */
int digest_same(const struct digest *a, const struct digest *b);

GLOBAL int digest_same(const struct digest *a, const struct digest *b)
{
	return a && b && !digest_compare(a, b);
}

/* SHA-256 of the content, by the kernel, if it can. */
INLINE bool kernel_digest(struct file *file, __u8 *ret_digest)
{
#ifndef WITHOUT_IMA
	struct guard_state *guard = guard_state();

	if (guard && bpf_ima_file_hash(file, ret_digest, IMAGE_DIGEST_LEN) >= 0) {
		guard->ima = 1;
		return true;
	}
#endif
	return false;
}

struct digest_search {
	struct digest digest;
	__u32 table; /* offset of the table in the image */
	__u32 stride; /* size of a record */
	__u32 domain; /* second key of the trusted table; 0 in the other */
	__u32 low;
	__u32 high;
	__u32 found; /* offset of the record in the image; 0: none */
};

static long digest_search_step(__u32 i, void *context)
{
	struct digest_search *search = context;
	struct image_header *image = policy_in_force();
	__u32 middle = search->low + (search->high - search->low) / 2;
	__u32 offset = search->table + middle * search->stride;
	struct image_trusted *record;
	int order;

	(void)i;
	if (!image || search->low >= search->high)
		return 1;
	record = image_at(image, offset);
	order = digest_compare(&search->digest, (struct digest *)record->digest);
	if (!order && search->domain && search->domain != record->domain)
		order = search->domain < record->domain ? -1 : 1;
	if (!order) {
		search->found = offset;
		return 1;
	}
	if (order < 0)
		search->high = middle;
	else
		search->low = middle + 1;
	return 0;
}

/* digest_find() - the offset in the image in force of the record with the digest; 0: none */
__u32 digest_find(const struct digest_search *wanted);

GLOBAL __u32 digest_find(const struct digest_search *wanted)
{
	struct digest_search search;

	if (!wanted)
		return 0;
	search = *wanted;
	bpf_loop(16, digest_search_step, &search, 0);
	return search.found;
}

/* ---- fs-verity */

#define S_VERITY 0x10000u /* include/linux/fs.h */
#define FS_VERITY_HASH_ALG_SHA256 1
#define VERITY_ROOM 36 /* bytes of struct verity that the kernel fills */

int bpf_get_fsverity_digest(struct file *file, struct bpf_dynptr *digest) __ksym __weak;

/* The kernel's function for it, since 6.8, or where it kept it before. */
static __noinline bool verity_read(struct file *file, struct digest *ret_verity)
{
	struct inode___verity *inode = (struct inode___verity *)file->f_inode;
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct fsverity_info *info;
	struct bpf_dynptr room;
	__u64 *words;

	if (bpf_get_fsverity_digest) {
		if (!label || bpf_dynptr_from_mem(&label->verity, VERITY_ROOM, 0, &room) ||
		    bpf_get_fsverity_digest(file, &room) ||
		    label->verity.algorithm != FS_VERITY_HASH_ALG_SHA256)
			return false;
		__builtin_memcpy(ret_verity, label->verity.digest, sizeof(*ret_verity));
		return true;
	}
	if (!bpf_core_field_exists(inode->i_verity_info))
		return false;
	info = inode->i_verity_info;
	/* of the two that there are, SHA-256 is the one of 32 bytes */
	if (!info || info->tree_params.hash_alg->digest_size != IMAGE_DIGEST_LEN)
		return false;
	words = (__u64 *)info->file_digest;
	for (int i = 0; i < DIGEST_WORDS; i++)
		ret_verity->word[i] = words[i];
	return true;
}

/* The content that the policy knows by the file's fs-verity digest. */
static __noinline bool verity_content(struct file *file, __u8 *ret_digest)
{
	struct image_header *image = policy_in_force();
	struct digest_search search = {};
	struct image_verity *known;
	__u32 found;

	if (!image || !image->n_verities || !(file->f_inode->i_flags & S_VERITY) ||
	    !verity_read(file, &search.digest))
		return false;
	search.table = IMAGE_OFF_VERITIES(image);
	search.stride = sizeof(struct image_verity);
	search.high = image->n_verities;
	found = digest_find(&search);
	if (!found)
		return false;
	known = image_at(image, found);
	__builtin_memcpy(ret_digest, known->digest, IMAGE_DIGEST_LEN);
	return true;
}

/*
 * The content of a file and how it is known, by the best that there is: CONTENT_*. Where the kernel
 * cannot hash (no IMA) it is what holdfastd has measured, and nobody writes the file meanwhile: the
 * callers have seen to it. CONTENT_UNKNOWN: it is not.
 */
INLINE __u32 file_content(struct file *file, __u8 *ret_digest)
{
	struct measurement *measurement;

	if (verity_content(file, ret_digest))
		return CONTENT_VERITY;
	if (kernel_digest(file, ret_digest))
		return CONTENT_HASHED;
	measurement = inode_measurement(file->f_inode);
	if (!measurement)
		return CONTENT_UNKNOWN;
	__builtin_memcpy(ret_digest, measurement->digest, IMAGE_DIGEST_LEN);
	return CONTENT_SEALED;
}

/* ---- what the policy says of content */

/* As labels keep it, for who looks at them. */
INLINE __u32 content_mark(const __u8 *digest)
{
	return *(const __u32 *)digest;
}

INLINE struct image_executable *executable_find(struct image_header *image, const __u8 *digest)
{
	struct digest_search search = {
		.table = IMAGE_OFF_EXECUTABLES(image),
		.stride = sizeof(struct image_executable),
		.high = image->n_executables,
	};
	__u32 found;

	__builtin_memcpy(&search.digest, digest, sizeof(search.digest));
	found = digest_find(&search);
	return found ? image_at(image, found) : NULL;
}

INLINE bool digest_trusted(struct image_header *image, const __u8 *digest, __u32 domain)
{
	struct digest_search search = {
		.table = IMAGE_OFF_TRUSTED(image),
		.stride = sizeof(struct image_trusted),
		.high = image->n_trusted,
		.domain = domain,
	};

	__builtin_memcpy(&search.digest, digest, sizeof(search.digest));
	return digest_find(&search);
}

struct unit_name {
	char text[IMAGE_UNIT_LEN];
};

/* unit_same() - 1 or 0 */
int unit_same(const struct unit_name *a, const struct unit_name *b);

GLOBAL int unit_same(const struct unit_name *a, const struct unit_name *b)
{
	if (!a || !b)
		return 0;
	for (int i = 0; i < IMAGE_UNIT_LEN; i++) {
		if (a->text[i] != b->text[i])
			return 0;
		if (!a->text[i])
			return 1;
	}
	return 0;
}

INLINE bool is_system_slice(const struct unit_name *name)
{
	static const char text[] = "system.slice";
	__u32 differs = 0;

	for (int i = 0; i < (int)sizeof(text); i++)
		differs |= name->text[i] ^ text[i];
	return !differs;
}

/* In /system.slice/UNIT? */
static __attribute__((unused)) bool in_unit(struct task_struct *task,
					    struct image_executable *executable)
{
	struct kernfs_node *node, *slice, *root;
	struct unit_name name = {};

	node = task->cgroups->dfl_cgrp->kn;
	read_name(name.text, sizeof(name.text), node->name);
	if (!unit_same(&name, (struct unit_name *)executable->unit))
		return false;
	slice = kernfs_parent(node);
	if (!slice)
		return false;
	read_name(name.text, sizeof(name.text), slice->name);
	if (!is_system_slice(&name))
		return false;
	root = kernfs_parent(slice);
	return root && !kernfs_parent(root);
}
