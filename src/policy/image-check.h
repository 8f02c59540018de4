/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A policy image in user space: is it whole, what is in it, and does a new one permit more than an
 * old one. The privileged side links this and libcrypto, nothing else of this folder. Reads the
 * image only; image_seal() alone writes to it.
 */

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/image.h"

struct diag;

/* No file larger than this is an executable or a library of a domain. */
#define IMAGE_MAX_FILE ((uint64_t)1 << 30)

/* The guard's own pins. No domain's pin is, contains or lies within this folder. */
#define IMAGE_SELF_PINS "/sys/fs/bpf/holdfast"

enum image_error {
	_IMAGE_E_SUCCESS,
	IMAGE_E_INVALID, /* not an image that this version accepts: the diag says why */
};

enum image_change {
	IMAGE_CHANGE_NONE, /* nothing more is permitted than before */
	IMAGE_CHANGE_WEAKENS, /* something is: the operator has to agree */
	IMAGE_CHANGE_ROLLBACK, /* the version goes down: refused, whoever asks */
	_IMAGE_CHANGE_MAX,
};

/**
 * image_check() - validate all of an image: sizes, limits, strings, order, references, digest
 * @data:        borrowed, aligned to 8 bytes
 * @size:        bytes at @data, at most what was read: an image is never longer or shorter
 * @reterr_diag: filled on IMAGE_E_INVALID; its file, line and column stay unset; or NULL
 *
 * After 0, every accessor below may be used on @data without further checks.
 * Return: 0; IMAGE_E_INVALID; -EINVAL if @data is not aligned; -ENOMEM or -EIO from libcrypto.
 */
int image_check(const void *data, size_t size, struct diag *reterr_diag);

/**
 * image_seal() - fill image_header.digest
 * @data: writable, its header's counts and size agree
 * Return: 0; -ENOMEM or -EIO from libcrypto.
 */
int image_seal(void *data, size_t size);

/**
 * image_fill_size_filter() - fill image_header.size_filter from the table of executables
 */
void image_fill_size_filter(void *data);

#define IMAGE_FILTER_WORDS 64

/**
 * image_size_filter() - what image_header.size_filter has to be
 */
void image_size_filter(const void *data, uint64_t ret_filter[IMAGE_FILTER_WORDS]);

/**
 * image_weakens() - whether going from one image to another permits anything more
 * @old:         borrowed, checked by image_check(): the image in force
 * @new:         borrowed, checked by image_check()
 * @reterr_diag: the first reason, when the answer is not IMAGE_CHANGE_NONE; or NULL
 *
 * Pure. A domain or pin that goes away, a mode that is lowered, and an executable, launch rule or
 * trusted digest that an existing domain gains weaken; so does a new domain that reaches into an
 * existing one's pins or executables, and so does a program that more tools may load. Removing an
 * executable or a trusted digest does not, nor does the ring's size.
 * Return: enum image_change.
 */
enum image_change image_weakens(const void *old, const void *new, struct diag *reterr_diag);

/* Hears one reason; @text is borrowed for the call. */
typedef void image_reason_fn(void *context, const char *text);

/**
 * image_weakenings() - every way in which one image permits more than another
 * @hear: called for each, in the order in which image_weakens() would find them
 * Return: as image_weakens() does: ROLLBACK if that is one of them.
 */
enum image_change image_weakenings(const void *old, const void *new, image_reason_fn *hear,
				   void *context);

/**
 * image_domain_id() - the id that a domain's name stands for, at least DOMAIN_FIRST
 * @name:   NUL terminated
 * @ret_id: the first four bytes of SHA-256("holdfast-domain:" name), little endian; DOMAIN_FIRST
 *          is added to what would lie below it
 * Return: 0; -ENOMEM or -EIO from libcrypto.
 */
int image_domain_id(const char *name, uint32_t *ret_id);

/**
 * image_policy_name_valid() - [a-z0-9][a-z0-9._-]*, at most IMAGE_NAME_LEN - 1 bytes
 */
bool image_policy_name_valid(const char *name);

/**
 * image_domain_name_valid() - [a-z0-9][a-z0-9._-]*, at most IMAGE_DOMAIN_LEN - 1 bytes, and none of
 * the words that stand for a label of its own: self, canary, stranger, none
 */
bool image_domain_name_valid(const char *name);

/**
 * image_unit_name_valid() - a service's name whose cgroup bears the same name
 *
 * Letters, digits and :_.@- before ".service", at most IMAGE_UNIT_LEN - 1 bytes. Not a template
 * without its instance, and not a name that systemd escapes in the cgroup tree (leading '_' or '.',
 * "cgroup.", or a controller's name before the first dot): the guard would wait for it in vain.
 */
