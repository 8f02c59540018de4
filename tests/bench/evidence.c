// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a log takes: entries of 200 bytes that are appended and made durable in groups, and the same
 * with a checkpoint for each so many of them; verifying that log, and checking that entries are in
 * it. Medians of several runs, as JSON. TAP.
 *
 * usage: bench-evidence FOLDER (on the file system that is to be measured) FILE (for the JSON)
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "evidence/note.h"
#include "evidence/prove.h"
#include "evidence/reader.h"
#include "evidence/verify.h"
#include "evidence/writer.h"

#define ROUNDS 7
#define ENTRY 200
#define ENTRIES 500000ull
#define GROUP 16384 /* entries that are made durable at once */
#define PUBLISHED 65536 /* entries under one checkpoint, in the second figure */
#define CHECKS 20000
#define LIMIT_PER_S 500000.0

struct taken {
	double seconds, cpu_seconds;
	uint64_t syncs;
	/* of a log that has a checkpoint */
	double verify_cpu_seconds; /* all of it */
	double check_cpu_seconds; /* CHECKS proofs of inclusion, leaf hash and all */
};

static struct note_key key;
static const uint8_t secret[NOTE_KEY_LEN] = {1};

static int sign(void *userdata, struct text text, char **ret_note, size_t *ret_size)
{
	const struct note_signer signer = {.key = &key, .secret = secret};
	char line[NOTE_LINE_LEN];
	int n;

	if (note_sign(&signer, text, line, NULL) != 0)
		return -EIO;
	n = asprintf(ret_note, "%.*s\n%s", (int)text.size, text.at, line);
	if (n < 0)
		return -ENOMEM;
	*ret_size = (size_t)n;
	return 0;
}

static int chain_key(void *userdata, uint64_t first, uint8_t ret_key[MAC_LEN])
{
	memset(ret_key, 1, MAC_LEN);
	return 0;
}

static double now(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int append_all(struct writer *writer, uint64_t checkpoint_each)
{
	uint8_t entry[ENTRY] = {0};
	int r;

	for (uint64_t i = 1; i <= ENTRIES; i++) {
		memcpy(entry, &i, sizeof(i));
		r = writer_append(writer, entry, sizeof(entry), NULL);
		if (r == 0 && checkpoint_each && i % checkpoint_each == 0)
			r = writer_checkpoint(writer);
		else if (r == 0 && i % GROUP == 0)
			r = writer_commit(writer);
		if (r != 0)
			return r;
	}
	return checkpoint_each ? writer_checkpoint(writer) : writer_commit(writer);
}

static void found(void *userdata, const struct verify_damage *damage)
{
	printf("# %s: %s\n", damage->file, damage->text);
}

/* The time that checking takes, without that of making the proof. */
static int check(int dir_fd, const struct merkle_tree *tree, double *ret_seconds)
{
	_cleanup_(merkle_freep) struct merkle *merkle = NULL;
	_cleanup_(reader_freep) struct reader *reader = NULL;
	struct prove_source source;
	uint8_t entry[ENTRY] = {0};
	int r;

	*ret_seconds = 0;
	r = merkle_new(&merkle);
	if (r == 0)
		r = reader_new(dir_fd, tree->size, merkle, &reader);
	if (r != 0)
		return r;
	source = reader_source(reader, NULL);
	for (uint64_t i = 0; i < CHECKS; i++) {
		uint64_t index = i * (tree->size / CHECKS), number = index + 1;
		struct prove_hashes proof;
		struct merkle_hash leaf;
		double begun;

		r = prove_inclusion(&source, index, tree->size, &proof);
		if (r != 0)
			return r;
		memcpy(entry, &number, sizeof(number));
		begun = now(CLOCK_PROCESS_CPUTIME_ID);
		r = merkle_leaf(merkle, entry, sizeof(entry), &leaf);
		if (r == 0)
			r = merkle_check_inclusion(merkle, index, &leaf, tree,
						   &(struct merkle_proof){proof.hashes, proof.n});
		*ret_seconds += now(CLOCK_PROCESS_CPUTIME_ID) - begun;
		if (r != 0)
			return r;
	}
	return 0;
}

static int verify(int dir_fd, struct taken *taken)
{
	const struct verify_request request = {.dir_fd = dir_fd, .key = &key, .found = found};
	double begun = now(CLOCK_PROCESS_CPUTIME_ID);
	struct verify_report report;
	int r;

	r = verify_log(&request, &report, NULL);
	taken->verify_cpu_seconds = now(CLOCK_PROCESS_CPUTIME_ID) - begun;
	if (r != 0 || report.checkpoint.tree.size != ENTRIES)
		return r ? r : -EIO;
	return check(dir_fd, &report.checkpoint.tree, &taken->check_cpu_seconds);
}

/* Return: 0; what the writer returned. */
static int run(const char *folder, uint64_t checkpoint_each, struct taken *ret_taken)
{
	_cleanup_(writer_closep) struct writer *writer = NULL;
	_cleanup_free_ char *dir = NULL;
	_cleanup_close_ int dir_fd = -EBADF;
	struct writer_counts counts;
	double begun, cpu;
	int r;

	if (asprintf(&dir, "%s/evidence-XXXXXX", folder) < 0)
		return -ENOMEM;
	if (!mkdtemp(dir))
		return -errno;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = writer_open(
		&(struct writer_options){
			.dir_fd = dir_fd,
			.origin = key.name,
			.room = WRITER_ROOM,
			.tail = WRITER_TAIL,
			.sign = sign,
			.chain_key = chain_key,
		},
		&writer, NULL, NULL);
	begun = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	if (r == 0)
		r = append_all(writer, checkpoint_each);
	*ret_taken = (struct taken){.seconds = now(CLOCK_MONOTONIC) - begun,
				    .cpu_seconds = now(CLOCK_PROCESS_CPUTIME_ID) - cpu};
	if (r == 0) {
		writer_count(writer, &counts);
		ret_taken->syncs = counts.syncs;
		r = counts.durable == ENTRIES ? 0 : -EIO;
	}
	if (r == 0 && checkpoint_each)
		r = verify(dir_fd, ret_taken);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return r;
}

static int compare(const void *a, const void *b)
{
	double x = ((const struct taken *)a)->seconds, y = ((const struct taken *)b)->seconds;

	return (x > y) - (x < y);
}

static int runs(const char *folder, uint64_t checkpoint_each, struct taken *ret_median)
{
	struct taken taken[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		int r = run(folder, checkpoint_each, &taken[i]);

		if (r != 0)
			return r;
	}
	qsort(taken, ROUNDS, sizeof(taken[0]), compare);
	printf("# %.0f to %.0f entries per second, median %.0f; by processor time %.0f\n",
	       ENTRIES / taken[ROUNDS - 1].seconds, ENTRIES / taken[0].seconds,
	       ENTRIES / taken[ROUNDS / 2].seconds, ENTRIES / taken[ROUNDS / 2].cpu_seconds);
	*ret_median = taken[ROUNDS / 2];
	return 0;
}

/* The kernel's name of what a folder is on: the type of the last mount above it. */
static void file_system(const char *folder, char *ret_name, size_t size)
{
	static const struct {
		long magic;
		const char *name;
	} known[] = {
		{0xef53, "ext4"},      {0x58465342, "xfs"},	{0x9123683e, "btrfs"},
		{0x01021994, "tmpfs"}, {0x794c7630, "overlay"}, {0xf2f52010, "f2fs"},
	};
	struct statfs st = {0};

	(void)statfs(folder, &st);
	(void)snprintf(ret_name, size, "0x%lx", (unsigned long)st.f_type);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].magic == (long)st.f_type)
			(void)snprintf(ret_name, size, "%s", known[i].name);
	}
}

