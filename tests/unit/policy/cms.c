// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/cms.h"

#include <stdbool.h>
#include <string.h>

#include "base/diag.h"
#include "base/size.h"
#include "test.h"

#define SEQUENCE 0x30
#define SET 0x31

static const char signed_data[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
static const char plain_data[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
static const char other_data[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x05";
static const char sha256[] = "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
static const char sha384[] = "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02";
static const char sha224[] = "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04";
static const char rsa[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
static const char rsa_bad[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x01\x00";
static const char sha256_rsa[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
static const char ecdsa256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
static const char ecdsa384[] = "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
static const char by_serial[] = "\x30\x11\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x61"
				"\x02\x01\x05";
static const char by_key_id[] = "\x80\x02\x0a\x0b";
static const char value[] = "\x04\x03\x01\x02\x03";
static const char one[] = "\x02\x01\x01";
static const char three[] = "\x02\x01\x03";

/* DER under construction: written back to front, so that a length is known when it is needed. */
struct builder {
	uint8_t bytes[2 * CMS_MAX_SIZE];
	size_t at;
};

static void put(struct builder *b, const void *data, size_t size)
{
	assert_true(size <= b->at);
	b->at -= size;
	memcpy(b->bytes + b->at, data, size);
}

/* Wraps what has been written since the builder was at `end`. */
static void wrap(struct builder *b, uint8_t tag, size_t end)
{
	size_t length = end - b->at;
	const uint8_t low = (uint8_t)length, high = (uint8_t)(length >> 8);
	const uint8_t form = high ? 0x82 : 0x81;

	put(b, &low, 1);
	if (high)
		put(b, &high, 1);
	if (length >= 0x80)
		put(b, &form, 1);
	put(b, &tag, 1);
}

static size_t size_of(const struct builder *b)
{
	return sizeof(b->bytes) - b->at;
}

/* Where something is that should not be: after all else in ... */
enum place {
	NOWHERE,
	IN_SIGNER,
	IN_DATA,
	AROUND_DATA,
	IN_MESSAGE,
};

/* A message, by its parts: NULL and 0 stand for what is right. */
struct parts {
	const char *version, *signer_version, *name, *hash, *scheme, *value, *content;
	const char *within, *attributes, *unsigned_attributes, *lists; /* NULL: not there */
	size_t n_signers, n_certificates, padding; /* padding: bytes of a certificate */
	bool no_signer, other_hashes;
	enum place extra;
};

/* Texts hold NULs: the length of a text is that of its own outermost element, or elements. */
static size_t text_size(const char *text)
{
	size_t size = 2 + (size_t)text[1];

	/* The only ones with a second element. */
	if (text == rsa || text == rsa_bad || text == sha256_rsa)
		size += 2 + (size_t)text[size + 1];
	return size;
}

static void put_text(struct builder *b, const char *text, const char *otherwise)
{
	if (!text)
		text = otherwise;
	if (text)
		put(b, text, text_size(text));
}

static void put_algorithm(struct builder *b, const char *text, const char *otherwise)
{
	size_t end = b->at;

	put_text(b, text, otherwise);
	wrap(b, SEQUENCE, end);
}

static void put_extra(struct builder *b, const struct parts *parts, enum place place)
{
	if (parts->extra == place)
		put_text(b, "\x05\x00", NULL);
}

static void put_signer(struct builder *b, const struct parts *parts)
{
	size_t end = b->at;

	put_extra(b, parts, IN_SIGNER);
	put_text(b, parts->unsigned_attributes, NULL);
	put_text(b, parts->value, value);
	put_algorithm(b, parts->scheme, ecdsa256);
	put_text(b, parts->attributes, NULL);
	put_algorithm(b, parts->hash, sha256);
	put_text(b, parts->name, by_serial);
	put_text(b, parts->signer_version, one);
	wrap(b, SEQUENCE, end);
}

static void put_certificates(struct builder *b, const struct parts *parts)
{
	size_t end = b->at;

	for (size_t i = 0; i < parts->n_certificates; i++) {
		size_t inner = b->at;

		b->at -= parts->padding;
		wrap(b, SEQUENCE, inner);
	}
	if (parts->n_certificates > 0)
		wrap(b, 0xa0, end);
}

static void put_type(struct builder *b, const struct parts *parts)
{
	size_t end = b->at;

	put_text(b, parts->within, NULL);
	put_text(b, parts->content, plain_data);
	wrap(b, SEQUENCE, end);
	end = b->at;
	put_algorithm(b, parts->other_hashes ? sha384 : parts->hash, sha256);
	wrap(b, SET, end);
}

static void build(struct builder *b, const struct parts *parts)
{
	size_t message = sizeof(b->bytes), around, data, end;
	size_t n = parts->n_signers ? parts->n_signers : 1;

	memset(b->bytes, 0, sizeof(b->bytes));
	b->at = message;
	put_extra(b, parts, IN_MESSAGE);
	around = b->at;
	put_extra(b, parts, AROUND_DATA);
	data = b->at;
	put_extra(b, parts, IN_DATA);
	end = b->at;
	for (size_t i = 0; i < n && !parts->no_signer; i++)
		put_signer(b, parts);
	wrap(b, SET, end);
	put_text(b, parts->lists, NULL);
	put_certificates(b, parts);
	put_type(b, parts);
	put_text(b, parts->version, one);
	wrap(b, SEQUENCE, data);
	wrap(b, 0xa0, around);
	put_text(b, signed_data, NULL);
	wrap(b, SEQUENCE, message);
}

static int read_built(const struct builder *b, struct cms *cms, struct diag *diag)
{
	return cms_read(b->bytes + b->at, size_of(b), cms, diag);
}

static void taken(const struct parts *parts, struct cms *ret)
{
	static struct builder b;
	struct diag diag = {0};

	build(&b, parts);
	if (read_built(&b, ret, &diag))
		fail_msg("%s", diag.text);
}

static void refused(const struct parts *parts, const char *why)
{
	static struct builder b;
	struct diag diag = {0};
	struct cms cms;

	build(&b, parts);
	assert_int_equal(read_built(&b, &cms, &diag), CMS_E_INVALID);
	if (!strstr(diag.text, why))
		fail_msg("\"%s\" instead of \"%s\"", diag.text, why);
}

#define TAKEN(cms, ...) taken(&(struct parts){__VA_ARGS__}, (cms))
#define REFUSED(why, ...) refused(&(struct parts){__VA_ARGS__}, (why))

static void a_signer_is_named_by_issuer_and_serial(void **state)
{
	struct cms cms;

	TAKEN(&cms, .n_signers = 1);
	assert_int_equal(cms.n_signers, 1);
	assert_memory_equal(cms.signers[0].issuer.data, by_serial + 2, 14);
	assert_int_equal(cms.signers[0].issuer.size, 14);
	assert_memory_equal(cms.signers[0].serial.data, "\x02\x01\x05", 3);
	assert_int_equal(cms.signers[0].serial.size, 3);
	assert_null(cms.signers[0].key_id.data);
	assert_memory_equal(cms.signers[0].signature.data, "\x01\x02\x03", 3);
	assert_int_equal(cms.signers[0].signature.size, 3);
	assert_int_equal(cms.signers[0].hash, CMS_SHA256);
	assert_int_equal(cms.signers[0].scheme, CMS_ECDSA);
}

static void or_by_key_id(void **state)
{
	struct cms cms;

	TAKEN(&cms, .version = three, .signer_version = three, .name = by_key_id, .scheme = rsa);
	assert_null(cms.signers[0].issuer.data);
	assert_null(cms.signers[0].serial.data);
	assert_int_equal(cms.signers[0].key_id.size, 2);
	assert_memory_equal(cms.signers[0].key_id.data, "\x0a\x0b", 2);
	assert_int_equal(cms.signers[0].scheme, CMS_RSA);
}

static void versions_have_to_agree(void **state)
{
	REFUSED("by certificate and by key id", .version = three);
	REFUSED("by certificate and by key id", .signer_version = three, .name = by_key_id);
	REFUSED("the version is neither 1 nor 3", .version = "\x02\x01\x02");
	REFUSED("the version is neither 1 nor 3", .version = "\x02\x02\x00\x01");
	REFUSED("the version is empty", .version = "\x02\x00");
	REFUSED("issuer and serial number should be here", .name = by_key_id);
	REFUSED("key id should be here", .version = three, .signer_version = three);
}

static void an_issuer_is_a_name(void **state)
{
	REFUSED("a part of the issuer's name should be here",
		.name = "\x30\x07\x30\x02\x05\x00\x02\x01\x05");
	REFUSED("a part of the issuer's name should be here",
		.name = "\x30\x09\x30\x04\x31\x02\x05\x00\x02\x01\x05");
	REFUSED("something is missing",
		.name = "\x30\x0e\x30\x09\x31\x07\x30\x05\x06\x03\x55\x04\x03\x02\x01\x05");
	REFUSED("a tag that no signature has",
		.name = "\x30\x11\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x1f\x01\x61\x02\x01\x05");
	REFUSED("the serial number is empty", .name = "\x30\x04\x30\x00\x02\x00");
	REFUSED("does not belong to the signer's issuer",
		.name = "\x30\x08\x30\x00\x02\x01\x05\x02\x01\x05");
}

static void hash_and_scheme_are_of_the_list(void **state)
{
	struct cms cms;

	TAKEN(&cms, .hash = sha384, .scheme = ecdsa384);
	assert_int_equal(cms.signers[0].hash, CMS_SHA384);
	TAKEN(&cms, .hash = sha384, .scheme = rsa);
	REFUSED("neither SHA-256", .hash = sha224);
	REFUSED("nor ECDSA with the signer's own hash", .scheme = ecdsa384);
	REFUSED("neither RSA", .scheme = sha256_rsa);
	REFUSED("does not belong to an algorithm", .scheme = rsa_bad);
	REFUSED("the hash algorithms in front are not those", .other_hashes = true);
}

static void what_is_signed_is_the_image_alone(void **state)
{
	REFUSED("signed attributes", .attributes = "\xa0\x02\x30\x00");
	REFUSED("attributes that nobody signed", .unsigned_attributes = "\xa1\x02\x30\x00");
	REFUSED("revocation lists", .lists = "\xa1\x02\x30\x00");
	REFUSED("not plain data", .content = other_data);
	REFUSED("has to be detached", .within = "\xa0\x02\x04\x00");
}

static void nothing_else_is_in_it(void **state)
{
	REFUSED("does not belong to a signer", .extra = IN_SIGNER);
	REFUSED("does not belong to the signed data", .extra = IN_DATA);
	REFUSED("does not belong to the message", .extra = AROUND_DATA);
	REFUSED("does not belong to the message", .extra = IN_MESSAGE);
}

static void signers_and_certificates_have_a_limit(void **state)
{
	struct cms cms;

	TAKEN(&cms, .n_signers = CMS_MAX_SIGNERS);
	assert_int_equal(cms.n_signers, CMS_MAX_SIGNERS);
	REFUSED("more than 8 signers", .n_signers = CMS_MAX_SIGNERS + 1);
	REFUSED("nobody has signed", .no_signer = true);
	TAKEN(&cms, .n_certificates = CMS_MAX_CERTIFICATES);
	assert_int_equal(cms.n_certificates, CMS_MAX_CERTIFICATES);
	REFUSED("more than 8 certificates", .n_certificates = CMS_MAX_CERTIFICATES + 1);
}

static void the_whole_has_a_limit(void **state)
{
	static struct builder b;
	struct parts parts = {.n_certificates = 1, .padding = 60000};
	struct diag diag = {0};
	struct cms cms;

	build(&b, &parts);
	parts.padding += CMS_MAX_SIZE - size_of(&b);
	build(&b, &parts);
	assert_int_equal(size_of(&b), CMS_MAX_SIZE);
	assert_int_equal(read_built(&b, &cms, &diag), 0);
	assert_int_equal(cms_read(b.bytes, CMS_MAX_SIZE + 1, &cms, &diag), CMS_E_INVALID);
	assert_non_null(strstr(diag.text, "too many"));
}

static void every_truncation_and_every_byte_more_is_refused(void **state)
{
	static struct builder b;
	struct diag diag = {0};
	struct cms cms;

	build(&b, &(struct parts){.n_certificates = 1});
	for (size_t n = 0; n < size_of(&b); n++)
		assert_int_equal(cms_read(b.bytes + b.at, n, &cms, NULL), CMS_E_INVALID);
	/* The zero that stands before it stands behind it now. */
	memmove(b.bytes + b.at - 1, b.bytes + b.at, size_of(&b));
	b.bytes[sizeof(b.bytes) - 1] = 0;
	b.at--;
	assert_int_equal(read_built(&b, &cms, &diag), CMS_E_INVALID);
	assert_non_null(strstr(diag.text, "something follows the signature"));
}

static void lengths_and_tags_are_der(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *why;
	} rows[] = {
		{"\x30\x80\x00\x00", 4, "not DER, or beyond"},
		{"\x30\x81\x05\x06\x03\x55\x04\x03", 8, "it has a shorter form"},
		{"\x30\x82\x00\x05\x06\x03\x55\x04\x03", 9, "it has a shorter form"},
		{"\x30\x83\x00\x00\x05\x06\x03\x55\x04\x03", 10, "not DER, or beyond"},
		{"\x30\xff\x00", 3, "cut short"},
		{"\x30\x82\x01", 3, "cut short"},
		{"\x30\x05\x06\x03\x55\x04\x03", 7, "not a signature"},
		{"\x30\x02\x04\x00", 4, "the message's type should be here"},
		{"\x3f\x00", 2, "a CMS message in DER should be here"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct diag diag = {0};
		struct cms cms;

		assert_int_equal(cms_read(rows[i].bytes, rows[i].size, &cms, &diag), CMS_E_INVALID);
		if (!strstr(diag.text, rows[i].why))
			fail_msg("%zu: %s", i, diag.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signer_is_named_by_issuer_and_serial),
		cmocka_unit_test(or_by_key_id),
		cmocka_unit_test(versions_have_to_agree),
		cmocka_unit_test(an_issuer_is_a_name),
		cmocka_unit_test(hash_and_scheme_are_of_the_list),
		cmocka_unit_test(what_is_signed_is_the_image_alone),
		cmocka_unit_test(nothing_else_is_in_it),
		cmocka_unit_test(signers_and_certificates_have_a_limit),
		cmocka_unit_test(the_whole_has_a_limit),
		cmocka_unit_test(every_truncation_and_every_byte_more_is_refused),
		cmocka_unit_test(lengths_and_tags_are_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
