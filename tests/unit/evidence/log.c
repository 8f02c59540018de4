// SPDX-License-Identifier: LGPL-2.1-or-later
/* See log.h. */

#include "log.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "test.h"

const uint8_t log_secret[NOTE_KEY_LEN] = {7, 7, 7};

size_t log_entry(size_t index, uint8_t ret[LOG_ENTRY_MAX])
{
	size_t size =
		(size_t)snprintf((char *)ret, LOG_ENTRY_MAX, "{\"event\":%zu,\"pad\":\"", index);

	for (size_t i = 0; i < index % 23; i++)
		ret[size++] = (uint8_t)('a' + i);
	/* one in a hundred is empty: that is an entry as well */
	return index % 100 == 99 ? 0 : size;
}

void log_write(const struct log *log, const char *path, const void *data, size_t size)
{
	char folder[128];
	int fd;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		(void)mkdirat(log->dir_fd, folder, 0700);
	}
	fd = openat(log->dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(close(fd), 0);
}

uint8_t *log_read(const struct log *log, const char *path, size_t *ret_size)
{
	int fd = openat(log->dir_fd, path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size + 1);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	assert_int_equal(close(fd), 0);
	*ret_size = (size_t)st.st_size;
	return data;
}

void log_remove(const struct log *log, const char *path)
{
	assert_int_equal(unlinkat(log->dir_fd, path, 0), 0);
}

static void name(char path[64], const char *level, size_t n, size_t width)
{
	int used = n < 1000 ? snprintf(path, 64, "tile/%s/%03zu", level, n)
			    : snprintf(path, 64, "tile/%s/x%03zu/%03zu", level, n / 1000, n % 1000);

	if (width < 256)
		(void)snprintf(path + used, 64 - (size_t)used, ".p/%zu", width);
}

static void write_bundles(const struct log *log)
{
	static uint8_t bytes[256 * (2 + LOG_ENTRY_MAX)];
	char path[64];

	for (size_t first = 0; first < log->size; first += 256) {
		size_t width = log->size - first < 256 ? log->size - first : 256, used = 0;

		for (size_t i = first; i < first + width; i++) {
			size_t size = log_entry(i, bytes + used + 2);

			bytes[used] = (uint8_t)(size >> 8);
			bytes[used + 1] = (uint8_t)size;
			used += 2 + size;
		}
		name(path, "entries", first / 256, width);
		log_write(log, path, bytes, used);
	}
}

static void write_tiles(const struct log *log)
{
	size_t span = 1;

	for (unsigned level = 0; log->size / span; level++, span *= 256) {
		for (size_t first = 0; first < log->size / span; first += 256) {
			struct naive_hash hashes[256];
			size_t left = log->size / span - first, width = left < 256 ? left : 256;
			char path[64], text[8];

			for (size_t i = 0; i < width; i++)
				hashes[i] = naive_root(log->leaves + (first + i) * span, span);
			(void)snprintf(text, sizeof(text), "%u", level);
			name(path, text, first / 256, width);
			log_write(log, path, hashes, width * 32);
		}
	}
}

void log_sign(const struct log *log, const char *origin, size_t size, const struct naive_hash *root)
{
	struct note_signer signer = {&log->key, log_secret, 0};
	char base64[45], text[512], line[NOTE_LINE_LEN], note[1024];
	int used;

	(void)EVP_EncodeBlock((unsigned char *)base64, root->bytes, 32);
	used = snprintf(text, sizeof(text), "%s\n%zu\n%s\n", origin, size, base64);
	assert_int_equal(note_sign(&signer, (struct text){text, (size_t)used}, line, NULL), 0);
	used = snprintf(note, sizeof(note), "%s\n%s", text, line);
	log_write(log, "checkpoint", note, (size_t)used);
}

void log_make(size_t size, struct log *ret_log)
{
	struct log *log = ret_log;
	struct naive_hash root;

	*log = (struct log){.dir = "/tmp/holdfast-log.XXXXXX", .size = size};
	assert_non_null(mkdtemp(log->dir));
	log->dir_fd = open(log->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(log->dir_fd >= 0);
	assert_int_equal(note_key_of_secret(LOG_ORIGIN, NOTE_ED25519, log_secret, &log->key, NULL),
			 0);
	log->leaves = calloc(size + 1, sizeof(*log->leaves));
	assert_non_null(log->leaves);
	for (size_t i = 0; i < size; i++) {
		uint8_t entry[LOG_ENTRY_MAX];
		size_t n = log_entry(i, entry);

		log->leaves[i] = naive_leaf(entry, n);
	}
	write_bundles(log);
	write_tiles(log);
	root = naive_root(log->leaves, size);
	log_sign(log, LOG_ORIGIN, size, &root);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void log_done(struct log *log)
{
	if (log->dir_fd >= 0)
		(void)close(log->dir_fd);
	if (log->dir[0])
		(void)nftw(log->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(log->leaves);
	*log = (struct log){.dir_fd = -1};
}
