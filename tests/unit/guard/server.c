// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who may ask holdfastd for what, and that nobody's request, however bad, ends it. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "base/system.h"
#include "bpf/events-api.h"
#include "guard/clock.h"
#include "guard/server_world.h"
#include "policy/image-check.h"
#include "test.h"

#define WRONG "0000-0000-0000-0000-0000-0000-0000-0000"

static const struct test_image same = {IMAGE_MODE_ENFORCE, 7, "agent", 2};
static const struct test_image stricter = {IMAGE_MODE_ENFORCE, 8, "agent", 1};
static const struct test_image weaker = {IMAGE_MODE_ENFORCE, 8, "agent", 3};
static const struct test_image older = {IMAGE_MODE_ENFORCE, 6, "agent", 1};
static const struct test_image observing = {IMAGE_MODE_OBSERVE, 9, "agent", 2};

static struct world *started(void **state)
{
	struct world *world = *state;

	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	return world;
}

static struct world *enforcing(void **state)
{
	struct world *world = started(state);

	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	assert_int_equal(strlen(world->secret), 39);
	return world;
}

static void assert_still_answers(struct world *world)
{
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status)};

	assert_int_equal(world_ask(world, &status, NULL), PROTOCOL_STATE);
	protocol_message_done(&world->answer);
}

static uint64_t version_in_force(void)
{
	return image_header(fake_kernel()->image)->version;
}

static void status_before_up_says_that_there_is_no_guard(void **state)
{
	struct world *world = started(state);
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status)};

	assert_int_equal(world_ask(world, &status, NULL), PROTOCOL_STATE);
	assert_int_equal(world->answer.state.up, 0);
	assert_int_equal(world_down(world, NULL), PROTOCOL_E_NOT_UP);
	assert_int_equal(world_reload(world, NULL, &same), PROTOCOL_E_NOT_UP);
}

static void status_hands_out_the_image_in_force(void **state)
{
	struct world *world = enforcing(state);
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status)};
	struct stat st;

	assert_int_equal(world_ask(world, &status, NULL), PROTOCOL_STATE);
	assert_int_equal(world->answer.state.up, 1);
	assert_int_equal(world->answer.state.armed, 1);
	assert_int_equal(world->answer.state.operator_set, 1);
	assert_int_equal(world->answer.state.domains[0].links, 4);
	assert_int_equal(world->answer.state.n_weak, 1);
	assert_int_equal(fstat(world->answer.fds[0], &st), 0);
	assert_int_equal(st.st_size, fake_kernel()->image_size);
	assert_true(fcntl(world->answer.fds[0], F_GET_SEALS) & F_SEAL_WRITE);
	protocol_message_done(&world->answer);
}

static void up_guards_its_own_files(void **state)
{
	(void)enforcing(state);

	/*
	 * run folder, lock, binary, state folder, operator's file, the log's key, its folder and
	 * those below: tail, tile, tile/0, tile/0/000.p, tile/entries, tile/entries/000.p; the
	 * socket by its path
	 */
	assert_int_equal(fake_kernel()->marks, 13);
	assert_int_equal(fake_kernel()->path_marks, 1);
}

static void up_whose_files_cannot_be_guarded_is_taken_down_again(void **state)
{
	struct world *world = started(state);

	fake_kernel()->mark_result = -EPERM;
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), PROTOCOL_E_FATAL);
	assert_false(fake_kernel()->up);
	assert_still_answers(world);
	/* The secret that nobody has seen is not kept. */
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	assert_int_equal(strlen(world->secret), 39);
}

static void second_up_is_refused(void **state)
{
	struct world *world = enforcing(state);

	assert_int_equal(world_up(world, IMAGE_MODE_OBSERVE, 9), PROTOCOL_E_ALREADY_UP);
	assert_int_equal(version_in_force(), 7);
}

