/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A chain of message authentication codes whose keys go only forward: HMAC-SHA-256 by a key, then
 * the key becomes HMAC of itself and is gone. Who takes the process later cannot make an older tag.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"

#define MAC_LEN SHA256_LEN /* of keys and of tags */

enum mac_outcome {
	_MAC_E_SUCCESS,
	MAC_E_WRONG, /* the tag is not that of the data by this key */
};

/* Opaque: holds the key of the next tag. For one thread. */
struct mac;

/**
 * mac_new() - get what it takes; there is no key yet
 * @ret_mac: the caller frees it by mac_free()
 * Return: 0; -ENOMEM; -EIO if libcrypto has no SHA-256.
 */
int mac_new(struct mac **ret_mac);

/* mac_free() - wipe the key and free it; NULL is allowed. Return: NULL. */
struct mac *mac_free(struct mac *mac);

/* mac_freep() - mac_free(), for _cleanup_() */
void mac_freep(struct mac **mac);

/* mac_start() - begin a chain; @key is the caller's to wipe */
void mac_start(struct mac *mac, const uint8_t key[MAC_LEN]);

/**
 * mac_next() - a tag, and the key of the next one
 * @data: @size bytes
 * Return: 0; -EIO if libcrypto refuses, and the chain is of no use any more.
 */
int mac_next(struct mac *mac, const void *data, size_t size, uint8_t ret_tag[MAC_LEN]);

/**
 * mac_check() - whether a tag is the next one; then the key becomes the one after it
 * Return: 0 if it is; MAC_E_WRONG, and the key stays; -EIO as mac_next().
 */
int mac_check(struct mac *mac, const void *data, size_t size, const uint8_t tag[MAC_LEN]);
