// SPDX-License-Identifier: LGPL-2.1-or-later
/* What files cost: in a folder of our own, on tmpfs, four names deep but where it says so. */
#include "cost.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MOUNTS 16

static char folder[64], old[80], new[80], made[80], over[MOUNTS][80];
static int file = -1, sink = -1, score = -1;

static int files_make(void)
{
	char page[4096] = "";

	(void)snprintf(folder, sizeof(folder), "/run/suite/cost-XXXXXX");
	if (!mkdtemp(folder))
		return -errno;
	(void)snprintf(old, sizeof(old), "%s/old", folder);
	(void)snprintf(new, sizeof(new), "%s/new", folder);
	(void)snprintf(made, sizeof(made), "%s/made", folder);
	file = open(old, O_RDWR | O_CREAT | O_CLOEXEC, 0700);
	sink = open("/dev/null", O_WRONLY | O_CLOEXEC);
	score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (file < 0 || sink < 0 || score < 0)
		return -errno;
	return write(file, page, sizeof(page)) == sizeof(page) ? 0 : -errno;
}

static int open_close(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	return fd >= 0 && !close(fd);
}

static int64_t open_ro(void)
{
	return counted(open_close(old, O_RDONLY));
}

static int64_t open_rw(void)
{
	return counted(open_close(old, O_RDWR));
}

static int64_t create_unlink(void)
{
	return counted(open_close(made, O_RDWR | O_CREAT | O_EXCL) && !unlink(made));
}

static int64_t stat_file(void)
{
	struct stat st;

	return counted(!stat(old, &st));
}

static int64_t rename_file(void)
{
	int64_t cost = counted(!rename(old, new));

	if (cost > 0 && rename(new, old))
		return -errno;
	return cost;
}

static int64_t read_byte(void)
{
	char byte;

	return counted(pread(file, &byte, 1, 0) == 1);
}

static int64_t write_byte(void)
{
	return counted(pwrite(file, "", 1, 0) == 1);
}

static int64_t write_null(void)
{
	return counted(write(sink, "", 1) == 1);
}

static int64_t write_score(void)
{
	return counted(pwrite(score, "0", 1, 0) == 1);
}

/* Of the program itself: an agent maps executable what is its own, and nothing else. */
static int mapped_open(void)
{
	close(file);
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	return file < 0 ? -errno : 0;
}

static int64_t mmap_exec(void)
{
	void *at = MAP_FAILED;
	int64_t cost = counted(
		(at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0)) != MAP_FAILED);

	if (at != MAP_FAILED)
		munmap(at, 4096);
	return cost;
}

/* The next one's namespace is to be as this one's was. */
static void mounts_end(void)
{
	for (unsigned int i = 0; i < MOUNTS; i++)
		(void)umount2(over[i], 0);
}

/*
 * Where the kernel finds room for a mount's counters takes it up to a tenth of a mount. So some
 * stay mounted, and each time another is mounted anew: what one process finds is not what all find.
 */
static int mounts_make(void)
{
	if (atexit(mounts_end))
		return -ENOMEM;
	for (unsigned int i = 0; i < MOUNTS; i++) {
		(void)snprintf(over[i], sizeof(over[i]), "%s/over-%u", folder, i);
		if (mkdir(over[i], 0700) || mount("cost", over[i], "tmpfs", 0, NULL))
			return -errno;
	}
	return 0;
}

static const char *mount_next(void)
{
	static unsigned int times;

	return over[times++ * 7 % MOUNTS];
}

static int64_t mount_over(void)
{
	const char *at = mount_next();

	if (umount2(at, 0))
		return -errno;
	return counted(!mount("cost", at, "tmpfs", 0, NULL));
}

static int64_t umount_over(void)
{
	const char *at = mount_next();
	int64_t cost = counted(!umount2(at, 0));

	if (cost > 0 && mount("cost", at, "tmpfs", 0, NULL))
		return -errno;
	return cost;
}

const struct operation file_operations[] = {
	{"open_ro", files_make, open_ro, SAMPLES_CHEAP},
	{"open_rw", NULL, open_rw, SAMPLES_CHEAP},
	{"create_unlink", NULL, create_unlink, SAMPLES_CHEAP},
	{"stat", NULL, stat_file, SAMPLES_CHEAP},
	{"rename", NULL, rename_file, SAMPLES_CHEAP},
	{"read", NULL, read_byte, SAMPLES_CHEAP},
	{"write", NULL, write_byte, SAMPLES_CHEAP},
	{"write_null", NULL, write_null, SAMPLES_CHEAP},
	{"oom_score_adj", NULL, write_score, SAMPLES_CHEAP},
	{"mmap_exec", mapped_open, mmap_exec, SAMPLES_CHEAP},
	{"mount", mounts_make, mount_over, SAMPLES_CHEAP},
	{"umount", NULL, umount_over, SAMPLES_CHEAP},
	{NULL, NULL, NULL, 0},
};
