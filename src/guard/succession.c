// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One guard takes over from another, of another build. Both are attached for a while; the one that
 * is pinned at GUARD_PIN_DIR decides. Who is killed at any moment of it leaves that one in force,
 * and the next holdfastd ends the other.
 */

#include "guard/succession.h"

#include <errno.h>
#include <ftw.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "guard/halt.h"
#include "guard/load.h"
#include "guard/pins.h"

#define PASSES_MAX 16
#define WALK_FDS 16

/* ---- the object */

bool succession_program(const char *name)
{
	return !strncmp(name, "succeed_", 8);
}

/* What is read where the guard before has it; the last is one for both, and stays. */
static const struct {
	const char *map, *former;
	bool always;
} storages[] = {
	{"former_tasks", "task_labels", false},
	{"former_inodes", "inode_labels", false},
	{"trust", "trust", true},
};

bool succession_map(const struct former *former, const struct bpf_map *map)
{
	struct bpf_map_info ours = {}, theirs = {};
	__u32 size = sizeof(ours);

	if (!former || bpf_obj_get_info_by_fd(bpf_map__fd(map), &ours, &size))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(storages); i++) {
		size = sizeof(theirs);
		if (!bpf_obj_get_info_by_fd(former_fd(former, storages[i].former), &theirs,
					    &size) &&
		    theirs.id == ours.id)
			return true;
	}
	return false;
}

static int programs_leave(struct bpf_object *object)
{
	struct bpf_program *program;
	int r = 0;

	bpf_object__for_each_program(program, object) {
		if (!r && succession_program(bpf_program__name(program)))
			r = bpf_program__set_autoload(program, false);
	}
	return r;
}

int succession_choose(struct bpf_object *object, const struct former *former)
{
	struct succession layout = {};
	struct bpf_map *map;
	int r = former ? 0 : programs_leave(object);

	for (size_t i = 0; i < ARRAY_SIZE(storages) && !r; i++) {
		map = bpf_object__find_map_by_name(object, storages[i].map);
		if (!map)
			return -ENOENT;
		if (former)
			r = bpf_map__reuse_fd(map, former_fd(former, storages[i].former));
		else if (!storages[i].always)
			r = bpf_map__set_autocreate(map, false);
	}
	if (r || !former)
		return r;
	former_layout(former, &layout);
	map = bpf_object__find_map_by_name(object, ".rodata.former");
	return map ? bpf_map__set_initial_value(map, &layout, sizeof(layout)) : -ENOENT;
}

/* ---- labels */

struct pass {
	bool changed, full;
};

static void task_line(void *userdata, const char *line)
{
	struct pass *pass = userdata;

	pass->changed = true;
	if (line[0] == '0')
		pass->full = true;
}

int succession_tasks(struct bpf_object *object)
{
	int r;

	for (int i = 0; i < PASSES_MAX; i++) {
		struct pass pass = {};

		r = program_lines(object, "succeed_tasks", task_line, &pass);
		if (r || pass.full)
			return r ?: -ENOSPC;
		if (!pass.changed)
			return 0;
	}
	return -EAGAIN;
}

/* The look at it is what counts: the guard's hook takes the label over. */
static int inode_show(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return 0;
}

static void mtabp(FILE **mtab)
{
	if (*mtab)
		(void)endmntent(*mtab);
}

/* All that lies in any bpffs: pins keep their labels themselves. */
static int inodes_show(void)
{
	_cleanup_(mtabp) FILE *mtab = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;

	if (!mtab)
		return -errno;
	while ((entry = getmntent(mtab))) {
		if (!strcmp(entry->mnt_type, "bpf") &&
		    nftw(entry->mnt_dir, inode_show, WALK_FDS, FTW_PHYS | FTW_MOUNT) < 0)
			return -errno;
	}
	return 0;
}

