/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The acts of the guard's self-proof. What a stranger would do is tried by holdfastd on objects of
 * the canary, or by the canary, a child of holdfastd, on what is holdfastd's.
 */

#include <stdint.h>
#include <sys/types.h>

#define PROOF_PINS GUARD_PIN_DIR "/canary"

/* What an act returns besides 0, it went through, and a negative errno. */
#define PROOF_ABSENT 1 /* this kernel has no such call */

enum proof_side {
	PROOF_OURS, /* by holdfastd, on what is the canary's */
	PROOF_CANARYS, /* by the canary, on what is holdfastd's */
};

/* What both sides know. */
struct proof {
	int control; /* fd of the control program */
	int state; /* fd of a map of the guard */
	uint32_t wants; /* wants_of() the image in force */
	uint32_t hook; /* BTF id of a function that the guard hangs on */
	int folder; /* fd of a folder of the canary's that is in no bpffs */
	int peer; /* socket to the other side */
	pid_t pid; /* of the other side */
	uint32_t map, prog, link; /* ids of what the canary has made */
	int map_fd; /* in the canary */
	uint32_t stream, datagram; /* names of the canary's sockets, as the kernel gives them */
};

struct proof_act {
	const char *hook; /* the guard's program that has to refuse it */
	const char *what;
	enum proof_side side;
	int error; /* of the refusal, positive */
	int (*run)(const struct proof *proof);
};

/* The table ends with a row without hook. */
extern const struct proof_act proof_acts[];

/* Programs that refuse nothing: what is refused of the canary shows that they have run. */
extern const char *const proof_labellers[];

/**
 * proof_canary() - in the canary: make what is attacked; its ids go into @proof, and the map's fd,
 * which stays open until the canary ends
 * Return: 0 or negative errno.
 */
int proof_canary(struct proof *proof);

/* proof_canary_send() - in the canary: send the map's fd to the other side. Return: 0 or -errno. */
int proof_canary_send(const struct proof *proof);

/* proof_sockets_make() - in the canary: sockets that end with it. Return: 0 or -errno. */
int proof_sockets_make(struct proof *proof);

/* proof_connect(), proof_send() - acts: reach for these. Return: as proof_act.run() */
int proof_connect(const struct proof *proof);
int proof_send(const struct proof *proof);

/* proof_canary_done() - in the canary: remove its pins. Return: 0 or negative errno. */
int proof_canary_done(void);

/* ---- proof-closed.c: what a policy may close. Return: as an act's. */

/* proof_module_remove() - a module by delete_module(2) */
int proof_module_remove(const struct proof *proof);

/* proof_clock_set() - the clock, to what it is */
int proof_clock_set(const struct proof *proof);

/* proof_console_on() - the kernel's console, as is the rule */
int proof_console_on(const struct proof *proof);

/* proof_open_held() - a permission mark of fanotify */
int proof_open_held(const struct proof *proof);

/* proof_uprobe() - a uprobe by perf_event_open(2) */
int proof_uprobe(const struct proof *proof);

/* proof_tables() - a table of iptables by setsockopt(2) */
int proof_tables(const struct proof *proof);

/* proof_ioctl() - a route by ioctl(2) */
int proof_ioctl(const struct proof *proof);

/* proof_ioctl_compat() - the same by a call of 32 bits */
int proof_ioctl_compat(const struct proof *proof);
