// SPDX-License-Identifier: LGPL-2.1-or-later
/* See folder.h. */

#include "evidence/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/note.h"

#define wrong(...) (diag_set(reterr_diag, NULL, 0, 0, __VA_ARGS__), FOLDER_E_WRONG)

void folder_buffer_done(struct folder_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct folder_buffer){0};
}

/* A fifo must not keep us waiting, nor a device be opened for longer than a look at it. */
static int open_file(int dir_fd, const char *path, int *ret_fd, size_t *ret_size,
		     struct diag *reterr_diag)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	int r;

	fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
	r = fd < 0 ? -errno : 0;
	if (r == -ENOENT || r == -ENOTDIR) {
		diag_set(reterr_diag, NULL, 0, 0, "%s: it is not there", path);
		return FOLDER_E_MISSING;
	}
	if (r == -ELOOP)
		return wrong("%s: a symbolic link is on the way to it: copy the log itself", path);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0) {
		diag_set(reterr_diag, NULL, 0, 0, "%s: %s", path, strerror(-r));
		return r;
	}
	if (!S_ISREG(st.st_mode))
		return wrong("%s: it is no regular file", path);

	*ret_size = (size_t)st.st_size;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Exactly @size bytes, as fstat() said. */
static int read_all(int fd, const char *path, void *ret_data, size_t size, struct diag *reterr_diag)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (uint8_t *)ret_data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = -errno;

			diag_set(reterr_diag, NULL, 0, 0, "%s: %s", path, strerror(-r));
			return r;
		}
		if (n == 0)
			return wrong("%s: it has become shorter while it was read", path);
		done += (size_t)n;
	}
	return 0;
}

int folder_read_note(int dir_fd, const char *path, char **ret_note, size_t *ret_size,
		     struct diag *reterr_diag)
{
	_cleanup_free_ char *note = NULL;
	_cleanup_close_ int fd = -EBADF;
	size_t size;
	int r;

	r = open_file(dir_fd, path, &fd, &size, reterr_diag);
	if (r)
		return r;
	if (size > NOTE_MAX_SIZE)
		return wrong("%s: it has %zu bytes, a note has at most %zu", path, size,
			     NOTE_MAX_SIZE);
	note = malloc(size + 1);
	if (!note)
		return -ENOMEM;
	r = read_all(fd, path, note, size, reterr_diag);
	if (r)
		return r;

	*ret_size = size;
	*ret_note = TAKE_PTR(note);
	return 0;
}

int folder_read_checkpoint(int dir_fd, char **ret_note, size_t *ret_size, struct diag *reterr_diag)
{
	return folder_read_note(dir_fd, "checkpoint", ret_note, ret_size, reterr_diag);
}

bool folder_parse_retention(struct text text, uint64_t *ret_size, uint64_t *ret_first)
{
	struct text size_line, first_line;

	return text_cut(&text, '\n', &size_line) && text_cut(&text, '\n', &first_line) &&
	       text.size == 0 && text_decimal(size_line, ret_size) &&
	       text_decimal(first_line, ret_first);
}

int folder_read_retention(int dir_fd, uint64_t *ret_first, struct diag *reterr_diag)
{
	char text[FOLDER_RETENTION_LEN];
	_cleanup_close_ int fd = -EBADF;
	uint64_t log_size, first;
	size_t size;
	int r;

	r = open_file(dir_fd, "retention", &fd, &size, reterr_diag);
	if (r == FOLDER_E_MISSING) {
		*ret_first = 0;
		return 0;
	}
	if (r)
		return r;
	if (size > sizeof(text))
		return wrong("retention: it has %zu bytes, two numbers have fewer", size);
	r = read_all(fd, "retention", text, size, reterr_diag);
	if (r)
		return r;
	if (!folder_parse_retention((struct text){text, size}, &log_size, &first))
		return wrong("retention: it is not a size and the first index that stays");
	*ret_first = first;
	return 0;
}

/* A file that is open. */
struct file {
	int fd;
	size_t size;
	unsigned width; /* of the tile that it is: more than was asked for where that is gone */
	char path[TILE_PATH_LEN];
};

static void file_done(struct file *file)
{
	closep(&file->fd);
}

static int open_tile(int dir_fd, const struct tile *tile, struct file *ret_file,
		     struct diag *reterr_diag)
{
	struct tile full = {tile->level, tile->n, TILE_WIDTH};
	int r;

	ret_file->width = tile->width;
	tile_path(tile, ret_file->path);
	r = open_file(dir_fd, ret_file->path, &ret_file->fd, &ret_file->size, reterr_diag);
	if (r != FOLDER_E_MISSING || tile->width == TILE_WIDTH)
		return r;

	ret_file->width = TILE_WIDTH;
	tile_path(&full, ret_file->path);
	/* what is said to be missing is what was asked for */
	r = open_file(dir_fd, ret_file->path, &ret_file->fd, &ret_file->size, NULL);
	if (r < 0 || r == FOLDER_E_WRONG)
		r = FOLDER_E_MISSING;
	return r;
}

int folder_read_tile(int dir_fd, const struct tile *tile, struct merkle_hash ret_hashes[TILE_WIDTH],
		     struct diag *reterr_diag)
{
	_cleanup_(file_done) struct file file = {.fd = -EBADF};
	int r;

	r = open_tile(dir_fd, tile, &file, reterr_diag);
	if (r)
		return r;
	if (file.size != (size_t)file.width * SHA256_LEN)
		return wrong("%s: it has %zu bytes, %u hashes are %zu", file.path, file.size,
			     file.width, (size_t)file.width * SHA256_LEN);
	return read_all(file.fd, file.path, ret_hashes, (size_t)tile->width * SHA256_LEN,
			reterr_diag);
}

static int make_room(struct folder_buffer *buffer, size_t size)
{
	uint8_t *data;

	if (size <= buffer->room)
		return 0;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	free(buffer->data);
	*buffer = (struct folder_buffer){data, size};
	return 0;
}

int folder_read_bundle(int dir_fd, const struct tile *tile, struct folder_buffer *buffer,
		       struct bundle *ret_bundle, struct diag *reterr_diag)
{
	_cleanup_(file_done) struct file file = {.fd = -EBADF};
	int r;

	r = open_tile(dir_fd, tile, &file, reterr_diag);
	if (r)
		return r;
	if (file.size > BUNDLE_MAX_SIZE)
		return wrong("%s: it has %zu bytes, %d entries have at most %zu", file.path,
			     file.size, TILE_WIDTH, BUNDLE_MAX_SIZE);
	/* never of no bytes: a bundle that has none is not one that is not there */
	r = make_room(buffer, file.size + 1);
	if (r < 0)
		return r;
	r = read_all(file.fd, file.path, buffer->data, file.size, reterr_diag);
	if (r)
		return r;
	*ret_bundle = (struct bundle){buffer->data, file.size, file.width};
	return 0;
}
