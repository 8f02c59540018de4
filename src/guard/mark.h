/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#define MARK_DEPTH_MAX 8 /* of folders within a folder */

/**
 * mark_fd() - give a file or folder an owner
 * @control: fd of the control program
 * @fd:      open on it; O_PATH will do, but not on a symlink
 * @kind:    CONTROL_MARK_FILE, _LISTED, _WAY, _PIN or _PLACE
 * @domain:  the owner
 *
 * Its mode is set to what it is: nothing changes, and the guard's inode_setattr hook sees the
 * inode.
 * Return: 0; -EEXIST if it is the guard's own, and is to be somebody else's; -ENOSPC if no more can
 * be noted; other negative errno.
 */
int mark_fd(int control, int fd, uint32_t kind, uint32_t domain);

/* What mark_tree() has to do, and what is left of it. */
struct mark_tree {
	int control; /* as of mark_fd() */
	uint32_t kind, domain;
	uint32_t left; /* files and folders that may still be marked */
};

/**
 * mark_tree() - the same of a file, or of a folder and all below it, but no symlinks there
 * @parent: fd of the folder that @name is in, or AT_FDCWD
 * @depth:  0
 * Return: 0; -E2BIG if there are more than may be marked; -ELOOP if folders are too deep, or it is
 * a symlink itself; other negative errno.
 */
int mark_tree(struct mark_tree *tree, int parent, const char *name, int depth);

/* mark_path() - the same; a symlink at the end is not followed, and refused. */
int mark_path(int control, const char *path, uint32_t kind, uint32_t domain);
