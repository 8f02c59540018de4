// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Admission: which programs strangers may load at all. Some undo the guard (a fmod_ret or LSM
 * program that decides before it does), some reach protected tasks past every hook (signals, user
 * memory, return values), some give calls of bpf(2) that no monitor of system calls sees. Tasks of
 * a domain load what they like; a tool that the policy admits by its content, what its rule says.
 *
 *   hook                         refuses with   cost to others
 *   bpf                          EPERM          shared.bpf.c; PROG_LOAD: three lookups
 *   bpf_prog_load (6.9 and on)   EPERM          a read for every two instructions
 *   bpf_prog                     EPERM          a lookup for each map that a program uses
 *
 * A load that is let through has an event, where its program has an id: when its maker gets his fd.
 *
 * Programs older than the guard are nobody's to judge. Where a policy has limits (lib/limits.h),
 * maps are asked about as well, and each program once more when it has got through the verifier:
 * only then does it say where it hangs.
 */

#include "bpf/lib/limits.h"
#include "bpf/lib/read.h"
#include "bpf/lib/shared.h"
#include "bpf/lib/verdict.h"

/* The newest types, by number: the build host's headers may lack them. */
#define ATTACH_FENTRY 24
#define ATTACH_FEXIT 25
#define ATTACH_MODIFY_RETURN 26

/* No rule gives it: what hangs on the guard's own hooks. */
#define PROGRAM_GUARDED ((__u64)1 << 63)

#define INSN_SIZE 8
#define CALL 0x85 /* BPF_JMP | BPF_CALL */
#define CALL_HELPER 0
#define CALL_FUNCTION 2 /* BPF_PSEUDO_KFUNC_CALL */

INLINE __u32 known_flags(__u32 kind, __u32 number)
{
	__u64 key = KNOWN_KEY(kind, number);
	__u32 *flags = bpf_map_lookup_elem(&known, &key);

	return flags ? *flags : 0;
}

struct rule_search {
	__u32 id;
	__u32 found; /* offset of the rule in the image; 0: none */
};

static long rule_search_step(__u32 i, void *context)
{
	struct rule_search *search = context;
	struct image_header *image = policy_in_force();
	struct image_admission *admission;
	__u32 offset, *slot;

	if (!image || !image->n_slots)
		return 1;
	offset = IMAGE_OFF_SLOTS(image) + IMAGE_SLOT(image, search->id + i) * sizeof(*slot);
	slot = image_at(image, offset);
	if (!*slot)
		return 1;
	offset = IMAGE_OFF_ADMISSIONS(image) + (*slot - 1) * sizeof(*admission);
	admission = image_at(image, offset);
	if (admission->id != search->id)
		return 0;
	search->found = offset;
	return 1;
}

/*
 * A rule by its id; NULL if there is none. Asked of the policy in force, so a reload takes it back.
 * Costs the same however many rules there are.
 */
static struct image_admission *rule_of(struct image_header *image, __u32 id)
{
	struct rule_search search = {.id = id};

	if (!id)
		return NULL;
	bpf_loop(IMAGE_MAX_PROBES, rule_search_step, &search, 0);
	return search.found ? image_at(image, search.found) : NULL;
}

static struct image_admission *rule_of_caller(struct image_header *image)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	return label ? rule_of(image, label->admission) : NULL;
}

/* What a rule has let through is of that row, when it is loaded in the end. */
static void load_permitted(__u32 row)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	if (label && row)
		label->load_row = row;
}

/* May the caller not have a program that needs all this? Says so, or whom a rule has let through.
 */
static bool load_refused(struct act *act, __u64 needs)
{
	struct guard_state *guard = guard_state();
	struct image_header *image = policy_in_force();
	struct image_admission *rule;

	if (!guard || !guard->armed || !image || !(needs & ~image->admitted))
		return false;
	if (current_domain())
		return false;
	rule = rule_of_caller(image);
	if (!rule || needs & ~(image->admitted | rule->programs))
		return guard_refuses(act);
	guard_report(act, EVENT_NOTED);
	load_permitted(act->row);
	return false;
}

