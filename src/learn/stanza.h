/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was seen, as a policy: rules, and in comments what no rule comes of. Pure. */

#include <stdbool.h>
#include <stddef.h>

struct seen;
struct seen_program;

/**
 * stanza_names() - whether a program needs a rule
 *
 * It does if it held BPF objects, or executed one that did; if none did, if PID 1 or a stranger
 * executed it.
 */
bool stanza_names(const struct seen *seen, const struct seen_program *program);

/**
 * stanza_write() - the policy as YAML
 * @seen:     sorted, its libraries reduced
 * @ret_text: NUL terminated, the caller frees
 *
 * The same @seen gives the same bytes.
 * Return: 0; -ENOMEM.
 */
int stanza_write(const struct seen *seen, char **ret_text, size_t *ret_size);

/**
 * stanza_domain() - a domain's name for a unit or a program
 * @name:       "Edge Agent.service", "/usr/sbin/agent"
 * @ret_domain: the caller frees
 * Return: 0; -ENOMEM.
 */
int stanza_domain(const char *name, char **ret_domain);
