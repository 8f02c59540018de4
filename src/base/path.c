// SPDX-License-Identifier: LGPL-2.1-or-later
/* See path.h. Pure. */

#include "base/path.h"

#include <string.h>

static bool component_is_plain(const char *name, size_t length)
{
	if (length == 0)
		return false; /* "//", or a slash at the end */
	if (length == 1 && name[0] == '.')
		return false;
	return !(length == 2 && name[0] == '.' && name[1] == '.');
}

bool path_is_normalised(const char *path)
{
	const char *p;

	if (path[0] != '/')
		return false;
	for (p = path; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	}
	if (!path[1])
		return true;

	for (p = path; *p;) {
		size_t length = strcspn(p + 1, "/");

		if (!component_is_plain(p + 1, length))
			return false;
		p += 1 + length;
	}
	return true;
}

size_t path_components(const char *path)
{
	size_t n = 0;

	for (const char *p = path; *p; p++) {
		if (*p == '/' && p[1])
			n++;
	}
	return n;
}

bool path_is_within(const char *path, const char *dir)
{
	size_t length = strlen(dir);

	if (length == 1) /* "/" */
		return true;
	return strncmp(path, dir, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

bool path_overlaps(const char *a, const char *b)
{
	return path_is_within(a, b) || path_is_within(b, a);
}
