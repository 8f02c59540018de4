// SPDX-License-Identifier: LGPL-2.1-or-later
/* See seen.h. */

#include "learn/seen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/utf8.h"

static void set_done(struct seen_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->items[i]);
	free(set->items);
}

void seen_done(struct seen *seen)
{
	for (size_t i = 0; i < seen->n_programs; i++) {
		free(seen->programs[i].path);
		set_done(&seen->programs[i].launchers);
	}
	for (size_t i = 0; i < seen->n_libraries; i++)
		free(seen->libraries[i].path);
	for (size_t i = 0; i < seen->n_pins; i++) {
		free(seen->pins[i].path);
		free(seen->pins[i].mount);
	}
	free(seen->programs);
	free(seen->libraries);
	free(seen->pins);
	free(seen->ids);
	free(seen->domain);
	free(seen->unit);
	free(seen->started_by);
	set_done(&seen->objects);
	set_done(&seen->holders);
	set_done(&seen->files);
	set_done(&seen->notes);
	*seen = (struct seen){0};
}

/* Room for one more in an array; false if there is none, which is kept. */
static bool make_room(struct seen *seen, void *items, size_t n, size_t size)
{
	if (n >= SEEN_MAX) {
		seen->dropped++;
		return false;
	}
	if (array_grow(items, n, size) < 0) {
		seen->out_of_memory = true;
		return false;
	}
	return true;
}

/* Where a text is in a set, or has to be. */
static size_t set_place(const struct seen_set *set, const char *text, bool *ret_found)
{
	size_t low = 0, high = set->n;

	*ret_found = false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(set->items[middle], text);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Also C1 controls and the separators that YAML takes for the end of a comment's line. */
static void make_plain(char *text)
{
	unsigned char *p = (unsigned char *)text;
	size_t offset;

	while (utf8_check(text, strlen(text), &offset) < 0)
		text[offset] = '?';
	for (; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			*p = p[1] = '?';
		else if (*p == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
			*p = p[1] = p[2] = '?';
		else if (*p == 0xef && (p[1] == 0xbb || p[1] == 0xbf))
			*p = p[1] = p[2] = '?';
	}
}

void seen_say(struct seen *seen, struct seen_set *set, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	size_t place;
	bool found;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	if (r < 0) {
		text = NULL;
		seen->out_of_memory = true;
		return;
	}
	make_plain(text);
	place = set_place(set, text, &found);
	if (found || !make_room(seen, &set->items, set->n, sizeof(*set->items)))
		return;
	memmove(&set->items[place + 1], &set->items[place], (set->n - place) * sizeof(*set->items));
	set->items[place] = TAKE_PTR(text);
	set->n++;
}

/* Of a path, known by its digest or not. */
static bool same_file(const char *path, bool by_digest, const uint8_t *theirs, const char *other,
		      const uint8_t *digest)
{
	if (by_digest != (digest != NULL))
		return false;
	return digest ? memcmp(theirs, digest, SHA256_LEN) == 0 : strcmp(path, other) == 0;
}

struct seen_program *seen_program(struct seen *seen, const char *path, const uint8_t *digest)
{
	struct seen_program *p;

	for (size_t i = 0; i < seen->n_programs; i++) {
		p = &seen->programs[i];
		if (same_file(p->path, p->by_digest, p->digest, path, digest))
			return p;
	}
	if (!make_room(seen, &seen->programs, seen->n_programs, sizeof(*seen->programs)))
		return NULL;
	p = &seen->programs[seen->n_programs];
	*p = (struct seen_program){.path = strdup(path), .by_digest = digest != NULL};
	if (!p->path) {
		seen->out_of_memory = true;
		return NULL;
	}
	if (digest)
		memcpy(p->digest, digest, SHA256_LEN);
	seen->n_programs++;
	return p;
}

void seen_library(struct seen *seen, const char *path, const uint8_t *digest)
{
	struct seen_library *l;

	for (size_t i = 0; i < seen->n_libraries; i++) {
		l = &seen->libraries[i];
		if (same_file(l->path, l->by_digest, l->digest, path, digest))
			return;
	}
	if (!make_room(seen, &seen->libraries, seen->n_libraries, sizeof(*seen->libraries)))
		return;
	l = &seen->libraries[seen->n_libraries];
	*l = (struct seen_library){.path = strdup(path), .by_digest = digest != NULL};
	if (!l->path) {
		seen->out_of_memory = true;
		return;
	}
	if (digest)
		memcpy(l->digest, digest, SHA256_LEN);
	seen->n_libraries++;
}

bool seen_has_id(const struct seen *seen, enum proc_kind kind, uint32_t id)
{
	for (size_t i = 0; i < seen->n_ids; i++) {
		if (seen->ids[i].kind == kind && seen->ids[i].id == id)
			return true;
	}
	return false;
}

bool seen_id(struct seen *seen, enum proc_kind kind, uint32_t id)
{
	if (seen_has_id(seen, kind, id) ||
	    !make_room(seen, &seen->ids, seen->n_ids, sizeof(*seen->ids)))
		return false;
	seen->ids[seen->n_ids++] = (struct seen_id){.kind = kind, .id = id};
	return true;
}

bool seen_own_pin(const struct seen *seen, const struct seen_pin *pin)
{
	return seen_has_id(seen, pin->object.kind, pin->object.id) ||
	       (pin->prog_id && seen_has_id(seen, PROC_PROG, pin->prog_id));
}

void seen_pin(struct seen *seen, const char *mount, const char *path,
	      const struct proc_object *object)
{
	struct seen_id id = {.kind = object->kind, .id = object->id};
	uint32_t prog_id = object->kind == PROC_LINK ? object->prog_id : 0;
	struct seen_pin *pin;

	for (size_t i = 0; i < seen->n_pins; i++) {
		if (strcmp(seen->pins[i].path, path) == 0) {
			seen->pins[i].object = id; /* it may have got another one since */
			seen->pins[i].prog_id = prog_id;
			return;
		}
	}
	if (!make_room(seen, &seen->pins, seen->n_pins, sizeof(*seen->pins)))
		return;
	pin = &seen->pins[seen->n_pins];
	*pin = (struct seen_pin){
		.path = strdup(path), .mount = strdup(mount), .object = id, .prog_id = prog_id};
	if (!pin->path || !pin->mount) {
		free(pin->path);
		free(pin->mount);
		seen->out_of_memory = true;
		return;
	}
	seen->n_pins++;
}

static int compare_programs(const void *a, const void *b)
{
	const struct seen_program *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : memcmp(x->digest, y->digest, SHA256_LEN);
}

static int compare_libraries(const void *a, const void *b)
{
	const struct seen_library *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order ? order : memcmp(x->digest, y->digest, SHA256_LEN);
}

static int compare_pins(const void *a, const void *b)
{
	return strcmp(((const struct seen_pin *)a)->path, ((const struct seen_pin *)b)->path);
}

void seen_sort(struct seen *seen)
{
	if (seen->n_programs > 1)
		qsort(seen->programs, seen->n_programs, sizeof(*seen->programs), compare_programs);
	if (seen->n_libraries > 1)
		qsort(seen->libraries, seen->n_libraries, sizeof(*seen->libraries),
		      compare_libraries);
	if (seen->n_pins > 1)
		qsort(seen->pins, seen->n_pins, sizeof(*seen->pins), compare_pins);
}
