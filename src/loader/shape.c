// SPDX-License-Identifier: LGPL-2.1-or-later
/* See shape.h. A row for each type that docs/freeze.md has. */

#include "loader/shape.h"

#include <linux/bpf.h>
#include <stddef.h>

#include "base/size.h"
#include "object/object.h"

struct row {
	enum data_shape shape;
	const char *refused; /* why it cannot be filled; NULL if it can */
};

static const char sockets[] = "its values are file descriptors of sockets, which no text has";
static const char maps[] =
	"its values are maps: what the object's definition has in its slots is put in, and each of "
	"those maps can be filled by its own name";
static const char storage[] =
	"its values belong to what is alive in the kernel, and its keys are file descriptors";
static const char groups[] = "the kernel makes its entries, for each program and control group";
static const char records[] = "it passes records on, and keeps none";
static const char numbers[] =
	"its values have a place for a program's file descriptor: with values of 4 bytes it can be "
	"filled";

/* By number: headers of a build machine know fewer than kernels. */
static const struct row rows[] = {
	[1] = {DATA_KEYED, NULL}, /* hash */
	[2] = {DATA_ARRAY, NULL}, /* array */
	[3] = {.refused = "its values are file descriptors of programs, which no text has: what "
			  "the object's definition has in its slots is put in"},
	[4] = {.refused = "its values are file descriptors of perf events, which no text has"},
	[5] = {DATA_KEYED, NULL}, /* percpu_hash */
	[6] = {DATA_ARRAY, NULL}, /* percpu_array */
	[7] = {.refused = "programs record stacks in it, and nobody else writes it"},
	[8] = {.refused = "its values are file descriptors of control groups, which no text has"},
	[9] = {DATA_KEYED, NULL}, /* lru_hash */
	[10] = {DATA_KEYED, NULL}, /* lru_percpu_hash */
	[11] = {DATA_KEYED, NULL}, /* lpm_trie */
	[12] = {.refused = maps}, /* array_of_maps */
	[13] = {.refused = maps}, /* hash_of_maps */
	[14] = {DATA_ARRAY, NULL}, /* devmap */
	[15] = {.refused = sockets}, /* sockmap */
	[16] = {DATA_ARRAY, NULL}, /* cpumap */
	[17] = {.refused = sockets}, /* xskmap */
	[18] = {.refused = sockets}, /* sockhash */
	[19] = {.refused = groups}, /* cgroup_storage */
	[20] = {.refused = sockets}, /* reuseport_sockarray */
	[21] = {.refused = groups}, /* percpu_cgroup_storage */
	[22] = {DATA_UNKEYED, NULL}, /* queue */
	[23] = {DATA_UNKEYED, NULL}, /* stack */
	[24] = {.refused = storage}, /* sk_storage */
	[25] = {DATA_KEYED, NULL}, /* devmap_hash */
	[26] = {.refused = "it is a table of programs, which the object defines"},
	[27] = {.refused = records}, /* ringbuf */
	[28] = {.refused = storage}, /* inode_storage */
	[29] = {.refused = storage}, /* task_storage */
	[30] = {DATA_UNKEYED, NULL}, /* bloom_filter */
	[31] = {.refused = records}, /* user_ringbuf */
	[32] = {.refused = storage}, /* cgrp_storage */
	[33] = {.refused = "it is memory that programs and the agent lay out, and has no entries"},
	[34] = {.refused = "its values are places in a program, which is there only once loaded"},
	[35] = {DATA_KEYED, NULL}, /* rhash */
};

/* struct bpf_devmap_val and bpf_cpumap_val: a number, and after it what may be an fd. */
static bool may_have_fd(const struct object_map *map)
{
	return (map->type == BPF_MAP_TYPE_DEVMAP || map->type == BPF_MAP_TYPE_DEVMAP_HASH ||
		map->type == BPF_MAP_TYPE_CPUMAP) &&
	       map->value_size > 4;
}

const char *shape_find(const struct object_map *map, enum data_shape *ret_shape)
{
	const struct row *row;

	if (map->origin == MAP_DATA) {
		*ret_shape = DATA_SECTION;
		return NULL;
	}
	if (map->origin == MAP_KCONFIG)
		return "libbpf fills it from the kernel's configuration";
	if (map->type == 0 || map->type >= ARRAY_SIZE(rows))
		return "nobody has tried to fill maps of its type";
	row = &rows[map->type];
	if (row->refused)
		return row->refused;
	if (may_have_fd(map))
		return numbers;
	*ret_shape = row->shape;
	return NULL;
}
