// SPDX-License-Identifier: LGPL-2.1-or-later
/* See secret-input.h. */

#include "cli/secret-input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/protocol.h"

#define CANCEL 3 /* control-C, as a terminal without ISIG hands it over */

#define failed(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), 1)

/* Byte by byte: what follows the line belongs to somebody else. */
static int read_line(int fd, struct protocol_secret *secret, struct diag *reterr_diag)
{
	memset(secret, 0, sizeof(*secret));
	for (;;) {
		char c;
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(reterr_diag, "the operator's secret cannot be read: %s",
				      strerror(errno));
		if (n == 1 && c == CANCEL)
			return failed(reterr_diag, "no secret was given");
		if (n == 0 || c == '\n' || c == '\r')
			break;
		if (secret->size == PROTOCOL_SECRET_LEN - 1)
			return failed(reterr_diag, "that is too long for an operator's secret");
		secret->text[secret->size++] = c;
	}
	if (secret->size == 0)
		return failed(reterr_diag, "no secret was given");
	if (strnlen(secret->text, secret->size) != secret->size)
		return failed(reterr_diag, "that is no operator's secret: it holds a NUL");
	return 0;
}

int secret_input_fd(const char *number, struct protocol_secret *ret_secret,
		    struct diag *reterr_diag)
{
	char *end;
	long fd;
	int r;

	errno = 0;
	fd = strtol(number, &end, 10);
	if (errno || *number < '0' || *number > '9' || *end || fd > INT_MAX)
		return failed(reterr_diag, "--secret-fd %s: give the number of an open descriptor",
			      number);

	r = read_line((int)fd, ret_secret, reterr_diag);
	if (r)
		explicit_bzero(ret_secret, sizeof(*ret_secret));
	return r;
}

/* Signals wait until the terminal echoes again. */
static int read_hidden(int fd, struct protocol_secret *secret, struct diag *reterr_diag)
{
	static const char prompt[] = "Operator's secret: ";
	struct termios before, hidden;
	sigset_t all, mask;
	int r;

	if (tcgetattr(fd, &before) < 0)
		return failed(reterr_diag, "the terminal cannot be told to hide the secret: %s",
			      strerror(errno));
	hidden = before;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ISIG);

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &mask);
	(void)!write(fd, prompt, sizeof(prompt) - 1);
	if (tcsetattr(fd, TCSAFLUSH, &hidden) < 0)
		r = failed(reterr_diag, "the terminal cannot be told to hide the secret: %s",
			   strerror(errno));
	else
		r = read_line(fd, secret, reterr_diag);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	(void)!write(fd, "\n", 1);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	return r;
}

int secret_input_terminal(struct protocol_secret *ret_secret, struct diag *reterr_diag)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return failed(
			reterr_diag,
			"this needs the operator's secret, and there is no terminal to ask at: give it by --secret-fd");
	r = read_hidden(fd, ret_secret, reterr_diag);
	if (r)
		explicit_bzero(ret_secret, sizeof(*ret_secret));
	return r;
}
