// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Going on with a log: its tail, as far as the chain of keys vouches for it, and what was signed,
 * which the tail has to lead to. Every file may be torn, missing or forged. Signs nothing.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/checkpoint.h"
#include "evidence/tile.h"
#include "evidence/writer-internal.h"

/* What may have been signed: by the file that is written before, and by the one after. */
enum { SIGNING, OUT, N_FLOORS };

struct floor {
	bool known;
	struct merkle_tree tree;
};

/* A tail as it was read. */
struct found_tail {
	bool known;
	uint64_t first;
	uint64_t end; /* entries before it and in it, that its keys vouch for */
	uint64_t good; /* bytes of those */
	uint64_t torn; /* bytes behind them */
	uint64_t torn_entries; /* that those look like */
};

static int refuse(struct diag *diag, const char *file, const char *what)
{
	diag_set(
		diag, file, 0, 0,
		"%s: going on could contradict what was signed; keep this folder as it is and begin "
		"a log with another origin in an empty one",
		what);
	return WRITER_E_REFUSED;
}

static int parse_floor(const struct writer *writer, const char *file, struct text text,
		       struct checkpoint *ret_checkpoint)
{
	_cleanup_free_ struct note *note = NULL;

	if (strcmp(file, WRITER_CHECKPOINT) == 0) {
		int r;

		note = malloc(sizeof(*note));
		if (!note)
			return -ENOMEM;
		r = note_parse(text.at, text.size, note, NULL);
		if (r != 0)
			return r;
		text = note->text;
	}
	return checkpoint_parse(text, ret_checkpoint, NULL);
}

static int read_floor(const struct writer *writer, const char *file, struct floor *ret_floor,
		      bool *ret_unread, struct diag *diag)
{
	_cleanup_free_ char *data = NULL;
	struct checkpoint checkpoint;
	size_t size;
	int r;

	r = store_read(&writer->store, file, NOTE_MAX_SIZE, &data, &size);
	if (r == STORE_E_NONE)
		return 0;
	if (r == 0)
		r = parse_floor(writer, file, (struct text){data, size}, &checkpoint);
	if (r < 0)
		return r;
	if (r > 0) {
		*ret_unread = true;
		return 0;
	}
	if (strcmp(checkpoint.origin, writer->options.origin) != 0)
		return refuse(diag, file, "it is of a log with another origin");
	*ret_floor = (struct floor){.known = true, .tree = checkpoint.tree};
	return 0;
}

/* How far the chain of keys goes, and what is behind it. */
static int scan_records(struct writer *writer, int fd, struct found_tail *tail)
{
	_cleanup_(tail_reader_freep) struct tail_reader *reader = NULL;
	struct tail_record record;
	bool good = true;
	int r;

	r = tail_reader_new(fd, tail->good, &reader);
	if (r < 0)
		return r;
	while ((r = tail_reader_next(reader, &record)) == 0) {
		struct merkle_hash leaf;

		if (good) {
			r = merkle_leaf(writer->merkle, record.entry, record.size, &leaf);
			if (r == 0)
				r = tail_check(writer->mac, tail->end, &leaf, record.tag);
			if (r < 0)
				return r;
			good = r == 0;
		}
		if (good) {
			tail->end++;
			tail->good = tail_reader_offset(reader);
		} else {
			tail->torn_entries++;
		}
	}
	if (r == TAIL_E_TORN)
		tail->torn_entries++;
	return r < 0 ? r : 0;
}

/* The writer's chain and the publisher's front are then those of this tail. */
static int scan_tail(struct writer *writer, uint64_t first, struct found_tail *ret_tail)
{
	struct found_tail tail = {.known = true, .first = first, .end = first};
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ uint8_t *head = NULL;
	uint8_t key[MAC_LEN];
	char path[STORE_PATH_LEN];
	struct stat st;
	ssize_t n;
	int r;

	writer_tail_path(first, path);
	head = malloc(TAIL_MAX_HEAD);
	if (!head)
		return -ENOMEM;
	fd = openat(writer->store.dir_fd, path,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return TAIL_E_TORN;
	n = pread(fd, head, TAIL_MAX_HEAD, 0);
	if (n < 0)
		return -errno;

	r = writer->options.chain_key(writer->options.userdata, first, key);
	if (r < 0)
		return r;
	mac_start(writer->mac, key);
	explicit_bzero(key, sizeof(key));
	r = tail_head_read(writer->mac, writer->merkle, first, &(struct iovec){head, (size_t)n},
			   &writer->publisher.front);
	if (r != 0) {
		ret_tail->torn += (uint64_t)st.st_size;
		return r;
	}
	tail.good = tail_head_size(first);
	r = scan_records(writer, fd, &tail);
	if (r < 0)
		return r;
	tail.torn = (uint64_t)st.st_size > tail.good ? (uint64_t)st.st_size - tail.good : 0;
	*ret_tail = tail;
	return 0;
}

typedef int tail_visit(struct writer *writer, uint64_t first, struct found_tail *tail);

static int each_tail(struct writer *writer, tail_visit *visit, struct found_tail *tail)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	uint64_t first;
	int fd, r = 0;

	fd = openat(writer->store.dir_fd, WRITER_TAILS,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		closep(&fd);
		return -ENOMEM;
	}
	while (r >= 0 && (entry = readdir(dir))) {
		if (tail_name_parse(entry->d_name, &first))
			r = visit(writer, first, tail);
	}
	return r < 0 ? r : 0;
}

