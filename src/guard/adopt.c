// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Processes that were there before the guard and look like a policy's. What their files are by
 * content is found out here: they are sealed, so that nobody writes them, and measured. Whether
 * they are adopted is for the guard's iterators to say (adoption.bpf.c), pass by pass, until one
 * changes nothing.
 */

#include "guard/internal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "policy/image-check.h"

#define PASSES_MAX 16
#define LINE_MAX_LEN 512

/* Reading an iterator to its end is what runs it. */
static int lines_read(int link, void (*fn)(void *userdata, const char *line), void *userdata)
{
	_cleanup_close_ int fd = bpf_iter_create(link);
	char buffer[LINE_MAX_LEN];
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buffer + used, sizeof(buffer) - 1 - used)) != 0) {
		char *line = buffer, *end;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		used += (size_t)n;
		buffer[used] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			if (fn)
				fn(userdata, line);
			line = end + 1;
		}
		used = strlen(line);
		memmove(buffer, line, used);
	}
	return 0;
}

int iterator_lines(const char *name, void (*fn)(void *userdata, const char *line), void *userdata)
{
	_cleanup_close_ int link = -EBADF;
	char path[128];

	(void)snprintf(path, sizeof(path), GUARD_PIN_LINKS "/%s", name);
	link = bpf_obj_get(path);
	return link < 0 ? -errno : lines_read(link, fn, userdata);
}

int program_lines(struct bpf_object *object, const char *name,
		  void (*fn)(void *userdata, const char *line), void *userdata)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	struct bpf_link *link;
	int r;

	if (!program)
		return -ENOENT;
	link = bpf_program__attach_iter(program, NULL);
	if (!link)
		return -errno;
	r = lines_read(bpf_link__fd(link), fn, userdata);
	bpf_link__destroy(link);
	return r;
}

/* ---- files */

static bool image_has_size(const void *image, uint64_t size)
{
	const struct image_executable *executables = image_executables(image);

	for (uint32_t i = 0; i < image_header(image)->n_executables; i++) {
		if (executables[i].size == size)
			return true;
	}
	return false;
}

/* Opened as a path first: a device would feel more than that. */
static int regular_open(const char *path, struct stat *ret_st)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	char self[64];

	if (fd < 0 || fstat(fd, ret_st))
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -EINVAL;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	fd = open(self, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : TAKE_FD(fd);
}

/*
 * The same file by a mount of ours: a unit's own may be read-only (ProtectSystem=), and a file is
 * sealed by a change that changes nothing. The path is a hint, the inode decides.
 */
static int own_open(int fd, const struct stat *theirs)
{
	_cleanup_close_ int own = -EBADF;
	char self[64], path[PATH_MAX];
	struct stat st;
	ssize_t n;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	own = regular_open(path, &st);
	if (own < 0)
		return own;
	return st.st_dev == theirs->st_dev && st.st_ino == theirs->st_ino ? TAKE_FD(own) : -ESTALE;
}

/* Nothing is sealed that is not trusted; what cannot be sealed gives nobody a label. */
static void code_measure(const struct adoption_run *run, const char *path, uint32_t domain)
{
	uint8_t digest[SHA256_LEN];
	_cleanup_close_ int fd = -EBADF, own = -EBADF;
	struct stat st;

	fd = regular_open(path, &st);
	if (fd < 0 || sha256_fd(fd, (uint64_t)st.st_size, digest) ||
	    !image_trusts(run->image, digest, domain))
		return;
	own = own_open(fd, &st);
	(void)file_measure_fd(run->control, own < 0 ? fd : own);
}

/* /proc/PID/maps: "START-END rwxp ..."; map_files has a link to the file itself by that name. */
static void mappings_measure(const struct adoption_run *run, pid_t pid, uint32_t domain)
{
	_cleanup_fclose_ FILE *maps = NULL;
	_cleanup_free_ char *line = NULL;
	char path[128], range[64], access[8];
	size_t size = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && getline(&line, &size, maps) > 0) {
		if (sscanf(line, "%63s %7s", range, access) != 2 || !strchr(access, 'x'))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/map_files/%s", pid, range);
		code_measure(run, path, domain);
	}
}

static const struct image_executable *executable_of(const struct adoption_run *run, pid_t pid)
{
	const struct image_executable *executable;
	uint8_t digest[SHA256_LEN];
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st) || !image_has_size(run->image, (uint64_t)st.st_size))
		return NULL;
	fd = regular_open(path, &st);
	if (fd < 0 || sha256_fd(fd, (uint64_t)st.st_size, digest))
		return NULL;
	executable = image_executable_find(run->image, digest);
	if (!executable || (run->old && image_domain_find(run->old, executable->domain)))
		return NULL;
	return executable;
}

