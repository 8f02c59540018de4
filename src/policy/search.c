// SPDX-License-Identifier: LGPL-2.1-or-later
/* See search.h. */

#include "policy/search.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/path.h"
#include "base/size.h"
#include "policy/root.h"

/* A reading of ld.so.conf and what it includes. */
struct reading {
	const struct root *root;
	struct search *search;
	unsigned depth; /* of include lines */
	struct diag *reterr_diag;
};

static int read_conf(struct reading *reading, const char *path);

struct search *search_free(struct search *search)
{
	if (!search)
		return NULL;

	for (size_t i = 0; i < search->n_dirs; i++)
		free(search->dirs[i]);
	free(search->dirs);
	free(search);
	return NULL;
}

static int add_dir(struct search *search, const char *dir)
{
	size_t length = strlen(dir);
	int r;

	while (length > 1 && dir[length - 1] == '/')
		length--;
	if (search->n_dirs >= SEARCH_MAX_DIRS)
		return 0; /* as good as not found: the library will be reported, not the folder */

	r = array_grow(&search->dirs, search->n_dirs, sizeof(*search->dirs));
	if (r < 0)
		return r;
	search->dirs[search->n_dirs] = strndup(dir, length);
	if (!search->dirs[search->n_dirs])
		return -ENOMEM;
	search->n_dirs++;
	return 0;
}

struct names {
	char **items;
	size_t n;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder that match, sorted. Takes the fd over; fills *names also on failure. */
static int match_names(int fd, const char *pattern, struct names *names)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	int r;

	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		closep(&fd);
		return r;
	}
	while ((entry = readdir(dir))) {
		if (fnmatch(pattern, entry->d_name, FNM_PERIOD) != 0)
			continue;
		r = array_grow(&names->items, names->n, sizeof(*names->items));
		if (r < 0)
			return r;
		names->items[names->n] = strdup(entry->d_name);
		if (!names->items[names->n])
			return -ENOMEM;
		names->n++;
	}

	if (names->n > 1)
		qsort(names->items, names->n, sizeof(*names->items), compare_names);
	return 0;
}

/* Wildcards count in the last component only: nobody writes them elsewhere. */
static int include(struct reading *reading, const char *pattern)
{
	_cleanup_(names_done) struct names names = {0};
	_cleanup_free_ char *dir = NULL;
	const char *slash = strrchr(pattern, '/');
	int fd, r;

	dir = strndup(pattern, slash == pattern ? 1 : (size_t)(slash - pattern));
	if (!dir)
		return -ENOMEM;
	fd = root_open_dir(reading->root, dir);
	if (fd < 0)
		return 0; /* as the dynamic linker's own tools do */
	r = match_names(fd, slash + 1, &names);
	if (r < 0)
		return r == -ENOMEM ? r : 0;

	for (size_t i = 0; i < names.n; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", dir, names.items[i]) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		r = read_conf(reading, path);
		if (r)
			return r;
	}
	return 0;
}

/* conf is the file the line is in: a relative pattern starts in its folder. */
static int read_include(struct reading *reading, const char *conf, const char *pattern)
{
	_cleanup_free_ char *absolute = NULL;
	const char *slash = strrchr(conf, '/');

	if (pattern[0] == '/')
		return include(reading, pattern);
	if (asprintf(&absolute, "%.*s/%s", (int)(slash - conf), conf, pattern) < 0) {
		absolute = NULL;
		return -ENOMEM;
	}
	return include(reading, absolute);
}

static int read_line(struct reading *reading, const char *conf, char *line)
{
	static const char blanks[] = " \t\r";
	size_t length;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, blanks);
	length = strlen(line);
	while (length > 0 && strchr(blanks, line[length - 1]))
		line[--length] = '\0';

	if (strncmp(line, "include", 7) == 0 && strchr(blanks, line[7]) && line[7]) {
		line += 7;
		return read_include(reading, conf, line + strspn(line, blanks));
	}
	line[strcspn(line, "=")] = '\0'; /* an old way to name a library's kind */
	return line[0] == '/' ? add_dir(reading->search, line) : 0;
}

static int read_conf(struct reading *reading, const char *path)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;
	int r;

	if (reading->depth > SEARCH_MAX_DEPTH) {
		diag_set(reading->reterr_diag, NULL, 0, 0,
			 "%s: files that include each other more than %d deep", path,
			 SEARCH_MAX_DEPTH);
		return ROOT_E_REFUSED;
	}
	r = root_read(reading->root, path, SEARCH_MAX_CONF, &text, reading->reterr_diag);
	if (r == ROOT_E_NONE)
		return 0;
	if (r)
		return r;

	reading->depth++;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		r = read_line(reading, path, line);
		if (r)
			return r;
	}
	reading->depth--;
	return 0;
}

int search_new(const struct root *root, struct search **ret_search, struct diag *reterr_diag)
{
	_cleanup_(search_freep) struct search *search = calloc(1, sizeof(*search));
	struct reading reading = {.root = root, .search = search, .reterr_diag = reterr_diag};
	int r;

	if (!search)
		return -ENOMEM;
	r = read_conf(&reading, "/etc/ld.so.conf");
	if (r)
		return r;

	*ret_search = TAKE_PTR(search);
	return 0;
}

#define DIRS(triplet)                                                                            \
	{                                                                                        \
		"/lib/" triplet, "/usr/lib/" triplet, "/lib64", "/usr/lib64", "/lib", "/usr/lib" \
	}

const char *const *search_default_dirs(uint16_t machine, size_t *ret_n)
{
	static const struct {
		uint16_t machine;
		const char *dirs[6];
	} rows[] = {
		{EM_X86_64, DIRS("x86_64-linux-gnu")},
		{EM_AARCH64, DIRS("aarch64-linux-gnu")},
		{EM_RISCV, DIRS("riscv64-linux-gnu")},
		{EM_PPC64, DIRS("powerpc64le-linux-gnu")},
	};
	static const char *const others[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].machine == machine) {
			*ret_n = ARRAY_SIZE(rows[i].dirs);
			return rows[i].dirs;
		}
	}
	*ret_n = ARRAY_SIZE(others);
	return others;
}

const char *const *search_hwcaps(uint16_t machine, size_t *ret_n)
{
	static const char *const x86_64[] = {"glibc-hwcaps/x86-64-v4", "glibc-hwcaps/x86-64-v3",
					     "glibc-hwcaps/x86-64-v2"};
	static const char *const ppc64[] = {"glibc-hwcaps/power10", "glibc-hwcaps/power9"};

	if (machine == EM_X86_64) {
		*ret_n = ARRAY_SIZE(x86_64);
		return x86_64;
	}
	*ret_n = machine == EM_PPC64 ? ARRAY_SIZE(ppc64) : 0;
	return ppc64;
}
