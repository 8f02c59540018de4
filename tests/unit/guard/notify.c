// SPDX-License-Identifier: LGPL-2.1-or-later
/* The service manager's protocol: where it listens, and when nobody does. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/notify.h"
#include "test.h"

static int listen_at(struct sockaddr_un *address, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)address, size), 0);
	return fd;
}

static void hear(int fd, const char *expected)
{
	struct notify notify;
	char word[64] = "";

	assert_int_equal(notify_open(&notify), 0);
	notify_send(&notify, expected);
	assert_int_equal(recv(fd, word, sizeof(word) - 1, 0), strlen(expected));
	assert_string_equal(word, expected);
	notify_close(&notify);
}

static void manager_at_a_path_hears(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -EBADF;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/holdfast-notify-%d",
		       (int)getpid());
	fd = listen_at(&address, sizeof(address));
	(void)setenv("NOTIFY_SOCKET", address.sun_path, 1);
	hear(fd, "READY=1");
	(void)unlink(address.sun_path);
}

static void manager_at_an_abstract_name_hears(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -EBADF;
	char name[64];
	int n;

	n = snprintf(name, sizeof(name), "@holdfast-notify-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)n - 1);
	fd = listen_at(&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n));
	(void)setenv("NOTIFY_SOCKET", name, 1);
	hear(fd, "WATCHDOG=1");
}

static void nobody_listens_without_a_sensible_name(void **state)
{
	static const char *const names[] = {"", "/", "relative", "vsock:2:1"};
	struct notify notify;

	(void)unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_open(&notify), 0);
	assert_true(notify.fd < 0);
	notify_send(&notify, "READY=1");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)setenv("NOTIFY_SOCKET", names[i], 1);
		assert_int_equal(notify_open(&notify), 0);
		assert_true(notify.fd < 0);
	}
}

static uint64_t watchdog(const char *usec, const char *pid)
{
	struct notify notify;

	(void)setenv("NOTIFY_SOCKET", "@nobody", 1);
	(void)setenv("WATCHDOG_USEC", usec, 1);
	if (pid)
		(void)setenv("WATCHDOG_PID", pid, 1);
	else
		(void)unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_open(&notify), 0);
	notify_close(&notify);
	return notify.watchdog_ns;
}

static void watchdog_is_taken_if_it_is_for_us(void **state)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(watchdog("30000000", pid), 30000000000);
	assert_int_equal(watchdog("30000000", NULL), 30000000000);
	assert_int_equal(watchdog("30000000", "1"), 0);
	assert_int_equal(watchdog("-1", NULL), 0);
	assert_int_equal(watchdog("soon", NULL), 0);
	assert_int_equal(watchdog("99999999999999999999999", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manager_at_a_path_hears),
		cmocka_unit_test(manager_at_an_abstract_name_hears),
		cmocka_unit_test(nobody_listens_without_a_sensible_name),
		cmocka_unit_test(watchdog_is_taken_if_it_is_for_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
