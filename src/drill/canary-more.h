/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What larger agents have besides: a chain of tail calls, whose array only its pin holds for users;
 * a map of maps; a map that redirects to interfaces; a switch; a map that is bound to one program,
 * where the kernel has that; and a program with types.
 */

#include <stdint.h>

struct canary_more {
	int caller, tail, whole; /* programs; the caller answers 2 as long as its slot is filled */
	int outer, inner, devices, toggle, bound; /* maps */
	uint32_t slots; /* id of the array of programs */
};

/* map_id(), prog_id() - of an fd; 0 if it is of none */
uint32_t map_id(int fd);
uint32_t prog_id(int fd);

/* canary_more_none() - before anything is made */
void canary_more_none(struct canary_more *more);

/* canary_more_make() - all of it; the pin is @folder/slots. Ends the process if that fails. */
void canary_more_make(struct canary_more *more, const char *folder, unsigned int ifindex);

/* canary_more_drop() - closes all of it; the pin goes with the others */
void canary_more_drop(struct canary_more *more);

/* canary_more_state() - tells @say each key and number */
void canary_more_state(const struct canary_more *more,
		       void (*say)(void *text, const char *key, uint64_t value), void *text);

/* canary_bound_map() - a map that only one program may use. Return: fd; -1, with E2BIG or EINVAL
 * where the kernel has not got that. */
int canary_bound_map(void);

/* canary_write() - "FILE TEXT": write that. Return: 0 or the errno. */
int canary_write(char *argument);

/* canary_born() - a child that begins in that control group. Return: 0 or the errno. */
int canary_born(const char *group);

/*
 * canary_run() - "FILE": map that executable; "memory FILE": read it into memory, and make that
 * executable; and call it with @map. Return: what it has returned, or the errno.
 */
int canary_run(const char *argument, int map);
