// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A signature over an image, from outside. The key is made anew, so that nothing verifies; its
 * certificate has what the seeds, made by `openssl cms -sign`, name their signer by: CN=fuzz, the
 * serial number 5, the key id 0a0b.
 */

#include <linux/types.h>
#include <string.h>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/diag.h"
#include "fuzz.h"
#include "must.h"
#include "policy/cms.h"
#include "policy/image-check.h"
#include "policy/sign.h"

#define NOW 1750000000

static struct {
	struct image_header header;
	struct image_domain domain;
	char texts[8];
} image;
static char *certificate;
static size_t certificate_size;

static void extend(X509 *to)
{
	X509_EXTENSION *id = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_key_identifier, "0a0b");

	must(id && X509_add_ext(to, id, -1) == 1);
	X509_EXTENSION_free(id);
}

static void make_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *made = X509_new();
	X509_NAME *name = X509_NAME_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	must(key && made && name && bio);
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"fuzz", -1, -1,
					0) == 1);
	must(X509_set_version(made, X509_VERSION_3) == 1);
	must(ASN1_INTEGER_set(X509_get_serialNumber(made), 5) == 1);
	must(X509_set_subject_name(made, name) && X509_set_issuer_name(made, name));
	must(ASN1_TIME_set(X509_getm_notBefore(made), NOW - 1) != NULL);
	must(ASN1_TIME_set(X509_getm_notAfter(made), NOW + 1) != NULL);
	must(X509_set_pubkey(made, key) == 1);
	extend(made);
	must(X509_sign(made, key, EVP_sha256()) > 0);
	must(PEM_write_bio_X509(bio, made) == 1);
	certificate_size = (size_t)BIO_get_mem_data(bio, &text);
	certificate = malloc(certificate_size);
	must(certificate != NULL);
	memcpy(certificate, text, certificate_size);
	BIO_free(bio);
	X509_NAME_free(name);
	X509_free(made);
	EVP_PKEY_free(key);
}

static void make_image(void)
{
	image.header = (struct image_header){.magic = IMAGE_MAGIC,
					     .abi = IMAGE_ABI,
					     .size = sizeof(image),
					     .mode = IMAGE_MODE_OBSERVE,
					     .version = 1,
					     .ring_kib = IMAGE_RING_MIN_KIB,
					     .n_domains = 1,
					     .n_texts = sizeof(image.texts),
					     .name = "fuzz"};
	image.domain = (struct image_domain){.mode = IMAGE_MODE_OBSERVE, .name = "fuzz"};
	must(image_domain_id("fuzz", &image.domain.id) == 0);
	must(image_seal(&image, sizeof(image)) == 0);
	must(image_check(&image, sizeof(image), NULL) == 0);
}

/* What we take, the library takes for the same: of its kind, to the last byte. */
static void compare(const struct cms *cms, const uint8_t *data, size_t size)
{
	const uint8_t *at = data;
	CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)size);

	if (message) {
		must(at == data + size);
		must(CMS_is_detached(message) == 1);
		must((size_t)sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(message)) ==
		     cms->n_signers);
	}
	/* It also reads inside of names and certificates, which are only compared here. */
	must(message || cms->n_certificates > 0 || cms->signers[0].issuer.data);
	CMS_ContentInfo_free(message);
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sign_files files = {.now = NOW};
	struct diag diag = {0};
	struct signer signer;
	struct cms cms;
	int r;

	if (!certificate) {
		make_certificate();
		make_image();
	}
	r = cms_read(data, size, &cms, &diag);
	must(r == 0 || (r == CMS_E_INVALID && diag.text[0]));
	if (r == 0)
		compare(&cms, data, size);

	files.image = (struct sign_file){"image", &image, sizeof(image)};
	files.certificate = (struct sign_file){"certificate", certificate, certificate_size};
	files.signature = (struct sign_file){"signature", data, size};
	must(sign_verify(&files, &signer, &diag) == SIGN_E_REFUSED);
	must(strcmp(diag.file, "signature") == 0);
	return 0;
}