bool image_unit_name_valid(const char *name);

/**
 * image_check_valid() - [a-z0-9-]+, at most IMAGE_SYMBOL_LEN - 1 bytes, as checks of the host are
 * named
 */
bool image_check_valid(const char *name);

/**
 * image_path_valid() - normalised (path_is_normalised()), at most IMAGE_PATH_LEN - 1 bytes, not "/"
 */
bool image_path_valid(const char *path);

/**
 * image_pin_valid() - image_path_valid(), two components at least, clear of IMAGE_SELF_PINS
 */
bool image_pin_valid(const char *path);

/**
 * image_mode_name() - "observe", "enforce" or "sealed"; "?" for anything else
 */
const char *image_mode_name(uint32_t mode);

struct image_switch {
	uint32_t group; /* IMAGE_SWITCH_* or IMAGE_CLOSED_* */
	const char *name; /* in a policy */
	const char *row; /* of the threat catalogue */
};

#define IMAGE_SWITCH_GROUPS 17

/* Those of switches.open come first, IMAGE_SWITCHES_ALL of them; then those of switches.close. */
extern const struct image_switch image_switches[IMAGE_SWITCH_GROUPS];

/**
 * image_switches_open() - the groups that strangers may use, of either kind
 * @switches: as in image_header
 */
uint32_t image_switches_open(uint32_t switches);

/* image_hold_name() - IMAGE_HOLD_* in words: "links and maps"; "" for none. Static. */
const char *image_hold_name(uint32_t hold);

/**
 * image_admission_id() - the id that an admitted tool's trusted content is listed under
 * @digest: of the tool
 */
uint32_t image_admission_id(const uint8_t *digest);

/**
 * image_slots() - how many slots so many rules of admission have: a power of two, or none for none
 */
uint32_t image_slots(uint32_t n_admissions);

/**
 * image_index() - what the slots of an image have to be
 * @ret_slots: room for image_header.n_slots, of an image with as many as image_slots() says
 * Return: whether every rule lies within IMAGE_MAX_PROBES of its place.
 */
bool image_index(const void *data, uint32_t *ret_slots);

/**
 * image_program() - the bit of a type or class of programs
 * @name: as the policy writes it
 * Return: IMAGE_PROGRAM*; 0 if there is none of that name.
 */
uint64_t image_program(const char *name);

/**
 * image_program_name() - the name of the lowest bit that is set; "none" if none is
 */
const char *image_program_name(uint64_t programs);

/**
 * image_attach_type() - the bit in image_limits.attach of a name, in lower case as in bpf(2), or
 * "none"; IMAGE_ANY if there is none of that name
 */
uint32_t image_attach_type(const char *name);

/**
 * image_helper() - the number of a helper by its name, without "bpf_"; 0 if there is none
 */
uint32_t image_helper(const char *name);

/**
 * image_map_type() - the number of a type of maps, by its name in lower case as in bpf(2); 0 if
 * there is none
 */
uint32_t image_map_type(const char *name);

/**
 * image_map_flag() - the bit of a flag of BPF_MAP_CREATE by its name in lower case, without
 * "bpf_f_"; 0 if there is none
 */
uint32_t image_map_flag(const char *name);

/**
 * image_symbol_valid() - what a function of the kernel may be called, IMAGE_SYMBOL_LEN - 1 bytes at
 * most
 */
bool image_symbol_valid(const char *name);

/**
 * image_check_limits() - a part of image_check(): the tables that limit what callers may do
 * Return: as image_check() does.
 */
int image_check_limits(const void *data, struct diag *reterr_diag);

/**
 * image_limits_of() - what a caller is held to
 * @a: its rule in the checked image @data; NULL if it has none
 * Return: borrowed from @data; NULL if it is held to nothing.
 */
const struct image_limits *image_limits_of(const void *data, const struct image_admission *a);

/* image_limit_name() - the lowest of IMAGE_LIMIT_*, as policies write it; NULL: none. Static. */
const char *image_limit_name(uint32_t limits);

/* image_limit() - IMAGE_LIMIT_* of a name; 0 if there is none of that name */
uint32_t image_limit(const char *name);

/* What the running kernel tells of a program that is loaded. */
struct image_kernel {
	bool calls; /* what it calls */
	uint32_t digest; /* IMAGE_DIGEST_*: which of them */
};

/**
 * image_limits_blind() - limits that the kernel cannot judge, and that permit nothing for that
 * @limits: of the checked image @data; NULL: none
 * Return: IMAGE_LIMIT_*; 0 if it can judge all.
 */
uint32_t image_limits_blind(const void *data, const struct image_limits *limits,
			    const struct image_kernel *kernel);

