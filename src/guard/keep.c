// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is kept for domains: links and maps, by pins in a folder of the guard's own. The folder is
 * all that is known of them: a name is kind, id, and whether the domain has left it behind.
 */

#include "guard/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "guard/holders.h"

#define PATH_LEN 128
#define LINK_TYPE_NETFILTER 10 /* since 6.4; newer than the build's headers */

/* What makes two of a kind the same thing, made twice. */
struct likeness {
	char name[16]; /* of the map */
	union {
		struct bpf_link_info link; /* without ids */
		struct {
			uint32_t type, key_size, value_size, max_entries;
		} map;
	};
};

_Static_assert(sizeof(struct likeness) <= sizeof(((struct guard_kept *)0)->likeness),
	       "room for a likeness");

static const char *kind_name(uint32_t kind)
{
	return kind == EVENT_OBJECT_LINK ? "link" : "map";
}

static void pin_path(const struct guard_kept *kept, bool left, char *ret_path)
{
	(void)snprintf(ret_path, PATH_LEN, GUARD_PIN_KEPT "/%s-%u%s", kind_name(kept->kind),
		       kept->id, left ? "-left" : "");
}

static bool link_exclusive(uint32_t type)
{
	return type == BPF_LINK_TYPE_XDP || type == BPF_LINK_TYPE_NETNS ||
	       type == BPF_LINK_TYPE_STRUCT_OPS || type == LINK_TYPE_NETFILTER;
}

static int link_describe(int fd, struct guard_kept *kept, struct likeness *likeness)
{
	__u32 size = sizeof(likeness->link);

	if (bpf_obj_get_info_by_fd(fd, &likeness->link, &size))
		return -errno;
	kept->exclusive = link_exclusive(likeness->link.type);
	likeness->link.id = likeness->link.prog_id = 0;
	/* what is specific begins with the id of its map */
	if (likeness->link.type == BPF_LINK_TYPE_STRUCT_OPS)
		likeness->link.tracing.attach_type = 0;
	return 0;
}

static int map_describe(int fd, struct likeness *likeness)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	memcpy(likeness->name, info.name, sizeof(likeness->name));
	likeness->map.type = info.type;
	likeness->map.key_size = info.key_size;
	likeness->map.value_size = info.value_size;
	likeness->map.max_entries = info.max_entries;
	return 0;
}

static int describe(int fd, struct guard_kept *kept)
{
	struct likeness likeness;
	int r;

	memset(&likeness, 0, sizeof(likeness));
	r = kept->kind == EVENT_OBJECT_LINK ? link_describe(fd, kept, &likeness)
					    : map_describe(fd, &likeness);
	memset(kept->likeness, 0, sizeof(kept->likeness));
	memcpy(kept->likeness, &likeness, sizeof(likeness));
	return r;
}

int guard_keep(struct guard *guard, struct guard_kept *kept)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, reading, .open_flags = BPF_F_RDONLY);
	_cleanup_close_ int fd = kept->kind == EVENT_OBJECT_LINK
					 ? bpf_link_get_fd_by_id(kept->id)
					 : bpf_map_get_fd_by_id_opts(kept->id, &reading);
	char path[PATH_LEN];
	int r;

	if (fd < 0)
		return -errno;
	r = describe(fd, kept);
	if (r)
		return r;
	pin_path(kept, kept->left, path);
	return bpf_obj_pin(fd, path) && errno != EEXIST ? -errno : 0;
}

int guard_keep_left(struct guard *guard, struct guard_kept *kept)
{
	char from[PATH_LEN], to[PATH_LEN];

	if (kept->left)
		return 0;
	pin_path(kept, false, from);
	pin_path(kept, true, to);
	if (rename(from, to))
		return -errno;
	kept->left = true;
	return 0;
}

int guard_let_go(struct guard *guard, const struct guard_kept *kept)
{
	char path[PATH_LEN];

	pin_path(kept, kept->left, path);
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

/* ---- what an earlier holdfastd has kept */

struct owner {
	uint32_t kind, id, domain;
};

static void owner_see(void *context, const struct object_label *label)
{
	struct owner *owner = context;

	if (label->kind == owner->kind && label->id == owner->id)
		owner->domain = label->domain;
}

static bool name_read(const char *name, struct guard_kept *kept)
{
	char kind[8], left[8] = "";

	if (sscanf(name, "%7[a-z]-%u-%7s", kind, &kept->id, left) < 2)
		return false;
	kept->kind = strcmp(kind, "link") ? EVENT_OBJECT_MAP : EVENT_OBJECT_LINK;
	kept->left = !strcmp(left, "left");
	return true;
}

int kept_open(const char *folder, const char *name)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts);
	char path[2 * PATH_LEN];
	int fd;

	if (!strncmp(name, "map-", 4))
		opts.file_flags = BPF_F_RDONLY;
	(void)snprintf(path, sizeof(path), "%s/%.64s", folder, name);
	fd = bpf_obj_get_opts(path, &opts);
	return fd < 0 ? -errno : fd;
}

int guard_kept_each(struct guard *guard, int (*see)(void *context, const struct guard_kept *kept),
		    void *context)
{
	_cleanup_closedir_ DIR *dir = opendir(GUARD_PIN_KEPT);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		struct guard_kept kept = {};
		_cleanup_close_ int fd = -EBADF;
		struct owner owner;

		if (!name_read(entry->d_name, &kept))
			continue;
		owner = (struct owner){.kind = kept.kind, .id = kept.id};
		labels_each(guard, owner_see, &owner);
		kept.domain = owner.domain;
		fd = kept_open(GUARD_PIN_KEPT, entry->d_name);
		/* one that is its domain's no longer is seen all the same, to be let go */
		if (fd >= 0)
			(void)describe(fd, &kept);
		r = see(context, &kept);
	}
	return r;
}

/* ---- what there is to keep */

int guard_fds_each(struct guard *guard, void (*see)(void *context, uint32_t kind, uint32_t id),
		   void *context)
{
	_cleanup_close_ int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return proc < 0 ? -errno : holders_objects(proc, getpid(), see, context);
}

struct seen {
	int (*see)(void *context, uint32_t kind, uint32_t id, uint32_t domain);
	void *context;
	int error;
};

static void label_see(void *context, const struct object_label *label)
{
	struct seen *seen = context;

	if (!label->id || label->domain < DOMAIN_FIRST || seen->error)
		return;
	if (label->kind == EVENT_OBJECT_LINK || label->kind == EVENT_OBJECT_MAP)
		seen->error = seen->see(seen->context, label->kind, label->id, label->domain);
}

int guard_objects_each(struct guard *guard,
		       int (*see)(void *context, uint32_t kind, uint32_t id, uint32_t domain),
		       void *context)
{
	struct seen seen = {.see = see, .context = context};

	labels_each(guard, label_see, &seen);
	return seen.error;
}
