/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The command line's end of the control socket: ask holdfastd, bring the operator's secret along if
 * it wants one, start it if it is not there. Reads a secret from a terminal or a descriptor, never
 * from arguments or the environment, and keeps none.
 */

#include <stddef.h>
#include <stdint.h>

struct cli_call;
struct diag;
struct protocol_header;
struct protocol_message;
struct protocol_secret;

enum client_error {
	CLIENT_E_ABSENT = 1, /* no holdfastd listens */
	CLIENT_E_REFUSED, /* it said no; the message's error says why */
	CLIENT_E_FAILED, /* anything else */
};

/* What an exchange is made of. */
struct client_request {
	struct protocol_header *header;
	struct protocol_secret *secret; /* within the request; NULL if it can have none */
	const int *fds; /* borrowed */
	const char *secret_fd; /* the value of --secret-fd; NULL: ask at the terminal */
};

/**
 * client_connect() - to the control socket at @path
 * @ret_fd: the caller closes
 * Return: 0; CLIENT_E_ABSENT, CLIENT_E_FAILED.
 */
int client_connect(const char *path, int *ret_fd, struct diag *reterr_diag);

/**
 * client_receive() - the next answer on a connection
 * @message: to be released with protocol_message_done() whatever is returned
 * Return: 0; CLIENT_E_REFUSED, CLIENT_E_FAILED.
 */
int client_receive(int fd, struct protocol_message *message, struct diag *reterr_diag);

/**
 * client_ask() - connect, ask, receive the first answer
 * @message: as client_receive()
 * @ret_fd:  the connection, where more answers may follow; or NULL
 *
 * If holdfastd wants the operator's secret, it is read and the request is made once more.
 * Return: 0; CLIENT_E_ABSENT, CLIENT_E_REFUSED, CLIENT_E_FAILED.
 */
int client_ask(const char *path, struct client_request *request, struct protocol_message *message,
	       int *ret_fd, struct diag *reterr_diag);

/**
 * client_state() - the guard's state, and the image in force
 * @message:   as client_receive(); a struct protocol_state
 * @ret_image: checked; untouched if none is in force; the caller frees
 * Return: as client_ask().
 */
int client_state(struct protocol_message *message, void **ret_image, struct diag *reterr_diag);

/**
 * client_wait_closed() - until holdfastd has hung up: it has tidied up
 */
void client_wait_closed(int fd);

/**
 * client_seconds() - the value of an option that is a time, within what holdfastd takes
 * @option:      its name; not given: 0
 * Return: 0; CLI_USAGE, said.
 */
int client_seconds(const struct cli_call *call, const char *option, uint32_t *ret_seconds);

/**
 * client_launch() - start holdfastd in the background, and wait until it listens
 * Return: 0; CLIENT_E_FAILED with what it said.
 */
int client_launch(struct diag *reterr_diag);
