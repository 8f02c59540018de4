// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a witness answers, what was kept of it, and proofs that go to it: refused, or read. Never a
 * cosignature: the input has none of the witness's key over this checkpoint. The first byte says
 * the status.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/folder.h"
#include "evidence/proof.h"
#include "evidence/witness.h"
#include "fuzz.h"
#include "must.h"

#define POLICY                                                                           \
	"log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n"    \
	"witness a w1+248cda26+BAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB http://w/\n" \
	"quorum a\n"
#define TEXT "example.com/foo\n9\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

static void answer(const struct quorum *policy, unsigned status, struct text body)
{
	struct checkpoint checkpoint;
	struct witness_asked asked = {&policy->witnesses[0], &checkpoint, {TEXT, strlen(TEXT)}, 4};
	struct witness_answer answer = {status, body};
	struct witness_reply reply;
	struct diag diag = {0};
	int r;

	must(checkpoint_parse(asked.text, &checkpoint, NULL) == 0);
	r = witness_read(&asked, &answer, &reply, &diag);
	must(r == WITNESS_E_REFUSED || r == WITNESS_E_OTHER_SIZE);
	must(r == WITNESS_E_REFUSED ? diag.text[0] != '\0'
				    : status == 409 && reply.size <= 9 && reply.size != 4);
}

static void kept(const struct quorum *policy, struct text text)
{
	uint64_t seen[QUORUM_MAX], again[QUORUM_MAX];
	_cleanup_free_ char *back = NULL;
	struct diag diag = {0};
	int r = witness_state_parse(text, policy, "example.com/foo", seen, &diag);

	must(r == 0 || (r == NOTE_E_REFUSED && diag.text[0]));
	if (r)
		return;
	must(witness_state_format(policy, "example.com/foo", seen, &back) == 0);
	must(witness_state_parse((struct text){back, strlen(back)}, policy, "example.com/foo",
				 again, NULL) == 0);
	must(memcmp(seen, again, sizeof(seen)) == 0);
}

static void since(struct text text)
{
	_cleanup_free_ char *back = NULL;
	struct proof_since proof;
	struct diag diag = {0};
	int r = proof_parse_since(text.at, text.size, &proof, &diag);

	must(r == 0 || (r == NOTE_E_REFUSED && diag.text[0]));
	if (r)
		return;
	must(proof_format_since(&proof, &back) == 0);
	must(memcmp(back, text.at, text.size) == 0 && back[text.size] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned statuses[] = {200, 409, 400, 403, 404, 422, 307, 500};
	static struct quorum *policy;
	uint64_t log_size, first;
	struct text text;

	if (!policy)
		must(quorum_parse(POLICY, strlen(POLICY), &policy, NULL) == 0);
	if (size == 0)
		return 0;
	text = (struct text){(const char *)data + 1, size - 1};
	answer(policy, statuses[data[0] % 8], text);
	kept(policy, text);
	since(text);
	if (folder_parse_retention(text, &log_size, &first))
		must(log_size <= INT64_MAX && first <= INT64_MAX);
	return 0;
}
