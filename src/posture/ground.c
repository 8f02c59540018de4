// SPDX-License-Identifier: LGPL-2.1-or-later
/* See ground.h. */

#include "posture/ground.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/system.h"
#include "base/utf8.h"

/* Nothing that would keep a reader waiting: who is root may have put it there. */
static int open_file(const struct ground *ground, const char *path)
{
	_cleanup_close_ int fd =
		openat(ground->root_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = fd < 0 ? -errno : 0, r;
	struct stat st;

	r = ground->own ? mounts_check(ground->root_fd, &ground->kernel, path, fd) : 0;
	if (r)
		return r;
	if (error)
		return error == -ENOTDIR ? -ENOENT : error;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return TAKE_FD(fd);
}

int ground_text(const struct ground *ground, const char *path, char **ret_text, size_t *ret_size)
{
	_cleanup_close_ int fd = open_file(ground, path);
	size_t size;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? GROUND_E_MISSING : fd;
	r = file_read_fd(fd, GROUND_MAX_FILE, ret_text, &size);
	if (r)
		return r == FILE_E_TOO_BIG ? -EFBIG : r;
	if (ret_size)
		*ret_size = size;
	return 0;
}

size_t ground_head(const struct ground *ground, const char *path, char *ret_text, size_t size)
{
	_cleanup_close_ int fd = open_file(ground, path);
	size_t used = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && used < size - 1) {
		n = read(fd, ret_text + used, size - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	}
	ret_text[used] = '\0';
	return used;
}

bool ground_has(const struct ground *ground, const char *path)
{
	struct stat st;

	return fstatat(ground->root_fd, path, &st, 0) == 0 &&
	       (!ground->own || mounts_check(ground->root_fd, &ground->kernel, path, -1) == 0);
}

int ground_link(const struct ground *ground, const char *path, char *ret_text, size_t size)
{
	ssize_t n = readlinkat(ground->root_fd, path, ret_text, size - 1);

	if (n < 0)
		return -errno;
	ret_text[n] = '\0';
	return 0;
}

/* Names, paths and command lines are of others' choosing. */
static void make_printable(char *text)
{
	size_t offset;

	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
	/* what was cut may end within a character */
	while (utf8_check(text, strlen(text), &offset) < 0)
		text[offset] = '?';
}

int finding_set(struct posture_finding *finding, enum posture_status status, const char *format,
		...)
{
	va_list args;

	finding->status = status;
	va_start(args, format);
	(void)vsnprintf(finding->value, sizeof(finding->value), format, args);
	va_end(args);
	make_printable(finding->value);
	return 0;
}

void finding_reason(struct posture_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(finding->reason, sizeof(finding->reason), format, args);
	va_end(args);
	make_printable(finding->reason);
}

/* Sorted, so that two looks at the same host are alike. */
static int insert(struct posture_finding *finding, char *text)
{
	size_t at = 0;
	int r;

	while (at < finding->n_items && strcmp(finding->items[at], text) < 0)
		at++;
	if (at < finding->n_items && strcmp(finding->items[at], text) == 0) {
		free(text);
		return 0;
	}
	r = array_grow(&finding->items, finding->n_items, sizeof(*finding->items));
	if (r < 0) {
		free(text);
		return r;
	}
	memmove(&finding->items[at + 1], &finding->items[at],
		(finding->n_items - at) * sizeof(*finding->items));
	finding->items[at] = text;
	finding->n_items++;
	return 0;
}

int finding_item(struct posture_finding *finding, const char *format, ...)
{
	char text[POSTURE_TEXT];
	va_list args;
	char *copy;

	if (finding->n_items >= POSTURE_MAX_ITEMS) {
		finding->n_dropped++;
		return 0;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_printable(text);
	copy = strdup(text);
	return copy ? insert(finding, copy) : -ENOMEM;
}

int finding_unread(struct posture_finding *finding, const char *path, int r)
{
	if (r == -ENOMEM)
		return r;
	finding->status = POSTURE_UNKNOWN;
	finding->value[0] = '\0';
	finding_reason(finding, "/%s cannot be read: %s", path,
		       r == -EXDEV ? "something is mounted over it"
				   : strerror(r == GROUND_E_MISSING ? ENOENT : -r));
	return 0;
}
