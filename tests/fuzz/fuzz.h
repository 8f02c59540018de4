/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a fuzz target is: one function, called by libFuzzer, or by replay.c for each kept input. */

#include <stddef.h>
#include <stdint.h>

/**
 * LLVMFuzzerTestOneInput() - try one input
 * Return: 0. Whatever is wrong aborts.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
