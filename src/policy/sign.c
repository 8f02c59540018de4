// SPDX-License-Identifier: LGPL-2.1-or-later
/* See sign.h. */

#include "policy/sign.h"

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "policy/cms.h"
#include "policy/image-check.h"

/* Of a key that the kernel can verify with. */
struct key_kind {
	const char *name;
	int type;
	int bits; /* of RSA: the kernel has no other lengths */
	const char *group; /* of ECDSA */
	enum cms_scheme scheme;
};

static const struct key_kind key_kinds[] = {
	{"RSA 2048", EVP_PKEY_RSA, 2048, NULL, CMS_RSA},
	{"RSA 3072", EVP_PKEY_RSA, 3072, NULL, CMS_RSA},
	{"RSA 4096", EVP_PKEY_RSA, 4096, NULL, CMS_RSA},
	{"ECDSA P-256", EVP_PKEY_EC, 0, "prime256v1", CMS_ECDSA},
	{"ECDSA P-384", EVP_PKEY_EC, 0, "secp384r1", CMS_ECDSA},
};

static const char *const hash_names[] = {
	[CMS_SHA256] = "SHA-256",
	[CMS_SHA384] = "SHA-384",
	[CMS_SHA512] = "SHA-512",
};
_Static_assert(ARRAY_SIZE(hash_names) == _CMS_HASH_MAX, "a name for each hash");

#define refuse(work, where, ...)                                                      \
	(diag_set((work)->reterr_diag, (work)->files->where.name, 0, 0, __VA_ARGS__), \
	 SIGN_E_REFUSED)

/* What both ways need. */
struct work {
	const struct sign_files *files;
	X509 *certificate;
	EVP_PKEY *public; /* borrowed from certificate */
	const struct key_kind *kind;
	struct diag *reterr_diag;
};

static void work_done(struct work *work)
{
	X509_free(work->certificate);
	/* Nobody is to find our leftovers in libcrypto's queue. */
	ERR_clear_error();
}

static void bio_freep(BIO **bio)
{
	(void)BIO_free(*bio);
}

static void certificate_freep(X509 **certificate)
{
	X509_free(*certificate);
}

static void key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void message_freep(CMS_ContentInfo **message)
{
	CMS_ContentInfo_free(*message);
}

static void digest_freep(EVP_MD_CTX **digest)
{
	EVP_MD_CTX_free(*digest);
}

/* Asked for a passphrase: there is none, and a terminal must not be asked. */
static int no_passphrase(char *buffer, int size, int writing, void *asked)
{
	if (asked)
		*(bool *)asked = true;
	return -1;
}

static int open_pem(struct work *work, const struct sign_file *file, BIO **ret_bio)
{
	if (file->size > SIGN_MAX_PEM) {
		diag_set(work->reterr_diag, file->name, 0, 0,
			 "the file has more than %zu bytes: that is no key or certificate",
			 SIGN_MAX_PEM);
		return SIGN_E_REFUSED;
	}
	*ret_bio = BIO_new_mem_buf(file->data, (int)file->size);
	return *ret_bio ? 0 : -ENOMEM;
}

static int check_image(struct work *work)
{
	const struct sign_file *image = &work->files->image;
	int r;

	r = image_check(image->data, image->size, work->reterr_diag);
	if (r != IMAGE_E_INVALID)
		return r;
	if (work->reterr_diag)
		work->reterr_diag->file = image->name;
	return SIGN_E_REFUSED;
}

static int read_certificate(struct work *work)
{
	_cleanup_(certificate_freep) X509 *second = NULL;
	_cleanup_(bio_freep) BIO *bio = NULL;
	int r;

	r = open_pem(work, &work->files->certificate, &bio);
	if (r)
		return r;
	work->certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	if (!work->certificate)
		return refuse(work, certificate, "there is no certificate in PEM here");
	second = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	if (second)
		return refuse(
			work, certificate,
			"there is more than one certificate here: leave the signer's own alone in the file");
	return 0;
}

/* "Nov 28 20:00:00 2026 GMT" */
static int write_date(const ASN1_TIME *date, char *ret, int size)
{
	_cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	int n;

	if (!bio || !ASN1_TIME_print(bio, date))
		return -ENOMEM;
	n = BIO_read(bio, ret, size - 1);
	ret[n < 0 ? 0 : n] = '\0';
	return 0;
}

