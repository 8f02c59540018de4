/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The folders holdfastd lives in: state and runtime, the lock and the socket in the latter. Owns
 * their creation and removal; never the guard.
 */

#include <stdbool.h>

struct diag;

struct dirs {
	const char *run_path; /* borrowed */
	const char *state_path; /* borrowed */
	int run_fd;
	int state_fd; /* -EBADF: could not be opened */
	int lock_fd; /* -EBADF: another process holds the lock */
};

enum dirs_error {
	DIRS_E_RUNNING = 1, /* another holdfastd answers on the socket */
	DIRS_E_LOCKED, /* somebody holds the lock, and no holdfastd answers */
	DIRS_E_UNUSABLE, /* a folder cannot be made or opened; the diag says why */
};

/**
 * dirs_open_run() - the runtime folder and the lock of the single instance
 * @dirs: run_path is set; filled, also after DIRS_E_LOCKED; to be released with dirs_close()
 * Return: 0; DIRS_E_RUNNING, DIRS_E_LOCKED, DIRS_E_UNUSABLE.
 */
int dirs_open_run(struct dirs *dirs, struct diag *reterr_diag);

/* dirs_open_state() - the state folder. Return: 0; DIRS_E_UNUSABLE. */
int dirs_open_state(struct dirs *dirs, struct diag *reterr_diag);

/**
 * dirs_listen() - the control socket, in place of one that a dead holdfastd left
 * @ret_fd: listening, does not block
 * Return: 0; DIRS_E_UNUSABLE.
 */
int dirs_listen(const struct dirs *dirs, int *ret_fd, struct diag *reterr_diag);

/* dirs_socket_path() - where it is, for who cannot open it; false if it does not fit */
bool dirs_socket_path(const struct dirs *dirs, char *buffer, unsigned size);

/* dirs_remove_run() - leave nothing of the runtime folder */
void dirs_remove_run(const struct dirs *dirs);

/* dirs_close() - give up the lock and the folders, remove nothing */
void dirs_close(struct dirs *dirs);
