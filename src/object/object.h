/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A BPF object as its loader will see it: programs, maps, data. It is read and never loaded; the
 * file may be anybody's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "object/btf.h"
#include "object/kinds.h"
#include "object/sections.h"

#define OBJECT_MAX_FUNCTIONS 8192
#define OBJECT_MAX_MAPS 16384
#define OBJECT_MAX_EXTERNS 256 /* of .kconfig */
#define OBJECT_MAX_STEPS (1u << 26) /* instructions read while calls are followed */

enum map_origin {
	MAP_DEFINED, /* in .maps, by its BTF */
	MAP_LEGACY, /* in maps, a struct bpf_map_def */
	MAP_DATA, /* a section of variables; libbpf makes the map */
	MAP_KCONFIG, /* externs that libbpf fills from the kernel's configuration */
	MAP_INNER, /* what the slots of another map hold */
	MAP_STRUCT_OPS, /* a table of programs; libbpf makes the map */
	MAP_LOADED, /* the kernel has it */
};

/* What programs do to a map, as far as reading them tells. */
enum map_use {
	USE_READ = 1, /* its elements are looked at, or it is handed to a helper that reads */
	USE_INSERT = 2, /* elements come in, or are replaced, by a helper */
	USE_DELETE = 4, /* elements go, by a helper */
	USE_STORE = 8, /* a value is written in place */
	USE_ESCAPE = 16, /* a value or the map is handed on, and may be written */
	USE_OUTPUT = 32, /* records are sent through it */
};

#define USE_WRITES (USE_INSERT | USE_DELETE | USE_STORE | USE_ESCAPE)

/* A use that writes, with the program and the place where it was seen first. */
struct map_writer {
	unsigned use; /* one of enum map_use */
	uint32_t function; /* index into functions */
	uint64_t offset; /* bytes into the function */
	uint32_t helper; /* by which; 0 if it is a store or a call of a function */
	bool withheld; /* the function has the map, and nobody may read what it does */
};

#define MAP_MAX_WRITERS 6 /* one for each kind of use */

struct object_map {
	char *name; /* printable; of a data map the section's name */
	enum map_origin origin;
	uint32_t type, key_size, value_size, max_entries, flags, pinning;
	uint64_t extra;
	const struct btf_view *btf; /* borrowed: of these types; NULL: the object's */
	uint32_t key_id, value_id; /* BTF types; 0 if there are none */
	char *key_type, *value_type; /* as C; NULL if there is no BTF */
	uint32_t section; /* where it is defined; 0: nowhere */
	uint64_t offset;
	struct object_map *inner; /* what the slots of a map of maps hold; NULL if not told */
	bool has_slots; /* its definition says what is in some: maps or programs */
	bool frozen; /* of one that is loaded */
	unsigned uses; /* enum map_use, or'ed */
	struct map_writer writers[MAP_MAX_WRITERS];
	size_t n_writers;
};

struct object_function {
	const char *name; /* borrowed from the symbol */
	uint32_t section;
	uint64_t offset, size; /* bytes; size is a multiple of 8 and not 0 */
	bool is_program;
};

struct object_program {
	const struct object_function *function;
	const char *section; /* with its '?' */
	struct attach attach;
	bool autoload;
	uint8_t digest[SHA256_LEN]; /* of its instructions as they are in the file */
	uint32_t *helpers; /* by number, each once, with those of the functions it calls */
	size_t n_helpers;
	const char **kfuncs; /* each once; borrowed */
	size_t n_kfuncs;
	uint32_t *maps; /* indices, ascending, each once */
	size_t n_maps;
};

struct map_place {
	uint64_t offset;
	uint32_t section, map;
};

struct object {
	uint8_t *data;
	size_t size;
	uint8_t digest[SHA256_LEN]; /* of all of it */
	struct sections sections;
	struct btf_view btf;
	bool has_btf;
	char *license; /* NULL if it names none */
	struct object_map *maps;
	size_t n_maps;
	struct map_place *places; /* where maps are defined, sorted */
	size_t n_places;
	uint32_t kconfig; /* index of its map; UINT32_MAX if there is none */
	struct object_function *functions; /* by section and offset */
	size_t n_functions;
	struct object_program *programs;
	size_t n_programs;
};

/**
 * object_read() - read an object
 * @data:       @size bytes, copied
 * @ret_object: release with object_free()
 * Return: 0; OBJECT_E_REFUSED and a diagnostic without a file; -ENOMEM; -EIO if libcrypto refuses.
 */
int object_read(const uint8_t *data, size_t size, struct object **ret_object,
		struct diag *reterr_diag);

/**
 * object_free() - release it
 * Return: NULL. NULL and a half-built one are accepted.
 */
struct object *object_free(struct object *object);

static inline void object_freep(struct object **object)
{
	(void)object_free(*object);
}
