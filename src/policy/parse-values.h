/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A part of policy_parse(): values that stand in more than one place of a policy. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/tree.h"
#include "policy/walk.h"

/* What an absolute path in a policy has to be, for a refusal. */
#define PARSE_PATH_FORM "at most 255 bytes, without \".\", \"..\", \"//\" or a slash at the end"

/* parse_place() - where a node stands */
struct policy_place parse_place(const struct doc_node *node);

/* parse_value() - a mapping's value of that name. Return: borrowed; NULL if it has none. */
const struct doc_node *parse_value(const struct doc_node *mapping, const char *name);

/**
 * parse_string() - a string that is valid
 * @what:     what that is, for the refusal
 * @ret_text: replaced; the caller's to free
 * Return: 0; WALK_E_INVALID; -ENOMEM.
 */
int parse_string(struct walk *walk, const struct doc_node *value, bool (*valid)(const char *text),
		 const char *what, char **ret_text);

/* parse_path() - an absolute, normalised path; as parse_string() */
int parse_path(struct walk *walk, const struct doc_node *value, char **ret_path);

/* parse_number() - a number from 1 to @max, in decimal digits. Return: 0; WALK_E_INVALID. */
int parse_number(struct walk *walk, const struct doc_node *value, uint64_t max, const char *what,
		 uint64_t *ret_number);

/* parse_digest() - SHA-256 of IMAGE_DIGEST_LEN bytes. Return: 0; WALK_E_INVALID. */
int parse_digest(struct walk *walk, const struct doc_node *value, uint8_t *ret_digest);
