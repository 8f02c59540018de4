/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Paths as text. Nothing here looks at a file system. */

#include <stdbool.h>
#include <stddef.h>

/**
 * path_is_normalised() - absolute, and written in the only way we accept
 *
 * No "." or ".." component, no "//", no slash at the end (but "/" itself), no control character.
 */
bool path_is_normalised(const char *path);

/**
 * path_components() - how many names a normalised path has; 0 for "/"
 */
size_t path_components(const char *path);

/**
 * path_is_within() - whether @path is @dir or lies below it; both are normalised
 */
bool path_is_within(const char *path, const char *dir);

/**
 * path_overlaps() - whether one of two normalised paths is, or lies below, the other
 */
bool path_overlaps(const char *a, const char *b);
