/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How much a map may hold, as a policy's max_bytes has it: one answer for the compiler, the tests
 * and the guard's programs.
 */

#include <linux/bpf.h>

#include "policy/image.h"

/* The headers of the oldest build host lack them. */
#define MAP_TYPE_CGRP_STORAGE 32
#define MAP_TYPE_ARENA 33

#define MAP_PAGE 4096 /* bytes of an entry of an arena */

struct map_size {
	__u32 type; /* of bpf(2) */
	__u32 entries;
	__u32 key; /* bytes */
	__u32 value; /* bytes */
};

/**
 * map_bytes() - what the contents of a map can take, from what its maker says of it alone
 * @cpus: how many the kernel may ever have; 0: not known
 *
 * Keys and values, each rounded up to 8 bytes, a value per processor where the type has one; not
 * what the kernel adds of its own. The same on every kernel.
 * Return: bytes; IMAGE_ANY_BYTES if it is more than a number can say, or has no bound: of a storage
 * that its type gives to each task, inode, socket or control group.
 */
static inline __u64 map_bytes(const struct map_size *map, __u32 cpus)
{
	__u64 key = ((__u64)map->key + 7) & ~(__u64)7, value = ((__u64)map->value + 7) & ~(__u64)7;
	__u64 entry;

	switch (map->type) {
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		return map->entries;
	case MAP_TYPE_ARENA:
		return (__u64)map->entries * MAP_PAGE;
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case MAP_TYPE_CGRP_STORAGE:
		return IMAGE_ANY_BYTES;
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		if (!cpus)
			return IMAGE_ANY_BYTES;
		value *= cpus;
	}
	entry = key + value;
	if (entry && map->entries > (IMAGE_ANY_BYTES - 1) / entry)
		return IMAGE_ANY_BYTES;
	return entry * map->entries;
}
