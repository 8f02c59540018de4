/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* BPF objects by their ids and pins. Asks bpf(2), and lets every fd go at once. */

#include "learn/proc-text.h"

struct seen;

/**
 * objects_add() - an object of the agent's, in words, and what hangs on it
 *
 * With a link comes its program, with a program its maps. What may not be had by its id, since a
 * guard enforces or it is gone, is there by its id alone and a note says so.
 */
void objects_add(struct seen *seen, const struct proc_object *object);

/**
 * objects_kind_name() - "map", "prog", "link"
 */
const char *objects_kind_name(enum proc_kind kind);

/**
 * objects_pins() - every pin on every bpffs that is mounted here
 */
void objects_pins(struct seen *seen);
