// SPDX-License-Identifier: LGPL-2.1-or-later
/* Policies that are signed: what holdfastd wants of them, and what it leaves to the guard. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/system.h"
#include "bpf/trust-api.h"
#include "guard/highwater.h"
#include "guard/image-fd.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

static const struct test_image same = {IMAGE_MODE_ENFORCE, 7, "agent", 2};

static uint64_t version_in_force(void)
{
	return image_header(fake_kernel()->image)->version;
}

static void boot_image_is_signed_where_a_certificate_lies(void **state)
{
	struct world *world = *state;
	struct test_image spec = {IMAGE_MODE_OBSERVE, 7, "agent", 2};
	char signature[2 * WORLD_PATH];
	size_t size;
	_cleanup_free_ char *image = test_image_make(&spec, &size);

	(void)snprintf(signature, sizeof(signature), "%s.p7s", world->boot_image);
	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	assert_int_equal(file_write_atomic(world->boot_trust, "certificate", 11, 0644), 0);
	assert_int_equal(world_start(world), SERVER_E_IMAGE);
	assert_false(fake_kernel()->up);
	assert_int_equal(file_write_atomic(signature, "signature", 9, 0644), 0);
	assert_int_equal(world_start(world), 0);
	assert_int_equal(fake_kernel()->trust, GUARD_TRUST_SIGNED);

	/* what has no signature is the guard's to refuse, and it does */
	assert_int_equal(world_reload(world, NULL, &same), PROTOCOL_E_TRUST);
	assert_int_equal(version_in_force(), 7);
}

static void more_than_a_signature_can_have_is_refused(void **state)
{
	struct world *world = *state;
	char signature[2 * WORLD_PATH];
	static char big[TRUST_SIGNATURE_MAX + 1];
	size_t size;
	_cleanup_free_ char *image = test_image_make(&same, &size);

	(void)snprintf(signature, sizeof(signature), "%s.p7s", world->boot_image);
	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	assert_int_equal(file_write_atomic(world->boot_trust, "certificate", 11, 0644), 0);
	assert_int_equal(file_write_atomic(signature, big, sizeof(big), 0644), 0);
	assert_int_equal(world_start(world), SERVER_E_IMAGE);
	assert_int_equal(file_write_atomic(signature, "signature", 9, 0644), 0);
	assert_int_equal(file_write_atomic(world->boot_trust, big, sizeof(big), 0644), 0);
	assert_int_equal(world_start(world), SERVER_E_IMAGE);
	assert_false(fake_kernel()->up);
}

static void nothing_that_vouches_is_empty(void **state)
{
	struct world *world = *state;
	char signature[2 * WORLD_PATH];
	size_t size;
	_cleanup_free_ char *image = test_image_make(&same, &size);

	(void)snprintf(signature, sizeof(signature), "%s.p7s", world->boot_image);
	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	assert_int_equal(file_write_atomic(signature, "signature", 9, 0644), 0);
	assert_int_equal(file_write_atomic(world->boot_trust, "", 0, 0644), 0);
	assert_int_equal(world_start(world), SERVER_E_IMAGE);
	assert_int_equal(file_write_atomic(world->boot_trust, "certificate", 11, 0644), 0);
	assert_int_equal(file_write_atomic(signature, "", 0, 0644), 0);
	assert_int_equal(world_start(world), SERVER_E_IMAGE);
	assert_false(fake_kernel()->up);
}

/* The signature is the stronger word, and the guard is who reads it. */
static void signed_image_needs_no_secret(void **state)
{
	struct world *world = *state;
	struct test_image weaker = {IMAGE_MODE_OBSERVE, 8, "agent", 2};
	struct protocol_change reload = {
		.header = {.op = PROTOCOL_RELOAD, .size = sizeof(reload), .n_fds = 2}};
	_cleanup_close_ int image_fd = -EBADF, signature_fd = -EBADF;
	size_t size;
	_cleanup_free_ char *image = test_image_make(&weaker, &size);

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	assert_int_equal(image_fd_new(image, size, &image_fd), 0);
	assert_int_equal(image_fd_new("signature", 9, &signature_fd), 0);
	assert_int_equal(world_ask(world, &reload.header, (int[]){image_fd, signature_fd}),
			 PROTOCOL_REFUSED);
	assert_int_equal(world->answer.refused.error, PROTOCOL_E_SECRET_NEEDED);
	fake_kernel()->trust = GUARD_TRUST_SIGNED;
	assert_int_equal(world_ask(world, &reload.header, (int[]){image_fd, signature_fd}),
			 PROTOCOL_DONE);
	assert_int_equal(version_in_force(), 8);
}

