/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Fields of a map's value that only programs may touch: a lock, a timer, a list, a kptr. Asked once
 * for each type while the BTF is read, so that no question about a map follows types.
 */

#include <stdint.h>

struct btf_item;
struct btf_view;

/**
 * special_own() - whether a type is one by itself
 * Return: a number above 0 for special_name(); 0 if it is none, whatever lies within it.
 */
uint8_t special_own(const struct btf_view *view, const struct btf_item *item);

/* special_name() - what the kernel calls it: "bpf_timer"; "kptr" for all pointers that it keeps */
const char *special_name(uint8_t special);
