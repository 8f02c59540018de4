// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The steps between libbpf's open, load and attach: maps that programs cannot write, maps that
 * nobody writes any more, pins. What the kernel was asked for is asked after, never assumed.
 */

#include "holdfast/object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "object/freeze-facts.h"

#define MAP_FLAGS_KNOWN (HOLDFAST_MAP_RDONLY_PROG | HOLDFAST_MAP_FREEZE)
/* in the first version, whatever comes after; what is shorter is not from any */
#define OPTS_SIZE_MIN (offsetof(struct holdfast_object_opts, error) + sizeof(char *))
#define PATH_LEN 512

__attribute__((format(printf, 3, 4))) static int failure(const struct holdfast_object_opts *opts,
							 int error, const char *format, ...)
{
	va_list args;

	if (opts->error) {
		va_start(args, format);
		(void)vsnprintf(opts->error, HOLDFAST_ERROR_LEN, format, args);
		va_end(args);
	}
	return error;
}

/* Fields of later versions must not ask for anything that this one cannot do. */
static int opts_check(const struct bpf_object *object, const struct holdfast_object_opts *opts)
{
	if (!object || !opts || opts->size < OPTS_SIZE_MIN)
		return -EINVAL;
	for (size_t i = sizeof(*opts); i < opts->size; i++) {
		if (((const unsigned char *)opts)[i])
			return failure(opts, -E2BIG,
				       "this libholdfast is older than its user: an "
				       "option is set that it does not know");
	}
	return 0;
}

static int map_find(struct bpf_object *object, const struct holdfast_object_opts *opts, size_t i,
		    struct bpf_map **ret_map)
{
	const char *name = opts->maps[i].name;

	if (!name)
		return failure(opts, -EINVAL, "map %zu has no name", i);
	if (opts->maps[i].flags & ~MAP_FLAGS_KNOWN)
		return failure(opts, -EINVAL, "map %s: unknown flags 0x%x", name,
			       opts->maps[i].flags & ~MAP_FLAGS_KNOWN);
	*ret_map = bpf_object__find_map_by_name(object, name);
	if (!*ret_map)
		return failure(opts, -ENOENT, "the object has no map %s", name);
	return 0;
}

/* As kernels were seen to answer; of a type that nobody has asked about the load will tell. */
static bool never_read_only(enum bpf_map_type type, const char **ret_reason)
{
	struct freeze_facts facts;

	if (freeze_facts_get(type, 0, false, &facts) || facts.can_rdonly_prog != FREEZE_NO)
		return false;
	*ret_reason = facts.rdonly_prog_reason;
	return true;
}

int holdfast_object_prepare(struct bpf_object *object, const struct holdfast_object_opts *opts)
{
	const char *reason;
	struct bpf_map *map;
	int r;

	r = opts_check(object, opts);
	for (size_t i = 0; !r && i < opts->n_maps; i++) {
		r = map_find(object, opts, i, &map);
		if (r || !(opts->maps[i].flags & HOLDFAST_MAP_RDONLY_PROG))
			continue;
		if (bpf_map__fd(map) >= 0)
			r = failure(opts, -EBUSY,
				    "map %s is there already: prepare before the load",
				    opts->maps[i].name);
		else if (never_read_only(bpf_map__type(map), &reason))
			r = failure(opts, -EOPNOTSUPP, "map %s cannot be read-only to programs: %s",
				    opts->maps[i].name, reason);
	}
	for (size_t i = 0; !r && i < opts->n_maps; i++) {
		if (!(opts->maps[i].flags & HOLDFAST_MAP_RDONLY_PROG))
			continue;
		map = bpf_object__find_map_by_name(object, opts->maps[i].name);
		r = bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_RDONLY_PROG);
		if (r)
			(void)failure(opts, r, "map %s takes no flags", opts->maps[i].name);
	}
	return r;
}

/* ---- seal */

