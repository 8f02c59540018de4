/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where the labels of the guard before this one lie, whatever its build: offsets of members, found
 * by name in its maps' own types, constants to the verifier.
 */

struct succession {
	__u32 task_domain, task_admission, task_born, task_adopt;
	__u32 inode_domain, inode_held;
};

_Static_assert(sizeof(struct succession) == 24, "succession layout");
