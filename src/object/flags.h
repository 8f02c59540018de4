/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Flags of a map, by name. */

#include <stddef.h>
#include <stdint.h>

#define FLAGS_MAX 512 /* bytes that the names of all flags need at most, with the NUL */

/* flag_name() - the name of a flag, or NULL; @flag is one bit */
const char *flag_name(uint32_t flag);

/**
 * flags_text() - the names of some flags, as C has them: "BPF_F_NO_PREALLOC | 0x80000000"
 * Return: @buffer.
 */
const char *flags_text(uint32_t flags, char buffer[FLAGS_MAX]);
