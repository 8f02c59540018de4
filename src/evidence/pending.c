// SPDX-License-Identifier: LGPL-2.1-or-later
/* See pending.h. Reads files of which nothing can be believed. */

#include "evidence/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "evidence/tail.h"

static int count(int tails_fd, const char *name, uint64_t *ret_records)
{
	_cleanup_(tail_reader_freep) struct tail_reader *reader = NULL;
	_cleanup_close_ int fd = -EBADF;
	struct tail_record record;
	uint64_t first, records = 0;
	struct stat st;
	int r;

	if (!tail_name_parse(name, &first))
		return -EINVAL;
	fd = openat(tails_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = tail_reader_new(fd, tail_head_size(first), &reader);
	while (!r && (r = tail_reader_next(reader, &record)) == 0)
		records++;
	*ret_records = records;
	return r < 0 ? r : 0;
}

int pending_count(int dir_fd, uint64_t size, uint64_t *ret_entries)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	uint64_t end = size;
	int fd;

	fd = openat(dir_fd, "tail", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		closep(&fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		uint64_t first, records = 0;
		int r;

		if (!tail_name_parse(entry->d_name, &first))
			continue;
		r = count(fd, entry->d_name, &records);
		/* it may have been begun anew since its name was read */
		if (r < 0 && r != -ENOENT && r != -EINVAL)
			return r;
		if (r == 0 && first + records > end)
			end = first + records;
	}
	*ret_entries = end - size;
	return 0;
}
