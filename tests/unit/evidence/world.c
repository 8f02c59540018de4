// SPDX-License-Identifier: LGPL-2.1-or-later
/* See world.h. */

#include "world.h"

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
#include "base/diag.h"
#include "base/system.h"
#include "evidence/checkpoint.h"
#include "evidence/verify.h"
#include "naive.h"
#include "test.h"

static const uint8_t secret[NOTE_KEY_LEN] = {7};

static int sign(void *userdata, struct text text, char **ret_note, size_t *ret_size)
{
	struct world *world = userdata;
	const struct note_signer signer = {.key = &world->key, .secret = secret};
	struct checkpoint checkpoint;
	char line[NOTE_LINE_LEN];
	int n, r;

	if (world->sign_result)
		return world->sign_result;
	assert_int_equal(checkpoint_parse(text, &checkpoint, NULL), 0);
	assert_true(world->n_signed < WORLD_SIGNED);
	world->signed_trees[world->n_signed++] = checkpoint.tree;
	r = note_sign(&signer, text, line, NULL);
	if (r == -ENOMEM)
		return r;
	assert_int_equal(r, 0);
	n = asprintf(ret_note, "%.*s\n%s", (int)text.size, text.at, line);
	if (n < 0)
		return -ENOMEM;
	*ret_size = (size_t)n;
	return 0;
}

static int chain_key(void *userdata, uint64_t first, uint8_t ret_key[MAC_LEN])
{
	memset(ret_key, 0x5a, MAC_LEN);
	memcpy(ret_key, &first, sizeof(first));
	return 0;
}

static char *read_path(const struct world *world, const char *path, size_t *ret_size)
{
	char *data = NULL;

	if (file_read(world->options.dir_fd, path, (size_t)1 << 30, &data, ret_size) != 0)
		return NULL;
	return data;
}

static void remember_name(struct world *world, const char *path, bool unsynced)
{
	struct volatile_name *name = &world->names[world->n_names];

	assert_true(++world->n_names < WORLD_VOLATILE);
	*name = (struct volatile_name){.unsynced = unsynced};
	(void)snprintf(name->path, sizeof(name->path), "%s", path);
	name->before = read_path(world, path, &name->before_size);
}

static bool is_tail(const char *path)
{
	return strncmp(path, "tail/", 5) == 0;
}