/*
 * libbpf maps what skeletons show of global variables to write, and a map that is so mapped cannot
 * be frozen. Mapped over in place, so that every pointer into it goes on being good.
 */
static int unmap_writable(struct bpf_map *map)
{
	size_t size = 0, page = (size_t)sysconf(_SC_PAGESIZE);
	void *address;

	if (!bpf_map__is_internal(map) || !(bpf_map__map_flags(map) & BPF_F_MMAPABLE))
		return 0;
	address = (void *)bpf_map__initial_value(map, &size);
	if (!address || !size)
		return 0;
	size = (size + page - 1) / page * page;
	address = mmap(address, size, PROT_READ, MAP_SHARED | MAP_FIXED, bpf_map__fd(map), 0);
	return address == MAP_FAILED ? -errno : 0;
}

/* The fdinfo's `frozen`: the one place where the kernel says so. Return: 1, 0, -errno. */
static int frozen_read(int fd)
{
	_cleanup_fclose_ FILE *info = NULL;
	char path[64], line[128];
	int frozen = -ENODATA;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return -errno;
	while (frozen < 0 && fgets(line, sizeof(line), info))
		(void)sscanf(line, "frozen: %d", &frozen);
	return frozen;
}

/*
 * A write that cannot come to anything but EPERM if the map is frozen, which the kernel looks at
 * first; if it is not, it is the value that the map has, or none.
 */
static int write_try(struct bpf_map *map)
{
	size_t n = bpf_map__value_size(map);
	_cleanup_free_ void *key = calloc(1, bpf_map__key_size(map) + 8);
	_cleanup_free_ void *value = NULL;
	int possible = libbpf_num_possible_cpus();

	if (possible < 0)
		return possible;
	/* per-CPU maps have one for each, each rounded up */
	value = calloc((size_t)possible, (n + 7) / 8 * 8 + 8);
	if (!key || !value)
		return -ENOMEM;
	(void)bpf_map_lookup_elem(bpf_map__fd(map), key, value);
	return bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_EXIST) ? -errno : 0;
}

static int map_prove(const struct holdfast_object_opts *opts, const struct holdfast_map *wanted,
		     struct bpf_map *map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int r;

	if (bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &size))
		return failure(opts, -errno, "map %s cannot be asked after", wanted->name);
	if (wanted->flags & HOLDFAST_MAP_RDONLY_PROG && !(info.map_flags & BPF_F_RDONLY_PROG))
		return failure(opts, -EPERM, "map %s was not created read-only to programs",
			       wanted->name);
	if (!(wanted->flags & HOLDFAST_MAP_FREEZE))
		return 0;
	r = write_try(map);
	if (r == -ENOMEM)
		return r;
	if (r != -EPERM)
		return failure(opts, -EPERM, "map %s is frozen, and a write to it ends with %s",
			       wanted->name, r ? strerror(-r) : "success");
	if (frozen_read(bpf_map__fd(map)) != 1)
		return failure(opts, -EPERM, "the kernel does not call map %s frozen",
			       wanted->name);
	return 0;
}

static int map_freeze(const struct holdfast_object_opts *opts, const struct holdfast_map *wanted,
		      struct bpf_map *map)
{
	int fd = bpf_map__fd(map), r;

	if (frozen_read(fd) == 1)
		return 0;
	r = unmap_writable(map);
	if (r)
		return failure(opts, r, "map %s cannot be mapped to read only: %s", wanted->name,
			       strerror(-r));
	if (!bpf_map_freeze(fd))
		return 0;
	switch (errno) {
	case EBUSY:
		return failure(
			opts, -EBUSY,
			"map %s cannot be frozen: somebody has it mapped to write, or writes",
			wanted->name);
	case 524: /* ENOTSUPP, which user space has no name for */
	case EINVAL:
	case EOPNOTSUPP:
		return failure(opts, -EOPNOTSUPP, "the kernel freezes no map like %s",
			       wanted->name);
	default:
		return failure(opts, -errno, "map %s cannot be frozen: %s", wanted->name,
			       strerror(errno));
	}
}

