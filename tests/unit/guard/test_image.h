/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Small policy images for tests. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test_image {
	uint32_t mode;
	uint64_t version;
	const char *domain;
	unsigned n_executables; /* 0 to 8; fewer permit less */
	uint16_t hold; /* IMAGE_HOLD_* */
	const char *required; /* a check of the host; or NULL */
	uint8_t require_lockdown; /* IMAGE_LOCKDOWN_* */
	bool degraded;
};

/**
 * test_image_make() - build and seal it
 * Return: malloc()ed, of *ret_size bytes; aborts the test if it cannot.
 */
void *test_image_make(const struct test_image *spec, size_t *ret_size);

/* test_image_fd() - the same in a memory file; the caller closes */
int test_image_fd(const struct test_image *spec);
