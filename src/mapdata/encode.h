/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One value, from a node of text to the bytes that a plan has for it. Never truncates, never
 * guesses: what does not fit, is missing or is not known is an error with its place and path.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct data_plan;
struct diag;
struct doc_node;

enum encode_error {
	_ENCODE_E_SUCCESS,
	ENCODE_E_INVALID, /* the diag says what and where */
};

/* A step of the path to a value: "maps", "allow", "entries", [3]. Lives on the stack. */
struct encode_step {
	const struct encode_step *parent; /* NULL for the first */
	const char *name; /* NULL for an item of a list */
	size_t index; /* of that item, from 0 */
};

struct encoder {
	const char *file; /* borrowed by the diag */
	struct diag *reterr_diag; /* filled on ENCODE_E_INVALID; or NULL */
};

/**
 * data_encode() - write a value
 * @step:  path of the value, for errors
 * @bytes: data_plan_size() bytes; those of padding and of what may be left out become zero, those
 *         of a section's other variables keep what they have; undefined after a failure
 * Return: 0; ENCODE_E_INVALID.
 */
int data_encode(const struct encoder *encoder, const struct data_plan *plan,
		const struct doc_node *node, const struct encode_step *step, uint8_t *bytes);

/**
 * encode_refuse() - fill the diag with "path: what", at a node's position
 * Return: ENCODE_E_INVALID, for use in a return statement.
 */
int encode_refuse(const struct encoder *encoder, const struct doc_node *node,
		  const struct encode_step *step, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * encode_expected() - "path: expected WHAT, got what the node holds"
 * Return: ENCODE_E_INVALID, for use in a return statement.
 */
int encode_expected(const struct encoder *encoder, const struct doc_node *node,
		    const struct encode_step *step, const char *what);
