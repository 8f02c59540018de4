// SPDX-License-Identifier: LGPL-2.1-or-later
/* See fixture.h. */

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "policy/compile.h"
#include "policy/lock.h"
#include "policy/tree.h"
#include "test.h"

struct policy *fixture_parse(const char *text)
{
	struct policy *policy = NULL;
	struct diag diag = {0};
	char buffer[2 * DIAG_TEXT_LEN];
	int r;

	r = policy_parse("t.yaml", text, strlen(text), &policy, &diag);
	if (r)
		fail_msg("%s", diag_format(&diag, buffer, sizeof(buffer)));
	return policy;
}

void fixture_refused(const char *text, unsigned line, unsigned column, const char *part)
{
	struct policy *policy = NULL;
	struct diag diag = {0};

	assert_int_equal(policy_parse("t.yaml", text, strlen(text), &policy, &diag),
			 POLICY_E_INVALID);
	assert_null(policy);
	assert_string_equal(diag.file, "t.yaml");
	if (!strstr(diag.text, part) || diag.line != line || diag.column != column)
		fail_msg("%u:%u: %s\nexpected %u:%u: ...%s...", diag.line, diag.column, diag.text,
			 line, column, part);
}

static void invent(struct lock *lock, enum lock_kind kind, const char *domain, const char *path)
{
	struct lock_file file = {
		.kind = kind, .domain = (char *)domain, .path = (char *)path, .size = 10};

	if (!path)
		return;
	memset(file.digest, (int)(0xf0 + lock->n_files), sizeof(file.digest));
	memset(file.verity, (int)(0xc0 + lock->n_files), sizeof(file.verity));
	assert_int_equal(lock_add(lock, &file), 0);
}

static void invent_lock(const struct policy *policy, struct lock *lock)
{
	const struct policy_domain *d;

	for (size_t i = 0; (d = policy_owner(policy, i)); i++) {
		for (size_t k = 0; k < d->n_executables; k++)
			invent(lock, LOCK_EXECUTABLE, d->name, d->executables[k].path);
		for (size_t k = 0; k < d->n_libraries; k++)
			invent(lock, LOCK_LIBRARY, d->name, d->libraries[k].path);
	}
}

void *fixture_image(const char *text, size_t *ret_size)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);
	_cleanup_(lock_freep) struct lock *lock = NULL;
	struct diag diag = {0};
	void *image = NULL;

	assert_int_equal(lock_new("t", &lock), 0);
	invent_lock(policy, lock);
	if (compile_policy(policy, lock, &image, ret_size, &diag))
		fail_msg("%s", diag.text);
	return image;
}
