// SPDX-License-Identifier: LGPL-2.1-or-later
/* `kernel` of a policy: what strangers may do to the kernel, and what it has to be. */

#include "policy/parse-kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/size.h"
#include "policy/host-checks.h"
#include "policy/tree.h"

/* One of three words stands for its place among them. */
static int read_word(struct walk *walk, const struct doc_node *value, const char *const words[3],
		     uint8_t *ret_level)
{
	char what[96];

	for (uint8_t i = 0; i < 3; i++) {
		if (doc_is_string(value) && strcmp(value->text, words[i]) == 0) {
			*ret_level = i;
			return 0;
		}
	}
	(void)snprintf(what, sizeof(what), "\"%s\", \"%s\" or \"%s\"", words[0], words[1],
		       words[2]);
	return walk_expected(walk, value, what);
}

static const char *const codes[] =
	{[IMAGE_CODE_ANY] = "any", [IMAGE_CODE_SIGNED] = "signed", [IMAGE_CODE_DENY] = "deny"};
static const char *const lockdowns[] = {
	[IMAGE_LOCKDOWN_NONE] = "none",
	[IMAGE_LOCKDOWN_INTEGRITY] = "integrity",
	[IMAGE_LOCKDOWN_CONFIDENTIALITY] = "confidentiality",
};

static int kernel_modules(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_word(walk, value, codes, &((struct policy_kernel *)object)->modules);
}

static int kernel_kexec(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_word(walk, value, codes, &((struct policy_kernel *)object)->kexec);
}

static int kernel_lockdown(struct walk *walk, const struct doc_node *value, void *object)
{
	return read_word(walk, value, lockdowns, &((struct policy_kernel *)object)->lockdown);
}

static int kernel_require_lockdown(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_kernel *kernel = object;

	return read_word(walk, value, lockdowns, &kernel->require_lockdown);
}

static int kernel_degraded(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_kernel *kernel = object;

	kernel->degraded = doc_is_string(value) && strcmp(value->text, "allow") == 0;
	if (!kernel->degraded && (!doc_is_string(value) || strcmp(value->text, "refuse") != 0))
		return walk_expected(walk, value, "\"refuse\" or \"allow\"");
	return 0;
}

static bool is_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(host_checks); i++) {
		if (strcmp(host_checks[i], name) == 0)
			return true;
	}
	return false;
}

static int read_check(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_kernel *kernel = object;
	int r;

	if (!doc_is_string(item) || !is_known(item->text))
		return walk_expected(walk, item,
				     "a check of the host's settings, see holdfast-posture(1)");
	for (size_t i = 0; i < kernel->n_required; i++) {
		if (strcmp(kernel->required[i].text, item->text) == 0)
			return walk_refuse(walk, item, "\"%s\" is there twice", item->text);
	}
	r = array_grow(&kernel->required, kernel->n_required, sizeof(*kernel->required));
	if (r < 0)
		return r;
	kernel->required[kernel->n_required] = (struct image_name){0};
	memcpy(kernel->required[kernel->n_required++].text, item->text, strlen(item->text));
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct image_name *)a)->text, ((const struct image_name *)b)->text);
}

static int kernel_require(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"checks", 1, ARRAY_SIZE(host_checks), read_check};
	struct policy_kernel *kernel = object;
	int r;

	r = walk_list(walk, &items, value, object);
	if (!r)
		qsort(kernel->required, kernel->n_required, sizeof(*kernel->required),
		      compare_names);
	return r;
}

const struct walk_key parse_kernel_keys[PARSE_KERNEL_KEYS] = {
	{.name = "modules", .read = kernel_modules},
	{.name = "kexec", .read = kernel_kexec},
	{.name = "lockdown", .read = kernel_lockdown},
	{.name = "require_lockdown", .read = kernel_require_lockdown},
	{.name = "require", .read = kernel_require},
	{.name = "degraded", .read = kernel_degraded},
};

_Static_assert(ARRAY_SIZE(host_checks) <= IMAGE_MAX_REQUIRED, "room for all checks");
