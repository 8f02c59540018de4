// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/compile.h"

#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "fixture.h"
#include "policy/image-check.h"
#include "policy/lock.h"
#include "policy/tree.h"
#include "test.h"

#define HEX(digit) "sha256:" DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit)
#define LINE(kind, domain, digit, path) kind " " domain " " HEX(digit) " 10 " path "\n"

/* clang-format off */
static const char text[] =
	HEAD("1", "observe")
	"domains:\n"
	"  - name: a\n"
	"    executables:\n"
	"      - {path: /bin/x, launch: unit x.service}\n"
	"      - {digest: " DIGEST("9") ", size: 20, launch: any}\n"
	"    libraries: [{path: /p}, {digest: " DIGEST("8") "}]\n"
	"    pins: [/run/b, /run/a]\n"
	"    files: [/etc/a]\n"
	"  - name: b\n"
	"    executables: [{path: /bin/y, launch: any}]\n"
	"admission:\n"
	"  allow: [{executable: /bin/z, programs: [ext], libraries: [{digest: " DIGEST("6") "}]}]\n";
/* clang-format on */

/* clang-format off */
static const char lock_text[] =
	"holdfast-lock 1\npolicy t\n"
	LINE("executable", "a", "1", "/bin/x")
	LINE("library", "a", "2", "/p")
	LINE("needed", "a", "3", "/also-c")
	LINE("needed", "a", "3", "/c")
	LINE("executable", "admission:1", "5", "/bin/z")
	LINE("needed", "admission:1", "3", "/c")
	LINE("executable", "b", "4", "/bin/y")
	LINE("needed", "b", "3", "/c");
/* clang-format on */

static struct lock *read_lock(const char *content)
{
	struct lock *lock = NULL;
	struct diag diag = {0};

	if (lock_read("t.lock", content, strlen(content), &lock, &diag))
		fail_msg("%u: %s", diag.line, diag.text);
	return lock;
}

/* clang-format off */
static const char admitted_text[] =
	"holdfast-lock 1\npolicy t\n"
	LINE("executable", "a", "1", "/bin/x")
	LINE("executable", "a", "7", "/bin/x")
	LINE("library", "a", "2", "/p")
	LINE("executable", "admission:1", "5", "/bin/z")
	LINE("executable", "admission:1", "c", "/bin/z")
	LINE("needed", "admission:1", "3", "/c")
	LINE("executable", "b", "4", "/bin/y");
/* clang-format on */

static void each_digest_of_a_path_counts(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);
	_cleanup_(lock_freep) struct lock *lock = read_lock(admitted_text);
	_cleanup_free_ void *image = NULL;
	const struct image_executable *old, *new;
	uint8_t one[32], seven[32], three[32], five[32], c[32];
	size_t size;

	memset(one, 0x11, 32);
	memset(seven, 0x77, 32);
	memset(three, 0x33, 32);
	memset(five, 0x55, 32);
	memset(c, 0xcc, 32);
	assert_int_equal(lock_agrees(lock, "t.lock", policy, NULL), 0);
	assert_int_equal(compile_policy(policy, lock, &image, &size, NULL), 0);
	assert_int_equal(image_check(image, size, NULL), 0);
	old = image_executable_find(image, one);
	new = image_executable_find(image, seven);
	assert_non_null(old);
	assert_non_null(new);
	assert_string_equal(new->path, "/bin/x");
	assert_string_equal(new->unit, "x.service");
	assert_int_equal(new->domain, old->domain);
	assert_true(image_trusts(image, seven, new->domain));
	assert_true(image_admission_find(image, five) && image_admission_find(image, c));
	assert_true(image_trusts(image, three, image_admission_id(five)));
	assert_true(image_trusts(image, three, image_admission_id(c)));
}

