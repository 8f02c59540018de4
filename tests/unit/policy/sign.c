// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/sign.h"

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "fixture.h"
#include "policy/cms.h"
#include "policy/image-check.h"
#include "test.h"

#define FROM 1700000000 /* the dates of a certificate, in seconds since 1970 */
#define TO 1800000000
#define NOW 1750000000

/* What a certificate is to be; 0 and NULL for what is right. */
struct wish {
	EVP_PKEY *key; /* owned by the test */
	const char *usage, *purpose, *critical;
	const EVP_MD *hash;
	long serial;
	const char *name;
};

/* A certificate and its key, and an image. */
struct bench {
	X509 *certificate;
	char *pem, *key_pem;
	char *image, *other_image;
	struct sign_files files;
	struct diag diag;
	struct signer signer;
};

static EVP_PKEY *p256, *p384, *rsa2048, *stranger;

static int make_keys(void **state)
{
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	rsa2048 = EVP_RSA_gen(2048);
	stranger = EVP_EC_gen("P-256");
	return p256 && p384 && rsa2048 && stranger ? 0 : -1;
}

static int drop_keys(void **state)
{
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(rsa2048);
	EVP_PKEY_free(stranger);
	return 0;
}

static void extend(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension;

	if (!value)
		return;
	extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* An extension that nobody knows, critical. */
static void extend_unknown(X509 *certificate, const char *oid)
{
	ASN1_OBJECT *object = oid ? OBJ_txt2obj(oid, 1) : NULL;
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	if (object) {
		assert_int_equal(ASN1_OCTET_STRING_set(data, (const uint8_t *)"\x05", 1), 1);
		extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, data);
		assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
		X509_EXTENSION_free(extension);
	}
	ASN1_OCTET_STRING_free(data);
	ASN1_OBJECT_free(object);
}

static X509 *certify(const struct wish *wish)
{
	EVP_PKEY *key = wish->key ? wish->key : p256;
	const char *cn = wish->name ? wish->name : "signer";
	const EVP_MD *hash = wish->hash ? wish->hash : EVP_sha256();
	X509 *certificate = X509_new();
	X509_NAME *name = X509_NAME_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn,
						    -1, -1, 0),
			 1);
	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), wish->serial ? wish->serial : 1);
	X509_set_subject_name(certificate, name);
	X509_set_issuer_name(certificate, name);
	X509_NAME_free(name);
	ASN1_TIME_set(X509_getm_notBefore(certificate), FROM);
	ASN1_TIME_set(X509_getm_notAfter(certificate), TO);
	X509_set_pubkey(certificate, key);
	extend(certificate, NID_key_usage, wish->usage);
	extend(certificate, NID_ext_key_usage, wish->purpose);
	extend_unknown(certificate, wish->critical);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		hash = NULL;
	assert_true(X509_sign(certificate, key, hash) > 0);
	return certificate;
}

static char *take_text(BIO *bio)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);
	char *text = strndup(data, (size_t)size);

	assert_non_null(text);
	BIO_free(bio);
	return text;
}

static char *certificate_text(X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, certificate), 1);
	return take_text(bio);
}

static char *key_text(EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key,
						       passphrase ? EVP_aes_256_cbc() : NULL,
						       passphrase, passphrase ? 6 : 0, NULL, NULL),
			 1);
	return take_text(bio);
}

static struct sign_file text_file(const char *name, const char *text)
{
	return (struct sign_file){.name = name, .data = text, .size = strlen(text)};
}

static void bench_init(struct bench *bench, const struct wish *wish)
{
	size_t size;

	bench->certificate = certify(wish);
	bench->pem = certificate_text(bench->certificate);
	bench->key_pem = key_text(wish->key ? wish->key : p256, NULL);
	bench->files.certificate = text_file("t.crt", bench->pem);
	bench->files.key = text_file("t.pem", bench->key_pem);
	bench->image = fixture_image(
		HEAD("7", "observe") "domains:\n  - name: a\n"
				     "    executables: [{digest: " DIGEST("1") ", size: 10, "
									       "launch: any}]\n",
		&size);
	bench->files.image = (struct sign_file){"t.img", bench->image, size};
	bench->other_image = fixture_image(
		HEAD("6", "observe") "domains:\n  - name: a\n"
				     "    executables: [{digest: " DIGEST("1") ", size: 10, "
									       "launch: any}]\n",
		&size);
	assert_int_equal(size, bench->files.image.size);
	bench->files.now = NOW;
}

