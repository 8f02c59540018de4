// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table is what guests said: each row of tests/guest/freeze/KERNEL.txt,
 * `TYPE VARIANT ACT BEFORE AFTER`, is looked up.
 */
#include "object/freeze-facts.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define ROWS_MAX 4096
#define WORD 32

static const char *const kernels[] = {"6.1", "6.12", "6.18", "7.x"};
#define N_KERNELS (sizeof(kernels) / sizeof(kernels[0]))

struct row {
	char type[WORD], variant[WORD], act[WORD], before[WORD], after[WORD];
};

static struct row rows[ROWS_MAX];
static size_t n_rows;

static const struct {
	const char *name;
	uint32_t flags;
	bool special;
} variants[] = {
	{"plain", 0, false},
	{"never-mapped", 0, false},
	{"rdonly_prog", BPF_F_RDONLY_PROG, false},
	{"mmapable", BPF_F_MMAPABLE, false},
	{"mmapable+rdonly_prog", BPF_F_MMAPABLE | BPF_F_RDONLY_PROG, false},
	{"spin_lock", 0, true},
	{"timer", 0, true},
	{"kptr", 0, true},
	{"wq", 0, true},
};
#define N_VARIANTS (sizeof(variants) / sizeof(variants[0]))

static const struct {
	const char *prefix;
	unsigned int writer;
} writers[] = {
	{"helper-", FREEZE_WRITER_HELPER},
	{"store", FREEZE_WRITER_STORE},
	{"iterator", FREEZE_WRITER_ITERATOR},
	{"inner-", FREEZE_WRITER_INNER},
};

static int read_tables(void **state)
{
	for (size_t k = 0; k < N_KERNELS; k++) {
		char path[256];
		FILE *file;

		(void)snprintf(path, sizeof(path), TABLES "/%s.txt", kernels[k]);
		file = fopen(path, "re");
		if (!file)
			return -1;
		while (n_rows < ROWS_MAX &&
		       fscanf(file, "%31s %31s %31s %31s %31s", rows[n_rows].type,
			      rows[n_rows].variant, rows[n_rows].act, rows[n_rows].before,
			      rows[n_rows].after) == 5) {
			if (strcmp(rows[n_rows].type, "guard") != 0)
				n_rows++;
		}
		fclose(file);
	}
	return n_rows > 1000 && n_rows < ROWS_MAX ? 0 : -1;
}

static bool row_is(const struct row *row, const char *type, const char *variant, const char *act)
{
	return strcmp(row->type, type) == 0 && strcmp(row->variant, variant) == 0 &&
	       (!act || strcmp(row->act, act) == 0);
}

/* What the kernels answered to it before anything was frozen, taken together. */
static enum freeze_answer seen(const char *type, const char *variant, const char *act)
{
	bool yes = false, no = false;

	for (size_t i = 0; i < n_rows; i++) {
		if (!row_is(&rows[i], type, variant, act) || strcmp(rows[i].before, "absent") == 0)
			continue;
		if (strcmp(rows[i].before, "0") == 0)
			yes = true;
		else
			no = true;
	}
	assert_true(yes || no);
	return yes && no ? FREEZE_SOMETIMES : yes ? FREEZE_YES : FREEZE_NO;
}

static bool was_made(const char *type, const char *variant)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (row_is(&rows[i], type, variant, "create") && strcmp(rows[i].before, "0") == 0)
			return true;
	}
	return false;
}

/* Who was seen to write it after it was frozen. */
static unsigned int seen_writers(const char *type, const char *variant)
{
	unsigned int found = 0;

	for (size_t i = 0; i < n_rows; i++) {
		if (!row_is(&rows[i], type, variant, NULL) || strcmp(rows[i].after, "0") != 0)
			continue;
		for (size_t w = 0; w < sizeof(writers) / sizeof(writers[0]); w++) {
			if (strncmp(rows[i].act, writers[w].prefix, strlen(writers[w].prefix)) == 0)
				found |= writers[w].writer;
		}
	}
	return found;
}

/* Calls @check for each type of the table, in each variant that some kernel made. */
static void each(void (*check)(const char *type, size_t variant, const struct freeze_facts *facts))
{
	size_t n = 0;

	for (uint32_t type = 1; freeze_type_name(type); type++) {
		for (size_t v = 0; v < N_VARIANTS; v++) {
			struct freeze_facts facts;

			if (!was_made(freeze_type_name(type), variants[v].name))
				continue;
			assert_int_equal(freeze_facts_get(type, variants[v].flags,
							  variants[v].special, &facts),
					 0);
			check(freeze_type_name(type), v, &facts);
			n++;
		}
	}
	assert_true(n > 50);
}

static void every_type_of_the_guests_is_in_the_table(void **state)
{
	struct freeze_facts facts;

	for (size_t i = 0; i < n_rows; i++) {
		uint32_t type = freeze_type_find(rows[i].type);

		if (!type)
			fail_msg("%s is not in the table", rows[i].type);
		assert_string_equal(freeze_type_name(type), rows[i].type);
	}
	assert_int_equal(freeze_facts_get(0, 0, false, &facts), -ENOENT);
	assert_int_equal(freeze_facts_get(4711, 0, false, &facts), -ENOENT);
	assert_null(freeze_type_name(4711));
	assert_int_equal(freeze_type_find("no_such_map"), 0);
}

