// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A terminal for a unit: many a tool writes each line at once only to one. Makes it, puts a link to
 * it where the service manager opens the unit's log, says so, and copies what is written there to
 * a file until it is killed.
 *
 *   tty-log FILE LINK
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

/* Plain bytes in both directions: no echo, no carriage returns. */
static int make_raw(int tty)
{
	struct termios mode;

	if (tcgetattr(tty, &mode) < 0)
		return -1;
	cfmakeraw(&mode);
	return tcsetattr(tty, TCSANOW, &mode);
}

int main(int argc, char **argv)
{
	char text[4096];
	int log, pump, tty;
	ssize_t n;

	if (argc != 3) {
		fprintf(stderr, "usage: tty-log FILE LINK\n");
		return 2;
	}
	log = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		return fail(argv[1]);
	pump = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pump < 0 || unlockpt(pump) < 0)
		return fail("a terminal");
	/* held open: the terminal outlives the units that come and go */
	tty = open(ptsname(pump), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0 || make_raw(tty) < 0)
		return fail("a terminal");
	(void)unlink(argv[2]);
	if (symlink(ptsname(pump), argv[2]) < 0)
		return fail(argv[2]);

	while ((n = read(pump, text, sizeof(text))) > 0) {
		if (write(log, text, (size_t)n) != n)
			return fail(argv[1]);
	}
	return fail("a terminal");
}
