/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whether a file is the kernel's own, or lies on something that was mounted over it (F10). Asked on
 * a host's own root only: a container's /proc has mounts of its own, a tree of files has none.
 */

#include <stdbool.h>
#include <stdint.h>

#define MOUNTS_KERNEL 4

/* Where the kernel's file systems are; 0: not mounted; MOUNTS_FOREIGN: something else is. */
struct mounts {
	uint64_t ids[MOUNTS_KERNEL];
};

#define MOUNTS_FOREIGN UINT64_MAX

/* mounts_find() - below a folder, which is a host's root */
void mounts_find(int root_fd, struct mounts *ret_mounts);

/**
 * mounts_check() - whether a path, or what of it there is, leads into its own file system
 * @path: below the root, without a slash before it
 * @fd:   what was opened there; negative: nothing was
 * Return: 0, also for files that are in none of the kernel's; -EXDEV; any errno of statx().
 */
int mounts_check(int root_fd, const struct mounts *mounts, const char *path, int fd);
