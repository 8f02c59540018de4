// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From the object file to a guard that enforces: load, claim, attach, label, pin, adopt, freeze,
 * arm, prove. Up to the end nothing is left behind by a failure: the pins are removed and the links
 * with them.
 */

#include "guard/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/halt.h"
#include "guard/pins.h"
#include "guard/succession.h"
#include "guard/trust.h"

#define LINKS_MAX 96

struct loader {
	struct features features;
	struct bpf_object *object;
	struct bpf_link *links[LINKS_MAX];
	const char *names[LINKS_MAX];
	size_t n_links;
	int control;
	int hold; /* link that the keyring of trusted keys lives by; -EBADF: there is none */
	bool signs; /* images must be signed */
	const char *pins; /* folder of its own */
	const struct former *former; /* the guard that it takes over from; NULL: none */
	uint32_t wants; /* wants_of() the image that comes into force first */
	bool pinned;
};

static void loader_done(struct loader *loader)
{
	if (loader->pinned)
		(void)pins_remove(loader->pins);
	for (size_t i = 0; i < loader->n_links; i++)
		(void)bpf_link__destroy(loader->links[i]);
	closep(&loader->hold);
	bpf_object__close(loader->object);
	features_done(&loader->features);
}

static int object_open(struct loader *loader, const struct image_header *image)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "holdfast");
	struct bpf_map *map;

	loader->object = bpf_object__open_mem(
		guard_object_start, (size_t)(guard_object_end - guard_object_start), &opts);
	if (!loader->object)
		return -errno;
	map = bpf_object__find_map_by_name(loader->object, "events");
	if (!map)
		return -ENOENT;
	return bpf_map__set_max_entries(map, image->ring_kib * 1024);
}

static int object_load(struct loader *loader, const struct image_header *image,
		       struct diag *reterr_diag)
{
	struct bpf_program *program;
	int r;

	r = object_open(loader, image);
	if (r < 0)
		return r;
	r = features_choose(&loader->features, loader->object, reterr_diag);
	if (r)
		return r;
	r = succession_choose(loader->object, loader->former);
	if (r < 0)
		return r;
	r = trust_choose(loader->object, loader->signs);
	if (r < 0)
		return r;
	r = bpf_object__load(loader->object);
	if (r < 0)
		return r;
	program = bpf_object__find_program_by_name(loader->object, "control");
	if (!program)
		return -ENOENT;
	loader->control = bpf_program__fd(program);
	return 0;
}

static int program_fd(const struct loader *loader, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(loader->object, name);

	return program ? bpf_program__fd(program) : -ENOENT;
}

/* Loaded, and to be attached when a policy needs it. */
static bool spare(const struct loader *loader, const struct bpf_program *program)
{
	return !wants_program(loader->wants, bpf_program__name(program));
}

/* The first image: before anything is attached. */
static int image_put(struct loader *loader, const struct guard_policy *policy,
		     struct diag *reterr_diag)
{
	int judge = -EBADF, r = 0;

	/* one that takes over has the image that was judged before it came */
	if (loader->signs && !loader->former) {
		judge = program_fd(loader, "trust_judge");
		r = trust_anchor(loader->object, loader->control, policy, &loader->hold,
				 reterr_diag);
	}
	if (!r)
		r = trust_offer(loader->control, judge, policy, reterr_diag);
	return r ? r : trust_force(loader->control);
}

static int object_claim(struct loader *loader, const struct guard_policy *policy,
			struct diag *reterr_diag)
{
	struct guard_build build;
	int r;

	r = build_identify(&build);
	if (r < 0)
		return r;
	r = program_lines(loader->object, "prepare_self", NULL, NULL);
	if (r < 0)
		return r;
	r = control_op(loader->control, CONTROL_CLAIM, loader->former != NULL, 0, 0);
	if (r < 0)
		return r;
	r = control_put(loader->control, CONTROL_BUILD, &build, sizeof(build));
	return r ?: image_put(loader, policy, reterr_diag);
}

static bool attaches(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return bpf_program__autoload(program) && !trust_program(bpf_program__name(program)) &&
	       (!strncmp(section, "lsm", 3) || !strncmp(section, "fentry", 6) ||
		!strncmp(section, "fexit", 5) || !strncmp(section, "fmod_ret", 8) ||
		!strncmp(section, "tp_btf", 6) || !strncmp(section, "iter/", 5));
}

static int link_keep(struct loader *loader, struct bpf_program *program, struct bpf_link *link)
{
	if (!link)
		return -errno;
	loader->links[loader->n_links] = link;
	loader->names[loader->n_links++] = bpf_program__name(program);
	return 0;
}

