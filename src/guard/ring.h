/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A ring buffer of the kernel's, read so that a record stays in it until its reader says that it is
 * kept elsewhere: who is killed in between reads it again. libbpf's reader lets go of each at once.
 */

#include <stdbool.h>
#include <stddef.h>

struct ring;

/**
 * ring_open() - map a ring to read it; from where the last reader let go
 * @map_fd: of a BPF_MAP_TYPE_RINGBUF; borrowed for the call
 * Return: 0; -ENOMEM; -EINVAL if it is no ring; any errno of mmap().
 */
int ring_open(int map_fd, struct ring **ret_ring);

/* ring_free() - NULL is fine. Return: NULL. */
struct ring *ring_free(struct ring *ring);

/**
 * ring_read() - the next records; they stay in the ring
 * @fn: gets one, whole; a negative value ends the reading behind it
 * Return: 0 at the end of what there is; what @fn returned.
 */
int ring_read(struct ring *ring, int (*fn)(void *userdata, const void *data, size_t size),
	      void *userdata);

/* ring_is_empty() - whether all that there is was read */
bool ring_is_empty(const struct ring *ring);

/**
 * ring_release() - what was read may be overwritten
 * Return: whether there is nothing else; if there is, nobody may be woken for it.
 */
bool ring_release(struct ring *ring);
