/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The steps of loaded_read(), in their order. */

#include "loaded/holders.h"
#include "loaded/loaded.h"

/* maps_find() - index of a map by its id; SIZE_MAX if it is not there */
size_t maps_find(const struct loaded *loaded, uint32_t id);

/* unopened_count() - @r: of opening something by its id, below 0 */
void unopened_count(struct loaded *loaded, int r);

/**
 * programs_look() - add what each loaded program does to its maps
 * @holders: those found are marked, and their maps are wanted; NULL if all maps are
 * Return: 0; -ENOMEM; any errno of asking for the first.
 */
int programs_look(struct loaded *loaded, struct holders *holders);

/**
 * slots_look() - find which maps are in others, where programs reach them without naming them
 * Return: 0; -ENOMEM.
 */
int slots_look(struct loaded *loaded);

/**
 * types_look() - give the wanted maps the types of their values
 * Return: 0; -ENOMEM.
 */
int types_look(struct loaded *loaded);

/* types_done() - release them */
void types_done(struct loaded *loaded);
