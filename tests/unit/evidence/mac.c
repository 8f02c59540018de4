// SPDX-License-Identifier: LGPL-2.1-or-later
/* A chain of keys, held against libcrypto's HMAC. */

#include "evidence/mac.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "test.h"

static void hmac(uint8_t *key, const void *data, size_t size, uint8_t *ret)
{
	uint8_t out[MAC_LEN];

	assert_non_null(HMAC(EVP_sha256(), key, MAC_LEN, data, size, out, NULL));
	memcpy(ret, out, MAC_LEN);
}

static void each_tag_is_an_hmac_by_a_key_made_of_the_one_before(void **state)
{
	_cleanup_(mac_freep) struct mac *mac = NULL;
	uint8_t key[MAC_LEN] = {1, 2, 3}, data[200] = {9}, tag[MAC_LEN], expected[MAC_LEN];

	assert_int_equal(mac_new(&mac), 0);
	mac_start(mac, key);
	for (size_t size = 0; size <= sizeof(data); size++) {
		assert_int_equal(mac_next(mac, data, size, tag), 0);
		hmac(key, data, size, expected);
		assert_memory_equal(tag, expected, MAC_LEN);
		hmac(key, "next", 4, key);
	}
}

static void a_wrong_tag_leaves_the_key(void **state)
{
	_cleanup_(mac_freep) struct mac *mac = NULL, *other = NULL;
	uint8_t key[MAC_LEN] = {1}, tag[2][MAC_LEN];

	assert_int_equal(mac_new(&mac), 0);
	assert_int_equal(mac_new(&other), 0);
	mac_start(mac, key);
	mac_start(other, key);
	assert_int_equal(mac_next(mac, "a", 1, tag[0]), 0);
	assert_int_equal(mac_next(mac, "b", 1, tag[1]), 0);

	assert_int_equal(mac_check(other, "b", 1, tag[1]), MAC_E_WRONG);
	assert_int_equal(mac_check(other, "b", 1, tag[0]), MAC_E_WRONG);
	for (size_t i = 0; i < MAC_LEN; i++) {
		tag[0][i] ^= 1;
		assert_int_equal(mac_check(other, "a", 1, tag[0]), MAC_E_WRONG);
		tag[0][i] ^= 1;
	}
	assert_int_equal(mac_check(other, "a", 1, tag[0]), 0);
	assert_int_equal(mac_check(other, "a", 1, tag[0]), MAC_E_WRONG);
	assert_int_equal(mac_check(other, "b", 1, tag[1]), 0);
}

static int make(void *userdata)
{
	_cleanup_(mac_freep) struct mac *mac = NULL;

	return mac_new(&mac);
}

static void memory_may_run_out(void **state)
{
	alloc_check(make, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_tag_is_an_hmac_by_a_key_made_of_the_one_before),
		cmocka_unit_test(a_wrong_tag_leaves_the_key),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