int succession_take(const struct former *former, struct bpf_object *object, int control)
{
	int r;

	/* first of all: what a labelled task makes from here on, this guard labels itself */
	r = succession_tasks(object);
	if (r)
		return r;
	r = former_take(former, control);
	if (r)
		return r;
	r = inodes_show();
	if (r)
		return r;
	r = succession_tasks(object);
	if (r)
		return r;
	return program_lines(object, "succeed_code", NULL, NULL);
}

/* ---- the two guards */

static void formerp(struct former *former)
{
	former_close(former);
}

int succession_begin(struct diag *reterr_diag)
{
	_cleanup_(formerp) struct former former = FORMER_INIT;
	int r;

	/* what one that was killed has left */
	r = pins_remove(GUARD_PIN_NEXT);
	if (r < 0) {
		diag_set(reterr_diag, NULL, 0, 0,
			 GUARD_PIN_NEXT " is in the way and cannot be removed (%s): remove it",
			 strerror(-r));
		return GUARD_E_ABI;
	}
	r = former_open(&former, GUARD_PIN_DIR, reterr_diag);
	return r ?: guard_load_beside(&former, reterr_diag);
}

/* Anybody could have made that folder while there was none: is its program one of ours? */
static bool program_is_ours(struct guard *guard, uint32_t id)
{
	int fd = guard->maps[GUARD_MAP_OBJECTS];
	struct object_label label;
	__u64 key, *last = NULL;

	for (size_t i = 0; i < 2 * LABELS_MAX_OBJECTS; i++) {
		if (bpf_map_get_next_key(fd, last, &key))
			return false;
		last = &key;
		if (!bpf_map_lookup_elem(fd, &key, &label) && label.kind == EVENT_OBJECT_PROG &&
		    label.id == id)
			return label.domain == DOMAIN_SELF;
	}
	return false;
}

/* Its last events are read when its pins are gone: what is mapped of its rings keeps them. */
static int ring_keep(struct guard *guard, enum guard_ring ring, const char *path)
{
	_cleanup_close_ int fd = bpf_obj_get(path);

	/* of a build that had one ring for all */
	if (fd < 0 && errno == ENOENT && ring != GUARD_RING_EVENTS)
		return 0;
	if (fd < 0)
		return -errno;
	return ring_open(fd, &guard->former[ring]);
}

static int events_keep(struct guard *guard)
{
	int r = ring_keep(guard, GUARD_RING_EVENTS, GUARD_PIN_NEXT "/maps/events");

	return r ?: ring_keep(guard, GUARD_RING_RISK, GUARD_PIN_NEXT "/maps/risk");
}

static int relieve(struct guard *guard, const struct former *former)
{
	struct control_taken taken = {};
	struct control_args args = {.op = CONTROL_TAKE,
				    .kind = CONTROL_TAKE_OFFICE,
				    .pointer = (uintptr_t)&taken,
				    .size = sizeof(taken)};
	int r;

	r = former_office(former, (struct control_office *)taken.value);
	if (r)
		return r;
	/* a guard that decides already only says so */
	r = control_call(guard->control, &args);
	if (r)
		return r;
	halt("relieved");
	r = events_keep(guard);
	if (r)
		return r;
	/* its hooks go one by one: none shall decide without the others */
	r = control_op(former->control, CONTROL_DISARM, 0, 0, 0);
	return r ?: folded_take(guard->control, GUARD_PIN_NEXT "/maps/folded");
}

int succession_finish(struct guard *guard)
{
	_cleanup_(formerp) struct former former = FORMER_INIT;
	struct diag diag;
	int r;

	if (access(GUARD_PIN_NEXT, F_OK))
		return errno == ENOENT ? 0 : -errno;
	r = former_open(&former, GUARD_PIN_NEXT, &diag);
	if (!r && program_is_ours(guard, former.control_id))
		r = relieve(guard, &former);
	else
		r = guard_rehearses(guard) ? -EBADMSG : 0;
	if (r)
		return r;
	halt("disarmed");
	return pins_remove(GUARD_PIN_NEXT);
}
