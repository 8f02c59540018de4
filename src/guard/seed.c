// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Labels for the guard's own maps, programs and links. They are older than its hooks: their ids are
 * named, iterators in the kernel find the addresses.
 */

#include "guard/internal.h"

#include <errno.h>

#include <bpf/bpf.h>

static int seed_one(int control, uint32_t kind, uint32_t id)
{
	return control_op(control, CONTROL_SEED, kind, id, DOMAIN_SELF);
}

static int seed_fd(int control, uint32_t kind, int fd)
{
	struct bpf_link_info link = {};
	struct bpf_prog_info prog = {};
	struct bpf_map_info map = {};
	__u32 size;

	if (fd < 0)
		return 0;
	switch (kind) {
	case EVENT_OBJECT_MAP:
		size = sizeof(map);
		if (bpf_obj_get_info_by_fd(fd, &map, &size))
			return -errno;
		return seed_one(control, kind, map.id);
	case EVENT_OBJECT_PROG:
		size = sizeof(prog);
		if (bpf_obj_get_info_by_fd(fd, &prog, &size))
			return -errno;
		return seed_one(control, kind, prog.id);
	case EVENT_OBJECT_LINK:
		size = sizeof(link);
		if (bpf_obj_get_info_by_fd(fd, &link, &size))
			return -errno;
		return seed_one(control, kind, link.id);
	}
	return -EINVAL;
}

static int seeds_name(int control, struct bpf_object *object, struct bpf_link **links,
		      size_t n_links)
{
	struct bpf_program *program;
	struct bpf_map *map;
	int r = 0;

	bpf_object__for_each_map(map, object) {
		r = seed_fd(control, EVENT_OBJECT_MAP, bpf_map__fd(map));
		if (r < 0)
			return r;
	}
	bpf_object__for_each_program(program, object) {
		r = seed_fd(control, EVENT_OBJECT_PROG, bpf_program__fd(program));
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n_links && !r; i++)
		r = links[i] ? seed_fd(control, EVENT_OBJECT_LINK, bpf_link__fd(links[i])) : 0;
	return r;
}

int labels_seed(int control, struct bpf_object *object, struct bpf_link **links, size_t n_links)
{
	static const char *const iterators[] = {"seed_maps", "seed_progs", "seed_links"};
	int r;

	r = seeds_name(control, object, links, n_links);
	for (size_t i = 0; i < 3 && !r; i++)
		r = program_lines(object, iterators[i], NULL, NULL);
	return r;
}
