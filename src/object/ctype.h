/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A BTF type as a C declaration. */

#include <stdint.h>

struct btf_view;

#define CTYPE_MAX 8192 /* bytes of one declaration; what is longer ends with "..." */

/**
 * ctype_write() - the type as it would be declared: "struct key { __u32 saddr; __u8 pad[4]; }"
 * @name:     of the variable, or "" for the type alone
 * @ret_text: printable; the caller frees
 *
 * Members of the outermost struct are written out, and of those without a name.
 * Return: 0; -ENOMEM.
 */
int ctype_write(const struct btf_view *view, uint32_t id, const char *name, char **ret_text);
