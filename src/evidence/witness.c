// SPDX-License-Identifier: LGPL-2.1-or-later
/* See witness.h. Pure. */

#include "evidence/witness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"

#define STATE_HEAD "holdfast witness 1"

#define refuse(...) (diag_set(reterr_diag, NULL, 0, 0, __VA_ARGS__), WITNESS_E_REFUSED)
#define refuse_line(line, ...) (diag_set(reterr_diag, NULL, line, 0, __VA_ARGS__), NOTE_E_REFUSED)

/* A 409 has the size and nothing else; others end it in no newline, some in two. */
static int read_size(const struct witness_asked *asked, struct text body,
		     struct witness_reply *ret_reply, struct diag *reterr_diag)
{
	uint64_t mine = asked->checkpoint->tree.size, size;

	if (body.size && body.at[body.size - 1] == '\n')
		body.size--;
	if (!text_decimal(body, &size))
		return refuse("it says that it has seen another size, and no size");
	if (size > mine)
		return refuse("rolled back: it has seen %" PRIu64
			      " entries of %s, which has %" PRIu64 " now",
			      size, asked->checkpoint->origin, mine);
	if (size == asked->earlier)
		return refuse("it says that it has seen another size than %" PRIu64
			      ", and names the same",
			      size);
	ret_reply->size = size;
	return WITNESS_E_OTHER_SIZE;
}

static void copy_line(const struct note *note, const struct note_key *key,
		      char ret_line[NOTE_LINE_LEN])
{
	for (size_t i = 0; i < note->n_signatures; i++) {
		const struct note_signature *signature = &note->signatures[i];

		if (signature->id != key->id || !text_is(signature->name, key->name))
			continue;
		(void)snprintf(ret_line, NOTE_LINE_LEN, "\xe2\x80\x94 %s %.*s\n", key->name,
			       (int)signature->base64.size, signature->base64.at);
		return;
	}
}

/* The lines are signatures of the note that they would be in. */
static int read_cosignature(const struct witness_asked *asked, struct text body,
			    struct witness_reply *ret_reply, struct diag *reterr_diag)
{
	const struct note_key *key = &asked->witness->key;
	_cleanup_free_ struct note *note = malloc(sizeof(*note));
	_cleanup_free_ char *all = malloc(asked->text.size + 1 + body.size);
	struct diag diag = {0};
	uint64_t time = 0;
	int r;

	if (!note || !all)
		return -ENOMEM;
	memcpy(all, asked->text.at, asked->text.size);
	all[asked->text.size] = '\n';
	if (body.size)
		memcpy(all + asked->text.size + 1, body.at, body.size);
	r = note_parse(all, asked->text.size + 1 + body.size, note, &diag);
	/* an empty line in the answer would have moved where the text ends */
	if (!r && note->text.size != asked->text.size)
		return refuse("its answer is no lines of cosignatures: it has an empty line");
	if (!r)
		r = note_verify(note, key, &time, &diag);
	if (r < 0)
		return r;
	if (r == NOTE_E_UNSIGNED)
		return refuse("it answers with cosignatures, none of them by its key %s+%08" PRIx32,
			      key->name, key->id);
	if (r)
		return refuse("its answer is no cosignature of the checkpoint: %s", diag.text);
	ret_reply->time = time;
	copy_line(note, key, ret_reply->line);
	return 0;
}

int witness_read(const struct witness_asked *asked, const struct witness_answer *answer,
		 struct witness_reply *ret_reply, struct diag *reterr_diag)
{
	const struct checkpoint *checkpoint = asked->checkpoint;

	switch (answer->status) {
	case 200:
		return read_cosignature(asked, answer->body, ret_reply, reterr_diag);
	case 409:
		return read_size(asked, answer->body, ret_reply, reterr_diag);
	case 400:
		return refuse("it does not understand what it was asked (400)");
	case 403:
		return refuse("it knows no key of %s that has signed the checkpoint (403)",
			      checkpoint->origin);
	case 404:
		return refuse("it does not know the log %s: whoever runs it has to add it (404)",
			      checkpoint->origin);
	case 422:
		return refuse("forked: what it has seen of %s, with %" PRIu64
			      " entries, is not what the log of %" PRIu64 " has now (422)",
			      checkpoint->origin, asked->earlier, checkpoint->tree.size);
	default:
		if (answer->status >= 300 && answer->status < 400)
			return refuse(
				"it sends us elsewhere (%u): no redirection is followed, write "
				"the URL that it has now into the policy",
				answer->status);
		return refuse("it answers %u, which says nothing here", answer->status);
	}
}

/* Return: the witness of that name, or n_witnesses. */
static size_t find(const struct quorum *policy, struct text name)
{
	size_t i = 0;

	while (i < policy->n_witnesses && !text_is(name, policy->witnesses[i].name))
		i++;
	return i;
}

int witness_state_parse(struct text data, const struct quorum *policy, const char *origin,
			uint64_t ret_seen[QUORUM_MAX], struct diag *reterr_diag)
{
	struct text line, size_text;
	unsigned number = 2;
	bool ours;

	memset(ret_seen, 0, QUORUM_MAX * sizeof(*ret_seen));
	if (!text_cut(&data, '\n', &line) || !text_is(line, STATE_HEAD))
		return refuse_line(1, "this is nothing that `holdfast log witness` has kept: its "
				      "first line has to be \"" STATE_HEAD "\"");
	if (!text_cut(&data, '\n', &line) || line.size == 0)
		return refuse_line(number, "the line has to be the log's origin");
	ours = text_is(line, origin);
	while (data.size) {
		uint64_t size;
		size_t i;

		number++;
		if (!text_cut(&data, '\n', &line) || !text_cut(&line, ' ', &size_text) ||
		    !text_decimal(size_text, &size) || line.size == 0)
			return refuse_line(number, "the line has to be a number of entries and the "
						   "name of a witness");
		i = find(policy, line);
		if (ours && i < policy->n_witnesses)
			ret_seen[i] = size;
	}
	return 0;
}

int witness_state_format(const struct quorum *policy, const char *origin,
			 const uint64_t seen[QUORUM_MAX], char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	size_t size;

	file = open_memstream(&text, &size);
	if (!file)
		return -ENOMEM;
	(void)fprintf(file, STATE_HEAD "\n%s\n", origin);
	for (size_t i = 0; i < policy->n_witnesses; i++) {
		if (seen[i])
			(void)fprintf(file, "%" PRIu64 " %s\n", seen[i], policy->witnesses[i].name);
	}
	if (fflush(file) != 0)
		return -ENOMEM;
	*ret_text = strdup(text);
	return *ret_text ? 0 : -ENOMEM;
}
