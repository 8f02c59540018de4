/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What the canary and those who talk to it agree on.
 *
 * `canary NAME` serves the abstract socket @holdfast-NAME: a SOCK_SEQPACKET connection, one
 * request, one reply. NAME is `canary`, or another name for one that no policy knows. A reply that
 * is not an answer begins with "error".
 *
 *   state            KEY=NUMBER pairs on one line: all it knows about itself, read through its own
 *                    fds; two lines are equal if and only if nothing happened to it
 *   reset            makes its objects anew
 *   send map|link    the fd, by SCM_RIGHTS
 *   addfd            the request carries a seccomp listener: its map's fd goes to whoever waits
 *   fork             a child of it looks for the map by id: `0` if it got the fd, else the errno
 *   child [CMD ARG]  as `fork`, or as `exec`; `CODE by=PID`, so that its events are told
 *   exec CMD [ARG]   a child of it runs CMD; the exit code
 *   leave CMD [ARG]  the same, and CMD has the victim's array as fd 9
 *   map anon|change|FILE [FIFO]  an executable mapping in a child: of memory, of a page that was
 *                    writable, of a file, with FIFO opened and FILE read between; `0` or the errno
 *   run FILE         machine code in a child, called with its map's fd: mapped from the file, or
 *   run memory FILE  read into memory that is made executable then; as `child`
 *   plugin FILE      dlopen() in a child: `0` if it was loaded (dynamic canary only)
 *   write FILE TEXT  it writes that; `0` or the errno
 *   born GROUP       a child that begins in that control group, and ends; `0` or the errno
 *   clear            takes apart what it has made, and ends
 *   quit             ends as it is
 *
 * `canary peek ID`: exits 0 if it gets an fd of that map, 1 if that is refused (EPERM, or ENOENT:
 * an id that is not there for it), else 2; prints `library WORD` and `peek CODE`. So a task of the
 * domain can be told from a stranger by what the kernel gives it. `peek ID CHARSET` has the C
 * library load what converts to that first (dynamic canary only). `canary forge ID` writes into
 * that map instead, as an attacker who has put it where the canary is: exits as enum probe_exit.
 * `canary socket ...`: see canary-socket.h.
 */

#define CANARY_NAME "canary"
#define CANARY_NEIGHBOUR "neighbour" /* whom no policy knows */
#define CANARY_SOCKET_PREFIX "holdfast-" /* after the NUL of an abstract name */
#define CANARY_REPLY_MAX 2048
#define LEFT_FD 9 /* of `leave` */

#define CANARY_PIN_ROOT "/sys/fs/bpf"
#define CANARY_CGROUP_ROOT "/sys/fs/cgroup"
#define CANARY_COLLECTOR 0x7f00004d /* 127.0.0.77, where nobody listens: whom it exports to */

/* What its hash map holds: key 1 and key 2. */
enum canary_value { CANARY_VALUE_1 = 4711, CANARY_VALUE_2 };

/* Of its filter at tc. */
#define CANARY_TC_HANDLE 1
#define CANARY_TC_PRIORITY 2

/* ---- canary-tc.c */

/* canary_tc_attach() - its filter, at ingress. Return: the program's fd; -1 if there is no tc. */
int canary_tc_attach(unsigned int ifindex);

/* canary_tc_attached() - whether that program, by its id, is its filter still */
bool canary_tc_attached(unsigned int ifindex, uint32_t program);

/* canary_tc_detach() - all that is at tc's clsact of that interface */
void canary_tc_detach(unsigned int ifindex);
