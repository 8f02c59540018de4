/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Types of every kind, for the object and for the test: what the encoder makes of the object's BTF
 * has to be what a compiler makes of the same types.
 */

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/types.h>

#include <stdbool.h>

enum color {
	COLOR_RED = 1,
	COLOR_GREEN = 2,
	COLOR_DEEP = -5,
};

enum wide {
	WIDE_ONE = 1,
	WIDE_MOST = 0xffffffffffffffffULL,
};

typedef __u16 port_t;

struct scalars {
	__u8 u8;
	__s8 s8;
	__u16 u16;
	__s16 s16;
	__u32 u32;
	__s32 s32;
	__u64 u64;
	__s64 s64;
	bool flag;
	char letter;
	const volatile port_t port;
};

struct texts {
	char name[8];
	char rows[2][4];
	__u8 raw[6];
	__u16 ports[3];
};

struct network {
	__be16 port;
	__be32 host;
	__be64 large;
	__u8 v4[4];
	__u8 v6[16];
	__be32 words[4];
};

struct sockets {
	struct in_addr address;
	__u32 plain;
};

struct colors {
	enum color color;
	enum color pair[2];
};

struct with_wide {
	enum wide wide;
};

struct flags {
	__u32 a : 3;
	__s32 b : 5;
	__u32 c : 23;
	bool d : 1;
	__u64 e : 40;
	enum color f : 4;
	__u8 g;
};

struct inner {
	__u16 x;
	__u32 y;
};

struct nested {
	struct inner one;
	struct inner many[2];
	struct {
		__u8 hidden;
		__u64 deep;
	};
	union {
		__u32 number;
		struct {
			__u16 low;
			__u16 high;
		};
		char text[4];
	};
	union {
		__u8 byte;
		__u64 word;
	} choice;
};

struct locked {
	struct bpf_spin_lock lock;
	__u32 count;
};

struct with_pointer {
	__u32 count;
	void *pointer;
};

struct pointer_or_number {
	union {
		void *pointer;
		__u64 number;
	};
};

struct with_float {
	double number;
};

struct flexible {
	__u32 count;
	__u32 items[];
};

struct prefix4 {
	__u32 length;
	__u8 data[4];
};

struct prefix6 {
	__u32 length;
	__u8 data[16];
};

struct prefix_mixed {
	__u32 length;
	__u16 zone;
	__u8 data[4];
	__u16 rest;
};

struct flow {
	__u64 a, b;
};

struct account {
	__u64 c, d, e, f;
};
