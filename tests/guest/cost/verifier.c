// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the verifier takes for each of the guard's programs, in instructions that it has followed:
 * all that this kernel can have are loaded, those for a take-over and for signed policies too, and
 * none is attached. Judges nothing: verifier.awk does.
 *
 * usage: verifier     a line for each program: `# verifier NAME INSTRUCTIONS`
 */

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "guard/internal.h"

#define RING_SIZE 65536 /* any: what the verifier does is not about it */

static int object_load(struct bpf_object **ret_object, struct diag *reterr_diag)
{
	struct features features = {.btf = btf__parse("/sys/kernel/btf/vmlinux", NULL)};
	struct bpf_object *object;
	struct bpf_map *events;
	int r;

	object = features.btf
			 ? bpf_object__open_mem(guard_object_start,
						(size_t)(guard_object_end - guard_object_start),
						NULL)
			 : NULL;
	if (!object)
		return -errno;
	events = bpf_object__find_map_by_name(object, "events");
	r = events ? bpf_map__set_max_entries(events, RING_SIZE) : -ENOENT;
	if (!r)
		r = features_choose(&features, object, reterr_diag);
	if (!r)
		r = bpf_object__load(object);
	features_done(&features);
	*ret_object = object;
	return r;
}

static int print(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return -errno;
	/* a kernel that does not say leaves it as it was */
	if (!info.verified_insns)
		return -ENODATA;
	printf("# verifier %s %u\n", bpf_program__name(program), info.verified_insns);
	return 0;
}

int main(void)
{
	struct bpf_object *object = NULL;
	struct bpf_program *program;
	struct diag diag = {};
	int r = object_load(&object, &diag);

	if (r) {
		fprintf(stderr, "verifier: the guard's programs cannot be loaded: %s%s\n",
			r < 0 ? strerror(-r) : "", diag.text);
		return 1;
	}
	bpf_object__for_each_program(program, object) {
		if (!r && bpf_program__autoload(program))
			r = print(program);
	}
	if (r)
		fprintf(stderr, "verifier: the kernel says nothing of a program: %s\n",
			strerror(-r));
	bpf_object__close(object);
	return r != 0;
}
