/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A tree of files that stands for a host on which every check but lockdown's is good. */

#include <stddef.h>

#include "posture/objects.h"
#include "posture/posture.h"

/* What the host's kernel has loaded; changed by tests. */
extern struct objects_item fixture_objects[4];
extern size_t fixture_n_objects;
extern const char *fixture_unfrozen;
extern int fixture_objects_errno;

/* fixture_setup(), fixture_teardown() - for cmocka: the tree, in a folder of its own */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* fixture_root() - its path; borrowed */
const char *fixture_root(void);

/**
 * fixture_put() - a file; with "-> " before its content a symbolic link, by "| " a pipe
 * @path:    below the tree's root
 * @content: NULL: take away what is there, be it a folder
 */
void fixture_put(const char *path, const char *content);

/* fixture_restore() - a path as fixture_setup() made it, or taken away if it did not */
void fixture_restore(const char *path);

/* fixture_read() - all findings; the caller frees them */
struct posture *fixture_read(void);

/* fixture_try() - the same, for alloc_check(). Return: of posture_read(). */
int fixture_try(void *unused);
