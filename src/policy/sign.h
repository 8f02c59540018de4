/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Policy images signed and verified, by a key and a certificate. Files come as bytes, nothing is
 * written here; needs no privilege. What is accepted is what the kernel accepts of cms.h's form,
 * and less: docs/decisions/0021-signatures.md.
 */

#include <stddef.h>
#include <stdint.h>

struct diag;

#define SIGN_MAX_PEM ((size_t)1 << 16)
#define SIGN_NAME_LEN 256

enum sign_error {
	_SIGN_E_SUCCESS,
	SIGN_E_REFUSED, /* the diag says which file, why, and what to do */
};

/* A file's content. All borrowed. */
struct sign_file {
	const char *name; /* for errors */
	const void *data;
	size_t size;
};

struct sign_files {
	struct sign_file image; /* aligned to 8 bytes */
	struct sign_file certificate; /* PEM, one */
	struct sign_file key; /* PEM, not encrypted; sign_image() alone reads it */
	struct sign_file signature; /* CMS, DER; sign_verify() alone reads it */
	int64_t now; /* what the certificate's dates are held against, in seconds since 1970 */
};

/* Who has signed, and how. */
struct signer {
	char name[SIGN_NAME_LEN]; /* of the certificate's subject, RFC 2253, cut if it is longer */
	const char *key; /* "RSA 2048", static */
	const char *hash; /* "SHA-256", static */
};

/**
 * sign_image() - a detached CMS signature over all bytes of an image
 * @ret_signature: *@ret_size bytes that sign_verify() accepts; the caller frees
 * @ret_signer:    filled on success
 * @reterr_diag:   filled on SIGN_E_REFUSED; or NULL
 *
 * Refused: what is no valid image to its last byte; a certificate that sign_verify() refuses; a key
 * that is not its key, or is encrypted.
 * Return: 0; SIGN_E_REFUSED; -ENOMEM; -EIO from libcrypto.
 */
int sign_image(const struct sign_files *files, void **ret_signature, size_t *ret_size,
	       struct signer *ret_signer, struct diag *reterr_diag);

/**
 * sign_statement() - a detached CMS signature over what is said of a file
 * @files:       the statement stands in the place of the image; see struct image_statement
 * others and Return: as sign_image(); nothing is asked of the statement
 */
int sign_statement(const struct sign_files *files, void **ret_signature, size_t *ret_size,
		   struct signer *ret_signer, struct diag *reterr_diag);

/**
 * sign_certificate() - a certificate as the kernel takes it
 * @certificate: PEM, one
 * @ret_der:     *@ret_size bytes of X.509 in DER; the caller frees
 * @now:         as of sign_files
 * @reterr_diag: filled on SIGN_E_REFUSED; or NULL
 *
 * Refused: what sign_verify() refuses.
 * Return: 0; SIGN_E_REFUSED; -ENOMEM; -EIO from libcrypto.
 */
int sign_certificate(const struct sign_file *certificate, int64_t now, void **ret_der,
		     size_t *ret_size, struct diag *reterr_diag);

/**
 * sign_verify() - whether an image is signed by the key of a certificate
 * @ret_signer:  filled on success
 * @reterr_diag: filled on SIGN_E_REFUSED; or NULL
 *
 * The certificate itself is what is trusted: who issued it is not looked at. Others may have signed
 * as well; theirs is not verified, but whatever of it the kernel would stumble over is refused.
 * Return: 0; SIGN_E_REFUSED; -ENOMEM; -EIO from libcrypto.
 */
int sign_verify(const struct sign_files *files, struct signer *ret_signer,
		struct diag *reterr_diag);