/* What whoever has that rule is held to, or has none; NULL: to nothing. */
static struct image_limits *limits_of(struct image_header *image, struct image_admission *rule)
{
	__u32 limits = rule ? rule->limits : image->limits;

	if (!image->n_limits || !limits)
		return NULL;
	return image_at(image,
			IMAGE_OFF_LIMITS(image) + (limits - 1) * sizeof(struct image_limits));
}

static struct image_limits *limits_of_caller(void)
{
	struct guard_state *guard = guard_state();
	struct image_header *image = policy_in_force();

	if (!guard || !guard->armed || !image || !image->n_limits || current_domain())
		return NULL;
	return limits_of(image, rule_of_caller(image));
}

/* Rows of techniques are for what programs can do; any can be too much for the kernel. */
INLINE bool limit_refuses(struct act *act, __u32 limit)
{
	if (!act->row)
		act->row = EVENT_ROW('P', 20);
	act->limit = limit;
	return guard_refuses(act);
}

/* Of TRACING programs; the attach type says what they are, the id where they hang. */
static __u64 tracing_needs(__u32 attach_type, __u32 flags, __u32 *ret_row)
{
	switch (attach_type) {
	case ATTACH_MODIFY_RETURN:
		*ret_row = flags ? EVENT_ROW('P', 4) : EVENT_ROW('P', 8);
		return IMAGE_PROGRAM_MODIFY_RETURN;
	case ATTACH_FENTRY:
	case ATTACH_FEXIT:
		*ret_row = EVENT_ROW('P', 19);
		return flags & KNOWN_HOOK ? PROGRAM_GUARDED : 0;
	case BPF_TRACE_RAW_TP:
	case BPF_TRACE_ITER:
		return 0;
	}
	return IMAGE_PROGRAM_UNKNOWN;
}

static __u64 type_needs(__u32 type, __u32 attach_type, __u32 flags, __u32 *ret_row)
{
	if (type >= IMAGE_PROGRAM_TYPES)
		return IMAGE_PROGRAM_UNKNOWN;
	switch (type) {
	case BPF_PROG_TYPE_TRACING:
		return IMAGE_PROGRAM(type) | tracing_needs(attach_type, flags, ret_row);
	case BPF_PROG_TYPE_EXT:
		*ret_row = EVENT_ROW('P', 1);
		break;
	case BPF_PROG_TYPE_LSM:
		*ret_row = EVENT_ROW('P', 5);
		break;
	case BPF_PROG_TYPE_SYSCALL:
		*ret_row = EVENT_ROW('M', 14);
		break;
	case BPF_PROG_TYPE_STRUCT_OPS:
		*ret_row = EVENT_ROW('P', 22);
		break;
	}
	return IMAGE_PROGRAM(type);
}

INLINE void load_act(struct act *act, __u32 type)
{
	act->act = EVENT_ACT_PROG_LOAD;
	act->command = type;
	act->error = EPERM;
	act->kind = EVENT_OBJECT_PROG;
	act->owner = DOMAIN_SELF;
}

static bool program_refused(union bpf_attr *attr)
{
	struct image_limits *limits;
	__u32 type = attr->prog_type, attach_type = attr->expected_attach_type;
	__u32 flags = known_flags(KNOWN_FUNCTION, attr->attach_btf_id);
	struct act act = {};
	__u64 needs;

	load_act(&act, type);
	act.id = attr->attach_btf_id;
	needs = type_needs(type, attach_type, flags, &act.row);
	if (type == BPF_PROG_TYPE_TRACING && attach_type == ATTACH_MODIFY_RETURN && flags) {
		/* whoever refuses first has the say: nobody but the guard, around its hooks */
		return (current_domain() != DOMAIN_SELF || self_bound(DOMAIN_SELF)) &&
		       guard_refuses(&act);
	}
	limits = limits_of_caller();
	if (limits && limits_refuse_attach(limits, type, attach_type) &&
	    limit_refuses(&act, IMAGE_LIMIT_ATTACH))
		return true;
	act.limit = 0;
	return load_refused(&act, needs);
}

/* ---- how a program is signed */

