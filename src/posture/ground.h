/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What checks stand on: every byte that they judge comes through here, from below one folder, so
 * that a tree of files can stand for a host. And how they say what they found.
 */

#include <stdbool.h>
#include <stddef.h>

#include "posture/mounts.h"
#include "posture/objects.h"
#include "posture/posture.h"

#define GROUND_MAX_FILE ((size_t)1 << 20)

struct ground {
	int root_fd;
	bool own; /* the host's own root: what is mounted over its files is found */
	struct mounts kernel;
	const void *policy; /* borrowed, see posture_options */
	const char *release; /* borrowed: of the kernel, "" if unknown */
	enum posture_lockdown lockdown;
	char *cmdline; /* NULL: cmdline_errno says why not */
	int cmdline_errno;
	char *config; /* of the kernel; NULL: config_why says why not */
	char config_why[POSTURE_TEXT];
	char *mounts; /* mountinfo; NULL: mounts_errno says why not */
	int mounts_errno;
	bool objects_wanted;
	struct objects objects;
	int objects_errno; /* why they could not be read; 0 */
};

/* Why a file is missing, where several things may be. */
enum ground_outcome {
	GROUND_E_MISSING = 1,
};

/**
 * ground_text() - all of a file
 * @path:     below the root, without a slash before it
 * @ret_text: NUL terminated, the caller frees
 * @ret_size: its bytes, which may hold NUL; or NULL
 * Return: 0; GROUND_E_MISSING; -EXDEV if something is mounted over it; -EFBIG past
 * GROUND_MAX_FILE; -EINVAL if it is a device, pipe or socket; -ENOMEM; any errno of opening and
 * reading.
 */
int ground_text(const struct ground *ground, const char *path, char **ret_text, size_t *ret_size);

/**
 * ground_head() - the beginning of a file that may be long, or slow to be made
 * @ret_text: cut to @size - 1 bytes, NUL terminated; "" if it cannot be read
 * Return: its bytes.
 */
size_t ground_head(const struct ground *ground, const char *path, char *ret_text, size_t size);

/**
 * ground_has() - whether there is a file or folder
 */
bool ground_has(const struct ground *ground, const char *path);

/**
 * ground_link() - where a symbolic link leads
 * @ret_text: cut to @size - 1 bytes, NUL terminated
 * Return: 0; any errno of readlinkat().
 */
int ground_link(const struct ground *ground, const char *path, char *ret_text, size_t size);

/**
 * finding_set() - a status and what was found
 *
 * What a terminal would obey becomes '?', here and in the two below.
 * Return: 0.
 */
int finding_set(struct posture_finding *finding, enum posture_status status, const char *format,
		...) __attribute__((format(printf, 3, 4)));

/**
 * finding_reason() - why it is judged so
 */
void finding_reason(struct posture_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * finding_item() - one of what the value counts
 * Return: 0; -ENOMEM.
 */
int finding_item(struct posture_finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * finding_unread() - unknown, since a file could not be read
 * @r: what reading it returned
 * Return: 0; -ENOMEM if that is what it was.
 */
int finding_unread(struct posture_finding *finding, const char *path, int r);

/* The tables that are linked in, in their order; NULL is the end. See tables.c, tables-host.c. */
extern const struct posture_check *const posture_tables[];

/* Each of them ends with a row without id. */
extern const struct posture_check rows_kernel[];
extern const struct posture_check rows_boot[];
extern const struct posture_check rows_sysctl[];
extern const struct posture_check rows_tracing[];
extern const struct posture_check rows_files[];
extern const struct posture_check rows_bpf[];

/**
 * tasks_look() - who holds capabilities that reach a guard, see rows-bpf.c
 * Return: as a check's look.
 */
int tasks_look(struct ground *ground, struct posture_finding *finding);

/**
 * tasks_of_policy() - whether the policy names an executable by that path
 */
bool tasks_of_policy(const void *policy, const char *path);
