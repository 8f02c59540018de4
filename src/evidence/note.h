/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Signed notes of C2SP, with Ed25519: a text, an empty line, and a line for each signature. Two
 * types of keys: of a note's author, and of a witness, whose cosignature says a time as well.
 * Pure: text comes and goes as bytes.
 */

#include <stddef.h>
#include <stdint.h>

#include "evidence/text.h"

struct diag;

#define NOTE_KEY_LEN 32 /* an Ed25519 key, public or secret */
#define NOTE_NAME_LEN 256 /* a key's name, with its NUL */
#define NOTE_VKEY_LEN 320 /* a key as text, with its NUL */
#define NOTE_LINE_LEN 384 /* a signature line of ours, with its newline and NUL */

/* Signatures of a note that are read; one with more is refused. 16 is what everybody must read. */
#define NOTE_MAX_SIGNATURES 128

/* Bytes of a note that are read: room for as many signatures of types that are longer than ours. */
#define NOTE_MAX_SIZE ((size_t)1 << 20)

enum note_outcome {
	_NOTE_E_SUCCESS,
	NOTE_E_REFUSED, /* the diag says why, and what to do */
	NOTE_E_UNSIGNED, /* there is no signature by that key */
};

/* Each is a byte of the format's own. */
enum note_type {
	NOTE_ED25519 = 0x01,
	NOTE_COSIGNATURE = 0x04,
};

struct note_key {
	char name[NOTE_NAME_LEN];
	uint32_t id; /* of name, type and key: how a signature line says whose it is */
	uint8_t type; /* enum note_type */
	uint8_t key[NOTE_KEY_LEN]; /* public */
};

/* Who signs. Borrowed. */
struct note_signer {
	const struct note_key *key; /* as whom */
	const uint8_t *secret; /* NOTE_KEY_LEN, of the key; its owner wipes it */
	uint64_t time; /* seconds since 1970, of a cosignature; not looked at for NOTE_ED25519 */
};

/* One line. Borrowed from the note. */
struct note_signature {
	struct text name;
	uint32_t id;
	struct text base64; /* of the key id and the signature; it is valid */
};

/* A note as it is written: nothing of it is verified. Borrowed from the bytes it was read from. */
struct note {
	struct text text; /* with its last newline: what is signed */
	size_t n_signatures; /* at least one */
	struct note_signature signatures[NOTE_MAX_SIGNATURES];
};

/**
 * note_key_make() - a key of its parts
 * @name:        not empty, UTF-8, without a space, a control character or a '+'
 * @type:        enum note_type
 * @public:      Ed25519
 * @ret_key:     set on success
 * @reterr_diag: filled on NOTE_E_REFUSED, without a file; or NULL
 * Return: 0; NOTE_E_REFUSED if the name or the type is none; -ENOMEM; -EIO from libcrypto.
 */
int note_key_make(const char *name, uint8_t type, const uint8_t public[NOTE_KEY_LEN],
		  struct note_key *ret_key, struct diag *reterr_diag);

/**
 * note_key_of_secret() - the key that belongs to a secret one
 * others and Return: as note_key_make()
 */
int note_key_of_secret(const char *name, uint8_t type, const uint8_t secret[NOTE_KEY_LEN],
		       struct note_key *ret_key, struct diag *reterr_diag);

/**
 * note_key_parse() - read NAME+ID+BASE64, which others call a vkey
 * @vkey: all of it, without a newline
 * others and Return: as note_key_make(); NOTE_E_REFUSED also if the id is not that of the rest
 */
int note_key_parse(struct text vkey, struct note_key *ret_key, struct diag *reterr_diag);

/* note_key_format() - the text that note_key_parse() reads, with a NUL */
void note_key_format(const struct note_key *key, char ret_vkey[NOTE_VKEY_LEN]);

/**
 * note_sign() - the line of a signature
 * @text:        with its last newline
 * @ret_line:    with its newline and a NUL; the note is @text, "\n" and such lines
 * @reterr_diag: filled on NOTE_E_REFUSED, without a file; or NULL
 * Return: 0; NOTE_E_REFUSED if the secret is not the key's, or @text none that a note can have;
 * -ENOMEM; -EIO from libcrypto.
 */
int note_sign(const struct note_signer *signer, struct text text, char ret_line[NOTE_LINE_LEN],
	      struct diag *reterr_diag);

/**
 * note_parse() - find a note's text and its signatures
 * @data:        @size bytes, which @ret_note borrows from
 * @ret_note:    undefined after a failure
 * @reterr_diag: filled on NOTE_E_REFUSED, with a line where there is one; or NULL
 * Return: 0; NOTE_E_REFUSED if it is no note, or too large.
 */
int note_parse(const char *data, size_t size, struct note *ret_note, struct diag *reterr_diag);

/**
 * note_verify() - whether a key has signed a note
 * @ret_time:    the last time that its cosignatures say, in seconds since 1970, 0 for another type;
 *               or NULL
 * @reterr_diag: filled on NOTE_E_REFUSED, without a file; or NULL
 *
 * Signatures by other keys are not looked at. The whole note is to be refused if this refuses it.
 * Return: 0 if it has; NOTE_E_UNSIGNED; NOTE_E_REFUSED if a signature says it were by this key and
 * is not; -ENOMEM; -EIO from libcrypto.
 */
int note_verify(const struct note *note, const struct note_key *key, uint64_t *ret_time,
		struct diag *reterr_diag);
