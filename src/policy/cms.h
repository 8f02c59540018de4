/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A detached CMS signature (RFC 5652), read: of the form that every kernel of the matrix takes, and
 * DER to the last byte. Points into what it was given; knows of no key, allocates nothing, and
 * hands no byte to a library.
 */

#include <stddef.h>
#include <stdint.h>

struct diag;

#define CMS_MAX_SIZE ((size_t)1 << 16)
#define CMS_MAX_SIGNERS 8
#define CMS_MAX_CERTIFICATES 8

enum cms_error {
	_CMS_E_SUCCESS,
	CMS_E_INVALID, /* not such a signature: the diag says why */
};

enum cms_hash {
	CMS_SHA256,
	CMS_SHA384,
	CMS_SHA512,
	_CMS_HASH_MAX,
};

enum cms_scheme {
	CMS_RSA, /* PKCS #1 v1.5 */
	CMS_ECDSA,
	_CMS_SCHEME_MAX,
};

struct cms_bytes {
	const uint8_t *data; /* borrowed; NULL if absent */
	size_t size;
};

/* Named by issuer and serial number, or by key id: the other is absent. */
struct cms_signer {
	struct cms_bytes issuer, serial; /* DER, header included */
	struct cms_bytes key_id; /* the bytes alone */
	struct cms_bytes signature;
	enum cms_hash hash;
	enum cms_scheme scheme;
};

struct cms {
	struct cms_signer signers[CMS_MAX_SIGNERS];
	size_t n_signers; /* at least 1 */
	struct cms_bytes certificates[CMS_MAX_CERTIFICATES]; /* DER, header included, unread */
	size_t n_certificates;
};

/**
 * cms_read() - take a signature apart
 * @data:        borrowed, must outlive @ret
 * @size:        bytes at @data
 * @reterr_diag: filled on CMS_E_INVALID; its file, line and column stay unset; or NULL
 * Return: 0; CMS_E_INVALID.
 */
int cms_read(const void *data, size_t size, struct cms *ret, struct diag *reterr_diag);