static bool verdict_refused(struct act *act, __u32 verdict)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	/* what the guard proves itself by carries no signature */
	if (verdict == VERDICT_TRUSTED || (label && label->canary))
		return false;
	act->row = EVENT_ROW('P', 24);
	return load_refused(act, verdict == VERDICT_SYSTEM ? IMAGE_PROGRAM_SYSTEM_SIGNED
							   : IMAGE_PROGRAM_UNSIGNED);
}

/*
 * What a loader program loads, in the kernel and unsigned, is as good as that program. A signature
 * is judged by the kernel first: see admission_load, and verdict.bpf.c for one that is bad.
 */
static bool unsigned_refused(void *ctx, union bpf_attr *attr)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct act act = {};
	__u64 kernel = 0;

	if (is_signed(attr)) {
		label = task_label_make(bpf_get_current_task_btf());
		if (label)
			label->verifying = attr->prog_type + 1;
		return false;
	}
	bpf_get_func_arg(ctx, ARGUMENT_KERNEL, &kernel);
	load_act(&act, attr->prog_type);
	return verdict_refused(&act, label && (__u8)kernel ? label->runs : VERDICT_NONE);
}

static bool signed_refused(struct bpf_prog *prog, union bpf_attr *attr)
{
	struct act act = {};

	if (!is_signed(attr))
		return false;
	load_act(&act, prog->type);
	copy_name(act.name, prog->aux->name);
	return verdict_refused(&act, verdict_take(prog, attr));
}

/* ---- maps */

static bool map_refused(union bpf_attr *attr)
{
	struct image_limits *limits = limits_of_caller();
	struct act act = {
		.act = EVENT_ACT_MAP_CREATE,
		.command = attr->map_type,
		.row = EVENT_ROW('M', 21),
		.error = EPERM,
		.kind = EVENT_OBJECT_MAP,
		.owner = DOMAIN_SELF,
		.limit = IMAGE_LIMIT_MAPS,
	};

	if (!limits || !limits_refuse_map(limits, attr))
		return false;
	copy_name(act.name, attr->map_name);
	return guard_refuses(&act);
}

/* So that its first fd, which is the end of the load, is known for what it is. */
static void load_begins(void)
{
	struct guard_state *guard = guard_state();
	struct task_label *label;

	if (!guard || !guard->armed)
		return;
	label = task_label_make(bpf_get_current_task_btf());
	if (!label)
		return;
	label->loading = 1;
	label->load_row = 0;
}

int admission_bpf(void *ctx, int command, union bpf_attr *attr)
{
	struct act act = {};

	if (command == BPF_PROG_LOAD) {
		load_begins();
		if (program_refused(attr) || unsigned_refused(ctx, attr))
			return REFUSED(EPERM);
		return 0;
	}
	if (command != BPF_MAP_CREATE)
		return 0;
	if (map_refused(attr))
		return REFUSED(EPERM);
	if (attr->map_type != BPF_MAP_TYPE_STRUCT_OPS)
		return 0;
	load_act(&act, BPF_PROG_TYPE_STRUCT_OPS);
	act.kind = EVENT_OBJECT_MAP;
	act.row = EVENT_ROW('P', 22);
	if (load_refused(&act, IMAGE_PROGRAM(BPF_PROG_TYPE_STRUCT_OPS)))
		return REFUSED(EPERM);
	return 0;
}

/* ---- what a program calls */

struct scan {
	__u64 base; /* address of the first instruction, as a number */
	__u32 len; /* instructions */
	__u32 final; /* the verifier has put addresses for numbers */
	__u32 learn; /* KNOWN_*: remember the call */
	__u32 flags; /* KNOWN_* of all calls */
	__u32 whole; /* all of it was read */
	__u32 limits; /* IMAGE_LIMIT_* on what it calls */
	__u64 helpers[IMAGE_HELPERS / 64]; /* that it may call, if that is one */
	__u32 beyond; /* IMAGE_LIMIT_*: it calls others */
	__u32 kfuncs; /* place in the image's names of the first one that it may call */
	__u32 n_kfuncs;
	__u32 pad0;
};