static void policy_and_lock_come_together_in_the_image(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);
	_cleanup_(lock_freep) struct lock *lock = read_lock(lock_text);
	_cleanup_free_ void *image = NULL;
	const struct image_executable *e;
	uint8_t digest[IMAGE_DIGEST_LEN];
	uint32_t a, b;
	size_t size;

	assert_int_equal(compile_policy(policy, lock, &image, &size, NULL), 0);
	assert_int_equal(image_check(image, size, NULL), 0);
	a = image_domain_find_name(image, "a")->id;
	b = image_domain_find_name(image, "b")->id;

	/* a: 1 9 2 8 3, b: 4 3, a rule: 5 6 3; two paths to content 3 are one trusted file */
	assert_int_equal(image_header(image)->n_trusted, 10);
	for (unsigned digit = 1; digit < 10; digit++) {
		memset(digest, (int)(digit * 0x11), sizeof(digest));
		assert_int_equal(image_trusts(image, digest, a),
				 strchr("19283", '0' + (int)digit) != NULL);
		assert_int_equal(image_trusts(image, digest, b),
				 strchr("43", '0' + (int)digit) != NULL);
		assert_int_equal(image_trusts(image, digest, 0x55555555u),
				 strchr("563", '0' + (int)digit) != NULL);
	}

	memset(digest, 0x55, sizeof(digest));
	assert_string_equal(image_admission_path(image, image_admission_find(image, digest)),
			    "/bin/z");
	assert_ptr_equal(image_admission_of(image, 0x55555555u),
			 image_admission_find(image, digest));
	assert_null(image_admission_of(image, 0x55555556u));
	assert_int_equal(image_admission_find(image, digest)->id, 0x55555555u);
	assert_int_equal(image_admission_find(image, digest)->programs, image_program("ext"));
	memset(digest, 0x11, sizeof(digest));
	assert_null(image_admission_find(image, digest));
	e = image_executable_find(image, digest);
	assert_string_equal(e->path, "/bin/x");
	assert_string_equal(e->unit, "x.service");
	assert_int_equal(e->size, 10);
	memset(digest, 0x99, sizeof(digest));
	e = image_executable_find(image, digest);
	assert_string_equal(e->path, "");
	assert_int_equal(e->size, 20);
	assert_int_equal(image_header(image)->n_files, 6); /* /c is needed twice */
	assert_string_equal(image_files(image)[0].path, "/also-c");
	assert_string_equal(image_files(image)[5].path, "/p");
	assert_string_equal(image_pins(image)[0].path, "/etc/a");
	assert_int_equal(image_pins(image)[0].kind, IMAGE_PIN_FILE);
	assert_string_equal(image_pins(image)[1].path, "/run/a");
	assert_int_equal(image_pins(image)[1].kind, IMAGE_PIN_OBJECT);
	assert_string_equal(image_pins(image)[2].path, "/run/b");
}

#define TWICE(kind, digit, verity)                                                              \
	kind " a sha256:" DIGIT_16(digit) DIGIT_16(digit) DIGIT_16(digit)                       \
		DIGIT_16(digit) " fsverity:" DIGIT_16(verity) DIGIT_16(verity) DIGIT_16(verity) \
			DIGIT_16(verity) " 10 "

static void a_content_has_its_other_digest_in_the_image(void **state)
{
	static const char policy_text[] = HEAD(
		"1",
		"observe") "domains: [{name: a, executables: [{path: /bin/x, launch: any}]}]\n";
	static const char good[] =
		"holdfast-lock 1\npolicy t\n" TWICE("executable", "1", "9") "/bin/x\n" TWICE(
			"needed", "2", "8") "/a\n" TWICE("needed", "2", "8") "/b\n";
	static const char bad[] = "holdfast-lock 1\npolicy t\n" TWICE(
		"executable", "1", "9") "/bin/x\n" TWICE("needed", "2", "9") "/a\n";
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(policy_text);
	_cleanup_(lock_freep) struct lock *lock = read_lock(good), *liar = read_lock(bad);
	_cleanup_free_ void *image = NULL, *none = NULL;
	uint8_t verity[IMAGE_DIGEST_LEN];
	struct diag diag = {0};
	size_t size;

	assert_int_equal(compile_policy(policy, lock, &image, &size, NULL), 0);
	assert_int_equal(image_check(image, size, NULL), 0);
	assert_int_equal(image_header(image)->n_verities, 2);
	memset(verity, 0x99, sizeof(verity));
	assert_int_equal(image_verity_find(image, verity)->digest[0], 0x11);
	memset(verity, 0x88, sizeof(verity));
	assert_int_equal(image_verity_find(image, verity)->digest[31], 0x22);
	memset(verity, 0x11, sizeof(verity));
	assert_null(image_verity_find(image, verity));

	assert_int_equal(compile_policy(policy, liar, &none, &size, &diag), POLICY_E_INVALID);
	assert_non_null(strstr(diag.text, "one fs-verity digest for two contents"));
}

