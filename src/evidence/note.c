// SPDX-License-Identifier: LGPL-2.1-or-later
/* See note.h. Pure. */

#include "evidence/note.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/size.h"
#include "base/utf8.h"

#define SIGNATURE_LEN 64
#define ID_LEN 4
#define TIME_LEN 8

/* An em dash and a space. */
#define LINE_START "\xe2\x80\x94 "

#define refuse(reterr_diag, line, ...) \
	(diag_set(reterr_diag, NULL, line, 0, __VA_ARGS__), NOTE_E_REFUSED)

/* What is decoded of a signature's line. */
struct signature {
	uint32_t id;
	uint64_t time; /* of a cosignature */
	const uint8_t *bytes; /* SIGNATURE_LEN */
};

static void key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void digest_freep(EVP_MD_CTX **digest)
{
	EVP_MD_CTX_free(*digest);
}

/* White_Space of Unicode above ASCII, each in its own bytes of UTF-8. */
static const char *const wide_spaces[] = {
	"\xc2\x85",	"\xc2\xa0",	"\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
	"\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
	"\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
	"\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};

static bool name_is_valid(struct text name)
{
	size_t wrong;

	if (name.size == 0 || name.size >= NOTE_NAME_LEN ||
	    utf8_check(name.at, name.size, &wrong) < 0)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (c <= ' ' || c == 0x7f || c == '+')
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(wide_spaces); i++) {
		if (memmem(name.at, name.size, wide_spaces[i], strlen(wide_spaces[i])))
			return false;
	}
	return true;
}

/* SHA-256 of the name, a newline, the type and the key, its first four bytes. */
static int key_id(struct text name, uint8_t type, const uint8_t *key, uint32_t *ret_id)
{
	const struct iovec pieces[] = {
		{(void *)name.at, name.size},
		{"\n", 1},
		{&type, 1},
		{(void *)key, NOTE_KEY_LEN},
	};
	uint8_t digest[SHA256_LEN];
	int r;

	r = sha256_iov(pieces, ARRAY_SIZE(pieces), digest);
	if (r < 0)
		return r;
	memcpy(ret_id, digest, ID_LEN);
	*ret_id = be32toh(*ret_id);
	return 0;
}

static int make_key(struct text name, uint8_t type, const uint8_t *public, struct note_key *ret_key,
		    struct diag *reterr_diag)
{
	struct note_key key = {.type = type};
	int r;

	if (!name_is_valid(name))
		return refuse(
			reterr_diag, 0,
			"the key's name is empty, longer than %d bytes, or has a space, a control character or a '+' in it",
			NOTE_NAME_LEN - 1);
	if (type != NOTE_ED25519 && type != NOTE_COSIGNATURE)
		return refuse(
			reterr_diag, 0,
			"the key is of type 0x%02x: read are 0x01, Ed25519, and 0x04, Ed25519 of a witness",
			type);
	r = key_id(name, type, public, &key.id);
	if (r < 0)
		return r;
	memcpy(key.name, name.at, name.size);
	memcpy(key.key, public, NOTE_KEY_LEN);

	*ret_key = key;
	return 0;
}

int note_key_make(const char *name, uint8_t type, const uint8_t public[NOTE_KEY_LEN],
		  struct note_key *ret_key, struct diag *reterr_diag)
{
	return make_key((struct text){name, strlen(name)}, type, public, ret_key, reterr_diag);
}

static int open_secret(const uint8_t secret[NOTE_KEY_LEN], EVP_PKEY **ret_key,
		       uint8_t ret_public[NOTE_KEY_LEN])
{
	size_t size = NOTE_KEY_LEN;

	*ret_key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, NOTE_KEY_LEN);
	if (!*ret_key || EVP_PKEY_get_raw_public_key(*ret_key, ret_public, &size) != 1 ||
	    size != NOTE_KEY_LEN)
		return -EIO;
	return 0;
}

