// SPDX-License-Identifier: LGPL-2.1-or-later
/* Images on their way in memory files: what is taken, at the limit and beyond it. */

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/image-fd.h"
#include "policy/image.h"
#include "test.h"

static int read_size(off_t size)
{
	_cleanup_close_ int fd = memfd_create("test", MFD_CLOEXEC);
	_cleanup_free_ void *data = NULL;
	struct diag diag = {};
	size_t got = 0;
	int r;

	assert_int_equal(ftruncate(fd, size), 0);
	r = image_fd_read(fd, IMAGE_FD_IMAGE, &data, &got, &diag);
	if (r == 0)
		assert_int_equal(got, size);
	else
		assert_true(strlen(diag.text) > 0);
	return r;
}

static void size_is_at_most_the_limit(void **state)
{
	assert_int_equal(read_size(0), IMAGE_FD_E_INVALID);
	assert_int_equal(read_size(1), 0);
	assert_int_equal(read_size(IMAGE_MAX_SIZE), 0);
	assert_int_equal(read_size(IMAGE_MAX_SIZE + 1), IMAGE_FD_E_INVALID);
}

static void what_is_sent_arrives_and_cannot_be_changed(void **state)
{
	static const char text[] = "an image";
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ void *data = NULL;
	size_t size;

	assert_int_equal(image_fd_new(text, sizeof(text), &fd), 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(image_fd_read(fd, IMAGE_FD_IMAGE, &data, &size, NULL), 0);
	assert_int_equal(size, sizeof(text));
	assert_memory_equal(data, text, size);
}

static void files_that_could_keep_a_reader_waiting_are_refused(void **state)
{
	static const char *const paths[] = {"/", "/dev/zero", "/bin/sh", "/proc/self/status"};
	_cleanup_free_ void *data = NULL;
	int pipes[2];
	size_t size;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		_cleanup_close_ int fd = open(paths[i], O_RDONLY | O_CLOEXEC);

		assert_int_equal(image_fd_read(fd, IMAGE_FD_IMAGE, &data, &size, NULL),
				 IMAGE_FD_E_INVALID);
	}
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(image_fd_read(pipes[0], IMAGE_FD_IMAGE, &data, &size, NULL),
			 IMAGE_FD_E_INVALID);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
	assert_null(data);
}

static int read_once(void *userdata)
{
	_cleanup_free_ void *data = NULL;
	size_t size;

	return image_fd_read(*(int *)userdata, IMAGE_FD_IMAGE, &data, &size, NULL);
}

static void memory_that_runs_out_is_told(void **state)
{
	_cleanup_close_ int fd = -EBADF;

	assert_int_equal(image_fd_new("x", 1, &fd), 0);
	alloc_check(read_once, &fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_at_most_the_limit),
		cmocka_unit_test(what_is_sent_arrives_and_cannot_be_changed),
		cmocka_unit_test(files_that_could_keep_a_reader_waiting_are_refused),
		cmocka_unit_test(memory_that_runs_out_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
