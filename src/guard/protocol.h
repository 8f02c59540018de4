/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the command line and holdfastd say to each other: one message is one packet of a
 * SOCK_SEQPACKET socket. Owns the layout, its limits and its checks. Fixed width, explicit padding,
 * host byte order (both ends are one host). A request is checked whole before anything in it is
 * used; files travel as descriptors, never as names.
 */

#include <stddef.h>
#include <stdint.h>

struct diag;

#define PROTOCOL_MAGIC 0x6f636648u /* "Hfco" */
#define PROTOCOL_VERSION 7

#define PROTOCOL_RUN_DIR "/run/holdfast"
#define PROTOCOL_SOCKET_NAME "control.sock"
#define PROTOCOL_CANARY_NAME "canary" /* a folder, for the guard's self-proof */
#define PROTOCOL_SOCKET PROTOCOL_RUN_DIR "/" PROTOCOL_SOCKET_NAME
#define PROTOCOL_STATE_DIR "/var/lib/holdfast"
#define PROTOCOL_LOG_DIR "log" /* below it: a C2SP tlog-tiles log, an event for each entry */
#define PROTOCOL_BOOT_IMAGE "/etc/holdfast/policy.img" /* and its signature, .p7s */
#define PROTOCOL_BOOT_TRUST "/etc/holdfast/trust.der"

#define PROTOCOL_MAX_FDS 4
#define PROTOCOL_MAX_ARGS 256
#define PROTOCOL_MAX_ARGS_SIZE (64u << 10) /* of all arguments, with their NULs */
#define PROTOCOL_SECRET_LEN 64
#define PROTOCOL_DOMAIN_LEN 32
#define PROTOCOL_TERM_LEN 64
#define PROTOCOL_TEXT_LEN 1024
#define PROTOCOL_MAX_DOMAINS 66
#define PROTOCOL_MAX_CONTENTS 256
/* protocol_content.ways: bit N is CONTENT_* N of the guard's labels */
#define PROTOCOL_WAY_UNKNOWN 1u
#define PROTOCOL_WAY_VERITY 2u
#define PROTOCOL_WAY_HASHED 4u
#define PROTOCOL_WAY_SEALED 8u
#define PROTOCOL_WAY_SIGNED 16u
#define PROTOCOL_MAX_WEAK 20
#define PROTOCOL_WEAK_LEN 192
#define PROTOCOL_DIGEST_LEN 32

/* protocol_header.op: what the command line asks */
/* fds of an image that is signed: itself, the signature */
#define PROTOCOL_UP \
	1 /* fds: an image, perhaps signed, then the certificate; or those of the boot */
#define PROTOCOL_DOWN 2
#define PROTOCOL_RELOAD 3 /* fds: an image, perhaps signed */
#define PROTOCOL_STATUS 4
#define PROTOCOL_RUN 5 /* fds: PROTOCOL_RUN_* */
#define PROTOCOL_SIGNAL 6 /* to what PROTOCOL_RUN started on the same connection */
#define PROTOCOL_CONFIRM 7 /* what an earlier PROTOCOL_UP or PROTOCOL_RELOAD asked for */
#define PROTOCOL_RELEASE 8
#define PROTOCOL_UPGRADE 9 /* fds: a holdfastd, which may take this one's place */

/* and what holdfastd answers */
#define PROTOCOL_DONE 65
#define PROTOCOL_REFUSED 66
#define PROTOCOL_STATE 67 /* fds: the image in force, if the guard is up */
#define PROTOCOL_STARTED 68 /* PROTOCOL_RUN: the command runs; PROTOCOL_EXITED follows */
#define PROTOCOL_EXITED 69

/* fds of PROTOCOL_RUN, in this order */
#define PROTOCOL_RUN_CWD 0
#define PROTOCOL_RUN_STDIN 1
#define PROTOCOL_RUN_STDOUT 2
#define PROTOCOL_RUN_STDERR 3
#define PROTOCOL_RUN_FDS 4

/* protocol_run.flags */
#define PROTOCOL_RUN_DETACH 1u /* PROTOCOL_STARTED is the last answer */

/* How long, in seconds, a guard waits for its confirmation or a domain is released. */
#define PROTOCOL_MIN_SECONDS 10u
#define PROTOCOL_MAX_SECONDS (7u * 24 * 60 * 60)

/* protocol_release.flags */
#define PROTOCOL_RELEASE_END 1u

/* protocol_state.observes: why nothing is refused, whatever the policy says */
#define PROTOCOL_OBSERVES_NO 0
#define PROTOCOL_OBSERVES_BOOT 1 /* the boot prompt said so */
#define PROTOCOL_OBSERVES_UNCONFIRMED 2 /* nobody confirmed in time */

/* protocol_state.trust */
#define PROTOCOL_TRUST_NONE 0
#define PROTOCOL_TRUST_SIGNED 1 /* a policy must be signed */
#define PROTOCOL_TRUST_VOID 2 /* and none can be any more */