static void bench_done(struct bench *bench)
{
	X509_free(bench->certificate);
	free(bench->pem);
	free(bench->key_pem);
	free(bench->image);
	free(bench->other_image);
	free((void *)bench->files.signature.data);
}

static void sign(struct bench *bench)
{
	void *data = NULL;

	if (sign_image(&bench->files, &data, &bench->files.signature.size, &bench->signer,
		       &bench->diag))
		fail_msg("%s", bench->diag.text);
	bench->files.signature.name = "t.p7s";
	bench->files.signature.data = data;
}

static void verifies(struct bench *bench)
{
	if (sign_verify(&bench->files, &bench->signer, &bench->diag))
		fail_msg("%s", bench->diag.text);
}

static void check_refused(struct bench *bench, int r, const char *file, const char *why)
{
	assert_int_equal(r, SIGN_E_REFUSED);
	assert_string_equal(bench->diag.file, file);
	assert_int_equal(ERR_peek_error(), 0);
	if (!strstr(bench->diag.text, why))
		fail_msg("\"%s\" instead of \"%s\"", bench->diag.text, why);
}

static void refuses(struct bench *bench, const char *file, const char *why)
{
	check_refused(bench, sign_verify(&bench->files, &bench->signer, &bench->diag), file, why);
}

static void does_not_sign(struct bench *bench, const char *file, const char *why)
{
	void *data = NULL;
	size_t size;

	check_refused(bench, sign_image(&bench->files, &data, &size, &bench->signer, &bench->diag),
		      file, why);
	assert_null(data);
}

/* Neither of the two ways takes that certificate, whose key has signed before. */
static void wish_refused(const struct wish *wish, const char *why)
{
	_cleanup_(bench_done) struct bench good = {0}, bad = {0};

	bench_init(&good, &(struct wish){0});
	sign(&good);
	bench_init(&bad, wish);
	does_not_sign(&bad, "t.crt", why);
	good.files.certificate = bad.files.certificate;
	refuses(&good, "t.crt", why);
}

/* A signature by libcrypto, with the flags that a test wants. */
static void sign_otherwise(struct bench *bench, unsigned flags, const EVP_MD *first,
			   const EVP_MD *second, X509 *carried)
{
	BIO *content = BIO_new_mem_buf(bench->image, (int)bench->files.image.size);
	CMS_ContentInfo *message =
		CMS_sign(NULL, NULL, NULL, NULL,
			 CMS_BINARY | CMS_NOCERTS | CMS_DETACHED | CMS_PARTIAL | CMS_STREAM);
	unsigned char *end = NULL;
	BIO *pem = BIO_new_mem_buf(bench->key_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);

	BIO_free(pem);
	flags |= CMS_BINARY | CMS_NOCERTS | CMS_NOSMIMECAP;
	assert_non_null(CMS_add1_signer(message, bench->certificate, key, first, flags));
	if (second)
		assert_non_null(CMS_add1_signer(message, bench->certificate, key, second, flags));
	if (carried)
		assert_int_equal(CMS_add1_cert(message, carried), 1);
	assert_int_equal(CMS_final(message, content, NULL, CMS_BINARY), 1);
	bench->files.signature.name = "t.p7s";
	bench->files.signature.size = (size_t)i2d_CMS_ContentInfo(message, NULL);
	free((void *)bench->files.signature.data);
	bench->files.signature.data = end = malloc(bench->files.signature.size);
	assert_non_null(end);
	assert_true(i2d_CMS_ContentInfo(message, &end) > 0);
	CMS_ContentInfo_free(message);
	EVP_PKEY_free(key);
	BIO_free(content);
}

static void what_is_signed_verifies(void **state)
{
	const struct {
		EVP_PKEY *key;
		const char *name;
	} rows[] = {{rsa2048, "RSA 2048"}, {p256, "ECDSA P-256"}, {p384, "ECDSA P-384"}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(bench_done) struct bench bench = {0};

		bench_init(&bench, &(struct wish){.key = rows[i].key, .name = "a,\"\x1b\xc3\xa9"});
		sign(&bench);
		memset(&bench.signer, 0, sizeof(bench.signer));
		verifies(&bench);
		/* A name is anybody's text, and ends on a terminal. */
		assert_string_equal(bench.signer.name, "CN=a\\,\\\"\\1B\\C3\\A9");
		assert_string_equal(bench.signer.key, rows[i].name);
		assert_string_equal(bench.signer.hash, "SHA-256");
	}
}

