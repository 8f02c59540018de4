// SPDX-License-Identifier: LGPL-2.1-or-later
#include "object/object.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "fixture.h"
#include "test.h"

static void programs_are_listed_as_in_the_file(void **state)
{
	static const char *const names[] = {"enter", "refuse", "strange"};
	_cleanup_(object_freep) struct object *object = fixture_object("agent");

	assert_int_equal(object->n_programs, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(object->programs[i].function->name, names[i]);
	assert_string_equal(object->license, "GPL");
}

static void a_program_has_type_and_attach_point_by_its_section(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	const struct object_program *refuse = fixture_program(object, "refuse");

	assert_int_equal(refuse->attach.type, BPF_PROG_TYPE_LSM);
	assert_string_equal(refuse->attach.target, "file_open");
	assert_true(refuse->attach.sleepable);
	assert_false(refuse->autoload);
	assert_true(fixture_program(object, "enter")->autoload);
	assert_int_equal(fixture_program(object, "strange")->attach.type, KIND_UNKNOWN);
}

static bool has_helper(const struct object_program *program, uint32_t helper)
{
	for (size_t i = 0; i < program->n_helpers; i++) {
		if (program->helpers[i] == helper)
			return true;
	}
	return false;
}

static void helpers_of_called_functions_count(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	const struct object_program *enter = fixture_program(object, "enter");

	assert_int_equal(enter->n_helpers, 3);
	assert_true(has_helper(enter, BPF_FUNC_map_lookup_elem));
	assert_true(has_helper(enter, BPF_FUNC_tail_call));
	assert_true(has_helper(enter, BPF_FUNC_ringbuf_output));
	assert_false(has_helper(fixture_program(object, "refuse"), BPF_FUNC_ringbuf_output));
}

static void kfuncs_are_named(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");

	assert_int_equal(fixture_program(object, "refuse")->n_kfuncs, 1);
	assert_string_equal(fixture_program(object, "refuse")->kfuncs[0], "bpf_rcu_read_lock");
	assert_int_equal(fixture_program(object, "enter")->n_kfuncs, 0);
}

static void a_program_names_the_maps_it_reaches(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	const struct object_program *enter = fixture_program(object, "enter");
	static const char *const names[] = {"table", "ring",  "calls",	 ".rodata",
					    ".bss",  ".data", ".kconfig"};

	assert_int_equal(enter->n_maps, 7);
	for (size_t i = 0; i < 7; i++) {
		bool found = false;

		for (size_t k = 0; k < 7; k++)
			found = found || strcmp(object->maps[enter->maps[k]].name, names[i]) == 0;
		assert_true(found);
	}
}

static void maps_defined_by_btf_are_read(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	const struct object_map *table = fixture_map(object, "table");

	assert_int_equal(table->type, BPF_MAP_TYPE_HASH);
	assert_int_equal(table->key_size, 8);
	assert_int_equal(table->value_size, 24);
	assert_int_equal(table->max_entries, 64);
	assert_int_equal(table->flags, BPF_F_NO_PREALLOC);
	assert_int_equal(table->pinning, 1);
	assert_string_equal(table->key_type, "struct key { __u32 address; __u8 pad[4]; }");
	assert_string_equal(
		table->value_type,
		"struct value { __u64 hits; unsigned int flag : 3; const char *name; }");
}

static void a_map_of_maps_tells_what_it_holds(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	const struct object_map *outer = fixture_map(object, "outer");

	assert_int_equal(outer->value_size, 4);
	assert_non_null(outer->inner);
	assert_int_equal(outer->inner->type, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(outer->inner->value_size, 8);
	assert_null(fixture_map(object, "calls")->inner);
}

static void what_a_definition_has_in_its_slots_is_seen(void **state)
{
	static const struct {
		const char *fixture, *map;
		bool has_slots;
	} rows[] = {
		{"writer", "outer", true}, {"writer", "like_inner", false},
		{"writer", "ring", false}, {"writer", "looked_at", false},
		{"agent", "outer", false}, {"agent", "calls", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(object_freep) struct object *object = fixture_object(rows[i].fixture);

		if (fixture_map(object, rows[i].map)->has_slots != rows[i].has_slots)
			fail_msg("%s: %s", rows[i].fixture, rows[i].map);
	}
}

static void data_is_a_map(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");

	assert_int_equal(fixture_map(object, ".rodata")->flags, BPF_F_RDONLY_PROG | BPF_F_MMAPABLE);
	assert_int_equal(fixture_map(object, ".data")->flags, BPF_F_MMAPABLE);
	assert_int_equal(fixture_map(object, ".data")->value_size, 4);
	assert_int_equal(fixture_map(object, ".bss")->value_size, 8);
	assert_int_equal(fixture_map(object, ".kconfig")->value_size, 4);
}

static Elf64_Shdr *section_of(char *data, const char *name)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)data;
	Elf64_Shdr *sections = (Elf64_Shdr *)(data + header->e_shoff);

	for (size_t i = 0; i < header->e_shnum; i++) {
		const char *names = data + sections[header->e_shstrndx].sh_offset;

		if (strcmp(names + sections[i].sh_name, name) == 0)
			return &sections[i];
	}
	fail_msg("no section %s", name);
	return NULL;
}

static void an_object_without_btf_is_read(void **state)
{
	_cleanup_(object_freep) struct object *object = NULL;
	size_t size;
	_cleanup_free_ char *data = fixture_data("bare", &size);

	section_of(data, ".BTF")->sh_name = section_of(data, ".strtab")->sh_name;
	assert_int_equal(object_read((const uint8_t *)data, size, &object, NULL), 0);
	assert_false(object->has_btf);
	assert_null(object->license);
	assert_int_equal(object->n_programs, 1);
	assert_string_equal(object->programs[0].function->name, "only");
	assert_int_equal(object->n_maps, 1);
	assert_int_equal(object->maps[0].type, BPF_MAP_TYPE_ARRAY);
	assert_int_equal(object->maps[0].value_size, 12);
	assert_int_equal(object->maps[0].flags, BPF_F_RDONLY_PROG);
	assert_int_equal(object->programs[0].n_maps, 1);
}

/* Refused after a change of the file, with words in which the reason is found. */
static void refused(char *data, size_t size, const char *words)
{
	_cleanup_(object_freep) struct object *object = NULL;
	struct diag diag = {0};

	assert_int_equal(object_read((const uint8_t *)data, size, &object, &diag),
			 OBJECT_E_REFUSED);
	assert_null(object);
	if (!strstr(diag.text, words))
		fail_msg("\"%s\" does not say \"%s\"", diag.text, words);
}

#define HEADER ((Elf64_Ehdr *)data)
#define SYMBOLS ((Elf64_Sym *)(data + section_of(data, ".symtab")->sh_offset))
#define BTF ((struct btf_header *)(data + section_of(data, ".BTF")->sh_offset))

/* Each change, alone, of a good object, and what is said of it. */
#define CHANGES                                                                                 \
	CHANGE(data[EI_DATA] = ELFDATA2MSB, "big-endian")                                       \
	CHANGE(data[EI_CLASS] = ELFCLASS32, "64-bit")                                           \
	CHANGE(data[0] = 'X', "no ELF file")                                                    \
	CHANGE(HEADER->e_machine = EM_X86_64, "for the processor 62")                           \
	CHANGE(HEADER->e_type = ET_EXEC, "linked already")                                      \
	CHANGE(HEADER->e_shnum = 0, "no table of sections")                                     \
	CHANGE(HEADER->e_shnum = 5000, "at most 4096")                                          \
	CHANGE(HEADER->e_shoff = size, "cut off")                                               \
	CHANGE(HEADER->e_shoff = UINT64_MAX - 8, "cut off")                                     \
	CHANGE(HEADER->e_shstrndx = 4000, "names of its sections")                              \
	CHANGE(section_of(data, ".maps")->sh_offset = size, "(.maps) is not in the file")       \
	CHANGE(section_of(data, ".maps")->sh_size = UINT64_MAX, "(.maps) is not in")            \
	CHANGE(section_of(data, ".maps")->sh_name = UINT32_MAX, "name of section")              \
	CHANGE(section_of(data, ".symtab")->sh_type = SHT_PROGBITS, "no symbols")               \
	CHANGE(section_of(data, ".symtab")->sh_link = 4000, "names of its symbols")             \
	CHANGE(SYMBOLS[2].st_name = UINT32_MAX, "name of symbol 2")                             \
	CHANGE(SYMBOLS[2].st_shndx = 4000, "in section 4000")                                   \
	CHANGE(section_of(data, ".rel.text")->sh_info = 4000, "section that is not there")      \
	CHANGE(((Elf64_Rel *)(data + section_of(data, ".rel.text")->sh_offset))->r_info =       \
		       UINT64_MAX,                                                              \
	       "names no symbol")                                                               \
	CHANGE(section_of(data, ".rel.text")->sh_type = SHT_RELA, "BPF has no relocations")     \
	CHANGE(section_of(data, ".BTF")->sh_name = 0, ".maps, and no BTF that says what is in") \
	CHANGE(BTF->magic = __builtin_bswap16(BTF_MAGIC), "big-endian")                         \
	CHANGE(BTF->version = 9, "no version that is known")                                    \
	CHANGE(BTF->hdr_len = 4, "not within the section")                                      \
	CHANGE(BTF->type_len = UINT32_MAX - 3, "not within the section")                        \
	CHANGE(BTF->str_len = UINT32_MAX, "not within the section")                             \
	CHANGE(BTF->type_len -= 4, ".BTF ends within type")

#define CHANGE(statement, words)                                          \
	{                                                                 \
		size_t size;                                              \
		_cleanup_free_ char *data = fixture_data("agent", &size); \
                                                                          \
		statement;                                                \
		refused(data, size, words);                               \
	}

static void what_is_wrong_is_said(void **state)
{
	CHANGES
}

static uint32_t type_id(const struct object *object, uint32_t kind, const char *name)
{
	for (uint32_t i = 1; i < object->btf.n; i++) {
		struct btf_item item = btf_get(&object->btf, i);

		if (item.kind == kind && strcmp(item.name, name) == 0)
			return i;
	}
	fail_msg("no type %s", name);
	return 0;
}

/* The same type in the bytes that the object was read from. */
static struct btf_type *type_in(char *data, const struct object *object, uint32_t id)
{
	return (struct btf_type *)(data + (object->btf.types - object->data) +
				   object->btf.offsets[id]);
}

static void a_struct_is_no_kconfig(void **state)
{
	_cleanup_(object_freep) struct object *object = fixture_object("agent");
	uint32_t key = type_id(object, BTF_KIND_STRUCT, "key");
	uint32_t text = btf_get(&object->btf, type_id(object, BTF_KIND_VAR, "terms")).size_or_type;
	size_t size;
	_cleanup_free_ char *data = fixture_data("agent", &size);
	struct btf_type *hz = type_in(data, object, type_id(object, BTF_KIND_VAR, "CONFIG_HZ"));

	hz->type = key;
	refused(data, size, "the extern CONFIG_HZ is a struct");
	hz->type = text;
	((struct btf_array *)(type_in(data, object, text) + 1))->type = key;
	refused(data, size, "the extern CONFIG_HZ is a struct");
}

struct bytes {
	const char *data;
	size_t size;
};

static int read_again(void *userdata)
{
	_cleanup_(object_freep) struct object *object = NULL;
	const struct bytes *bytes = userdata;

	return object_read((const uint8_t *)bytes->data, bytes->size, &object, NULL);
}

static void running_out_of_memory_is_an_error(void **state)
{
	struct bytes bytes;
	_cleanup_free_ char *data = fixture_data("agent", &bytes.size);

	bytes.data = data;
	alloc_check(read_again, &bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_are_listed_as_in_the_file),
		cmocka_unit_test(a_program_has_type_and_attach_point_by_its_section),
		cmocka_unit_test(helpers_of_called_functions_count),
		cmocka_unit_test(kfuncs_are_named),
		cmocka_unit_test(a_program_names_the_maps_it_reaches),
		cmocka_unit_test(maps_defined_by_btf_are_read),
		cmocka_unit_test(a_map_of_maps_tells_what_it_holds),
		cmocka_unit_test(what_a_definition_has_in_its_slots_is_seen),
		cmocka_unit_test(data_is_a_map),
		cmocka_unit_test(an_object_without_btf_is_read),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_struct_is_no_kconfig),
		cmocka_unit_test(running_out_of_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
