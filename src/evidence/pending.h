/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a log's tail has that no checkpoint covers, for who has not the keys of its tags. */

#include <stdint.h>

/**
 * pending_count() - entries beyond a size, of the tail that reaches furthest
 * @dir_fd: borrowed, the log's folder
 * @size:   of the checkpoint
 *
 * Counted, not verified: the tags are for who has their key. A record that is not all there yet is
 * none.
 * Return: 0; -ENOMEM; any errno of reading, -ENOENT if there is no folder of tails.
 */
int pending_count(int dir_fd, uint64_t size, uint64_t *ret_entries);
