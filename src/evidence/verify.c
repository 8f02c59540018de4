// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See verify.h. Trust comes down from the root: the tiles at the right edge give it together, so
 * that each hash in them is right if it is; a full tile is right if the hash above it is and it
 * gives that hash; an entry is, if its tile is. Where a hash above is not to be trusted, or gives
 * no answer, what is below is still held against it, so that every damage is named.
 */

#include "evidence/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "evidence/folder.h"
#include "evidence/keys.h"
#include "evidence/prove.h"
#include "evidence/reader.h"

/* The hash above a tile, and where it stands. */
struct above {
	const struct merkle_hash *hash; /* NULL: there is none, the tile is at the right edge */
	char file[TILE_PATH_LEN];
	bool trusted; /* for the right edge: the root is the checkpoint's */
};

struct walk {
	const struct verify_request *request;
	struct verify_report *report;
	struct merkle *merkle;
	struct folder_buffer buffer;
	struct diag *reterr_diag;
	struct diag diag; /* of one file */
	bool root_doubted; /* the tiles at the right edge are there, and do not give it */
	struct merkle_hash edge[TILE_LEVELS][TILE_WIDTH]; /* of the partial tiles */
	struct merkle_hash tiles[TILE_LEVELS][TILE_WIDTH]; /* on the way to an entry */
	struct merkle_hash leaves[TILE_WIDTH]; /* of the entries in a bundle */
};

static void walk_freep(struct walk **walk)
{
	if (!*walk)
		return;
	folder_buffer_done(&(*walk)->buffer);
	(void)merkle_free((*walk)->merkle);
	free(*walk);
}

/* The entries below a tile, as far as the log goes. */
static void entries_below(const struct tile *tile, uint64_t *ret_first, uint64_t *ret_n)
{
	unsigned shift = tile->level == TILE_ENTRIES ? 0 : TILE_HEIGHT * (unsigned)tile->level;

	*ret_first = tile->n * TILE_WIDTH << shift;
	*ret_n = (uint64_t)tile->width << shift;
}

static void found(struct walk *walk, const char *file, uint64_t first, uint64_t n, const char *text)
{
	struct verify_damage damage = {.first = first, .n = n, .text = text};

	(void)snprintf(damage.file, sizeof(damage.file), "%s", file);
	walk->report->n_damages++;
	walk->request->found(walk->request->userdata, &damage);
}

static bool is_pruned(const struct walk *walk, const struct tile *tile)
{
	uint64_t first, n;

	entries_below(tile, &first, &n);
	return first + n <= walk->request->from;
}

/* Why a file was not read. Return: 0 if that is allowed, or told as a damage; -errno. */
static int judge_unread(struct walk *walk, const struct tile *tile, bool may_be_pruned, int r)
{
	char path[TILE_PATH_LEN];
	uint64_t first, n;
	const char *text;

	if (r < 0) {
		if (walk->reterr_diag)
			*walk->reterr_diag = walk->diag;
		return r;
	}
	entries_below(tile, &first, &n);
	if (r == FOLDER_E_MISSING && may_be_pruned && is_pruned(walk, tile)) {
		if (walk->report->first < first + n)
			walk->report->first = first + n;
		return 0;
	}
	/* the diag begins with the file, which is told apart here */
	tile_path(tile, path);
	text = strstr(walk->diag.text, ": ");
	found(walk, path, first, n, text ? text + 2 : walk->diag.text);
	return 0;
}