/* What does not hang on ftrace; first, so that it is there when the rest is. */
static int cgroup_attach(struct loader *loader)
{
	_cleanup_close_ int root = cgroup_root_open();
	struct bpf_program *program;
	int r;

	if (root < 0)
		return 0;
	bpf_object__for_each_program(program, loader->object) {
		if (strncmp(bpf_program__section_name(program), "cgroup/", 7) != 0)
			continue;
		r = link_keep(loader, program, bpf_program__attach_cgroup(program, root));
		if (r < 0)
			return r;
	}
	return 0;
}

static int object_attach(struct loader *loader)
{
	struct bpf_program *program;
	int r;

	r = cgroup_attach(loader);
	if (r < 0)
		return r;
	bpf_object__for_each_program(program, loader->object) {
		if (!attaches(program) || spare(loader, program))
			continue;
		if (loader->n_links == LINKS_MAX)
			return -E2BIG;
		r = link_keep(loader, program, bpf_program__attach(program));
		if (r < 0)
			return r;
	}
	return 0;
}

/* What the guard before keeps for domains, this one keeps as well. */
static int kept_take(struct loader *loader)
{
	_cleanup_closedir_ DIR *dir = loader->former ? opendir(GUARD_PIN_KEPT) : NULL;
	struct dirent *entry;

	/* a build that kept nothing has no such folder */
	while (dir && (entry = readdir(dir))) {
		_cleanup_close_ int fd = -EBADF;
		char path[128];

		if (entry->d_name[0] == '.')
			continue;
		fd = kept_open(GUARD_PIN_KEPT, entry->d_name);
		/* what its domain does not hold any more, or not now, is not to be had */
		if (fd < 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/kept/%.64s", loader->pins, entry->d_name);
		if (bpf_obj_pin(fd, path))
			return -errno;
	}
	return 0;
}

/* The keyring's link is not of the object: a guard that takes over has that of the one before. */
static int trust_pin(struct loader *loader)
{
	char path[128];

	if (loader->former)
		loader->hold = bpf_obj_get(GUARD_PIN_LINKS "/trust_hold");
	if (loader->hold < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "%s/links/trust_hold", loader->pins);
	if (bpf_obj_pin(loader->hold, path))
		return -errno;
	(void)snprintf(path, sizeof(path), "%s/progs/trust_judge", loader->pins);
	return bpf_obj_pin(program_fd(loader, "trust_judge"), path) ? -errno : 0;
}

static int spares_pin(struct loader *loader)
{
	struct bpf_program *program;
	char path[128];

	bpf_object__for_each_program(program, loader->object) {
		if (!attaches(program) || !spare(loader, program))
			continue;
		(void)snprintf(path, sizeof(path), "%s/progs/%s", loader->pins,
			       bpf_program__name(program));
		if (bpf_obj_pin(bpf_program__fd(program), path))
			return -errno;
	}
	return 0;
}

static int object_pin(struct loader *loader)
{
	char path[128];
	int r;

	r = pins_make(loader->pins);
	if (r < 0)
		return r;
	loader->pinned = true;
	for (size_t i = 0; i < loader->n_links; i++) {
		if (succession_program(loader->names[i]))
			continue;
		(void)snprintf(path, sizeof(path), "%s/links/%s", loader->pins, loader->names[i]);
		if (bpf_obj_pin(bpf_link__fd(loader->links[i]), path))
			return -errno;
	}
	for (int i = 0; i < _GUARD_MAP_MAX; i++) {
		int fd = bpf_object__find_map_fd_by_name(loader->object, guard_map_names[i]);

		(void)snprintf(path, sizeof(path), "%s/maps/%s", loader->pins, guard_map_names[i]);
		if (fd < 0 || bpf_obj_pin(fd, path))
			return fd < 0 ? fd : -errno;
	}
	(void)snprintf(path, sizeof(path), "%s/progs/control", loader->pins);
	if (bpf_obj_pin(loader->control, path))
		return -errno;
	r = spares_pin(loader);
	if (r < 0)
		return r;
	r = loader->signs ? trust_pin(loader) : 0;
	return r ?: kept_take(loader);
}

/*
 * Programs keep writing a frozen map, the syscall side never again, on no fd. The ring cannot be:
 * its consumer writes its position; its fd is refused to strangers like the others.
 */
static int object_freeze(struct loader *loader)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, loader->object) {
		/* without an fd: for a take-over only; with another's: frozen long since */
		if (bpf_map__is_internal(map) || bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF ||
		    bpf_map__fd(map) < 0 || succession_map(loader->former, map))
			continue;
		if (bpf_map_freeze(bpf_map__fd(map)))
			return -errno;
	}
	return 0;
}