INLINE bool helper_listed(const struct scan *scan, __u32 number)
{
	__u64 word = number < 64    ? scan->helpers[0]
		     : number < 128 ? scan->helpers[1]
		     : number < 192 ? scan->helpers[2]
				    : scan->helpers[3];

	return number < IMAGE_HELPERS && word >> (number & 63) & 1;
}

/* A function of a module has its id from that module's types, and no name that lists it. */
INLINE bool kfunc_beyond(const struct scan *scan, __u32 code, __u32 number)
{
	return code >> 16 || !kfunc_listed(scan->kfuncs, scan->n_kfuncs, number);
}

/* The limit that the call is beyond; 0: none. */
INLINE __u32 call_beyond(const struct scan *scan, __u32 code, __u32 number)
{
	if ((code >> 12 & 0xf) == CALL_FUNCTION)
		return scan->limits & IMAGE_LIMIT_KFUNCS && kfunc_beyond(scan, code, number)
			       ? IMAGE_LIMIT_KFUNCS
			       : 0;
	return scan->limits & IMAGE_LIMIT_HELPERS && !helper_listed(scan, number)
		       ? IMAGE_LIMIT_HELPERS
		       : 0;
}

static void scan_call(struct scan *scan, __u32 code, __u32 number)
{
	__u32 source = code >> 12 & 0xf, kind = KNOWN_CALL;
	__u64 key = KNOWN_KEY(KNOWN_CALL, number);

	if ((code & 0xff) != CALL || (source != CALL_HELPER && source != CALL_FUNCTION))
		return;
	if (scan->learn) {
		bpf_map_update_elem(&known, &key, &scan->learn, BPF_ANY);
		return;
	}
	if (!scan->beyond)
		scan->beyond = call_beyond(scan, code, number);
	if (!scan->final)
		kind = source == CALL_HELPER ? KNOWN_HELPER : KNOWN_FUNCTION;
	scan->flags |= known_flags(kind, number);
}

/* Two instructions; of an odd number, the last one with the one before it. */
static long scan_step(__u32 i, void *context)
{
	struct scan *scan = context;
	__u32 at = 2 * i;
	struct block block;

	if (at >= scan->len || scan->len < 2) {
		scan->whole = 1;
		return 1;
	}
	if (at == scan->len - 1)
		at--;
	if (read_block((void *)scan->base, at * INSN_SIZE, &block))
		return 1;
	scan_call(scan, block.word[0], block.word[1]);
	scan_call(scan, block.word[2], block.word[3]);
	return 0;
}

static __u64 scan_needs(const struct scan *scan, __u32 *ret_row)
{
	__u32 flags = scan->flags;
	__u64 needs = 0;

	if (flags & KNOWN_DESTRUCTIVE) {
		*ret_row = EVENT_ROW('P', 21);
		needs |= IMAGE_PROGRAM_DESTRUCTIVE;
	}
	if (flags & KNOWN_WRITE_USER) {
		*ret_row = EVENT_ROW('P', 9);
		needs |= IMAGE_PROGRAM_WRITE_USER;
	}
	if (flags & KNOWN_SEND_SIGNAL) {
		*ret_row = EVENT_ROW('P', 11);
		needs |= IMAGE_PROGRAM_SEND_SIGNAL;
	}
	if (flags & KNOWN_OVERRIDE_RETURN) {
		*ret_row = EVENT_ROW('P', 8);
		needs |= IMAGE_PROGRAM_OVERRIDE_RETURN;
	}
	/* never seen: longer than a loop of the kernel's may be */
	if (!scan->whole)
		needs |= PROGRAM_GUARDED;
	return needs;
}

