// SPDX-License-Identifier: LGPL-2.1-or-later
/* See follow.h. Its own are the folder and inotify; files are read by folder.c. */

#include "evidence/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/folder.h"
#include "evidence/prove.h"
#include "evidence/reader.h"
#include "evidence/tile.h"
#include "evidence/verify.h"

/* Of this file: what was asked for is gone, as it is if there is a later checkpoint by now. */
#define GONE 1000

/* A writer that is faster than reading one file, so often in a row, is none. */
#define TRIES 100

#define refused(...) (diag_set(reterr_diag, NULL, 0, 0, __VA_ARGS__), FOLLOW_E_REFUSED)
#define damaged(...) (diag_set(reterr_diag, NULL, 0, 0, __VA_ARGS__), FOLLOW_E_DAMAGED)

struct follow {
	struct follow_options options;
	struct merkle *merkle;
	int dir_fd; /* where the checkpoint was */
	int inotify_fd; /* -EBADF: there is no inotify to be had */
	int watch;

	bool known; /* there was a checkpoint */
	struct checkpoint checkpoint;
	int64_t time;
	struct reader *reader; /* of the tree; NULL without keys */

	uint64_t next; /* index */
	uint64_t end; /* of what was read of the bundle and not handed out; begins at @next */
	struct folder_buffer buffer;
	struct bundle bundle;
	struct merkle_hash leaves[TILE_WIDTH]; /* of all of the bundle */
};

int follow_new(const struct follow_options *options, struct follow **ret_follow)
{
	_cleanup_(follow_freep) struct follow *follow = calloc(1, sizeof(*follow));
	int r;

	if (!follow)
		return -ENOMEM;
	follow->options = *options;
	follow->dir_fd = -EBADF;
	follow->watch = -1;
	follow->next = options->from;
	/* without it, follow_wait() looks each second */
	follow->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = merkle_new(&follow->merkle);
	if (r < 0)
		return r;
	*ret_follow = TAKE_PTR(follow);
	return 0;
}

struct follow *follow_free(struct follow *follow)
{
	if (!follow)
		return NULL;
	(void)reader_free(follow->reader);
	(void)merkle_free(follow->merkle);
	folder_buffer_done(&follow->buffer);
	closep(&follow->inotify_fd);
	closep(&follow->dir_fd);
	free(follow);
	return NULL;
}

void follow_seek(struct follow *follow, uint64_t index)
{
	follow->next = index;
	follow->end = index;
}

uint64_t follow_index(const struct follow *follow)
{
	return follow->next;
}

const struct checkpoint *follow_checkpoint(const struct follow *follow, int64_t *ret_time)
{
	if (ret_time)
		*ret_time = follow->time;
	return follow->known ? &follow->checkpoint : NULL;
}

static int of_folder(int r)
{
	return r == FOLDER_E_MISSING ? GONE : r == FOLDER_E_WRONG ? FOLLOW_E_DAMAGED : r;
}

/* ---- checkpoints */

static int check_signed(const struct follow *follow, int dir_fd, const struct note *note,
			const char *origin, struct diag *reterr_diag)
{
	bool is_signed = false;

	for (size_t i = 0; i < follow->options.n_keys; i++) {
		const struct note_key *key = &follow->options.keys[i];
		int r = verify_note(dir_fd, note, key, reterr_diag);

		if (r == NOTE_E_REFUSED)
			return FOLLOW_E_REFUSED;
		if (r < 0)
			return r;
		is_signed |= r == 0 && strcmp(key->name, origin) == 0;
	}
	if (follow->options.n_keys && !is_signed)
		return refused("checkpoint: the log is '%s', and no key that is known for it has "
			       "signed it",
			       origin);
	return 0;
}

static int read_checkpoint(const struct follow *follow, int dir_fd,
			   struct checkpoint *ret_checkpoint, struct diag *reterr_diag)
{
	_cleanup_free_ char *text = NULL;
	struct note note;
	size_t size;
	int r;

