// SPDX-License-Identifier: LGPL-2.1-or-later
/* See jsonw.h. Pure. */

#include "base/jsonw.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void put(struct jsonw *w, const char *text, size_t n)
{
	if (w->overflow || n >= w->size - w->used) {
		w->overflow = true;
		return;
	}

	memcpy(w->buffer + w->used, text, n);
	w->used += n;
	w->buffer[w->used] = '\0';
}

static void put_key(struct jsonw *w, const char *key)
{
	if (w->used > 0 && w->buffer[w->used - 1] != '{')
		put(w, ",", 1);
	if (!key)
		return;

	put(w, "\"", 1);
	put(w, key, strlen(key));
	put(w, "\":", 2);
}

/* Bytes of the UTF-8 character at p, or 0 if there is none within the rest. */
static size_t character(const uint8_t *p, size_t rest)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	size_t offset;

	return n <= rest && utf8_check(p, n, &offset) == 0 ? n : 0;
}

static uint32_t code_point(const uint8_t *p, size_t n)
{
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* Not what a terminal obeys, hides or turns around. */
static bool printable(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{0x00, 0x1f},	     {0x7f, 0x9f},     {0xad, 0xad},	 {0x061c, 0x061c},
		{0x200b, 0x200f},    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfe00, 0xfe0f},
		{0xfeff, 0xfeff},    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe000, 0xf8ff},
		{0xe0000, 0x10ffff},
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	}
	return true;
}

static void put_escaped_byte(struct jsonw *w, uint8_t byte)
{
	char text[8];

	/* Two backslashes in JSON are one in the string. */
	(void)snprintf(text, sizeof(text), "\\\\x%02x", byte);
	put(w, text, strlen(text));
}

static void put_character(struct jsonw *w, const uint8_t *p, size_t n)
{
	if (n == 1 && p[0] == '"') {
		put(w, "\\\"", 2);
	} else if (n == 1 && p[0] == '\\') {
		put(w, "\\\\\\\\", 4);
	} else if (printable(code_point(p, n))) {
		put(w, (const char *)p, n);
	} else {
		for (size_t i = 0; i < n; i++)
			put_escaped_byte(w, p[i]);
	}
}

void jsonw_init(struct jsonw *w, char *buffer, size_t size)
{
	*w = (struct jsonw){.buffer = buffer, .size = size, .overflow = size == 0};
	if (size > 0)
		buffer[0] = '\0';
}

void jsonw_open(struct jsonw *w, const char *key)
{
	put_key(w, key);
	put(w, "{", 1);
}

void jsonw_close(struct jsonw *w)
{
	put(w, "}", 1);
}

void jsonw_u64(struct jsonw *w, const char *key, uint64_t value)
{
	char text[24];

	put_key(w, key);
	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	put(w, text, strlen(text));
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	put_key(w, key);
	put(w, value ? "true" : "false", value ? 4 : 5);
}

void jsonw_null(struct jsonw *w, const char *key)
{
	put_key(w, key);
	put(w, "null", 4);
}

void jsonw_string(struct jsonw *w, const char *key, const char *text, size_t max)
{
	size_t rest;

	if (!text) {
		jsonw_null(w, key);
		return;
	}

	put_key(w, key);
	put(w, "\"", 1);
	rest = strnlen(text, max);
	while (rest > 0) {
		const uint8_t *p = (const uint8_t *)text;
		size_t n = character(p, rest);

		if (n > 0)
			put_character(w, p, n);
		else
			put_escaped_byte(w, p[0]);
		n += n == 0;
		text += n;
		rest -= n;
	}
	put(w, "\"", 1);
}

int jsonw_finish(const struct jsonw *w)
{
	return w->overflow ? -ENOBUFS : 0;
}
