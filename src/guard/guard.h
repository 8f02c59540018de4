/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The guard in the kernel, as holdfastd holds it: load it, or adopt the one that is pinned; give it
 * an image; ask it what it knows; take it down. Everything here talks to the kernel only; it parses
 * nothing that a person wrote, and keeps no state that the kernel's objects do not hold.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_PIN_DIR "/sys/fs/bpf/holdfast"

struct diag;
struct event;
struct guard;

/* Documented outcomes; see each function. reterr_diag says which, where and what to do. */
enum guard_error {
	_GUARD_E_SUCCESS,
	GUARD_E_KERNEL, /* this kernel, as booted, cannot enforce: the diag names what is missing */
	GUARD_E_BPFFS, /* no bpffs at /sys/fs/bpf */
	GUARD_E_NONE, /* no guard is pinned */
	GUARD_E_EXISTS, /* a guard is pinned already */
	GUARD_E_NOT_SELF, /* a guard is up and does not take this process for its own */
	GUARD_E_ABI, /* the pinned guard is of a build that this one cannot take over from */
	GUARD_E_IMAGE, /* the guard refused the image */
	GUARD_E_PROOF, /* the guard is attached and its canary passed: it does not enforce */
	GUARD_E_TRUST, /* the image, or the certificate, is not one to be trusted */
};

/* What the kernel keeps of the operator's secret: never the secret. */
struct guard_operator {
	uint8_t salt[32];
	uint8_t hash[32]; /* scrypt of the secret, parameters fixed in src/guard/secret.c */
	uint64_t set; /* 1 if there is one */
};

/* A policy, and what vouches for it; all of it borrowed, sizes in bytes. */
struct guard_policy {
	const void *image; /* checked by image_check() */
	size_t size;
	const void *signature; /* detached CMS, DER; size 0: none */
	size_t signature_size;
	const void *certificate; /* X.509, DER: whose key signs policies; for guard_up() only */
	size_t certificate_size;
};

/* Whether the guard takes signed policies only. */
enum guard_trust {
	GUARD_TRUST_NONE,
	GUARD_TRUST_SIGNED,
	GUARD_TRUST_VOID, /* and what it trusted is gone: it takes none */
};

/* What came of the guard's self-proof. */
struct guard_proof {
	uint32_t acts; /* tried, on this kernel */
	uint32_t refused; /* of these, by the guard and as they should be */
};

/* A holdfastd by content. */
struct guard_daemon {
	uint8_t digest[32]; /* SHA-256 */
	uint64_t size; /* 0: none */
};

/* When a domain, or all of them, is only observed though the policy enforces; CLOCK_BOOTTIME. */
#define GUARD_RESPITE_ALL 0u

struct guard_respite {
	uint64_t from_ns, until_ns; /* both 0: never */
};

#define GUARD_MAX_FOREIGN 32
#define GUARD_FOREIGN_NAME 48

/* A link of somebody else's that hangs where the guard does, or that could out-rank it. */
struct guard_foreign {
	uint32_t link, prog; /* ids */
	uint32_t attach_type; /* enum bpf_attach_type */
	bool before; /* there before the guard */
	char name[16]; /* of its program, as its maker calls it; "" if it may not be had */
	char beside[GUARD_FOREIGN_NAME]; /* program of the guard on the same function, or "" */
};

struct guard_survey {
	size_t n_foreign; /* may be more than are listed */
	struct guard_foreign foreign[GUARD_MAX_FOREIGN]; /* by rising link id */
	char full[GUARD_FOREIGN_NAME]; /* a program whose function takes hardly any more, or "" */
};

#define GUARD_MAX_ADOPTEES 256
#define GUARD_MAX_HELD 64

/* A process that looked like a domain's when the domain came into force. */
struct guard_adoptee {
	uint32_t pid;
	uint32_t domain;
	uint32_t reason; /* ADOPTION_*: why it is not of the domain; ADOPTION_NONE: it is */
};

/* An object of an adopted domain in a stranger's hands. */
struct guard_held {
	uint32_t pid; /* 0: it is a program that uses the map */
	uint32_t prog; /* id of that program, else 0 */
	uint32_t kind, id; /* EVENT_OBJECT_* */
	uint32_t domain;
	bool writable, mapped;
};

