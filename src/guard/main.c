// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * holdfastd: PID 1's child, or the command line's, in the foreground. Takes no policy, no path and
 * no secret from its arguments or its environment.
 */

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "guard/clock.h"
#include "guard/guard.h"
#include "guard/journal.h"
#include "guard/log.h"
#include "guard/notify.h"
#include "guard/protocol.h"
#include "guard/secret.h"
#include "guard/server.h"
#include "guard/spawn.h"

static uint64_t now(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static int usage(FILE *file, int status)
{
	(void)fprintf(
		file,
		"usage: holdfastd [--wait | --version]\n"
		"\n"
		"Holds the guard, in the foreground. --wait: do not arm by %s,\n"
		"but by `holdfast guard up`, and end if that does not come. --version: say which\n"
		"guard is in it, and by whose key it is signed. See holdfastd(8).\n",
		PROTOCOL_BOOT_IMAGE);
	return status;
}

/* 0, 1 and 2 are open, so that no file of ours ever takes their place. */
static int open_stdio(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

/* Nobody reads a secret from a core dump, from swap, or from what a child inherits. */
static void harden(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		log_warning("PR_SET_DUMPABLE: %m, ignoring");
	/*
	 * Commands of `holdfast run` start with it as well; BPF maps count there on old kernels.
	 * With less, what is locked could not grow.
	 */
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0 ||
	    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		log_warning("Memory cannot be locked: %m, ignoring");
	(void)umask(022);
	(void)chdir("/");
}

/*
 * The kernel's types and the images are read in large blocks, used once and freed: each goes back
 * to the kernel. By itself the C library keeps, after the first of them, the room of all others.
 */
#define LARGE_BLOCK (64 * 1024)

static void give_back(void)
{
	if (!mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK))
		log_warning("Memory that is freed may stay with this process, ignoring");
}

static void prepare_signals(void)
{
	sigset_t signals;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_SETMASK, &signals, NULL);
}

/* Of the environment only the service manager's words matter, and they have been read. */
static void forget_environment(void)
{
	bool journal = getenv("JOURNAL_STREAM") != NULL;

	(void)clearenv();
	if (journal)
		(void)setenv("JOURNAL_STREAM", "1", 1);
}

static int serve(struct server *server, const struct notify *notify)
{
	int timeout_ms = -1;
	int r;

	if (notify->watchdog_ns)
		timeout_ms = (int)(notify->watchdog_ns / 3 / (CLOCK_SECOND_NS / 1000)) + 1;

	notify_send(notify, "READY=1");
	do {
		r = server_step(server, timeout_ms);
		if (notify->watchdog_ns)
			notify_send(notify, "WATCHDOG=1");
	} while (r == 0);
	notify_send(notify, "STOPPING=1");

	if (r < 0) {
		(void)log_error_errno(r, "The loop is broken: %m");
		return EXIT_FAILURE;
	}
	return r == SERVER_DOWN ? SERVER_EXIT_DOWN : EXIT_SUCCESS;
}

static int run(const struct server_options *options)
{
	_cleanup_(server_freep) struct server *server = NULL;
	_cleanup_(notify_close) struct notify notify = {.fd = -EBADF};
	char text[2 * DIAG_TEXT_LEN];
	struct diag diag = {};
	int r;

	r = notify_open(&notify);
	if (r < 0)
		(void)log_error_errno(r,
				      "The service manager cannot be told anything: %m, ignoring");
	forget_environment();

	r = server_new(options, &server);
	if (r == 0)
		r = server_start(server, &diag);
	if (r < 0) {
		(void)log_error_errno(r, "Failed to start: %m");
		return EXIT_FAILURE;
	}
	if (r > 0) {
		log_error("%s", diag_format(&diag, text, sizeof(text)));
		return r;
	}
	return serve(server, &notify);
}

/* Return: an exit code. */
static int origin(struct guard_origin *ret_origin)
{
	int r;

	if (secret_init() < 0) {
		log_error("libcrypto cannot be initialised");
		return EXIT_FAILURE;
	}
	r = guard_origin(ret_origin);
	if (r == GUARD_E_TRUST)
		log_error("the guard in this holdfastd is not the one that was signed when it was "
			  "built: install holdfast again");
	else if (r)
		(void)log_error_errno(r, "The guard's signature cannot be verified: %m");
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int print_version(void)
{
	struct guard_origin from;
	char object[2 * sizeof(from.object) + 1], key[2 * sizeof(from.key) + 1];

	if (origin(&from) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	hex_encode(from.object, sizeof(from.object), object);
	hex_encode(from.key, sizeof(from.key), key);
	(void)printf("guard     sha256:%s\nsigned by ed25519:%s\n", object, key);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct server_options options = {
		.run_dir = PROTOCOL_RUN_DIR,
		.state_dir = PROTOCOL_STATE_DIR,
		.boot_image = PROTOCOL_BOOT_IMAGE,
		.boot_trust = PROTOCOL_BOOT_TRUST,
		.cmdline = "/proc/cmdline",
		.host_root = "/",
		.exec_path = SPAWN_PATH,
		.log_keep = LEDGER_KEEP,
		.operator_uid = 0,
		.now = now,
	};
	struct guard_origin from;

	if (open_stdio() < 0)
		return EXIT_FAILURE;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, EXIT_SUCCESS);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return print_version();
	if (argc == 2 && strcmp(argv[1], "--wait") == 0)
		options.wait = true;
	else if (argc != 1)
		return usage(stderr, 2);
	if (geteuid() != 0) {
		log_error(
			"only root can hold the guard: start it as a service, or by `holdfast guard up`");
		return EXIT_FAILURE;
	}

	harden();
	give_back();
	prepare_signals();
	if (origin(&from) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	return run(&options);
}