/* The leaves of a bundle's entries, as far as there are any. Return: 0; -errno. */
static int read_leaves(struct walk *walk, const struct tile *tile, unsigned *ret_n)
{
	struct tile entries = {TILE_ENTRIES, tile->n, tile->width};
	uint64_t first = tile->n * TILE_WIDTH;
	char path[TILE_PATH_LEN], text[128];
	struct bundle bundle;
	unsigned n = 0;
	int r;

	*ret_n = 0;
	r = folder_read_bundle(walk->request->dir_fd, &entries, &walk->buffer, &bundle,
			       &walk->diag);
	if (r)
		return judge_unread(walk, &entries, true, r);
	for (const uint8_t *entry; n < tile->width; n++) {
		size_t size;

		if (!bundle_next(&bundle, &entry, &size))
			break;
		r = merkle_leaf(walk->merkle, entry, size, &walk->leaves[n]);
		if (r < 0)
			return r;
	}
	tile_path(&entries, path);
	if (n < tile->width) {
		(void)snprintf(text, sizeof(text),
			       "it ends within entry %" PRIu64 ", %u entries were expected",
			       first + n, tile->width);
		found(walk, path, first + n, tile->width - n, text);
	} else if (bundle.width == tile->width && bundle.size) {
		(void)snprintf(text, sizeof(text),
			       "after its %u entries are %zu bytes that are no entry", n,
			       bundle.size);
		found(walk, path, first, n, text);
	}
	*ret_n = n;
	return 0;
}

static bool equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a->bytes, b->bytes, SHA256_LEN) == 0;
}

/* A tile, or the entries below it, against the hash above. */
static void tell_above(struct walk *walk, const struct tile *tile, const struct above *above,
		       const struct merkle_hash *own)
{
	char path[TILE_PATH_LEN], is[2 * SHA256_LEN + 1], should[2 * SHA256_LEN + 1], text[384];
	uint64_t first, n;

	entries_below(tile, &first, &n);
	tile_path(tile, path);
	hex_encode(own->bytes, SHA256_LEN, is);
	hex_encode(above->hash->bytes, SHA256_LEN, should);
	if (above->trusted) {
		(void)snprintf(text, sizeof(text), "it gives the hash %s, %s has %s for it", is,
			       above->file, should);
		found(walk, path, first, n, text);
	} else {
		(void)snprintf(text, sizeof(text),
			       "it has the hash %s for %s, which gives %s: one of both is wrong",
			       should, path, is);
		found(walk, above->file, first, n, text);
	}
}

/* The hashes of a tile against those of the entries; @wrong is the file that is not right. */
static void compare(struct walk *walk, const struct tile *tile, const struct merkle_hash *hashes,
		    unsigned n, int wrong)
{
	struct tile named = *tile, other = *tile;
	char path[TILE_PATH_LEN], other_path[TILE_PATH_LEN], text[256];

	named.level = wrong;
	other.level = wrong == TILE_ENTRIES ? tile->level : TILE_ENTRIES;
	tile_path(&named, path);
	tile_path(&other, other_path);
	for (unsigned i = 0; i < n; i++) {
		uint64_t first = tile->n * TILE_WIDTH + i;
		unsigned run = 0;

		while (i + run < n && !equal(&hashes[i + run], &walk->leaves[i + run]))
			run++;
		if (!run)
			continue;
		(void)snprintf(text, sizeof(text),
			       wrong == TILE_ENTRIES ? "%s has other hashes for these entries"
						     : "%s has entries of other hashes",
			       other_path);
		found(walk, path, first, run, text);
		i += run - 1;
	}
}

static int read_edge(void *userdata, unsigned level, uint64_t index, struct merkle_hash *ret_hash)
{
	unsigned height = level % TILE_HEIGHT;
	struct walk *walk = userdata;

	return tile_hash(walk->merkle,
			 &walk->edge[level / TILE_HEIGHT][(index << height) % TILE_WIDTH], height,
			 ret_hash);
}

/* What the tiles at the right edge give. */
static int edge_root(struct walk *walk, struct merkle_hash *ret_root)
{
	struct prove_source source = {read_edge, walk, walk->merkle};
	uint64_t size = walk->report->checkpoint.tree.size;
	static const struct merkle_edge empty;

	return size ? prove_root(&source, size, ret_root)
		    : merkle_edge_root(walk->merkle, &empty, ret_root);
}

/*
 * Whether the last entries give the root where the last tile, of level 0, does not: then the tile
 * is what is wrong. Return: 0; 1 if it is, and was told; -EIO.
 */