int holdfast_object_seal(struct bpf_object *object, const struct holdfast_object_opts *opts)
{
	struct bpf_map *map;
	int r;

	r = opts_check(object, opts);
	for (size_t i = 0; !r && i < opts->n_maps; i++) {
		r = map_find(object, opts, i, &map);
		if (!r && bpf_map__fd(map) < 0)
			r = failure(opts, -EBADF, "map %s is not there yet: seal after the load",
				    opts->maps[i].name);
	}
	for (size_t i = 0; !r && i < opts->n_maps; i++) {
		map = bpf_object__find_map_by_name(object, opts->maps[i].name);
		if (opts->maps[i].flags & HOLDFAST_MAP_FREEZE)
			r = map_freeze(opts, &opts->maps[i], map);
		r = r ?: map_prove(opts, &opts->maps[i], map);
	}
	return r;
}

/* ---- pin */

static int path_make(const struct holdfast_object_opts *opts, const char *name, char *ret_path)
{
	int n;

	if (!name || !*name || strchr(name, '/'))
		return failure(opts, -EINVAL, "'%s' cannot be the name of a pin", name ?: "");
	n = snprintf(ret_path, PATH_LEN, "%s/%s", opts->pin_folder, name);
	if (n < 0 || n >= PATH_LEN)
		return failure(opts, -ENAMETOOLONG, "the pin of %s would have too long a path",
			       name);
	/* bpf_lookup() in kernel/bpf/inode.c keeps dots for itself */
	for (char *c = ret_path + n - strlen(name); *c; c++)
		*c = *c == '.' ? '_' : *c;
	return 0;
}

static int pin_one(const struct holdfast_object_opts *opts, const char *name, int fd)
{
	char path[PATH_LEN];
	int r;

	r = path_make(opts, name, path);
	if (r)
		return r;
	if (fd < 0)
		return failure(opts, -EBADF, "%s is not there yet: pin after the load", name);
	if (!bpf_obj_pin(fd, path))
		return 0;
	if (errno == EEXIST)
		return failure(opts, -EEXIST,
			       "%s is there already, and may be somebody else's: look "
			       "whose it is, and remove it",
			       path);
	return failure(opts, -errno, "%s cannot be pinned: %s", path, strerror(errno));
}

static int pin_nth(struct bpf_object *object, const struct holdfast_object_opts *opts, size_t i)
{
	const struct holdfast_link *link;
	struct bpf_map *map;
	int r;

	if (i < opts->n_links) {
		link = &opts->links[i];
		return pin_one(opts, link->name, link->link ? bpf_link__fd(link->link) : -1);
	}
	r = map_find(object, opts, i - opts->n_links, &map);
	return r ?: pin_one(opts, opts->maps[i - opts->n_links].name, bpf_map__fd(map));
}

static void unpin_nth(const struct holdfast_object_opts *opts, size_t i)
{
	const char *name = i < opts->n_links ? opts->links[i].name
					     : opts->maps[i - opts->n_links].name;
	struct holdfast_object_opts silent = *opts;
	char path[PATH_LEN];

	/* the error is the one that led here */
	silent.error = NULL;
	if (!path_make(&silent, name, path))
		(void)unlink(path);
}

int holdfast_object_pin(struct bpf_object *object, const struct holdfast_object_opts *opts)
{
	size_t n;
	int r;

	r = opts_check(object, opts);
	if (r)
		return r;
	if (!opts->pin_folder)
		return failure(opts, -EINVAL, "there is no folder to pin to");
	n = opts->n_links + opts->n_maps;
	for (size_t i = 0; !r && i < n; i++) {
		r = pin_nth(object, opts, i);
		for (size_t done = i; r && done > 0; done--)
			unpin_nth(opts, done - 1);
	}
	return r;
}

const char *holdfast_version(void)
{
	return HOLDFAST_VERSION;
}