/* A boot with a signed image of that version, of the key that the certificate names. */
static int boot(struct world *world, uint64_t version, const char *certificate)
{
	struct test_image spec = {IMAGE_MODE_OBSERVE, version, "agent", 2};
	char signature[2 * WORLD_PATH];
	size_t size;
	_cleanup_free_ char *image = test_image_make(&spec, &size);

	fake_kernel()->up = false;
	(void)snprintf(signature, sizeof(signature), "%s.p7s", world->boot_image);
	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	assert_int_equal(
		file_write_atomic(world->boot_trust, certificate, strlen(certificate), 0644), 0);
	assert_int_equal(file_write_atomic(signature, "signature", 9, 0644), 0);
	return world_start(world);
}

static struct highwater kept(struct world *world)
{
	_cleanup_close_ int dir = open(world->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct highwater mark = {};

	assert_int_equal(highwater_load(dir, &mark), 0);
	return mark;
}

static void older_version_does_not_come_into_force_after_a_boot(void **state)
{
	struct world *world = *state;
	struct highwater first;

	assert_int_equal(boot(world, 7, "one"), 0);
	first = kept(world);
	assert_int_equal(first.version, 7);
	world_kill(world);
	assert_int_equal(boot(world, 6, "one"), SERVER_E_IMAGE);
	assert_false(fake_kernel()->up);
	assert_int_equal(boot(world, 8, "one"), 0);
	assert_int_equal(kept(world).version, 8);
	assert_int_equal(kept(world).since, first.since);
	world_kill(world);
	/* another key counts from the beginning, and says so */
	assert_int_equal(boot(world, 1, "two"), 0);
	assert_int_equal(kept(world).version, 1);
	assert_memory_not_equal(kept(world).key, first.key, sizeof(first.key));
}

static void version_mark_that_is_damaged_keeps_the_guard_down(void **state)
{
	struct world *world = *state;
	char path[2 * WORLD_PATH];

	assert_int_equal(boot(world, 7, "one"), 0);
	world_kill(world);
	(void)snprintf(path, sizeof(path), "%s/" HIGHWATER_FILE, world->state_dir);
	assert_int_equal(file_write_atomic(path, "x", 1, 0600), 0);
	assert_int_equal(boot(world, 8, "one"), SERVER_E_PLACE);
	assert_false(fake_kernel()->up);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(boot(world, 1, "one"), 0);
}

static void sealed_policy_ends_by_no_word(void **state)
{
	struct world *world = *state;
	struct test_image next = {IMAGE_MODE_SEALED, 9, "agent", 2};

	assert_int_equal(world_start(world), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_SEALED, 8), 0);
	assert_int_equal(world_down(world, world->secret), PROTOCOL_E_SEALED);
	assert_true(fake_kernel()->up);
	/* it may wait for no confirmation, which would be an end as well */
	world->confirm_s = 60;
	assert_int_equal(world_reload(world, world->secret, &next), PROTOCOL_E_CONFIRM);
	world->confirm_s = 0;
	next.mode = IMAGE_MODE_ENFORCE;
	assert_int_equal(world_reload(world, world->secret, &next), 0);
	assert_int_equal(world_down(world, world->secret), 0);
}

static void sealed_policy_at_boot_hears_no_word_but_off(void **state)
{
	struct world *world = *state;
	struct test_image spec = {IMAGE_MODE_SEALED, 7, "agent", 2};
	char cmdline[2 * WORLD_PATH];
	size_t size;
	_cleanup_free_ char *image = test_image_make(&spec, &size);

	(void)snprintf(cmdline, sizeof(cmdline), "%s/cmdline", world->dir);
	assert_int_equal(file_write_atomic(cmdline, "holdfast=observe", 16, 0644), 0);
	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	world->options.cmdline = cmdline;
	/* it enforces, and for that somebody must be its operator */
	assert_int_equal(world_start(world), SERVER_E_OPERATOR);
	assert_int_equal(file_write_atomic(cmdline, "holdfast=off", 12, 0644), 0);
	assert_int_equal(world_start(world), 0);
	assert_false(fake_kernel()->up);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(boot_image_is_signed_where_a_certificate_lies),
		TEST(more_than_a_signature_can_have_is_refused),
		TEST(nothing_that_vouches_is_empty),
		TEST(older_version_does_not_come_into_force_after_a_boot),
		TEST(version_mark_that_is_damaged_keeps_the_guard_down),
		TEST(sealed_policy_ends_by_no_word),
		TEST(sealed_policy_at_boot_hears_no_word_but_off),
		TEST(signed_image_needs_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
