// SPDX-License-Identifier: LGPL-2.1-or-later
/* See scrape.h. */

#include "export/scrape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "evidence/follow.h"

struct scrape {
	struct note_key key;
	struct follow *follow;
	struct counters *counters;
};

int scrape_new(const char *path, const char *vkey, struct scrape **ret_scrape,
	       struct diag *reterr_diag)
{
	_cleanup_(scrape_freep) struct scrape *scrape = calloc(1, sizeof(*scrape));
	int r = 0;

	if (!scrape)
		return -ENOMEM;
	if (vkey)
		r = note_key_parse((struct text){vkey, strlen(vkey)}, &scrape->key, reterr_diag);
	if (r)
		return r < 0 ? r : SCRAPE_E_FAILED;
	r = follow_new(&(struct follow_options){.path = path,
						.keys = &scrape->key,
						.n_keys = vkey ? 1 : 0},
		       &scrape->follow);
	if (r == 0)
		r = counters_new(&scrape->counters);
	if (r < 0)
		return r;
	*ret_scrape = TAKE_PTR(scrape);
	return 0;
}

struct scrape *scrape_free(struct scrape *scrape)
{
	if (scrape) {
		(void)follow_free(scrape->follow);
		(void)counters_free(scrape->counters);
	}
	free(scrape);
	return NULL;
}

int scrape_count(struct scrape *scrape, uint64_t max, struct diag *reterr_diag)
{
	for (uint64_t i = 0; i < max; i++) {
		uint64_t index = follow_index(scrape->follow);
		struct follow_entry entry;
		int r = follow_next(scrape->follow, &entry, reterr_diag);

		if (r == FOLLOW_E_END)
			return 0;
		if (r == FOLLOW_E_PRUNED) {
			counters_pruned(scrape->counters, entry.index - index);
			follow_seek(scrape->follow, entry.index);
			continue;
		}
		if (r)
			return r < 0 ? r : SCRAPE_E_FAILED;
		r = counters_take(scrape->counters, &entry);
		if (r < 0)
			return r;
	}
	return SCRAPE_E_MORE;
}

int scrape_text(const struct scrape *scrape, enum counters_format format, char **ret_text)
{
	struct counters_log log = {.origin = ""};
	const struct checkpoint *checkpoint;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return -ENOMEM;
	checkpoint = follow_checkpoint(scrape->follow, &log.checkpoint_time);
	if (checkpoint) {
		log.origin = checkpoint->origin;
		log.size = checkpoint->tree.size;
	}
	counters_print(scrape->counters, &log, format, file);
	if (fclose(file) != 0)
		return -ENOMEM;
	*ret_text = TAKE_PTR(text);
	return 0;
}

struct follow *scrape_follow(const struct scrape *scrape)
{
	return scrape->follow;
}
