// SPDX-License-Identifier: LGPL-2.1-or-later
/* See libraries.h. */

#include "learn/libraries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "learn/seen.h"
#include "learn/stanza.h"
#include "policy/closure.h"
#include "policy/root.h"
#include "policy/search.h"

struct host {
	struct root *root;
	struct search *search;
};

static void host_done(struct host *host)
{
	host->root = root_close(host->root);
	host->search = search_free(host->search);
}

static bool has_path(const struct closure *closure, size_t first, const char *path)
{
	for (size_t i = first; i < closure_count(closure); i++) {
		if (strcmp(closure_get(closure, i)->path, path) == 0)
			return true;
	}
	return false;
}

static int add_programs(const struct seen *seen, struct closure *closure, struct diag *reterr_diag)
{
	for (size_t i = 0; i < seen->n_programs; i++) {
		const struct seen_program *p = &seen->programs[i];
		size_t first;
		int r;

		if (p->by_digest || !stanza_names(seen, p))
			continue;
		r = closure_add(closure, p->path, CLOSURE_EXECUTABLE, &first, reterr_diag);
		if (r)
			return r < 0 ? r : LIBRARIES_E_REFUSED;
	}
	return 0;
}

static void drop(struct seen *seen, size_t i)
{
	free(seen->libraries[i].path);
	memmove(&seen->libraries[i], &seen->libraries[i + 1],
		(seen->n_libraries - i - 1) * sizeof(*seen->libraries));
	/* The count shrinks only here, where nothing is added any more: array_grow() allows it. */
	seen->n_libraries--;
}

/* What a library brings along need not be named; of two that need each other the first stays. */
static int drop_needed(struct seen *seen, const struct host *host, struct diag *reterr_diag)
{
	for (size_t i = 0; i < seen->n_libraries; i++) {
		_cleanup_(closure_freep) struct closure *closure = NULL;
		size_t first = 0;
		int r;

		if (seen->libraries[i].by_digest)
			continue;
		r = closure_new(host->root, host->search, &closure);
		if (!r)
			r = add_programs(seen, closure, reterr_diag);
		if (!r)
			r = closure_add(closure, seen->libraries[i].path, CLOSURE_LIBRARY, &first,
					reterr_diag);
		if (r)
			return r < 0 ? r : LIBRARIES_E_REFUSED;
		for (size_t k = seen->n_libraries; k-- > 0;) {
			if (k == i || seen->libraries[k].by_digest ||
			    !has_path(closure, first + 1, seen->libraries[k].path))
				continue;
			drop(seen, k);
			i -= k < i;
		}
	}
	return 0;
}

int libraries_reduce(struct seen *seen, struct diag *reterr_diag)
{
	_cleanup_(closure_freep) struct closure *closure = NULL;
	_cleanup_(host_done) struct host host = {0};
	int r;

	r = root_open("/", &host.root, reterr_diag);
	if (!r)
		r = search_new(host.root, &host.search, reterr_diag);
	if (!r)
		r = closure_new(host.root, host.search, &closure);
	if (!r)
		r = add_programs(seen, closure, reterr_diag);
	if (r)
		return r < 0 ? r : LIBRARIES_E_REFUSED;
	for (size_t i = seen->n_libraries; i-- > 0;) {
		if (!seen->libraries[i].by_digest && has_path(closure, 0, seen->libraries[i].path))
			drop(seen, i);
	}
	return drop_needed(seen, &host, reterr_diag);
}
