// SPDX-License-Identifier: LGPL-2.1-or-later
/* See kconfig.h. */

#include "posture/kconfig.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"

#define STEP ((size_t)256 << 10)

static void inflate_done(z_stream *stream)
{
	(void)inflateEnd(stream);
}

/* Room for STEP more bytes and a NUL. */
static int grow(char **text, size_t used)
{
	char *more = realloc(*text, used + STEP + 1);

	if (!more)
		return -ENOMEM;
	*text = more;
	return 0;
}

int kconfig_inflate(const void *data, size_t size, char **ret_text)
{
	_cleanup_(inflate_done) z_stream stream = {0};
	_cleanup_free_ char *text = NULL;
	size_t used = 0;
	int r = Z_OK;

	if (size > KCONFIG_MAX)
		return KCONFIG_E_INVALID;
	stream.next_in = (void *)data;
	stream.avail_in = (uInt)size;
	/* 16: a header of gzip, and no other */
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	while (r != Z_STREAM_END) {
		if (used > KCONFIG_MAX)
			return KCONFIG_E_INVALID;
		if (grow(&text, used) < 0)
			return -ENOMEM;
		stream.next_out = (unsigned char *)text + used;
		stream.avail_out = (uInt)STEP;
		r = inflate(&stream, Z_NO_FLUSH);
		if (r == Z_MEM_ERROR)
			return -ENOMEM;
		/* Z_BUF_ERROR: it ends too early */
		if (r != Z_OK && r != Z_STREAM_END)
			return KCONFIG_E_INVALID;
		used += STEP - stream.avail_out;
	}
	if (used > KCONFIG_MAX)
		return KCONFIG_E_INVALID;
	text[used] = '\0';
	*ret_text = TAKE_PTR(text);
	return 0;
}

/* Behind the name, where it stands at the beginning of a line, or after "# ". */
static const char *find(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *p = text; (p = strstr(p, name)); p += length) {
		bool first = p == text || p[-1] == '\n';
		bool unset = p >= text + 2 && strncmp(p - 2, "# ", 2) == 0 &&
			     (p == text + 2 || p[-3] == '\n');

		if ((first && p[length] == '=') || (unset && p[length] == ' '))
			return p + length;
	}
	return NULL;
}

char kconfig_get(const char *text, const char *name)
{
	const char *p = find(text, name);

	if (!p || *p == ' ')
		return 'n';
	if ((p[1] == 'y' || p[1] == 'm') && (p[2] == '\n' || p[2] == '\0'))
		return p[1];
	return 'v';
}

bool kconfig_knows(const char *text, const char *name)
{
	return find(text, name) != NULL;
}