static bool calls_refused(struct bpf_prog *prog, struct scan *scan)
{
	struct image_limits *limits = limits_of_caller();
	struct act act = {};
	__u64 needs;

	if (current_domain())
		return false;
	/* seen too late, all calls are addresses: see made_refused() */
	if (limits && !scan->final) {
		scan->limits = limits->given;
		scan->kfuncs = limits->kfuncs;
		scan->n_kfuncs = limits->n_kfuncs;
		__builtin_memcpy(scan->helpers, limits->helpers, sizeof(scan->helpers));
	}
	scan->base += bpf_core_field_offset(struct bpf_prog, insnsi);
	scan->len = prog->len;
	bpf_loop(scan->len / 2 + 2, scan_step, scan, 0);
	load_act(&act, prog->type);
	needs = scan_needs(scan, &act.row);
	act.id = prog->aux->id; /* 0 where the load has only begun */
	copy_name(act.name, prog->aux->name);
	if (scan->beyond && limit_refuses(&act, scan->beyond))
		return true;
	act.limit = 0;
	return needs && load_refused(&act, needs);
}

SEC("lsm/bpf_prog_load")
int BPF_PROG(admission_load, struct bpf_prog *prog, union bpf_attr *attr)
{
	struct scan scan = {};

	bpf_get_func_arg(ctx, 0, &scan.base);
	if (signed_refused(prog, attr) || calls_refused(prog, &scan))
		return REFUSED(EPERM);
	return 0;
}

/* ---- what a program uses */

struct uses {
	__u64 base; /* address of the array of maps */
	__u32 n;
	__u32 domain; /* whose the program shall be */
	__u32 owner; /* of a map that is not that domain's */
	__u32 id;
};

static void uses_map(struct uses *uses, __u32 low, __u32 high)
{
	__u64 key = (__u64)high << 32 | low;
	struct object_label *label = bpf_map_lookup_elem(&objects, &key);

	if (!label || !strange(uses->domain, label->domain))
		return;
	uses->owner = label->domain;
	uses->id = label->id;
}

static long uses_step(__u32 i, void *context)
{
	struct uses *uses = context;
	__u32 at = 2 * i;
	struct block block;

	if (at >= uses->n)
		return 1;
	if (read_block((void *)uses->base, at * sizeof(__u64), &block))
		return 1;
	uses_map(uses, block.word[0], block.word[1]);
	if (at + 1 < uses->n)
		uses_map(uses, block.word[2], block.word[3]);
	return 0;
}

static bool uses_refused(struct bpf_prog *prog)
{
	struct uses uses = {.domain = current_domain()};
	struct act act = {};

	if (uses.domain == DOMAIN_SELF)
		return false;
	uses.base = (__u64)prog->aux->used_maps;
	uses.n = prog->aux->used_map_cnt;
	if (!uses.n)
		return false;
	bpf_loop(uses.n / 2 + 1, uses_step, &uses, 0);
	if (!uses.owner)
		return false;
	load_act(&act, prog->type);
	act.kind = EVENT_OBJECT_MAP;
	act.row = EVENT_ROW('M', 12);
	act.owner = uses.owner;
	act.id = uses.id;
	copy_name(act.name, prog->aux->name);
	return guard_refuses(&act);
}

/*
 * Every fd of a program passes here, its maker's first, and somebody else's perhaps before it: so
 * not the first one counts, but whether the program is younger than the guard. Labelled ones were
 * judged when they got their label, but for the mark of objects.bpf.c.
 */
static bool unjudged(struct bpf_prog *prog)
{
	struct object_label *label = object_label(prog->aux);
	struct guard_state *guard = guard_state();

	return guard && guard->armed && prog->aux->load_time >= guard->armed_ns &&
	       (!label || label->awaits);
}

/* Whoever asks for it later is not asked again. */
static void judged(struct bpf_prog *prog)
{
	struct object_label label = {};
	__u64 key = (__u64)prog->aux;

	bpf_map_update_elem(&objects, &key, &label, BPF_ANY);
}

/* The limit that it is beyond; 0: none. @unseen: IMAGE_LIMIT_* that this kernel tells nobody. */
static __u32 made_beyond(struct image_limits *limits, struct bpf_prog *prog, __u32 unseen)
{
	if (limits->given & unseen)
		return limits->given & unseen;
	if (limits_refuse_attach(limits, prog->type, prog->expected_attach_type))
		return IMAGE_LIMIT_ATTACH;
	if (limits_refuse_target(limits, prog))
		return IMAGE_LIMIT_TARGETS;
	return limits_refuse_digest(limits, prog) ? IMAGE_LIMIT_DIGESTS : 0;
}

