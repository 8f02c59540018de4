// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a host's files say: any bytes are read to their end, and what comes out fits. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "must.h"
#include "posture/text.h"

static char *copy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void mounts(char *text)
{
	const char *end = text + strlen(text);
	struct text_mount mount;
	char *rest = text, value[8];

	while (text_next_mount(&rest, &mount)) {
		must(mount.where[0] == '/' && mount.where < end);
		must(mount.options + strlen(mount.options) <= end);
		if (text_option(mount.options, "mode", value, sizeof(value)))
			must(strlen(value) < sizeof(value));
	}
}

static void words(const char *text)
{
	const char *rest = text, *word, *last = text;
	char value[16];
	size_t length;

	while ((word = text_next_word(&rest, &length))) {
		must(length && word >= last && rest == word + length);
		last = rest;
	}
	if (text_parameter(text, "lsm", value, sizeof(value)))
		must(strlen(value) < sizeof(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = copy(data, size);
	struct text_task task;
	char word[16];
	long long number;
	unsigned value;

	if (text_number(text, &number))
		must(strlen(text) <= 22 || text[0] == '0' || text[1] == '0');
	if (text_chosen(text, word, sizeof(word)))
		must(word[0] && strlen(word) < sizeof(word));
	if (text_read_task(text, &task))
		must(strlen(task.name) < TEXT_NAME);
	(void)text_has(text, ",\n", "bpf");
	(void)text_efi_byte(text, size, &value);
	(void)text_unit_has(text, "Before", "sysinit.target");
	(void)text_audits(text, "bpf", "321");
	words(text);
	mounts(text);
	return 0;
}