struct guard_adoption {
	bool made; /* by the last guard_up() or guard_reload(); else by one before it */
	size_t n_adoptees; /* may be more than are listed */
	struct guard_adoptee adoptees[GUARD_MAX_ADOPTEES];
	size_t n_held; /* may be more than are listed */
	struct guard_held held[GUARD_MAX_HELD];
	uint32_t n_objects; /* labelled */
	bool full; /* there were more objects than can be looked at */
	int error; /* negative errno: it could not be made, or not to its end; else 0 */
};

/* A link or map that is kept for its domain. */
struct guard_kept {
	uint32_t kind, id; /* EVENT_OBJECT_LINK, EVENT_OBJECT_MAP */
	uint32_t domain;
	bool left; /* its domain's tasks have ended, or have let go of it by ending */
	bool exclusive; /* where it is attached is room for one */
	uint8_t likeness[128]; /* the same for what is made in its place, and for nothing else */
};

struct guard_domain_status {
	uint32_t id;
	uint32_t tasks, maps, progs, links;
};

#define GUARD_MAX_DOMAIN_STATUS 66 /* IMAGE_MAX_DOMAINS, self, canary */
#define GUARD_MAX_WEAK 16
#define GUARD_MAX_CONTENTS 256 /* IMAGE_MAX_EXECUTABLES */

/* What domains' tasks run. */
struct guard_content_status {
	uint32_t mark; /* the first four bytes of the digest, in this machine's order */
	uint32_t ways; /* bit N: CONTENT_* N, how the kernel knew it of one of the tasks */
};

struct guard_status {
	bool armed;
	bool signs; /* the kernel verifies signatures of programs, and says so */
	bool attributes; /* programs can read attributes of files */
	bool calls; /* the kernel says what a program calls before it is loaded */
	uint32_t digest; /* IMAGE_DIGEST_*: which it has of programs */
	bool ima; /* executables are hashed by the kernel at exec; else: the measured fallback */
	uint64_t armed_ns; /* load to proven, in nanoseconds; 0 if this process did not load it */
	uint64_t events; /* sequence number of the newest event */
	uint64_t lost; /* events that found no room in their ring, all CPUs */
	uint64_t lost_risk; /* of these, in GUARD_RING_RISK */
	size_t n_domains;
	struct guard_domain_status domains[GUARD_MAX_DOMAIN_STATUS];
	size_t n_contents; /* more than there is room for are left out */
	struct guard_content_status contents[GUARD_MAX_CONTENTS];
	size_t n_weak;
	const char
		*weak[GUARD_MAX_WEAK]; /* what this kernel cannot enforce and why; static strings */
};

/**
 * guard_up() - load, attach, label, arm, prove and pin a guard
 * @policy:      copied; with a certificate the guard takes, from the first image on, only what is
 *               signed by its key, and never another certificate
 * @ret_guard:   the guard, to be released with guard_free()
 * @reterr_diag: what was wrong, on a positive return
 *
 * On any failure nothing stays attached or pinned.
 * Return: 0; GUARD_E_KERNEL, GUARD_E_BPFFS, GUARD_E_EXISTS, GUARD_E_IMAGE, GUARD_E_TRUST,
 * GUARD_E_PROOF; negative errno if fatal.
 */
int guard_up(const struct guard_policy *policy, struct guard **ret_guard, struct diag *reterr_diag);

/**
 * guard_adopt() - take over the guard that is pinned
 *
 * If it is of another build, one of this build takes its place first, with its labels and its
 * policy, and without a moment between the two. What goes wrong leaves the other in force.
 * Return: 0; GUARD_E_NONE, GUARD_E_NOT_SELF, GUARD_E_ABI, GUARD_E_BPFFS, GUARD_E_KERNEL,
 * GUARD_E_IMAGE, GUARD_E_PROOF; negative errno if fatal.
 */
int guard_adopt(struct guard **ret_guard, struct diag *reterr_diag);

/* What is in this binary of holdfastd. */
struct guard_origin {
	uint8_t object[32]; /* SHA-256 of the guard's object */
	uint8_t key[32]; /* Ed25519: whose signature it has */
};

/**
 * guard_origin() - is the guard that this binary would load the one that its builder signed?
 *
 * Return: 0; GUARD_E_TRUST if not; -EIO if libcrypto does not work.
 */
int guard_origin(struct guard_origin *ret_origin);

/* guard_free() - close this process's hold; the guard stays up. NULL is fine. Return: NULL. */
struct guard *guard_free(struct guard *guard);

/**
 * guard_offer() - hand the guard another image, and have it judge that; nothing changes yet
 *
 * Return: 0; GUARD_E_IMAGE, GUARD_E_TRUST; negative errno if fatal.
 */
