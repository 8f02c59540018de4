/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a text has for one map, as the bytes that the map takes: keys and values each in a row, as
 * bpf_map_update_batch() wants them. A per-CPU map needs its values repeated by the caller.
 */

#include <stddef.h>
#include <stdint.h>

#include "mapdata/data.h"

struct data_plan;

#define DATA_MAX_BYTES ((size_t)1 << 30) /* of the keys or values of one map */

enum data_shape {
	DATA_KEYED, /* hashes and tries */
	DATA_ARRAY, /* the key is an index below max_entries */
	DATA_UNKEYED, /* queues, stacks and bloom filters: values in their order, no keys */
	DATA_SECTION, /* global data: one value */
	_DATA_SHAPE_MAX,
};

struct data_layout {
	enum data_shape shape;
	const struct data_plan *key; /* of a keyed map; else NULL */
	const struct data_plan *value; /* or of the section */
	uint32_t max_entries;
	const uint8_t *initial; /* what a section holds before; NULL for zeroes; else NULL */
};

struct data_entries {
	uint8_t *keys, *values; /* n of each; keys is NULL for an unkeyed map */
	uint32_t key_size, value_size; /* bytes of one */
	uint32_t n;
};

/**
 * data_map_encode() - write what a text has for a map as bytes
 * @ret_entries: release with data_entries_done()
 * @reterr_diag: filled on DATA_E_INVALID; or NULL
 *
 * A key that is there twice is refused, also if the text writes it in two ways.
 * Return: 0; DATA_E_INVALID; DATA_E_AGAIN, without a diag, if @data was read quickly and anything
 * is in the way; -ENOMEM.
 */
int data_map_encode(const struct data_file *data, const struct data_map *map,
		    const struct data_layout *layout, struct data_entries *ret_entries,
		    struct diag *reterr_diag);

/* data_entries_done() - release the bytes; what is all zero is accepted */
void data_entries_done(struct data_entries *entries);
