// SPDX-License-Identifier: LGPL-2.1-or-later
/* See position.h. */

#include "export/position.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "evidence/text.h"

#define HEAD "holdfast position 1"
#define MAX_SIZE (NOTE_NAME_LEN + 64)

int position_parse(const char *text, size_t size, struct position *ret_position)
{
	struct text rest = {text, size}, head, origin, next;
	struct position position;

	if (!text_cut(&rest, '\n', &head) || !text_is(head, HEAD) ||
	    !text_cut(&rest, '\n', &origin) || !text_cut(&rest, '\n', &next) || rest.size > 0)
		return POSITION_E_REFUSED;
	if (origin.size == 0 || origin.size >= sizeof(position.origin) ||
	    memchr(origin.at, '\0', origin.size) || !text_decimal(next, &position.next))
		return POSITION_E_REFUSED;
	memcpy(position.origin, origin.at, origin.size);
	position.origin[origin.size] = '\0';
	*ret_position = position;
	return 0;
}

int position_read(const char *path, struct position *ret_position, struct diag *reterr_diag)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r;

	r = file_read(AT_FDCWD, path, MAX_SIZE, &text, &size);
	if (r == -ENOENT)
		return POSITION_E_NONE;
	if (r < 0) {
		diag_set(reterr_diag, path, 0, 0, "%s", strerror(-r));
		return r;
	}
	if (r == 0)
		r = position_parse(text, size, ret_position);
	if (r == 0)
		return 0;
	diag_set(reterr_diag, path, 0, 0,
		 "it is no state of an export: name another file, or remove it and all is sent "
		 "again");
	return POSITION_E_REFUSED;
}

int position_write(const char *path, const struct position *position, struct diag *reterr_diag)
{
	char text[MAX_SIZE];
	int n, r;

	n = snprintf(text, sizeof(text), HEAD "\n%s\n%" PRIu64 "\n", position->origin,
		     position->next);
	r = file_write_atomic(path, text, (size_t)n, 0640);
	if (r < 0)
		diag_set(reterr_diag, path, 0, 0, "%s", strerror(-r));
	else if (r)
		diag_set(reterr_diag, path, 0, 0, "it is no regular file");
	return r > 0 ? POSITION_E_REFUSED : r;
}
