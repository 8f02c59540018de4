// SPDX-License-Identifier: LGPL-2.1-or-later
/* See line.h. */

#include "export/line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "evidence/follow.h"
#include "export/entry.h"

static int write_raw(FILE *file, const struct follow_entry *entry)
{
	_cleanup_free_ char *raw = malloc(BASE64_LEN(entry->size) + 1);

	if (!raw)
		return -ENOMEM;
	base64_encode(entry->data, entry->size, raw);
	(void)fprintf(file, ",\"raw\":\"%s\"", raw);
	return 0;
}

int line_format(const struct follow_entry *entry, char **ret_line, size_t *ret_size)
{
	_cleanup_(entry_json_freep) json_t *json = entry_parse(entry);
	_cleanup_(entry_json_freep) json_t *origin = json_string(entry->origin);
	_cleanup_free_ char *line = NULL, *name = NULL;
	char leaf[BASE64_LEN(SHA256_LEN) + 1];
	bool is_line = json && !memchr(entry->data, '\n', entry->size);
	FILE *file;
	size_t size;
	int r = 0;

	/* an origin is any text without blanks: quoted as JSON wants it */
	name = json_dumps(origin, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	file = name ? open_memstream(&line, &size) : NULL;
	if (!file)
		return -ENOMEM;
	base64_encode(entry->leaf.bytes, SHA256_LEN, leaf);
	(void)fputs("{\"event\":", file);
	if (is_line)
		(void)fwrite(entry->data, 1, entry->size, file);
	else
		(void)fputs("null", file);
	(void)fprintf(file, ",\"index\":%" PRIu64 ",\"leaf\":\"%s\",\"origin\":%s", entry->index,
		      leaf, name);
	if (!is_line)
		r = write_raw(file, entry);
	(void)fputs("}\n", file);
	if (fclose(file) != 0 || r < 0)
		return -ENOMEM;
	*ret_line = TAKE_PTR(line);
	*ret_size = size;
	return 0;
}
