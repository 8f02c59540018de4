/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Program loads, counted from two sides: by the decisions that are in the log, and by who does not
 * know of them, the kernel's numbers of programs and its audit. Pure, but for loads_audit_open().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOADS_IDS 4096 /* ids between two looks; of more, only their number is kept */

struct loads_ids {
	uint32_t at[LOADS_IDS];
	size_t n;
	uint64_t more; /* that found no room */
};

struct loads {
	uint32_t high; /* the highest id at the last look */
	bool audited; /* the kernel's audit is heard, and has missed nothing since the last look */
	struct loads_ids decided, audit;
};

/* What one look has found, of the programs whose ids came since the one before. */
struct loads_count {
	uint64_t ids; /* numbers that the kernel gave to programs */
	uint64_t audit; /* loads that its audit told of */
	bool audited; /* it is heard at all */
	uint64_t decided; /* that have their own entry in the log */
};

/* loads_start() - count from here on; @high: the highest id now */
void loads_start(struct loads *loads, uint32_t high);

/* loads_decided() - the log has a decision on that program */
void loads_decided(struct loads *loads, uint32_t id);

/* loads_audited() - the kernel's audit has told of that load */
void loads_audited(struct loads *loads, uint32_t id);

/**
 * loads_look() - count what came since the last look
 * @high: the highest id that a program had before the rings were read
 */
void loads_look(struct loads *loads, uint32_t high, struct loads_count *ret_count);

/**
 * loads_parse() - the text of an audit record of type 1334
 * @text: "audit(1732888888.123:45): prog-id=7 op=LOAD", any bytes
 * Return: the program's id if it is a load; 0 otherwise.
 */
uint32_t loads_parse(const char *text, size_t size);

/**
 * loads_audit_open() - hear what the kernel's audit tells everybody who may
 * Return: a socket that the caller closes; a negative errno: no audit here, or no right to hear it.
 */
int loads_audit_open(void);

/**
 * loads_audit_read() - take what the socket has
 * Return: 0; -ENOBUFS if some of it was lost; any errno of recv().
 */
int loads_audit_read(int fd, struct loads *loads);
