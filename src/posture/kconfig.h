/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the kernel was configured, as it or its package says. Pure. */

#include <stdbool.h>
#include <stddef.h>

#define KCONFIG_MAX ((size_t)4 << 20) /* bytes of the text */

enum kconfig_outcome {
	KCONFIG_E_INVALID = 1, /* no gzip, damaged, or longer than KCONFIG_MAX */
};

/**
 * kconfig_inflate() - the text of /proc/config.gz
 * @ret_text: NUL terminated, the caller frees
 * Return: 0; KCONFIG_E_INVALID; -ENOMEM.
 */
int kconfig_inflate(const void *data, size_t size, char **ret_text);

/**
 * kconfig_get() - an option's setting
 * @name: "CONFIG_KEXEC"
 * Return: 'y', 'm', 'v' for any other value; 'n' if it is not set, or unheard of.
 */
char kconfig_get(const char *text, const char *name);

/**
 * kconfig_knows() - whether the kernel has such an option, set or not
 */
bool kconfig_knows(const char *text, const char *name);
