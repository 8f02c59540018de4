// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Drives whole families of probes through one phase and prints TAP: what the kernel answered, what
 * the victim says of itself afterwards, and what the guard has logged, held against what the phase
 * should show. Puts right what a probe has broken, so that no row leans on the one before it.
 *
 *   none, down   0, and the victim is harmed: the probe works
 *   observe      0, and the row's events, observed
 *   enforce      1, the victim is unharmed, the row's events, refused; a neighbour still passes
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../victim.h"

/* <sys/mount.h> and <linux/mount.h> do not go together in this glibc. */
int mount(const char *, const char *, const char *, unsigned long, const void *);
int umount2(const char *, int);
#define MNT_DETACH 2

#define NEIGHBOUR "neighbour"
#define EVENTS "/var/lib/holdfast/events.jsonl"
#define BPFFS "/sys/fs/bpf"
#define OUTCOMES_MAX 512
#define ROWS_MAX 128
#define PATIENCE_SECONDS 20
#define PROBE_SECONDS 20

enum phase { PHASE_NONE, PHASE_OBSERVE, PHASE_ENFORCE, PHASE_DOWN, _PHASE_MAX };

static const char *const phase_names[] = {"none", "observe", "enforce", "down"};

/* One probe that ran. */
struct outcome {
	const struct technique *technique;
	pid_t pid;
	int code; /* enum probe_exit, or 128 + signal */
	bool neighbour;
	bool harmed; /* the target says so */
	char rows[ROWS_MAX]; /* of its events, as logged */
};

struct drive {
	enum phase phase;
	struct outcome outcomes[OUTCOMES_MAX];
	size_t n;
	long log_start; /* of the log, when we began */
	int sys, bpffs; /* detached copies, to put back what a probe takes off */
	dev_t device; /* of the bpffs */
	int failed;
	bool lost; /* what the next rows need */
};

static void pause_briefly(void)
{
	const struct timespec pause = {.tv_nsec = 10000000L};

	nanosleep(&pause, NULL);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- mounts, there and back */

static int copy_tree(const char *path, unsigned int flags)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};
	int fd;

	fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			  OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
	if (fd >= 0)
		syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr));
	return fd;
}

static void mounts_keep(struct drive *d)
{
	struct stat st;

	d->device = stat(BPFFS, &st) == 0 ? st.st_dev : 0;
	d->sys = copy_tree("/sys", AT_RECURSIVE);
	d->bpffs = copy_tree(BPFFS, 0);
}

static void put_back(int fd, const char *path)
{
	syscall(SYS_move_mount, fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

static bool is_sysfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == SYSFS_MAGIC;
}

static bool is_our_bpffs(const struct drive *d)
{
	struct stat st;

	return stat(BPFFS, &st) == 0 && st.st_dev == d->device;
}

/* Marks of the guard's are on mounts and folders, and some of those are new now. */
static void places_show(const struct drive *d)
{
	const char *reload = getenv("PROBE_RELOAD");

	if (d->phase == PHASE_OBSERVE && reload && system(reload) != 0)
		printf("# the policy could not be loaded again\n");
}

static void mounts_restore(struct drive *d)
{
	struct stat st;
	char path[128];

	(void)umount2("/mnt/own", MNT_DETACH);
	(void)umount2("/mnt/moved", MNT_DETACH);
	(void)rmdir("/sys.other");
	(void)mkdir("/sys", 0755);
	for (int i = 0; i < 4 && !is_sysfs("/sys") && umount2("/sys", MNT_DETACH) == 0; i++)
		;
	if (!is_sysfs("/sys"))
		put_back(d->sys, "/sys");
	for (int i = 0; i < 4 && !is_sysfs("/sys/fs") && umount2("/sys/fs", MNT_DETACH) == 0; i++)
		;
	for (int i = 0; i < 4 && !is_our_bpffs(d) && umount2(BPFFS, MNT_DETACH) == 0; i++)
		;
	if (!is_our_bpffs(d))
		put_back(d->bpffs, BPFFS);
	snprintf(path, sizeof(path), BPFFS "/" VICTIM_NAME);
	while (stat(path, &st) == 0 && st.st_dev != d->device && umount2(path, MNT_DETACH) == 0)
		;
	(void)mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
	close(d->sys);
	close(d->bpffs);
	if (!is_sysfs("/sys") || !is_our_bpffs(d)) {
		d->lost = true;
		printf("# the mounts could not be put back\n");
	}
	places_show(d);
}

/* What probes leave in folders of their own. */
static void folders_clean(void)
{
	static const char *const names[] = {"/sys/fs/bpf/probe/map", "/sys/fs/bpf/probe/second",
					    "/sys/fs/bpf/probe/stolen", "/sys/fs/bpf/probe"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (unlink(names[i]) < 0)
			(void)rmdir(names[i]);
}

/* ---- targets */

static int spawn_target(const char *name)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "guest-ctl spawn system.slice/%s.service /opt/tests/victim %s >/dev/null", name,
		 name);
	return system(command) == 0 ? 0 : -EIO;
}

