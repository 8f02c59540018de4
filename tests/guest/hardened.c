// SPDX-License-Identifier: LGPL-2.1-or-later
/* libholdfast on a kernel: what it makes of maps, and what it refuses to call hard. Prints TAP. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <errno.h>
#include <holdfast/object.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/sys/fs/bpf/hardened"
#define BOTH (HOLDFAST_MAP_RDONLY_PROG | HOLDFAST_MAP_FREEZE)

extern const char guard_object_start[], guard_object_end[];

static int failed;
static char why[HOLDFAST_ERROR_LEN];

static void result(bool good, const char *name, int got)
{
	printf("%s - %s\n", good ? "ok" : "not ok", name);
	if (!good)
		printf("# %d (%s), said: %s\n", got, strerror(abs(got)), why);
	failed |= !good;
}

static struct bpf_object *opened(void)
{
	struct bpf_object *object = bpf_object__open_mem(
		guard_object_start, (size_t)(guard_object_end - guard_object_start), NULL);

	if (!object)
		exit(2);
	return object;
}

static struct bpf_object *loaded(void)
{
	struct bpf_object *object = opened();

	if (bpf_object__load(object))
		exit(2);
	return object;
}

static struct holdfast_object_opts options(const struct holdfast_map *map)
{
	why[0] = '\0';
	return (struct holdfast_object_opts){.size = sizeof(struct holdfast_object_opts),
					     .maps = map,
					     .n_maps = 1,
					     .error = why};
}

/* The three steps with one map: what seal says in the end. */
static int hardened(struct bpf_object *object, const char *name, unsigned int flags)
{
	const struct holdfast_map map = {name, flags};
	struct holdfast_object_opts opts = options(&map);
	int r;

	r = holdfast_object_prepare(object, &opts);
	if (r)
		return r;
	if (bpf_object__load(object))
		return -ENOEXEC;
	return holdfast_object_seal(object, &opts);
}

static int map_of(struct bpf_object *object, const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static int update(int map)
{
	__u64 value[64] = {7};
	__u32 key = 0;

	return bpf_map_update_elem(map, &key, value, BPF_ANY) ? -errno : 0;
}

static void seals(const char *name)
{
	struct bpf_object *object = opened();
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	char text[96];
	int r;

	r = hardened(object, name, BOTH);
	(void)snprintf(text, sizeof(text), "%s is sealed", name);
	result(!r, text, r);
	r = update(map_of(object, name));
	(void)snprintf(text, sizeof(text), "and %s cannot be written any more", name);
	result(r == -EPERM, text, r);
	(void)bpf_obj_get_info_by_fd(map_of(object, name), &info, &size);
	(void)snprintf(text, sizeof(text), "%s is read-only to programs", name);
	result(info.map_flags & BPF_F_RDONLY_PROG, text, 0);
	bpf_object__close(object);
}

static void map_that_a_program_writes_does_not_load(void)
{
	struct bpf_object *object = opened();
	int r = hardened(object, "written", HOLDFAST_MAP_RDONLY_PROG);

	result(r == -ENOEXEC, "a program that writes a map that it shall not is refused", r);
	bpf_object__close(object);
}

static void map_that_is_only_frozen(void)
{
	struct bpf_object *object = opened();
	int r = hardened(object, "written", HOLDFAST_MAP_FREEZE);

	result(!r, "a map that its program writes can be frozen for all others", r);
	result(update(map_of(object, "written")) == -EPERM, "which they notice", 0);
	bpf_object__close(object);
}

static void types_that_cannot_be_so(void)
{
	struct bpf_object *object = opened();
	int r = hardened(object, "progs", BOTH);

	result(r == -EOPNOTSUPP && strstr(why, "progs"), "a prog array is not read-only", r);
	bpf_object__close(object);
	object = opened();
	r = hardened(object, "timers", HOLDFAST_MAP_FREEZE);
	result(r == -EOPNOTSUPP && strstr(why, "timers"), "a map with a timer is not frozen", r);
	bpf_object__close(object);
}

static void map_that_somebody_has_mapped(void)
{
	const struct holdfast_map map = {"mapped", HOLDFAST_MAP_FREEZE};
	struct holdfast_object_opts opts = options(&map);
	struct bpf_object *object = loaded();
	void *hidden =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map_of(object, "mapped"), 0);
	int r = holdfast_object_seal(object, &opts);

	result(hidden != MAP_FAILED && r == -EBUSY && strstr(why, "mapped to write"),
	       "a map that somebody has mapped to write is not sealed", r);
	munmap(hidden, 4096);
	r = holdfast_object_seal(object, &opts);
	result(!r, "and is when he has not", r);
	bpf_object__close(object);
}