static void one_content_cannot_be_two_rules(void **state)
{
	/* clang-format off */
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(
		HEAD("1", "observe")
		"domains: [{name: a, executables: [{digest: " DIGEST("1") ", size: 1, launch: any}]}]\n"
		"admission:\n"
		"  allow:\n"
		"    - {digest: " DIGEST("2") ", size: 1, programs: [ext], reason: x}\n"
		"    - {digest: " DIGEST("2") ", size: 1, programs: [lsm], reason: z}\n");
	/* clang-format on */
	_cleanup_(lock_freep) struct lock *lock = read_lock("holdfast-lock 1\npolicy t\n");
	struct diag diag = {0};
	void *image = NULL;
	size_t size;

	assert_int_equal(compile_policy(policy, lock, &image, &size, &diag), POLICY_E_INVALID);
	assert_int_equal(diag.line, 9);
	assert_string_equal(diag.text,
			    "the content is that of the rule in line 8: make one rule of them");
}

static void the_order_in_the_policy_does_not_change_a_byte(void **state)
{
	/* clang-format off */
	static const char one[] =
		HEAD("1", "observe")
		"domains:\n"
		"  - name: a\n"
		"    executables: [{digest: " DIGEST("1") ", size: 1, launch: any}]\n"
		"    pins: [/run/a, /run/b]\n"
		"  - {name: b, executables: [{digest: " DIGEST("2") ", size: 2, launch: any}]}\n";
	static const char two[] =
		HEAD("1", "observe")
		"domains:\n"
		"  - {name: b, executables: [{digest: " DIGEST("2") ", size: 2, launch: any}]}\n"
		"  - pins: [/run/b, /run/a]\n"
		"    name: a\n"
		"    executables: [{launch: any, size: 1, digest: " DIGEST("1") "}]\n";
	/* clang-format on */
	_cleanup_free_ void *x = NULL, *y = NULL;
	size_t size_x, size_y;

	x = fixture_image(one, &size_x);
	y = fixture_image(two, &size_y);
	assert_int_equal(size_x, size_y);
	assert_memory_equal(x, y, size_x);
}

static void one_content_cannot_be_two_executables(void **state)
{
	static const char *const texts[] = {
		HEAD("1", "observe") "domains:\n"
				     "  - {name: a, executables: [{path: /bin/x, launch: any}]}\n"
				     "  - {name: b, executables: [{path: /bin/y, launch: any}]}\n",
		HEAD("1", "observe") "domains:\n"
				     "  - {name: a, executables: [{path: /bin/x, launch: any}]}\n"
				     "  - {name: b, executables: [{digest: " DIGEST(
					     "1") ", size: 10, launch: any}]}\n",
	};
	static const char *const locks[] = {
		"holdfast-lock 1\npolicy t\n" LINE("executable", "a", "1", "/bin/x")
			LINE("executable", "b", "1", "/bin/y"),
		"holdfast-lock 1\npolicy t\n" LINE("executable", "a", "1", "/bin/x"),
	};

	for (size_t i = 0; i < 2; i++) {
		_cleanup_(policy_freep) struct policy *policy = fixture_parse(texts[i]);
		_cleanup_(lock_freep) struct lock *lock = read_lock(locks[i]);
		struct diag diag = {0};
		void *image = NULL;
		size_t size;

		assert_int_equal(compile_policy(policy, lock, &image, &size, &diag),
				 POLICY_E_INVALID);
		assert_null(image);
		assert_int_equal(diag.line, 7);
		assert_int_equal(diag.column, 29);
		assert_non_null(
			strstr(diag.text, "the content is that of the executable in line 6"));
	}
}