int guard_offer(struct guard *guard, const struct guard_policy *policy, struct diag *reterr_diag);

/**
 * guard_reload() - put the image in force that was offered, without a moment between the two
 * @image: the same, for holdfastd's part of it
 *
 * Does not judge whether that is permitted: the caller has asked image_weakens() and the operator,
 * unless guard_trust() says that the guard does.
 * Return: 0; GUARD_E_IMAGE, the old image stays in force; negative errno if fatal.
 */
int guard_reload(struct guard *guard, const void *image, struct diag *reterr_diag);

/**
 * guard_trust() - whether the guard takes signed policies only
 * @ret_keyring: serial number of the keyring that they are verified by; 0 if there is none
 *
 * Return: enum guard_trust; -errno.
 */
int guard_trust(struct guard *guard, uint32_t *ret_keyring);

/*
 * guard_image() - the image in force, read from the kernel; *ret_image is malloc()ed. Return: 0 or
 * -errno.
 */
int guard_image(struct guard *guard, void **ret_image, size_t *ret_size);

/* What the kernel keeps of the operator's secret. Return: 0 or -errno. */
int guard_operator_set(struct guard *guard, const struct guard_operator *operator);
int guard_operator_get(struct guard *guard, struct guard_operator *ret_operator);

/*
 * Only observe that domain, or all, from and until then, holdfastd or none; both 0: end that.
 * Return: 0 or -errno.
 */
int guard_respite_set(struct guard *guard, uint32_t domain, const struct guard_respite *respite);
int guard_respite_get(struct guard *guard, uint32_t domain, struct guard_respite *ret_respite);

/*
 * guard_admit() - take a daemon of that content for the guard's own as well, beside the one that
 * is; none: no other. Return: 0 or -errno.
 */
int guard_admit(struct guard *guard, const struct guard_daemon *daemon);

/**
 * guard_keep() - keep an object for its domain, which holds those, beyond its last fd
 * @kept: kind, id, domain and left are set; the rest is filled in
 *
 * Return: 0, also if it is kept already; -EAGAIN if it is not there yet; -ENOENT if no more;
 * -errno.
 */
int guard_keep(struct guard *guard, struct guard_kept *kept);

/* guard_keep_left() - set left, for those who come after as well. Return: 0 or -errno. */
int guard_keep_left(struct guard *guard, struct guard_kept *kept);

/* guard_let_go() - no longer keep it. Return: 0 or -errno. */
int guard_let_go(struct guard *guard, const struct guard_kept *kept);

/*
 * guard_kept_each() - all that is kept, until see() returns anything but 0. A domain of 0: it is
 * nobody's. Return: what see() returned; -errno.
 */
int guard_kept_each(struct guard *guard, int (*see)(void *context, const struct guard_kept *kept),
		    void *context);

/*
 * guard_fds_each() - links and maps that processes other than this one have open, one call for each
 * fd. Return: 0 or -errno.
 */
int guard_fds_each(struct guard *guard, void (*see)(void *context, uint32_t kind, uint32_t id),
		   void *context);

/* guard_objects_each() - all links and maps of domains, the same way. */
int guard_objects_each(struct guard *guard,
		       int (*see)(void *context, uint32_t kind, uint32_t id, uint32_t domain),
		       void *context);

/* guard_daemons() - which these are. Return: 0 or -errno. */
int guard_daemons(struct guard *guard, struct guard_daemon *ret_own, struct guard_daemon *ret_next);

/**
 * guard_mark() - protect a file, folder or socket like the guard's own
 * @fd:     open on it, not O_PATH
 * @domain: its owner: DOMAIN_SELF
 *
 * Strangers can read it, but not write, truncate, unlink, rename, chmod or replace it. Lasts until
 * guard_down(); must be called again for a file that was replaced.
 * Return: 0 or -errno.
 */
int guard_mark(struct guard *guard, int fd, uint32_t domain);

/* guard_mark_path() - the same for what cannot be opened: sockets. The path is not followed. */
int guard_mark_path(struct guard *guard, const char *path, uint32_t domain);

#define GUARD_OWNED_PATH_LEN 256 /* with its terminating NUL */

/* Files that the policy lists and that are not guarded. */
struct guard_owned {
	uint32_t n_failed;
	int error; /* of the first, positive errno */
	char path[GUARD_OWNED_PATH_LEN]; /* its path, as the policy has it */
};

