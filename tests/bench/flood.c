// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Events at a steady rate through what holdfastd does with them: from the ring to the signed log,
 * on a disk. Two processes, as it is on a host: one makes events, one writes. What was made and is
 * neither in the log nor told there as lost is what must not be.
 *
 * usage: bench-flood OBJECT FOLDER FILE.json
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bpf/events-api.h"
#include "evidence/writer.h"
#include "guard/clock.h"
#include "guard/journal.h"
#include "guard/ring.h"

#define RATE 200000ull /* events a second */
#define SECONDS 5
#define BATCH 2000 /* events for each run of the program: ten milliseconds' worth */
#define READ_MOST 896 /* as holdfastd */
#define LIMIT_RSS_KIB (12 * 1024)
#define LIMIT_NS CLOCK_SECOND_NS /* from the hook to the signature, but for one in a hundred */
#define SLOTS 100000 /* checkpoints whose delay is kept */

struct totals {
	__u64 sequence, lost;
};

struct sink {
	struct journal *journal;
	uint64_t events, oldest; /* boot_ns of the oldest that is not signed; 0: none */
	size_t n;
};

static int take(void *userdata, const void *data, size_t size)
{
	struct sink *sink = userdata;
	const struct event *event = data;

	journal_event(sink->journal, data, size, NULL);
	sink->events++;
	if (!sink->oldest)
		sink->oldest = event->boot_ns;
	return ++sink->n < READ_MOST ? 0 : -ECANCELED;
}

static void make_events(int prog)
{
	char packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = BATCH);
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	for (uint64_t made = 0; made < RATE * SECONDS; made += BATCH) {
		uint64_t due = start + made * (CLOCK_SECOND_NS / RATE);
		struct timespec until = {.tv_sec = (time_t)(due / CLOCK_SECOND_NS),
					 .tv_nsec = (long)(due % CLOCK_SECOND_NS)};

		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		if (bpf_prog_test_run_opts(prog, &opts))
			_exit(1);
	}
	_exit(0);
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

struct result {
	uint64_t made, lost, events, told, signed_size, p99_ns, seconds_ns;
	size_t n_delays;
	long rss_kib;
};

/* Numbers that the log tells to be lost. */
static void count_told(void *userdata, struct text entry)
{
	uint64_t *told = userdata;
	char *at, *text = strndup(entry.at, entry.size);

	at = text ? strstr(text, "\"lost\":") : NULL;
	if (at)
		*told += strtoull(at + 7, NULL, 10);
	free(text);
}

/* Reads until whoever makes events has ended and the ring is empty. */
static int write_all(struct ring *ring, struct sink *sink, pid_t maker, uint64_t *delays,
		     struct result *result)
{
	struct ledger_counts before, after;
	int status = 0;
	bool over = false;

