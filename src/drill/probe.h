/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Probes: one table row is one technique of root against somebody's eBPF objects, done once, and
 * without any care for being seen. A probe says only what the kernel answered; what it did to the
 * target the target says itself.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROBE_STATE_MAX 2048

enum probe_exit {
	PROBE_ALLOWED = 0,
	PROBE_DENIED = 1, /* with the errno that the row expects */
	PROBE_IMPOSSIBLE = 2, /* could not be attempted; usage errors too */
	PROBE_OTHERWISE = 3, /* failed, with another errno */
	PROBE_KERNEL = 4, /* this kernel itself refuses it, or has not got it */
};

/* What run() returns, besides 0 and the negative errno of the act itself. */
#define PROBE_SETUP 1 /* something before the act failed; it has been said on stderr */

/* Whom a probe attacks: the canary, or somebody like it whom no policy protects. */
struct target {
	const char *name;
	char state[PROBE_STATE_MAX];
	pid_t *by; /* see acted_by(); may be NULL */
	const char *start; /* see stage.h; `START --stop NAME` ends it again */
};

/* technique.flags */
#define SILENT 1u /* success leaves no trace in the target's state */
#define MOUNTS 2u /* success changes mounts: the driver puts them back */
#define LONELY 4u /* there is nobody else's object of that kind, and no neighbour of another */
#define SELF 8u /* the target is the guard: nothing to attack without it */
#define UNLOCKED 32u /* not tried where the kernel is locked down: it refuses that itself */
#define KILLS 16u /* success ends the daemon; it comes again */
#define GUEST_ONLY 64u /* success endangers the host in yet another way */
#define UNIT 128u /* the canary is launched by somebody else: who just runs it is a stranger */
#define LOCKED 256u /* needs a policy that locks strangers down to confidentiality */
#define LIMITED 512u /* needs a policy that limits what strangers attach */
#define NETWORK 1024u /* needs a policy that closes the network to strangers */
#define LISTED 2048u /* needs a policy that lists the canary's files, and their folders: conf.c */

struct technique {
	const char *id; /* row of the threat catalogue */
	const char *verb; /* on the command line; unique */
	const char *what; /* in one line */
	int error; /* of the refusal, positive; ENOENT for an id: see commands.bpf.c */
	/*
	 * rows of the events of a refusal, in their order, separated by spaces; "A|B": either;
	 * "*": some
	 */
	const char *rows;
	const char *observed; /* the same where nothing is refused; NULL: the same */
	unsigned int flags;
	int (*run)(const struct target *target);
	/* what must stay allowed, if it is not run() on somebody else's object; and in words */
	int (*neighbour)(const struct target *target);
	const char *neighbour_what;
	/*
	 * the errno of this kernel itself, proven by something else than the act; 0: none. With
	 * EOPNOTSUPP the guard is asked before the kernel says so, with others the act gets not so
	 * far
	 */
	int (*kernel)(void);
	/* where that is ENOENT: what was looked for and is not there, so that the act cannot be */
	const char *absent;
};

/* The families; each table ends with a row without verb. */
extern const struct technique admission_techniques[];
extern const struct technique maps_techniques[];
extern const struct technique programs_techniques[];
extern const struct technique links_techniques[];
extern const struct technique netlink_techniques[];
extern const struct technique pins_techniques[];
extern const struct technique files_techniques[];
extern const struct technique tasks_techniques[];
extern const struct technique identity_techniques[];
extern const struct technique mounts_techniques[];
extern const struct technique guard_techniques[];
extern const struct technique switches_techniques[];
extern const struct technique kernel_techniques[];
extern const struct technique objects_techniques[];
extern const struct technique taking_techniques[];
extern const struct technique ways_techniques[];
extern const struct technique strict_techniques[];
extern const struct technique closed_techniques[];
extern const struct technique storage_techniques[];
extern const struct technique network_techniques[];
extern const struct technique uprobes_techniques[];
extern const struct technique conf_techniques[];

/* ---- target.c */

/* target_ask() - one request, one reply. Return: 0 or -errno. */
int target_ask(const char *name, const char *request, char *reply, size_t size);

/* target_ask_fd() - the same; a fd goes with the request if @send >= 0, one comes with the reply.
 * Return: 0; -EPERM if the fd of the reply was withheld; -errno. */
int target_ask_fd(const char *name, const char *request, int send, int *ret_fd);

/* target_load() - read the target's state. Return: 0 or -errno. */
int target_load(const char *name, struct target *ret_target);

/* target_get() - a number from the state; 0 if it is not there. */
uint64_t target_get(const struct target *target, const char *key);

/* target_pin() - path of its pin `map`, `prog` or `link`; "" gives the folder. */
const char *target_pin(const struct target *target, const char *pin);

/* target_cgroup() - fd of its cgroup, @sub is "" or "/child". Return: fd or -errno. */
int target_cgroup(const struct target *target, const char *sub);

/* acted_by() - another process does the act: its events are the probe's */
void acted_by(const struct target *target, pid_t pid);

/* setup_failed() - "WHAT: errno" on stderr. Return: PROBE_SETUP. */
int setup_failed(const char *what);

/* result() - what a run() returns for a call that answers -1 and errno. */
int result(long r);

/* exit_of() - enum probe_exit for what run() returned. */
int exit_of(const struct technique *technique, int r);

/* locked_down() - in switches.c. Return: 0; EPERM if the kernel is. */
int locked_down(void);

/* no_tracefs() - the same: whether a kernel is locked down so far that it fills its tracefs with
 * nothing. Return: 0; ENOENT. */
int no_tracefs(void);

#define NO_TRACEFS "no file in tracefs under lockdown=confidentiality"

/* conf_listed() - in conf.c: whether the folders are there that LISTED needs */
bool conf_listed(void);

/* there_and_back() - in files.c: rename to another name beside it and back. Return: 0 or -errno. */
int there_and_back(const char *path);

/* ---- families.c */

/* technique_find() - by verb; NULL if there is none. */
const struct technique *technique_find(const char *verb);

/* technique_each() - the @i-th of all; NULL at the end. */
const struct technique *technique_each(size_t i);

/*
 * private_namespace() - a mount namespace of our own, private or still sharing. Return: 0 or
 * -errno.
 */
int private_namespace(bool shared);

/* ---- network.c */

/* network_mend() - take away again what cuts the canary's export, if anything does */
void network_mend(void);

/* ---- netlink.c: interfaces for the drill itself */

/* interface_add() - a dummy interface, if there is none of that name. Return: 0 or -errno. */
int interface_add(const char *name);

/* interface_remove() - take it away again. Return: 0 or -errno. */
int interface_remove(const char *name);

/* ---- admission.c: for the suites; exit codes are enum probe_exit */

/* admission_main() - `load VERB`, `bind FD`: one load of its table, or of a map that was left */
int admission_main(int argc, char **argv);

/* after_main() - `after WHAT VERB`: the same, after what should cost an admission */
int after_main(int argc, char **argv);
