// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A log of the writer's, for readers that are not ours. Its key is of no use to anybody.
 *
 * usage: make-log DIR N [FORK]
 *
 * Appends to DIR, which is made if need be, until the log has N entries, signs a checkpoint, and
 * prints the log's key. Entries from FORK on are others than without it: a second history.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "evidence/note.h"
#include "evidence/writer.h"

#define ORIGIN "holdfast.example/counterparts"
#define ENTRY_LEN 512

static struct note_key key;
static const uint8_t secret[NOTE_KEY_LEN] = {33};

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
	memset(ret_key, 7, MAC_LEN);
	return 0;
}

/* One in fifty is empty, which is an entry as well. */
static size_t make_entry(uint64_t index, uint64_t fork, char ret[ENTRY_LEN])
{
	int n = snprintf(ret, ENTRY_LEN, "{\"history\":%d,\"n\":%" PRIu64 ",\"pad\":\"%*s\"}",
			 index >= fork, index, (int)(index * 7 % 130), "");

	return index % 50 == 49 && index < fork ? 0 : (size_t)n;
}

static int fill(struct writer *writer, uint64_t size, uint64_t fork)
{
	struct writer_counts counts;
	char entry[ENTRY_LEN];
	int r;

	writer_count(writer, &counts);
	for (uint64_t i = counts.size; i < size; i++) {
		r = writer_append(writer, entry, make_entry(i, fork, entry), NULL);
		if (r == 0 && i % 4096 == 4095)
			r = writer_commit(writer);
		if (r != 0)
			return r;
	}
	return writer_checkpoint(writer);
}

int main(int argc, char **argv)
{
	_cleanup_(writer_closep) struct writer *writer = NULL;
	_cleanup_close_ int dir_fd = -EBADF;
	char vkey[NOTE_VKEY_LEN];
	uint64_t size, fork;
	int r;

	if (argc < 3 || argc > 4) {
		(void)fprintf(stderr, "usage: make-log DIR N [FORK]\n");
		return 2;
	}
	size = strtoull(argv[2], NULL, 10);
	fork = argc == 4 ? strtoull(argv[3], NULL, 10) : UINT64_MAX;
	(void)mkdir(argv[1], 0755);
	dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir_fd < 0 ? -errno : note_key_of_secret(ORIGIN, NOTE_ED25519, secret, &key, NULL);
	if (r == 0)
		r = writer_open(
			&(struct writer_options){
				.dir_fd = dir_fd,
				.origin = ORIGIN,
				.room = WRITER_ROOM,
				.tail = WRITER_TAIL,
				.sign = sign,
				.chain_key = chain_key,
			},
			&writer, NULL, NULL);
	if (r == 0)
		r = fill(writer, size, fork);
	if (r != 0) {
		(void)fprintf(stderr, "%s: %s\n", argv[1], r < 0 ? strerror(-r) : "refused");
		return 1;
	}
	note_key_format(&key, vkey);
	return puts(vkey) < 0;
}