static void a_long_name_is_cut(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	char name[65];

	memset(name, 1, sizeof(name) - 1); /* three characters each when it is shown */
	name[sizeof(name) - 1] = '\0';
	bench_init(&bench, &(struct wish){.name = name});
	for (int i = 0; i < 2; i++)
		X509_NAME_add_entry_by_txt(X509_get_subject_name(bench.certificate), "OU",
					   MBSTRING_UTF8, (const uint8_t *)name, -1, -1, 0);
	assert_true(X509_sign(bench.certificate, p256, EVP_sha256()) > 0);
	free(bench.pem);
	bench.pem = certificate_text(bench.certificate);
	bench.files.certificate = text_file("t.crt", bench.pem);
	sign(&bench);
	assert_int_equal(strlen(bench.signer.name), SIGN_NAME_LEN - 1);
}

static void a_signature_is_over_one_image(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};

	bench_init(&bench, &(struct wish){0});
	sign(&bench);
	bench.files.image.data = bench.other_image;
	refuses(&bench, "t.p7s", "the signature does not verify");
}

static void an_image_is_whole(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	_cleanup_free_ char *longer = NULL;

	bench_init(&bench, &(struct wish){0});
	longer = calloc(1, bench.files.image.size + 1);
	assert_non_null(longer);
	memcpy(longer, bench.image, bench.files.image.size);
	bench.files.image.data = longer;
	bench.files.image.size++;
	does_not_sign(&bench, "t.img", "the image says it has");
	bench.files.image.size -= 2;
	does_not_sign(&bench, "t.img", "the image says it has");
	bench.files.image.size++;
	longer[bench.files.image.size - 1] ^= 1;
	does_not_sign(&bench, "t.img", "");

	/* The same key over the same bytes, but they are no image. */
	bench.files.image.data = bench.image;
	sign(&bench);
	bench.image[bench.files.image.size - 1] ^= 1;
	sign_otherwise(&bench, CMS_NOATTR, EVP_sha256(), NULL, NULL);
	refuses(&bench, "t.img", "");
}

static void another_key_of_the_same_name_is_another(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0}, other = {0};

	bench_init(&bench, &(struct wish){0});
	sign(&bench);
	bench_init(&other, &(struct wish){.key = stranger});
	bench.files.certificate = other.files.certificate;
	refuses(&bench, "t.p7s", "the signature does not verify");
	bench_done(&other);
	memset(&other, 0, sizeof(other));
	bench_init(&other, &(struct wish){.key = rsa2048});
	bench.files.certificate = other.files.certificate;
	refuses(&bench, "t.p7s", "of another kind than the certificate's key, RSA 2048");
}

static void another_certificate_of_the_same_key_is_another(void **state)
{
	const struct wish wishes[] = {{.serial = 2}, {.name = "another"}};

	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		_cleanup_(bench_done) struct bench bench = {0}, other = {0};

		bench_init(&bench, &(struct wish){0});
		sign(&bench);
		bench_init(&other, &wishes[i]);
		bench.files.certificate = other.files.certificate;
		refuses(&bench, "t.p7s", "not signed by the certificate t.crt, but by another");
	}
}

static void the_clock_is_between_the_dates(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	const struct {
		int64_t now;
		const char *why;
	} bad[] = {{FROM - 1, "the certificate is valid from Nov 14 22:13:20 2023 GMT on, not yet"},
		   {0, "not yet: is this host's clock right?"},
		   {TO, "the certificate has expired, Jan 15 08:00:00 2027 GMT"},
		   {TO + 1, "the certificate has expired"}};

	bench_init(&bench, &(struct wish){0});
	sign(&bench);
	bench.files.now = FROM;
	verifies(&bench);
	bench.files.now = TO - 1;
	verifies(&bench);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		bench.files.now = bad[i].now;
		refuses(&bench, "t.crt", bad[i].why);
		does_not_sign(&bench, "t.crt", bad[i].why);
	}
}

