/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the operator's secret comes from: a person at the terminal, or a descriptor. */

struct diag;
struct protocol_secret;

/**
 * secret_input_fd() - a line from a descriptor
 * @number: as given to --secret-fd
 * Return: 0; 1 with the reason.
 */
int secret_input_fd(const char *number, struct protocol_secret *ret_secret,
		    struct diag *reterr_diag);

/**
 * secret_input_terminal() - ask at the terminal, without echo
 * Return: 0; 1 with the reason: there is no terminal, or the person gave up.
 */
int secret_input_terminal(struct protocol_secret *ret_secret, struct diag *reterr_diag);