/* image_map_type_name() - as policies write it; NULL if it is newer than this. Static. */
const char *image_map_type_name(uint32_t type);

/**
 * image_limits_exceed() - whether a caller is held to less than it was
 * @before: its rule in the checked image @old; NULL if it has none there
 * @after:  its rule in the checked image @new; NULL if it has none there
 *
 * Of programs by what they are, not by their types.
 * Return: what it may do now, for "may ...", static; NULL: nothing that it could not before.
 */
const char *image_limits_exceed(const void *old, const struct image_admission *before,
				const void *new, const struct image_admission *after);

/* The tables of a checked image: borrowed, as long as the image lives. */

static inline const struct image_header *image_header(const void *data)
{
	return data;
}

static inline const struct image_domain *image_domains(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_DOMAINS(image_header(data)));
}

static inline const struct image_executable *image_executables(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_EXECUTABLES(image_header(data)));
}

static inline const struct image_trusted *image_trusted(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_TRUSTED(image_header(data)));
}

static inline const struct image_pin *image_pins(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_PINS(image_header(data)));
}

static inline const struct image_file *image_files(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_FILES(image_header(data)));
}

static inline const struct image_admission *image_admissions(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_ADMISSIONS(image_header(data)));
}

static inline const uint32_t *image_slot_table(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_SLOTS(image_header(data)));
}

static inline const struct image_limits *image_limits(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_LIMITS(image_header(data)));
}

static inline const struct image_name *image_names(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_NAMES(image_header(data)));
}

/* The host's checks that have to be good: the last of the names. */
static inline const struct image_name *image_required(const void *data, uint32_t i)
{
	const struct image_header *header = image_header(data);

	return &image_names(data)[header->n_names - header->n_required + i];
}

/**
 * image_requires() - whether a check of the host has to be good
 */
bool image_requires(const void *data, const char *check);

static inline const struct image_map *image_maps(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_MAPS(image_header(data)));
}

static inline const struct image_executable *image_signed(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_SIGNED(image_header(data)));
}

static inline const struct image_verity *image_verities(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_VERITIES(image_header(data)));
}

static inline const struct image_program *image_digests(const void *data)
{
	return (const void *)((const char *)data + IMAGE_OFF_DIGESTS(image_header(data)));
}

/* image_admission_path() - as the policy writes it; "" if it named a digest */
static inline const char *image_admission_path(const void *data, const struct image_admission *a)
{
	return (const char *)data + IMAGE_OFF_TEXTS(image_header(data)) + a->path;
}

/**
 * image_admission_of() - an admitted tool by its id
 * Return: borrowed from @data, whose tables alone have to be sound; NULL if it has no such tool.
 */
const struct image_admission *image_admission_of(const void *data, uint32_t id);

/**
 * image_admission_find() - an admitted tool by its digest
 * Return: borrowed from the checked image @data; NULL if it has no such tool.
 */
const struct image_admission *image_admission_find(const void *data, const uint8_t *digest);

/**
 * image_domain_find() - a domain by its id
 * Return: borrowed from the checked image @data; NULL if it has no such domain.
 */
const struct image_domain *image_domain_find(const void *data, uint32_t id);

/**
 * image_domain_find_name() - a domain by its name
 * Return: borrowed from the checked image @data; NULL if it has no such domain.
 */
const struct image_domain *image_domain_find_name(const void *data, const char *name);

/**
 * image_executable_find() - an executable by its digest
 * Return: borrowed from the checked image @data; NULL if it has no such executable.
 */
const struct image_executable *image_executable_find(const void *data, const uint8_t *digest);

/**
 * image_trusts() - whether a domain's tasks may map a file of that digest executable
 */
bool image_trusts(const void *data, const uint8_t *digest, uint32_t domain);

/* image_trusts_any() - whether any domain or admitted tool trusts the content */
bool image_trusts_any(const void *data, const uint8_t *digest);

/* image_signed_find() - what a domain takes by signature. Return: borrowed from the image; NULL. */
const struct image_executable *image_signed_find(const void *data, uint32_t domain);

/* image_verity_find() - by an fs-verity digest. Return: borrowed from the image; NULL: none. */
const struct image_verity *image_verity_find(const void *data, const uint8_t *verity);

/**
 * image_pin_find() - a pin by its path
 * Return: borrowed from the checked image @data; NULL if it has no such pin.
 */
const struct image_pin *image_pin_find(const void *data, const char *path);

/* image_pin_word() - "pin" or "file", for messages */
static inline const char *image_pin_word(const struct image_pin *pin)
{
	return pin->kind == IMAGE_PIN_FILE ? "file" : "pin";
}