/* A crash while a tail was begun anew leaves two: the one that reaches further was in use. */
static int take_longest(struct writer *writer, uint64_t first, struct found_tail *best)
{
	struct found_tail tail = {0};
	int r = scan_tail(writer, first, &tail);

	if (r < 0)
		return r;
	if (!tail.known)
		best->torn += best->known ? 0 : tail.torn;
	else if (!best->known || tail.end > best->end ||
		 (tail.end == best->end && tail.first > best->first))
		*best = tail;
	return 0;
}

static int remove_other(struct writer *writer, uint64_t first, struct found_tail *best)
{
	char path[STORE_PATH_LEN];

	if (first == best->first)
		return 0;
	writer_tail_path(first, path);
	return store_remove(&writer->store, path);
}

/* The tail is the writer's from here on, without what is torn. */
static int adopt_tail(struct writer *writer, struct found_tail *tail)
{
	int r;

	r = scan_tail(writer, tail->first,
		      tail); /* the last one that was looked at may be another */
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	writer_tail_path(tail->first, writer->tail_path);
	writer->tail_fd = store_open(&writer->store, writer->tail_path);
	if (writer->tail_fd < 0)
		return writer->tail_fd;
	if (tail->torn) {
		r = store_cut(&writer->store, writer->tail_fd, writer->tail_path, tail->good);
		if (r < 0)
			return r;
	}
	/* What a killed writer left in memory only is about to be relied on. */
	r = store_sync(&writer->store, writer->tail_fd, writer->tail_path);
	if (r < 0)
		return r;

	writer->first = tail->first;
	writer->durable = tail->end;
	writer->tail_size = tail->good;
	writer->read_offset = tail_head_size(tail->first);
	return each_tail(writer, remove_other, tail);
}

/* A tail that is gone begins anew from the tiles that were signed. */
static int rebuild_tail(struct writer *writer, uint64_t size)
{
	struct front *front = &writer->publisher.front;
	uint64_t first = size - size % FRONT_WIDTH;
	int r;

	for (unsigned level = 1; level < FRONT_LEVELS; level++) {
		size_t bytes = front_width(first, level) * sizeof(front->tiles[0][0]), got;
		_cleanup_free_ char *data = NULL;
		char path[STORE_PATH_LEN];

		if (!bytes)
			continue;
		publisher_path((int)level, front_tile(first, level), front_width(first, level),
			       path);
		r = store_read(&writer->store, path, bytes, &data, &got);
		if (r < 0)
			return r;
		if (r > 0 || got != bytes)
			return WRITER_E_REFUSED;
		memcpy(front->tiles[level], data, bytes);
	}
	r = front_start(writer->merkle, front, first);
	return r < 0 ? r : writer_begin_tail(writer);
}

/* A bundle with at least so many entries. */
static int read_bundle(const struct writer *writer, uint64_t tile, unsigned width, char **ret_data,
		       size_t *ret_size)
{
	char path[STORE_PATH_LEN];
	int r;

	publisher_path(TILE_ENTRIES, tile, width, path);
	r = store_read(&writer->store, path, BUNDLE_MAX_SIZE, ret_data, ret_size);
	if (r <= 0 || !width)
		return r;
	publisher_path(TILE_ENTRIES, tile, 0, path);
	return store_read(&writer->store, path, BUNDLE_MAX_SIZE, ret_data, ret_size);
}

static int put_again(struct writer *writer, const void *entry, size_t size)
{
	int r = writer_put(writer, entry, size);

	if (r != WRITER_E_LOST || writer->waiting == 0)
		return r;
	r = writer_commit(writer);
	return r < 0 ? r : writer_put(writer, entry, size);
}

