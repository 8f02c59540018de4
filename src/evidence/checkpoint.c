// SPDX-License-Identifier: LGPL-2.1-or-later
/* See checkpoint.h. Pure. */

#include "evidence/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/diag.h"

#define refuse(line, ...) (diag_set(reterr_diag, NULL, line, 0, __VA_ARGS__), NOTE_E_REFUSED)

int checkpoint_parse(struct text text, struct checkpoint *ret_checkpoint, struct diag *reterr_diag)
{
	struct checkpoint checkpoint = {0};
	struct merkle_tree *tree = &checkpoint.tree;
	struct text line;
	unsigned number = 4;
	size_t size = 0;

	if (!text_cut(&text, '\n', &line) || line.size == 0 ||
	    line.size >= sizeof(checkpoint.origin) || memchr(line.at, '\0', line.size))
		return refuse(1,
			      "this is no checkpoint: its first line is no origin of 1 to %d bytes",
			      NOTE_NAME_LEN - 1);
	memcpy(checkpoint.origin, line.at, line.size);
	if (!text_cut(&text, '\n', &line) || !text_decimal(line, &tree->size))
		return refuse(2, "this is no checkpoint: its second line is no size of a log");
	if (!text_cut(&text, '\n', &line) ||
	    base64_decode(line.at, line.size, tree->root.bytes, SHA256_LEN, &size) < 0 ||
	    size != SHA256_LEN)
		return refuse(3, "this is no checkpoint: its third line is not base64 of %d bytes",
			      SHA256_LEN);
	for (; text.size; number++) {
		if (!text_cut(&text, '\n', &line) || line.size == 0)
			return refuse(
				number,
				"this is no checkpoint: a line after the root is empty or not ended");
	}
	*ret_checkpoint = checkpoint;
	return 0;
}

size_t checkpoint_format(const struct checkpoint *checkpoint, char ret_text[CHECKPOINT_LEN])
{
	char root[BASE64_LEN(SHA256_LEN) + 1];

	base64_encode(checkpoint->tree.root.bytes, SHA256_LEN, root);
	return (size_t)snprintf(ret_text, CHECKPOINT_LEN, "%s\n%" PRIu64 "\n%s\n",
				checkpoint->origin, checkpoint->tree.size, root);
}
