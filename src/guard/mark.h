/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/**
 * mark_fd() - give a file or folder an owner
 * @control: fd of the control program
 * @fd:      open on it; O_PATH will do, but not on a symlink
 * @kind:    CONTROL_MARK_FILE, _PIN or _PLACE
 * @domain:  the owner
 *
 * Its mode is set to what it is: nothing changes, and the guard's inode_setattr hook sees the
 * inode.
 * Return: 0 or negative errno.
 */
int mark_fd(int control, int fd, uint32_t kind, uint32_t domain);

/* mark_path() - the same; a symlink at the end is not followed, and refused. */
int mark_path(int control, const char *path, uint32_t kind, uint32_t domain);
