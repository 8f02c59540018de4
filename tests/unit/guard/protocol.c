// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages of the control socket: what is one, what is none, and where the descriptors go. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/protocol.h"
#include "test.h"

struct ends {
	int a, b;
	struct protocol_message message;
};

static int setup(void **state)
{
	struct ends *ends = calloc(1, sizeof(*ends));
	int fds[2];

	assert_non_null(ends);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
			 0);
	ends->a = fds[0];
	ends->b = fds[1];
	*state = ends;
	return 0;
}

static int teardown(void **state)
{
	struct ends *ends = *state;

	protocol_message_done(&ends->message);
	(void)close(ends->a);
	(void)close(ends->b);
	free(ends);
	return 0;
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int check(struct ends *ends, struct protocol_header *header, const int *fds)
{
	struct diag diag = {};
	int r;

	assert_int_equal(protocol_send(ends->a, header, fds), 0);
	assert_int_equal(protocol_receive(ends->b, &ends->message, &diag), 0);
	r = protocol_check_request(&ends->message, &diag);
	if (r)
		assert_true(strlen(diag.text) > 0);
	protocol_message_done(&ends->message);
	return r;
}

static struct protocol_run *run_make(const char *args, size_t size, uint32_t argc)
{
	struct protocol_run *run = calloc(1, sizeof(*run) + size);

	assert_non_null(run);
	run->header.op = PROTOCOL_RUN;
	run->header.size = (uint32_t)(sizeof(*run) + size);
	run->header.n_fds = PROTOCOL_RUN_FDS;
	(void)strcpy(run->domain, "agent");
	run->argc = argc;
	run->args_size = (uint32_t)size;
	memcpy(run + 1, args, size);
	return run;
}

static int check_run(struct ends *ends, const char *args, size_t size, uint32_t argc)
{
	_cleanup_free_ struct protocol_run *run = run_make(args, size, argc);
	int fds[PROTOCOL_RUN_FDS] = {0, 0, 1, 2};

	return check(ends, &run->header, fds);
}

static void requests_as_the_protocol_has_them_are_taken(void **state)
{
	struct protocol_up up = {.header = {.op = PROTOCOL_UP, .size = sizeof(up)}};
	struct protocol_release release = {
		.header = {.op = PROTOCOL_RELEASE, .size = sizeof(release)},
		.domain = "agent",
		.seconds = PROTOCOL_MAX_SECONDS,
	};
	struct protocol_header status = {.op = PROTOCOL_STATUS, .size = sizeof(status)};
	struct protocol_change down = {.header = {.op = PROTOCOL_DOWN, .size = sizeof(down)}};
	struct protocol_change reload = {
		.header = {.op = PROTOCOL_RELOAD, .size = sizeof(reload), .n_fds = 1}};
	struct protocol_signal interrupt = {
		.header = {.op = PROTOCOL_SIGNAL, .size = sizeof(interrupt)}, .number = SIGINT};
	int zero = 0, three[3] = {0, 0, 0};

	assert_int_equal(check(*state, &up.header, NULL), 0);
	up.header.n_fds = 3;
	assert_int_equal(check(*state, &up.header, three), 0);
	up.header.n_fds = 1;
	up.confirm_s = PROTOCOL_MIN_SECONDS;
	assert_int_equal(check(*state, &up.header, &zero), 0);
	assert_int_equal(check(*state, &release.header, NULL), 0);
	assert_int_equal(check(*state, &status, NULL), 0);
	assert_int_equal(check(*state, &down.header, NULL), 0);
	assert_int_equal(check(*state, &reload.header, &zero), 0);
	reload.header.n_fds = 2;
	assert_int_equal(check(*state, &reload.header, three), 0);
	assert_int_equal(check(*state, &interrupt.header, NULL), 0);
	assert_int_equal(check_run(*state, "a\0\0c", 5, 3), 0);
}

static void signatures_come_with_what_they_are_for(void **state)
{
	struct protocol_up up = {.header = {.op = PROTOCOL_UP, .size = sizeof(up), .n_fds = 2}};
	struct protocol_change reload = {
		.header = {.op = PROTOCOL_RELOAD, .size = sizeof(reload), .n_fds = 3}};
	int four[4] = {0, 0, 0, 0};

	assert_int_equal(check(*state, &up.header, four), PROTOCOL_BAD);
	up.header.n_fds = 4;
	assert_int_equal(check(*state, &up.header, four), PROTOCOL_BAD);
	assert_int_equal(check(*state, &reload.header, four), PROTOCOL_BAD);
	reload.header.n_fds = 0;
	assert_int_equal(check(*state, &reload.header, NULL), PROTOCOL_BAD);
}

static void times_out_of_range_are_refused(void **state)
{
	struct protocol_up up = {.header = {.op = PROTOCOL_UP, .size = sizeof(up)}};
	struct protocol_change down = {.header = {.op = PROTOCOL_DOWN, .size = sizeof(down)}};
	struct protocol_release release = {
		.header = {.op = PROTOCOL_RELEASE, .size = sizeof(release)},
		.flags = PROTOCOL_RELEASE_END,
	};

	assert_int_equal(check(*state, &release.header, NULL), 0);
	release.seconds = 60;
	assert_int_equal(check(*state, &release.header, NULL), PROTOCOL_BAD);
	up.confirm_s = PROTOCOL_MIN_SECONDS - 1;
	assert_int_equal(check(*state, &up.header, NULL), PROTOCOL_BAD);
	up.confirm_s = PROTOCOL_MAX_SECONDS + 1;
	assert_int_equal(check(*state, &up.header, NULL), PROTOCOL_BAD);
	down.confirm_s = 60;
	assert_int_equal(check(*state, &down.header, NULL), PROTOCOL_BAD);
}

static void answers_are_no_requests(void **state)
{
	for (uint16_t op = 0; op < 300; op++) {
		struct protocol_done done = {.header = {.op = op, .size = sizeof(done)}};

		assert_int_equal(check(*state, &done.header, NULL), PROTOCOL_BAD);
	}
}

static void reload_without_an_image_is_none(void **state)
{
	struct protocol_change reload = {.header = {.op = PROTOCOL_RELOAD, .size = sizeof(reload)}};

	assert_int_equal(check(*state, &reload.header, NULL), PROTOCOL_BAD);
}

static void secret_must_be_as_long_as_it_says(void **state)
{
	struct protocol_change down = {.header = {.op = PROTOCOL_DOWN, .size = sizeof(down)}};

	memset(down.secret.text, 'A', PROTOCOL_SECRET_LEN - 1);
	down.secret.size = PROTOCOL_SECRET_LEN - 1;
	assert_int_equal(check(*state, &down.header, NULL), 0);
	down.secret.size--;
	assert_int_equal(check(*state, &down.header, NULL), PROTOCOL_BAD);
	down.secret.text[PROTOCOL_SECRET_LEN - 1] = 'A';
	down.secret.size = PROTOCOL_SECRET_LEN;
	assert_int_equal(check(*state, &down.header, NULL), PROTOCOL_BAD);
}

static void signals_other_than_a_terminals_are_refused(void **state)
{
	struct protocol_signal message = {
		.header = {.op = PROTOCOL_SIGNAL, .size = sizeof(message)}};
	int allowed = 0;

	for (message.number = 0; message.number < 70; message.number++)
		allowed += check(*state, &message.header, NULL) == 0;
	assert_int_equal(allowed, 4);
}

static void arguments_must_be_as_many_as_they_say(void **state)
{
	assert_int_equal(check_run(*state, "a\0b", 4, 1), PROTOCOL_BAD);
	assert_int_equal(check_run(*state, "a\0b", 4, 3), PROTOCOL_BAD);
	assert_int_equal(check_run(*state, "a\0b", 3, 2), PROTOCOL_BAD); /* cut off */
	assert_int_equal(check_run(*state, "", 1, 1), PROTOCOL_BAD); /* no command */
	assert_int_equal(check_run(*state, "a", 2, 0), PROTOCOL_BAD);
	assert_int_equal(check_run(*state, "", 0, 0), PROTOCOL_BAD);
}

static void arguments_have_a_limit_in_number_and_in_bytes(void **state)
{
	_cleanup_free_ char *args = malloc(PROTOCOL_MAX_ARGS_SIZE);

	assert_non_null(args);
	for (size_t i = 0; i < PROTOCOL_MAX_ARGS_SIZE; i++)
		args[i] = i % 2 ? '\0' : 'a';
	assert_int_equal(check_run(*state, args, 2 * PROTOCOL_MAX_ARGS, PROTOCOL_MAX_ARGS), 0);
	assert_int_equal(check_run(*state, args, 2 * PROTOCOL_MAX_ARGS + 2, PROTOCOL_MAX_ARGS + 1),
			 PROTOCOL_BAD);
	memset(args, 'a', PROTOCOL_MAX_ARGS_SIZE - 1);
	assert_int_equal(check_run(*state, args, PROTOCOL_MAX_ARGS_SIZE, 1), 0);
}

static void strings_and_padding_of_a_run_are_checked(void **state)
{
	_cleanup_free_ struct protocol_run *run = run_make("a", 2, 1);
	int fds[PROTOCOL_RUN_FDS] = {0, 0, 1, 2};

	run->domain[10] = 'x'; /* after its NUL */
	assert_int_equal(check(*state, &run->header, fds), PROTOCOL_BAD);
	run->domain[10] = '\0';
	memset(run->term, 'x', sizeof(run->term));
	assert_int_equal(check(*state, &run->header, fds), PROTOCOL_BAD);
	memset(run->term, 0, sizeof(run->term));
	run->flags = 2;
	assert_int_equal(check(*state, &run->header, fds), PROTOCOL_BAD);
	run->flags = 0;
	run->pad0 = 1;
	assert_int_equal(check(*state, &run->header, fds), PROTOCOL_BAD);
	run->pad0 = 0;
	run->header.n_fds = 3;
	assert_int_equal(check(*state, &run->header, fds), PROTOCOL_BAD);
	run->header.n_fds = 4;
	assert_int_equal(check(*state, &run->header, fds), 0);
}

static void more_descriptors_than_allowed_are_closed(void **state)
{
	struct ends *ends = *state;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * 30)];
	} control = {};
	struct protocol_header status = {PROTOCOL_MAGIC, PROTOCOL_VERSION, PROTOCOL_STATUS,
					 sizeof(status), 4};
	struct iovec iov = {.iov_base = &status, .iov_len = sizeof(status)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
	int before = count_fds();

	for (unsigned n = PROTOCOL_MAX_FDS + 1; n <= 30; n++) {
		struct cmsghdr *c;
		struct diag diag;

		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n); /* all of them fd 0 */
		assert_true(sendmsg(ends->a, &msg, 0) > 0);
		assert_int_equal(protocol_receive(ends->b, &ends->message, &diag), PROTOCOL_BAD);
		protocol_message_done(&ends->message);
		assert_int_equal(count_fds(), before);
	}
}

