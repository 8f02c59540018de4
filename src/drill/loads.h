/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Programs that several families load; in admission.c. Each gives what a technique's run() does. */

#include <bpf/bpf.h>

#include "probe.h"

/* load_and_attach() - a program that hangs on a function of the kernel and returns @number */
int load_and_attach(enum bpf_prog_type type, enum bpf_attach_type attach_type, const char *function,
		    int number);

/* load_ordinary() - programs as the tools of a host load them every day */
int load_ordinary(const struct target *target);

/* load_slot() - fentry on a function that nobody guards */
int load_slot(const struct target *target);

/* load_numbers() - a program with the restricted helpers' numbers as numbers */
int load_numbers(const struct target *target);
