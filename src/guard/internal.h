/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind guard.h share. Nobody else includes it. */

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/types.h>

#include "bpf/control-api.h"
#include "bpf/events-api.h"
#include "bpf/labels-api.h"
#include "bpf/trust-api.h"
#include "guard/guard.h"
#include "guard/ring.h"
#include "policy/image.h"

/* The guard's object file, in this binary; see object.S. */
extern const char guard_object_start[], guard_object_end[];

#define GUARD_SIGNATURE_LEN 64
#define GUARD_KEY_LEN 32

/* Its builder's signature (Ed25519), and his public key. */
extern const uint8_t guard_object_signature[GUARD_SIGNATURE_LEN];
extern const uint8_t guard_object_key[GUARD_KEY_LEN];

/*
 * Beside the guard's own, while one takes over from another: first what is not proven yet, then
 * what is over. Whatever a holdfastd finds here when it starts has to go.
 */
#define GUARD_PIN_NEXT GUARD_PIN_DIR "-next"

#define GUARD_PIN_LINKS GUARD_PIN_DIR "/links"
#define GUARD_PIN_MAPS GUARD_PIN_DIR "/maps"
#define GUARD_PIN_PROGS GUARD_PIN_DIR "/progs"
#define GUARD_PIN_KEPT GUARD_PIN_DIR "/kept" /* what is kept for domains: keep.c */

/* The maps a later holdfastd needs, in the order of guard.maps. */
enum guard_map {
	GUARD_MAP_STATE,
	GUARD_MAP_POLICY,
	GUARD_MAP_OPERATOR,
	GUARD_MAP_OBJECTS,
	GUARD_MAP_LOST,
	GUARD_MAP_EVENTS,
	GUARD_MAP_RESPITES,
	GUARD_MAP_TRUST,
	GUARD_MAP_RISK,
	GUARD_MAP_FOLDED,
	_GUARD_MAP_MAX,
};

struct guard {
	int control; /* fd of the control program */
	int judge; /* fd of what judges signed images; -EBADF: they need not be signed */
	int tasks; /* fd of the link of the iterator that counts tasks */
	int maps[_GUARD_MAP_MAX];
	uint32_t wants; /* wants_of() the image in force */
	struct ring *rings[_GUARD_RING_MAX];
	/* of the guard before this one; their events come first. NULL */
	struct ring *former[_GUARD_RING_MAX];
	uint64_t armed_ns;
	struct guard_adoption adoption;
};

/* One feature of the running kernel that decides which programs are loaded. */
struct features {
	struct btf *btf;
	bool cast; /* bpf_rdonly_cast */
};

/**
 * features_probe() - can this kernel, as booted, carry the guard?
 *
 * Return: 0; GUARD_E_KERNEL or GUARD_E_BPFFS with the reason; negative errno.
 */
int features_probe(struct features *ret_features, struct diag *reterr_diag);
void features_done(struct features *features);

/*
 * features_switches() - the part of it that may change while the guard is up: ftrace, the list of
 * security modules. Return: 0; GUARD_E_KERNEL with the reason; negative errno.
 */
int features_switches(struct diag *reterr_diag);

/**
 * features_choose() - switch each program of the object on or off for this kernel
 *
 * Return: 0; GUARD_E_KERNEL if an act is left without any program to refuse it; negative errno.
 */
int features_choose(const struct features *features, struct bpf_object *object,
		    struct diag *reterr_diag);

/* features_signs() - does the kernel verify a signature that comes with a program? */
bool features_signs(const struct features *features);

/* features_attributes() - can programs read the attributes that files have? */
bool features_attributes(const struct features *features);

/* features_calls() - does it ask about a program while its calls are numbers? */
bool features_calls(const struct features *features);

/* features_digest() - IMAGE_DIGEST_*: what it makes of a program's instructions */
uint32_t features_digest(const struct features *features);

/*
 * features_target() - the kernel function that a program of ours hangs on
 *
 * Return: @buffer, filled; NULL if it hangs on none.
 */
const char *features_target(const struct bpf_program *program, char *buffer, size_t size);

/* features_weak() - what this kernel cannot enforce and why, static strings. Return: how many. */
size_t features_weak(const struct features *features, const char **ret_weak, size_t max);

/*
 * cgroup_root_open() - the root of the control groups' hierarchy, not of a namespace's part of it.
 * Return: fd, or -ENOENT if it is not mounted where it should be.
 */
int cgroup_root_open(void);

/*
 * control_call() - run the control program. Return: 0 or negative errno, its own or the kernel's.
 */
int control_call(int control, struct control_args *args);

/* The same, by operation. */
int control_op(int control, uint32_t op, uint32_t kind, uint32_t id, uint32_t domain);
int control_put(int control, uint32_t op, const void *data, size_t size);

/* wants_of() - which programs this image needs of those that only some do. Return: a mask. */
uint32_t wants_of(const void *image);

/* wants_program() - is it one of these, or one that every policy needs? */
bool wants_program(uint32_t wants, const char *name);

/**
 * wants_attach() - attach and pin these in the guard that is up
 *
 * Nothing is detached again: what no policy needs any more refuses nothing.
 * Return: 0, with @reterr_diag set a negative errno.
 */