/* A lock in which one domain needs n different files. */
static struct lock *needs(size_t n)
{
	_cleanup_free_ char *content = NULL;
	size_t size;
	FILE *f = open_memstream(&content, &size);

	fprintf(f, "holdfast-lock 1\npolicy t\n" LINE("executable", "a", "f", "/bin/x"));
	for (size_t i = 0; i < n; i++)
		fprintf(f, "needed a sha256:%064zx 10 /%06zu\n", i, i);
	fclose(f);
	return read_lock(content);
}

static void files_have_a_limit(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(HEAD(
		"1",
		"observe") "domains:\n  - {name: a, executables: [{path: /bin/x, launch: any}]}\n");
	_cleanup_(lock_freep) struct lock *good = needs(IMAGE_MAX_FILES - 1);
	_cleanup_(lock_freep) struct lock *bad = needs(IMAGE_MAX_FILES);
	_cleanup_free_ void *image = NULL;
	struct diag diag = {0};
	void *none = NULL;
	size_t size;

	assert_int_equal(compile_policy(policy, good, &image, &size, NULL), 0);
	assert_int_equal(image_check(image, size, NULL), 0);
	assert_int_equal(image_header(image)->n_files, IMAGE_MAX_FILES);
	assert_int_equal(compile_policy(policy, bad, &none, &size, &diag), POLICY_E_INVALID);
	assert_null(none);
	assert_non_null(strstr(diag.text, "1025 files, the limit is 1024"));
}

#define MANY 32 /* domains */

/* So many domains that come to n trusted digests. */
static struct policy *trusts(size_t n)
{
	_cleanup_free_ char *content = NULL;
	size_t size;
	FILE *f = open_memstream(&content, &size);

	fprintf(f, HEAD("1", "observe") "domains:\n");
	for (size_t d = 0; d < MANY; d++) {
		size_t here = n / (MANY - d);

		fprintf(f, "  - name: d%zu\n    executables:\n", d);
		fprintf(f, "      - {digest: \"sha256:%064zx\", size: 1, launch: any}\n", d);
		fprintf(f, "    libraries:\n");
		for (size_t i = 1; i < here; i++)
			fprintf(f, "      - digest: \"sha256:%064zx\"\n", 100 + i);
		n -= here;
	}
	fclose(f);
	return fixture_parse(content);
}

static void trusted_digests_have_a_limit(void **state)
{
	_cleanup_(policy_freep) struct policy *good = trusts(IMAGE_MAX_TRUSTED);
	_cleanup_(policy_freep) struct policy *bad = trusts(IMAGE_MAX_TRUSTED + 1);
	_cleanup_(lock_freep) struct lock *lock = read_lock("holdfast-lock 1\npolicy t\n");
	_cleanup_free_ void *image = NULL;
	struct diag diag = {0};
	void *none = NULL;
	size_t size;

	assert_int_equal(compile_policy(good, lock, &image, &size, NULL), 0);
	assert_int_equal(image_check(image, size, NULL), 0);
	assert_int_equal(image_header(image)->n_trusted, IMAGE_MAX_TRUSTED);
	assert_int_equal(compile_policy(bad, lock, &none, &size, &diag), POLICY_E_INVALID);
	assert_null(none);
	assert_non_null(strstr(diag.text, "32769 trusted files, the limit is 32768"));
}

/* Digests that begin as digests do, or alike. */
static char *rules(size_t n, bool alike)
{
	char *content = NULL;
	size_t size;
	FILE *f = open_memstream(&content, &size);

	fprintf(f, HEAD("1", "observe") "domains: [{name: a, executables: [{digest: " DIGEST(
			   "e") ", size: 1, launch: any}]}]\nadmission:\n  allow:\n");
	for (size_t i = 0; i < n; i++)
		fprintf(f,
			"    - {digest: \"sha256:%08zx%056zx\", size: 1, programs: [lsm], reason: r}\n",
			alike ? i : (i * 2654435761u) & 0xffffffff, i);
	fclose(f);
	return content;
}