/* protocol_refused.error */
#define PROTOCOL_E_MALFORMED 1 /* the message is not one of this protocol */
#define PROTOCOL_E_BUSY 2 /* too many at once */
#define PROTOCOL_E_NOT_UP 3 /* there is no guard */
#define PROTOCOL_E_ALREADY_UP 4 /* there is one */
#define PROTOCOL_E_SECRET_NEEDED 5 /* ask again, with the operator's secret */
#define PROTOCOL_E_SECRET_WRONG 6
#define PROTOCOL_E_SECRET_LOCKED 7 /* too many wrong ones: wait */
#define PROTOCOL_E_IMAGE 8 /* the image is none, or the guard refuses it */
#define PROTOCOL_E_ROLLBACK 9 /* the image is older than the one in force */
#define PROTOCOL_E_KERNEL 10 /* this kernel, as booted, cannot enforce */
#define PROTOCOL_E_DOMAIN 11 /* the policy has no such domain */
#define PROTOCOL_E_EXEC 12 /* the command did not start */
#define PROTOCOL_E_STATE_DIR 13 /* the state folder cannot be written: no space, read-only */
#define PROTOCOL_E_FATAL 14 /* anything else; the text says what */
#define PROTOCOL_E_PERMISSION 15 /* not the operator's user */
#define PROTOCOL_E_CONFIRM 16 /* there is nothing to confirm */
#define PROTOCOL_E_UPGRADE 17 /* the file is no holdfastd */
#define PROTOCOL_E_TRUST 18 /* the image is not signed as this guard wants it */
#define PROTOCOL_E_SEALED 19 /* only a signed policy ends or weakens this one */
#define _PROTOCOL_E_MAX 20

struct protocol_header {
	uint32_t magic;
	uint16_t version;
	uint16_t op;
	uint32_t size; /* of the whole message, in bytes */
	uint32_t n_fds;
};

struct protocol_secret {
	uint32_t size; /* of text; 0: none is given */
	uint32_t pad0;
	char text[PROTOCOL_SECRET_LEN];
};

/* PROTOCOL_STATUS is a header alone. */

struct protocol_up {
	struct protocol_header header;
	uint32_t confirm_s; /* observe after so long unless PROTOCOL_CONFIRM comes; 0: never */
	uint32_t pad0;
};

struct protocol_change { /* PROTOCOL_DOWN, _RELOAD, _CONFIRM, _UPGRADE */
	struct protocol_header header;
	struct protocol_secret secret;
	uint32_t confirm_s; /* PROTOCOL_RELOAD; as of PROTOCOL_UP */
	uint32_t pad0;
};

struct protocol_release {
	struct protocol_header header;
	struct protocol_secret secret;
	char domain[PROTOCOL_DOMAIN_LEN];
	uint32_t seconds; /* 0: until it is ended */
	uint32_t flags;
};

struct protocol_run { /* followed by args_size bytes: argc strings, each with its NUL */
	struct protocol_header header;
	struct protocol_secret secret;
	char domain[PROTOCOL_DOMAIN_LEN];
	char term[PROTOCOL_TERM_LEN];
	uint32_t flags;
	uint32_t argc;
	uint32_t args_size;
	uint32_t pad0;
};

struct protocol_signal {
	struct protocol_header header;
	uint32_t number; /* SIGHUP, SIGINT, SIGQUIT or SIGTERM */
	uint32_t pad0;
};

struct protocol_done {
	struct protocol_header header;
	uint64_t armed_ns; /* PROTOCOL_UP: load to proven */
	char secret
		[PROTOCOL_SECRET_LEN]; /* a new operator's secret, once; empty if none was made */
};

struct protocol_refused {
	struct protocol_header header;
	uint32_t error; /* PROTOCOL_E_* */
	uint32_t pad0;
	char text[PROTOCOL_TEXT_LEN];
};

struct protocol_started {
	struct protocol_header header;
	uint32_t pid;
	uint32_t pad0;
};

struct protocol_exited {
	struct protocol_header header;
	uint32_t status; /* as waitpid() gives it */
	uint32_t pad0;
};

struct protocol_domain {
	uint32_t id;
	uint32_t tasks;
	uint32_t maps;
	uint32_t progs;
	uint32_t links;
	uint32_t pad0;
	uint64_t released_ns; /* CLOCK_BOOTTIME: observed until then; 0: not released */
};

/* Of what tasks of domains run: how the kernel knew the content. */
struct protocol_content {
	/* first four bytes of its digest, in this machine's order; of what is signed, its domain */
	uint32_t mark;
	uint32_t ways; /* PROTOCOL_WAY_* */
};