	r = folder_read_checkpoint(dir_fd, &text, &size, reterr_diag);
	if (r)
		return r == FOLDER_E_WRONG ? FOLLOW_E_REFUSED : of_folder(r);
	r = note_parse(text, size, &note, reterr_diag);
	if (r == 0)
		r = checkpoint_parse(note.text, ret_checkpoint, reterr_diag);
	if (r == NOTE_E_REFUSED && reterr_diag)
		reterr_diag->file = "checkpoint";
	if (r)
		return r == NOTE_E_REFUSED ? FOLLOW_E_REFUSED : r;
	return check_signed(follow, dir_fd, &note, ret_checkpoint->origin, reterr_diag);
}

static bool same_tree(const struct merkle_tree *a, const struct merkle_tree *b)
{
	return a->size == b->size && memcmp(&a->root, &b->root, sizeof(a->root)) == 0;
}

/* Whether it goes on where the last one was, as far as the two say themselves. */
static int check_follows(const struct follow *follow, const struct checkpoint *later,
			 struct diag *reterr_diag)
{
	const struct checkpoint *earlier = &follow->checkpoint;

	if (!follow->known)
		return 0;
	if (strcmp(earlier->origin, later->origin) != 0)
		return refused("checkpoint: this is the log '%s', it was '%s' before",
			       later->origin, earlier->origin);
	if (later->tree.size < earlier->tree.size)
		return refused("checkpoint: the log was set back, it has %" PRIu64
			       " entries and had %" PRIu64 " before",
			       later->tree.size, earlier->tree.size);
	if (later->tree.size == earlier->tree.size && !same_tree(&later->tree, &earlier->tree))
		return refused("checkpoint: the log has forked, of its %" PRIu64
			       " entries some are others than before",
			       later->tree.size);
	return 0;
}

static int check_consistency(const struct follow *follow, struct reader *reader,
			     const struct merkle_tree *later, struct diag *reterr_diag)
{
	const struct merkle_tree *earlier = &follow->checkpoint.tree;
	struct prove_source source = reader_source(reader, reterr_diag);
	struct prove_hashes hashes;
	int r;

	if (!follow->known || earlier->size == 0)
		return 0;
	r = prove_consistency(&source, earlier->size, later->size, &hashes);
	if (r)
		return of_folder(r);
	r = merkle_check_consistency(follow->merkle, earlier, later,
				     &(struct merkle_proof){hashes.hashes, hashes.n});
	if (r == MERKLE_E_WRONG)
		return refused("checkpoint: the log has forked, its %" PRIu64
			       " entries do not continue the %" PRIu64 " of before",
			       later->size, earlier->size);
	return r;
}

/* Take a checkpoint that was not there before, or say why not. */
static int take_checkpoint(struct follow *follow, int dir_fd, const struct checkpoint *later,
			   struct diag *reterr_diag)
{
	_cleanup_(reader_freep) struct reader *reader = NULL;
	int r;

	r = check_follows(follow, later, reterr_diag);
	if (r == 0 && follow->options.n_keys) {
		r = reader_new(dir_fd, later->tree.size, follow->merkle, &reader);
		if (r == 0)
			r = check_consistency(follow, reader, &later->tree, reterr_diag);
	}
	if (r)
		return r;
	follow->checkpoint = *later;
	follow->known = true;
	(void)reader_free(follow->reader);
	follow->reader = TAKE_PTR(reader);
	return 0;
}

