// SPDX-License-Identifier: LGPL-2.1-or-later
/* See writes.h. */
#include "writes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probe.h"

int by_write(int fd, const char *text)
{
	return result(write(fd, text, strlen(text)));
}

int by_pwritev(int fd, const char *text)
{
	struct iovec io = {.iov_base = (void *)text, .iov_len = strlen(text)};

	return result(pwritev(fd, &io, 1, 0));
}

int by_splice(int fd, const char *text)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0 || write(ends[1], text, strlen(text)) < 0)
		return setup_failed("pipe");
	return result(splice(ends[0], NULL, fd, NULL, strlen(text), 0));
}

int by_sendfile(int fd, const char *text)
{
	int from = memfd_create("text", MFD_CLOEXEC);

	if (from < 0 || pwrite(from, text, strlen(text), 0) < 0)
		return setup_failed("memfd");
	return result(sendfile(fd, from, NULL, strlen(text)));
}

/* One entry, and no library. */
static int by_ring(int fd, const char *text, unsigned int flags)
{
	struct io_uring_params p = {.flags = flags, .sq_thread_idle = 100};
	unsigned int enter = IORING_ENTER_GETEVENTS;
	struct io_uring_sqe *entry;
	char *submit, *complete;
	unsigned int *array;
	int ring;

	ring = (int)syscall(SYS_io_uring_setup, 1, &p);
	if (ring < 0)
		return setup_failed("io_uring_setup");
	submit = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(*array), PROT_READ | PROT_WRITE,
		      MAP_SHARED, ring, IORING_OFF_SQ_RING);
	complete = mmap(NULL, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
			PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	entry = mmap(NULL, p.sq_entries * sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQES);
	if (submit == MAP_FAILED || complete == MAP_FAILED || entry == MAP_FAILED)
		return setup_failed("io_uring's memory");
	memset(entry, 0, sizeof(*entry));
	entry->opcode = IORING_OP_WRITE;
	entry->fd = fd;
	entry->addr = (unsigned long)text;
	entry->len = (unsigned int)strlen(text);
	array = (void *)(submit + p.sq_off.array);
	array[0] = 0;
	__atomic_store_n((unsigned int *)(void *)(submit + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (flags & IORING_SETUP_SQPOLL)
		enter |= IORING_ENTER_SQ_WAKEUP;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, enter, NULL, 0) < 0)
		return setup_failed("io_uring_enter");
	struct io_uring_cqe *done = (void *)(complete + p.cq_off.cqes);

	return done->res < 0 ? done->res : 0;
}

int by_uring(int fd, const char *text)
{
	return by_ring(fd, text, 0);
}

int by_poller(int fd, const char *text)
{
	return by_ring(fd, text, IORING_SETUP_SQPOLL);
}

int write_same(const char *path)
{
	char text[256] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		return setup_failed(path);
	close(fd);
	return write_text(path, text);
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = by_write(fd, text);
	close(fd);
	return r;
}