/* As libbpf does it where a skeleton shows variables: over where it keeps their values. */
static void variables_of_a_skeleton(void)
{
	const struct holdfast_map map = {".data", HOLDFAST_MAP_FREEZE};
	struct holdfast_object_opts opts = options(&map);
	struct bpf_object *object = loaded();
	struct bpf_map *data = bpf_object__find_map_by_name(object, ".data");
	size_t size;
	const int *knob = bpf_map__initial_value(data, &size);
	int r;

	if (mmap((void *)knob, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 bpf_map__fd(data), 0) == MAP_FAILED)
		exit(2);
	r = holdfast_object_seal(object, &opts);
	result(!r, "variables that a skeleton has mapped to write are sealed", r);
	result(*knob == 1, "and can be read where they were", *knob);
	bpf_object__close(object);
}

static void steps_out_of_order(void)
{
	const struct holdfast_map map = {"array", BOTH};
	struct holdfast_object_opts opts = options(&map);
	struct bpf_object *object = opened();
	int r = holdfast_object_seal(object, &opts);

	result(r == -EBADF, "nothing is sealed before the load", r);
	bpf_object__close(object);
	object = loaded();
	r = holdfast_object_prepare(object, &opts);
	result(r == -EBUSY, "nothing is prepared after it", r);
	r = holdfast_object_seal(object, &opts);
	result(r == -EPERM && strstr(why, "read-only to programs"),
	       "what was not prepared is not called sealed", r);
	bpf_object__close(object);
}

static void wrong_options(void)
{
	struct holdfast_map map = {"nothing", HOLDFAST_MAP_FREEZE};
	struct holdfast_object_opts opts = options(&map);
	struct {
		struct holdfast_object_opts opts;
		int later;
	} newer = {.opts = options(&map), .later = 1};
	struct bpf_object *object = loaded();
	int r = holdfast_object_seal(object, &opts);

	result(r == -ENOENT && strstr(why, "no map nothing"), "an unknown map is an error", r);
	map = (struct holdfast_map){"array", 1u << 9};
	r = holdfast_object_seal(object, &opts);
	result(r == -EINVAL && strstr(why, "0x200"), "an unknown flag is", r);
	newer.opts.size = sizeof(newer);
	r = holdfast_object_seal(object, &newer.opts);
	result(r == -E2BIG, "an option of a later version is, if it is set", r);
	map.flags = HOLDFAST_MAP_FREEZE;
	newer.later = 0;
	r = holdfast_object_seal(object, &newer.opts);
	result(!r, "and is none if it is not", r);
	opts.size = 8;
	r = holdfast_object_seal(object, &opts);
	result(r == -EINVAL, "options of no version are", r);
	bpf_object__close(object);
}

static void pins(void)
{
	const struct holdfast_map maps[] = {{".data", 0}, {"hash", 0}};
	struct holdfast_object_opts opts = options(maps);
	struct bpf_object *object = loaded();
	int r = holdfast_object_pin(object, &opts);

	opts.n_maps = 2;
	result(r == -EINVAL, "without a folder nothing is pinned", r);
	opts.pin_folder = FOLDER;
	r = holdfast_object_pin(object, &opts);
	result(r == -ENOENT, "nor where there is none", r);
	mkdir(FOLDER, 0700);
	bpf_obj_pin(map_of(object, "written"), FOLDER "/hash");
	r = holdfast_object_pin(object, &opts);
	result(r == -EEXIST && strstr(why, "somebody else's"), "M21 a taken pin is not replaced",
	       r);
	result(access(FOLDER "/_data", F_OK) && !access(FOLDER "/hash", F_OK),
	       "and nothing of ours is left", 0);
	unlink(FOLDER "/hash");
	r = holdfast_object_pin(object, &opts);
	result(!r && !access(FOLDER "/_data", F_OK) && !access(FOLDER "/hash", F_OK),
	       "otherwise all is", r);
	bpf_object__close(object);
}

int main(void)
{
	libbpf_set_print(NULL);
	seals("array");
	seals("hash");
	seals("cpus");
	map_that_a_program_writes_does_not_load();
	map_that_is_only_frozen();
	types_that_cannot_be_so();
	map_that_somebody_has_mapped();
	variables_of_a_skeleton();
	steps_out_of_order();
	wrong_options();
	pins();
	return failed;
}
