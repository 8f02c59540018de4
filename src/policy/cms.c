// SPDX-License-Identifier: LGPL-2.1-or-later
/* See cms.h. The order of the functions is the order of RFC 5652, from the leaves to the whole. */

#include "policy/cms.h"

#include <stdbool.h>
#include <string.h>

#include "base/diag.h"
#include "base/size.h"

#define INTEGER 0x02
#define OCTETS 0x04
#define EMPTY 0x05
#define OID 0x06
#define SEQUENCE 0x30
#define SET 0x31
#define NAMED(n) (0x80 + (n)) /* [n], a value */
#define WITHIN(n) (0xa0 + (n)) /* [n], with something in it */

/* Part of the signature, from where reading goes on. */
struct der {
	const uint8_t *at, *end;
	const uint8_t *file; /* where the signature begins: an error tells its place from there */
	struct diag *reterr_diag;
};

struct oid {
	uint8_t size;
	uint8_t bytes[9];
};

static const struct oid signed_data = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}};
static const struct oid plain_data = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}};

static const struct oid hashes[] = {
	[CMS_SHA256] = {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}},
	[CMS_SHA384] = {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02}},
	[CMS_SHA512] = {9, {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03}},
};
_Static_assert(ARRAY_SIZE(hashes) == _CMS_HASH_MAX, "an identifier for each hash");

/* rsaEncryption: the kernel knows no sha256WithRSAEncryption here. */
static const struct oid rsa = {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}};

static const struct oid ecdsa[] = {
	[CMS_SHA256] = {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}},
	[CMS_SHA384] = {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}},
	[CMS_SHA512] = {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04}},
};
_Static_assert(ARRAY_SIZE(ecdsa) == _CMS_HASH_MAX, "an identifier for each hash");

#define refuse(der, ...) (diag_set((der)->reterr_diag, NULL, 0, 0, __VA_ARGS__), CMS_E_INVALID)

static size_t place(const struct der *der)
{
	return (size_t)(der->at - der->file);
}

static bool is_next(const struct der *der, uint8_t tag)
{
	return der->at < der->end && *der->at == tag;
}

/* The length at der->at, in the one way in which DER writes it; der moves behind it. */
static int take_length(struct der *der, size_t *ret_length)
{
	size_t left = (size_t)(der->end - der->at), length;
	uint8_t first = left > 0 ? der->at[0] : 0xff;
	size_t more = first < 0x80 ? 0 : first - (size_t)0x80;

	if (left == 0 || more >= left)
		return refuse(der, "byte %zu: the signature is cut short", place(der));
	if (first == 0x80 || more > 2)
		return refuse(der, "byte %zu: a length that is not DER, or beyond all limits",
			      place(der));

	length = more == 0 ? first : more == 1 ? der->at[1] : der->at[1] * 256u + der->at[2];
	if ((more == 1 && length < 0x80) || (more == 2 && length < 0x100))
		return refuse(der, "byte %zu: a length that is not DER: it has a shorter form",
			      place(der));
	der->at += 1 + more;
	*ret_length = length;
	return 0;
}

/* Whatever is next. ret_inside is its content, ret_whole has its header too; both may be NULL. */
static int take_any(struct der *der, struct der *ret_inside, struct cms_bytes *ret_whole)
{
	const uint8_t *start = der->at;
	size_t length;
	int r;

	if (der->at == der->end)
		return refuse(der, "byte %zu: something is missing", place(der));
	if ((*der->at & 0x1f) == 0x1f)
		return refuse(der, "byte %zu: a tag that no signature has", place(der));
	der->at++;
	r = take_length(der, &length);
	if (r)
		return r;
	if (length > (size_t)(der->end - der->at))
		return refuse(der, "byte %zu: the signature is cut short", place(der));

	if (ret_inside) {
		*ret_inside = *der;
		ret_inside->end = der->at + length;
	}
	der->at += length;
	if (ret_whole)
		*ret_whole = (struct cms_bytes){start, (size_t)(der->at - start)};
	return 0;
}

static int take(struct der *der, uint8_t tag, const char *what, struct der *ret_inside)
{
	if (!is_next(der, tag))
		return refuse(der, "byte %zu: %s should be here", place(der), what);
	return take_any(der, ret_inside, NULL);
}

static int end(const struct der *der, const char *what)
{
	return der->at == der->end
		       ? 0
		       : refuse(der, "byte %zu: this does not belong to %s", place(der), what);
}

static struct cms_bytes rest(const struct der *der)
{
	return (struct cms_bytes){der->at, (size_t)(der->end - der->at)};
}

static bool is_oid(const struct der *der, const struct oid *oid)
{
	struct cms_bytes bytes = rest(der);

	return bytes.size == oid->size && memcmp(bytes.data, oid->bytes, oid->size) == 0;
}

struct algorithm {
	struct der oid, parameters;
};

static int take_algorithm(struct der *der, const char *what, struct algorithm *ret)
{
	int r;

	r = take(der, SEQUENCE, what, &ret->parameters);
	return r ? r : take(&ret->parameters, OID, what, &ret->oid);
}

