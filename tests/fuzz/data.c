// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The text of map contents, against a fixed BTF with a type of each kind: refused with a place and
 * a reason, or bytes, of which no two keys are the same.
 */

#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fuzz.h"
#include "mapdata/entries.h"
#include "mapdata/plan.h"
#include "must.h"

static struct btf *btf;
static struct data_plan *prefix, *value, *section;

static uint32_t number(int r)
{
	must(r >= 0);
	return (uint32_t)r;
}

static struct data_plan *plan_of(uint32_t id, uint32_t size, bool is_prefix)
{
	struct plan_request request = {
		.btf = btf, .type_id = id, .size = size, .is_prefix = is_prefix};
	struct data_plan *plan = NULL;

	must(data_plan_make(&request, &plan, NULL) == 0);
	return plan;
}

static uint32_t add_members(uint32_t u8, uint32_t u32, uint32_t letter)
{
	uint32_t name = number(btf__add_array(btf, (int)u32, (int)letter, 8));
	uint32_t bytes = number(btf__add_array(btf, (int)u32, (int)u8, 4));
	uint32_t host = number(btf__add_typedef(btf, "__be32", (int)u32));
	uint32_t color = number(btf__add_enum(btf, "color", 4)), un, s;

	(void)number(btf__add_enum_value(btf, "RED", 1));
	(void)number(btf__add_enum_value(btf, "DEEP", -1));
	un = number(btf__add_union(btf, "", 4));
	(void)number(btf__add_field(btf, "address", (int)bytes, 0, 0));
	(void)number(btf__add_field(btf, "number", (int)u32, 0, 0));
	s = number(btf__add_struct(btf, "s", 24));
	(void)number(btf__add_field(btf, "name", (int)name, 0, 0));
	(void)number(btf__add_field(btf, "color", (int)color, 64, 0));
	(void)number(btf__add_field(btf, "", (int)un, 96, 0));
	(void)number(btf__add_field(btf, "low", (int)u32, 128, 3));
	(void)number(btf__add_field(btf, "high", (int)u32, 131, 29));
	(void)number(btf__add_field(btf, "host", (int)host, 160, 0));
	return s;
}

/* Once: a plan is what all inputs have in common. */
static void make_plans(void)
{
	uint32_t u8, u32, letter, bytes, key, s, variable, data;

	btf = btf__new_empty();
	must(btf != NULL);
	u8 = number(btf__add_int(btf, "unsigned char", 1, 0));
	u32 = number(btf__add_int(btf, "unsigned int", 4, 0));
	letter = number(btf__add_int(btf, "char", 1, BTF_INT_SIGNED));
	bytes = number(btf__add_array(btf, (int)u32, (int)u8, 4));
	key = number(btf__add_struct(btf, "key", 8));
	(void)number(btf__add_field(btf, "length", (int)u32, 0, 0));
	(void)number(btf__add_field(btf, "data", (int)bytes, 32, 0));
	variable = number(btf__add_var(btf, "limit", BTF_VAR_GLOBAL_ALLOCATED, (int)u32));
	data = number(btf__add_datasec(btf, ".data", 4));
	(void)number(btf__add_datasec_var_info(btf, (int)variable, 0, 4));
	s = add_members(u8, u32, letter);

	/* a plan borrows from the BTF: nothing is added from here on */
	section = plan_of(data, 4, false);
	prefix = plan_of(key, 8, true);
	value = plan_of(s, 24, false);
}

static void check_entries(const struct data_entries *e)
{
	for (uint32_t i = 1; i < e->n && i < 64; i++)
		for (uint32_t k = 0; k < i; k++)
			must(memcmp(e->keys + (size_t)i * e->key_size,
				    e->keys + (size_t)k * e->key_size, e->key_size) != 0);
}

/* Returns whether the text has to be read again. */
static bool try_map(const struct data_file *data, const struct data_map *map)
{
	static const uint8_t initial[4];
	const struct data_layout layouts[] = {
		{DATA_KEYED, prefix, value, 100, NULL},
		{DATA_ARRAY, NULL, value, 100, NULL},
		{DATA_UNKEYED, NULL, value, 100, NULL},
		{DATA_SECTION, NULL, section, 1, initial},
	};

	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		_cleanup_(data_entries_done) struct data_entries entries = {0};
		struct diag diag = {0};
		int r = data_map_encode(data, map, &layouts[i], &entries, &diag);

		must(r >= 0 && (r != DATA_E_AGAIN || data->quick));
		if (r == DATA_E_AGAIN)
			return true;
		if (r)
			must(diag.text[0] && diag.line > 0 && diag.column > 0 && !entries.values);
		else if (entries.keys)
			check_entries(&entries);
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *text, size_t size)
{
	_cleanup_(data_file_freep) struct data_file *data = NULL;
	struct diag diag = {0};
	int r;

	if (!btf)
		make_plans();
	r = data_file_parse("f", (const char *)text, size, &data, &diag);
	must(r >= 0 && !data == !!r);
	if (r)
		must(diag.text[0] && diag.line > 0);
	for (size_t i = 0; !r && i < data->n_maps && i < 8; i++) {
		if (!try_map(data, &data->maps[i]))
			continue;
		r = data_file_again(data, &diag);
		must(r >= 0 && !data->quick);
		i = SIZE_MAX;
	}
	return 0;
}
