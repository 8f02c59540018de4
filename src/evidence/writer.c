// SPDX-License-Identifier: LGPL-2.1-or-later
/* See writer.h, docs/decisions/0031-evidence-writer.md. */

#include "evidence/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "evidence/checkpoint.h"
#include "evidence/writer-internal.h"

/* More than these, and one sync of the whole file system is cheaper than one for each. */
#define BULK_BUNDLES 32

/* What is known of a writer that is about to be opened. */
static int prepare(const struct writer_options *options, struct writer *writer)
{
	int r;

	writer->options = *options;
	writer->store = (struct store){
		.dir_fd = options->dir_fd,
		.gate = options->gate,
		.made = options->made,
		.userdata = options->userdata,
	};
	writer->lock_fd = writer->tail_fd = -EBADF;
	writer->publisher = (struct publisher){.store = &writer->store};
	r = merkle_new(&writer->merkle);
	if (r < 0)
		return r;
	writer->publisher.merkle = writer->merkle;
	publisher_start(&writer->publisher);
	r = mac_new(&writer->mac);
	if (r < 0)
		return r;
	writer->buffer = malloc(options->room);
	if (!writer->buffer)
		return -ENOMEM;

	writer->lock_fd = openat(options->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (writer->lock_fd < 0)
		return -errno;
	if (flock(writer->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? WRITER_E_BUSY : -errno;
	return 0;
}

static void destroy(struct writer *writer)
{
	publisher_done(&writer->publisher);
	(void)mac_free(writer->mac);
	(void)merkle_free(writer->merkle);
	free(writer->buffer);
	closep(&writer->tail_fd);
	closep(&writer->lock_fd);
	free(writer);
}

static void destroyp(struct writer **writer)
{
	if (*writer)
		destroy(*writer);
}

int writer_open(const struct writer_options *options, struct writer **ret_writer,
		struct writer_found *ret_found, struct diag *reterr_diag)
{
	_cleanup_(destroyp) struct writer *writer = NULL;
	struct writer_found found = {0};
	int r;

	if (!options->sign || !options->chain_key || options->room < TAIL_RECORD(0) ||
	    strlen(options->origin) >= NOTE_NAME_LEN)
		return -EINVAL;
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return -ENOMEM;
	r = prepare(options, writer);
	if (r != 0)
		return r;
	r = writer_recover(writer, &found, reterr_diag);
	if (r != 0)
		return r;

	if (ret_found)
		*ret_found = found;
	*ret_writer = TAKE_PTR(writer);
	return 0;
}

struct writer *writer_close(struct writer *writer)
{
	if (!writer)
		return NULL;
	(void)writer_commit(writer);
	destroy(writer);
	return NULL;
}

int writer_put(struct writer *writer, const void *entry, size_t size)
{
	uint8_t *at = writer->buffer + writer->used;
	struct merkle_hash leaf;
	int r = writer->broken;

	if (r < 0)
		return r;
	if (TAIL_RECORD(size) > writer->options.room - writer->used)
		return WRITER_E_LOST;
	r = merkle_leaf(writer->merkle, entry, size, &leaf);
	if (r == 0)
		r = tail_tag(writer->mac, writer->durable + writer->waiting, &leaf, at + 2 + size);
	if (r < 0) {
		writer->broken = r;
		return r;
	}

	at[0] = (uint8_t)(size >> 8);
	at[1] = (uint8_t)size;
	if (size)
		memcpy(at + 2, entry, size);
	writer->used += TAIL_RECORD(size);
	writer->waiting++;
	return 0;
}

static void lose(struct writer *writer)
{
	writer->closed = true;
	writer->lost++;
	if (!writer->gap.lost++)
		writer->gap.first = writer->offered;
	writer->gap.last = writer->offered;
}

int writer_append(struct writer *writer, const void *entry, size_t size, uint64_t *ret_index)
{
	int r;

	if (size > TAIL_MAX_ENTRY)
		return WRITER_E_TOO_BIG;
	writer->offered++;
	r = writer->closed ? WRITER_E_LOST : writer_put(writer, entry, size);
	if (r != 0) {
		lose(writer);
		return r;
	}
	if (ret_index)
		*ret_index = writer->durable + writer->waiting - 1;
	return 0;
}

/*
 * After a failure the same bytes are written again, to the same place: a sync that failed may have
 * dropped them, and the next one would not say so.
 */
static int commit(struct writer *writer)
{
	const struct iovec records = {.iov_base = writer->buffer, .iov_len = writer->used};
	int r;

	if (writer->waiting == 0) {
		writer->closed = false;
		return 0;
	}
	r = store_write(&writer->store, writer->tail_fd, writer->tail_path, &records,
			writer->tail_size);
	if (r < 0)
		return r;
	writer->syncs++;
	r = store_sync(&writer->store, writer->tail_fd, writer->tail_path);
	if (r < 0)
		return r;

	writer->tail_size += writer->used;
	writer->durable += writer->waiting;
	writer->used = 0;
	writer->waiting = 0;
	writer->closed = false;
	return 0;
}

int writer_commit(struct writer *writer)
{
	writer->error = commit(writer);
	return writer->error;
}

void writer_tail_path(uint64_t first, char ret_path[STORE_PATH_LEN])
{
	(void)snprintf(ret_path, STORE_PATH_LEN, WRITER_TAILS "/%020" PRIu64, first);
}

/* The records of the publisher's bundle, with tags of another chain. */
static int copy_records(struct writer *writer, struct mac *mac, uint64_t first,
			uint8_t *ret_records)
{
	const uint8_t *from = writer->publisher.bundle;
	uint8_t *to = ret_records;
	int r;

	for (uint64_t i = first; i < writer->publisher.front.edge.size; i++) {
		size_t size = (size_t)from[0] << 8 | from[1];
		struct merkle_hash leaf;

		r = merkle_leaf(writer->merkle, from + 2, size, &leaf);
		if (r < 0)
			return r;
		memcpy(to, from, 2 + size);
		r = tail_tag(mac, i, &leaf, to + 2 + size);
		if (r < 0)
			return r;
		from += 2 + size;
		to += TAIL_RECORD(size);
	}
	return 0;
}

static int start_chain(struct writer *writer, uint64_t first, struct mac **ret_mac)
{
	_cleanup_(mac_freep) struct mac *mac = NULL;
	uint8_t key[MAC_LEN];
	int r;

	r = mac_new(&mac);
	if (r < 0)
		return r;
	r = writer->options.chain_key(writer->options.userdata, first, key);
	if (r < 0)
		return r;
	mac_start(mac, key);
	explicit_bzero(key, sizeof(key));
	*ret_mac = TAKE_PTR(mac);
	return 0;
}

/* Opened before it has its name, so that nothing can fail once it is there. */
static int put_tail(struct writer *writer, const char *path, const struct iovec *content)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	r = store_remove(&writer->store, STORE_NEW);
	if (r < 0)
		return r;
	fd = store_open(&writer->store, STORE_NEW);
	if (fd < 0)
		return fd;
	r = store_write(&writer->store, fd, STORE_NEW, content, 0);
	if (r < 0)
		return r;
	r = store_sync(&writer->store, fd, STORE_NEW);
	if (r < 0)
		return r;
	r = store_folders(&writer->store, path);
	if (r < 0)
		return r;
	r = store_rename(&writer->store, STORE_NEW, path);
	if (r < 0) {
		/* Two tails are told apart by how far they reach: this one reaches no further. */
		(void)store_remove(&writer->store, path);
		return r;
	}
	closep(&writer->tail_fd);
	writer->tail_fd = TAKE_FD(fd);
	return 0;
}

int writer_begin_tail(struct writer *writer)
{
	_cleanup_(mac_freep) struct mac *mac = NULL;
	_cleanup_free_ uint8_t *content = NULL;
	uint64_t size = writer->publisher.front.edge.size;
	uint64_t first = size - size % FRONT_WIDTH;
	size_t head = tail_head_size(first);
	size_t records = first == size ? 0 : writer->publisher.used + (size - first) * MAC_LEN;
	char path[STORE_PATH_LEN];
	int r;

	content = malloc(head + records);
	if (!content)
		return -ENOMEM;
	r = start_chain(writer, first, &mac);
	if (r < 0)
		return r;
	r = tail_head_write(mac, &writer->publisher.front, first, content);
	if (r < 0)
		return r;
	r = copy_records(writer, mac, first, content + head);
	if (r < 0)
		return r;
	writer_tail_path(first, path);
	r = put_tail(writer, path, &(struct iovec){content, head + records});
	if (r < 0)
		return r;

	(void)mac_free(writer->mac);
	writer->mac = TAKE_PTR(mac);
	(void)strcpy(writer->tail_path, path);
	writer->first = first;
	writer->durable = size;
	writer->tail_size = writer->read_offset = head + records;
	return 0;
}

int writer_advance(struct writer *writer, uint64_t size)
{
	_cleanup_(tail_reader_freep) struct tail_reader *reader = NULL;
	struct publisher *publisher = &writer->publisher;
	int r;

	r = publisher_settle(publisher);
	if (r < 0 || publisher->front.edge.size >= size)
		return r;
	r = tail_reader_new(writer->tail_fd, writer->read_offset, &reader);
	if (r < 0)
		return r;
	while (publisher->front.edge.size < size) {
		struct tail_record record;

		r = tail_reader_next(reader, &record);
		if (r != 0)
			return r < 0 ? r : -EBADMSG;
		r = publisher_push(publisher, record.entry, record.size);
		if (r != 0)
			return r;
		writer->read_offset = tail_reader_offset(reader);
		if (front_width(publisher->front.edge.size, 0) == 0)
			r = publisher_settle(publisher);
		if (r < 0)
			return r;
	}
	return 0;
}

static int publish(struct writer *writer, uint64_t size)
{
	struct publisher *publisher = &writer->publisher;
	int r;

	publisher->durable = size - publisher->front.edge.size < BULK_BUNDLES * FRONT_WIDTH;
	r = writer_advance(writer, size);
	return r == 0 ? publisher_rest(publisher) : r;
}

/* What is to be signed is on the disk first: after a crash nothing else is signed in its place. */
static int sign(struct writer *writer)
{
	_cleanup_free_ char *note = NULL;
	struct checkpoint checkpoint = {.tree.size = writer->publisher.front.edge.size};
	char text[CHECKPOINT_LEN];
	struct iovec content = {.iov_base = text};
	int r;

	(void)strcpy(checkpoint.origin, writer->options.origin);
	r = merkle_edge_root(writer->merkle, &writer->publisher.front.edge, &checkpoint.tree.root);
	if (r < 0)
		return r;
	content.iov_len = checkpoint_format(&checkpoint, text);
	r = store_put(&writer->store, WRITER_SIGNING, &content, true);
	if (r < 0)
		return r;

	r = writer->options.sign(writer->options.userdata, (struct text){text, content.iov_len},
				 &note, &content.iov_len);
	if (r < 0)
		return r;
	content.iov_base = note;
	return store_put(&writer->store, WRITER_CHECKPOINT, &content, true);
}

/* What fails here is tried again at the next checkpoint: the tail is longer, and nothing else. */
static void tidy(struct writer *writer)
{
	char old[STORE_PATH_LEN];

	(void)publisher_published(&writer->publisher);
	if (writer->tail_size <= writer->options.tail ||
	    writer->publisher.front.edge.size - writer->first < FRONT_WIDTH)
		return;
	(void)strcpy(old, writer->tail_path);
	if (writer_begin_tail(writer) == 0)
		(void)store_remove(&writer->store, old);
}

static int checkpoint(struct writer *writer)
{
	int r;

	r = commit(writer);
	if (r < 0)
		return r;
	if (writer->signed_out && writer->publisher.published == writer->durable)
		return 0;
	r = publish(writer, writer->durable);
	if (r != 0)
		return r;
	r = sign(writer);
	if (r < 0)
		return r;
	writer->signed_out = true;
	tidy(writer);
	return 0;
}

int writer_checkpoint(struct writer *writer)
{
	writer->error = checkpoint(writer);
	return writer->error;
}

bool writer_take_gap(struct writer *writer, struct writer_gap *ret_gap)
{
	if (!writer->gap.lost)
		return false;
	*ret_gap = writer->gap;
	writer->gap = (struct writer_gap){0};
	return true;
}

void writer_count(const struct writer *writer, struct writer_counts *ret_counts)
{
	*ret_counts = (struct writer_counts){
		.size = writer->durable + writer->waiting,
		.durable = writer->durable,
		.published = writer->signed_out ? writer->publisher.published : 0,
		.minimum = writer->minimum,
		.lost = writer->lost,
		.syncs = writer->syncs,
		.error = writer->error,
	};
}