int wants_attach(uint32_t wants, struct diag *reterr_diag);

/**
 * labels_each() - see the label of every map, program and link that has one
 *
 * They come and go meanwhile; a walk that is thrown back ends after as many steps as fit.
 */
void labels_each(const struct guard *guard,
		 void (*see)(void *context, const struct object_label *label), void *context);

/**
 * labels_seed() - label the guard's own objects, which are older than its hooks
 * @object: loaded
 * @links:  attached, one per entry, NULL entries are passed over
 *
 * Return: 0 or negative errno.
 */
int labels_seed(int control, struct bpf_object *object, struct bpf_link **links, size_t n_links);

/**
 * places_mark() - mark the way to the pins, and every pin and folder of the image that exists
 *
 * A folder that a domain's pins shall lie in is made if it is missing, so that nobody else makes
 * it.
 * Return: 0; GUARD_E_BPFFS if a pin's folder is not below a bpffs; negative errno.
 */
int places_mark(int control, const void *image, struct diag *reterr_diag);

/**
 * files_own() - mark the files that the image lists for its domains, and what leads to them
 * @control:   fd of the control program
 * @image:     checked, in force
 * @old:       the image before, whose files are let go of if they are not in @image; or NULL
 * @ret_owned: what could not be marked
 */
void files_own(int control, const void *image, const void *old, struct guard_owned *ret_owned);

/**
 * files_measure() - hash and seal the files of the image and holdfastd's own, where the kernel
 * cannot
 *
 * A file that is missing or being written is passed over: it gives nobody a label. Return: 0 or
 * negative errno.
 */
int files_measure(int control, const void *image);

/* The same for one file. Return: 0, also if somebody writes it and it is not sealed; -errno. */
int file_measure_fd(int control, int fd);

/* What an adoption works with. */
struct adoption_run {
	int control;
	const void *image;
	const void *old; /* the image before, whose domains are not adopted again; NULL: none */
	struct guard_adoption *report;
	uint32_t pass;
};

/**
 * adopt_prepare() - seal and measure what the processes run that look like the image's agents
 *
 * What takes time, so that adopt_run() need not. What fails is in the report.
 */
void adopt_prepare(struct adoption_run *run);

/**
 * adopt_run() - label the processes, then their objects; the image is in force
 * @run: prepared
 *
 * What cannot be adopted is in the report.
 */
void adopt_run(struct adoption_run *run);

/**
 * adopt_finish() - when the guard is armed: whether all is still as it was when it was labelled,
 * what has been made meanwhile, and who holds what
 */
void adopt_finish(struct adoption_run *run);

/* adopt_abandon() - the image did not come into force */
void adopt_abandon(struct adoption_run *run);

/**
 * iterator_lines() - run a pinned iterator of the guard
 * @fn: gets each line; NULL: they are only made
 *
 * Return: 0 or negative errno.
 */
int iterator_lines(const char *name, void (*fn)(void *userdata, const char *line), void *userdata);

/* program_lines() - the same, of one that is loaded. */
int program_lines(struct bpf_object *object, const char *name,
		  void (*fn)(void *userdata, const char *line), void *userdata);

/**
 * adopt_objects() - label what the adopted processes hold and the policy's pins name, and what
 * these hold
 * @pins: look at the pins as well; when the guard enforces, they are refused to holdfastd too
 *
 * Return: 0 or negative errno.
 */
int adopt_objects(struct adoption_run *run, bool pins);

/**
 * proof_run() - provoke a denial by each hook of the guard
 * @state: fd of the guard's state
 * @wants: wants_of() the image in force; what it does not need is not asked for
 *
 * Return: 0; GUARD_E_PROOF, @ret_proof is set as well; negative errno.
 */
int proof_run(int control, int state, uint32_t wants, struct guard_proof *ret_proof,
	      struct diag *reterr_diag);

/**
 * known_fill() - tell the guard what it hangs on, and which calls need a permission
 * @object: loaded; its map is written, so it is not frozen yet
 *
 * Return: 0 or negative errno.
 */
int known_fill(const struct features *features, struct bpf_object *object);

/**
 * known_learn() - the same for calls as the verifier leaves them, where the guard sees no others
 * @object: attached
 *
 * Return: 0; GUARD_E_KERNEL if the guard has not seen what it was shown; negative errno.
 */
int known_learn(int control, const struct features *features, struct bpf_object *object,
		struct diag *reterr_diag);

/* folded_take() - of a guard before, pinned there: what it has not told. Return: 0 or -errno. */
int folded_take(int control, const char *path);

/* kept_open() - fd of what is kept there; a map's is read-only. Return: fd, -errno. */
int kept_open(const char *folder, const char *name);

/* guard_rehearses() - does it only prove itself yet, beside another? */
bool guard_rehearses(struct guard *guard);

/*
 * leave_out() - take programs out of the guard as a file says that anybody may write, or put them
 * back. In builds for tests alone: option `leave_out`. What fails is logged.
 */
void leave_out(void);

/*
 * build_identify() - digests of the guard object and of this binary. Return: 0 or negative errno.
 */
int build_identify(struct guard_build *ret_build);
