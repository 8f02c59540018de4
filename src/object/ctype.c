// SPDX-License-Identifier: LGPL-2.1-or-later
/* See ctype.h. A declarator grows on both sides of its name: it is kept in two halves. */

#include "object/ctype.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "object/btf.h"
#include "object/sections.h"

#define MAX_DECLARATOR 512

struct text {
	char *buffer;
	size_t used;
	bool full;
};

/* What stands around the name: pointers before it, lengths and parameters after it. */
struct declarator {
	char before[MAX_DECLARATOR], after[MAX_DECLARATOR];
};

struct writer {
	const struct btf_view *view;
	struct text text;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *format, ...)
{
	size_t room = CTYPE_MAX - text->used;
	va_list arguments;
	int n;

	if (text->full)
		return;
	va_start(arguments, format);
	n = vsnprintf(text->buffer + text->used, room, format, arguments);
	va_end(arguments);
	if (n >= 0 && (size_t)n < room) {
		text->used += (size_t)n;
		return;
	}
	text->full = true;
	memcpy(text->buffer + CTYPE_MAX - 4, "...", 4);
}

/* A name of the object's: of any bytes, and as long as it likes. */
static void put_name(struct text *text, const char *name)
{
	for (size_t i = 0; name[i] && i < OBJECT_MAX_NAME; i++)
		put(text, "%c", name[i] >= ' ' && name[i] < 0x7f ? name[i] : '?');
}

static void prepend(struct declarator *d, const char *what)
{
	char old[MAX_DECLARATOR];

	memcpy(old, d->before, sizeof(old));
	(void)snprintf(d->before, sizeof(d->before), "%s%.400s", what, old);
}

/* Wraps "*name" in parentheses where an array or a function follows. */
static void close_pointer(struct declarator *d)
{
	char old[MAX_DECLARATOR];

	if (d->before[0] != '*')
		return;
	prepend(d, "(");
	memcpy(old, d->after, sizeof(old));
	(void)snprintf(d->after, sizeof(d->after), ")%.400s", old);
}

static void append(struct declarator *d, const char *what)
{
	size_t used = strlen(d->after);

	(void)snprintf(d->after + used, sizeof(d->after) - used, "%s", what);
}

static void write_type(struct writer *w, uint32_t id, struct declarator *d, unsigned depth);

static void write_members(struct writer *w, const struct btf_item *item, unsigned depth)
{
	put(&w->text, "%s{", item->name[0] ? " " : "");
	for (uint32_t i = 0; i < item->vlen && !w->text.full; i++) {
		struct btf_member member = btf_member(item, i);
		struct declarator d = {.before = "", .after = ""};
		uint32_t bits = item->kind_flag ? BTF_MEMBER_BITFIELD_SIZE(member.offset) : 0;

		put(&w->text, " ");
		(void)snprintf(d.before, sizeof(d.before), "%.200s",
			       btf_string(w->view, member.name_off));
		if (bits)
			(void)snprintf(d.after, sizeof(d.after), " : %u", bits);
		write_type(w, member.type, &d, depth + 1);
		put(&w->text, ";");
	}
	put(&w->text, " }");
}

/* The end of a declaration: the type's own name, and the declarator after it. */
static void write_base(struct writer *w, const struct btf_item *item, const struct declarator *d,
		       unsigned depth)
{
	static const char *const words[] = {
		[BTF_KIND_STRUCT] = "struct ", [BTF_KIND_UNION] = "union ",
		[BTF_KIND_ENUM] = "enum ",     [BTF_KIND_ENUM64] = "enum ",
		[BTF_KIND_FWD] = "struct ",    [BTF_KIND_UNKN] = "void",
		[BTF_KIND_ENUM64 + 1] = NULL,
	};
	const char *word = item->kind <= BTF_KIND_ENUM64 ? words[item->kind] : NULL;
	bool composite = item->kind == BTF_KIND_STRUCT || item->kind == BTF_KIND_UNION;

	if (item->kind == BTF_KIND_FWD && item->kind_flag)
		word = "union ";
	put(&w->text, "%s", word ? word : "");
	put_name(&w->text, item->name);
	if (composite && (depth == 0 || !item->name[0]))
		write_members(w, item, depth);
	if (!composite && !item->name[0] && word && item->kind != BTF_KIND_UNKN)
		put(&w->text, "{...}");
	if (d->before[0] || d->after[0])
		put(&w->text, "%s", d->after[0] == ' ' && !d->before[0] ? "" : " ");
	put_name(&w->text, d->before);
	for (size_t i = 0; d->after[i]; i++)
		put(&w->text, "%c", d->after[i] >= ' ' && d->after[i] < 0x7f ? d->after[i] : '?');
}

/* One step towards the base type: the declarator takes what the type adds. */
static uint32_t step(const struct btf_item *item, struct declarator *d, const char **qualifier)
{
	struct btf_array array;
	char length[32];

	switch (item->kind) {
	case BTF_KIND_PTR:
		prepend(d, "*");
		return item->size_or_type;
	case BTF_KIND_ARRAY:
		array = btf_array(item);
		close_pointer(d);
		(void)snprintf(length, sizeof(length), "[%u]", array.nelems);
		append(d, length);
		return array.type;
	case BTF_KIND_FUNC_PROTO:
		close_pointer(d);
		append(d, "()");
		return item->size_or_type;
	case BTF_KIND_CONST:
		*qualifier = "const ";
		return item->size_or_type;
	case BTF_KIND_VOLATILE:
		*qualifier = *qualifier[0] ? *qualifier : "volatile ";
		return item->size_or_type;
	default: /* restrict and tags say nothing about the bytes */
		return item->size_or_type;
	}
}

static void write_type(struct writer *w, uint32_t id, struct declarator *d, unsigned depth)
{
	struct btf_item item = btf_get(w->view, id);
	const char *qualifier = "";

	if (depth > BTF_MAX_DEPTH) {
		put(&w->text, "...");
		return;
	}
	for (unsigned i = 0; i < BTF_MAX_DEPTH; i++) {
		switch (item.kind) {
		case BTF_KIND_PTR:
		case BTF_KIND_ARRAY:
		case BTF_KIND_FUNC_PROTO:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = step(&item, d, &qualifier);
			item = btf_get(w->view, id);
			continue;
		default:
			break;
		}
		put(&w->text, "%s", qualifier);
		write_base(w, &item, d, depth);
		return;
	}
	put(&w->text, "...");
}

int ctype_write(const struct btf_view *view, uint32_t id, const char *name, char **ret_text)
{
	_cleanup_free_ char *buffer = malloc(CTYPE_MAX);
	struct writer w = {.view = view, .text = {.buffer = buffer}};
	struct declarator d = {.before = "", .after = ""};
	struct btf_item item = btf_get(view, id);
	char *fitted;

	if (!buffer)
		return -ENOMEM;
	buffer[0] = '\0';
	(void)snprintf(d.before, sizeof(d.before), "%.200s", name);
	/* A typedef is followed, so that what it stands for is seen. */
	if (item.kind == BTF_KIND_TYPEDEF && !name[0]) {
		struct btf_item behind = btf_get(view, btf_strip(view, id));

		if (behind.kind == BTF_KIND_STRUCT || behind.kind == BTF_KIND_UNION)
			id = btf_strip(view, id);
	}
	write_type(&w, id, &d, 0);
	fitted = realloc(buffer, strlen(buffer) + 1);
	if (!fitted)
		return -ENOMEM;
	buffer = NULL;
	*ret_text = fitted;
	return 0;
}
