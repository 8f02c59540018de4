// SPDX-License-Identifier: LGPL-2.1-or-later
/* A loaded program's instructions: a byte for each of eight maps' types, then the program. */

#include <string.h>

#include <linux/bpf.h>

#include "base/size.h"
#include "fuzz.h"
#include "loaded/symbols.h"
#include "loaded/translated.h"
#include "must.h"
#include "object/flow.h"
#include "object/object.h"

#define MAPS 8

/* Calls by small numbers, so that there are some that mean something. */
static struct symbol_row rows[] = {
	{0x10001, BPF_FUNC_map_lookup_elem},   {0x10002, BPF_FUNC_map_update_elem},
	{0x10003, BPF_FUNC_map_delete_elem},   {0x10004, FLOW_HELPER_ELEMENT},
	{0x10005, BPF_FUNC_for_each_map_elem},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t ids[MAPS] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct symbols symbols = {.base = 0x10000, .rows = rows, .n = ARRAY_SIZE(rows)};
	struct object_map maps[MAPS] = {0}, *pointers[MAPS];
	struct translated program = {
		.map_ids = ids, .maps = pointers, .n_maps = MAPS, .symbols = &symbols};
	uint64_t steps = 0;

	if (size < MAPS)
		return 0;
	for (size_t i = 0; i < MAPS; i++) {
		maps[i].type = data[i];
		pointers[i] = &maps[i];
	}
	program.code = data + MAPS;
	program.size = size - MAPS;
	must(translated_read(&program, &steps) == 0);
	must(steps <= UINT32_MAX);
	for (size_t i = 0; i < MAPS; i++)
		must(maps[i].n_writers <= MAP_MAX_WRITERS &&
		     !maps[i].n_writers == !(maps[i].uses & USE_WRITES));
	return 0;
}
