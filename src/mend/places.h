/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files in which a mend outlasts a boot. Each is written anew from the record, and says by a
 * digest that it is ours: one that somebody has changed is never touched.
 */

#include <stdbool.h>
#include <stddef.h>

#include "mend/record.h"

struct diag;

#define PLACE_PATH 4096 /* bytes of a path, with its NUL */
#define PLACE_WORD (RECORD_VALUE + 64)
#define PLACE_UPDATE_GRUB "usr/sbin/update-grub"

enum place {
	PLACE_NONE, /* systemctl keeps it, or nothing does */
	PLACE_SYSCTL,
	PLACE_LATE, /* a unit, at the end of the boot */
	PLACE_MODPROBE,
	PLACE_GRUB,
	PLACE_MASK, /* of the unit that mounts */
	_PLACE_MAX,
};

enum place_outcome {
	PLACE_E_FOREIGN = 1, /* somebody has changed it, or made it */
};

/* place_of() - where a mend is written */
enum place place_of(const struct posture_mend *mend);

/* place_entry() - the same; PLACE_NONE for what was as it should be for later boots before */
enum place place_entry(const struct record_entry *entry);

/* place_name() - its path, absolute; "" for PLACE_NONE */
const char *place_name(enum place place);

/* place_path() - a path below a root; NULL: "/". Cut if it does not fit. */
void place_path(const char *root, const char *below, char *ret_path, size_t size);

/* place_sysctl() - the file of a setting such as kernel.kptr_restrict */
void place_sysctl(const char *root, const char *name, char *ret_path, size_t size);

/* place_has() - whether there is anything by a path below the root */
bool place_has(const char *root, const char *below);

/**
 * place_missing() - what this host lacks for a place to have an effect
 * Return: NULL if it lacks nothing.
 */
const char *place_missing(const char *root, enum place place);

/* place_word() - what a mend adds to the kernel's command line; "" if it only takes away */
void place_word(const struct record_entry *entry, char *ret_word, size_t size);

/**
 * place_text() - what a place has to hold
 * Return: the caller frees; NULL if memory ran out. Without an entry of that place, "".
 */
char *place_text(enum place place, const struct record *record);

/**
 * place_sync() - make a place hold what the record says, or be gone
 * Return: 0; PLACE_E_FOREIGN; -ENOMEM; any errno of reading and writing.
 */
int place_sync(const char *root, enum place place, const struct record *record);

/**
 * record_load() - read the record of a root
 * Return: 0, of nothing if there is none; RECORD_E_INVALID; any errno of reading it.
 */
int record_load(const char *root, struct record *ret_record, struct diag *reterr_diag);

/**
 * record_save() - write the record; of nothing: take it away
 * Return: 0; -ENOMEM; any errno of writing it; -EEXIST if something else has its name.
 */
int record_save(const char *root, const struct record *record);
