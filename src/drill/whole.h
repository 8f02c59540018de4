/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A program of type XDP whose one function has a name and a type: others can be hung on it, or put
 * in its place.
 */

#include <stdint.h>

#define WHOLE_FUNCTION 5 /* of its BTF */

/* whole_btf() - the types. Return: fd; -1, in which case errno tells. */
int whole_btf(void);

/* whole_load() - a program that answers so. Return: fd; -1, in which case errno tells. */
int whole_load(int32_t answer);