static uint64_t size_of(const struct world *world, const char *path)
{
	struct stat st;

	return fstatat(world->options.dir_fd, path, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

/* Bytes of a tail that are on the disk. */
static uint64_t *synced_size(struct world *world, const char *path)
{
	size_t i = 0;

	while (world->tails[i].path[0] && strcmp(world->tails[i].path, path) != 0)
		assert_true(++i < WORLD_TAILS);
	(void)snprintf(world->tails[i].path, sizeof(world->tails[i].path), "%s", path);
	return &world->tails[i].synced;
}

static void content_synced(struct world *world, const char *path)
{
	for (size_t i = 0; i < world->n_names; i++)
		if (strcmp(world->names[i].path, path) == 0)
			world->names[i].unsynced = false;
}

/* A folder that is synced has the names in it; without one, all are. */
static void forget_names(struct world *world, const char *folder)
{
	size_t kept = 0;

	for (size_t i = 0; i < world->n_names; i++) {
		struct volatile_name *name = &world->names[i];
		const char *slash = strrchr(name->path, '/');
		size_t length = slash ? (size_t)(slash - name->path) : 0;
		bool in = !folder || (strlen(folder) == length + (slash ? 2 : 1) &&
				      strncmp(folder + 2, name->path, length) == 0);

		if (in)
			free(name->before);
		else
			world->names[kept++] = *name;
	}
	world->n_names = kept;
}

static void note_op(struct world *world, enum store_op op, const char *path)
{
	if (op == STORE_WRITE && strcmp(path, STORE_NEW) == 0)
		world->new_synced = false;
	if (op == STORE_SYNC && strcmp(path, STORE_NEW) == 0)
		world->new_synced = true;
	else if (op == STORE_SYNC && is_tail(path))
		*synced_size(world, path) = size_of(world, path);
	else if (op == STORE_SYNC && path[0] == '.')
		forget_names(world, path);
	else if (op == STORE_SYNC)
		content_synced(world, path);
	else if (op == STORE_SYNC_ALL)
		forget_names(world, NULL);
	else if (op == STORE_RENAME || (op == STORE_REMOVE && is_tail(path)))
		remember_name(world, path, op == STORE_RENAME && !world->new_synced);
	if (op == STORE_RENAME && is_tail(path))
		*synced_size(world, path) = size_of(world, STORE_NEW);
}

static int gate(void *userdata, enum store_op op, const char *path, size_t *size)
{
	struct world *world = userdata;

	if (world->shut_op >= 0 && (int)op != world->shut_op)
		return 0;
	world->ops++;
	if (world->shut_at && world->ops >= world->shut_at) {
		/* half of what is being written gets there */
		if (op == STORE_WRITE && world->ops == world->shut_at && *size > 1) {
			*size /= 2;
			return 0;
		}
		return world->shut_with;
	}
	if (world->shorten && *size > 1)
		*size = *size / 2 + 1;
	if (world->remember)
		note_op(world, op, path);
	return 0;
}

struct world *world_new(void)
{
	/* not one of those that are made to fail */
	struct world *world = reallocarray(NULL, 1, sizeof(*world));

	assert_non_null(world);
	memset(world, 0, sizeof(*world));
	/* in memory if that can be: a disk would sync for minutes */
	(void)strcpy(world->dir, "/dev/shm/holdfast-test-XXXXXX");
	if (!mkdtemp(world->dir)) {
		(void)strcpy(world->dir, "/tmp/holdfast-test-XXXXXX");
		assert_non_null(mkdtemp(world->dir));
	}
	world->shut_op = -1;
	world->shut_with = -EIO;
	world->options = (struct writer_options){
		.dir_fd = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.origin = "example.org/log",
		.room = 64 << 10,
		.tail = WRITER_TAIL,
		.gate = gate,
		.sign = sign,
		.chain_key = chain_key,
		.userdata = world,
	};
	assert_true(world->options.dir_fd >= 0);
	assert_int_equal(
		note_key_of_secret(world->options.origin, NOTE_ED25519, secret, &world->key, NULL),
		0);
	return world;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void world_free(struct world *world)
{
	world_close(world);
	closep(&world->options.dir_fd);
	(void)nftw(world->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < world->n_names; i++)
		free(world->names[i].before);
	free(world);
}

int world_open(struct world *world)
{
	assert_null(world->writer);
	world->generation++;
	return writer_open(&world->options, &world->writer, &world->found, NULL);
}

void world_close(struct world *world)
{
	world->writer = writer_close(world->writer);
}

void world_append(struct world *world, uint64_t n)
{
	char entry[300];

	for (uint64_t i = 0; i < n; i++) {
		struct writer_counts counts;
		uint64_t index;
		int size;

		writer_count(world->writer, &counts);
		size = snprintf(entry, sizeof(entry), "%llu of %u", (unsigned long long)counts.size,
				world->generation);
		if (counts.size % 50 == 7)
			size = 0; /* an entry of no bytes is one as well */
		if (counts.size % 50 == 8) {
			memset(entry + size, '.', sizeof(entry) - (size_t)size);
			size = sizeof(entry);
		}
		assert_int_equal(writer_append(world->writer, entry, (size_t)size, &index), 0);
		assert_int_equal(index, counts.size);
	}
}

static void path_of(const char *level, size_t tile, size_t width, char *ret_path)
{
	int n = tile < 1000 ? sprintf(ret_path, "tile/%s/%03zu", level, tile)
			    : sprintf(ret_path, "tile/%s/x%03zu/%03zu", level, tile / 1000,
				      tile % 1000);

	if (width < 256)
		(void)sprintf(ret_path + n, ".p/%zu", width);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The hashes of a level, from those below it. */
static void check_level(const struct world *world, unsigned level, const struct naive_hash *hashes,
			size_t n, size_t from)
{
	char path[STORE_PATH_LEN], name[8];

	(void)snprintf(name, sizeof(name), "%u", level);
	for (size_t tile = from / 256; tile * 256 < n; tile++) {
		size_t width = least(n - tile * 256, 256), size;
		_cleanup_free_ char *data = NULL;

		path_of(name, tile, width, path);
		data = read_path(world, path, &size);
		if (!data || size != width * 32 || memcmp(data, hashes + tile * 256, size) != 0)
			fail_msg("%s is not what the entries make", path);
	}
}

static void read_checkpoint(const struct world *world, struct checkpoint *ret)
{
	_cleanup_free_ char *data = NULL;
	static struct note note;
	size_t size;

	data = read_path(world, "checkpoint", &size);
	assert_non_null(data);
	assert_int_equal(note_parse(data, size, &note, NULL), 0);
	assert_int_equal(note_verify(&note, &world->key, NULL, NULL), 0);
	assert_int_equal(checkpoint_parse(note.text, ret, NULL), 0);
}

uint64_t world_size(const struct world *world)
{
	struct checkpoint checkpoint;

	read_checkpoint(world, &checkpoint);
	return checkpoint.tree.size;
}

/* Leaves of bundles; those before are taken from the tiles, whose hashes nobody can make up. */
static void read_leaves(const struct world *world, struct naive_hash *ret, size_t n, size_t from)
{
	char path[STORE_PATH_LEN];

	for (size_t tile = from / 256; tile * 256 < n; tile++) {
		size_t width = least(n - tile * 256, 256), size, at = 0;
		_cleanup_free_ char *data = NULL;

		path_of("entries", tile, width, path);
		data = read_path(world, path, &size);
		if (!data)
			fail_msg("%s is missing", path);
		for (size_t i = 0; i < width; i++) {
			size_t length;

			assert_true(at + 2 <= size);
			length = (size_t)(uint8_t)data[at] << 8 | (uint8_t)data[at + 1];
			assert_true(at + 2 + length <= size);
			ret[tile * 256 + i] = naive_leaf(data + at + 2, length);
			at += 2 + length;
		}
		assert_int_equal(at, size);
	}
}

/* Roots of the trees that were signed, all of them in one pass over the leaves. */
static void check_signed(const struct world *world, const struct naive_hash *leaves, size_t n)
{
	for (size_t i = 0; i < world->n_signed; i++) {
		const struct merkle_tree *tree = &world->signed_trees[i];
		struct naive_hash root;

		if (tree->size > n)
			fail_msg("%zu entries are fewer than the %llu that were signed", n,
				 (unsigned long long)tree->size);
		root = naive_root(leaves, tree->size);
		if (memcmp(root.bytes, tree->root.bytes, 32) != 0)
			fail_msg("of %llu entries two trees were signed",
				 (unsigned long long)tree->size);
	}
}

static void found(void *userdata, const struct verify_damage *damage)
{
	fail_msg("%s: %s", damage->file, damage->text);
}

/* And what verifies logs says so. */
static void verify(const struct world *world, uint64_t from)
{
	const struct verify_request request = {
		.dir_fd = world->options.dir_fd,
		.key = &world->key,
		.from = from,
		.found = found,
	};
	struct verify_report report;
	struct diag diag = {0};

	if (verify_log(&request, &report, &diag) != 0)
		fail_msg("%s: %s", diag.file, diag.text);
	assert_true(report.first <= from); /* what may be gone may be there */
}

void world_check(const struct world *world, uint64_t from)
{
	_cleanup_free_ struct naive_hash *hashes = NULL;
	struct checkpoint checkpoint;
	struct naive_hash root;
	size_t n;

	verify(world, from);
	read_checkpoint(world, &checkpoint);
	n = checkpoint.tree.size;
	hashes = calloc(n + 1, sizeof(*hashes));
	assert_non_null(hashes);
	read_leaves(world, hashes, n, from);
	if (from == 0) {
		root = naive_root(hashes, n);
		assert_memory_equal(root.bytes, checkpoint.tree.root.bytes, 32);
		check_signed(world, hashes, n);
	}
	for (unsigned level = 0; n; level++) {
		check_level(world, level, hashes, n, from);
		for (size_t i = 0; i < n / 256; i++)
			hashes[i] = naive_root(hashes + i * 256, 256);
		n /= 256;
		if (from)
			break; /* what is above is made of leaves that are gone */
	}
}

static struct {
	char **paths;
	size_t n, skip;
} walk;

static int walk_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type != FTW_F)
		return 0;
	walk.paths = realloc(walk.paths, (walk.n + 1) * sizeof(*walk.paths));
	assert_non_null(walk.paths);
	walk.paths[walk.n++] = strdup(path + walk.skip);
	return 0;
}

size_t world_files(const struct world *world, char ***ret_paths)
{
	walk.paths = NULL;
	walk.n = 0;
	walk.skip = strlen(world->dir) + 1;
	assert_int_equal(nftw(world->dir, walk_one, 16, FTW_PHYS), 0);
	*ret_paths = walk.paths;
	return walk.n;
}

static void write_path(const struct world *world, const char *path, const void *data, size_t size)
{
	struct store store = {.dir_fd = world->options.dir_fd};

	assert_int_equal(store_put(&store, path, &(struct iovec){(void *)data, size}, false), 0);
}

void world_copy(const struct world *from, struct world *to)
{
	char **paths;
	size_t n = world_files(from, &paths);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *data = NULL;
		size_t size;

		data = read_path(from, paths[i], &size);
		assert_non_null(data);
		write_path(to, paths[i], data, size);
		free(paths[i]);
	}
	free(paths);
	to->n_signed = from->n_signed;
	memcpy(to->signed_trees, from->signed_trees, sizeof(to->signed_trees));
	to->generation = from->generation;
}

uint64_t world_random(uint64_t *seed, uint64_t n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % n;
}

static void lose_end(const struct world *world, const char *path, uint64_t least_size,
		     uint64_t *seed)
{
	char full[256];
	struct stat st;

	(void)snprintf(full, sizeof(full), "%s/%s", world->dir, path);
	if (stat(full, &st) < 0 || (uint64_t)st.st_size <= least_size)
		return;
	least_size += world_random(seed, (uint64_t)st.st_size - least_size + 1);
	assert_int_equal(truncate(full, (off_t)least_size), 0);
	/* the size may be on the disk, and blocks of it not */
	if (world_random(seed, 2) == 0)
		assert_int_equal(truncate(full, st.st_size), 0);
}

void world_power_loss(struct world *world, uint64_t *seed)
{
	char **paths;
	size_t n;

	for (size_t i = world->n_names; i-- > 0;) {
		struct volatile_name *name = &world->names[i];

		if (world_random(seed, 2) && name->before)
			write_path(world, name->path, name->before, name->before_size);
		else if (world_random(seed, 2) && !name->before)
			(void)unlinkat(world->options.dir_fd, name->path, 0);
		else if (name->unsynced)
			lose_end(world, name->path, 0, seed);
		free(name->before);
	}
	world->n_names = 0;
	n = world_files(world, &paths);
	for (size_t i = 0; i < n; i++) {
		if (is_tail(paths[i]))
			lose_end(world, paths[i], *synced_size(world, paths[i]), seed);
		free(paths[i]);
	}
	free(paths);
}
