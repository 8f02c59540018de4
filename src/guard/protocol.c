// SPDX-License-Identifier: LGPL-2.1-or-later
/* See protocol.h. Used by both ends; knows no more of either than the socket it is given. */

#include "guard/protocol.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"

/* Room for more than is allowed, so that too many are seen and closed, not cut off. */
#define RECEIVE_FDS (PROTOCOL_MAX_FDS + 4)

void protocol_message_done(struct protocol_message *message)
{
	for (size_t i = 0; i < message->n_fds; i++)
		closep(&message->fds[i]);
	message->n_fds = 0;
	explicit_bzero(message->bytes, sizeof(message->bytes));
}

static size_t take_fds(struct msghdr *msg, int *fds, size_t max)
{
	size_t n_fds = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n_fds < max)
				fds[n_fds++] = fd;
			else
				(void)close(fd);
		}
	}
	return n_fds;
}

static int check_envelope(const struct protocol_message *message, bool cut,
			  struct diag *reterr_diag)
{
	const struct protocol_header *header = &message->header;

	if (cut || message->size > PROTOCOL_MAX_REQUEST) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "the message is longer than %zu bytes or carries more than %d files",
			 PROTOCOL_MAX_REQUEST, PROTOCOL_MAX_FDS);
		return PROTOCOL_BAD;
	}
	if (message->size < sizeof(*header) || header->magic != PROTOCOL_MAGIC) {
		diag_set(reterr_diag, NULL, 0, 0, "this is no message of holdfast");
		return PROTOCOL_BAD;
	}
	if (header->version != PROTOCOL_VERSION) {
		diag_set(
			reterr_diag, NULL, 0, 0,
			"the message has version %u and this side speaks %u: use holdfast and holdfastd of one release",
			header->version, PROTOCOL_VERSION);
		return PROTOCOL_BAD;
	}
	if (header->size != message->size || header->n_fds != message->n_fds) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "the message says %u bytes and %u files, and has %zu and %zu",
			 header->size, header->n_fds, message->size, message->n_fds);
		return PROTOCOL_BAD;
	}
	return 0;
}

int protocol_receive(int fd, struct protocol_message *message, struct diag *reterr_diag)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * RECEIVE_FDS)];
	} control = {};
	struct iovec iov = {.iov_base = message->bytes, .iov_len = sizeof(message->bytes)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fds[RECEIVE_FDS];
	size_t n_fds, kept;
	ssize_t n;

	message->size = message->n_fds = 0;
	do {
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? PROTOCOL_CLOSED : -errno;

	n_fds = take_fds(&msg, fds, RECEIVE_FDS);
	kept = n_fds < PROTOCOL_MAX_FDS ? n_fds : PROTOCOL_MAX_FDS;
	memcpy(message->fds, fds, kept * sizeof(int));
	for (size_t i = kept; i < n_fds; i++)
		(void)close(fds[i]);
	message->n_fds = kept;
	message->size = (size_t)n;

	if (n == 0 && n_fds == 0)
		return PROTOCOL_CLOSED;
	return check_envelope(message, n_fds > kept || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)),
			      reterr_diag);
}

/* A field of fixed room: NUL terminated, and nothing but NULs after it. */
static bool text_is_padded(const char *text, size_t room)
{
	size_t n = strnlen(text, room);

	if (n == room)
		return false;
	for (size_t i = n; i < room; i++) {
		if (text[i])
			return false;
	}
	return true;
}

static bool secret_is_valid(const struct protocol_secret *secret)
{
	if (secret->size >= PROTOCOL_SECRET_LEN || secret->pad0)
		return false;
	return strnlen(secret->text, PROTOCOL_SECRET_LEN) == secret->size &&
	       text_is_padded(secret->text, PROTOCOL_SECRET_LEN);
}

static bool seconds_are_valid(uint32_t seconds)
{
	return !seconds || (seconds >= PROTOCOL_MIN_SECONDS && seconds <= PROTOCOL_MAX_SECONDS);
}

static bool up_is_valid(const struct protocol_message *message)
{
	return message->size == sizeof(message->up) &&
	       (message->n_fds <= 1 || message->n_fds == 3) && !message->up.pad0 &&
	       seconds_are_valid(message->up.confirm_s);
}

static bool change_is_valid(const struct protocol_message *message, size_t n_fds, bool confirm)
{
	const struct protocol_change *change = &message->change;

	return message->size == sizeof(*change) && message->n_fds == n_fds && !change->pad0 &&
	       secret_is_valid(&change->secret) &&
	       (confirm ? seconds_are_valid(change->confirm_s) : !change->confirm_s);
}

static bool release_is_valid(const struct protocol_message *message)
{
	const struct protocol_release *release = &message->release;

	return message->size == sizeof(*release) && message->n_fds == 0 &&
	       secret_is_valid(&release->secret) &&
	       text_is_padded(release->domain, sizeof(release->domain)) &&
	       seconds_are_valid(release->seconds) && !(release->flags & ~PROTOCOL_RELEASE_END) &&
	       !(release->flags & PROTOCOL_RELEASE_END && release->seconds);
}

