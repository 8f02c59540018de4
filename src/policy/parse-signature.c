// SPDX-License-Identifier: LGPL-2.1-or-later
/* See parse-signature.h. */

#include "policy/parse-signature.h"

#include <linux/types.h>
#include <string.h>

#include "base/size.h"
#include "policy/doc.h"
#include "policy/image.h"
#include "policy/walk.h"

static const struct word {
	const char *text;
	uint64_t admitted;
} words[] = {
	{"optional", IMAGE_PROGRAM_SIGNATURES},
	{"required", IMAGE_PROGRAM_SYSTEM_SIGNED},
	{"trusted", 0},
};

static const struct word *find(const struct doc_node *value)
{
	for (size_t i = 0; doc_is_string(value) && i < ARRAY_SIZE(words); i++) {
		if (strcmp(value->text, words[i].text) == 0)
			return &words[i];
	}
	return NULL;
}

int parse_signature(struct walk *walk, const struct doc_node *value, void *object)
{
	(void)object;
	if (find(value))
		return 0;
	return walk_expected(walk, value, "\"optional\", \"required\" or \"trusted\"");
}

uint64_t parse_signature_admitted(const struct doc_node *value)
{
	const struct word *word = value ? find(value) : NULL;

	return word ? word->admitted : IMAGE_PROGRAM_SIGNATURES;
}
