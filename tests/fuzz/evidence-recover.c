// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Opening a folder that somebody else has filled: whatever is in it, a log comes of it or a
 * refusal, and a log that was opened once opens again as it was left.
 *
 * An input is files one after the other: a byte that says which (the tail without its head or with
 * it, signing, checkpoint, retention, a bundle, a tile), be16 size, content. The head and the tags
 * of a tail that is given without are made here: no fuzzer finds them.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "evidence/front.h"
#include "evidence/store.h"
#include "evidence/tail.h"
#include "evidence/writer.h"
#include "fuzz.h"
#include "must.h"

#define INPUT_LIMIT ((size_t)1 << 16)

static const char *const files[] = {
	"tail/00000000000000000000",
	"signing",
	"checkpoint",
	"retention",
	"tile/entries/000",
	"tile/entries/000.p/3",
	"tile/0/000.p/3",
	"tile/1/000.p/1",
	"tail/00000000000000000256",
};

static int sign(void *userdata, struct text text, char **ret_note, size_t *ret_size)
{
	int n = asprintf(ret_note, "%.*s\n\xe2\x80\x94 log AAAAAAA=\n", (int)text.size, text.at);

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

static void put(const struct store *store, const char *path, const void *data, size_t size)
{
	must(store_put(store, path, &(struct iovec){(void *)data, size}, false) == 0);
}

/* A tail whose keys fit: entries of be16 length and bytes, as far as they go; the rest is torn. */
static void put_tail(const struct store *store, const uint8_t *data, size_t size)
{
	static uint8_t tail[TAIL_MAX_HEAD + 20 * INPUT_LIMIT];
	static struct front front;
	const uint8_t key[MAC_LEN] = {[0 ... MAC_LEN - 1] = 1};
	_cleanup_(merkle_freep) struct merkle *merkle = NULL;
	_cleanup_(mac_freep) struct mac *mac = NULL;
	struct merkle_hash leaf;
	size_t used = tail_head_size(0);

	must(merkle_new(&merkle) == 0 && mac_new(&mac) == 0);
	mac_start(mac, key);
	must(tail_head_write(mac, &front, 0, tail) == 0);
	for (uint64_t index = 0; size >= 2; index++) {
		size_t length = (size_t)data[0] << 8 | data[1];

		if (size < 2 + length)
			break;
		must(merkle_leaf(merkle, data + 2, length, &leaf) == 0);
		memcpy(tail + used, data, 2 + length);
		must(tail_tag(mac, index, &leaf, tail + used + 2 + length) == 0);
		used += TAIL_RECORD(length);
		data += 2 + length;
		size -= 2 + length;
	}
	if (size)
		memcpy(tail + used, data, size);
	put(store, files[0], tail, used + size);
}

static void fill(const struct store *store, const uint8_t *data, size_t size)
{
	while (size >= 3) {
		unsigned which = data[0] % (sizeof(files) / sizeof(files[0]) + 1);
		size_t length = (size_t)data[1] << 8 | data[2];

		data += 3;
		size -= 3;
		if (length > size)
			length = size;
		if (which == 0)
			put_tail(store, data, length);
		else
			put(store, files[which - 1], data, length);
		data += length;
		size -= length;
	}
}

static void open_twice(const struct writer_options *options)
{
	struct writer_found found, again;
	struct writer *writer = NULL;
	int r;

	r = writer_open(options, &writer, &found, NULL);
	must(r == 0 || r == WRITER_E_REFUSED || r == -EBADMSG);
	if (r != 0)
		return;
	must(found.signed_size <= found.size);
	must(writer_append(writer, "x", 1, NULL) == 0);
	must(writer_checkpoint(writer) == 0);
	writer = writer_close(writer);

	must(writer_open(options, &writer, &again, NULL) == 0);
	must(again.size == found.size + 1 && again.signed_size == again.size);
	must(again.cut_bytes == 0 && again.healed == 0);
	must(found.unread || !again.unread);
	(void)writer_close(writer);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char dir[] = "/dev/shm/holdfast-fuzz-XXXXXX";
	struct store store = {0};

	if (size > INPUT_LIMIT)
		return 0;
	must(mkdtemp(dir) != NULL);
	store.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(store.dir_fd >= 0);
	fill(&store, data, size);
	open_twice(&(struct writer_options){
		.dir_fd = store.dir_fd,
		.origin = "log",
		.room = 1 << 17,
		.tail = WRITER_TAIL,
		.sign = sign,
		.chain_key = chain_key,
	});
	closep(&store.dir_fd);
	must(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	return 0;
}
