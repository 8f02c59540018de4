// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All techniques, over and over, from several tasks at once, under a guard that enforces; those
 * that endanger the host only where it may be lost. No attack may go through, and no refusal may go
 * untold. Events are counted by their sequence numbers: what is neither in the log nor counted as
 * lost there is missing. Those that a task made too many of have none, and are counted as folded.
 */
#include "soak.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary.h"
#include "stage.h"

#define TASKS 8
#define TECHNIQUES_MAX 512

/* Shared by all tasks. */
struct tally {
	unsigned long attempts, denied, allowed, otherwise, impossible;
	unsigned long events; /* that those denied must have, at the least */
	unsigned long denied_of[TECHNIQUES_MAX], allowed_of[TECHNIQUES_MAX];
};

/* What the log says since we began. Two tasks may come to the ring in another order than to their
 * sequence numbers. */
struct told {
	unsigned long events, refused, lost, folded;
	uint64_t first, last; /* the lowest and the highest sequence number */
};

static unsigned long missing(const struct told *told)
{
	return told->last - told->first + (told->last != 0) - told->events - told->lost;
}

/* What is attempted: what the kernel itself refuses says nothing about the guard. */
struct pool {
	const struct technique *techniques[TECHNIQUES_MAX];
	size_t n;
};

struct storm {
	struct pool pool;
	struct target target;
	struct tally *tally;
};

static void pool_fill(struct pool *pool, bool disposable)
{
	const struct technique *technique;

	for (size_t i = 0; (technique = technique_each(i)) && pool->n < TECHNIQUES_MAX; i++) {
		if (technique_guest_only(technique) && !disposable)
			continue;
		/* they need another policy, or another start of the canary */
		if (technique->flags & (LOCKED | LIMITED | NETWORK | LISTED | UNIT))
			continue;
		if (technique->kernel && technique->kernel() != 0)
			continue;
		pool->techniques[pool->n++] = technique;
	}
}

/* "*" is at least one. */
static unsigned long words(const char *rows)
{
	unsigned long n = rows[0] != '\0';

	for (; *rows; rows++)
		n += *rows == ' ';
	return n;
}

static void count(unsigned long *number, unsigned long more)
{
	__atomic_fetch_add(number, more, __ATOMIC_RELAXED);
}

/*
 * What changes mounts meets others that do: a copy that another has unshared goes from nowhere
 * else. If it harmed the canary all the same, that is seen in the end.
 */
static bool harmless(const struct technique *technique)
{
	return technique->flags & MOUNTS && !(technique->flags & SILENT);
}

static void tally_add(struct tally *tally, size_t i, const struct outcome *outcome)
{
	count(&tally->attempts, 1);
	switch (outcome->code) {
	case PROBE_ALLOWED:
		if (harmless(outcome->technique)) {
			count(&tally->otherwise, 1);
			break;
		}
		count(&tally->allowed, 1);
		count(&tally->allowed_of[i], 1);
		break;
	case PROBE_DENIED:
		count(&tally->denied, 1);
		count(&tally->denied_of[i], 1);
		count(&tally->events, words(outcome->technique->rows));
		break;
	case PROBE_OTHERWISE:
		count(&tally->otherwise, 1);
		break;
	default:
		count(&tally->impossible, 1);
		break;
	}
}

/*
 * Each task begins with another technique: they meet in ever new pairs. Its share of them it makes
 * whatever the time, so that each is made once.
 */
static void attack_until(double end, size_t first, const struct storm *storm)
{
	const struct pool *pool = &storm->pool;
	size_t share = (first + 1) * pool->n / TASKS;

	for (size_t i = first * pool->n / TASKS; i < share || now() < end; i++) {
		const struct technique *technique = pool->techniques[i % pool->n];
		struct outcome outcome;

		(void)drive_probe(technique, technique->run, &storm->target, &outcome);
		tally_add(storm->tally, i % pool->n, &outcome);
	}
	_exit(0);
}

static int attack_all(unsigned int seconds, const struct storm *storm)
{
	double end = now() + seconds;
	int status, failed = 0;
	pid_t pids[TASKS];

	for (size_t i = 0; i < TASKS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			attack_until(end, i, storm);
	}
	for (size_t i = 0; i < TASKS; i++)
		failed |= pids[i] < 0 || waitpid(pids[i], &status, 0) < 0 || status != 0;
	return failed ? -EIO : 0;
}

