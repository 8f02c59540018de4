// SPDX-License-Identifier: LGPL-2.1-or-later
/* See syslog.h. */

#include "export/syslog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "evidence/follow.h"
#include "export/entry.h"

#define FACILITY 13
#define MAX_HOST 255 /* of RFC 5424 */

static int severity_of(const json_t *event)
{
	const char *verdict = entry_string(event, "verdict");

	if (strcmp(verdict, "refused") == 0)
		return 4;
	if (strcmp(verdict, "observed") == 0)
		return 5;
	if (!event || json_object_get(event, "lost") || json_object_get(event, "unwritten"))
		return 3;
	return 6;
}

static const char *message_id(const json_t *event)
{
	if (!event)
		return "unreadable";
	if (json_object_get(event, "act"))
		return "event";
	if (json_object_get(event, "note"))
		return "note";
	return json_object_get(event, "lost") || json_object_get(event, "unwritten") ? "lost" : "-";
}

static void put_host(FILE *file, const char *host)
{
	for (size_t i = 0; host[i] && i < MAX_HOST; i++)
		(void)fputc(host[i] > ' ' && host[i] < 0x7f ? host[i] : '?', file);
	if (!host[0])
		(void)fputc('-', file);
}

/* A value of structured data: three characters are escaped. */
static void put_value(FILE *file, const char *value)
{
	for (; *value; value++) {
		if (strchr("\"\\]", *value))
			(void)fputc('\\', file);
		(void)fputc(*value, file);
	}
}

static int format_message(const struct follow_entry *entry, const char *host, char **ret_text,
			  size_t *ret_size)
{
	_cleanup_(entry_json_freep) json_t *event = entry_parse(entry);
	char time[EXPORT_TIME_LEN], leaf[BASE64_LEN(SHA256_LEN) + 1];
	FILE *file = open_memstream(ret_text, ret_size);

	if (!file)
		return -ENOMEM;
	(void)entry_time(event, time);
	base64_encode(entry->leaf.bytes, SHA256_LEN, leaf);
	(void)fprintf(file, "<%d>1 %s ", FACILITY * 8 + severity_of(event), time);
	put_host(file, host);
	(void)fprintf(file, " holdfastd - %s [holdfast@32473 index=\"%" PRIu64 "\" leaf=\"%s\"",
		      message_id(event), entry->index, leaf);
	(void)fputs(" origin=\"", file);
	put_value(file, entry->origin);
	(void)fputs("\"] ", file);
	(void)fwrite(entry->data, 1, entry->size, file);
	return fclose(file) == 0 ? 0 : -ENOMEM;
}

int syslog_format(const struct follow_entry *entry, const char *host, char **ret_frame,
		  size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, length;
	char *frame;
	int r;

	r = format_message(entry, host, &text, &size);
	if (r < 0)
		return r;
	frame = malloc(size + 24);
	if (!frame)
		return -ENOMEM;
	length = (size_t)snprintf(frame, 24, "%zu ", size);
	memcpy(frame + length, text, size);
	*ret_frame = frame;
	*ret_size = length + size;
	return 0;
}
