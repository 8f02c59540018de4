// SPDX-License-Identifier: LGPL-2.1-or-later
/* The record of what was mended: what is taken comes back the same, and fits into files of ours. */

#include <string.h>

#include "base/size.h"
#include "fuzz.h"
#include "mend/record.h"
#include "must.h"

/* A check for each kind, in place of the tables. */
static const struct posture_check checks[] = {
	{.id = "a", .mend = {MEND_SYSCTL, "kernel.a", "1"}},
	{.id = "b", .mend = {MEND_PARAMETER, "lsm", "+bpf"}},
	{.id = "c", .mend = {MEND_MODULE, "msr"}},
	{.id = "d", .mend = {MEND_UNMOUNT, "/sys/kernel/debug"}},
	{.id = "e"},
};

const struct posture_check *posture_check_each(size_t i)
{
	return i < ARRAY_SIZE(checks) ? &checks[i] : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record record, back;
	char *text;

	if (size > RECORD_MAX || record_parse((const char *)data, size, &record, NULL) != 0)
		return 0;
	must(record.n <= RECORD_MAX_ENTRIES);
	for (size_t i = 0; i < record.n; i++) {
		must(record.entries[i].check->mend.kind != MEND_NONE);
		must(record_value_fits(record.entries[i].value));
		must(!strpbrk(record.entries[i].was, "\n'\"$` "));
	}
	text = record_text(&record);
	must(text != NULL);
	must(record_parse(text, strlen(text), &back, NULL) == 0 && back.n == record.n);
	for (size_t i = 0; i < record.n; i++)
		must(strcmp(record.entries[i].value, back.entries[i].value) == 0 &&
		     strcmp(record.entries[i].was, back.entries[i].was) == 0);
	free(text);
	return 0;
}
