/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which helper a translated call means: its number is an address there, told by kallsyms. */

#include <stddef.h>
#include <stdint.h>

struct symbol_row {
	uint64_t address;
	uint32_t helper; /* BPF_FUNC_*, or FLOW_HELPER_ELEMENT */
};

/* All zero: nothing is known. */
struct symbols {
	uint64_t base; /* what calls count from; 0 if it is not known */
	struct symbol_row *rows;
	size_t n;
};

/**
 * symbols_add() - take a line of kallsyms
 * @line: "ffffffff81000000 T name"; others, and those of modules, are passed over
 * Return: 0; -ENOMEM.
 */
int symbols_add(struct symbols *symbols, const char *line);

/* symbols_sort() - after the last line; before it nothing is found */
void symbols_sort(struct symbols *symbols);

/**
 * symbols_helper() - the helper that a call leads to
 * @number: of the call, as the kernel shows it
 * Return: BPF_FUNC_*; FLOW_HELPER_ELEMENT; FLOW_HELPER_NONE for any other function.
 */
uint32_t symbols_helper(const struct symbols *symbols, int32_t number);

/**
 * symbols_read() - take /proc/kallsyms
 * @symbols: all zero; release with symbols_done(), also after a failure
 *
 * Where addresses are hidden, base stays 0.
 * Return: 0; -ENOMEM; any errno of reading it.
 */
int symbols_read(struct symbols *symbols);

/* symbols_done() - release what it owns */
void symbols_done(struct symbols *symbols);
