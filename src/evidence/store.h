/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The folder of a log, as its writer changes it: files that are replaced whole, and one that grows.
 * Every change goes through here, and asks a gate first, where a test stands in the way of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STORE_PATH_LEN 128 /* of a path below the folder, with its NUL */
#define STORE_NEW "new" /* what is being written; one writer, so one name */

enum store_op {
	STORE_OPEN, /* a file that may not be there yet */
	STORE_FOLDER,
	STORE_WRITE,
	STORE_CUT,
	STORE_SYNC,
	STORE_SYNC_ALL,
	STORE_RENAME,
	STORE_REMOVE,
	_STORE_OP_MAX,
};

enum store_outcome {
	_STORE_E_SUCCESS,
	STORE_E_NONE, /* there is no such file */
	STORE_E_STRANGE, /* it is no regular file of one name, or has more bytes than the limit */
};

/**
 * store_gate - asked before each change
 * @path: below the folder; of the file that is open, for what is done by its descriptor
 * @size: of STORE_WRITE: bytes, which may be made fewer; otherwise 0
 * Return: 0 to go on; a negative errno that is then the outcome.
 */
typedef int store_gate(void *userdata, enum store_op op, const char *path, size_t *size);

struct iovec;

struct store {
	int dir_fd; /* borrowed */
	store_gate *gate; /* or NULL */
	/* A folder has been made, and is still empty; an errno of it is the outcome. Or NULL. */
	int (*made)(void *userdata, int fd);
	void *userdata; /* of both */
};

/**
 * store_read() - all of a file
 * @limit: bytes it may have
 * @ret_data: as of file_read_fd()
 * Return: 0; STORE_E_NONE; STORE_E_STRANGE; -ENOMEM; any errno of openat() or read().
 */
int store_read(const struct store *store, const char *path, size_t limit, char **ret_data,
	       size_t *ret_size);

/* store_folders() - make those above a file. Return: 0; any errno of mkdirat() or made(). */
int store_folders(const struct store *store, const char *path);

/**
 * store_open() - open a file to read and write; made, with its folders, if there is none
 * Return: a file descriptor that the caller closes; -EBADFD if it is no regular file of one name;
 * any errno of openat() or mkdirat().
 */
int store_open(const struct store *store, const char *path);

/* store_write() - all of it, at an offset. Return: 0; any errno of pwrite(). */
int store_write(const struct store *store, int fd, const char *path, const struct iovec *data,
		uint64_t offset);

/* store_cut() - end a file at @size bytes. Return: 0; any errno of ftruncate(). */
int store_cut(const struct store *store, int fd, const char *path, uint64_t size);

/* store_sync() - a file's data are on the disk. Return: 0; any errno of fdatasync(). */
int store_sync(const struct store *store, int fd, const char *path);

/* store_sync_all() - all of the file system is on the disk. Return: 0; any errno of syncfs(). */
int store_sync_all(const struct store *store);

/**
 * store_rename() - give a file another name, durably; the file has been synced
 * Return: 0; any errno of renameat() or of fsync() of the folder.
 */
int store_rename(const struct store *store, const char *from, const char *to);

/**
 * store_put() - replace a file by new content, or leave it as it was; its folders are made
 * @durable: content and name are on the disk when this returns 0; otherwise at store_sync_all()
 *
 * A file that has that content already is left alone.
 * Return: 0; -ENOMEM; any errno of openat(), mkdirat(), pwrite(), fdatasync(), renameat().
 */
int store_put(const struct store *store, const char *path, const struct iovec *data, bool durable);

/**
 * store_remove() - remove a file, or a folder of files with all of them
 * Return: 0, also if there is none; any errno of unlinkat().
 */
int store_remove(const struct store *store, const char *path);