static void a_certificate_is_for_signing(void **state)
{
	const struct wish good[] = {{.usage = "critical,digitalSignature"},
				    {.usage = "digitalSignature,keyCertSign"},
				    {.purpose = "codeSigning"},
				    {.purpose = "serverAuth,codeSigning"},
				    {.purpose = "anyExtendedKeyUsage"}};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		_cleanup_(bench_done) struct bench bench = {0};

		bench_init(&bench, &good[i]);
		sign(&bench);
		verifies(&bench);
	}
	wish_refused(&(struct wish){.usage = "critical,keyAgreement"}, "lacks digitalSignature");
	wish_refused(&(struct wish){.usage = "keyCertSign"}, "lacks digitalSignature");
	wish_refused(&(struct wish){.purpose = "serverAuth"}, "lacks codeSigning");
	wish_refused(&(struct wish){.critical = "1.3.6.1.4.1.32473.1"}, "critical and unknown");
}

static EVP_PKEY *key_of_group(const char *form, const char *encoding)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, (char *)encoding, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
						 (char *)form, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(context, params), 1);
	assert_int_equal(EVP_PKEY_generate(context, &key), 1);
	assert_int_equal(EVP_PKEY_set_utf8_string_param(
				 key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, form),
			 1);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void the_kernel_knows_the_key(void **state)
{
	const struct {
		EVP_PKEY *key;
		const char *why;
	} rows[] = {
		{EVP_RSA_gen(1024), "a key of the kind RSA, 1024 bits"},
		{EVP_RSA_gen(2056), "a key of the kind RSA, 2056 bits"},
		{EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "a key of the kind ED25519"},
		{EVP_EC_gen("P-521"), "a key of the kind EC, 521 bits"},
		{EVP_EC_gen("brainpoolP256r1"), "a key of the kind EC, 256 bits"},
		{key_of_group("uncompressed", "explicit"), "a key of the kind EC, 256 bits"},
		{key_of_group("compressed", "named_curve"), "a key of the kind EC, 256 bits"},
	};
	_cleanup_(bench_done) struct bench bench = {0};
	EVP_PKEY *good = key_of_group("uncompressed", "named_curve");

	bench_init(&bench, &(struct wish){.key = good});
	sign(&bench);
	EVP_PKEY_free(good);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_non_null(rows[i].key);
		wish_refused(&(struct wish){.key = rows[i].key}, rows[i].why);
		EVP_PKEY_free(rows[i].key);
	}
}

static void the_kernel_reads_the_certificate(void **state)
{
	wish_refused(&(struct wish){.hash = EVP_sha1()}, "which the kernel cannot read");
	wish_refused(&(struct wish){.hash = EVP_sha3_256()}, "which the kernel cannot read");
}

static void the_key_is_the_certificates(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	_cleanup_free_ char *other = key_text(stranger, NULL), *locked = key_text(p256, "secret");

	bench_init(&bench, &(struct wish){0});
	bench.files.key = text_file("o.pem", other);
	does_not_sign(&bench, "o.pem", "this is not the key of the certificate t.crt");
	bench.files.key = text_file("l.pem", locked);
	does_not_sign(&bench, "l.pem", "the key is encrypted, and no passphrase is asked for");
	bench.files.key = text_file("n.pem", bench.pem);
	does_not_sign(&bench, "n.pem", "there is no private key in PEM here");
	bench.files.key.size = SIGN_MAX_PEM + 1;
	does_not_sign(&bench, "n.pem", "more than 65536 bytes");
}

static void there_is_one_certificate(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	_cleanup_free_ char *two = NULL;

	bench_init(&bench, &(struct wish){0});
	assert_true(asprintf(&two, "%s%s", bench.pem, bench.pem) > 0);
	bench.files.certificate = text_file("two.crt", two);
	does_not_sign(&bench, "two.crt", "more than one certificate");
	bench.files.certificate = text_file("none.crt", bench.key_pem);
	does_not_sign(&bench, "none.crt", "no certificate in PEM");
}

