// SPDX-License-Identifier: LGPL-2.1-or-later
/* See why.h. */

#include "loader/why.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "loader/loader.h"
#include "object/object.h"

#define PREFIX "libbpf: "
#define JOINED " | "
#define ENOTSUPP 524 /* of the kernel; user space has no name for it */

/* libbpf hands its callback nothing of the caller's. */
static struct why *listening;

__attribute__((format(printf, 2, 0))) static int print(enum libbpf_print_level level,
						       const char *format, va_list arguments)
{
	_cleanup_free_ char *text = NULL;

	if (level != LIBBPF_WARN || !listening)
		return 0;
	/* all of it: a log's end is what counts */
	if (vasprintf(&text, format, arguments) < 0) {
		text = NULL;
		return 0;
	}
	why_hear(listening, text);
	return 0;
}

void why_listen(struct why *ret_why)
{
	*ret_why = (struct why){};
	listening = ret_why;
	ret_why->print = (void *)libbpf_set_print(print);
}

void why_done(struct why *why)
{
	if (listening != why)
		return;
	listening = NULL;
	(void)libbpf_set_print((libbpf_print_fn_t)why->print);
}

/* Bytes of "map 'NAME'" in "map 'NAME': it cannot be"; 0 if it does not begin so. */
static size_t about_length(const char *text)
{
	size_t line = strcspn(text, "\n");
	const char *end = strstr(text, "': "), *begin = strchr(text, '\'');

	if (!end || (size_t)(end - text) >= line || begin == end)
		return 0;
	return (size_t)(end - text) + 1;
}

static void copy(char *to, size_t room, const char *from, size_t length)
{
	(void)snprintf(to, room, "%.*s", (int)length, from);
}

/* What a person learns nothing from: the frame that libbpf puts around, and the statistics. */
static bool is_noise(const char *line, size_t length)
{
	return length == 0 || strncmp(line, "-- END", 6) == 0 ||
	       strncmp(line, "processed ", 10) == 0;
}

/* Linux 7.3 has a page of explanations after the log, which ends in general advice. */
static const char *log_end(const char *log)
{
	const char *page = strstr(log, "\nVerification failed: ");

	return page ?: log + strlen(log);
}

/* The last lines that say anything, the first of @text not among them. */
static void log_keep(struct why *why, const char *text)
{
	const char *first = strchr(text, '\n') + 1, *ends[WHY_LOG_LINES], *begins[WHY_LOG_LINES];
	const char *end = log_end(first);
	size_t n = 0, used = 0;

	while (end > first && n < WHY_LOG_LINES) {
		const char *begin = end;

		while (begin > first && begin[-1] != '\n')
			begin--;
		if (!is_noise(begin, (size_t)(end - begin))) {
			begins[n] = begin;
			ends[n++] = end;
		}
		end = begin > first ? begin - 1 : first;
	}
	why->log[0] = 0;
	while (n-- > 0) {
		/* each its share: the last, which is the reason, must not fall off the end */
		size_t share = sizeof(why->log) / WHY_LOG_LINES - sizeof(JOINED);
		size_t length = (size_t)(ends[n] - begins[n]);

		copy(why->log + used, sizeof(why->log) - used, begins[n],
		     length < share ? length : share);
		used = strlen(why->log);
		if (n > 0)
			copy(why->log + used, sizeof(why->log) - used, JOINED, strlen(JOINED));
		used = strlen(why->log);
	}
}

void why_hear(struct why *why, const char *warning)
{
	const char *text = strncmp(warning, PREFIX, strlen(PREFIX)) == 0 ? warning + strlen(PREFIX)
									 : warning;
	size_t about = about_length(text), line = strcspn(text, "\n");
	bool many = text[line] && text[line + 1];

	if (about >= sizeof(why->about))
		about = 0;
	if (about == 0) {
		/* "failed to load the object", once all is said */
		if (!why->said[0])
			copy(why->said, sizeof(why->said), text, line);
		return;
	}
	if (strlen(why->about) != about || strncmp(why->about, text, about) != 0) {
		copy(why->about, sizeof(why->about), text, about);
		why->said[0] = why->log[0] = 0;
	}
	if (many)
		log_keep(why, text);
	else if (!why->said[0])
		copy(why->said, sizeof(why->said), text, line);
}

static bool is_young(const struct object_map *map)
{
	return map->type > BPF_MAP_TYPE_USER_RINGBUF ||
	       (map->type == BPF_MAP_TYPE_STRUCT_OPS && table_is_linked(map));
}

/* A type that is younger than the oldest kernel of the matrix may be the reason. */
static const struct object_map *young_map(const struct why *why, const struct object *object)
{
	char about[WHY_ABOUT];

	for (size_t i = 0; i < object->n_maps; i++) {
		const struct object_map *map = &object->maps[i];

		(void)snprintf(about, sizeof(about), "map '%s'", map->name);
		if (is_young(map) && strcmp(about, why->about) == 0)
			return map;
	}
	return NULL;
}

static void hint_write(const struct object_map *map, char hint[WHY_ABOUT])
{
	const char *name = map_type_name(map->type), *since = map_type_since(map->type);

	if (map->type == BPF_MAP_TYPE_STRUCT_OPS)
		(void)snprintf(hint, WHY_ABOUT,
			       "; tables of .struct_ops.link are in Linux since "
			       "6.4, those of .struct_ops in all of the matrix");
	else if (!name)
		(void)snprintf(hint, WHY_ABOUT, "; its type, %u, is of a newer Linux", map->type);
	else if (since)
		(void)snprintf(hint, WHY_ABOUT, "; maps of its type, %s, are in Linux since %s",
			       name, since);
	else
		(void)snprintf(hint, WHY_ABOUT, "; maps of its type, %s, are not in every Linux",
			       name);
}

void why_tell(const struct why *why, const struct object *object, const char *step, int error,
	      struct diag *reterr_diag)
{
	const char *reason = error == ENOTSUPP ? "the kernel does not support it (ENOTSUPP)"
					       : strerror(error);
	const struct object_map *young = error == EINVAL ? young_map(why, object) : NULL;
	char hint[WHY_ABOUT] = "";

	if (young)
		hint_write(young, hint);
	diag_set(reterr_diag, NULL, 0, 0, "%s: %s%s%s%s%s%s", step, why->said,
		 why->said[0] && !strstr(why->said, reason) ? ": " : "",
		 strstr(why->said, reason) ? "" : reason, hint,
		 why->log[0] ? "; the verifier: " : "", why->log);
}
