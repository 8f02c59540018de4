/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A BPF object into the kernel, as hard as it can be made: verify, fill, freeze, prove, attach,
 * pin, in that order, and a failure at any step leaves nothing behind. What is to be done is found
 * out first, and can be shown without doing it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mapdata/data.h"
#include "mapdata/entries.h"
#include "object/advice.h"

struct bpf_link;
struct bpf_object;
struct diag;
struct object;
struct object_map;

#define LOADER_MAX_MAPS 512 /* each is an fd, of which a process usually has 1024 */

enum loader_error {
	_LOADER_E_SUCCESS,
	LOADER_E_REFUSED, /* by us or by the kernel; the diag says what and where */
};

struct loader_map {
	const char *name; /* borrowed from the object */
	unsigned int flags; /* HOLDFAST_MAP_* */
	bool filled; /* the text has something for it */
	const char *unfillable; /* why no text can have anything for it; NULL if one can */
	enum data_shape shape; /* of what it is filled with */
	struct data_entries entries;
	struct advice advice;
};

struct loader_link {
	const char *name; /* of its program, borrowed */
	struct bpf_link *link;
};

struct loader_table {
	const char *name; /* of its map, borrowed */
	bool linked;
	struct bpf_link *registered; /* as libbpf has it: destroyed, it takes the table out */
	int link_fd; /* of the link, where libbpf makes none; owned; or -EBADF */
};

struct loader {
	const struct object *object; /* borrowed */
	struct bpf_object *bpf;
	struct loader_map *maps; /* in the order of the object */
	size_t n_maps;
	struct loader_link *links;
	size_t n_links;
	struct loader_table *tables; /* of struct_ops; NULL before they are registered */
	size_t n_tables;
};

struct loader_request {
	const struct object *object; /* as object_read() gave it; borrowed as long as the loader */
	const char *path; /* of the file, for errors; borrowed */
	struct data_file *contents; /* of maps, which may be read again; NULL: none */
};

/**
 * loader_plan() - what will be done with each map, and the bytes to fill it with
 * @ret_loader:  release with loader_free()
 * @reterr_diag: filled on LOADER_E_REFUSED; or NULL
 *
 * A map is frozen if the text fills it, if the object says what is in its slots, or if it holds
 * variables that no program writes; and made read-only to programs if none writes it. Neither is
 * done where the kernel does not do it. An object with more than LOADER_MAX_MAPS is refused.
 * Return: 0; LOADER_E_REFUSED; -ENOMEM.
 */
int loader_plan(const struct loader_request *request, struct loader **ret_loader,
		struct diag *reterr_diag);

/**
 * loader_run() - do it, once
 * @pin_folder: in a bpffs, and there; NULL: all of it ends with the loader
 *
 * Programs that libbpf does not know where to attach (XDP, say) are loaded and not attached. Tables
 * of struct_ops are registered; one that has no link (tables.h) stays so if there is a @pin_folder.
 * Return: 0; LOADER_E_REFUSED, and nothing is attached or pinned; -ENOMEM.
 */
int loader_run(struct loader *loader, const char *pin_folder, struct diag *reterr_diag);

/* table_is_linked() - is a map of struct_ops one to be held by a link? */
bool table_is_linked(const struct object_map *map);

/**
 * loader_free() - release it; what is not pinned is detached and gone
 * Return: NULL. NULL is accepted.
 */
struct loader *loader_free(struct loader *loader);

static inline void loader_freep(struct loader **loader)
{
	(void)loader_free(*loader);
}
