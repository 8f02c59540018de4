/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The ground that a guard stands on: the host's own settings, one table row a check. Reads files
 * and asks bpf(2); changes nothing, and needs no right: what may not be read is a finding, too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ground;
struct objects;
struct posture_finding;

#define POSTURE_TEXT 256 /* bytes of a value or a reason, with its NUL */
#define POSTURE_MAX_ITEMS 4096 /* of one finding; what is more is counted */
#define POSTURE_RELEASE 65 /* of the kernel, with its NUL */

/* The worse, the higher. */
enum posture_status {
	POSTURE_GOOD,
	POSTURE_ABSENT, /* the kernel or host has nothing to be set here */
	POSTURE_UNKNOWN, /* it could not be read: the reason says why */
	POSTURE_WEAK, /* it could be stronger */
	POSTURE_BAD, /* a way around every guard is open */
	_POSTURE_STATUS_MAX,
};

enum posture_group {
	POSTURE_KERNEL, /* code that gets into the kernel */
	POSTURE_BOOT,
	POSTURE_SYSCTL,
	POSTURE_TRACING,
	POSTURE_FILES,
	POSTURE_BPF,
	_POSTURE_GROUP_MAX,
};

enum posture_lockdown {
	LOCKDOWN_UNKNOWN,
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY,
};

/* What of a host a container may keep from sight. */
enum posture_sight {
	SIGHT_KERNEL = 0, /* the same everywhere */
	SIGHT_TASKS = 1,
	SIGHT_MOUNTS = 2,
	SIGHT_FILES = 4,
};

/* How a machine would mend it. */
enum posture_mend_kind {
	MEND_NONE, /* the fix says what a person has to do */
	MEND_SYSCTL, /* name and value */
	MEND_PARAMETER, /* of the kernel's command line; without a value: take it away */
	MEND_MODULE, /* keep a module from being loaded */
	MEND_LOCKDOWN, /* value: the mode */
	MEND_UNMOUNT, /* name: where */
	MEND_UNIT, /* name: the unit to be enabled */
	_MEND_KIND_MAX,
};

struct posture_mend {
	enum posture_mend_kind kind;
	const char *name, *value;
	bool one_way; /* it holds until the next boot, whoever asks */
	bool late; /* only when the host is up: what comes before needs it otherwise */
};

/* A range of a number: from here on, up to the next level. */
struct posture_level {
	long long from;
	enum posture_status status;
	const char *says;
};

/* A check. Everything but look and what belongs to it is for the reader. */
struct posture_check {
	const char *id; /* for good: baselines, policies and reports go by it */
	const char *title;
	enum posture_group group;
	const char *reads; /* which files, or what else */
	const char *threats; /* rows that a weakness opens, by blanks; "" if none */
	const char *why;
	const char *fix;
	const char *source; /* documentation or source of the kernel */
	struct posture_mend mend;
	enum posture_lockdown closed_by; /* the kernel itself refuses from this mode on */
	unsigned sights; /* enum posture_sight: of the host, and a container may not see them */

	/* Return: 0; -ENOMEM. Judges by filling the finding. */
	int (*look)(struct ground *ground, struct posture_finding *finding);

	/* Without look: a number. levels end with a row that says nothing. */
	const char *path; /* below the root, without a slash before it */
	const struct posture_level *levels;
	enum posture_status missing; /* if the kernel has no such file */
	const char *missing_says;
	const char *option; /* a kernel without it has no such file, and that is good; or NULL */
};

struct posture_finding {
	const struct posture_check *check;
	enum posture_status status;
	char value[POSTURE_TEXT]; /* what was found, in a few words; may be "" */
	char reason[POSTURE_TEXT]; /* why it is judged so, or was not read; may be "" */
	char **items; /* one by one what the value counts; sorted, each once */
	size_t n_items, n_dropped;
};

struct posture {
	struct posture_finding *findings; /* one for each check, in the order of the tables */
	size_t n;
	char release[POSTURE_RELEASE]; /* "" if it could not be read */
	unsigned hidden; /* enum posture_sight: not the host's, but a container's own */
	bool guest; /* of a hypervisor */
};

struct posture_options {
	const char *root; /* where /proc, /sys and the like are looked for; NULL: "/" */
	const void *policy; /* borrowed: an image that image_check() has passed; NULL: none */
	/* Reads the kernel's BPF objects, see objects.h; NULL: they are not looked at. */
	int (*objects)(const void *policy, struct objects *ret_objects);
};

/**
 * posture_read() - run every check
 * @ret_posture: release with posture_free()
 * Return: 0; -ENOMEM; any errno of opening the root.
 */
int posture_read(const struct posture_options *options, struct posture **ret_posture);

/**
 * posture_free() - release it
 * Return: NULL. NULL and a half-built one are accepted.
 */
struct posture *posture_free(struct posture *posture);

static inline void posture_freep(struct posture **posture)
{
	(void)posture_free(*posture);
}

/**
 * posture_check_each() - the @i-th check; NULL at the end
 */
const struct posture_check *posture_check_each(size_t i);

/**
 * posture_find() - the finding of a check, by its id
 * Return: borrowed; NULL if there is no such check.
 */
const struct posture_finding *posture_find(const struct posture *posture, const char *id);

/* posture_status_name() - "good", "absent", "unknown", "weak", "bad" */
const char *posture_status_name(enum posture_status status);

/* posture_group_name() - "kernel" and so on */
const char *posture_group_name(enum posture_group group);

/* posture_mend_name() - "none", "sysctl" and so on */
const char *posture_mend_name(enum posture_mend_kind kind);
