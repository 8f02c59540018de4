// SPDX-License-Identifier: LGPL-2.1-or-later
/* What lies on another mount than its path says. Looks at the machine's /proc; mounts nothing. */

#include "posture/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

static int root_open(void)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void what_is_the_kernels_own_is_told(void **state)
{
	_cleanup_close_ int root = root_open();
	_cleanup_close_ int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	struct mounts mounts;

	mounts_find(root, &mounts);
	assert_true(mounts.ids[0] != 0 && mounts.ids[0] != MOUNTS_FOREIGN);
	assert_int_equal(mounts_check(root, &mounts, "proc/version", -1), 0);
	assert_int_equal(mounts_check(root, &mounts, "proc/version", fd), 0);
	assert_int_equal(mounts_check(root, &mounts, "proc", -1), 0);
	/* what is not there is looked for in the folder where it would be */
	assert_int_equal(mounts_check(root, &mounts, "proc/no/such/file", -1), 0);
	/* of a file that is in no file system of the kernel nothing is said */
	assert_int_equal(mounts_check(root, &mounts, "etc/passwd", fd), 0);
	assert_int_equal(mounts_check(root, &mounts, "procession/version", fd), 0);
}

static void what_lies_on_another_mount_is_not(void **state)
{
	_cleanup_close_ int root = root_open();
	_cleanup_close_ int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	struct mounts mounts;

	mounts_find(root, &mounts);
	assert_int_equal(mounts_check(root, &mounts, "proc/version", fd), -EXDEV);
	mounts.ids[0]++;
	assert_int_equal(mounts_check(root, &mounts, "proc/version", -1), -EXDEV);
	assert_int_equal(mounts_check(root, &mounts, "proc/no/such/file", -1), -EXDEV);
	mounts.ids[0] = MOUNTS_FOREIGN;
	assert_int_equal(mounts_check(root, &mounts, "proc/version", -1), -EXDEV);
}

/* A root without any of them, such as a container's that is looked at from its host. */
static void where_nothing_is_mounted_nothing_is_said(void **state)
{
	_cleanup_close_ int root = open("/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mounts mounts;

	mounts_find(root, &mounts);
	for (size_t i = 0; i < MOUNTS_KERNEL; i++)
		assert_int_equal(mounts.ids[i], 0);
	assert_int_equal(mounts_check(root, &mounts, "proc/version", -1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_kernels_own_is_told),
		cmocka_unit_test(what_lies_on_another_mount_is_not),
		cmocka_unit_test(where_nothing_is_mounted_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