static int judge_last_tile(struct walk *walk, const struct tile *tile)
{
	const size_t size = tile->width * sizeof(struct merkle_hash);
	struct merkle_hash root;
	int r;

	memcpy(walk->tiles[0], walk->edge[0], size);
	memcpy(walk->edge[0], walk->leaves, size);
	r = edge_root(walk, &root);
	memcpy(walk->edge[0], walk->tiles[0], size);
	if (r < 0)
		return r;
	if (!equal(&root, &walk->report->checkpoint.tree.root))
		return 0;
	compare(walk, tile, walk->edge[0], tile->width, tile->level);
	walk->root_doubted = false;
	return 1;
}

/* The entries of a tile of level 0. @hashes: NULL if the tile could not be read. */
static int verify_entries(struct walk *walk, const struct tile *tile, const struct above *above,
			  const struct merkle_hash *hashes)
{
	bool full = above->hash != NULL, tile_right = false;
	struct merkle_hash of_tile, of_leaves;
	unsigned n;
	int r;

	r = read_leaves(walk, tile, &n);
	if (r < 0)
		return r;
	if (full && hashes) {
		r = tile_hash(walk->merkle, hashes, TILE_HEIGHT, &of_tile);
		if (r < 0)
			return r;
		tile_right = equal(&of_tile, above->hash);
	}
	if (full && !tile_right && n == tile->width) {
		r = tile_hash(walk->merkle, walk->leaves, TILE_HEIGHT, &of_leaves);
		if (r < 0)
			return r;
		if (equal(&of_leaves, above->hash)) {
			if (hashes)
				compare(walk, tile, hashes, n, tile->level);
			return 0;
		}
		if (!hashes) {
			struct tile entries = {TILE_ENTRIES, tile->n, tile->width};

			tell_above(walk, &entries, above, &of_leaves);
			return 0;
		}
	}
	if (full && hashes && !tile_right)
		tell_above(walk, tile, above, &of_tile);
	if (!full && hashes && walk->root_doubted && n == tile->width) {
		r = judge_last_tile(walk, tile);
		if (r)
			return r < 0 ? r : 0;
	}
	if (hashes)
		compare(walk, tile, hashes, n, TILE_ENTRIES);
	return 0;
}

static int verify_tile(struct walk *walk, const struct tile *tile, const struct above *above);