static void descriptors_are_closed_on_exec(void **state)
{
	struct ends *ends = *state;
	struct protocol_header up = {.op = PROTOCOL_UP, .size = sizeof(up), .n_fds = 1};
	struct diag diag;
	int zero = 0;

	assert_int_equal(protocol_send(ends->a, &up, &zero), 0);
	assert_int_equal(protocol_receive(ends->b, &ends->message, &diag), 0);
	assert_true(fcntl(ends->message.fds[0], F_GETFD) & FD_CLOEXEC);
}

static void other_end_that_hangs_up_is_told_apart(void **state)
{
	struct ends *ends = *state;
	struct diag diag;

	assert_int_equal(protocol_receive(ends->b, &ends->message, &diag), -EAGAIN);
	(void)shutdown(ends->a, SHUT_RDWR);
	assert_int_equal(protocol_receive(ends->b, &ends->message, &diag), PROTOCOL_CLOSED);
}

static void answers_are_checked_like_requests(void **state)
{
	struct ends *ends = *state;
	struct protocol_state *answer = &ends->message.state;
	struct diag diag;

	ends->message.size = sizeof(*answer);
	answer->header.op = PROTOCOL_STATE;
	assert_int_equal(protocol_check_answer(&ends->message, &diag), 0);
	answer->n_weak = PROTOCOL_MAX_WEAK + 1;
	assert_int_equal(protocol_check_answer(&ends->message, &diag), PROTOCOL_BAD);
	answer->n_weak = 1;
	memset(answer->weak[0], 'x', PROTOCOL_WEAK_LEN);
	assert_int_equal(protocol_check_answer(&ends->message, &diag), PROTOCOL_BAD);
	answer->n_weak = 0;
	answer->n_domains = PROTOCOL_MAX_DOMAINS + 1;
	assert_int_equal(protocol_check_answer(&ends->message, &diag), PROTOCOL_BAD);
	answer->n_domains = 0;
	answer->n_contents = PROTOCOL_MAX_CONTENTS + 1;
	assert_int_equal(protocol_check_answer(&ends->message, &diag), PROTOCOL_BAD);
	answer->n_contents = 0;
	answer->trust = PROTOCOL_TRUST_VOID + 1;
	assert_int_equal(protocol_check_answer(&ends->message, &diag), PROTOCOL_BAD);
	answer->trust = PROTOCOL_TRUST_VOID;
	assert_int_equal(protocol_check_answer(&ends->message, &diag), 0);
	answer->up = 1; /* then an image comes with it */
	assert_int_equal(protocol_check_answer(&ends->message, &diag), PROTOCOL_BAD);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_as_the_protocol_has_them_are_taken),
		TEST(signatures_come_with_what_they_are_for),
		TEST(times_out_of_range_are_refused),
		TEST(answers_are_no_requests),
		TEST(reload_without_an_image_is_none),
		TEST(secret_must_be_as_long_as_it_says),
		TEST(signals_other_than_a_terminals_are_refused),
		TEST(arguments_must_be_as_many_as_they_say),
		TEST(arguments_have_a_limit_in_number_and_in_bytes),
		TEST(strings_and_padding_of_a_run_are_checked),
		TEST(more_descriptors_than_allowed_are_closed),
		TEST(descriptors_are_closed_on_exec),
		TEST(other_end_that_hangs_up_is_told_apart),
		TEST(answers_are_checked_like_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