/* None of ours has parameters: there is nothing, or NULL. */
static int check_parameters(struct der parameters)
{
	struct der nothing;
	int r = 0;

	if (is_next(&parameters, EMPTY)) {
		r = take(&parameters, EMPTY, "no parameter", &nothing);
		if (!r)
			r = end(&nothing, "an algorithm");
	}
	return r ? r : end(&parameters, "an algorithm");
}

static int take_hash(struct der *der, enum cms_hash *ret_hash)
{
	struct algorithm algorithm;
	int r;

	r = take_algorithm(der, "a hash algorithm", &algorithm);
	if (r)
		return r;
	for (enum cms_hash hash = 0; hash < _CMS_HASH_MAX; hash++) {
		if (is_oid(&algorithm.oid, &hashes[hash])) {
			*ret_hash = hash;
			return check_parameters(algorithm.parameters);
		}
	}
	return refuse(der, "byte %zu: neither SHA-256, SHA-384 nor SHA-512: sign with one of them",
		      place(&algorithm.oid));
}

/* ret_hashes: bits of enum cms_hash */
static int take_hashes(struct der *der, unsigned *ret_hashes)
{
	unsigned named = 0;
	struct der inside;
	int r;

	r = take(der, SET, "the set of hash algorithms", &inside);
	while (!r && inside.at < inside.end) {
		enum cms_hash hash;

		r = take_hash(&inside, &hash);
		if (!r)
			named |= 1u << hash;
	}
	*ret_hashes = named;
	return r;
}

static int take_scheme(struct der *der, struct cms_signer *signer)
{
	struct algorithm algorithm;
	int r;

	r = take_algorithm(der, "a signature algorithm", &algorithm);
	if (r)
		return r;
	if (is_oid(&algorithm.oid, &rsa))
		signer->scheme = CMS_RSA;
	else if (is_oid(&algorithm.oid, &ecdsa[signer->hash]))
		signer->scheme = CMS_ECDSA;
	else
		return refuse(
			der,
			"byte %zu: neither RSA (PKCS #1 v1.5) nor ECDSA with the signer's own hash: the kernel verifies nothing else",
			place(&algorithm.oid));
	return check_parameters(algorithm.parameters);
}

/* A Name is only compared, but where it is none the kernel refuses all of the signature. */
static int check_name(struct der name)
{
	struct der set, pair;
	int r = 0;

	while (!r && name.at < name.end) {
		r = take(&name, SET, "a part of the issuer's name", &set);
		while (!r && set.at < set.end) {
			r = take(&set, SEQUENCE, "a part of the issuer's name", &pair);
			if (!r)
				r = take(&pair, OID, "a part of the issuer's name", NULL);
			if (!r)
				r = take_any(&pair, NULL, NULL);
			if (!r)
				r = end(&pair, "a part of the issuer's name");
		}
	}
	return r;
}

static int take_number(struct der *der, const char *what, struct cms_bytes *ret_value)
{
	struct der inside;
	int r;

	r = take(der, INTEGER, what, &inside);
	if (r)
		return r;
	*ret_value = rest(&inside);
	return ret_value->size ? 0 : refuse(der, "byte %zu: %s is empty", place(&inside), what);
}

/* 1 or 3: by issuer and serial number, or by key id. */
static int take_version(struct der *der, const char *what, unsigned *ret_version)
{
	size_t at = place(der);
	struct cms_bytes value;
	int r;

	r = take_number(der, what, &value);
	if (r)
		return r;
	if (value.size != 1 || (value.data[0] != 1 && value.data[0] != 3))
		return refuse(der, "byte %zu: %s is neither 1 nor 3", at, what);
	*ret_version = value.data[0];
	return 0;
}

static int take_issuer(struct der *der, struct cms_signer *signer)
{
	struct der inside, name;
	struct cms_bytes unused;
	const uint8_t *start;
	int r;

	r = take(der, SEQUENCE, "the signer's issuer and serial number", &inside);
	if (r)
		return r;
	start = inside.at;
	r = take(&inside, SEQUENCE, "the issuer's name", &name);
	if (!r)
		r = check_name(name);
	if (r)
		return r;
	signer->issuer = (struct cms_bytes){start, (size_t)(inside.at - start)};

	start = inside.at;
	r = take_number(&inside, "the serial number", &unused);
	if (r)
		return r;
	signer->serial = (struct cms_bytes){start, (size_t)(inside.at - start)};
	return end(&inside, "the signer's issuer and serial number");
}

/* The kernel reads the way of naming from the versions, which have to agree. */
static int take_name(struct der *der, unsigned message, struct cms_signer *signer)
{
	size_t at = place(der);
	struct der key_id;
	unsigned version;
	int r;

	r = take_version(der, "the signer's version", &version);
	if (r)
		return r;
	if (version != message)
		return refuse(
			der,
			"byte %zu: signers by certificate and by key id in one signature: the kernel refuses that, sign with one of them",
			at);
	if (version == 1)
		return take_issuer(der, signer);

	r = take(der, NAMED(0), "the signer's key id", &key_id);
	if (!r)
		signer->key_id = rest(&key_id);
	return r;
}