/* Entries of one bundle, from the first that is missing. Return: 0; WRITER_E_REFUSED; -errno. */
static int heal_bundle(struct writer *writer, uint64_t size)
{
	uint64_t index = writer->durable, tile = index / FRONT_WIDTH;
	uint64_t end = (tile + 1) * FRONT_WIDTH < size ? (tile + 1) * FRONT_WIDTH : size;
	_cleanup_free_ char *data = NULL;
	struct bundle bundle = {0};
	int r;

	r = read_bundle(writer, tile, (unsigned)(end % FRONT_WIDTH), &data, &bundle.size);
	if (r != 0)
		return r < 0 ? r : WRITER_E_REFUSED;
	bundle.at = (const uint8_t *)data;
	for (uint64_t i = tile * FRONT_WIDTH; i < end; i++) {
		const uint8_t *entry;
		size_t entry_size;

		if (!bundle_next(&bundle, &entry, &entry_size))
			return WRITER_E_REFUSED;
		r = i < index ? 0 : put_again(writer, entry, entry_size);
		if (r != 0)
			return r < 0 ? r : WRITER_E_REFUSED;
	}
	return writer_commit(writer);
}

/* What was signed and is not in the tail is in the bundles. */
static int heal(struct writer *writer, uint64_t size, struct writer_found *found, struct diag *diag)
{
	while (writer->durable < size) {
		uint64_t before = writer->durable;
		int r = heal_bundle(writer, size);

		if (r == WRITER_E_REFUSED)
			return refuse(diag, WRITER_TAILS,
				      "entries that were signed are neither here nor in a bundle");
		if (r < 0)
			return r;
		found->healed += writer->durable - before;
	}
	return 0;
}

/* The tree as it was signed has to be on the way to what there is. */
static int pass_floor(struct writer *writer, const struct floor *floor, const char *file,
		      struct diag *diag)
{
	struct merkle_hash root;
	int r;

	r = writer_advance(writer, floor->tree.size);
	if (r != 0)
		return r;
	r = merkle_edge_root(writer->merkle, &writer->publisher.front.edge, &root);
	if (r < 0)
		return r;
	if (memcmp(root.bytes, floor->tree.root.bytes, SHA256_LEN) != 0)
		return refuse(diag, file, "the entries have another root");
	return publisher_rest(&writer->publisher);
}

static int find_tail(struct writer *writer, const struct floor *last, struct writer_found *found,
		     struct diag *diag)
{
	struct found_tail tail = {0};
	int r;

	r = each_tail(writer, take_longest, &tail);
	if (r < 0)
		return r;
	found->cut_bytes = tail.torn;
	found->cut_entries = tail.torn_entries;
	if (found->unread && !last->known)
		return refuse(diag, WRITER_SIGNING, "neither it nor the checkpoint can be read");
	if (tail.known && (last->known ? tail.first > last->tree.size : tail.first > 0))
		return refuse(diag, WRITER_SIGNING, "it is older than the tail");
	if (tail.known)
		return adopt_tail(writer, &tail);
	r = rebuild_tail(writer, last->tree.size);
	return r == WRITER_E_REFUSED
		       ? refuse(diag, WRITER_TAILS, "there is no tail, and a tile is missing")
		       : r;
}

int writer_recover(struct writer *writer, struct writer_found *ret_found, struct diag *reterr_diag)
{
	static const char *const files[N_FLOORS] = {WRITER_SIGNING, WRITER_CHECKPOINT};
	struct floor floors[N_FLOORS] = {0};
	struct writer_found found = {0};
	unsigned last;
	int r;

	for (unsigned i = 0; i < N_FLOORS; i++) {
		r = read_floor(writer, files[i], &floors[i], &found.unread, reterr_diag);
		if (r != 0)
			return r;
	}
	last = floors[OUT].tree.size > floors[SIGNING].tree.size ? OUT : SIGNING;
	r = find_tail(writer, &floors[last], &found, reterr_diag);
	if (r != 0)
		return r;
	r = heal(writer, floors[last].tree.size, &found, reterr_diag);
	if (r != 0)
		return r;

	writer->publisher.published = floors[OUT].known ? floors[OUT].tree.size
							: floors[last].tree.size;
	for (unsigned i = 0; i < N_FLOORS; i++) {
		unsigned at = i == 0 ? !last : last; /* the smaller one first */

		/* an older one is no less signed, but its tiles lie before the tail */
		if (!floors[at].known || floors[at].tree.size < writer->first)
			continue;
		r = pass_floor(writer, &floors[at], files[at], reterr_diag);
		if (r != 0)
			return r;
	}
	writer->signed_out = floors[OUT].known;
	r = writer_read_retention(writer, &found.unread);
	if (r < 0)
		return r;
	found.size = writer->durable;
	found.signed_size = floors[last].tree.size;
	*ret_found = found;
	return 0;
}
