/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The steps of object_read(), in their order. */

#include "base/diag.h"
#include "object/object.h"

#define refuse(diag, ...) (diag_set(diag, NULL, 0, 0, __VA_ARGS__), OBJECT_E_REFUSED)

/* What an instruction refers to. */
enum reference_kind {
	REFERENCE_NONE,
	REFERENCE_MAP, /* a map's handle */
	REFERENCE_VALUE, /* the value of a data map */
	REFERENCE_FUNCTION,
	REFERENCE_KFUNC,
};

struct reference {
	enum reference_kind kind;
	uint32_t index; /* of the map or the function */
	const char *name; /* of the kfunc */
};

/**
 * maps_read() - fill maps, in the order of the sections
 * Return: 0; OBJECT_E_REFUSED; -ENOMEM.
 */
int maps_read(struct object *object, struct diag *diag);

/**
 * definition_read() - a map's definition in BTF
 * @id: the struct
 * Return: 0; OBJECT_E_REFUSED; -ENOMEM.
 */
int definition_read(const struct object *object, uint32_t id, struct object_map *map,
		    struct diag *diag);

/* map_done() - release what a map owns */
void map_done(struct object_map *map);

/**
 * functions_read() - fill functions
 * Return: 0; OBJECT_E_REFUSED; -ENOMEM.
 */
int functions_read(struct object *object, struct diag *diag);

/**
 * programs_read() - fill programs, and what each uses
 * Return: 0; OBJECT_E_REFUSED; -ENOMEM; -EIO.
 */
int programs_read(struct object *object, struct diag *diag);

/* reference_of() - what the instruction at @offset of @section refers to */
struct reference reference_of(const struct object *object, uint32_t section, uint64_t offset);

/**
 * writes_read() - fill each map's uses and writers
 * Return: 0; -ENOMEM.
 */
int writes_read(struct object *object);
