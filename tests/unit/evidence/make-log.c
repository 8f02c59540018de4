// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes a log by what holdfastd writes its own with, or goes on with one: a line of standard input
 * is an entry, an empty line asks for a checkpoint, and so does the end. Prints the log's key.
 *
 * usage: make-log DIR ORIGIN [PRUNE] (entries below that index go, as far as that can be)
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/note.h"
#include "evidence/writer.h"

static struct note_key key;
static const uint8_t secret[NOTE_KEY_LEN] = {3, 1, 4};

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

static int append_lines(struct writer *writer)
{
	_cleanup_free_ char *line = NULL;
	size_t room = 0;
	int r = 0;

	while (r == 0) {
		ssize_t n = getline(&line, &room, stdin);

		if (n < 0)
			break;
		if (n > 0 && line[n - 1] == '\n')
			n--;
		r = n ? writer_append(writer, line, (size_t)n, NULL) : writer_checkpoint(writer);
		/* a writer that waits has no room for what comes */
		if (r == WRITER_E_LOST) {
			r = writer_commit(writer);
			if (r == 0)
				r = writer_append(writer, line, (size_t)n, NULL);
		}
	}
	return r ? r : writer_checkpoint(writer);
}

int main(int argc, char **argv)
{
	_cleanup_(writer_closep) struct writer *writer = NULL;
	struct writer_options options = {
		.room = WRITER_ROOM,
		.tail = 64 << 10,
		.sign = sign,
		.chain_key = chain_key,
	};
	_cleanup_close_ int fd = -EBADF;
	char vkey[NOTE_VKEY_LEN];
	struct diag diag = {0};
	int r;

	if (argc < 3)
		return 2;
	(void)mkdir(argv[1], 0755);
	fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	options.dir_fd = fd;
	options.origin = argv[2];
	r = note_key_of_secret(argv[2], NOTE_ED25519, secret, &key, &diag);
	if (r == 0)
		r = writer_open(&options, &writer, NULL, &diag);
	if (r == 0)
		r = append_lines(writer);
	if (r == 0 && argc > 3)
		r = writer_prune(writer, strtoull(argv[3], NULL, 10));
	if (r) {
		(void)fprintf(stderr, "make-log: %d %s\n", r, diag.text);
		return 1;
	}
	note_key_format(&key, vkey);
	(void)puts(vkey);
	return 0;
}