/*
 * By what the kernel has found out since the load began, and by the rule of its maker whoever asks:
 * another task may have the id before he has his fd. @unseen: as above.
 */
static bool made_refused(struct bpf_prog *prog, __u32 unseen)
{
	struct object_label *label = object_label(prog->aux);
	struct image_header *image = policy_in_force();
	__u32 type = prog->type, attach_type = prog->expected_attach_type;
	__u64 key = (__u64)prog->aux;
	struct image_limits *limits;
	struct act act = {};
	__u32 limit;

	if (!image || !label || !label->awaits || current_domain())
		return false;
	load_act(&act, type);
	act.id = prog->aux->id;
	copy_name(act.name, prog->aux->name);
	(void)type_needs(type, attach_type, 0, &act.row);
	limits = limits_of(image, rule_of(image, label->id));
	limit = limits ? made_beyond(limits, prog, unseen) : 0;
	if (limit && limit_refuses(&act, limit))
		return true;
	bpf_map_delete_elem(&objects, &key);
	return false;
}

/*
 * A load that nothing here has refused has its event like those that are refused, whoever made it:
 * the object's owner is the domain whose program it is.
 */
static void load_admitted(struct bpf_prog *prog)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct guard_state *guard = guard_state();
	struct act act = {};

	if (!guard || !guard->armed || !label || !label->loading)
		return;
	label->loading = 0;
	if (label->canary)
		return;
	load_act(&act, prog->type);
	act.row = label->load_row;
	act.owner = label->domain;
	act.id = prog->aux->id;
	copy_name(act.name, prog->aux->name);
	guard_report(&act, EVENT_ADMITTED);
}

/* Only the verifier finds out. From a uprobe the registers are those of whoever runs the code. */
static bool registers_refused(struct bpf_prog *prog)
{
	struct bpf_prog_aux___writing *aux = (void *)prog->aux;
	struct act act = {};

	if (!bpf_core_field_exists(aux->kprobe_write_ctx) || !aux->kprobe_write_ctx)
		return false;
	load_act(&act, prog->type);
	act.row = EVENT_ROW('P', 14);
	act.id = prog->aux->id;
	copy_name(act.name, prog->aux->name);
	return load_refused(&act, IMAGE_PROGRAM_WRITE_USER);
}

SEC("lsm/bpf_prog")
int BPF_PROG(admission_prog, struct bpf_prog *prog)
{
	if (unjudged(prog)) {
		if (registers_refused(prog))
			return REFUSED(EPERM);
		if (uses_refused(prog))
			return REFUSED(EPERM);
		if (made_refused(prog, 0))
			return REFUSED(EPERM);
	}
	load_admitted(prog);
	return 0;
}

/* How a helper's call looks when the verifier is done with it: seen in a program of holdfastd's. */
INLINE bool learns(struct bpf_prog *prog, struct scan *scan)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	if (!label || label->domain != DOMAIN_SELF || !label->learn)
		return false;
	scan->learn = label->learn;
	label->learn = 0;
	scan->base += bpf_core_field_offset(struct bpf_prog, insnsi);
	scan->len = prog->len;
	bpf_loop(scan->len / 2 + 2, scan_step, scan, 0);
	return true;
}

/* COMPAT(6.8): without bpf_prog_load, so what is called is seen at the end of the load */
SEC("lsm/bpf_prog")
int BPF_PROG(admission_prog_compat, struct bpf_prog *prog)
{
	struct scan scan = {.final = 1};

	bpf_get_func_arg(ctx, 0, &scan.base);
	if (learns(prog, &scan))
		return 0;
	if (unjudged(prog)) {
		if (uses_refused(prog))
			return REFUSED(EPERM);
		if (calls_refused(prog, &scan))
			return REFUSED(EPERM);
		if (made_refused(prog, IMAGE_LIMIT_HELPERS | IMAGE_LIMIT_KFUNCS))
			return REFUSED(EPERM);
		if (scan.flags)
			judged(prog);
	}
	load_admitted(prog);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
