/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What bpf_map_freeze() does to each type of map, tried. A kind is a type and how such a map is
 * made; a subject is one map of it, made for one act and thrown away; an act is a way to write a
 * map, or to freeze it. Nothing here knows what a kernel should answer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drill/insn.h"

#define FORGED 0x666f72 /* what an act writes; nothing else does */
#define FIRST 0x4711 /* what a map holds before */
#define KEY_MAX 16
#define VALUE_MAX 1024
#define PAGE 4096
#define ARENA_AT (1ull << 44)
#define ENOTSUPP 524 /* the kernel's own, which it hands out */

/* What an act can end with, besides 0 and a negative errno. */
#define UNCHANGED 1 /* the kernel said yes, and the map holds what it held */
#define UNTRIED 2 /* there is no such act for this kind of map */

enum key {
	KEY_NUMBER,
	KEY_LPM,
	KEY_NONE,
	KEY_SOCKET,
	KEY_FILE,
	KEY_TASK,
	KEY_CGROUP,
	KEY_GROUP_ID
};

enum content {
	CONTENT_NUMBER,
	CONTENT_PROGRAM,
	CONTENT_EVENT,
	CONTENT_CGROUP,
	CONTENT_MAP,
	CONTENT_SOCKET,
	CONTENT_XSK,
	CONTENT_SMALL, /* an interface's index, or a queue's size */
	CONTENT_STACK,
	CONTENT_RING, /* pages of memory; no element */
	CONTENT_OPS,
};

/* Fields that the kernel itself looks after, by their name in BTF. */
enum special { SPECIAL_NONE, SPECIAL_SPIN_LOCK, SPECIAL_TIMER, SPECIAL_KPTR, SPECIAL_WQ };

/* kind.flags */
#define PER_CPU 1u
#define STORAGE 2u /* of a kernel object: wants BTF */
#define SPECIALS 4u /* try it with special fields */
#define MAPPABLE 8u /* try it with BPF_F_MMAPABLE */
#define UNTOUCHED 16u /* try it empty, and never mapped */

struct kind {
	const char *name; /* as in enum bpf_map_type, in lower case */
	uint32_t type;
	enum key key;
	enum content content;
	uint32_t key_size, value_size, entries, map_flags;
	unsigned int flags;
};

struct variant {
	const char *name;
	uint32_t map_flags;
	enum special special;
	unsigned int wants; /* a kind is tried with it only if it has these */
};

struct subject {
	const struct kind *kind;
	const struct variant *variant;
	int fd;
	uint32_t id;
	uint8_t key[KEY_MAX], value[VALUE_MAX],
		other[VALUE_MAX]; /* one that is in it, one to write */
	int inner; /* map in a map of maps */
	bool frozen; /* by main, or yet to be by the act */
	bool at_load; /* the verifier refused, not the act */
};

struct act {
	const char *name;
	int (*run)(struct subject *subject);
	bool once; /* on a map that is not frozen, only */
};

/* The tables end with a row without name. */
extern const struct kind kinds[];
extern const struct act user_acts[], program_acts[];

/* ---- kinds.c */

/* map_make() - create the map, without content; what it points to is made too. 0 or -errno. */
int map_make(const struct kind *kind, const struct variant *variant, struct subject *ret_subject);

/* map_fill() - FIRST into it, where such a map takes elements. Return: 0 or -errno. */
int map_fill(struct subject *subject);

/* map_forged() - does it hold FORGED? Return: 0, UNCHANGED or -errno. */
int map_forged(const struct subject *subject);

/* map_key() - its key, or NULL if such maps have none. */
const void *map_key(const struct subject *subject);

/* ---- special.c */

/* special_btf() - BTF for a value with such a field. Return: fd or -errno. */
int special_btf(enum special special, uint32_t *ret_key, uint32_t *ret_value);

/* special_size() - bytes of a value: a number and then the field. */
uint32_t special_size(enum special special);

/* special_known() - has this kernel such a field? To another one it is a struct like any. */
bool special_known(enum special special);

/* ops_type() - a type of struct_ops that this kernel has: id and bytes. Return: 0 or -errno. */
int ops_type(uint32_t *ret_id, uint32_t *ret_size);

/* hook_id() - the number of a function of the kernel that programs attach to; negative: none. */
int hook_id(const char *function);

/* member_at() - offset in bytes of a member of a struct of the kernel; negative: none. */
int member_at(const char *type, const char *member);

/* functions_btf() - BTF for a program of two functions, the second static: fd or -errno. */
int functions_btf(uint32_t *ret_first, uint32_t *ret_second);

/* types_unknown() - print each type of map that the kernel has, and `kinds` has not. */
void types_unknown(void);

/* ---- programs.c */

/* stack_fill() - one trace into a map of stack traces; its key is set. Return: 0 or -errno. */
int stack_fill(struct subject *subject);

/* group_fill() - attach a program to the root group that uses its storage. Return: 0 or -errno. */
int group_fill(struct subject *subject);
