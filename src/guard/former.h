/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "guard/internal.h"

#include "bpf/succession-api.h"

/*
 * The guard of another build, as this one finds it: its maps by their names, their fields by name
 * in the types that the kernel keeps with them. What has another size or is missing is not
 * understood, and refused before anything is touched.
 */

#define FORMER_MAPS 17

struct former_map {
	int fd;
	struct bpf_map_info info;
};

struct former {
	int control;
	uint32_t control_id; /* id of its control program */
	struct btf *btf;
	struct former_map maps[FORMER_MAPS];
};

#define FORMER_INIT               \
	{                         \
		.control = -EBADF \
	}

/**
 * former_open() - find the maps of the guard that is pinned below @pins
 * @former: FORMER_INIT
 *
 * Return: 0; GUARD_E_ABI, with what is not understood; negative errno.
 */
int former_open(struct former *former, const char *pins, struct diag *reterr_diag);
void former_close(struct former *former);

/* former_layout() - where the labels lie that its maps of storage hold. former_open() said yes. */
void former_layout(const struct former *former, struct succession *ret_layout);

/* former_fd() - fd of a map of it. Borrowed. */
int former_fd(const struct former *former, const char *name);

/* former_office() - its last number and the like. Return: 0 or negative errno. */
int former_office(const struct former *former, struct control_office *ret_office);

/**
 * former_image() - the image that it has in force; *ret_image is malloc()ed
 *
 * Return: 0; GUARD_E_ABI if it is of another format; negative errno.
 */
int former_image(const struct former *former, void **ret_image, size_t *ret_size,
		 struct diag *reterr_diag);

/* former_signs() - does it take signed policies only? */
bool former_signs(const struct former *former);

/* former_take() - give its records to the guard behind @control. Return: 0 or negative errno. */
int former_take(const struct former *former, int control);
