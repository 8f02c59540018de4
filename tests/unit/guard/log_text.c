// SPDX-License-Identifier: LGPL-2.1-or-later
/* See log_text.h. What is durable, signed or not: it is in the tail. */

#include "log_text.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "evidence/tail.h"
#include "test.h"

static void copy_entries(int fd, uint64_t first, FILE *out)
{
	_cleanup_(tail_reader_freep) struct tail_reader *reader = NULL;
	struct tail_record record;

	assert_int_equal(tail_reader_new(fd, tail_head_size(first), &reader), 0);
	while (tail_reader_next(reader, &record) == 0) {
		(void)fwrite(record.entry, 1, record.size, out);
		(void)fputc('\n', out);
	}
}

char *log_text(const char *state_dir)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH_MAX], *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	(void)snprintf(path, sizeof(path), "%s/log/tail", state_dir);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		_cleanup_close_ int fd = -EBADF;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		copy_entries(fd, strtoull(entry->d_name, NULL, 10), out);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}
