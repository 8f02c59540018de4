// SPDX-License-Identifier: LGPL-2.1-or-later
/* See data-fixture.h. */

#include "data-fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "mapdata/encode.h"
#include "mapdata/plan.h"
#include "policy/doc.h"
#include "test.h"

static struct bpf_object *object;

int fixture_open(void **state)
{
	object = bpf_object__open_file(OBJECT, NULL);
	return object ? 0 : -1;
}

int fixture_close(void **state)
{
	bpf_object__close(object);
	object = NULL;
	return 0;
}

struct bpf_object *fixture_object(void)
{
	return object;
}

const struct btf *fixture_btf(void)
{
	return bpf_object__btf(object);
}

static struct plan_request request_of(const char *name, bool is_prefix)
{
	const struct btf *btf = fixture_btf();
	int id = btf__find_by_name(btf, name);

	if (id < 0)
		fail_msg("the object has no type %s", name);
	return (struct plan_request){.btf = btf,
				     .type_id = (uint32_t)id,
				     .size = (uint32_t)btf__resolve_size(btf, (uint32_t)id),
				     .is_prefix = is_prefix};
}

struct data_plan *fixture_plan(const char *name, bool is_prefix)
{
	struct plan_request request = request_of(name, is_prefix);
	struct data_plan *plan = NULL;
	struct diag diag = {0};

	if (data_plan_make(&request, &plan, &diag))
		fail_msg("%s: %s", name, diag.text);
	return plan;
}

void fixture_plan_refused(const char *name, const char *part)
{
	struct plan_request request = request_of(name, false);
	struct data_plan *plan = NULL;
	struct diag diag = {0};

	assert_int_equal(data_plan_make(&request, &plan, &diag), PLAN_E_INVALID);
	assert_null(plan);
	if (!strstr(diag.text, part))
		fail_msg("%s\nexpected ...%s...", diag.text, part);
}

static int encode(const char *name, const char *yaml, uint8_t *bytes, struct diag *diag)
{
	_cleanup_(data_plan_freep) struct data_plan *plan =
		fixture_plan(name, strncmp(name, "prefix", 6) == 0);
	_cleanup_(doc_freep) struct doc_node *node = NULL;
	struct encoder encoder = {.file = "f", .reterr_diag = diag};
	struct encode_step step = {.name = "v"};

	if (doc_parse("f", yaml, strlen(yaml), &node, diag))
		fail_msg("%s:%u:%u: %s", yaml, diag->line, diag->column, diag->text);
	return data_encode(&encoder, plan, node, &step, bytes);
}

static void dump(const char *what, const uint8_t *bytes, size_t size)
{
	print_message("%s", what);
	for (size_t i = 0; i < size; i++)
		print_message(" %02x", bytes[i]);
	print_message("\n");
}

void encoded(const char *name, const char *yaml, const void *bytes, size_t size)
{
	_cleanup_free_ uint8_t *got = malloc(size);
	struct diag diag = {0};

	memset(got, 0xa5, size);
	if (encode(name, yaml, got, &diag))
		fail_msg("%s:%u:%u: %s", yaml, diag.line, diag.column, diag.text);
	if (memcmp(got, bytes, size) == 0)
		return;
	dump("got     ", got, size);
	dump("expected", bytes, size);
	fail_msg("%s", yaml);
}

void refused(const char *name, const char *yaml, const char *error)
{
	uint8_t bytes[4096];
	char text[DIAG_TEXT_LEN + 64];
	struct diag diag = {0};

	assert_int_equal(encode(name, yaml, bytes, &diag), ENCODE_E_INVALID);
	assert_string_equal(diag_format(&diag, text, sizeof(text)), error);
}