int note_key_of_secret(const char *name, uint8_t type, const uint8_t secret[NOTE_KEY_LEN],
		       struct note_key *ret_key, struct diag *reterr_diag)
{
	_cleanup_(key_freep) EVP_PKEY *key = NULL;
	uint8_t public[NOTE_KEY_LEN];
	int r;

	r = open_secret(secret, &key, public);
	if (r < 0)
		return r;
	return note_key_make(name, type, public, ret_key, reterr_diag);
}

int note_key_parse(struct text vkey, struct note_key *ret_key, struct diag *reterr_diag)
{
	uint8_t id[ID_LEN], typed[1 + NOTE_KEY_LEN];
	struct note_key key;
	struct text name, digits;
	size_t size = 0;
	uint32_t said;
	int r;

	if (!text_cut(&vkey, '+', &name) || !text_cut(&vkey, '+', &digits) ||
	    digits.size != (size_t)2 * ID_LEN || hex_decode(digits.at, id, ID_LEN) < 0)
		return refuse(
			reterr_diag, 0,
			"the key is not of the form NAME+ID+KEY, with an ID of eight digits 0-9 and a-f");
	if (base64_decode(vkey.at, vkey.size, NULL, 0, &size) < 0 || size == 0)
		return refuse(reterr_diag, 0, "what follows the key's id is not base64");
	/* a type that is not read may have a longer key: the refusal is to name the type */
	if (base64_decode(vkey.at, 4, typed, 3, NULL) == 0 && size != sizeof(typed) &&
	    (typed[0] == NOTE_ED25519 || typed[0] == NOTE_COSIGNATURE))
		return refuse(reterr_diag, 0, "the key has %zu bytes, an Ed25519 key has %d",
			      size - 1, NOTE_KEY_LEN);
	if (size == sizeof(typed))
		(void)base64_decode(vkey.at, vkey.size, typed, sizeof(typed), NULL);
	else
		memset(typed + 1, 0, NOTE_KEY_LEN);

	r = make_key(name, typed[0], typed + 1, &key, reterr_diag);
	if (r)
		return r;
	memcpy(&said, id, ID_LEN);
	if (be32toh(said) != key.id)
		return refuse(reterr_diag, 0,
			      "the id of the key %s is %08" PRIx32
			      ", not what stands there: name, type or key have been changed",
			      key.name, key.id);
	*ret_key = key;
	return 0;
}

void note_key_format(const struct note_key *key, char ret_vkey[NOTE_VKEY_LEN])
{
	char base64[BASE64_LEN(1 + NOTE_KEY_LEN) + 1];
	uint8_t typed[1 + NOTE_KEY_LEN] = {key->type};

	memcpy(typed + 1, key->key, NOTE_KEY_LEN);
	base64_encode(typed, sizeof(typed), base64);
	(void)snprintf(ret_vkey, NOTE_VKEY_LEN, "%s+%08" PRIx32 "+%s", key->name, key->id, base64);
}

static int check_text(struct text text, struct diag *reterr_diag)
{
	unsigned line = 0, column;
	size_t wrong;

	if (utf8_check(text.at, text.size, &wrong) < 0) {
		text_position(text.at, text.size, wrong, &line, &column);
		return refuse(reterr_diag, line,
			      "this is no note: it has a byte that is not UTF-8");
	}
	line = 1;
	for (size_t i = 0; i < text.size; i++) {
		if ((unsigned char)text.at[i] < ' ' && text.at[i] != '\n')
			return refuse(reterr_diag, line,
				      "this is no note: it has a control character");
		line += text.at[i] == '\n';
	}
	return 0;
}

/* A cosignature is over the text with its time before it. @time: of a cosignature. */
static int signed_bytes(const struct note_key *key, uint64_t time, struct text text,
			char **ret_bytes, size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	int head = 0;
	size_t room;

	if (!size_add(text.size, 64, &room))
		return -ENOMEM;
	bytes = malloc(room);
	if (!bytes)
		return -ENOMEM;
	if (key->type == NOTE_COSIGNATURE)
		head = snprintf(bytes, room, "cosignature/v1\ntime %" PRIu64 "\n", time);
	memcpy(bytes + head, text.at, text.size);

	*ret_size = (size_t)head + text.size;
	*ret_bytes = TAKE_PTR(bytes);
	return 0;
}

