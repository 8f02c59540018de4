/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the BPF objects of a file are: the file itself, or what an executable carries. */

#include <stddef.h>
#include <stdint.h>

#define CARRIED_MAX_FILE ((size_t)256 << 20) /* bytes of the file */
#define CARRIED_MAX 64 /* objects in one file; those after are not looked for */

struct carried {
	size_t offset, size; /* bytes in the file */
};

/**
 * carried_find() - the objects of a file, in their order
 * @data:  borrowed, @size bytes
 * @items: receives at most CARRIED_MAX
 *
 * A file that is for BPF, of either byte order, is its own only object.
 * Return: how many there are.
 */
size_t carried_find(const uint8_t *data, size_t size, struct carried items[CARRIED_MAX]);
