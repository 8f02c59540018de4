// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bytes of a BTF: each of its types is refused with a reason, or gives a plan that stays within
 * its size, and encodes a few texts without a write outside of it.
 */

#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fuzz.h"
#include "mapdata/encode.h"
#include "mapdata/plan.h"
#include "must.h"
#include "policy/doc.h"

#define TYPES 64 /* of one input that are tried */
#define ROOM (UINT32_C(1) << 16) /* bytes of a value that is tried */

static const char *const texts[] = {"7",	 "RED",
				    "abc",	 "{}",
				    "[1, 2]",	 "{a: 1, b: [1, 2]}",
				    "{a: 1}",	 "{length: 8, data: [1, 0, 0, 0]}",
				    "10.0.0.0/8"};

/*
 * What libbpf 1.1 does not check before it reads: where the sections begin depends on a length that
 * it takes from the header as it is.
 */
static bool header_sound(const uint8_t *data, size_t size)
{
	struct btf_header h;

	if (size < sizeof(h))
		return false;
	memcpy(&h, data, sizeof(h));
	return h.magic == BTF_MAGIC && h.hdr_len == sizeof(h) && h.str_len > 0;
}

static void try_text(const struct data_plan *plan, const char *text)
{
	_cleanup_(doc_freep) struct doc_node *node = NULL;
	_cleanup_free_ uint8_t *bytes = malloc(data_plan_size(plan) + 1);
	struct encode_step step = {.name = "v"};
	struct diag diag = {0};
	struct encoder encoder = {.file = "f", .reterr_diag = &diag};
	int r;

	must(bytes && doc_parse("f", text, strlen(text), &node, NULL) == 0);
	memset(bytes, 0xa5, data_plan_size(plan) + 1);
	r = data_encode(&encoder, plan, node, &step, bytes);
	must(r >= 0 && bytes[data_plan_size(plan)] == 0xa5);
	must(!r == !diag.text[0]);
}

static void try_type(const struct btf *btf, uint32_t id, bool is_prefix)
{
	_cleanup_(data_plan_freep) struct data_plan *plan = NULL;
	int64_t size = btf__resolve_size(btf, id);
	struct plan_request request = {
		.btf = btf, .type_id = id, .size = (uint32_t)size, .is_prefix = is_prefix};
	struct diag diag = {0};
	int r;

	if (size < 0)
		request.size = btf__type_by_id(btf, id)->size;
	r = data_plan_make(&request, &plan, &diag);
	must(r >= 0 && !r == !!plan && !r == !diag.text[0]);
	for (size_t i = 0; !r && request.size <= ROOM && i < sizeof(texts) / sizeof(*texts); i++)
		try_text(plan, texts[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf *btf;

	libbpf_set_print(NULL);
	if (!header_sound(data, size))
		return 0;
	btf = btf__new(data, (uint32_t)size);
	if (!btf)
		return 0;
	for (uint32_t id = 1; id < btf__type_cnt(btf) && id < TYPES; id++) {
		try_type(btf, id, false);
		try_type(btf, id, true);
	}
	btf__free(btf);
	return 0;
}
