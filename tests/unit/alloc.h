/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A counting allocator: the linker hands every malloc(), calloc(), realloc(), strdup(), strndup()
 * and asprintf() of the project's own code to it (alloc_link_args in meson.build).
 */

#include <stddef.h>

/* alloc_fail_at() - let the nth allocation from now fail, once; 0 for none */
void alloc_fail_at(size_t n);

/* alloc_failed() - whether it has failed */
int alloc_failed(void);

/**
 * alloc_check() - run a function with every one of its allocations failing in turn
 * @run: returns 0 on success, and -ENOMEM, with nothing left behind, when an allocation failed
 *
 * Asserts that, until a run has no allocation left to fail; leaks are for the sanitizer to find.
 */
void alloc_check(int (*run)(void *userdata), void *userdata);
