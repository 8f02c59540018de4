/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The checked tree: a policy as its author wrote it, every value valid, every reference resolved,
 * every item with its place in the file for later errors. Made by policy_parse(), read by lock and
 * compile, changed by nobody.
 */

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/image.h"

struct diag;
struct walk_table;

enum policy_error {
	_POLICY_E_SUCCESS,
	POLICY_E_INVALID, /* the input is refused: the diag says what, where and what to do */
};

/* From 1, in the policy's file. */
struct policy_place {
	unsigned line, column;
};

struct policy_executable {
	struct policy_place place;
	char *path; /* NULL if the policy names a digest */
	uint8_t digest[IMAGE_DIGEST_LEN]; /* only without a path */
	uint64_t size; /* in bytes; only without a path */
	bool is_signed; /* by the key of policies: no path, digest and size */
	uint32_t launch; /* IMAGE_LAUNCH_* */
	struct policy_place launch_place;
	char *launch_name; /* of the unit or the parent domain; else NULL */
};

struct policy_library {
	struct policy_place place;
	char *path; /* NULL if the policy names a digest */
	uint8_t digest[IMAGE_DIGEST_LEN]; /* only without a path */
};

struct policy_pin {
	struct policy_place place;
	uint32_t kind; /* IMAGE_PIN_* */
	size_t index; /* in the list of its kind */
	char *path;
};

struct policy_domain {
	struct policy_place place; /* of the name */
	char *name;
	uint32_t id;
	uint32_t mode; /* IMAGE_MODE_*, the policy's if the domain names none */
	uint32_t hold; /* as image_domain.hold */
	struct policy_executable *executables;
	size_t n_executables;
	struct policy_library *libraries;
	size_t n_libraries;
	struct policy_pin *pins; /* and then the files */
	size_t n_pins;
};

/* As image_limits, which see; each list sorted as there, without duplicates. */
struct policy_limits {
	struct policy_place place; /* line 0 if there are none */
	uint32_t given; /* IMAGE_LIMIT_* */
	uint64_t attach;
	uint64_t helpers[IMAGE_HELPERS / 64];
	struct image_name *targets;
	size_t n_targets;
	struct image_name *kfuncs;
	size_t n_kfuncs;
	struct image_map *maps;
	size_t n_maps;
	struct image_program *digests;
	size_t n_digests;
};

/* A tool that may load programs. Its files are a domain's, but for the label. */
struct policy_admission {
	struct policy_domain files; /* named policy_admission_name(); one executable, no launch */
	uint64_t programs; /* IMAGE_PROGRAM* */
	char *reason; /* NULL if the policy gives none */
	struct policy_limits limits;
};

/* Words of the image: IMAGE_CODE_*, IMAGE_LOCKDOWN_*. */
struct policy_kernel {
	struct policy_place place; /* line 0 if the policy says nothing of it */
	uint8_t modules, kexec;
	uint8_t lockdown; /* of strangers, by the guard */
	uint8_t require_lockdown; /* of the kernel itself */
	bool degraded; /* where what is required is not so, a guard comes up all the same */
	struct image_name *required; /* checks of the host; sorted, each once */
	size_t n_required;
};

struct policy {
	const char *file; /* borrowed: the name given to policy_parse() */
	char *name;
	struct policy_place name_place;
	uint64_t version;
	uint32_t mode; /* IMAGE_MODE_* */
	uint32_t ring_kib;
	uint32_t switches; /* IMAGE_SWITCH_*: the groups that stay open */
	struct policy_kernel kernel;
	struct policy_domain *domains;
	size_t n_domains;
	uint64_t admitted; /* IMAGE_PROGRAM*: what anybody may load */
	struct policy_limits limits; /* of who has no rule */
	struct policy_place admission_place; /* line 0 if the policy says nothing of it */
	struct policy_admission *admissions;
	size_t n_admissions;
};

#define POLICY_ADMISSION_PREFIX "admission:" /* then the rule's place among the rules, from 1 */
#define POLICY_LAUNCHER POLICY_ADMISSION_PREFIX "launcher" /* in the rule's place */
#define POLICY_LAUNCHER_PATH "/usr/lib/systemd/systemd-executor"
#define POLICY_MAX_VERSION ((uint64_t)9007199254740991) /* what every JSON reader keeps exactly */
#define POLICY_MAX_BYTES POLICY_MAX_VERSION
#define POLICY_REASON_LEN 128 /* with its terminating NUL */
#define POLICY_MAX_LIBRARIES 1024 /* named by one domain */

/**
 * policy_parse() - read, check and resolve a policy
 * @file:        name for errors; borrowed by the policy and by @reterr_diag
 * @text:        borrowed, @size bytes of YAML
 * @ret_policy:  to be released with policy_free()
 * @reterr_diag: filled on POLICY_E_INVALID; or NULL
 * Return: 0; POLICY_E_INVALID; -ENOMEM; -EIO from libcrypto.
 */
int policy_parse(const char *file, const char *text, size_t size, struct policy **ret_policy,
		 struct diag *reterr_diag);

/**
 * policy_free() - release a policy
 * Return: NULL. NULL and a half-built policy are accepted.
 */
struct policy *policy_free(struct policy *policy);

static inline void policy_freep(struct policy **policy)
{
	(void)policy_free(*policy);
}

/**
 * policy_resolve() - what no single value can tell: names and pins that clash, parents that are
 * not there, ids. Called by policy_parse().
 * Return: 0; POLICY_E_INVALID; -EIO or -ENOMEM from libcrypto.
 */
int policy_resolve(struct policy *policy, struct diag *reterr_diag);

/**
 * policy_find_domain() - a domain by its name
 * Return: borrowed from @policy; NULL if there is none.
 */
const struct policy_domain *policy_find_domain(const struct policy *policy, const char *name);

/**
 * policy_owner() - who has files: the domains in order, then the rules of admission
 * Return: borrowed from @policy; NULL behind the last.
 */
const struct policy_domain *policy_owner(const struct policy *policy, size_t i);

/**
 * policy_find_owner() - the same by its name
 * Return: borrowed from @policy; NULL if there is none.
 */
const struct policy_domain *policy_find_owner(const struct policy *policy, const char *name);

/**
 * policy_add_admission() - one more rule, of one executable without a path yet
 * @name: taken over, also on failure; or NULL, which is out of memory
 * Return: borrowed from @policy until the next; NULL if memory ran out.
 */
struct policy_admission *policy_add_admission(struct policy *policy, char *name);

/**
 * policy_add_launcher() - what PID 1 executes before each unit's program, from systemd 254 on
 *
 * No policy names it: a lock has it if the host had it.
 * Return: 0; -ENOMEM.
 */
int policy_add_launcher(struct policy *policy);

/**
 * policy_tables() - the tables of keys, for whoever has to agree with them
 * @ret_n: how many
 * Return: borrowed, static.
 */
const struct walk_table *policy_tables(size_t *ret_n);