static int take_signer(struct der *der, unsigned message, struct cms_signer *signer)
{
	struct der inside, signature;
	int r;

	r = take(der, SEQUENCE, "a signer", &inside);
	if (!r)
		r = take_name(&inside, message, signer);
	if (!r)
		r = take_hash(&inside, &signer->hash);
	if (r)
		return r;

	if (is_next(&inside, WITHIN(0)))
		return refuse(
			der,
			"byte %zu: signed attributes, so the signature is not over the image itself: sign without them (openssl cms -noattr)",
			place(&inside));
	r = take_scheme(&inside, signer);
	if (!r)
		r = take(&inside, OCTETS, "the signature's value", &signature);
	if (r)
		return r;
	signer->signature = rest(&signature);

	if (is_next(&inside, WITHIN(1)))
		return refuse(
			der,
			"byte %zu: attributes that nobody signed: use the signature as it was made",
			place(&inside));
	return end(&inside, "a signer");
}

static int take_signers(struct der *der, unsigned message, struct cms *cms)
{
	struct der inside;
	int r;

	r = take(der, SET, "the set of signers", &inside);
	while (!r && inside.at < inside.end) {
		if (cms->n_signers == CMS_MAX_SIGNERS)
			return refuse(der, "byte %zu: more than %d signers", place(&inside),
				      CMS_MAX_SIGNERS);
		r = take_signer(&inside, message, &cms->signers[cms->n_signers++]);
	}
	if (!r && cms->n_signers == 0)
		return refuse(der, "nobody has signed: there is no signer in it");
	return r;
}

static int take_certificates(struct der *der, struct cms *cms)
{
	struct der inside;
	int r;

	if (!is_next(der, WITHIN(0)))
		return 0;
	r = take(der, WITHIN(0), "the certificates", &inside);
	while (!r && inside.at < inside.end) {
		if (cms->n_certificates == CMS_MAX_CERTIFICATES)
			return refuse(der, "byte %zu: more than %d certificates", place(&inside),
				      CMS_MAX_CERTIFICATES);
		r = take_any(&inside, NULL, &cms->certificates[cms->n_certificates++]);
	}
	return r;
}

static int take_content_type(struct der *der)
{
	struct der inside, oid;
	int r;

	r = take(der, SEQUENCE, "the type of what is signed", &inside);
	if (!r)
		r = take(&inside, OID, "the type of what is signed", &oid);
	if (r)
		return r;
	if (!is_oid(&oid, &plain_data))
		return refuse(der, "byte %zu: what is signed is not plain data", place(&oid));
	if (inside.at < inside.end)
		return refuse(
			der,
			"byte %zu: the signature has its content in it: it has to be detached (openssl cms without -nodetach)",
			place(&inside));
	return 0;
}

/* Nobody signs the list of hashes. It says nothing new, or somebody has been at it. */
static int check_hashes(const struct der *der, const struct cms *cms, unsigned named)
{
	unsigned used = 0;

	for (size_t i = 0; i < cms->n_signers; i++)
		used |= 1u << cms->signers[i].hash;
	return named == used
		       ? 0
		       : refuse(der, "the hash algorithms in front are not those of the signers");
}

static int read_signed_data(struct der *der, struct cms *cms)
{
	unsigned version, named;
	int r;

	r = take_version(der, "the version", &version);
	if (!r)
		r = take_hashes(der, &named);
	if (!r)
		r = take_content_type(der);
	if (!r)
		r = take_certificates(der, cms);
	if (r)
		return r;
	if (is_next(der, WITHIN(1)))
		return refuse(der, "byte %zu: revocation lists: the kernel looks at none",
			      place(der));
	r = take_signers(der, version, cms);
	if (!r)
		r = end(der, "the signed data");
	return r ? r : check_hashes(der, cms, named);
}

int cms_read(const void *data, size_t size, struct cms *ret, struct diag *reterr_diag)
{
	struct der file = {.at = data, .file = data, .reterr_diag = reterr_diag};
	struct der message, oid, explicit, inside;
	struct cms cms = {0};
	int r;

	if (size > CMS_MAX_SIZE)
		return refuse(&file, "%zu bytes are too many for a signature, the limit is %zu",
			      size, CMS_MAX_SIZE);
	file.end = file.at + size;

	r = take(&file, SEQUENCE, "a CMS message in DER", &message);
	if (!r && file.at < file.end)
		return refuse(
			&file,
			"byte %zu: something follows the signature: use it as it was made, without padding",
			place(&file));
	if (!r)
		r = take(&message, OID, "the message's type", &oid);
	if (r)
		return r;
	if (!is_oid(&oid, &signed_data))
		return refuse(&file, "byte %zu: a CMS message, but not a signature", place(&oid));

	r = take(&message, WITHIN(0), "the signed data", &explicit);
	if (!r)
		r = end(&message, "the message");
	if (!r)
		r = take(&explicit, SEQUENCE, "the signed data", &inside);
	if (!r)
		r = end(&explicit, "the message");
	if (!r)
		r = read_signed_data(&inside, &cms);
	if (!r)
		*ret = cms;
	return r;
}