/* The kernel looks at no clock, which may be wrong; a person who signs or verifies has one. */
static int check_dates(struct work *work)
{
	const ASN1_TIME *from = X509_get0_notBefore(work->certificate);
	const ASN1_TIME *to = X509_get0_notAfter(work->certificate);
	time_t now = work->files->now;
	int begun = -X509_cmp_time(from, &now), left = X509_cmp_time(to, &now);
	char date[64];
	int r;

	if (begun == 0 || left == 0)
		return refuse(work, certificate, "the certificate has a date that is none");
	if (begun > 0 && left > 0)
		return 0;

	r = write_date(begun < 0 ? from : to, date, sizeof(date));
	if (r < 0)
		return r;
	if (begun < 0)
		return refuse(
			work, certificate,
			"the certificate is valid from %s on, not yet: is this host's clock right?",
			date);
	return refuse(work, certificate,
		      "the certificate has expired, %s: sign again by one that is valid", date);
}

static int check_usage(struct work *work)
{
	uint32_t flags = X509_get_extension_flags(work->certificate);
	uint32_t usage = X509_get_key_usage(work->certificate);
	uint32_t purposes = X509_get_extended_key_usage(work->certificate);

	if (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL))
		return refuse(
			work, certificate,
			"the certificate has an extension that is broken, or critical and unknown");
	/* All bits are set where the certificate does not say. */
	if (!(usage & KU_DIGITAL_SIGNATURE))
		return refuse(
			work, certificate,
			"the certificate is not for signing: its keyUsage lacks digitalSignature");
	if (!(purposes & (XKU_CODE_SIGN | XKU_ANYEKU)))
		return refuse(
			work, certificate,
			"the certificate is for something else: its extendedKeyUsage lacks codeSigning");
	return 0;
}

/* The kernel takes points that are written whole, and curves by their names. */
static bool is_plain_point(struct work *work)
{
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(work->certificate);
	char encoding[32];

	return ASN1_STRING_length(bits) > 0 && ASN1_STRING_get0_data(bits)[0] == 4 &&
	       EVP_PKEY_get_utf8_string_param(work->public, OSSL_PKEY_PARAM_EC_ENCODING, encoding,
					      sizeof(encoding), NULL) == 1 &&
	       strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) == 0;
}

static int check_key(struct work *work)
{
	const char *type;
	char group[64] = "";
	size_t length;

	work->public = X509_get0_pubkey(work->certificate);
	if (!work->public)
		return refuse(work, certificate, "the certificate has a key that is not known");
	(void)EVP_PKEY_get_group_name(work->public, group, sizeof(group), &length);
	for (size_t i = 0; i < ARRAY_SIZE(key_kinds); i++) {
		const struct key_kind *kind = &key_kinds[i];

		if (EVP_PKEY_get_base_id(work->public) == kind->type &&
		    (kind->group ? strcmp(group, kind->group) == 0 && is_plain_point(work)
				 : EVP_PKEY_get_bits(work->public) == kind->bits))
			work->kind = kind;
	}
	if (work->kind)
		return 0;
	type = EVP_PKEY_get0_type_name(work->public);
	return refuse(
		work, certificate,
		"a key of the kind %s, %d bits: the kernel verifies by RSA of 2048, 3072 or 4096 bits, or ECDSA on the named curve P-256 or P-384",
		type ? type : "?", EVP_PKEY_get_bits(work->public));
}

/* Otherwise the kernel cannot read the certificate, and there is no key to verify by. */
static int check_issue(struct work *work)
{
	static const int known[] = {
		NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption,
		NID_sha512WithRSAEncryption, NID_ecdsa_with_SHA256,
		NID_ecdsa_with_SHA384,	     NID_ecdsa_with_SHA512,
	};
	int nid = X509_get_signature_nid(work->certificate);
	const char *name = OBJ_nid2ln(nid);

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i] == nid)
			return 0;
	}
	return refuse(
		work, certificate,
		"the certificate itself is signed by %s, which the kernel cannot read: have it issued with RSA or ECDSA, and SHA-256 or better",
		name ? name : "?");
}

static int init_certificate(struct work *work)
{
	int r;

	r = read_certificate(work);
	if (!r)
		r = check_key(work);
	if (!r)
		r = check_issue(work);
	if (!r)
		r = check_usage(work);
	return r ? r : check_dates(work);
}

static int work_init(struct work *work)
{
	int r = check_image(work);

	return r ? r : init_certificate(work);
}

