// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a map may take, to the byte, and where that has no bound. */

#include <linux/bpf.h>

#include "policy/map-bytes.h"
#include "test.h"

#define MOST 0xffffffffu

static const struct {
	struct map_size size; /* type, entries, key, value */
	__u32 cpus;
	__u64 bytes;
} cases[] = {
	{{BPF_MAP_TYPE_HASH, 0, 4, 4}, 1, 0},
	{{BPF_MAP_TYPE_HASH, 10, 0, 0}, 1, 0},
	{{BPF_MAP_TYPE_HASH, 10, 1, 8}, 1, 160},
	{{BPF_MAP_TYPE_HASH, 10, 8, 9}, 1, 240},
	{{BPF_MAP_TYPE_HASH, 11, 8, 9}, 64, 264},
	{{BPF_MAP_TYPE_ARRAY, 3, 4, 100}, 64, 336},
	{{BPF_MAP_TYPE_QUEUE, 3, 0, 4}, 64, 24},
	/* a value for each processor */
	{{BPF_MAP_TYPE_PERCPU_HASH, 10, 8, 9}, 1, 240},
	{{BPF_MAP_TYPE_PERCPU_HASH, 10, 8, 9}, 4, 720},
	{{BPF_MAP_TYPE_PERCPU_ARRAY, 10, 4, 16}, 4, 720},
	{{BPF_MAP_TYPE_LRU_PERCPU_HASH, 10, 8, 9}, 4, 720},
	{{BPF_MAP_TYPE_PERCPU_HASH, 10, 8, 9}, 0, IMAGE_ANY_BYTES},
	/* whose entries are bytes, or pages */
	{{BPF_MAP_TYPE_RINGBUF, 8192, 0, 0}, 4, 8192},
	{{BPF_MAP_TYPE_USER_RINGBUF, MOST, 0, 0}, 4, MOST},
	{{MAP_TYPE_ARENA, 3, 0, 0}, 4, 12288},
	{{MAP_TYPE_ARENA, MOST, 0, 0}, 4, (__u64)MOST * 4096},
	/* one for each task, inode, socket or control group */
	{{BPF_MAP_TYPE_SK_STORAGE, 0, 4, 4}, 1, IMAGE_ANY_BYTES},
	{{BPF_MAP_TYPE_INODE_STORAGE, 0, 4, 4}, 1, IMAGE_ANY_BYTES},
	{{BPF_MAP_TYPE_TASK_STORAGE, 0, 4, 4}, 1, IMAGE_ANY_BYTES},
	{{BPF_MAP_TYPE_CGROUP_STORAGE, 0, 4, 4}, 1, IMAGE_ANY_BYTES},
	{{BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 0, 4, 4}, 1, IMAGE_ANY_BYTES},
	{{MAP_TYPE_CGRP_STORAGE, 0, 4, 4}, 1, IMAGE_ANY_BYTES},
	/* as much as a number can say, and more: 2^31 of 2^33 wrap to none */
	{{BPF_MAP_TYPE_HASH, MOST, MOST, 0}, 1, (__u64)MOST << 32},
	{{BPF_MAP_TYPE_HASH, 1u << 31, MOST, MOST}, 1, IMAGE_ANY_BYTES},
	{{BPF_MAP_TYPE_PERCPU_ARRAY, MOST, 4, MOST}, 8192, IMAGE_ANY_BYTES},
};

static void what_a_map_can_take_is_told_to_the_byte(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		__u64 bytes = map_bytes(&cases[i].size, cases[i].cpus);

		if (bytes != cases[i].bytes)
			fail_msg("case %zu: %llu bytes, expected %llu", i, bytes, cases[i].bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_map_can_take_is_told_to_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