static int load_patiently(const char *name, struct target *target)
{
	double deadline = now() + PATIENCE_SECONDS;
	int r;

	while ((r = target_load(name, target)) < 0 && now() < deadline)
		pause_briefly();
	return r;
}

/* Healthy again, whatever happened to it. Without it no later row would mean anything. */
static void target_heal(const char *name)
{
	double deadline = now() + PATIENCE_SECONDS;
	struct target target;
	char reply[64];

	if (target_ask(name, "reset", reply, sizeof(reply)) == 0 && strcmp(reply, "0") == 0)
		return;
	/* it may be half dead: the socket's name must be free */
	while (target_ask(name, "quit", reply, sizeof(reply)) != -ECONNREFUSED && now() < deadline)
		pause_briefly();
	if (spawn_target(name) == 0 && load_patiently(name, &target) == 0)
		return;
	printf("Bail out! %s cannot be brought back\n", name);
	exit(1);
}

/* ---- one probe */

static int child_code(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return 255;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static struct outcome *probe(struct drive *d, const struct technique *technique,
			     int (*run)(const struct target *), const struct target *target)
{
	struct outcome *outcome = &d->outcomes[d->n];

	if (d->n < OUTCOMES_MAX - 1)
		d->n++;
	outcome->technique = technique;
	fflush(stdout);
	outcome->pid = fork();
	if (outcome->pid == 0) {
		alarm(PROBE_SECONDS);
		_exit(exit_of(technique, run(target)));
	}
	outcome->code = child_code(outcome->pid);
	return outcome;
}

static bool daemon_answers(void)
{
	return system("holdfast guard status >/dev/null 2>&1") == 0;
}

static void wait_for_daemon(void)
{
	double deadline = now() + PATIENCE_SECONDS;

	while (!daemon_answers() && now() < deadline)
		pause_briefly();
}

static void attack(struct drive *d, const struct technique *technique)
{
	bool self = technique->flags & SELF, mounts = technique->flags & MOUNTS;
	struct target before = {.name = VICTIM_NAME}, after = {.name = VICTIM_NAME};
	struct outcome *outcome;

	if (!self && load_patiently(VICTIM_NAME, &before) < 0) {
		printf("# the victim does not answer before %s\n", technique->verb);
		target_heal(VICTIM_NAME);
	}
	if (mounts)
		mounts_keep(d);
	outcome = probe(d, technique, technique->run, &before);
	if (!self) {
		outcome->harmed = target_load(VICTIM_NAME, &after) < 0 ||
				  strcmp(before.state, after.state) != 0;
		if (outcome->harmed && d->phase == PHASE_ENFORCE)
			printf("# %s: before %s\n# %s: after  %s\n", technique->verb, before.state,
			       technique->verb, after.state);
	}
	if (mounts)
		mounts_restore(d);
	folders_clean();
	if (outcome->harmed && !mounts)
		target_heal(VICTIM_NAME);
	if (technique->flags & KILLS && outcome->code == PROBE_ALLOWED)
		wait_for_daemon();
}

static void neighbour(struct drive *d, const struct technique *technique)
{
	struct target target = {.name = technique->neighbour ? VICTIM_NAME : NEIGHBOUR}, after;
	struct outcome *outcome;
	bool mounts = technique->flags & MOUNTS;

	if (technique->flags & LONELY)
		return;
	if (!(technique->flags & SELF) && load_patiently(target.name, &target) < 0)
		printf("# %s does not answer before %s\n", target.name, technique->verb);
	if (mounts)
		mounts_keep(d);
	outcome = probe(d, technique, technique->neighbour ? technique->neighbour : technique->run,
			&target);
	outcome->neighbour = true;
	if (mounts)
		mounts_restore(d);
	folders_clean();
	if (!technique->neighbour &&
	    (target_load(NEIGHBOUR, &after) < 0 || strcmp(target.state, after.state) != 0))
		target_heal(NEIGHBOUR);
}

/* ---- the log */

static char *log_read(const struct drive *d)
{
	FILE *file = fopen(EVENTS, "re");
	char *text = NULL;
	size_t size = 0, length = 0;

	if (!file)
		return NULL;
	fseek(file, d->log_start, SEEK_SET);
	for (;;) {
		if (size - length < 65536) {
			size += 1 << 20;
			text = realloc(text, size);
			if (!text)
				abort();
		}
		size_t n = fread(text + length, 1, size - length - 1, file);

		if (n == 0)
			break;
		length += n;
	}
	text[length] = '\0';
	fclose(file);
	return text;
}

static long log_size(void)
{
	struct stat st;

	return stat(EVENTS, &st) == 0 ? (long)st.st_size : 0;
}

static bool line_field(const char *line, const char *key, char *value, size_t size)
{
	const char *p = strstr(line, key);
	size_t n;

	if (!p)
		return false;
	p += strlen(key);
	n = strcspn(p, ",}\"");
	snprintf(value, size, "%.*s", (int)n, p);
	return true;
}

static struct outcome *outcome_of(struct drive *d, pid_t pid)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->outcomes[i].pid == pid)
			return &d->outcomes[i];
	return NULL;
}

