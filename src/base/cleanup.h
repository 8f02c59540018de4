/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ownership that is visible where a variable is declared: an owner is tagged with a _cleanup_ and
 * initialised on the same line, and leaves its scope only through TAKE_PTR() or TAKE_FD().
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

/* Hands the pointer over and leaves NULL, which every x_free() accepts. */
#define TAKE_PTR(p)                     \
	({                              \
		__typeof__(p) _t = (p); \
		(p) = NULL;             \
		_t;                     \
	})

/* Hands the file descriptor over and leaves -EBADF. */
#define TAKE_FD(fd)            \
	({                     \
		int _t = (fd); \
		(fd) = -EBADF; \
		_t;            \
	})

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* Keeps errno: a cleanup must not change what the caller is about to report. */
static inline void closep(int *fd)
{
	int e = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = e;
}

static inline void fclosep(FILE **file)
{
	int e = errno;

	if (*file)
		(void)fclose(*file);
	errno = e;
}

static inline void closedirp(DIR **dir)
{
	int e = errno;

	if (*dir)
		(void)closedir(*dir);
	errno = e;
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)
