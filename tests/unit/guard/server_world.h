/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A holdfastd inside the test process: folders of its own, the fake guard, a clock that the test
 * sets, and a client. The server takes a step only when the client waits for it.
 */

#include <limits.h>
#include <stdint.h>

#include "guard/fake_guard.h"
#include "guard/protocol.h"
#include "guard/server.h"
#include "guard/test_image.h"

#define WORLD_PATH 64

struct world {
	char dir[WORLD_PATH], run_dir[WORLD_PATH], state_dir[WORLD_PATH], boot_image[WORLD_PATH],
		boot_trust[WORLD_PATH];
	struct server_options options;
	struct server *server;
	uint32_t confirm_s; /* what world_up() and world_reload() ask for */
	int step; /* what the last server_step() returned */
	char secret[PROTOCOL_SECRET_LEN]; /* of the last world_up() */
	struct protocol_message answer;
};

/* For cmocka: *state is the world. */
int world_setup(void **state);
int world_teardown(void **state);

/* world_clock() - what the server takes for the time; the test may add to it */
uint64_t *world_clock(void);

/* world_start() - server_new() and server_start(). Return: as the latter. */
int world_start(struct world *world);

/* world_guarded() - started, and by version 7 of a policy a guard is up */
struct world *world_guarded(void **state, uint32_t mode);

/* world_kill() - the server goes as by SIGKILL: nothing is tidied, the guard stays */
void world_kill(struct world *world);

/* world_connect() - a client. Return: its fd, closed by the caller. */
int world_connect(struct world *world);

/*
 * world_wait() - let the server work until it answers on @fd. Return: the answer's op; 0 if it
 * hung up.
 */
unsigned world_wait(struct world *world, int fd);

/* world_idle() - let the server work off what it has */
void world_idle(struct world *world);

/* world_ask() - connect, ask, wait. Return: the answer's op; 0 if the server hung up. */
unsigned world_ask(struct world *world, struct protocol_header *header, const int *fds);

/* The requests, each on a connection of its own. Return: 0 if done, else PROTOCOL_E_*. */
unsigned world_up(struct world *world, uint32_t mode, uint64_t version);
unsigned world_down(struct world *world, const char *secret);
unsigned world_reload(struct world *world, const char *secret, const struct test_image *image);
unsigned world_reload_fd(struct world *world, const char *secret, int fd);

/* world_secret() - fill a request's secret */
void world_secret(struct protocol_secret *secret, const char *text);

/* world_log() - the log of events, NUL terminated, malloc()ed; "" if there is none */
char *world_log(const struct world *world);

/* world_told() - how often the log of events has that text */
size_t world_told(const struct world *world, const char *text);