static int describe(struct work *work, enum cms_hash hash, struct signer *ret)
{
	_cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
	int n;

	if (!bio || X509_NAME_print_ex(bio, X509_get_subject_name(work->certificate), 0,
				       XN_FLAG_RFC2253) < 0)
		return -ENOMEM;
	n = BIO_read(bio, ret->name, sizeof(ret->name) - 1);
	ret->name[n < 0 ? 0 : n] = '\0';
	ret->key = work->kind->name;
	ret->hash = hash_names[hash];
	return 0;
}

static bool same(struct cms_bytes bytes, const void *data, size_t size)
{
	return bytes.data && bytes.size == size && memcmp(bytes.data, data, size) == 0;
}

/* As the kernel compares: by bytes. Return: 0; 1 if it is; -ENOMEM. */
static int is_by(const struct cms_signer *signer, const X509 *certificate)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id((X509 *)certificate);
	unsigned char *serial = NULL;
	const unsigned char *issuer;
	size_t issuer_size;
	int size;
	bool is;

	if (signer->key_id.data)
		return id && same(signer->key_id, ASN1_STRING_get0_data(id),
				  (size_t)ASN1_STRING_length(id));

	size = i2d_ASN1_INTEGER(X509_get0_serialNumber(certificate), &serial);
	if (size < 0 ||
	    !X509_NAME_get0_der(X509_get_issuer_name(certificate), &issuer, &issuer_size)) {
		OPENSSL_free(serial);
		return -ENOMEM;
	}
	is = same(signer->serial, serial, (size_t)size) &&
	     same(signer->issuer, issuer, issuer_size);
	OPENSSL_free(serial);
	return is;
}

/* Another one could be what the kernel stumbles over, or leads it to a key that is not meant. */
static int check_carried(struct work *work, const struct cms *cms)
{
	unsigned char *der = NULL;
	int size = i2d_X509(work->certificate, &der);
	bool all = true;

	if (size < 0)
		return -ENOMEM;
	for (size_t i = 0; i < cms->n_certificates; i++)
		all = all && same(cms->certificates[i], der, (size_t)size);
	OPENSSL_free(der);
	return all ? 0
		   : refuse(work, signature,
			    "the signature carries a certificate other than %s: sign without (openssl cms -nocerts)",
			    work->files->certificate.name);
}

