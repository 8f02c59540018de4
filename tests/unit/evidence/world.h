/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A folder with a log, a signer that remembers what it has signed, a gate that can be shut, and a
 * reader of the result that shares nothing with the writer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence/merkle.h"
#include "evidence/note.h"
#include "evidence/store.h"
#include "evidence/writer.h"

#define WORLD_SIGNED 4096 /* checkpoints that are remembered */
#define WORLD_TAILS 32
#define WORLD_VOLATILE 512 /* names that a power loss may take back */

/* What is not known to be on the disk: a name's content before, and how much of the new one is. */
struct volatile_name {
	char path[STORE_PATH_LEN];
	char *before; /* NULL: there was none */
	size_t before_size;
	bool unsynced; /* nor is the new content */
};

struct world {
	char dir[64];
	struct writer_options options;
	struct writer *writer;
	struct writer_found found;
	struct note_key key;
	unsigned generation; /* of entries: those of another life are others */

	size_t n_signed;
	struct merkle_tree signed_trees[WORLD_SIGNED];
	int sign_result;

	unsigned ops; /* changes that were asked for */
	unsigned shut_at; /* from this one on, each is refused; 0 for none */
	int shut_with; /* a negative errno */
	int shut_op; /* only this one; -1 for any */
	bool shorten; /* writes are cut in two */

	bool remember; /* what a power loss would take */
	bool new_synced;
	struct {
		char path[STORE_PATH_LEN];
		uint64_t synced;
	} tails[WORLD_TAILS];
	size_t n_names;
	struct volatile_name names[WORLD_VOLATILE];
};

/* world_new() - an empty folder; nothing is opened */
struct world *world_new(void);
void world_free(struct world *world);

/* world_open() - Return: as writer_open() */
int world_open(struct world *world);
void world_close(struct world *world);

/* world_append() - @n entries, whose bytes say which they are; all must find room */
void world_append(struct world *world, uint64_t n);

/* world_check() - the folder is a log of all entries from @from on, and of all that was signed */
void world_check(const struct world *world, uint64_t from);

/* world_size() - of the checkpoint that is out */
uint64_t world_size(const struct world *world);

/* world_files() - all files of the folder by their paths; the caller frees each and the array */
size_t world_files(const struct world *world, char ***ret_paths);

/* world_copy() - of all files, into a world that has none; what was signed too */
void world_copy(const struct world *from, struct world *to);

/* world_power_loss() - take back what is not known to be on the disk, as a random number says */
void world_power_loss(struct world *world, uint64_t *seed);

/* world_random() - a number from 0 to below @n */
uint64_t world_random(uint64_t *seed, uint64_t n);
