/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Policies and images for tests, from text. What cannot be made fails the test. */

#include <stddef.h>

struct policy;

/* Digests that are easy to tell apart: "sha256:" and 64 times one digit. */
#define DIGEST(digit) \
	"\"sha256:" DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit) "\""
#define DIGIT_16(d) d d d d d d d d d d d d d d d d

/* What every policy begins with; domains follow. */
#define HEAD(version, mode)                                                            \
	"apiVersion: holdfast/v1\nkind: Policy\nmetadata: {name: t, version: " version \
	"}\nmode: " mode "\n"

/* fixture_parse() - the policy in a text; the caller frees it with policy_free() */
struct policy *fixture_parse(const char *text);

/* fixture_refused() - assert that a text is refused at a place, for a reason that holds a part */
void fixture_refused(const char *text, unsigned line, unsigned column, const char *part);

/*
 * fixture_image() - the image of a policy; the caller frees
 *
 * Files that it names by path have 10 bytes and, in its order, the digests f0f0..., f1f1... and the
 * fs-verity digests c0c0..., c1c1...
 */
void *fixture_image(const char *text, size_t *ret_size);
