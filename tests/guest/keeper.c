// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An agent that pins nothing: two links (one of them where there is room for one only), a prog
 * array and a timer, which hang on its fds. keeper FOLDER: in it, `ready` is there once all of it
 * works. What it is asked for by files there: `many`, links at moments that nobody chooses, and
 * `made` is there then; `close`, the first link's fd, which is pinned before; `unpin`, that pin as
 * well; `die`, to end without a word.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define INTERFACE "keeper"
#define MANY 400
#define PIN "/sys/fs/bpf/keeper"

extern const char guard_object_start[], guard_object_end[];

static const char *folder;

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(2);
}

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static struct bpf_program *program(struct bpf_object *object, const char *name)
{
	struct bpf_program *found = bpf_object__find_program_by_name(object, name);

	if (!found)
		die(name);
	return found;
}

/* A second fd, which is closed again: it is not the last. */
static void reopen(int map)
{
	struct bpf_map_info info = {};
	unsigned int size = sizeof(info);
	int second;

	if (bpf_obj_get_info_by_fd(map, &info, &size))
		die("info");
	second = bpf_map_get_fd_by_id(info.id);
	if (second < 0)
		die("second fd");
	close(second);
}

static struct bpf_object *load(void)
{
	struct bpf_object *object = bpf_object__open_mem(
		guard_object_start, (size_t)(guard_object_end - guard_object_start), NULL);
	unsigned int zero = 0;
	int stage;

	if (!object || bpf_object__load(object))
		die("load");
	stage = bpf_program__fd(program(object, "keeper_stage"));
	if (bpf_map__update_elem(bpf_object__find_map_by_name(object, "stages"), &zero,
				 sizeof(zero), &stage, sizeof(stage), BPF_ANY))
		die("prog array");
	reopen(bpf_object__find_map_fd_by_name(object, "stages"));
	return object;
}

static struct bpf_link *attach(struct bpf_object *object)
{
	int root = open(CGROUP_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC), raw;
	struct bpf_link *link = bpf_program__attach_cgroup(program(object, "keeper_gate"), root);

	if (!link)
		die("link at the control group");
	if (!bpf_program__attach_xdp(program(object, "keeper_xdp"), (int)if_nametoindex(INTERFACE)))
		die("link at the interface");
	raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 200);
	if (raw < 0)
		die("timer");
	close(raw);
	close(root);
	return link;
}

static void say(const char *name)
{
	int fd = open(path_of(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		die(name);
	close(fd);
}

/* The timer that wakes it interrupts whatever runs. The links stay open. */
static void make_many(struct bpf_program *list)
{
	const struct sched_param urgent = {.sched_priority = 50}, ordinary = {};

	if (sched_setscheduler(0, SCHED_FIFO, &urgent))
		die("scheduler");
	for (int i = 0; i < MANY; i++) {
		const struct timespec pause = {.tv_nsec = 1000000 + i * 1000};

		(void)nanosleep(&pause, NULL);
		if (bpf_link_create(bpf_program__fd(list), 0, BPF_TRACE_ITER, NULL) < 0)
			die("many");
	}
	if (sched_setscheduler(0, SCHED_OTHER, &ordinary))
		die("scheduler");
	say("made");
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_link *link;

	if (argc != 2)
		return 2;
	folder = argv[1];
	object = load();
	link = attach(object);
	say("ready");
	for (;;) {
		(void)poll(NULL, 0, 50);
		if (!access(path_of("many"), F_OK) && access(path_of("made"), F_OK))
			make_many(program(object, "keeper_list"));
		if (link && !access(path_of("close"), F_OK)) {
			if (bpf_link__pin(link, PIN))
				die("pin");
			(void)bpf_link__destroy(link);
			link = NULL;
		}
		if (!link && !access(path_of("unpin"), F_OK))
			(void)unlink(PIN);
		if (!access(path_of("die"), F_OK))
			abort();
	}
}