static int look_once(struct follow *follow, struct diag *reterr_diag)
{
	_cleanup_close_ int dir_fd = -EBADF;
	struct checkpoint checkpoint;
	struct stat st;
	int r;

	dir_fd = open(follow->options.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 && errno == ENOENT)
		return FOLLOW_E_END;
	if (dir_fd < 0) {
		r = -errno;
		diag_set(reterr_diag, NULL, 0, 0, "%s", strerror(-r));
		return r;
	}
	if (fstatat(dir_fd, "checkpoint", &st, AT_SYMLINK_NOFOLLOW) < 0)
		st.st_mtime = 0;
	r = read_checkpoint(follow, dir_fd, &checkpoint, reterr_diag);
	if (r == GONE)
		return FOLLOW_E_END;
	if (r)
		return r;
	/* a reader has the folder that it was made for; the same tree may be in another by now */
	r = take_checkpoint(follow, dir_fd, &checkpoint, reterr_diag);
	if (r)
		return r;
	follow->time = st.st_mtime;
	closep(&follow->dir_fd);
	follow->dir_fd = TAKE_FD(dir_fd);
	return 0;
}

int follow_look(struct follow *follow, struct diag *reterr_diag)
{
	int r = GONE;

	for (int i = 0; r == GONE && i < TRIES; i++)
		r = look_once(follow, reterr_diag);
	return r == GONE ? FOLLOW_E_DAMAGED : r;
}

/* ---- bundles */

/* Whether each leaf is the tree's: one proof from a tile's hashes up shows all of the tile. */
static int check_leaves(const struct follow *follow, const struct tile *tile,
			struct diag *reterr_diag)
{
	struct prove_source source = reader_source(follow->reader, reterr_diag);
	uint64_t first = tile->n * TILE_WIDTH;
	char path[TILE_PATH_LEN];
	struct prove_hashes proof;
	struct merkle_hash hash;
	int r;

	tile_path(tile, path);
	for (unsigned i = 0; i < tile->width; i++) {
		r = source.read(source.userdata, 0, first + i, &hash);
		if (r)
			return of_folder(r);
		if (memcmp(&hash, &follow->leaves[i], sizeof(hash)) != 0)
			return damaged("%s: entry %" PRIu64 " is not the one that was hashed", path,
				       first + i);
	}
	r = prove_inclusion(&source, first, follow->checkpoint.tree.size, &proof);
	if (r)
		return of_folder(r);
	r = merkle_check_inclusion(follow->merkle, first, &follow->leaves[0],
				   &follow->checkpoint.tree,
				   &(struct merkle_proof){proof.hashes, proof.n});
	if (r == MERKLE_E_WRONG)
		return damaged("%s: its entries are not those that were signed: `holdfast log "
			       "verify` says which file is damaged",
			       path);
	return r;
}

static int read_bundle(struct follow *follow, struct diag *reterr_diag)
{
	struct bundle rest, from_next = {0};
	unsigned skip = (unsigned)(follow->next % TILE_WIDTH);
	char path[TILE_PATH_LEN];
	struct tile tile;
	int r;

	(void)tile_of(TILE_ENTRIES, follow->next, follow->checkpoint.tree.size, &tile);
	tile_path(&tile, path);
	r = folder_read_bundle(follow->dir_fd, &tile, &follow->buffer, &rest, reterr_diag);
	if (r)
		return of_folder(r);
	for (unsigned i = 0; i < tile.width; i++) {
		const uint8_t *entry;
		size_t size;

		if (i == skip)
			from_next = rest;
		if (!bundle_next(&rest, &entry, &size))
			return damaged("%s: it ends within entry %u of %u", path, i, tile.width);
		r = merkle_leaf(follow->merkle, entry, size, &follow->leaves[i]);
		if (r < 0)
			return r;
	}
	if (rest.width == tile.width && rest.size > 0)
		return damaged("%s: %zu bytes follow its %u entries", path, rest.size, tile.width);
	r = follow->reader ? check_leaves(follow, &tile, reterr_diag) : 0;
	if (r)
		return r;
	follow->bundle = from_next;
	follow->end = tile.n * TILE_WIDTH + tile.width;
	return 0;
}