/**
 * guard_own() - mark the files that a policy lists for its domains, for as long as the guard is up
 * @image: in force, checked
 * @old:   the one before it, borrowed; NULL: none, or it is the same
 *
 * Must be called again for a file that was replaced or has come since.
 */
void guard_own(struct guard *guard, const void *image, const void *old,
	       struct guard_owned *ret_owned);

/**
 * guard_expect() - say, in a child about to exec, which domain the exec must give
 * @domain: of a policy
 *
 * The exec then fails with EACCES unless the new file is an executable of that domain whose launch
 * rule is `holdfast` or `any`. Return: 0 or -errno.
 */
int guard_expect(struct guard *guard, uint32_t domain);

/**
 * guard_shed() - the calling process, a child, is no longer `self`, and nobody's else
 *
 * Strangers do not reach it; it reaches nothing that is the guard's, and cannot come back.
 * Return: 0 or -errno.
 */
int guard_shed(struct guard *guard);

/**
 * guard_prove() - provoke a denial by each hook of the guard, again
 *
 * Asks the kernel first whether it still runs BPF-LSM programs at all.
 * Return: 0; GUARD_E_PROOF if something was not refused, with the diag; negative errno if it could
 * not be tried.
 */
int guard_prove(struct guard *guard, struct guard_proof *ret_proof, struct diag *reterr_diag);

/* guard_adoption() - what the last guard_up() or guard_reload() found of older agents. Borrowed. */
const struct guard_adoption *guard_adoption(const struct guard *guard);

/**
 * guard_links_late() - label the links that no hook of the guard has seen being made
 *
 * The kernel passes over the hook that labels a new link while the same hook is preempted on that
 * CPU (__bpf_prog_enter_recur, P17). Looks at every link. Return: 0 or -errno.
 */
int guard_links_late(struct guard *guard);

/**
 * guard_programs() - the highest id that the kernel has given to a program
 * @load: by loading one, which has it then; otherwise of those that are there, which may be less
 *
 * The kernel gives ids in order (idr_alloc_cyclic). Return: 0 or -errno.
 */
int guard_programs(struct guard *guard, bool load, uint32_t *ret_high);

/* guard_look() - see what others have hung beside the guard. Return: 0 or -errno. */
int guard_look(struct guard *guard, struct guard_survey *ret_survey);

/* What is rare and grave has a ring of its own; which events that are, bpf/lib/guard.h says. */
enum guard_ring {
	GUARD_RING_EVENTS,
	GUARD_RING_RISK,
	_GUARD_RING_MAX,
};

/* guard_events_fd() - epoll-able fd of a ring; negative if there is no such ring. Borrowed. */
int guard_events_fd(struct guard *guard, enum guard_ring ring);

/* Events of one kind that had no record, because a process made too many in one second. */
struct guard_folded {
	uint32_t row; /* EVENT_ROW(); 0: none */
	uint32_t act; /* EVENT_ACT_*, where there is no row; else 0 */
	uint32_t verdict; /* EVENT_* */
	uint64_t n; /* since they were told last */
	uint64_t total; /* since the guard came up, and what the one before it left untold */
};

/* guard_event_fn - gets one record of the kernel; a negative value ends the reading behind it */
typedef int guard_event_fn(void *userdata, const void *data, size_t size);

/**
 * guard_folded_each() - see each kind of which there are more than were told
 *
 * Return: how many kinds there were; -errno.
 */
int guard_folded_each(struct guard *guard,
		      void (*see)(void *context, const struct guard_folded *folded), void *context);

/* guard_numbers() - the number of the last event. Return: 0 or -errno. */
int guard_numbers(struct guard *guard, uint64_t *ret_last);

/* guard_folded_told() - that total is in the log. Return: 0 or -errno. */
int guard_folded_told(struct guard *guard, const struct guard_folded *folded);

/**
 * guard_events_read() - hand on what is in that ring, oldest first; it stays there
 * Return: 0 at the end of what there is; what @fn returned.
 */
int guard_events_read(struct guard *guard, enum guard_ring ring, guard_event_fn *fn,
		      void *userdata);

/**
 * guard_events_release() - what was read of that ring is kept elsewhere
 * Return: whether there is nothing else; if there is, the fd may not tell of it.
 */
bool guard_events_release(struct guard *guard, enum guard_ring ring);

/* guard_status() - what the guard knows of itself. Return: 0 or -errno. */
int guard_status(struct guard *guard, struct guard_status *ret_status);

/* guard_down() - detach, unpin and forget everything; the guard is freed. Return: 0 or -errno. */
int guard_down(struct guard *guard);
