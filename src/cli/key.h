/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What options of more than one verb say of a log. */

#include <stdint.h>

struct cli_call;
struct note_key;

/**
 * key_option() - the log's public key, as --key VKEY has it
 * @call:    has that option, given
 * @ret_key: set on success
 * Return: enum cli_exit; what is wrong has been said.
 */
int key_option(const struct cli_call *call, struct note_key *ret_key);

/**
 * index_option() - the number that an option has
 * @name:      of the option
 * @ret_index: 0 if it is not given
 * Return: enum cli_exit; what is wrong has been said.
 */
int index_option(const struct cli_call *call, const char *name, uint64_t *ret_index);