static void up_that_the_kernel_refuses_says_so_and_keeps_no_secret(void **state)
{
	struct world *world = started(state);

	fake_kernel()->up_result = GUARD_E_KERNEL;
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), PROTOCOL_E_KERNEL);
	fake_kernel()->up_result = GUARD_E_PROOF;
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), PROTOCOL_E_KERNEL);
	fake_kernel()->up_result = -ENOMEM;
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), PROTOCOL_E_FATAL);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	assert_int_equal(strlen(world->secret), 39);
}

static void down_in_enforce_needs_the_secret(void **state)
{
	struct world *world = enforcing(state);

	assert_int_equal(world_down(world, NULL), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(world_down(world, WRONG), PROTOCOL_E_SECRET_WRONG);
	assert_int_equal(world_down(world, "hunter2"), PROTOCOL_E_SECRET_WRONG);
	assert_true(fake_kernel()->up);
	assert_int_equal(world_down(world, world->secret), 0);
	assert_false(fake_kernel()->up);
}

static void down_leaves_nothing_of_the_runtime_folder(void **state)
{
	struct world *world = enforcing(state);

	assert_int_equal(world_down(world, world->secret), 0);
	assert_int_equal(world->step, SERVER_DOWN);
	world->server = server_free(world->server);
	assert_int_equal(access(world->run_dir, F_OK), -1);
}

static void down_in_observe_needs_no_secret(void **state)
{
	struct world *world = started(state);

	assert_int_equal(world_up(world, IMAGE_MODE_OBSERVE, 7), 0);
	assert_int_equal(world_down(world, NULL), 0);
	assert_false(fake_kernel()->up);
}

static void down_that_fails_leaves_the_guard_held(void **state)
{
	struct world *world = enforcing(state);

	fake_kernel()->down_result = -EBUSY;
	assert_int_equal(world_down(world, world->secret), PROTOCOL_E_FATAL);
	assert_int_equal(world->step, 0);
	assert_int_equal(world_down(world, NULL), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(world_down(world, world->secret), 0);
}

static void next_up_uses_the_secret_that_was_kept(void **state)
{
	struct world *world = enforcing(state);
	char secret[PROTOCOL_SECRET_LEN];

	memcpy(secret, world->secret, sizeof(secret));
	assert_int_equal(world_down(world, secret), 0);
	world->server = server_free(world->server);
	world->step = 0;

	assert_int_equal(world_start(world), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	assert_string_equal(world->secret, "");
	assert_int_equal(world_down(world, WRONG), PROTOCOL_E_SECRET_WRONG);
	assert_int_equal(world_down(world, secret), 0);
}

static void operators_file_that_is_not_ours_is_refused(void **state)
{
	struct world *world = started(state);
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/operator", world->state_dir);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), PROTOCOL_E_STATE_DIR);
	assert_false(fake_kernel()->up);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(file_write_atomic(path, "x", 1, 0600), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), PROTOCOL_E_STATE_DIR);
}

static void five_wrong_secrets_close_the_door_for_a_minute(void **state)
{
	struct world *world = enforcing(state);

	for (int i = 0; i < 5; i++)
		assert_int_equal(world_down(world, "no"), PROTOCOL_E_SECRET_WRONG);
	assert_int_equal(world_down(world, world->secret), PROTOCOL_E_SECRET_LOCKED);
	*world_clock() += 59 * CLOCK_SECOND_NS;
	assert_int_equal(world_down(world, world->secret), PROTOCOL_E_SECRET_LOCKED);
	*world_clock() += 2 * CLOCK_SECOND_NS;
	assert_int_equal(world_down(world, world->secret), 0);
}

static void wrong_secrets_are_in_the_log_and_in_the_status(void **state)
{
	struct world *world = enforcing(state);
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status)};
	_cleanup_free_ char *log = NULL;

	assert_int_equal(world_down(world, "no"), PROTOCOL_E_SECRET_WRONG);
	assert_int_equal(world_ask(world, &status, NULL), PROTOCOL_STATE);
	assert_int_equal(world->answer.state.wrong_secrets, 1);
	protocol_message_done(&world->answer);
	world_idle(world);
	log = world_log(world);
	assert_non_null(strstr(log, "\"note\":\"secret\""));
	assert_non_null(strstr(log, "wrong operator's secret"));
	assert_null(strstr(log, world->secret));
}

