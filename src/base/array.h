/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A growing array, for code that does not know a count before it has read its input. */

#include <stddef.h>

/**
 * array_grow() - make room for one more item
 * @items:     address of the array's pointer, which may be NULL; changed if the array had to move
 * @n_items:   items in use
 * @item_size: bytes of one item
 *
 * The room is zero and belongs to the array, which is freed with free(). Doubles at powers of two,
 * so the caller keeps no capacity beside the count and must never shrink the count.
 * Return: 0; -ENOMEM if memory or the size of a size_t ran out.
 */
int array_grow(void *items, size_t n_items, size_t item_size);
