/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The key `admission.signature` of a policy, for parse.c: whose signature a program needs. */

#include <stdint.h>

struct doc_node;
struct walk;

/**
 * parse_signature() - whether the key's value is one of its words
 * @object: unused: the answer depends on other keys, and is asked for once all are read
 *
 * Return: 0; what walk_expected() returns.
 */
int parse_signature(struct walk *walk, const struct doc_node *value, void *object);

/**
 * parse_signature_admitted() - what the word leaves to anybody
 * @value: one that parse_signature() has taken; NULL if the policy does not have the key
 *
 * Return: those of IMAGE_PROGRAM_SIGNATURES that need no rule.
 */
uint64_t parse_signature_admitted(const struct doc_node *value);