static void reload_that_weakens_needs_the_secret(void **state)
{
	struct world *world = enforcing(state);

	assert_int_equal(world_reload(world, NULL, &weaker), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(world_reload(world, WRONG, &weaker), PROTOCOL_E_SECRET_WRONG);
	assert_int_equal(world_reload(world, NULL, &observing), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(version_in_force(), 7);
	assert_int_equal(world_reload(world, world->secret, &weaker), 0);
	assert_int_equal(version_in_force(), 8);
}

static void reload_that_does_not_weaken_needs_no_secret(void **state)
{
	struct world *world = enforcing(state);

	assert_int_equal(world_reload(world, NULL, &same), 0);
	assert_int_equal(world_reload(world, NULL, &stricter), 0);
	assert_int_equal(version_in_force(), 8);
}

static void reload_of_an_older_policy_is_refused_even_with_the_secret(void **state)
{
	struct world *world = enforcing(state);

	assert_int_equal(world_reload(world, world->secret, &older), PROTOCOL_E_ROLLBACK);
	assert_int_equal(version_in_force(), 7);
}

static void reload_of_an_older_policy_is_refused_in_observe(void **state)
{
	struct world *world = started(state);

	assert_int_equal(world_up(world, IMAGE_MODE_OBSERVE, 7), 0);
	assert_int_equal(world_reload(world, NULL, &older), PROTOCOL_E_ROLLBACK);
}

static void reload_that_the_guard_refuses_leaves_the_old_image(void **state)
{
	struct world *world = enforcing(state);

	fake_kernel()->reload_result = GUARD_E_IMAGE;
	assert_int_equal(world_reload(world, NULL, &stricter), PROTOCOL_E_IMAGE);
	fake_kernel()->reload_result = -EIO;
	assert_int_equal(world_reload(world, NULL, &stricter), PROTOCOL_E_FATAL);
	assert_int_equal(version_in_force(), 7);
	assert_int_equal(world_reload(world, NULL, &stricter), 0);
}

static void images_that_are_none_are_refused(void **state)
{
	struct world *world = enforcing(state);
	static const char *const paths[] = {"/tmp", "/dev/zero", "/proc/self/maps", "/bin/sh"};
	_cleanup_close_ int big = memfd_create("big", MFD_CLOEXEC);
	_cleanup_close_ int empty = memfd_create("empty", MFD_CLOEXEC);
	_cleanup_close_ int garbage = memfd_create("garbage", MFD_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		assert_int_equal(world_reload_fd(world, world->secret, fd), PROTOCOL_E_IMAGE);
	}
	assert_int_equal(ftruncate(big, IMAGE_MAX_SIZE + 1), 0);
	assert_int_equal(world_reload_fd(world, world->secret, big), PROTOCOL_E_IMAGE);
	assert_int_equal(ftruncate(big, IMAGE_MAX_SIZE), 0); /* zeroes, but of the right size */
	assert_int_equal(world_reload_fd(world, world->secret, big), PROTOCOL_E_IMAGE);
	assert_int_equal(world_reload_fd(world, world->secret, empty), PROTOCOL_E_IMAGE);
	assert_int_equal(write(garbage, "garbage", 7), 7);
	assert_int_equal(world_reload_fd(world, world->secret, garbage), PROTOCOL_E_IMAGE);
	assert_int_equal(version_in_force(), 7);
	assert_still_answers(world);
}

static void flipped_bit_in_an_image_is_refused(void **state)
{
	struct world *world = enforcing(state);
	size_t size;
	_cleanup_free_ char *image = test_image_make(&stricter, &size);

	for (size_t i = 0; i < size; i += 97) {
		_cleanup_close_ int fd = memfd_create("flipped", MFD_CLOEXEC);

		image[i] ^= 4;
		assert_int_equal(write(fd, image, size), size);
		assert_int_equal(world_reload_fd(world, world->secret, fd), PROTOCOL_E_IMAGE);
		image[i] ^= 4;
	}
	assert_int_equal(version_in_force(), 7);
}

static void reload_into_enforce_makes_the_secret_that_a_boot_could_not_show(void **state)
{
	struct world *world = *state;
	struct test_image spec = {IMAGE_MODE_OBSERVE, 7, "agent", 2};
	size_t size;
	_cleanup_free_ char *image = test_image_make(&spec, &size);
	char secret[PROTOCOL_SECRET_LEN];

	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	assert_int_equal(world_start(world), 0);
	assert_true(fake_kernel()->up);
	assert_int_equal(fake_kernel()->operator.set, 0);

	fake_kernel()->reload_result = -EIO;
	assert_int_equal(world_reload(world, NULL, &same), PROTOCOL_E_FATAL);
	assert_int_equal(fake_kernel()->operator.set, 0);
	assert_int_equal(world_reload(world, NULL, &same), 0);
	memcpy(secret, world->answer.done.secret, sizeof(secret));
	assert_int_equal(strlen(secret), 39);
	assert_int_equal(world_down(world, NULL), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(world_down(world, secret), 0);
}

static void boot_image_that_enforces_needs_an_operator(void **state)
{
	struct world *world = *state;
	size_t size;
	_cleanup_free_ char *image = test_image_make(&same, &size);

	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	assert_int_equal(world_start(world), SERVER_E_OPERATOR);
	assert_false(fake_kernel()->up);

	/* Once an operator was told, the next boot arms by itself. */
	world->options.wait = true;
	assert_int_equal(world_start(world), 0);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
	world_kill(world);
	fake_reset();
	world->options.wait = false;
	assert_int_equal(world_start(world), 0);
	assert_true(fake_kernel()->up);
	assert_int_equal(world_down(world, world->secret), 0);
}

static void up_without_an_image_uses_the_one_for_the_boot(void **state)
{
	struct world *world = started(state);
	struct protocol_up up = {.header = {.op = PROTOCOL_UP, .size = sizeof(up)}};
	size_t size;
	_cleanup_free_ char *image = test_image_make(&same, &size);

	assert_int_equal(world_ask(world, &up.header, NULL), PROTOCOL_REFUSED);
	assert_int_equal(world->answer.refused.error, PROTOCOL_E_NOT_UP);
	assert_int_equal(file_write_atomic(world->boot_image, image, size, 0644), 0);
	assert_int_equal(world_ask(world, &up.header, NULL), PROTOCOL_DONE);
	assert_int_equal(version_in_force(), 7);
}

static void boot_image_that_is_none_has_an_exit_code_of_its_own(void **state)
{
	struct world *world = *state;

	assert_int_equal(file_write_atomic(world->boot_image, "no image", 8, 0644), 0);
	assert_int_equal(world_start(world), SERVER_E_IMAGE);
	assert_int_equal(unlink(world->boot_image), 0);
	assert_int_equal(mkdir(world->boot_image, 0755), 0);
	assert_int_equal(world_start(world), SERVER_E_IMAGE);
	assert_int_equal(access(world->run_dir, F_OK), -1);
}

static void outcomes_of_adoption_have_exit_codes_of_their_own(void **state)
{
	struct world *world = *state;

	fake_kernel()->adopt_result = GUARD_E_NOT_SELF;
	assert_int_equal(world_start(world), SERVER_E_NOT_SELF);
	fake_kernel()->adopt_result = GUARD_E_ABI;
	assert_int_equal(world_start(world), SERVER_E_ABI);
	fake_kernel()->adopt_result = GUARD_E_BPFFS;
	assert_int_equal(world_start(world), SERVER_E_KERNEL);
	fake_kernel()->adopt_result = -EIO;
	assert_int_equal(world_start(world), -EIO);
}

static void stranger_that_cannot_adopt_removes_nothing(void **state)
{
	struct world *world = enforcing(state);
	char path[PATH_MAX];

	world_kill(world);
	fake_kernel()->adopt_result = GUARD_E_NOT_SELF;
	assert_int_equal(world_start(world), SERVER_E_NOT_SELF);
	(void)snprintf(path, sizeof(path), "%s/" PROTOCOL_SOCKET_NAME, world->run_dir);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(world_start(world), 0);
	assert_still_answers(world);
}

static void holdfastd_that_was_killed_is_followed_without_a_gap(void **state)
{
	struct world *world = enforcing(state);
	_cleanup_free_ char *log = NULL;

	fake_event(1);
	world_idle(world);
	world_kill(world);
	fake_event(2);
	assert_int_equal(world_start(world), 0);
	fake_event(3);
	world_idle(world);
	log = world_log(world);
	assert_non_null(strstr(log, "\"seq\":1,"));
	assert_non_null(strstr(log, "\"note\":\"adopted\""));
	assert_non_null(strstr(log, "\"seq\":2,"));
	assert_non_null(strstr(log, "\"seq\":3,"));
	assert_null(strstr(log, "\"lost\""));
	assert_int_equal(world_down(world, NULL), PROTOCOL_E_SECRET_NEEDED);
	assert_int_equal(world_down(world, world->secret), 0);
}

static void second_holdfastd_is_refused(void **state)
{
	struct world *world = enforcing(state);
	struct server *first = world->server;

	assert_int_equal(world_start(world), SERVER_E_RUNNING);
	world->server = first;
	assert_still_answers(world);
}

static void strangers_lock_does_not_keep_the_guards_own_out(void **state)
{
	struct world *world = enforcing(state);
	_cleanup_close_ int fd = -EBADF;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/lock", world->run_dir);
	world_kill(world);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	assert_int_equal(world_start(world), 0);
	assert_still_answers(world);
}

static void lock_without_a_guard_is_respected(void **state)
{
	struct world *world = *state;
	_cleanup_close_ int fd = -EBADF;
	char path[PATH_MAX];

	assert_int_equal(mkdir(world->run_dir, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/lock", world->run_dir);
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	assert_int_equal(world_start(world), SERVER_E_RUNNING);
}

static void folder_that_others_can_write_is_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(mkdir(world->run_dir, 0700), 0);
	assert_int_equal(chmod(world->run_dir, 0777), 0);
	assert_int_equal(world_start(world), SERVER_E_PLACE);
	assert_int_equal(chmod(world->run_dir, 0700), 0);
	assert_int_equal(symlink("/tmp", world->state_dir), 0);
	assert_int_equal(world_start(world), SERVER_E_PLACE);
}

static void other_users_are_not_heard(void **state)
{
	struct world *world = *state;
	_cleanup_close_ int fd = -EBADF;

	world->options.operator_uid = getuid() + 1;
	(void)started(state);
	fd = world_connect(world);
	assert_int_equal(world_wait(world, fd), PROTOCOL_REFUSED);
	assert_int_equal(world->answer.refused.error, PROTOCOL_E_PERMISSION);
	assert_int_equal(world_wait(world, fd), 0);
}

static void silent_client_is_cut_off_and_stalls_nobody(void **state)
{
	struct world *world = enforcing(state);
	_cleanup_close_ int silent = world_connect(world);

	assert_still_answers(world);
	*world_clock() += SERVER_TIMEOUT_NS + 1;
	assert_int_equal(world_wait(world, silent), 0);
	assert_still_answers(world);
}

static void crowd_of_silent_clients_keeps_nobody_out(void **state)
{
	struct world *world = enforcing(state);
	int crowd[3 * SERVER_MAX_CONNECTIONS];

	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = world_connect(world);
		world->step = server_step(world->server, 0);
		*world_clock() += 1000;
	}
	assert_still_answers(world);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		(void)close(crowd[i]);
}

static void client_that_does_not_read_is_dropped(void **state)
{
	struct world *world = enforcing(state);
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status)};
	_cleanup_close_ int fd = world_connect(world);

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 1000; i++) {
		(void)protocol_send(fd, &status, NULL);
		world->step = server_step(world->server, 0);
		assert_int_equal(world->step, 0);
	}
	assert_still_answers(world);
}