/* Gives each event to the probe that caused it. */
static void log_assign(struct drive *d, char *text)
{
	const char *wanted = d->phase == PHASE_ENFORCE ? "refused" : "observed";
	char verdict[16], pid[16], row[16];
	struct outcome *outcome;

	for (char *line; (line = strsep(&text, "\n"));) {
		if (!line_field(line, "\"verdict\":\"", verdict, sizeof(verdict)) ||
		    !line_field(line, "\"tgid\":", pid, sizeof(pid)) ||
		    !line_field(line, "\"row\":\"", row, sizeof(row)))
			continue;
		outcome = outcome_of(d, (pid_t)atoi(pid));
		if (!outcome || strcmp(verdict, "noted") == 0)
			continue;
		if (strcmp(verdict, wanted) != 0)
			snprintf(row + strlen(row), sizeof(row) - strlen(row), "(%.8s)", verdict);
		if (strlen(outcome->rows) + strlen(row) + 2 < sizeof(outcome->rows))
			sprintf(outcome->rows + strlen(outcome->rows), "%s%s",
				outcome->rows[0] ? " " : "", row);
	}
}

/* An act whose event comes after all others: when it is in the log, so are they. */
static void log_collect(struct drive *d)
{
	struct target target = {.name = VICTIM_NAME};
	double deadline = now() + PATIENCE_SECONDS;
	struct outcome *fence;
	char key[32];

	if (load_patiently(VICTIM_NAME, &target) < 0)
		printf("# the victim does not answer\n");
	fence = probe(d, technique_find("map-read"), technique_find("map-read")->run, &target);
	d->n--;
	snprintf(key, sizeof(key), "\"tgid\":%d,", fence->pid);
	for (;;) {
		char *text = log_read(d);

		if (text && strstr(text, key)) {
			log_assign(d, text);
			free(text);
			return;
		}
		free(text);
		if (now() > deadline) {
			printf("not ok - the last event is in the log within %d seconds\n",
			       PATIENCE_SECONDS);
			d->failed = 1;
			return;
		}
		pause_briefly();
	}
}

/* ---- judgement */