/* ---- report */

static void adoptee_set(struct guard_adoption *report, uint32_t pid, uint32_t domain,
			uint32_t reason)
{
	for (size_t i = 0; i < report->n_adoptees && i < GUARD_MAX_ADOPTEES; i++) {
		if (report->adoptees[i].pid == pid) {
			report->adoptees[i].reason = reason;
			return;
		}
	}
	if (report->n_adoptees < GUARD_MAX_ADOPTEES)
		report->adoptees[report->n_adoptees] =
			(struct guard_adoptee){.pid = pid, .domain = domain, .reason = reason};
	report->n_adoptees++;
}

/* ---- processes */

static bool is_number(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

/* Until the guard has seen one, it stands in the report as one whose executable is not sealed. */
static void process_measure(const struct adoption_run *run, pid_t pid)
{
	const struct image_executable *executable = executable_of(run, pid);
	char path[64];

	if (!executable)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	code_measure(run, path, executable->domain);
	mappings_measure(run, pid, executable->domain);
	adoptee_set(run->report, (uint32_t)pid, executable->domain, ADOPTION_SEAL);
}

static int processes_measure(const struct adoption_run *run)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (is_number(entry->d_name))
			process_measure(run, (pid_t)strtol(entry->d_name, NULL, 10));
	}
	return 0;
}

struct ending {
	struct guard_adoption *report;
	bool again;
};

static void ending_line(void *userdata, const char *line)
{
	unsigned pid, process, domain, reason, changed;
	struct ending *ending = userdata;

	if (sscanf(line, "%u %u %x %u %u", &pid, &process, &domain, &reason, &changed) != 5)
		return;
	adoptee_set(ending->report, process, domain, reason);
	ending->again = ending->again || changed || reason == ADOPTION_CHANGED;
}

/* Return: 1 if something was not as before; 0; negative errno. */
static int pass_make(struct adoption_run *run)
{
	static const char *const names[] = {"adopt_begin", "adopt_look", "adopt_files"};
	struct ending ending = {.report = run->report};
	int r;

	r = control_op(run->control, CONTROL_ADOPT, 0, ++run->pass, 0);
	for (size_t i = 0; i < 3 && !r; i++)
		r = iterator_lines(names[i], NULL, NULL);
	if (!r)
		r = iterator_lines("adopt_end", ending_line, &ending);
	return r < 0 ? r : ending.again;
}

/* Files are sealed from here on, even if the guard is not armed. */
void adopt_prepare(struct adoption_run *run)
{
	int r;

	*run->report = (struct guard_adoption){.made = true};
	run->pass = 1;
	r = control_op(run->control, CONTROL_ADOPT, 0, run->pass, 0);
	run->report->error = r ?: processes_measure(run);
}

/* A process that came in between, by fork, has the label of its parent or is in the next pass. */
static int passes_make(struct adoption_run *run)
{
	int r = 1;

	for (int i = 0; i < PASSES_MAX && r == 1; i++) {
		r = pass_make(run);
		if (r == 1) {
			int s = processes_measure(run);

			r = s < 0 ? s : r;
		}
	}
	return r < 0 ? r : 0;
}

void adopt_run(struct adoption_run *run)
{
	int r = passes_make(run);

	r = r ?: adopt_objects(run, true);
	run->report->error = run->report->error ?: r;
}

static void held_line(void *userdata, const char *line)
{
	unsigned pid, kind, id, domain, how;
	struct guard_adoption *report = userdata;

	if (sscanf(line, "%u %u %u %x %u", &pid, &kind, &id, &domain, &how) != 5)
		return;
	if (report->n_held < GUARD_MAX_HELD)
		report->held[report->n_held] = (struct guard_held){
			.pid = pid,
			.kind = kind,
			.id = id,
			.domain = domain,
			.writable = how & 2,
			.mapped = how & 4,
		};
	report->n_held++;
}

void adopt_abandon(struct adoption_run *run)
{
	(void)control_op(run->control, CONTROL_ADOPT, 0, 0, 0);
}

void adopt_finish(struct adoption_run *run)
{
	int r, s;

	r = passes_make(run);
	if (!r)
		r = adopt_objects(run, false);
	if (!r)
		r = iterator_lines("held_files", held_line, run->report);
	if (!r)
		r = iterator_lines("held_mappings", held_line, run->report);
	s = control_op(run->control, CONTROL_ADOPT, 0, 0, 0);
	run->report->error = run->report->error ?: r ?: s;
}
