// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table. A row is what was seen of a plain map; what flags and special fields change about it
 * is below. tests/unit/object/freeze-facts.c holds all of it against tests/guest/freeze.
 */
#include "object/freeze-facts.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>

#define BY_PROGRAM (FREEZE_WRITER_HELPER | FREEZE_WRITER_STORE)
#define BY_ANY (BY_PROGRAM | FREEZE_WRITER_ITERATOR)

struct row {
	uint32_t type; /* by number: headers of a build machine know fewer than kernels */
	const char *name;
	unsigned int writers;
	enum freeze_answer can_freeze, can_rdonly_prog;
	const char *freeze_reason, *rdonly_prog_reason, *writers_reason;
};

static const char frozen[] = "the system call's way to write is shut, for every fd";
static const char accepted[] = "programs that write it are refused at load";
static const char refused[] = "the kernel makes no map of this type with it";
static const char devices[] = "the kernel sets it by itself, and refuses it from outside";
static const char copies[] = "programs write it; an iterator is given a copy";
static const char values[] = "programs write it, and so does an iterator's";
static const char nobody[] = "no program may write it";
static const char inner[] = "the maps in it are written as before";
static const char programs[] = "programs write it";
static const char outside[] = "programs put events in; a reader can no longer move on";
static const char sockets[] = "programs of 6.1 to 6.18 put in and take out sockets";

static const struct row rows[] = {
	{1, "hash", BY_ANY, FREEZE_YES, FREEZE_YES, frozen, accepted, values},
	{2, "array", BY_ANY, FREEZE_YES, FREEZE_YES, frozen, accepted, values},
	{3, "prog_array", 0, FREEZE_YES, FREEZE_NO, frozen, refused, nobody},
	{4, "perf_event_array", 0, FREEZE_YES, FREEZE_NO, frozen, refused, nobody},
	{5, "percpu_hash", BY_PROGRAM, FREEZE_YES, FREEZE_YES, frozen, accepted, copies},
	{6, "percpu_array", BY_PROGRAM, FREEZE_YES, FREEZE_YES, frozen, accepted, copies},
	{7, "stack_trace", FREEZE_WRITER_HELPER, FREEZE_YES, FREEZE_NO, frozen, refused, programs},
	{8, "cgroup_array", 0, FREEZE_YES, FREEZE_NO, frozen, refused, nobody},
	{9, "lru_hash", BY_ANY, FREEZE_YES, FREEZE_YES, frozen, accepted, values},
	{10, "lru_percpu_hash", BY_PROGRAM, FREEZE_YES, FREEZE_YES, frozen, accepted, copies},
	{11, "lpm_trie", BY_PROGRAM, FREEZE_YES, FREEZE_YES, frozen, accepted, programs},
	{12, "array_of_maps", FREEZE_WRITER_INNER, FREEZE_YES, FREEZE_NO, frozen, refused, inner},
	{13, "hash_of_maps", FREEZE_WRITER_INNER, FREEZE_YES, FREEZE_YES, frozen, accepted, inner},
	{14, "devmap", 0, FREEZE_YES, FREEZE_NO, frozen, devices, nobody},
	{15, "sockmap", FREEZE_WRITER_HELPER, FREEZE_YES, FREEZE_NO, frozen, refused, sockets},
	{16, "cpumap", 0, FREEZE_YES, FREEZE_NO, frozen, refused, nobody},
	{17, "xskmap", 0, FREEZE_YES, FREEZE_NO, frozen, refused, nobody},
	{18, "sockhash", FREEZE_WRITER_HELPER, FREEZE_YES, FREEZE_NO, frozen, refused, sockets},
	{19, "cgroup_storage", FREEZE_WRITER_STORE, FREEZE_YES, FREEZE_YES, frozen, accepted,
	 programs},
	{20, "reuseport_sockarray", 0, FREEZE_YES, FREEZE_YES, frozen, accepted, nobody},
	{21, "percpu_cgroup_storage", FREEZE_WRITER_STORE, FREEZE_YES, FREEZE_YES, frozen, accepted,
	 programs},
	{22, "queue", FREEZE_WRITER_HELPER, FREEZE_YES, FREEZE_YES, frozen, accepted, programs},
	{23, "stack", FREEZE_WRITER_HELPER, FREEZE_YES, FREEZE_YES, frozen, accepted, programs},
	{24, "sk_storage", FREEZE_WRITER_STORE | FREEZE_WRITER_ITERATOR, FREEZE_YES, FREEZE_NO,
	 frozen, refused, values},
	{25, "devmap_hash", 0, FREEZE_YES, FREEZE_NO, frozen, devices, nobody},
	{26, "struct_ops", 0, FREEZE_NO, FREEZE_NO, "the kernel refuses it (ENOTSUPP)", refused,
	 "it is not frozen"},
	{27, "ringbuf", FREEZE_WRITER_HELPER, FREEZE_SOMETIMES, FREEZE_NO,
	 "not while its reader has it mapped (EBUSY), and no reader can map it afterwards", refused,
	 outside},
	{28, "inode_storage", FREEZE_WRITER_STORE, FREEZE_YES, FREEZE_NO, frozen, refused,
	 programs},
	{29, "task_storage", FREEZE_WRITER_STORE, FREEZE_YES, FREEZE_NO, frozen, refused, programs},
	{30, "bloom_filter", FREEZE_WRITER_HELPER, FREEZE_YES, FREEZE_YES, frozen, accepted,
	 programs},
	{31, "user_ringbuf", FREEZE_WRITER_HELPER, FREEZE_SOMETIMES, FREEZE_NO,
	 "not while its writer has it mapped (EBUSY), and no writer can map it afterwards", refused,
	 "programs take events out"},
	{32, "cgrp_storage", FREEZE_WRITER_STORE, FREEZE_YES, FREEZE_NO, frozen, refused, programs},
	{33, "arena", 0, FREEZE_SOMETIMES, FREEZE_NO,
	 "never again once somebody has mapped it, were it for a moment (EBUSY)", refused,
	 "an arena that was never mapped has no page"},
	{34, "insn_array", 0, FREEZE_YES, FREEZE_NO, frozen, refused, nobody},
	{35, "rhash", BY_ANY, FREEZE_YES, FREEZE_YES, frozen, accepted, values},
};

