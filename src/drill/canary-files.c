// SPDX-License-Identifier: LGPL-2.1-or-later
/* The canary's configuration: canary-files.h. */
#include "canary-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canary.h"

#define TEXT "enforce: yes\n"

static int open_folder(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), CANARY_FILES, name);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Each entry of the folder; fdopendir() takes the fd. */
static void each_entry(int folder, void (*look)(int folder, const char *name, void *context),
		       void *context)
{
	DIR *dir = fdopendir(folder);

	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			look(dirfd(dir), entry->d_name, context);
	if (dir)
		closedir(dir);
}

static void take_away(int folder, const char *name, void *context)
{
	(void)unlinkat(folder, name, 0);
}

void canary_files_drop(const char *name)
{
	int folder = open_folder(name);

	if (folder >= 0)
		each_entry(folder, take_away, NULL);
}

void canary_files_make(const char *name)
{
	int folder = open_folder(name), fd;

	if (folder < 0)
		return;
	fd = openat(folder, CANARY_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		(void)!write(fd, TEXT, strlen(TEXT));
		close(fd);
	}
	close(folder);
}

/* FNV-1a; order does not count, as that of a folder's entries does not */
static uint64_t hash(uint64_t h, const void *data, size_t size)
{
	for (const unsigned char *p = data; size--; p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

static void add_entry(int folder, const char *name, void *context)
{
	uint64_t *sum = context, h = hash(0xcbf29ce484222325, name, strlen(name));
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char text[64];
	struct stat st;
	ssize_t n;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		h = hash(h, &st.st_mode, sizeof(st.st_mode));
		h = hash(h, &st.st_nlink, sizeof(st.st_nlink));
		n = read(fd, text, sizeof(text));
		h = hash(h, text, n > 0 ? (size_t)n : 0);
	}
	if (fd >= 0)
		close(fd);
	*sum += h;
}

uint64_t canary_files_state(const char *name)
{
	int folder = open_folder(name);
	uint64_t sum = 0;

	if (folder >= 0)
		each_entry(folder, add_entry, &sum);
	return sum;
}
