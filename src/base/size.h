/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Size arithmetic that cannot wrap: for every allocation whose size comes from input. */

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * size_add() - a + b
 * @ret: set only if the sum fits
 * Return: true if the sum fits into a size_t.
 */
static inline bool size_add(size_t a, size_t b, size_t *ret)
{
	size_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;

	*ret = sum;
	return true;
}

/**
 * size_mul() - a * b
 * @ret: set only if the product fits
 * Return: true if the product fits into a size_t.
 */
static inline bool size_mul(size_t a, size_t b, size_t *ret)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product))
		return false;

	*ret = product;
	return true;
}