static const struct row *row_of(uint32_t type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].type == type)
			return &rows[i];
	}
	return NULL;
}

static void say_unfrozen(struct freeze_facts *facts, const char *reason)
{
	facts->can_freeze = FREEZE_NO;
	facts->freeze_reason = reason;
	facts->writers = 0;
	facts->writers_reason = "it is not frozen";
}

/* Programs that store or call a helper that writes are refused; an iterator's is not looked at. */
static void apply_rdonly_prog(struct freeze_facts *facts)
{
	if (facts->can_rdonly_prog == FREEZE_NO) {
		say_unfrozen(facts, facts->rdonly_prog_reason);
		return;
	}
	if (!(facts->writers & BY_PROGRAM) || facts->can_freeze == FREEZE_NO)
		return;
	facts->writers &= ~(unsigned int)BY_PROGRAM;
	facts->writers_reason = facts->writers & FREEZE_WRITER_ITERATOR
					? "an iterator's program writes it all the same"
					: "nobody";
}

static void apply_special(struct freeze_facts *facts)
{
	if (facts->can_freeze == FREEZE_NO)
		return;
	facts->can_freeze = FREEZE_SOMETIMES;
	facts->freeze_reason =
		"the kernel freezes none with such a field (ENOTSUPP); 6.1 lets a spin lock pass";
}

int freeze_facts_get(uint32_t type, uint32_t map_flags, bool special,
		     struct freeze_facts *ret_facts)
{
	const struct row *row = row_of(type);
	struct freeze_facts facts;

	if (!row)
		return -ENOENT;
	facts = (struct freeze_facts){
		.can_freeze = row->can_freeze,
		.freeze_reason = row->freeze_reason,
		.can_rdonly_prog = row->can_rdonly_prog,
		.rdonly_prog_reason = row->rdonly_prog_reason,
		.writers = row->writers,
		.writers_reason = row->writers_reason,
	};
	if (type == BPF_MAP_TYPE_ARRAY && map_flags & BPF_F_MMAPABLE) {
		facts.can_freeze = FREEZE_SOMETIMES;
		facts.freeze_reason = "not while somebody has it mapped to write (EBUSY)";
	}
	if (special)
		apply_special(&facts);
	if (map_flags & BPF_F_RDONLY_PROG)
		apply_rdonly_prog(&facts);
	*ret_facts = facts;
	return 0;
}

const char *freeze_type_name(uint32_t type)
{
	const struct row *row = row_of(type);

	return row ? row->name : NULL;
}

uint32_t freeze_type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].type;
	}
	return 0;
}
