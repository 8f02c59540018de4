// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the guard has logged of the probes. */
#include "drive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "evidence/follow.h"
#include "evidence/tile.h"
#include "stage.h"

#define PATIENCE_SECONDS 20
#define LOG_DIR "/var/lib/holdfast/log"

uint64_t journal_size(void)
{
	_cleanup_(follow_freep) struct follow *follow = NULL;
	const struct follow_options options = {.path = LOG_DIR};

	if (follow_new(&options, &follow) < 0 || follow_look(follow, NULL) != 0)
		return 0;
	return follow_checkpoint(follow, NULL)->tree.size;
}

int journal_follow(uint64_t from, bool (*take)(void *userdata, uint64_t index, char *entry),
		   void *userdata)
{
	_cleanup_(follow_freep) struct follow *follow = NULL;
	const struct follow_options options = {.path = LOG_DIR, .from = from};
	double deadline = now() + PATIENCE_SECONDS;
	char text[ENTRY_MAX_SIZE + 1];

	if (follow_new(&options, &follow) < 0)
		return -ENOMEM;
	for (;;) {
		struct follow_entry entry;
		int r = follow_next(follow, &entry, NULL);

		if (r == 0) {
			deadline = now() + PATIENCE_SECONDS;
			memcpy(text, entry.data, entry.size);
			text[entry.size] = '\0';
			if (take(userdata, entry.index, text))
				return 0;
		} else if (r != FOLLOW_E_END) {
			return -EBADMSG;
		} else if (now() > deadline) {
			return -ETIMEDOUT;
		} else {
			(void)follow_wait(follow, NULL, 200);
		}
	}
}

void journal_fence(const struct target *target, struct fence *ret_fence)
{
	/* by its pin: who asks by id asks for what other agents have as well */
	static const char *const verbs[] = {"map-read", "self-map-pin"};

	*ret_fence = (struct fence){.log = journal_size()};
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct technique *technique = technique_find(verbs[i]);
		struct outcome outcome;

		(void)drive_probe(technique, technique->run, target, &outcome);
		snprintf(ret_fence->keys[i], sizeof(ret_fence->keys[i]), "\"tgid\":%d,",
			 outcome.pid);
	}
}

bool journal_fenced(struct fence *fence, uint64_t index, const char *entry)
{
	for (size_t i = 0; index >= fence->log && i < 2; i++)
		if (fence->keys[i][0] && strstr(entry, fence->keys[i]))
			fence->keys[i][0] = '\0';
	return !fence->keys[0][0] && !fence->keys[1][0];
}

struct collection {
	struct drive *d;
	struct fence fence;
};

static bool collect(void *userdata, uint64_t index, char *entry)
{
	struct collection *collection = userdata;

	assign(collection->d, entry);
	return journal_fenced(&collection->fence, index, entry);
}

int journal_collect(struct drive *d, const struct fence *fence)
{
	struct collection collection = {.d = d, .fence = *fence};

	return journal_follow(d->log_start, collect, &collection);
}