static bool has_bundle(const struct follow *follow, uint64_t n)
{
	struct tile tile = {TILE_ENTRIES, n, TILE_WIDTH};
	char path[TILE_PATH_LEN];

	tile_path(&tile, path);
	return faccessat(follow->dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The bundle is not there: pruned, if all before it are gone and one behind it is not. */
static int find_first(const struct follow *follow, uint64_t *ret_first, struct diag *reterr_diag)
{
	uint64_t gone = follow->next / TILE_WIDTH,
		 there = (follow->checkpoint.tree.size - 1) / TILE_WIDTH;

	if (gone == there || (gone > 0 && has_bundle(follow, gone - 1)))
		return FOLLOW_E_DAMAGED; /* the diag has the file */
	while (there - gone > 1) {
		uint64_t middle = gone + (there - gone) / 2;

		if (has_bundle(follow, middle))
			there = middle;
		else
			gone = middle;
	}
	*ret_first = there * TILE_WIDTH;
	return FOLLOW_E_PRUNED;
}

/* The bundle of the next entry, or where to go on. */
static int load(struct follow *follow, uint64_t *ret_first, struct diag *reterr_diag)
{
	uint64_t missing_at = UINT64_MAX; /* size of the log in which a file was */
	int r;

	for (int i = 0; i < TRIES; i++) {
		if (i > 0 || !follow->known || follow->next >= follow->checkpoint.tree.size) {
			r = follow_look(follow, reterr_diag);
			if (r)
				return r;
		}
		if (follow->next >= follow->checkpoint.tree.size)
			return FOLLOW_E_END;
		if (missing_at == follow->checkpoint.tree.size)
			return find_first(follow, ret_first, reterr_diag);
		missing_at = follow->checkpoint.tree.size;
		r = read_bundle(follow, reterr_diag);
		if (r != GONE)
			return r;
	}
	return FOLLOW_E_DAMAGED;
}

int follow_next(struct follow *follow, struct follow_entry *ret_entry, struct diag *reterr_diag)
{
	uint64_t first = 0;
	int r;

	if (follow->next >= follow->end) {
		r = load(follow, &first, reterr_diag);
		if (r == FOLLOW_E_PRUNED)
			ret_entry->index = first;
		if (r)
			return r;
	}
	(void)bundle_next(&follow->bundle, &ret_entry->data, &ret_entry->size);
	ret_entry->origin = follow->checkpoint.origin;
	ret_entry->leaf = follow->leaves[follow->next % TILE_WIDTH];
	ret_entry->index = follow->next++;
	return 0;
}

/* ---- waiting */

/* A checkpoint gets its name by a rename. Return: whether it was not watched for until now. */
static bool begin_watch(struct follow *follow)
{
	int watch = -1;

	if (follow->inotify_fd >= 0)
		watch = inotify_add_watch(follow->inotify_fd, follow->options.path,
					  IN_MOVED_TO | IN_ONLYDIR);
	if (watch == follow->watch)
		return false;
	follow->watch = watch;
	return watch >= 0;
}

int follow_wait(struct follow *follow, struct pollfd *other, int timeout_ms)
{
	struct pollfd fds[2] = {{.fd = follow->inotify_fd, .events = POLLIN}, {.fd = -1}};
	char events[4096] __attribute__((aligned(8)));

	/* what came before the watch did is nothing that it tells */
	if (begin_watch(follow))
		timeout_ms = 0;
	if (timeout_ms < 0 || timeout_ms > FOLLOW_POLL_MS)
		timeout_ms = FOLLOW_POLL_MS;
	if (other)
		fds[1] = *other;
	if (poll(fds, 2, timeout_ms) < 0) {
		fds[1].revents = 0;
		if (errno != EINTR)
			return -errno;
	}
	if (other)
		other->revents = fds[1].revents;
	while (follow->inotify_fd >= 0 && read(follow->inotify_fd, events, sizeof(events)) > 0)
		continue;
	return 0;
}