struct protocol_state {
	struct protocol_header header;
	uint32_t up; /* 1: the rest means something; the image says mode, policy and executables */
	uint32_t armed;
	uint32_t ima;
	uint32_t operator_set;
	uint32_t n_domains;
	uint32_t n_weak;
	uint32_t n_contents;
	uint32_t pad0;
	uint64_t armed_ns;
	uint64_t events; /* sequence number of the newest */
	uint64_t lost; /* in the kernel's rings */
	uint64_t lost_risk; /* of these, in the ring of its own */
	uint64_t written; /* lines, by this holdfastd */
	uint64_t unwritten; /* events the log had no room for, by this holdfastd */
	uint64_t wrong_secrets;
	uint64_t proof_ns; /* CLOCK_BOOTTIME of the last self-proof; 0: none yet */
	uint32_t proof_acts;
	uint32_t proof_refused;
	uint64_t confirm_ns; /* CLOCK_BOOTTIME: observes from then on unless confirmed; 0: no */
	uint32_t observes;
	uint32_t next_set; /* another holdfastd is admitted */
	uint32_t trust; /* PROTOCOL_TRUST_* */
	uint32_t keyring; /* serial number of the one that policies are signed by; 0: none */
	uint64_t mark_version; /* no signed image below it, across boots; 0: none is kept */
	uint64_t mark_since; /* CLOCK_REALTIME, in seconds: since when there is one */
	uint8_t daemon[PROTOCOL_DIGEST_LEN]; /* SHA-256 of holdfastd */
	uint8_t next[PROTOCOL_DIGEST_LEN];
	struct protocol_domain domains[PROTOCOL_MAX_DOMAINS];
	struct protocol_content contents[PROTOCOL_MAX_CONTENTS];
	char weak[PROTOCOL_MAX_WEAK][PROTOCOL_WEAK_LEN];
};

_Static_assert(sizeof(struct protocol_header) == 16, "protocol_header layout");
_Static_assert(sizeof(struct protocol_secret) == 72, "protocol_secret layout");
_Static_assert(sizeof(struct protocol_change) == 96, "protocol_change layout");
_Static_assert(sizeof(struct protocol_up) == 24, "protocol_up layout");
_Static_assert(sizeof(struct protocol_release) == 128, "protocol_release layout");
_Static_assert(sizeof(struct protocol_run) == 200, "protocol_run layout");
_Static_assert(sizeof(struct protocol_signal) == 24, "protocol_signal layout");
_Static_assert(sizeof(struct protocol_done) == 88, "protocol_done layout");
_Static_assert(sizeof(struct protocol_refused) == 1048, "protocol_refused layout");
_Static_assert(sizeof(struct protocol_started) == 24, "protocol_started layout");
_Static_assert(sizeof(struct protocol_exited) == 24, "protocol_exited layout");
_Static_assert(sizeof(struct protocol_content) == 8, "protocol_content layout");
_Static_assert(sizeof(struct protocol_domain) == 32, "protocol_domain layout");
_Static_assert(sizeof(struct protocol_state) == 8224, "protocol_state layout");

#define PROTOCOL_MAX_REQUEST (sizeof(struct protocol_run) + PROTOCOL_MAX_ARGS_SIZE)

/* One message as it was received. Owns its descriptors. */
struct protocol_message {
	size_t size;
	size_t n_fds;
	int fds[PROTOCOL_MAX_FDS];
	union {
		struct protocol_header header;
		struct protocol_up up;
		struct protocol_change change;
		struct protocol_release release;
		struct protocol_run run;
		struct protocol_signal signal;
		struct protocol_done done;
		struct protocol_refused refused;
		struct protocol_started started;
		struct protocol_exited exited;
		struct protocol_state state;
		char bytes[PROTOCOL_MAX_REQUEST + 1];
	};
};

enum protocol_outcome {
	PROTOCOL_CLOSED = 1, /* the other end has gone */
	PROTOCOL_BAD = 2, /* something came, and it is no message of this protocol */
};

/* protocol_message_done() - close descriptors that were not taken, forget the secret */
void protocol_message_done(struct protocol_message *message);

/**
 * protocol_receive() - take one packet
 * @fd:          borrowed
 * @message:     filled; to be released with protocol_message_done() whatever is returned
 * @reterr_diag: why, on PROTOCOL_BAD
 *
 * Checks magic, version, size and number of descriptors, not the content.
 * Return: 0; PROTOCOL_CLOSED; PROTOCOL_BAD; -EAGAIN; any other errno of recvmsg().
 */
int protocol_receive(int fd, struct protocol_message *message, struct diag *reterr_diag);

/**
 * protocol_check_request() - whether a received message is a request, complete and in order
 *
 * After 0 every field is in its range, every string ends with a NUL within its room, and padding is
 * zero. Return: 0; PROTOCOL_BAD.
 */
int protocol_check_request(const struct protocol_message *message, struct diag *reterr_diag);

/**
 * protocol_check_answer() - the same for what holdfastd says
 * Return: 0; PROTOCOL_BAD.
 */
int protocol_check_answer(const struct protocol_message *message, struct diag *reterr_diag);

/**
 * protocol_send() - send one packet
 * @header: of the message; its size, op and n_fds are set by the caller, the rest is filled here
 * @fds:    header->n_fds of them, borrowed
 *
 * Return: 0; -EAGAIN if the socket does not block and is full; any errno of sendmsg().
 */
int protocol_send(int fd, struct protocol_header *header, const int *fds);
