/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes that hold fds of BPF objects: it lists them, and takes none. */

#include <stdint.h>
#include <sys/types.h>

struct holder {
	pid_t pid;
	char comm[64]; /* as the process calls itself: for display only */
	uint32_t maps, progs, links; /* open fds */
};

typedef void holders_fn(void *userdata, const struct holder *holder);

/**
 * holders_list() - every process with a BPF object open
 * @proc_fd: folder like /proc, borrowed
 * @except:  this one is not listed
 * @fn:      called for each; the holder is borrowed for the call
 *
 * Objects in a socket's queue or registered with io_uring have no fd and are not seen.
 * Return: 0 or -errno if the folder cannot be read.
 */
int holders_list(int proc_fd, pid_t except, holders_fn *fn, void *userdata);

/* EVENT_OBJECT_* and id of an object that somebody has open */
typedef void holders_object_fn(void *userdata, uint32_t kind, uint32_t id);

/* holders_objects() - the same, each of their fds by itself. Return: as holders_list(). */
int holders_objects(int proc_fd, pid_t except, holders_object_fn *fn, void *userdata);