static uint64_t number_of(const char *line, const char *key)
{
	const char *p = strstr(line, key);

	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

static void told_line(struct told *told, const char *line)
{
	uint64_t first = number_of(line, "\"seq\":"), last = first;

	if (strstr(line, "\"folded\":")) {
		told->folded += strstr(line, "\"verdict\":\"refused\"")
					? number_of(line, "\"folded\":")
					: 0;
		return;
	}
	if (first) {
		told->events++;
		told->refused += strstr(line, "\"verdict\":\"refused\"") != NULL;
	} else {
		first = number_of(line, "\"first\":");
		last = number_of(line, "\"last\":");
		told->lost += first ? last - first + 1 : 0;
	}
	if (first && (!told->first || first < told->first))
		told->first = first;
	if (last > told->last)
		told->last = last;
}

struct reading {
	struct told *told;
	struct fence fence;
};

static bool take_line(void *userdata, uint64_t index, char *entry)
{
	struct reading *reading = userdata;

	told_line(reading->told, entry);
	return journal_fenced(&reading->fence, index, entry);
}

static int read_log(uint64_t start, const struct fence *fence, struct told *told)
{
	struct reading reading = {.told = told, .fence = *fence};

	return journal_follow(start, take_line, &reading);
}

static bool say(FILE *file, bool ok, const char *what)
{
	fprintf(file, "%s - %s\n", ok ? "ok" : "not ok", what);
	return ok;
}

static bool report_techniques(FILE *file, const struct storm *storm)
{
	const struct tally *tally = storm->tally;
	bool ok = true;

	for (size_t i = 0; i < storm->pool.n; i++) {
		if (tally->denied_of[i] && !tally->allowed_of[i])
			continue;
		ok = false;
		fprintf(file, "# %s: %lu refused, %lu went through\n",
			storm->pool.techniques[i]->verb, tally->denied_of[i], tally->allowed_of[i]);
	}
	return ok;
}

static bool judge(FILE *file, const struct storm *storm, const struct told *told)
{
	const struct tally *tally = storm->tally;
	bool ok = true;

	fprintf(file,
		"# %lu attempts: %lu refused, %lu went through, %lu otherwise, %lu not made\n",
		tally->attempts, tally->denied, tally->allowed, tally->otherwise,
		tally->impossible);
	fprintf(file,
		"# %lu events at least, %lu logged, %lu lost and %lu folded and counted, "
		"%lu missing\n",
		tally->events, told->refused, told->lost, told->folded, missing(told));
	ok &= say(file, tally->attempts > 0 && !tally->allowed, "no attack went through");
	ok &= say(file, report_techniques(file, storm), "each technique was refused");
	ok &= say(file, missing(told) == 0, "no event is missing that is not counted as lost");
	ok &= say(file, told->refused + told->lost + told->folded >= tally->events,
		  "each refusal has its event, or is counted as lost");
	return ok;
}

static bool unharmed(const struct target *before)
{
	struct target after;

	return stage_load(CANARY_NAME, &after) == 0 && strcmp(before->state, after.state) == 0;
}

static bool soak_judged(const struct drill_options *options, struct storm *storm, FILE *file)
{
	uint64_t log_start = journal_size();
	struct fence fence;
	struct told told = {};
	bool ok;

	ok = say(file, attack_all(options->soak, storm) == 0, "all tasks came to their end");
	ok &= say(file, unharmed(&storm->target), "the canary is unharmed");
	journal_fence(&storm->target, &fence);
	ok &= say(file, read_log(log_start, &fence, &told) == 0, "the last event is in the log");
	return judge(file, storm, &told) && ok;
}

int soak_run(const struct drill_options *options, FILE *file)
{
	struct storm storm = {.target = {.name = CANARY_NAME}};
	int r = DRILL_E_FAILED;

	storm.tally = mmap(NULL, sizeof(*storm.tally), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (storm.tally == MAP_FAILED)
		return DRILL_E_FAILED;
	pool_fill(&storm.pool, options->disposable);
	if (stage_open(options->start) == 0 && stage_load(CANARY_NAME, &storm.target) == 0)
		r = soak_judged(options, &storm, file) ? 0 : DRILL_E_OTHERWISE;
	restore_folders();
	stage_close();
	(void)munmap(storm.tally, sizeof(*storm.tally));
	return r;
}