static void holdfastd_started_for_a_request_that_was_refused_ends(void **state)
{
	struct world *world = started(state);

	fake_kernel()->up_result = GUARD_E_KERNEL;
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), PROTOCOL_E_KERNEL);
	world_idle(world);
	assert_int_equal(world->step, 0);
	*world_clock() += SERVER_TIMEOUT_NS + 1;
	world_idle(world);
	assert_int_equal(world->step, SERVER_STOPPED);
}

static void holdfastd_that_holds_a_guard_never_ends_by_itself(void **state)
{
	struct world *world = enforcing(state);

	*world_clock() += 1000 * SERVER_TIMEOUT_NS;
	world_idle(world);
	assert_int_equal(world->step, 0);
}

static unsigned send_raw(struct world *world, const void *data, size_t size)
{
	_cleanup_close_ int fd = world_connect(world);

	assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
	return world_wait(world, fd);
}

static void garbage_is_answered_and_survived(void **state)
{
	struct world *world = enforcing(state);
	struct protocol_change down = {.header = {
					       .magic = PROTOCOL_MAGIC,
					       .version = PROTOCOL_VERSION,
					       .op = PROTOCOL_DOWN,
					       .size = sizeof(down),
				       }};
	struct protocol_change bad[] = {down, down, down, down, down, down, down};
	_cleanup_free_ char *long_message = calloc(1, PROTOCOL_MAX_REQUEST + 64);

	bad[0].header.magic ^= 1;
	bad[1].header.version++;
	bad[2].header.op = 77;
	bad[3].header.size++;
	bad[4].header.n_fds = 1;
	bad[5].secret.pad0 = 1;
	bad[6].secret.size = PROTOCOL_SECRET_LEN;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(send_raw(world, &bad[i], sizeof(bad[i])), PROTOCOL_REFUSED);
		assert_int_equal(world->answer.refused.error, PROTOCOL_E_MALFORMED);
	}
	for (size_t size = 1; size < sizeof(down); size++)
		assert_int_equal(send_raw(world, &down, size), PROTOCOL_REFUSED);
	assert_int_equal(send_raw(world, long_message, PROTOCOL_MAX_REQUEST + 64),
			 PROTOCOL_REFUSED);
	assert_true(fake_kernel()->up);
	assert_still_answers(world);
}

