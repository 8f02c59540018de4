// SPDX-License-Identifier: LGPL-2.1-or-later
/* See parse-values.h. */

#include "policy/parse-values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "policy/image-check.h"
#include "policy/tree.h"

struct policy_place parse_place(const struct doc_node *node)
{
	return (struct policy_place){.line = node->line, .column = node->column};
}

/* A string that is valid; what says which, for the refusal. Replaces *ret_text. */
int parse_string(struct walk *walk, const struct doc_node *value, bool (*valid)(const char *text),
		 const char *what, char **ret_text)
{
	char *text;

	if (value->kind == DOC_SCALAR && value->text[0] && valid(value->text) &&
	    !doc_is_string(value))
		return walk_refuse(walk, value,
				   "%s reads as a number or a truth value: write it in quotes",
				   value->text);
	if (!doc_is_string(value) || !valid(value->text))
		return walk_expected(walk, value, what);

	text = strdup(value->text);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

int parse_path(struct walk *walk, const struct doc_node *value, char **ret_path)
{
	return parse_string(walk, value, image_path_valid, "an absolute path, " PARSE_PATH_FORM,
			    ret_path);
}

/* Plain decimal digits, no sign, no leading zero. */
int parse_number(struct walk *walk, const struct doc_node *value, uint64_t max, const char *what,
		 uint64_t *ret_number)
{
	unsigned long long number;

	if (value->kind != DOC_SCALAR || !value->plain || value->text[0] < '1' ||
	    value->text[0] > '9' || value->text[strspn(value->text, "0123456789")])
		return walk_expected(walk, value, what);

	errno = 0;
	number = strtoull(value->text, NULL, 10);
	if (errno || number > max)
		return walk_expected(walk, value, what);
	*ret_number = number;
	return 0;
}

int parse_digest(struct walk *walk, const struct doc_node *value, uint8_t *ret_digest)
{
	static const char prefix[] = "sha256:";
	static const size_t start = sizeof(prefix) - 1;

	if (!doc_is_string(value) || strncmp(value->text, prefix, start) != 0 ||
	    strlen(value->text) != start + 2 * (size_t)IMAGE_DIGEST_LEN ||
	    hex_decode(value->text + start, ret_digest, IMAGE_DIGEST_LEN) < 0)
		return walk_expected(walk, value, "\"sha256:\" and 64 digits of 0-9a-f");
	return 0;
}

const struct doc_node *parse_value(const struct doc_node *mapping, const char *name)
{
	for (size_t i = 0; i + 1 < mapping->n_items; i += 2) {
		if (strcmp(mapping->items[i]->text, name) == 0)
			return mapping->items[i + 1];
	}
	return NULL;
}
