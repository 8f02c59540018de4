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

struct collection {
	struct drive *d;
	char key[32];
};

static bool collect(void *userdata, uint64_t index, char *entry)
{
	const struct collection *collection = userdata;

	assign(collection->d, entry);
	return strstr(entry, collection->key) != NULL;
}

/* When the last event is in the log, so are all others. */
int journal_collect(struct drive *d, pid_t fence)
{
	struct collection collection = {.d = d};

	snprintf(collection.key, sizeof(collection.key), "\"tgid\":%d,", fence);
	return journal_follow(d->log_start, collect, &collection);
}