static void every_truncation_and_every_byte_more_is_refused(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	_cleanup_free_ uint8_t *copy = NULL;
	const void *whole;
	size_t size;

	bench_init(&bench, &(struct wish){.key = rsa2048});
	sign(&bench);
	whole = bench.files.signature.data;
	size = bench.files.signature.size;
	copy = calloc(1, size + 1);
	assert_non_null(copy);
	memcpy(copy, whole, size);
	bench.files.signature.data = copy;
	for (size_t n = 0; n < size; n++) {
		bench.files.signature.size = n;
		refuses(&bench, "t.p7s", "");
	}
	bench.files.signature.size = size + 1;
	refuses(&bench, "t.p7s", "something follows the signature");
	bench.files.signature.data = whole;
	bench.files.signature.size = size;
	verifies(&bench);
}

static void every_single_flipped_bit_is_refused(void **state)
{
	EVP_PKEY *keys[] = {p256, rsa2048};

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		_cleanup_(bench_done) struct bench bench = {0};
		uint8_t *bytes;

		bench_init(&bench, &(struct wish){.key = keys[k]});
		sign(&bench);
		bytes = (uint8_t *)bench.files.signature.data;
		for (size_t i = 0; i < 8 * bench.files.signature.size; i++) {
			bytes[i / 8] ^= (uint8_t)(1 << i % 8);
			refuses(&bench, "t.p7s", "");
			bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		}
		verifies(&bench);
	}
}

static void what_libcrypto_makes_otherwise(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	X509 *other;

	bench_init(&bench, &(struct wish){0});
	other = certify(&(struct wish){.key = stranger});
	sign_otherwise(&bench, CMS_NOATTR, EVP_sha512(), NULL, NULL);
	verifies(&bench);
	assert_string_equal(bench.signer.hash, "SHA-512");
	sign_otherwise(&bench, CMS_NOATTR, EVP_sha256(), NULL, bench.certificate);
	verifies(&bench);
	sign_otherwise(&bench, CMS_NOATTR, EVP_sha256(), NULL, other);
	refuses(&bench, "t.p7s", "carries a certificate other than t.crt");
	sign_otherwise(&bench, CMS_NOATTR, EVP_sha1(), NULL, NULL);
	refuses(&bench, "t.p7s", "neither SHA-256");
	sign_otherwise(&bench, 0, EVP_sha256(), NULL, NULL);
	refuses(&bench, "t.p7s", "signed attributes");
	X509_free(other);
}

/* What one signer says does not excuse another. */
static void each_signer_of_that_certificate_has_to_be_right(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};
	struct cms cms;

	bench_init(&bench, &(struct wish){.key = rsa2048});
	sign_otherwise(&bench, CMS_NOATTR, EVP_sha256(), EVP_sha384(), NULL);
	verifies(&bench);
	for (size_t i = 0; i < 2; i++) {
		uint8_t *last;

		assert_int_equal(cms_read(bench.files.signature.data, bench.files.signature.size,
					  &cms, NULL),
				 0);
		assert_int_equal(cms.n_signers, 2);
		last = (uint8_t *)cms.signers[i].signature.data + cms.signers[i].signature.size - 1;
		*last ^= 1;
		refuses(&bench, "t.p7s", "the signature does not verify");
		*last ^= 1;
	}
}

static int sign_again(void *userdata)
{
	struct bench *bench = userdata;
	_cleanup_free_ void *data = NULL;
	size_t size;

	return sign_image(&bench->files, &data, &size, &bench->signer, NULL);
}

static void memory_may_run_out(void **state)
{
	_cleanup_(bench_done) struct bench bench = {0};

	bench_init(&bench, &(struct wish){0});
	alloc_check(sign_again, &bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_verifies),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(a_signature_is_over_one_image),
		cmocka_unit_test(an_image_is_whole),
		cmocka_unit_test(another_key_of_the_same_name_is_another),
		cmocka_unit_test(another_certificate_of_the_same_key_is_another),
		cmocka_unit_test(the_clock_is_between_the_dates),
		cmocka_unit_test(a_certificate_is_for_signing),
		cmocka_unit_test(the_kernel_knows_the_key),
		cmocka_unit_test(the_kernel_reads_the_certificate),
		cmocka_unit_test(the_key_is_the_certificates),
		cmocka_unit_test(there_is_one_certificate),
		cmocka_unit_test(every_truncation_and_every_byte_more_is_refused),
		cmocka_unit_test(every_single_flipped_bit_is_refused),
		cmocka_unit_test(what_libcrypto_makes_otherwise),
		cmocka_unit_test(each_signer_of_that_certificate_has_to_be_right),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