static void each_of_very_many_rules_is_found_at_once(void **state)
{
	_cleanup_free_ char *content = rules(IMAGE_MAX_ADMISSIONS, false);
	_cleanup_free_ void *image = NULL;
	const struct image_header *h;
	uint32_t far = 0;
	size_t size;

	image = fixture_image(content, &size);
	assert_int_equal(image_check(image, size, NULL), 0);
	h = image_header(image);
	assert_int_equal(h->n_admissions, IMAGE_MAX_ADMISSIONS);
	assert_int_equal(h->n_slots, IMAGE_MAX_SLOTS);
	for (uint32_t i = 0; i < h->n_admissions; i++) {
		const struct image_admission *a = &image_admissions(image)[i];
		uint32_t probe = 0;

		assert_ptr_equal(image_admission_of(image, a->id), a);
		while (image_slot_table(image)[IMAGE_SLOT(h, a->id + probe)] != i + 1)
			probe++;
		far += probe;
	}
	assert_true(far < h->n_admissions); /* a second look is the exception */
}

static void rules_that_begin_too_much_alike_are_refused(void **state)
{
	_cleanup_free_ char *content = rules(100, true);
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(content);
	_cleanup_(lock_freep) struct lock *lock = read_lock("holdfast-lock 1\npolicy t\n");
	struct diag diag = {0};
	void *image = NULL;
	size_t size;

	assert_int_equal(compile_policy(policy, lock, &image, &size, &diag), POLICY_E_INVALID);
	assert_non_null(strstr(diag.text, "begin too much alike"));
}

static void rules_have_a_limit(void **state)
{
	_cleanup_free_ char *content = rules(IMAGE_MAX_ADMISSIONS + 1, false);

	fixture_refused(content, 16392, 7, "allow: expected 0 to 16384 rules, got 16385");
}

static void the_guard_enforces_if_one_domain_does(void **state)
{
	/* clang-format off */
	static const char text_mixed[] =
		HEAD("1", "observe")
		"domains:\n"
		"  - {name: a, executables: [{path: /a, launch: any}]}\n"
		"  - {name: b, mode: enforce, executables: [{path: /b, launch: any}]}\n";
	/* clang-format on */
	_cleanup_free_ void *image = NULL;
	size_t size;

	image = fixture_image(text_mixed, &size);
	assert_int_equal(image_header(image)->mode, IMAGE_MODE_ENFORCE);
	assert_int_equal(image_domain_find_name(image, "a")->mode, IMAGE_MODE_OBSERVE);
	assert_int_equal(image_domain_find_name(image, "b")->mode, IMAGE_MODE_ENFORCE);
	assert_int_equal(image_header(image)->n_files, 2);
	assert_string_equal(image_files(image)[1].path, "/b");
}

struct input {
	const struct policy *policy;
	const struct lock *lock;
};

static int compile_and_free(void *userdata)
{
	const struct input *input = userdata;
	_cleanup_free_ void *image = NULL;
	size_t size;

	return compile_policy(input->policy, input->lock, &image, &size, NULL);
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = fixture_parse(text);
	_cleanup_(lock_freep) struct lock *lock = read_lock(lock_text);

	alloc_check(compile_and_free, &(struct input){policy, lock});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_digest_of_a_path_counts),
		cmocka_unit_test(policy_and_lock_come_together_in_the_image),
		cmocka_unit_test(a_content_has_its_other_digest_in_the_image),
		cmocka_unit_test(one_content_cannot_be_two_rules),
		cmocka_unit_test(the_order_in_the_policy_does_not_change_a_byte),
		cmocka_unit_test(one_content_cannot_be_two_executables),
		cmocka_unit_test(files_have_a_limit),
		cmocka_unit_test(trusted_digests_have_a_limit),
		cmocka_unit_test(each_of_very_many_rules_is_found_at_once),
		cmocka_unit_test(rules_that_begin_too_much_alike_are_refused),
		cmocka_unit_test(rules_have_a_limit),
		cmocka_unit_test(the_guard_enforces_if_one_domain_does),
		cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
