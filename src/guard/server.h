/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * holdfastd between the guard and its operator: one loop that drains the events, answers the
 * control socket, starts what `holdfast run` asks for. It decides who may ask what; the guard
 * decides everything else. A client, a full disk or a bad image never ends it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;
struct server;

#define SERVER_MAX_CONNECTIONS 16 /* that ask or are silent; the longest silent gives way */
#define SERVER_MAX_RUNS 64 /* commands that a `holdfast run` waits for */
#define SERVER_TIMEOUT_NS 10000000000ull /* for a client to say something */
#define SERVER_EXEC_NS 60000000000ull /* for an exec: the kernel hashes the whole file */
#define SERVER_PROOF_NS 60000000000ull /* between two of the guard's self-proofs */
#define SERVER_HOST_NS 30000000000ull /* between two looks at the host's settings */

/* Fixed in the binary; a parameter for the tests' sake. */
struct server_options {
	const char *run_dir, *state_dir, *boot_image;
	const char *boot_trust; /* certificate of who signs policies, X.509 in DER */
	const char *cmdline; /* of the kernel */
	const char *host_root; /* where the host's settings are; NULL: nobody looks */
	const char *exec_path; /* where `holdfast run` looks names up */
	uint64_t log_keep;
	uid_t operator_uid; /* whose requests are heard */
	uint64_t (*now)(void); /* CLOCK_BOOTTIME */
	bool wait; /* arm on request only, and end if there is none */
};

/* Outcomes of server_start(), and exit codes of holdfastd beside 0, 1 and 2. */
enum server_error {
	SERVER_E_RUNNING = 3, /* another holdfastd */
	SERVER_E_NOT_SELF = 4, /* a guard is up that does not know this process */
	SERVER_E_KERNEL = 5, /* this kernel, as booted, cannot enforce */
	SERVER_E_IMAGE = 6, /* the image for the boot is not usable */
	SERVER_E_ABI = 7, /* the guard that is up is of another build */
	SERVER_E_PLACE = 8, /* a folder or the socket is not usable */
	SERVER_E_OPERATOR = 9, /* the image for the boot enforces, and there is no operator yet */
	SERVER_EXIT_DOWN = 10, /* no failure: the operator took the guard down, stay away */
};

enum server_step {
	SERVER_STOPPED = 1, /* the service manager asked, or nobody did */
	SERVER_DOWN, /* the operator took the guard down */
};

/**
 * server_new() - nothing is opened yet
 * @options: borrowed
 * Return: 0; -ENOMEM.
 */
int server_new(const struct server_options *options, struct server **ret_server);

/**
 * server_free() - close everything; a guard that is up stays up. NULL is fine. Return: NULL.
 */
struct server *server_free(struct server *server);

static inline void server_freep(struct server **server)
{
	(void)server_free(*server);
}

/**
 * server_start() - lock, adopt or arm, listen
 *
 * SIGCHLD, SIGTERM and SIGINT must be blocked: the server reads them.
 * Return: 0; SERVER_E_*; -errno.
 */
int server_start(struct server *server, struct diag *reterr_diag);

/**
 * server_step() - wait for something and do it
 * @timeout_ms: at most; -1 for as long as it takes
 * Return: 0; enum server_step; -errno if the loop itself is broken.
 */
int server_step(struct server *server, int timeout_ms);
