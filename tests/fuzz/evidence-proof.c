// SPDX-License-Identifier: LGPL-2.1-or-later
/* Proofs: refused, or written again to the byte, and never of the entry that this asks for. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/proof.h"
#include "fuzz.h"
#include "must.h"

#define POLICY                                                                        \
	"log example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n" \
	"quorum none\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct text entry = {"an entry", 8};
	static struct quorum *policy;
	_cleanup_free_ char *text = NULL;
	struct proof_report report;
	struct diag diag = {0};
	struct proof proof;
	int r;

	if (!policy)
		must(quorum_parse(POLICY, strlen(POLICY), &policy, NULL) == 0);
	r = proof_parse((const char *)data, size, &proof, &diag);
	must(r == 0 || (r == NOTE_E_REFUSED && diag.text[0]));
	if (r)
		return 0;
	must(proof.hashes.n <= MERKLE_MAX_PROOF);
	must(proof.note.at + proof.note.size == (const char *)data + size);
	if (proof.extra.size == 0 && proof.extra.at == (const char *)data) {
		must(proof_format(&proof, &text) == 0);
		must(memcmp(text, data, size) == 0 && text[size] == '\0');
	}
	must(proof_check(&proof, policy, &entry, &report, &diag) == NOTE_E_REFUSED);
	must(diag.text[0]);
	return 0;
}