static int check_signature(struct work *work, const struct cms_signer *signer)
{
	const struct sign_file *image = &work->files->image;
	_cleanup_(digest_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	const EVP_MD *const hashes[] = {
		[CMS_SHA256] = EVP_sha256(),
		[CMS_SHA384] = EVP_sha384(),
		[CMS_SHA512] = EVP_sha512(),
	};

	if (!digest)
		return -ENOMEM;
	if (signer->scheme != work->kind->scheme)
		return refuse(work, signature,
			      "the signature is of another kind than the certificate's key, %s",
			      work->kind->name);
	if (EVP_DigestVerifyInit(digest, NULL, hashes[signer->hash], NULL, work->public) != 1)
		return -EIO;
	if (EVP_DigestVerify(digest, signer->signature.data, signer->signature.size, image->data,
			     image->size) != 1)
		return refuse(
			work, signature,
			"the signature does not verify: it is over another image than %s, or by another key",
			image->name);
	return 0;
}

static int check_signers(struct work *work, const struct cms *cms, enum cms_hash *ret_hash)
{
	bool found = false;

	for (size_t i = 0; i < cms->n_signers; i++) {
		int r = is_by(&cms->signers[i], work->certificate);

		if (r < 0)
			return r;
		if (r == 0)
			continue;
		/* Each that is: one that does not verify is for the kernel the end of it. */
		r = check_signature(work, &cms->signers[i]);
		if (r)
			return r;
		found = true;
		*ret_hash = cms->signers[i].hash;
	}
	return found ? 0
		     : refuse(work, signature, "not signed by the certificate %s, but by another",
			      work->files->certificate.name);
}

static int verify(struct work *work, const struct sign_file *signature, struct signer *ret_signer)
{
	enum cms_hash hash;
	struct cms cms;
	int r;

	r = cms_read(signature->data, signature->size, &cms, work->reterr_diag);
	if (r && work->reterr_diag)
		work->reterr_diag->file = signature->name;
	if (r)
		return SIGN_E_REFUSED;
	r = check_carried(work, &cms);
	if (!r)
		r = check_signers(work, &cms, &hash);
	return r ? r : describe(work, hash, ret_signer);
}

int sign_verify(const struct sign_files *files, struct signer *ret_signer, struct diag *reterr_diag)
{
	_cleanup_(work_done) struct work work = {.files = files, .reterr_diag = reterr_diag};
	int r;

	r = work_init(&work);
	return r ? r : verify(&work, &files->signature, ret_signer);
}

int sign_certificate(const struct sign_file *certificate, int64_t now, void **ret_der,
		     size_t *ret_size, struct diag *reterr_diag)
{
	const struct sign_files files = {.certificate = *certificate, .now = now};
	_cleanup_(work_done) struct work work = {.files = &files, .reterr_diag = reterr_diag};
	unsigned char *data = NULL;
	int r;

	r = init_certificate(&work);
	if (r)
		return r;
	r = i2d_X509(work.certificate, &data);
	if (r < 0)
		return -EIO;
	*ret_size = (size_t)r;
	/* libcrypto's memory is its own */
	*ret_der = malloc(*ret_size);
	if (*ret_der)
		memcpy(*ret_der, data, *ret_size);
	OPENSSL_free(data);
	return *ret_der ? 0 : -ENOMEM;
}

static int read_key(struct work *work, EVP_PKEY **ret_key)
{
	_cleanup_(key_freep) EVP_PKEY *key = NULL;
	_cleanup_(bio_freep) BIO *bio = NULL;
	bool asked = false;
	int r;

	r = open_pem(work, &work->files->key, &bio);
	if (r)
		return r;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
	if (!key && asked)
		return refuse(
			work, key,
			"the key is encrypted, and no passphrase is asked for: decrypt it first (openssl pkey)");
	if (!key)
		return refuse(work, key, "there is no private key in PEM here");
	if (X509_check_private_key(work->certificate, key) != 1)
		return refuse(work, key, "this is not the key of the certificate %s",
			      work->files->certificate.name);
	*ret_key = TAKE_PTR(key);
	return 0;
}

/*
 * SHA-256, since it is what each kernel has built in, and what the image's own digest is made of.
 */
static int make_message(struct work *work, EVP_PKEY *key, CMS_ContentInfo **ret_message)
{
	const unsigned flags = CMS_BINARY | CMS_NOCERTS;
	const struct sign_file *image = &work->files->image;
	_cleanup_(bio_freep) BIO *content = BIO_new_mem_buf(image->data, (int)image->size);
	_cleanup_(message_freep) CMS_ContentInfo *message =
		CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_DETACHED | CMS_PARTIAL | CMS_STREAM);

	if (!content || !message)
		return -ENOMEM;
	if (!CMS_add1_signer(message, work->certificate, key, EVP_sha256(),
			     flags | CMS_NOATTR | CMS_NOSMIMECAP) ||
	    CMS_final(message, content, NULL, flags) != 1)
		return -EIO;
	*ret_message = TAKE_PTR(message);
	return 0;
}

static int sign(struct work *work, void **ret_signature, size_t *ret_size,
		struct signer *ret_signer)
{
	_cleanup_(message_freep) CMS_ContentInfo *message = NULL;
	struct sign_file signature = {.name = work->files->image.name};
	_cleanup_(key_freep) EVP_PKEY *key = NULL;
	_cleanup_free_ void *data = NULL;
	unsigned char *end;
	int size, r;

	r = read_key(work, &key);
	if (!r)
		r = make_message(work, key, &message);
	if (r)
		return r;

	size = i2d_CMS_ContentInfo(message, NULL);
	if (size <= 0)
		return -EIO;
	data = malloc((size_t)size);
	if (!data)
		return -ENOMEM;
	end = data;
	if (i2d_CMS_ContentInfo(message, &end) != size)
		return -EIO;

	/* What we write, verify accepts; anything else is a bug of ours, or of libcrypto. */
	signature.data = data;
	signature.size = (size_t)size;
	r = verify(work, &signature, ret_signer);
	if (r)
		return r;
	*ret_signature = TAKE_PTR(data);
	*ret_size = (size_t)size;
	return 0;
}

int sign_image(const struct sign_files *files, void **ret_signature, size_t *ret_size,
	       struct signer *ret_signer, struct diag *reterr_diag)
{
	_cleanup_(work_done) struct work work = {.files = files, .reterr_diag = reterr_diag};
	int r = work_init(&work);

	return r ? r : sign(&work, ret_signature, ret_size, ret_signer);
}

int sign_statement(const struct sign_files *files, void **ret_signature, size_t *ret_size,
		   struct signer *ret_signer, struct diag *reterr_diag)
{
	_cleanup_(work_done) struct work work = {.files = files, .reterr_diag = reterr_diag};
	int r = init_certificate(&work);

	return r ? r : sign(&work, ret_signature, ret_size, ret_signer);
}