static bool events_fit(const struct outcome *outcome, const char *expected)
{
	const char *id = outcome->technique->id;

	if (outcome->neighbour)
		return outcome->rows[0] == '\0';
	return strcmp(expected, "*") == 0 ? strstr(outcome->rows, id) || outcome->rows[0] != '\0'
					  : strcmp(expected, outcome->rows) == 0;
}

static void say_wrong(const struct outcome *outcome, int code, const char *expected)
{
	static const char *const words[] = {"went through", "was denied", "could not be attempted",
					    "failed with another errno"};

	if (outcome->code != code) {
		if (outcome->code <= PROBE_OTHERWISE)
			printf("# the act %s\n", words[outcome->code]);
		else
			printf("# the probe ended with %d\n", outcome->code);
	}
	if (expected && !events_fit(outcome, expected))
		printf("# events: '%s', expected '%s'\n", outcome->rows,
		       outcome->neighbour ? "" : expected);
}

static void judge(struct drive *d, const struct outcome *outcome)
{
	static const char *const claims[] = {"succeeds without a guard", "is observed",
					     "is refused in enforce", "succeeds after guard down"};
	const struct technique *t = outcome->technique;
	bool enforce = d->phase == PHASE_ENFORCE, logged = enforce || d->phase == PHASE_OBSERVE;
	const char *expected = !enforce && t->observed ? t->observed : t->rows;
	int code = enforce && !outcome->neighbour ? PROBE_DENIED : PROBE_ALLOWED;
	bool harm = !enforce && !(t->flags & SILENT), ok;

	ok = outcome->code == code && (!logged || events_fit(outcome, expected)) &&
	     (outcome->neighbour || outcome->harmed == harm);
	if (outcome->neighbour)
		printf("%s - %s neighbour passes in enforce: %s (beside %s)\n",
		       ok ? "ok" : "not ok", t->id,
		       t->neighbour_what ? t->neighbour_what : "the same on a stranger's own",
		       t->what);
	else
		printf("%s - %s %s: %s\n", ok ? "ok" : "not ok", t->id, claims[d->phase], t->what);
	if (ok)
		return;
	d->failed = 1;
	printf("# %s\n", t->verb);
	say_wrong(outcome, code, logged ? expected : NULL);
	if (!outcome->neighbour && outcome->harmed != harm)
		printf("# the victim is %s\n", outcome->harmed ? "harmed" : "as it was");
}

static bool locked_down(void)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");
	char line[64] = "";

	if (!file)
		return false;
	(void)!fgets(line, sizeof(line), file);
	fclose(file);
	return !strstr(line, "[none]");
}

static bool chosen(const struct technique *technique, enum phase phase, int argc, char **argv)
{
	bool up = phase == PHASE_OBSERVE || phase == PHASE_ENFORCE;

	if (technique->flags & SELF && !up)
		return false;
	if (technique->flags & UNLOCKED && locked_down())
		return false;
	if (argc == 0)
		return true;
	for (int i = 0; i < argc; i++)
		if (strncmp(technique->verb, argv[i], strlen(argv[i])) == 0)
			return true;
	return false;
}

int drive_main(int argc, char **argv)
{
	static struct drive d;
	const struct technique *technique;

	for (d.phase = 0; d.phase < _PHASE_MAX; d.phase++)
		if (strcmp(argv[0], phase_names[d.phase]) == 0)
			break;
	if (d.phase == _PHASE_MAX)
		return PROBE_IMPOSSIBLE;

	d.log_start = log_size();
	for (size_t i = 0; !d.lost && (technique = technique_each(i)); i++) {
		if (!chosen(technique, d.phase, argc - 1, argv + 1))
			continue;
		attack(&d, technique);
		if (d.phase == PHASE_ENFORCE && !d.lost)
			neighbour(&d, technique);
	}
	if (d.phase == PHASE_OBSERVE || d.phase == PHASE_ENFORCE)
		log_collect(&d);
	for (size_t i = 0; i < d.n; i++)
		judge(&d, &d.outcomes[i]);
	if (d.lost)
		printf("Bail out! the mounts could not be put back\n");
	return d.failed;
}