static int sign_bytes(EVP_PKEY *secret, const char *bytes, size_t size,
		      uint8_t ret_signature[SIGNATURE_LEN])
{
	_cleanup_(digest_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	size_t length = SIGNATURE_LEN;

	if (!digest)
		return -ENOMEM;
	if (EVP_DigestSignInit(digest, NULL, NULL, NULL, secret) != 1 ||
	    EVP_DigestSign(digest, ret_signature, &length, (const uint8_t *)bytes, size) != 1 ||
	    length != SIGNATURE_LEN)
		return -EIO;
	return 0;
}

int note_sign(const struct note_signer *signer, struct text text, char ret_line[NOTE_LINE_LEN],
	      struct diag *reterr_diag)
{
	const struct note_key *key = signer->key;
	_cleanup_(key_freep) EVP_PKEY *private = NULL;
	_cleanup_free_ char *bytes = NULL;
	uint8_t public[NOTE_KEY_LEN], blob[ID_LEN + TIME_LEN + SIGNATURE_LEN];
	char base64[BASE64_LEN(sizeof(blob)) + 1];
	uint32_t id = htobe32(key->id);
	size_t size, n = ID_LEN;
	int r;

	r = check_text(text, reterr_diag);
	if (r)
		return r;
	if (text.size == 0 || text.at[text.size - 1] != '\n')
		return refuse(reterr_diag, 0,
			      "the text of a note ends in a newline, this does not");
	r = open_secret(signer->secret, &private, public);
	if (r < 0)
		return r;
	if (memcmp(public, key->key, NOTE_KEY_LEN) != 0)
		return refuse(reterr_diag, 0, "the secret key is not that of %s", key->name);

	r = signed_bytes(key, signer->time, text, &bytes, &size);
	if (r < 0)
		return r;
	memcpy(blob, &id, ID_LEN);
	if (key->type == NOTE_COSIGNATURE) {
		uint64_t stamp = htobe64(signer->time);

		memcpy(blob + n, &stamp, TIME_LEN);
		n += TIME_LEN;
	}
	r = sign_bytes(private, bytes, size, blob + n);
	if (r < 0)
		return r;
	base64_encode(blob, n + SIGNATURE_LEN, base64);
	(void)snprintf(ret_line, NOTE_LINE_LEN, LINE_START "%s %s\n", key->name, base64);
	return 0;
}

static int parse_line(struct text line, unsigned number, struct note_signature *ret,
		      struct diag *reterr_diag)
{
	struct note_signature signature;
	uint8_t first[6];
	size_t size = 0;
	uint32_t id;

	if (!text_starts(line, LINE_START, &line) || !text_cut(&line, ' ', &signature.name) ||
	    !name_is_valid(signature.name))
		return refuse(
			reterr_diag, number,
			"this is no signature: the line has to be an em dash, a key's name and base64, with a space between");
	signature.base64 = line;
	/* more than the id; eight characters are enough of it */
	if (base64_decode(line.at, line.size, NULL, 0, &size) < 0 || size <= ID_LEN ||
	    base64_decode(line.at, 8, first, sizeof(first), NULL) < 0)
		return refuse(reterr_diag, number,
			      "the signature is not base64 of a key's id and a signature");
	memcpy(&id, first, ID_LEN);
	signature.id = be32toh(id);
	*ret = signature;
	return 0;
}

int note_parse(const char *data, size_t size, struct note *ret_note, struct diag *reterr_diag)
{
	struct text rest = {data, size}, line;
	unsigned number = 1;
	size_t cut = size;
	int r;

	if (size > NOTE_MAX_SIZE)
		return refuse(reterr_diag, 0, "this has more than %zu bytes: that is no note",
			      NOTE_MAX_SIZE);
	r = check_text(rest, reterr_diag);
	if (r)
		return r;
	/* the last empty line: a text may have others */
	while (cut >= 2 && !(data[cut - 1] == '\n' && data[cut - 2] == '\n'))
		cut--;
	if (cut < 2 || cut == size || data[size - 1] != '\n')
		return refuse(
			reterr_diag, 0,
			"this is no signed note: it has to end in an empty line and lines of signatures");

	ret_note->text = (struct text){data, cut - 1};
	ret_note->n_signatures = 0;
	for (size_t i = 0; i < cut; i++)
		number += data[i] == '\n';
	rest = (struct text){data + cut, size - cut};
	for (; text_cut(&rest, '\n', &line); number++) {
		if (ret_note->n_signatures == NOTE_MAX_SIGNATURES)
			return refuse(reterr_diag, number,
				      "the note has more than %d signatures, which is the most",
				      NOTE_MAX_SIGNATURES);
		r = parse_line(line, number, &ret_note->signatures[ret_note->n_signatures],
			       reterr_diag);
		if (r)
			return r;
		ret_note->n_signatures++;
	}
	return 0;
}

/* Return: 0 if it verifies; NOTE_E_REFUSED if not; -ENOMEM; -EIO. */
static int verify_bytes(const struct note_key *key, const char *bytes, size_t size,
			const uint8_t signature[SIGNATURE_LEN])
{
	_cleanup_(digest_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	_cleanup_(key_freep) EVP_PKEY *public = NULL;
	int r;

	if (!digest)
		return -ENOMEM;
	public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->key, NOTE_KEY_LEN);
	if (!public || EVP_DigestVerifyInit(digest, NULL, NULL, NULL, public) != 1)
		return -EIO;
	r = EVP_DigestVerify(digest, signature, SIGNATURE_LEN, (const uint8_t *)bytes, size);
	/* Nobody is to find our leftovers in libcrypto's queue. */
	ERR_clear_error();
	return r == 1 ? 0 : NOTE_E_REFUSED;
}

static int verify_signature(const struct note *note, const struct note_key *key,
			    const struct note_signature *signature, uint64_t *ret_time)
{
	size_t before = ID_LEN + (key->type == NOTE_COSIGNATURE ? TIME_LEN : 0), size = 0;
	uint8_t blob[ID_LEN + TIME_LEN + SIGNATURE_LEN];
	_cleanup_free_ char *bytes = NULL;
	uint64_t time = 0;
	int r;

	if (base64_decode(signature->base64.at, signature->base64.size, blob, sizeof(blob), &size) <
		    0 ||
	    size != before + SIGNATURE_LEN)
		return NOTE_E_REFUSED;
	if (key->type == NOTE_COSIGNATURE)
		memcpy(&time, blob + ID_LEN, TIME_LEN);
	*ret_time = be64toh(time);
	r = signed_bytes(key, *ret_time, note->text, &bytes, &size);
	if (r < 0)
		return r;
	return verify_bytes(key, bytes, size, blob + before);
}

int note_verify(const struct note *note, const struct note_key *key, uint64_t *ret_time,
		struct diag *reterr_diag)
{
	uint64_t last = 0;
	size_t n = 0;

	for (size_t i = 0; i < note->n_signatures; i++) {
		const struct note_signature *signature = &note->signatures[i];
		uint64_t time = 0;
		int r;

		if (signature->id != key->id || !text_is(signature->name, key->name))
			continue;
		r = verify_signature(note, key, signature, &time);
		if (r == NOTE_E_REFUSED)
			return refuse(
				reterr_diag, 0,
				"the signature by %s is not its own: the text or the signature has been changed",
				key->name);
		if (r < 0)
			return r;
		last = time > last ? time : last;
		n++;
	}
	if (!n)
		return NOTE_E_UNSIGNED;
	if (ret_time)
		*ret_time = last;
	return 0;
}