/* What is below the hashes of a tile. @hashes: NULL if it could not be read. */
static int verify_below(struct walk *walk, const struct tile *tile,
			const struct merkle_hash *hashes, bool trusted)
{
	struct above above = {.trusted = trusted};

	if (tile->level == 0)
		return verify_entries(walk, tile, &above, hashes);
	tile_path(tile, above.file);
	for (unsigned i = 0; i < tile->width; i++) {
		struct tile below = {tile->level - 1, tile->n * TILE_WIDTH + i, TILE_WIDTH};
		int r;

		above.hash = hashes ? &hashes[i] : NULL;
		r = verify_tile(walk, &below, &above);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A full tile. */
static int verify_tile(struct walk *walk, const struct tile *tile, const struct above *above)
{
	struct merkle_hash *hashes = walk->tiles[tile->level], own;
	bool trusted = false;
	int r;

	r = folder_read_tile(walk->request->dir_fd, tile, hashes, &walk->diag);
	if (r) {
		bool gone = r == FOLDER_E_MISSING;

		r = judge_unread(walk, tile, true, r);
		/* two levels without a hash: there is no end to what a size can make us look for */
		if (r < 0 || (gone && (is_pruned(walk, tile) || !above->hash)))
			return r;
		hashes = NULL;
	}
	if (tile->level == 0)
		return verify_entries(walk, tile, above, hashes);
	if (hashes && above->hash) {
		r = tile_hash(walk->merkle, hashes, TILE_HEIGHT, &own);
		if (r < 0)
			return r;
		trusted = equal(&own, above->hash);
		if (!trusted)
			tell_above(walk, tile, above, &own);
		trusted = trusted && above->trusted;
	}
	return verify_below(walk, tile, hashes, trusted);
}

static int tell_root(struct walk *walk)
{
	const struct merkle_tree *tree = &walk->report->checkpoint.tree;
	char is[2 * SHA256_LEN + 1], should[2 * SHA256_LEN + 1], text[256];
	struct merkle_hash root;
	int r;

	r = edge_root(walk, &root);
	if (r < 0)
		return r;
	hex_encode(root.bytes, SHA256_LEN, is);
	hex_encode(tree->root.bytes, SHA256_LEN, should);
	(void)snprintf(text, sizeof(text),
		       "its root is %s, the log's last tile of each level gives %s", should, is);
	found(walk, "checkpoint", 0, tree->size, text);
	return 0;
}

static int verify_tree(struct walk *walk)
{
	uint64_t size = walk->report->checkpoint.tree.size;
	struct tile edge[TILE_LEVELS] = {0};
	bool there[TILE_LEVELS] = {0}, trusted = false, whole = true;
	struct merkle_hash root;
	int r;

	for (int level = 0; level < TILE_LEVELS; level++) {
		uint64_t hashes = size >> (TILE_HEIGHT * level);

		if (hashes % TILE_WIDTH == 0 || !tile_of(level, hashes - 1, size, &edge[level]))
			continue;
		r = folder_read_tile(walk->request->dir_fd, &edge[level], walk->edge[level],
				     &walk->diag);
		there[level] = r == 0;
		whole = whole && there[level];
		/* nothing can be believed without it, so it is never pruned */
		r = r ? judge_unread(walk, &edge[level], false, r) : 0;
		if (r < 0)
			return r;
	}
	if (whole) {
		r = edge_root(walk, &root);
		if (r < 0)
			return r;
		trusted = equal(&root, &walk->report->checkpoint.tree.root);
		walk->root_doubted = !trusted;
	}
	r = 0;
	for (int level = TILE_LEVELS - 1; r == 0 && level >= 0; level--) {
		if (edge[level].width)
			r = verify_below(walk, &edge[level],
					 there[level] ? walk->edge[level] : NULL, trusted);
	}
	return r == 0 && walk->root_doubted ? tell_root(walk) : r;
}

/* Of the same log, an earlier time: what an older key has signed. */
static int verify_step(void *userdata, const struct keys_step *step)
{
	struct walk *walk = userdata;
	const struct merkle_tree *tree = &walk->report->checkpoint.tree;
	_cleanup_(reader_freep) struct reader *reader = NULL;
	struct prove_source source;
	struct prove_hashes hashes;
	char name[KEYS_NAME_LEN];
	int r;

	keys_name(step->tree.size, name);
	if (step->tree.size > tree->size) {
		found(walk, name, tree->size, 0,
		      "an older key has signed more entries than there are");
		return 0;
	}
	if (step->tree.size == 0)
		return 0;
	r = reader_new(walk->request->dir_fd, tree->size, walk->merkle, &reader);
	if (r < 0)
		return r;
	source = reader_source(reader, NULL);
	r = prove_consistency(&source, step->tree.size, tree->size, &hashes);
	/* what is missing for it was pruned, or has been told of as a damage */
	if (r != 0)
		return r < 0 ? r : 0;
	r = merkle_check_consistency(walk->merkle, &step->tree, tree,
				     &(struct merkle_proof){hashes.hashes, hashes.n});
	if (r == MERKLE_E_WRONG)
		found(walk, name, 0, step->tree.size, "an older key has signed another history");
	return r < 0 ? r : 0;
}

/* The key that one which is known leads to, and the step to it. */
struct way {
	struct note_key key, before;
	struct keys_step last;
	bool stepped;
};

static int keep_step(void *userdata, const struct keys_step *step)
{
	struct way *way = userdata;

	way->before = way->stepped ? way->last.next : way->before;
	way->last = *step;
	way->stepped = true;
	return 0;
}

static int find_way(int dir_fd, const struct note_key *key, struct way *ret_way, struct diag *diag)
{
	int r;

	*ret_way = (struct way){.key = *key, .before = *key};
	r = keys_follow(dir_fd, &ret_way->key, keep_step, ret_way, diag);
	if (r > 0 && diag)
		diag->file = KEYS_DIR;
	return r > 0 ? VERIFY_E_REFUSED : r;
}

/* Until the first checkpoint by a new key is out, there is the one that it was introduced with. */
static int verify_signature(const struct note *note, const struct way *way, struct diag *diag)
{
	struct checkpoint checkpoint;
	int r = note_verify(note, &way->key, NULL, diag);

	if (r != NOTE_E_UNSIGNED || !way->stepped)
		return r;
	if (checkpoint_parse(note->text, &checkpoint, NULL) != 0 ||
	    checkpoint.tree.size != way->last.tree.size ||
	    !equal(&checkpoint.tree.root, &way->last.tree.root))
		return r;
	return note_verify(note, &way->before, NULL, diag);
}

int verify_note(int dir_fd, const struct note *note, const struct note_key *key,
		struct diag *reterr_diag)
{
	struct way way;
	int r = find_way(dir_fd, key, &way, reterr_diag);

	if (r != 0)
		return r < 0 ? r : NOTE_E_REFUSED;
	return verify_signature(note, &way, reterr_diag);
}

int verify_checkpoint(int dir_fd, const struct note_key *key, struct checkpoint *ret_checkpoint,
		      struct diag *reterr_diag)
{
	_cleanup_free_ char *text = NULL;
	struct checkpoint checkpoint;
	struct note note;
	size_t size;
	int r;

	r = folder_read_checkpoint(dir_fd, &text, &size, reterr_diag);
	if (r)
		return r < 0 ? r : VERIFY_E_REFUSED;
	r = note_parse(text, size, &note, reterr_diag);
	if (!r)
		r = verify_note(dir_fd, &note, key, reterr_diag);
	if (r == NOTE_E_UNSIGNED)
		diag_set(reterr_diag, NULL, 0, 0,
			 "it is not signed by %s: is that the log's own key?", key->name);
	if (!r)
		r = checkpoint_parse(note.text, &checkpoint, reterr_diag);
	if (!r && strcmp(checkpoint.origin, key->name) != 0) {
		diag_set(reterr_diag, NULL, 1, 0,
			 "it is of the log %s, the key is that of %s: is this another log?",
			 checkpoint.origin, key->name);
		r = NOTE_E_REFUSED;
	}
	if (r > 0 && reterr_diag && !reterr_diag->file)
		reterr_diag->file = "checkpoint";
	if (r)
		return r < 0 ? r : VERIFY_E_REFUSED;
	*ret_checkpoint = checkpoint;
	return 0;
}

static int verify_steps(struct walk *walk)
{
	struct note_key key = *walk->request->key;

	return keys_follow(walk->request->dir_fd, &key, verify_step, walk, walk->reterr_diag);
}

int verify_log(const struct verify_request *request, struct verify_report *ret_report,
	       struct diag *reterr_diag)
{
	_cleanup_(walk_freep) struct walk *walk = calloc(1, sizeof(*walk));
	struct verify_report report = {0};
	int r;

	if (!walk)
		return -ENOMEM;
	walk->request = request;
	walk->report = &report;
	walk->reterr_diag = reterr_diag;
	r = merkle_new(&walk->merkle);
	if (!r)
		r = verify_checkpoint(request->dir_fd, request->key, &report.checkpoint,
				      reterr_diag);
	if (r)
		return r;
	if (request->from > report.checkpoint.tree.size) {
		diag_set(reterr_diag, "checkpoint", 2, 0,
			 "the log has %" PRIu64 " entries, none from %" PRIu64 " on",
			 report.checkpoint.tree.size, request->from);
		return VERIFY_E_REFUSED;
	}
	r = verify_tree(walk);
	if (r == 0)
		r = verify_steps(walk);
	if (r < 0)
		return r;
	*ret_report = report;
	return report.n_damages ? VERIFY_E_DAMAGED : 0;
}
