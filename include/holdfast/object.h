/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * libholdfast, for the author of an eBPF agent who uses libbpf: what makes a loaded object hard to
 * change, on a struct bpf_object of the caller's own or the one of a skeleton. In this order, and
 * each step that fails ends the load:
 *
 *	skel = agent__open();
 *	holdfast_object_prepare(skel->obj, &opts);   maps that programs cannot write
 *	agent__load(skel);
 *	...                                          fill the maps
 *	holdfast_object_seal(skel->obj, &opts);      freeze them, and prove it
 *	agent__attach(skel);
 *	holdfast_object_pin(skel->obj, &opts);       where the policy's `pins:` lie
 *
 * No function logs, exits, or keeps anything of the caller's. All are for one thread at a time for
 * each object. Errors are negative errno values; why, and what to do, is in opts.error.
 */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bpf_link;
struct bpf_object;

/* What is to become of a map. */
#define HOLDFAST_MAP_RDONLY_PROG (1u << 0) /* no program writes it: BPF_F_RDONLY_PROG */
#define HOLDFAST_MAP_FREEZE (1u << 1) /* no system call does, on any fd: bpf_map_freeze() */

struct holdfast_map {
	const char *name; /* in the object: "allowed", ".data", "agent.bss" */
	unsigned int flags; /* HOLDFAST_MAP_* */
};

/* What pins it is called by. */
struct holdfast_link {
	const char *name;
	struct bpf_link *link;
};

#define HOLDFAST_ERROR_LEN 256

/*
 * To be set to zero, and `size` to sizeof: later versions have more at the end. All is borrowed for
 * the time of a call.
 */
struct holdfast_object_opts {
	size_t size;
	const struct holdfast_map *maps;
	size_t n_maps;
	const struct holdfast_link *links;
	size_t n_links;
	const char *pin_folder; /* of a bpffs, there already; NULL: holdfast_object_pin() refuses */
	char *error; /* at least HOLDFAST_ERROR_LEN bytes: one line, no newline; or NULL */
};

/**
 * holdfast_object_prepare() - before the load: create the maps so that no program writes them
 *
 * A program that stores into such a map all the same is refused by the kernel when it is loaded.
 * Return: 0; -ENOENT if there is no map of that name; -EINVAL for unknown flags; -EBUSY after the
 * load; -EOPNOTSUPP if maps of its type cannot be made so, and neither is any other map then.
 */
int holdfast_object_prepare(struct bpf_object *object, const struct holdfast_object_opts *opts);

/**
 * holdfast_object_seal() - after the load, and when the maps are full: freeze and prove
 *
 * Where a skeleton has a map of global variables mapped to write, it is mapped to read from then
 * on, at the same address. Each map is asked after: a write by this very process must fail with
 * EPERM, the kernel must call the map frozen, and its flags must be what prepare asked for.
 * Frozen stays what was frozen before a failure.
 * Return: 0; -ENOENT, -EINVAL as above; -EBADF before the load; -EBUSY if somebody has the map
 * mapped to write, or a write is under way; -EOPNOTSUPP if the kernel freezes no map of this kind;
 * -EPERM if a map is not what it should be: end the load.
 */
int holdfast_object_seal(struct bpf_object *object, const struct holdfast_object_opts *opts);

/**
 * holdfast_object_pin() - pin the links and maps of opts, as NAME below pin_folder
 *
 * A dot of the name is an underscore there, as libbpf does it: the kernel lets no dots in.
 * With a guard, the folder is one of the policy's `pins:`, and what lies there is the domain's. A
 * name that is taken is not replaced: it may be somebody else's (row M21). What this call has
 * pinned is unpinned again if it fails. libbpf knows nothing of the pins.
 * Return: 0; -EEXIST if a name is taken; -ENOENT if there is no such map or folder; -EINVAL without
 * a folder, or for a name that is no file's; -EBADF before the load; -errno.
 */
int holdfast_object_pin(struct bpf_object *object, const struct holdfast_object_opts *opts);

/**
 * holdfast_version() - of the library, "0.1.0". Static.
 */
const char *holdfast_version(void);

#ifdef __cplusplus
}
#endif
