// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Drives the techniques through one phase: what the kernel answered, what the canary says of itself
 * afterwards, and what the guard has logged are held against what the phase demands.
 */
#include "drive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary.h"
#include "catalogue.h"
#include "soak.h"
#include "stage.h"

#define PATIENCE_SECONDS 20
#define PROBE_SECONDS 20

static bool enforcing(const struct drive *d)
{
	return d->options->phase == DRILL_ENFORCE;
}

static int child_code(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return 255;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What a probe says by a pipe: what it runs in its place has only its exit code. */
struct answer {
	int error;
	pid_t by;
};

static void run_probe(const struct technique *technique, int (*run)(const struct target *),
		      const struct target *target, int error_fd)
{
	struct answer answer = {};
	struct target seen = *target;
	int r;

	seen.by = &answer.by;
	alarm(PROBE_SECONDS);
	r = run(&seen);
	answer.error = r < 0 ? -r : 0;

	(void)!write(error_fd, &answer, sizeof(answer));
	_exit(exit_of(technique, r));
}

int drive_probe(const struct technique *technique, int (*run)(const struct target *),
		const struct target *target, struct outcome *ret_outcome)
{
	int pipes[2], code = PROBE_IMPOSSIBLE;
	struct answer answer;

	*ret_outcome = (struct outcome){.technique = technique, .code = code};
	fflush(NULL);
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return code;
	ret_outcome->pid = fork();
	if (ret_outcome->pid == 0)
		run_probe(technique, run, target, pipes[1]);
	close(pipes[1]);
	if (ret_outcome->pid > 0)
		code = child_code(ret_outcome->pid);
	/* what a probe leaves running holds the pipe's other end, and says nothing */
	(void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	if (read(pipes[0], &answer, sizeof(answer)) == (ssize_t)sizeof(answer)) {
		ret_outcome->error = answer.error;
		if (answer.by)
			ret_outcome->pid = answer.by;
	}
	close(pipes[0]);
	ret_outcome->code = code;
	return code;
}

static struct outcome *probe(struct drive *d, const struct technique *technique,
			     int (*run)(const struct target *), const struct target *target)
{
	struct outcome *outcome = &d->outcomes[d->n++];

	(void)drive_probe(technique, run, target, outcome);
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

/* Without a canary no later row would mean anything. */
static void heal(struct drive *d, const char *name)
{
	if (stage_heal(name, d->options->start) == 0)
		return;
	fprintf(stderr, "holdfast: %s cannot be brought back\n", name);
	d->lost = true;
}

/* Tells who leaves something out of the guard what comes now; nothing twice. */
static void leave(struct drive *d, const char *word)
{
	const char *command = d->options->leave;
	char line[512];

	if (!command || strcmp(d->left ? d->left : "back", word) == 0)
		return;
	d->left = strcmp(word, "back") == 0 ? NULL : word;
	if (snprintf(line, sizeof(line), "%s %s", command, word) < (int)sizeof(line) &&
	    system(line) == 0)
		return;
	fprintf(stderr, "holdfast: '%s' fails\n", command);
	d->lost = true;
}

static void attack(struct drive *d, const struct technique *technique)
{
	bool self = technique->flags & SELF, mounts = technique->flags & MOUNTS, through;
	struct target before = {.name = CANARY_NAME, .start = d->options->start},
		      after = {.name = CANARY_NAME};
	struct outcome *outcome;

	if (!self && stage_load(CANARY_NAME, &before) < 0) {
		fprintf(stderr, "holdfast: no canary answers before %s\n", technique->verb);
		heal(d, CANARY_NAME);
	}
	if (mounts)
		restore_keep(d);
	leave(d, "out");
	outcome = probe(d, technique, technique->run, &before);
	outcome->kernel = technique->kernel ? technique->kernel() : 0;
	if (!self) {
		outcome->harmed = target_load(CANARY_NAME, &after) < 0 ||
				  strcmp(before.state, after.state) != 0;
		if (outcome->harmed && enforcing(d) && !d->options->leave)
			fprintf(stderr, "# %s: before %s\n# %s: after  %s\n", technique->verb,
				before.state, technique->verb, after.state);
	}
	if (technique->flags & KILLS && outcome->code == PROBE_ALLOWED)
		wait_for_daemon();
	through = outcome->harmed || outcome->code == PROBE_ALLOWED;
	if (mounts && through)
		leave(d, "mend");
	if (mounts)
		restore_mounts(d);
	restore_folders();
	if (outcome->harmed && (!enforcing(d) || d->left))
		network_mend();
	if (through)
		leave(d, "back");
	if (mounts && !d->left)
		restore_places(d);
	if (outcome->harmed && !mounts)
		heal(d, CANARY_NAME);
}

static void neighbour(struct drive *d, const struct technique *technique)
{
	struct target target = {.name = technique->neighbour ? CANARY_NAME : CANARY_NEIGHBOUR,
				.start = d->options->start};
	struct target after;
	struct outcome *outcome;
	bool mounts = technique->flags & MOUNTS;

	if (technique->flags & LONELY)
		return;
	if (!(technique->flags & SELF) && stage_load(target.name, &target) < 0)
		fprintf(stderr, "holdfast: %s does not answer before %s\n", target.name,
			technique->verb);
	if (mounts)
		restore_keep(d);
	outcome = probe(d, technique, technique->neighbour ? technique->neighbour : technique->run,
			&target);
	outcome->neighbour = true;
	if (mounts)
		restore_mounts(d);
	restore_folders();
	if (!technique->neighbour &&
	    (target_load(CANARY_NEIGHBOUR, &after) < 0 || strcmp(target.state, after.state) != 0))
		heal(d, CANARY_NEIGHBOUR);
}

static void collect(struct drive *d)
{
	struct target target = {.name = CANARY_NAME};
	struct fence fence;

	if (stage_load(CANARY_NAME, &target) < 0)
		fprintf(stderr, "holdfast: no canary answers\n");
	journal_fence(&target, &fence);
	if (journal_collect(d, &fence) == 0)
		return;
	fprintf(stderr, "holdfast: the last event does not come to the log\n");
	d->failed = true;
}

static bool guarded(const struct drill_options *options)
{
	return options->phase == DRILL_OBSERVE || options->phase == DRILL_ENFORCE;
}

static bool chosen(const struct drill_options *options, const struct technique *technique)
{
	if (!technique_is_for(technique, options->phase) ||
	    (technique->flags & UNIT && !options->start) ||
	    (technique->flags & LOCKED && guarded(options) && !options->locked) ||
	    (technique->flags & LIMITED && guarded(options) && !options->limited) ||
	    (technique->flags & NETWORK && guarded(options) && !options->cut_off) ||
	    (technique->flags & LISTED && !conf_listed()) ||
	    (technique_guest_only(technique) && !options->disposable) ||
	    (options->only && strcmp(options->only, technique->id) != 0))
		return false;
	for (size_t i = 0; i < options->n_verbs; i++)
		if (strncmp(technique->verb, options->verbs[i], strlen(options->verbs[i])) == 0)
			return true;
	return options->n_verbs == 0;
}

/* Said, so that a matrix without it is not taken for one where it was refused. */
static bool passed_over(struct drive *d, const struct technique *technique)
{
	if (!(technique->flags & UNLOCKED) || !locked_down())
		return false;
	d->outcomes[d->n++] = (struct outcome){
		.technique = technique,
		.code = PROBE_IMPOSSIBLE,
		.why_not = "not tried: the kernel is locked down and refuses it itself",
	};
	return true;
}

const char *drill_phase_name(enum drill_phase phase)
{
	static const char *const names[] = {"none", "observe", "enforce", "down"};

	return names[phase];
}

bool drill_known(const char *id)
{
	return catalogue_find(id) != NULL;
}

const char *drill_title(const char *id)
{
	const struct catalogue_row *row = catalogue_find(id);

	return row ? row->title : NULL;
}

static struct drive *drive_new(void)
{
	size_t n = 0;

	while (technique_each(n))
		n++;
	/* each, its neighbour, and the last of all, which collect() asks for */
	return calloc(1, sizeof(struct drive) + (2 * n + 1) * sizeof(struct outcome));
}

int drill_run(const struct drill_options *options, FILE *file)
{
	struct drive *d = drive_new();
	const struct technique *technique;
	int r = 0;

	if (options->soak) {
		free(d);
		return soak_run(options, file);
	}
	if (!d || stage_open(options->start) < 0) {
		stage_close();
		free(d);
		return DRILL_E_FAILED;
	}
	d->options = options;
	d->log_start = journal_size();
	for (size_t i = 0; !d->lost && (technique = technique_each(i)); i++) {
		if (!chosen(options, technique) || passed_over(d, technique))
			continue;
		attack(d, technique);
		if (enforcing(d) && !options->leave && !d->lost)
			neighbour(d, technique);
	}
	leave(d, "back");
	if (!d->lost && !options->leave && (options->phase == DRILL_OBSERVE || enforcing(d)))
		collect(d);
	report(d, file);
	for (size_t i = 0; i < d->n; i++)
		if (!judge_ok(d, &d->outcomes[i]))
			r = DRILL_E_OTHERWISE;
	if (d->failed || d->lost)
		r = DRILL_E_FAILED;
	free(d);
	stage_close();
	return r;
}
