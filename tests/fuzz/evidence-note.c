// SPDX-License-Identifier: LGPL-2.1-or-later
/* Signed notes: refused, or cut where the format says; only the one text we know is verified. */

#include <string.h>

#include "base/diag.h"
#include "evidence/keys.h"
#include "evidence/note.h"
#include "fuzz.h"
#include "must.h"

#define VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define TEXT "This is an example message.\n"

/* A note that introduces a key: what is read of it is written again. */
static void introduced(struct text note)
{
	struct checkpoint checkpoint = {.origin = "example.com/foo"};
	char text[KEYS_NOTE_LEN];
	struct keys_step step;
	struct diag diag = {0};
	size_t size;
	int r = keys_parse(note, checkpoint.origin, &step, &diag);

	must(r == 0 || (r == KEYS_E_REFUSED && diag.text[0]));
	if (r)
		return;
	checkpoint.tree = step.tree;
	size = keys_format(&checkpoint, &step.next, text);
	must(size < note.size && memcmp(text, note.at, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	static struct note_key key;
	struct diag diag = {0};
	struct note note;
	int r;

	if (!key.id)
		must(note_key_parse((struct text){VKEY, strlen(VKEY)}, &key, NULL) == 0);
	r = note_key_parse((struct text){bytes, size}, &(struct note_key){0}, &diag);
	must(r == 0 || (r == NOTE_E_REFUSED && diag.text[0]));

	r = note_parse(bytes, size, &note, &diag);
	must(r == 0 || (r == NOTE_E_REFUSED && diag.text[0]));
	introduced((struct text){bytes, size});
	if (r)
		return 0;
	must(note.text.at == bytes && note.text.size > 0 && note.text.size + 1 < size);
	must(bytes[note.text.size - 1] == '\n' && bytes[note.text.size] == '\n');
	must(note.n_signatures > 0 && note.n_signatures <= NOTE_MAX_SIGNATURES);
	r = note_verify(&note, &key, NULL, &diag);
	must(r >= 0);
	if (r == 0)
		must(text_is(note.text, TEXT));
	return 0;
}