	for (;;) {
		bool ended = over || waitpid(maker, &status, WNOHANG) == maker;

		over = ended;
		sink->n = 0;
		(void)ring_read(ring, take, sink);
		journal_count(sink->journal, &before);
		if (sink->n || journal_due(sink->journal, clock_ns(CLOCK_BOOTTIME)) <=
				       clock_ns(CLOCK_BOOTTIME))
			journal_flush(sink->journal, clock_ns(CLOCK_BOOTTIME));
		(void)ring_release(ring);
		journal_count(sink->journal, &after);
		if (after.error)
			return after.error;
		if (after.signed_size > before.signed_size && sink->oldest) {
			if (result->n_delays < SLOTS)
				delays[result->n_delays++] =
					clock_ns(CLOCK_BOOTTIME) - sink->oldest;
			sink->oldest = 0;
		}
		if (ended && !sink->n)
			break;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int run(struct bpf_object *object, int dir_fd, struct result *result)
{
	const struct ledger_options options = {
		.dir_fd = dir_fd, .keep = UINT64_MAX / 2, .key_age = LEDGER_KEY_AGE};
	int prog = bpf_program__fd(bpf_object__find_program_by_name(object, "flood"));
	int map = bpf_object__find_map_fd_by_name(object, "totals");
	_cleanup_free_ uint64_t *delays = calloc(SLOTS, sizeof(*delays));
	struct sink sink = {0};
	struct ring *ring = NULL;
	struct ledger_counts counts;
	struct totals totals;
	struct rusage usage;
	__u32 zero = 0;
	uint64_t start;
	pid_t maker;
	int r;

	if (!delays)
		return -ENOMEM;
	r = ring_open(bpf_object__find_map_fd_by_name(object, "ring"), &ring);
	if (r == 0)
		r = journal_new(&options, &sink.journal);
	if (r < 0)
		return r;
	journal_restart(sink.journal);
	start = clock_ns(CLOCK_MONOTONIC);
	maker = fork();
	if (maker == 0)
		make_events(prog);
	r = maker < 0 ? -errno : write_all(ring, &sink, maker, delays, result);
	result->seconds_ns = clock_ns(CLOCK_MONOTONIC) - start;
	if (r == 0 && bpf_map_lookup_elem(map, &zero, &totals))
		r = -errno;
	journal_reach(sink.journal, r == 0 ? totals.sequence : 0);
	journal_flush(sink.journal, UINT64_MAX);
	journal_count(sink.journal, &counts);
	(void)getrusage(RUSAGE_SELF, &usage);
	result->made = totals.sequence;
	result->lost = totals.lost;
	result->events = sink.events;
	result->signed_size = counts.signed_size;
	result->rss_kib = usage.ru_maxrss;
	qsort(delays, result->n_delays, sizeof(*delays), by_number);
	if (result->n_delays)
		result->p99_ns = delays[(result->n_delays - 1) * 99 / 100];
	sink.journal = journal_free(sink.journal);
	(void)ring_free(ring);
	return r;
}

/* What the log says of losses, read by another ledger on the same folder. */
static int read_told(int dir_fd, uint64_t *ret_told)
{
	const struct ledger_options options = {
		.dir_fd = dir_fd, .keep = UINT64_MAX / 2, .key_age = LEDGER_KEY_AGE};
	struct ledger *ledger = NULL;
	int r = ledger_new(&options, &ledger);

	*ret_told = 0;
	if (r == 0) {
		ledger_flush(ledger, UINT64_MAX);
		r = ledger_recent(ledger, SIZE_MAX, count_told, ret_told);
	}
	(void)ledger_free(ledger);
	return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)remove(path);
	return 0;
}

static int put_json(const char *path, const struct result *result, uint64_t unreported)
{
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	if (!file)
		return -errno;
	(void)fprintf(file,
		      "{\"rate_per_s\": %llu, \"seconds\": %.2f, \"events\": %" PRIu64
		      ", \"recorded\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"lost_told\": %" PRIu64
		      ", \"lost_unreported\": %" PRIu64 ",\n \"hook_to_checkpoint_p99_s\": %.3f, "
		      "\"checkpoints\": %zu, \"rss_kib\": %ld}\n",
		      RATE, (double)result->seconds_ns / 1e9, result->made, result->events,
		      result->lost, result->told, unreported, (double)result->p99_ns / 1e9,
		      result->n_delays, result->rss_kib);
	return 0;
}

int main(int argc, char **argv)
{
	struct result result = {0};
	struct bpf_object *object;
	char folder[256];
	uint64_t unreported;
	int dir_fd, r;

	if (argc != 4) {
		printf("Bail out! usage: bench-flood OBJECT FOLDER FILE.json\n");
		return 2;
	}
	(void)snprintf(folder, sizeof(folder), "%s/flood-XXXXXX", argv[2]);
	object = bpf_object__open(argv[1]);
	if (!object || bpf_object__load(object) || !mkdtemp(folder)) {
		printf("Bail out! %s, %s: %s\n", argv[1], folder, strerror(errno));
		return 1;
	}
	dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = run(object, dir_fd, &result);
	if (r == 0)
		r = read_told(dir_fd, &result.told);
	(void)close(dir_fd);
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	unreported = result.made - result.events - result.told;
	if (r == 0)
		r = put_json(argv[3], &result, unreported);
	if (r < 0) {
		printf("Bail out! %s: %s\n", folder, strerror(-r));
		return 1;
	}
	bpf_object__close(object);
	printf("1..3\n# %" PRIu64 " events at %llu a second: %" PRIu64 " recorded, %" PRIu64
	       " lost, %" PRIu64 " of them told; signed after %.3f s (p99), %ld KiB\n",
	       result.made, RATE, result.events, result.lost, result.told,
	       (double)result.p99_ns / 1e9, result.rss_kib);
	printf("%sok - no event is missing that the log does not tell of\n",
	       unreported ? "not " : "");
	printf("%sok - it takes less than %d KiB\n", result.rss_kib < LIMIT_RSS_KIB ? "" : "not ",
	       LIMIT_RSS_KIB);
	printf("%sok - what is recorded is signed within a second\n",
	       result.p99_ns < LIMIT_NS ? "" : "not ");
	return unreported || result.rss_kib >= LIMIT_RSS_KIB || result.p99_ns >= LIMIT_NS;
}