static void check_freeze(const char *type, size_t variant, const struct freeze_facts *facts)
{
	enum freeze_answer answer = seen(type, variants[variant].name, "freeze");

	/* one that depends covers what one state or field of it was seen to answer */
	if (facts->can_freeze != FREEZE_SOMETIMES && facts->can_freeze != answer)
		fail_msg("%s %s: the table says %d, guests %d", type, variants[variant].name,
			 facts->can_freeze, answer);
}

static void what_freezes_was_seen_to(void **state)
{
	each(check_freeze);
}

/* Whether a plain map of the type did not freeze while it was mapped. */
static bool was_busy(const char *type)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (row_is(&rows[i], type, "plain", "freeze-mapped") &&
		    strcmp(rows[i].before, "EBUSY") == 0)
			return true;
	}
	return false;
}

/* A word that covers everything says nothing: each that depends was seen both ways. */
static void what_depends_was_seen_both_ways(void **state)
{
	struct freeze_facts facts;

	assert_int_equal(seen("arena", "plain", "freeze"), FREEZE_NO);
	assert_int_equal(seen("arena", "never-mapped", "freeze"), FREEZE_YES);
	assert_int_equal(seen("hash", "spin_lock", "freeze"), FREEZE_SOMETIMES);
	assert_int_equal(seen("array", "mmapable", "freeze-mapped"), FREEZE_NO);
	assert_int_equal(freeze_facts_get(BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE, false, &facts), 0);
	assert_int_equal(facts.can_freeze, FREEZE_SOMETIMES);
	for (uint32_t type = 1; freeze_type_name(type); type++) {
		assert_int_equal(freeze_facts_get(type, 0, false, &facts), 0);
		assert_int_equal(facts.can_freeze == FREEZE_SOMETIMES,
				 strcmp(freeze_type_name(type), "arena") == 0 ||
					 was_busy(freeze_type_name(type)));
	}
}

static void rdonly_prog_is_taken_by_those_that_took_it(void **state)
{
	struct freeze_facts facts;

	for (uint32_t type = 1; freeze_type_name(type); type++) {
		enum freeze_answer answer = seen(freeze_type_name(type), "rdonly_prog", "create");

		assert_int_equal(freeze_facts_get(type, 0, false, &facts), 0);
		if (facts.can_rdonly_prog != answer)
			fail_msg("%s: the table says %d, guests %d", freeze_type_name(type),
				 facts.can_rdonly_prog, answer);
	}
}

static void check_writers(const char *type, size_t variant, const struct freeze_facts *facts)
{
	unsigned int found = seen_writers(type, variants[variant].name);

	/* 6.1 alone freezes some with a special field, and not each way was open to it there */
	if (variants[variant].special ? (found & ~facts->writers) != 0 : found != facts->writers)
		fail_msg("%s %s: the table has writers %u, guests %u", type, variants[variant].name,
			 facts->writers, found);
}

static void who_still_writes_was_seen_to(void **state)
{
	each(check_writers);
}

static void no_system_call_writes_what_is_frozen(void **state)
{
	static const char *const acts[] = {"update",	 "update-new-fd", "delete",
					   "take",	 "update-batch",  "delete-batch",
					   "take-batch", "mmap-write",	  "mprotect"};
	size_t n = 0;

	for (size_t i = 0; i < n_rows; i++) {
		for (size_t a = 0; a < sizeof(acts) / sizeof(acts[0]); a++) {
			if (strcmp(rows[i].act, acts[a]) != 0)
				continue;
			assert_string_not_equal(rows[i].after, "0");
			n++;
		}
	}
	assert_true(n > 100);
}

static void a_flag_that_is_refused_freezes_nothing(void **state)
{
	struct freeze_facts facts;

	assert_int_equal(freeze_facts_get(BPF_MAP_TYPE_RINGBUF, BPF_F_RDONLY_PROG, false, &facts),
			 0);
	assert_int_equal(facts.can_freeze, FREEZE_NO);
	assert_int_equal(facts.writers, 0);
	assert_string_equal(facts.freeze_reason, facts.rdonly_prog_reason);
}

static void each_answer_has_a_short_reason(void **state)
{
	struct freeze_facts facts;

	for (uint32_t type = 1; freeze_type_name(type); type++) {
		for (unsigned int v = 0; v < N_VARIANTS; v++) {
			assert_int_equal(freeze_facts_get(type, variants[v].flags,
							  variants[v].special, &facts),
					 0);
			assert_in_range(strlen(facts.freeze_reason), 1, 90);
			assert_in_range(strlen(facts.rdonly_prog_reason), 1, 90);
			assert_in_range(strlen(facts.writers_reason), 1, 90);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_of_the_guests_is_in_the_table),
		cmocka_unit_test(what_freezes_was_seen_to),
		cmocka_unit_test(what_depends_was_seen_both_ways),
		cmocka_unit_test(rdonly_prog_is_taken_by_those_that_took_it),
		cmocka_unit_test(who_still_writes_was_seen_to),
		cmocka_unit_test(no_system_call_writes_what_is_frozen),
		cmocka_unit_test(a_flag_that_is_refused_freezes_nothing),
		cmocka_unit_test(each_answer_has_a_short_reason),
	};

	return cmocka_run_group_tests(tests, read_tables, NULL);
}