static int put_json(const char *path, const char *system, const struct taken *durable,
		    const struct taken *published)
{
	_cleanup_fclose_ FILE *file = fopen(path, "we");
	double load[1] = {0};

	if (!file)
		return -errno;
	(void)getloadavg(load, 1);
	(void)fprintf(file,
		      "{\"append_durable\": {\"per_s\": %.0f, \"per_cpu_s\": %.0f, "
		      "\"fdatasyncs\": %" PRIu64 ", \"filesystem\": \"%s\", "
		      "\"entries\": %llu, \"entry_bytes\": %d, \"runs\": %d},\n"
		      " \"append_published\": {\"per_s\": %.0f, \"per_cpu_s\": %.0f, "
		      "\"checkpoint_each\": %d},\n"
		      " \"verify\": {\"per_s_per_core\": %.0f}, \"inclusion\": {\"us\": %.2f},\n"
		      " \"load\": %.1f}\n",
		      ENTRIES / durable->seconds, ENTRIES / durable->cpu_seconds, durable->syncs,
		      system, ENTRIES, ENTRY, ROUNDS, ENTRIES / published->seconds,
		      ENTRIES / published->cpu_seconds, PUBLISHED,
		      ENTRIES / published->verify_cpu_seconds,
		      published->check_cpu_seconds * 1e6 / CHECKS, load[0]);
	return 0;
}

int main(int argc, char **argv)
{
	struct taken durable, published;
	char system[32];
	bool quick;
	int r;

	if (argc != 3) {
		printf("Bail out! usage: bench-evidence FOLDER FILE\n");
		return 2;
	}
	file_system(argv[1], system, sizeof(system));
	printf("1..1\n# on %s, %d runs of %llu entries of %d bytes\n", system, ROUNDS, ENTRIES,
	       ENTRY);
	r = note_key_of_secret("example.org/bench", NOTE_ED25519, secret, &key, NULL);
	if (r == 0)
		r = runs(argv[1], 0, &durable);
	if (r == 0)
		r = runs(argv[1], PUBLISHED, &published);
	if (r == 0)
		r = put_json(argv[2], system, &durable, &published);
	if (r != 0) {
		printf("Bail out! %s: %s\n", argv[1], r < 0 ? strerror(-r) : "refused or lost");
		return 1;
	}
	quick = ENTRIES / durable.seconds >= LIMIT_PER_S;
	printf("%sok - %.0f entries per second are appended durably\n", quick ? "" : "not ",
	       ENTRIES / durable.seconds);
	return !quick;
}
