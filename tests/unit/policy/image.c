// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "fixture.h"
#include "policy/image-check.h"
#include "test.h"

static void ids_come_from_names_and_stay_clear_of_ours(void **state)
{
	uint32_t id = 0;

	/* printf holdfast-domain:xdp-filter | sha256sum: 741631a6... */
	assert_int_equal(image_domain_id("xdp-filter", &id), 0);
	assert_int_equal(id, 0xa6311674u);
	/* Found by search: its hash begins with 05 00 00 00. */
	assert_int_equal(image_domain_id("d2394a1d0", &id), 0);
	assert_int_equal(id, 5 + DOMAIN_FIRST);
}

static void names_are_short_words(void **state)
{
	static const char *const good[] = {"a",	      "0",	 "xdp-filter",
					   "a.b_c-d", "selfish", "a234567890123456789012345678901"};
	static const char *const bad[] = {"",
					  "-a",
					  ".a",
					  "_a",
					  "A",
					  "a b",
					  "a/b",
					  "\xc3\xbc",
					  "self",
					  "canary",
					  "stranger",
					  "none",
					  "a2345678901234567890123456789012"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(image_domain_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(image_domain_name_valid(bad[i]));
	assert_true(image_policy_name_valid("self"));
	assert_true(image_policy_name_valid(
		"a23456789012345678901234567890123456789012345678901234567890123"));
	assert_false(image_policy_name_valid(
		"a234567890123456789012345678901234567890123456789012345678901234"));
}

static void a_unit_is_a_service_whose_cgroup_has_its_name(void **state)
{
	static const char *const good[] = {
		"a.service",
		"a@b.service",
		"falco-modern-bpf.service",
		"cpux.service",
		"x.cpu.service",
		"a:b_c.d.service",
		"a2345678901234567890123456789012345678901234567890123.service"};
	static const char *const bad[] = {
		"",
		".service",
		"a",
		"a.socket",
		"a@.service",
		"@a.service",
		"_a.service",
		".a.service",
		"cpu.service",
		"memory.x.service",
		"cgroup.service",
		"a b.service",
		"a/b.service",
		"a\\x2d.service",
		"\xc3\xbc.service",
		"a.serviceX",
		"a234567890123456789012345678901234567890123456789012345X.service"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(image_unit_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(image_unit_name_valid(bad[i]));
}

static void a_pin_never_reaches_the_guards_own(void **state)
{
	static const char *const good[] = {"/sys/fs/bpf/a", "/run/x", "/sys/fs/bpf/holdfast2"};
	static const char *const bad[] = {"/",
					  "/sys",
					  "/sys/fs",
					  "/sys/fs/bpf",
					  "/sys/fs/bpf/holdfast",
					  "/sys/fs/bpf/holdfast/maps",
					  "/run",
					  "run/x",
					  "/run/x/",
					  "/run//x",
					  "/run/../x"};
	char path[IMAGE_PATH_LEN + 1] = "/run/";

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(image_pin_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(image_pin_valid(bad[i]));

	memset(path + 5, 'x', IMAGE_PATH_LEN - 5);
	assert_false(image_pin_valid(path)); /* 256 bytes */
	path[IMAGE_PATH_LEN - 1] = '\0';
	assert_true(image_pin_valid(path)); /* 255 */
}

/* clang-format off */
static const char limited[] =
	HEAD("1", "enforce")
	"domains: [{name: a, executables: [{digest: " DIGEST("1") ", size: 1, launch: any}]}]\n"
	"admission:\n"
	"  limits: {kfuncs: [f], maps: []}\n"
	"  allow:\n"
	"    - {digest: " DIGEST("2") ", size: 1, reason: r, programs: [ext],"
		" limits: {helpers: [], digests: [\"tag:0000000000000001\"]}}\n"
	"    - {digest: " DIGEST("3") ", size: 1, reason: r, programs: [ext],"
		" limits: {digests: [\"tag:0000000000000001\", " DIGEST("4") "]}}\n"
	"    - {digest: " DIGEST("5") ", size: 1, reason: r, programs: [ext],"
		" limits: {digests: []}}\n"
	"    - {digest: " DIGEST("6") ", size: 1, reason: r, programs: [ext]}\n";
/* clang-format on */

static void what_a_kernel_cannot_judge_is_known(void **state)
{
	static const struct image_kernel old = {.calls = false, .digest = IMAGE_DIGEST_TAG},
					 new = {.calls = true, .digest = IMAGE_DIGEST_SHA256};
	static const uint32_t on_old[] = {IMAGE_LIMIT_HELPERS, 0, 0, 0},
			      on_new[] = {IMAGE_LIMIT_DIGESTS, 0, 0, 0};
	_cleanup_free_ void *image = NULL;
	size_t size;

	image = fixture_image(limited, &size);
	assert_int_equal(image_limits_blind(image, image_limits_of(image, NULL), &old),
			 IMAGE_LIMIT_KFUNCS);
	assert_int_equal(image_limits_blind(image, image_limits_of(image, NULL), &new), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(on_old); i++) {
		const struct image_limits *l = image_limits_of(image, &image_admissions(image)[i]);

		assert_int_equal(image_limits_blind(image, l, &old), on_old[i]);
		assert_int_equal(image_limits_blind(image, l, &new), on_new[i]);
	}
}

static void what_a_policy_says_is_found_in_its_image(void **state)
{
	/* clang-format off */
	static const char text[] =
		HEAD("3", "enforce")
		"domains:\n"
		"  - name: a\n"
		"    executables: [{digest: " DIGEST("1") ", size: 100, launch: any}]\n"
		"    libraries: [{digest: " DIGEST("2") "}]\n"
		"    pins: [/sys/fs/bpf/a]\n"
		"  - name: b\n"
		"    mode: observe\n"
		"    executables: [{digest: " DIGEST("3") ", size: 5000, launch: parent a}]\n"
		"switches: {open: [mac], close: [clock]}\n";
	/* clang-format on */
	const struct image_domain *a, *b;
	const struct image_executable *e;
	uint8_t digest[IMAGE_DIGEST_LEN];
	_cleanup_free_ void *image = NULL;
	const struct image_header *h;
	size_t size;

	image = fixture_image(text, &size);
	h = image_header(image);
	assert_int_equal(h->version, 3);
	assert_int_equal(h->mode, IMAGE_MODE_ENFORCE);
	assert_int_equal(h->ring_kib, IMAGE_RING_DEFAULT_KIB);
	assert_int_equal(h->switches, IMAGE_SWITCH_MAC | IMAGE_CLOSED_CLOCK);
	assert_string_equal(h->name, "t");

	a = image_domain_find_name(image, "a");
	b = image_domain_find_name(image, "b");
	assert_int_equal(a->mode, IMAGE_MODE_ENFORCE);
	assert_int_equal(b->mode, IMAGE_MODE_OBSERVE);
	assert_ptr_equal(image_domain_find(image, b->id), b);
	assert_null(image_domain_find(image, 7));
	assert_null(image_domain_find_name(image, "c"));

	memset(digest, 0x33, sizeof(digest));
	e = image_executable_find(image, digest);
	assert_int_equal(e->size, 5000);
	assert_int_equal(e->launch, IMAGE_LAUNCH_PARENT);
	assert_int_equal(e->launch_domain, a->id);
	assert_true(image_trusts(image, digest, b->id));
	assert_false(image_trusts(image, digest, a->id));
	memset(digest, 0x22, sizeof(digest));
	assert_null(image_executable_find(image, digest));
	assert_true(image_trusts(image, digest, a->id));

	assert_int_equal(image_pin_find(image, "/sys/fs/bpf/a")->domain, a->id);
	assert_null(image_pin_find(image, "/sys/fs/bpf"));

	/* 100 and 5000 % 4096 = 904, and nothing else */
	for (unsigned bit = 0; bit < 4096; bit++)
		assert_int_equal(h->size_filter[bit / 64] >> (bit % 64) & 1,
				 bit == 100 || bit == 904);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_come_from_names_and_stay_clear_of_ours),
		cmocka_unit_test(names_are_short_words),
		cmocka_unit_test(a_unit_is_a_service_whose_cgroup_has_its_name),
		cmocka_unit_test(a_pin_never_reaches_the_guards_own),
		cmocka_unit_test(what_a_kernel_cannot_judge_is_known),
		cmocka_unit_test(what_a_policy_says_is_found_in_its_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