static void files_that_nobody_asked_for_are_closed(void **state)
{
	struct world *world = enforcing(state);
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status), .n_fds = 4};
	int pipes[2], fds[PROTOCOL_MAX_FDS];
	char byte;

	assert_int_equal(pipe(pipes), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = pipes[1];
	assert_int_equal(world_ask(world, &status, fds), PROTOCOL_REFUSED);
	(void)close(pipes[1]);
	/* End of file: no other writer is left. */
	assert_int_equal(read(pipes[0], &byte, 1), 0);
	(void)close(pipes[0]);
}

static void full_state_folder_refuses_up_and_changes_nothing(void **state)
{
	struct world *world = started(state);
	struct rlimit before, none;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = before.rlim_max};
	none.rlim_cur = 0;
	{
		struct test_image image = {IMAGE_MODE_ENFORCE, 7, "agent", 2};
		struct protocol_up up = {
			.header = {.op = PROTOCOL_UP, .size = sizeof(up), .n_fds = 1}};
		_cleanup_close_ int fd = test_image_fd(&image);

		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
		assert_int_equal(world_ask(world, &up.header, &fd), PROTOCOL_REFUSED);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	}
	assert_int_equal(world->answer.refused.error, PROTOCOL_E_STATE_DIR);
	assert_false(fake_kernel()->up);
	assert_int_equal(world_up(world, IMAGE_MODE_ENFORCE, 7), 0);
}

