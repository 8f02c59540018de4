/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Bytes into a map that is there. */

struct bpf_map;
struct loader_map;

/**
 * map_fill() - write what loader_plan() has made of the text
 * @ret_done: entries that are in by then
 *
 * Per-CPU maps get each value on each CPU. Return: 0; -ENOMEM; the kernel's errno.
 */
int map_fill(struct bpf_map *map, const struct loader_map *plan, unsigned int *ret_done);
