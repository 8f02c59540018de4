// SPDX-License-Identifier: LGPL-2.1-or-later
/* See client.h. Starting holdfastd is in launch.c, reading a secret in secret-input.c. */

#include "cli/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/duration.h"
#include "cli/secret-input.h"
#include "guard/guard.h"
#include "guard/image-fd.h"
#include "guard/protocol.h"
#include "policy/image-check.h"

#define CLOSE_MS 30000

#define failed(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), CLIENT_E_FAILED)

int client_connect(const char *path, int *ret_fd, struct diag *reterr_diag)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -EBADF;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path))
		return failed(reterr_diag, "%s: the name is too long for a socket", path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(reterr_diag, "no socket can be made: %s", strerror(errno));

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED) {
			diag_set(
				reterr_diag, NULL, 0, 0, "holdfastd is not running: %s",
				access(GUARD_PIN_DIR, F_OK) == 0
					? "a guard is up and goes on; start holdfastd by the service manager"
					: "`holdfast guard up` starts it");
			return CLIENT_E_ABSENT;
		}
		return failed(reterr_diag, "%s: %s%s", path, strerror(errno),
			      errno == EACCES || errno == EPERM ? ": only root may ask holdfastd"
								: "");
	}

	*ret_fd = TAKE_FD(fd);
	return 0;
}

int client_receive(int fd, struct protocol_message *message, struct diag *reterr_diag)
{
	int r;

	r = protocol_receive(fd, message, reterr_diag);
	if (r == 0)
		r = protocol_check_answer(message, reterr_diag);
	if (r == PROTOCOL_BAD)
		return CLIENT_E_FAILED;
	if (r == PROTOCOL_CLOSED)
		return failed(reterr_diag,
			      "holdfastd hung up: `holdfast guard status` says whether it runs");
	if (r < 0)
		return failed(reterr_diag, "no answer from holdfastd: %s", strerror(-r));

	if (message->header.op == PROTOCOL_REFUSED) {
		diag_set(reterr_diag, NULL, 0, 0, "%s", message->refused.text);
		return CLIENT_E_REFUSED;
	}
	return 0;
}

static int ask_once(const char *path, const struct client_request *request,
		    struct protocol_message *message, int *ret_fd, struct diag *reterr_diag)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	r = client_connect(path, &fd, reterr_diag);
	if (r)
		return r;
	r = protocol_send(fd, request->header, request->fds);
	/* If holdfastd hung up at once it has said why. */
	if (r < 0 && r != -EPIPE)
		return failed(reterr_diag, "holdfastd cannot be asked: %s", strerror(-r));

	r = client_receive(fd, message, reterr_diag);
	if (r == 0 && ret_fd)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int client_ask(const char *path, struct client_request *request, struct protocol_message *message,
	       int *ret_fd, struct diag *reterr_diag)
{
	int r;

	message->size = message->n_fds = 0;
	if (request->secret && request->secret_fd &&
	    secret_input_fd(request->secret_fd, request->secret, reterr_diag))
		return CLIENT_E_FAILED;

	r = ask_once(path, request, message, ret_fd, reterr_diag);
	if (r == CLIENT_E_REFUSED && request->secret && !request->secret_fd &&
	    message->refused.error == PROTOCOL_E_SECRET_NEEDED) {
		protocol_message_done(message);
		if (secret_input_terminal(request->secret, reterr_diag))
			return CLIENT_E_FAILED;
		r = ask_once(path, request, message, ret_fd, reterr_diag);
	}
	if (request->secret)
		explicit_bzero(request->secret, sizeof(*request->secret));
	return r;
}

void client_wait_closed(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	char byte;

	while (poll(&pollfd, 1, CLOSE_MS) > 0) {
		if (recv(fd, &byte, 1, 0) <= 0)
			return;
	}
}

int client_state(struct protocol_message *message, void **ret_image, struct diag *reterr_diag)
{
	struct protocol_header header = {.op = PROTOCOL_STATUS, .size = sizeof(header)};
	struct client_request request = {.header = &header};
	_cleanup_free_ void *image = NULL;
	size_t size;
	int r;

	r = client_ask(PROTOCOL_SOCKET, &request, message, NULL, reterr_diag);
	if (r)
		return r;
	if (message->header.op != PROTOCOL_STATE) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "holdfastd gave another answer than was asked for");
		return CLIENT_E_FAILED;
	}
	if (message->n_fds == 0)
		return 0;

	r = image_fd_read(message->fds[0], IMAGE_FD_IMAGE, &image, &size, reterr_diag);
	if (r == 0)
		r = image_check(image, size, reterr_diag);
	if (r < 0)
		diag_set(reterr_diag, NULL, 0, 0, "the image in force cannot be read: %s",
			 strerror(-r));
	if (r)
		return CLIENT_E_FAILED;
	*ret_image = TAKE_PTR(image);
	return 0;
}

int client_seconds(const struct cli_call *call, const char *option, uint32_t *ret_seconds)
{
	const char *text = cli_option(call, option);
	int r;

	*ret_seconds = 0;
	if (!text)
		return 0;
	r = duration_parse(text, ret_seconds);
	if (r == -EINVAL)
		return cli_usage_error(call, "--%s %s: write a time as 90s, 10m, 2h or 1d", option,
				       text);
	if (r < 0 || *ret_seconds < PROTOCOL_MIN_SECONDS || *ret_seconds > PROTOCOL_MAX_SECONDS)
		return cli_usage_error(call, "--%s %s: from %us to %ud are possible", option, text,
				       PROTOCOL_MIN_SECONDS, PROTOCOL_MAX_SECONDS / 86400);
	return 0;
}