static void what_finds_no_disk_is_written_later(void **state)
{
	struct world *world = enforcing(state);
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status)};
	_cleanup_free_ char *log = NULL;
	struct rlimit before, none;

	world_idle(world);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	for (uint64_t i = 1; i <= 5; i++)
		fake_event(i);
	world_idle(world);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

	assert_int_equal(world_ask(world, &status, NULL), PROTOCOL_STATE);
	assert_int_equal(world->answer.state.unwritten, 0);
	protocol_message_done(&world->answer);
	fake_event(6);
	world_idle(world);
	log = world_log(world);
	assert_null(strstr(log, "\"unwritten\""));
	for (uint64_t i = 1; i <= 6; i++) {
		char seq[32];

		(void)snprintf(seq, sizeof(seq), "\"seq\":%" PRIu64 ",", i);
		assert_non_null(strstr(log, seq));
	}
	assert_null(strstr(log, "\"lost\""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(status_before_up_says_that_there_is_no_guard),
		TEST(status_hands_out_the_image_in_force),
		TEST(up_guards_its_own_files),
		TEST(up_whose_files_cannot_be_guarded_is_taken_down_again),
		TEST(second_up_is_refused),
		TEST(up_that_the_kernel_refuses_says_so_and_keeps_no_secret),
		TEST(down_in_enforce_needs_the_secret),
		TEST(down_leaves_nothing_of_the_runtime_folder),
		TEST(down_in_observe_needs_no_secret),
		TEST(down_that_fails_leaves_the_guard_held),
		TEST(next_up_uses_the_secret_that_was_kept),
		TEST(operators_file_that_is_not_ours_is_refused),
		TEST(five_wrong_secrets_close_the_door_for_a_minute),
		TEST(wrong_secrets_are_in_the_log_and_in_the_status),
		TEST(reload_that_weakens_needs_the_secret),
		TEST(reload_that_does_not_weaken_needs_no_secret),
		TEST(reload_of_an_older_policy_is_refused_even_with_the_secret),
		TEST(reload_of_an_older_policy_is_refused_in_observe),
		TEST(reload_that_the_guard_refuses_leaves_the_old_image),
		TEST(images_that_are_none_are_refused),
		TEST(flipped_bit_in_an_image_is_refused),
		TEST(reload_into_enforce_makes_the_secret_that_a_boot_could_not_show),
		TEST(boot_image_that_enforces_needs_an_operator),
		TEST(up_without_an_image_uses_the_one_for_the_boot),
		TEST(boot_image_that_is_none_has_an_exit_code_of_its_own),
		TEST(outcomes_of_adoption_have_exit_codes_of_their_own),
		TEST(stranger_that_cannot_adopt_removes_nothing),
		TEST(holdfastd_that_was_killed_is_followed_without_a_gap),
		TEST(second_holdfastd_is_refused),
		TEST(strangers_lock_does_not_keep_the_guards_own_out),
		TEST(lock_without_a_guard_is_respected),
		TEST(folder_that_others_can_write_is_refused),
		TEST(other_users_are_not_heard),
		TEST(silent_client_is_cut_off_and_stalls_nobody),
		TEST(crowd_of_silent_clients_keeps_nobody_out),
		TEST(client_that_does_not_read_is_dropped),
		TEST(holdfastd_started_for_a_request_that_was_refused_ends),
		TEST(holdfastd_that_holds_a_guard_never_ends_by_itself),
		TEST(garbage_is_answered_and_survived),
		TEST(files_that_nobody_asked_for_are_closed),
		TEST(full_state_folder_refuses_up_and_changes_nothing),
		TEST(what_finds_no_disk_is_written_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