/* Has the kernel hashed what the canary has mapped? */
static bool hashes(struct loader *loader)
{
	int fd = bpf_object__find_map_fd_by_name(loader->object, "state");
	struct guard_state state;
	__u32 zero = 0;

	return !bpf_map_lookup_elem(fd, &zero, &state) && state.ima;
}

/* Attached, and its image in force: label and pin what is the guard's own. */
static int settle(struct loader *loader, struct diag *reterr_diag)
{
	int r;

	r = object_attach(loader);
	if (r)
		return r;
	r = known_learn(loader->control, &loader->features, loader->object, reterr_diag);
	if (r)
		return r;
	r = labels_seed(loader->control, loader->object, loader->links, loader->n_links);
	if (r)
		return r;
	return object_pin(loader);
}

static int prepare(struct loader *loader, const struct guard_policy *policy,
		   struct diag *reterr_diag)
{
	int r;

	loader->wants = wants_of(policy->image);
	r = object_load(loader, policy->image, reterr_diag);
	if (r)
		return r;
	r = known_fill(&loader->features, loader->object);
	if (r)
		return r;
	r = object_claim(loader, policy, reterr_diag);
	if (r)
		return r;
	return settle(loader, reterr_diag);
}

static int prove(struct loader *loader, struct diag *reterr_diag)
{
	struct guard_proof proof;
	int r;

	r = object_freeze(loader);
	if (r)
		return r;
	r = control_op(loader->control, CONTROL_ARM, 0, 0, 0);
	if (r)
		return r;
	return proof_run(loader->control, bpf_object__find_map_fd_by_name(loader->object, "state"),
			 loader->wants, &proof, reterr_diag);
}

/* The guard is attached, pinned and its image in force: adopt, arm, prove. */
static int arm(struct loader *loader, struct adoption_run *adoption, struct diag *reterr_diag)
{
	int r;

	adopt_prepare(adoption);
	adopt_run(adoption);
	r = prove(loader, reterr_diag);
	if (r)
		return r;
	adopt_finish(adoption);
	return 0;
}

static int steps(struct loader *loader, const struct guard_policy *policy,
		 struct guard_adoption *ret_adoption, struct diag *reterr_diag)
{
	struct adoption_run adoption = {.image = policy->image, .report = ret_adoption};
	int r;

	r = features_probe(&loader->features, reterr_diag);
	if (r)
		return r;
	r = pins_absent(reterr_diag);
	if (r)
		return r;
	r = prepare(loader, policy, reterr_diag);
	if (r)
		return r;
	r = places_mark(loader->control, policy->image, reterr_diag);
	if (r)
		return r;
	adoption.control = loader->control;
	r = arm(loader, &adoption, reterr_diag);
	if (r)
		return r;
	return hashes(loader) ? 0 : files_measure(loader->control, policy->image);
}

int guard_load(const struct guard_policy *policy, struct guard_adoption *ret_adoption,
	       struct diag *reterr_diag)
{
	_cleanup_(loader_done) struct loader loader = {
		.control = -EBADF,
		.hold = -EBADF,
		.signs = policy->certificate_size,
		.pins = GUARD_PIN_DIR,
	};
	int r;

	r = steps(&loader, policy, ret_adoption, reterr_diag);
	if (r)
		return r;
	loader.pinned = false;
	return 0;
}

/* The guard before stays in force up to the exchange, and this one refuses for its canary only. */
static int succession_steps(struct loader *loader, struct diag *reterr_diag)
{
	_cleanup_free_ void *image = NULL;
	struct guard_policy policy = {};
	int r;

	r = former_image(loader->former, &image, &policy.size, reterr_diag);
	if (r)
		return r;
	policy.image = image;
	r = features_probe(&loader->features, reterr_diag);
	if (r)
		return r;
	r = prepare(loader, &policy, reterr_diag);
	if (r)
		return r;
	halt("pinned");
	r = succession_take(loader->former, loader->object, loader->control);
	if (r)
		return r;
	r = prove(loader, reterr_diag);
	if (r)
		return r;
	r = hashes(loader) ? 0 : files_measure(loader->control, image);
	if (r)
		return r;
	/* once more: what was under way when this guard was attached is over by now */
	r = succession_tasks(loader->object);
	if (r)
		return r;
	halt("proven");
	r = pins_exchange();
	halt("exchanged");
	return r;
}

int guard_load_beside(const struct former *former, struct diag *reterr_diag)
{
	_cleanup_(loader_done) struct loader loader = {
		.control = -EBADF,
		.hold = -EBADF,
		.signs = former_signs(former),
		.pins = GUARD_PIN_NEXT,
		.former = former,
	};
	int r;

	r = succession_steps(&loader, reterr_diag);
	if (r)
		return r;
	loader.pinned = false;
	return 0;
}
