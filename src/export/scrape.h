/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Counters that follow a log. */

#include <stdint.h>

#include "export/counters.h"

struct diag;
struct follow;
struct scrape;

enum scrape_outcome {
	_SCRAPE_E_SUCCESS,
	SCRAPE_E_MORE, /* there are entries that are not counted yet */
	SCRAPE_E_FAILED, /* the diag says what is wrong with the log, or the key */
};

/**
 * scrape_new() - count a log from its first entry that is there
 * @path:        borrowed: the log's folder
 * @vkey:        who has to have signed it; NULL: anybody
 * @ret_scrape:  the caller frees it by scrape_free()
 * @reterr_diag: filled on SCRAPE_E_FAILED
 * Return: 0; SCRAPE_E_FAILED if @vkey is no key; -ENOMEM; -EIO from libcrypto.
 */
int scrape_new(const char *path, const char *vkey, struct scrape **ret_scrape,
	       struct diag *reterr_diag);

/* scrape_free() - NULL is allowed. Return: NULL. */
struct scrape *scrape_free(struct scrape *scrape);

static inline void scrape_freep(struct scrape **scrape)
{
	(void)scrape_free(*scrape);
}

/**
 * scrape_count() - count entries that are new
 * @max:         at most so many
 * @reterr_diag: filled on SCRAPE_E_FAILED and an errno of a file
 * Return: 0 if all are counted; SCRAPE_E_MORE; SCRAPE_E_FAILED; as follow_next().
 */
int scrape_count(struct scrape *scrape, uint64_t max, struct diag *reterr_diag);

/**
 * scrape_text() - what counters_print() prints
 * @ret_text: NUL terminated; the caller frees
 * Return: 0; -ENOMEM.
 */
int scrape_text(const struct scrape *scrape, enum counters_format format, char **ret_text);

/* scrape_follow() - what it follows the log by, to wait for. Return: borrowed. */
struct follow *scrape_follow(const struct scrape *scrape);
