/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The ways in which a text gets into a file. Each returns 0 or the negative errno of the write.
 */

/* by_write() - by write(2) */
int by_write(int fd, const char *text);
/* by_pwritev() - by pwritev(2) */
int by_pwritev(int fd, const char *text);
/* by_splice() - by splice(2), through a pipe */
int by_splice(int fd, const char *text);
/* by_sendfile() - by sendfile(2), from a memfd */
int by_sendfile(int fd, const char *text);
/* by_uring() - by io_uring; -ENOSYS where there is none */
int by_uring(int fd, const char *text);
/* by_poller() - the same, done by the kernel's own thread that looks for what is to be done */
int by_poller(int fd, const char *text);

/* write_same() - what is there already. Return: 0, PROBE_SETUP or -errno. */
int write_same(const char *path);

/* write_text() - open, write, close. Return: 0 or -errno of the first that fails. */
int write_text(const char *path, const char *text);
