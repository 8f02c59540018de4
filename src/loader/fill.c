// SPDX-License-Identifier: LGPL-2.1-or-later
/* See fill.h. In batches where the kernel takes them. */

#include "loader/fill.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "loader/loader.h"

#define BATCH 4096
#define ENOTSUPP 524 /* of the kernel; user space has no name for it */

static bool per_cpu(const struct bpf_map *map)
{
	switch ((int)bpf_map__type(map)) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return true;
	default:
		return false;
	}
}

/* bpf_map_copy_value() in the kernel: a value for each possible CPU, each rounded up to 8 bytes. */
static int cpus_fill(struct bpf_map *map, const struct data_entries *entries,
		     unsigned int *ret_done)
{
	size_t size = entries->value_size, step = (size + 7) / 8 * 8;
	_cleanup_free_ uint8_t *values = NULL;
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus, step);
	if (!values)
		return -ENOMEM;
	for (; *ret_done < entries->n; (*ret_done)++) {
		size_t i = *ret_done;

		for (int cpu = 0; cpu < cpus; cpu++)
			memcpy(values + (size_t)cpu * step, entries->values + i * size, size);
		if (bpf_map_update_elem(bpf_map__fd(map), entries->keys + i * entries->key_size,
					values, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int each_fill(struct bpf_map *map, const struct data_entries *entries,
		     unsigned int *ret_done)
{
	for (; *ret_done < entries->n; (*ret_done)++) {
		size_t i = *ret_done;
		const void *key = entries->keys ? entries->keys + i * entries->key_size : NULL;

		if (bpf_map_update_elem(bpf_map__fd(map), key,
					entries->values + i * entries->value_size, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int batches_fill(struct bpf_map *map, const struct data_entries *entries,
			unsigned int *ret_done)
{
	while (*ret_done < entries->n) {
		size_t i = *ret_done;
		__u32 wanted = entries->n - *ret_done, n;

		if (wanted > BATCH)
			wanted = BATCH;
		n = wanted;
		if (bpf_map_update_batch(bpf_map__fd(map), entries->keys + i * entries->key_size,
					 entries->values + i * entries->value_size, &n, NULL)) {
			/* as many as before, it is not the kernel's number: it did none */
			*ret_done += n == wanted ? 0 : n;
			return -errno;
		}
		*ret_done += n;
	}
	return 0;
}

int map_fill(struct bpf_map *map, const struct loader_map *plan, unsigned int *ret_done)
{
	const struct data_entries *entries = &plan->entries;
	int r;

	*ret_done = 0;
	if (per_cpu(map))
		return cpus_fill(map, entries, ret_done);
	if (!entries->keys)
		return each_fill(map, entries, ret_done);
	r = batches_fill(map, entries, ret_done);
	/* not for each type, and not for each kernel */
	if (r == -ENOTSUPP || r == -EOPNOTSUPP)
		return each_fill(map, entries, ret_done);
	return r;
}