static bool args_are_valid(const char *args, size_t size, size_t argc)
{
	size_t n = 0;

	if (size == 0 || args[size - 1] != '\0' || args[0] == '\0')
		return false;
	for (size_t i = 0; i < size; i++)
		n += args[i] == '\0';
	return n == argc;
}

static bool run_is_valid(const struct protocol_message *message)
{
	const struct protocol_run *run = &message->run;

	if (message->size < sizeof(*run) || message->n_fds != PROTOCOL_RUN_FDS)
		return false;
	if (!secret_is_valid(&run->secret) || run->pad0 || (run->flags & ~PROTOCOL_RUN_DETACH))
		return false;
	if (!text_is_padded(run->domain, sizeof(run->domain)) ||
	    !text_is_padded(run->term, sizeof(run->term)))
		return false;
	if (run->argc == 0 || run->argc > PROTOCOL_MAX_ARGS ||
	    run->args_size != message->size - sizeof(*run) ||
	    run->args_size > PROTOCOL_MAX_ARGS_SIZE)
		return false;
	return args_are_valid(message->bytes + sizeof(*run), run->args_size, run->argc);
}

static bool signal_is_valid(const struct protocol_message *message)
{
	const struct protocol_signal *s = &message->signal;

	if (message->size != sizeof(*s) || message->n_fds != 0 || s->pad0)
		return false;
	return s->number == SIGHUP || s->number == SIGINT || s->number == SIGQUIT ||
	       s->number == SIGTERM;
}

static bool request_is_valid(const struct protocol_message *message)
{
	switch (message->header.op) {
	case PROTOCOL_UP:
		return up_is_valid(message);
	case PROTOCOL_DOWN:
	case PROTOCOL_CONFIRM:
		return change_is_valid(message, 0, false);
	case PROTOCOL_UPGRADE:
		return change_is_valid(message, 1, false);
	case PROTOCOL_RELOAD:
		return change_is_valid(message, message->n_fds == 2 ? 2 : 1, true);
	case PROTOCOL_RELEASE:
		return release_is_valid(message);
	case PROTOCOL_STATUS:
		return message->size == sizeof(message->header) && message->n_fds == 0;
	case PROTOCOL_RUN:
		return run_is_valid(message);
	case PROTOCOL_SIGNAL:
		return signal_is_valid(message);
	default: /* what the other end invents */
		return false;
	}
}

int protocol_check_request(const struct protocol_message *message, struct diag *reterr_diag)
{
	if (request_is_valid(message))
		return 0;

	diag_set(reterr_diag, NULL, 0, 0, "request %u is unknown or not as this protocol has it",
		 message->header.op);
	return PROTOCOL_BAD;
}

static bool state_is_valid(const struct protocol_message *message)
{
	const struct protocol_state *state = &message->state;

	if (message->size != sizeof(*state) || message->n_fds != (state->up ? 1 : 0))
		return false;
	if (state->trust > PROTOCOL_TRUST_VOID)
		return false;
	if (state->n_domains > PROTOCOL_MAX_DOMAINS || state->n_weak > PROTOCOL_MAX_WEAK ||
	    state->n_contents > PROTOCOL_MAX_CONTENTS)
		return false;
	for (size_t i = 0; i < state->n_weak; i++) {
		if (!text_is_padded(state->weak[i], PROTOCOL_WEAK_LEN))
			return false;
	}
	return true;
}

static bool answer_is_valid(const struct protocol_message *message)
{
	if (message->header.op == PROTOCOL_STATE)
		return state_is_valid(message);
	if (message->n_fds != 0)
		return false;

	switch (message->header.op) {
	case PROTOCOL_DONE:
		return message->size == sizeof(message->done) &&
		       text_is_padded(message->done.secret, PROTOCOL_SECRET_LEN);
	case PROTOCOL_REFUSED:
		return message->size == sizeof(message->refused) &&
		       message->refused.error < _PROTOCOL_E_MAX &&
		       text_is_padded(message->refused.text, PROTOCOL_TEXT_LEN);
	case PROTOCOL_STARTED:
		return message->size == sizeof(message->started);
	case PROTOCOL_EXITED:
		return message->size == sizeof(message->exited);
	default:
		return false;
	}
}

int protocol_check_answer(const struct protocol_message *message, struct diag *reterr_diag)
{
	if (answer_is_valid(message))
		return 0;

	diag_set(reterr_diag, NULL, 0, 0, "answer %u is unknown or not as this protocol has it",
		 message->header.op);
	return PROTOCOL_BAD;
}

int protocol_send(int fd, struct protocol_header *header, const int *fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * PROTOCOL_MAX_FDS)];
	} control = {};
	struct iovec iov = {.iov_base = header, .iov_len = header->size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	size_t fds_size = sizeof(int) * header->n_fds;
	ssize_t n;

	if (header->n_fds > PROTOCOL_MAX_FDS)
		return -EINVAL;

	header->magic = PROTOCOL_MAGIC;
	header->version = PROTOCOL_VERSION;
	if (header->n_fds > 0) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fds_size);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds_size);
		memcpy(CMSG_DATA(c), fds, fds_size);
	}

	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}
