// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Control: the one way from holdfastd into the guard's maps, which user space cannot write. The
 * control program is run with struct control_args, answers to `self` only, and does not hang on
 * ftrace. Iterators put labels on what is older than the guard, and count what is labelled.
 */

#include <linux/btf.h>

#include "bpf/lib/bank.h"
#include "bpf/lib/tasks.h"

/* The tables follow each other and end where the image ends; the rest holdfastd has checked. */
static bool image_sound(const struct image_header *image, __u32 size)
{
	if (image->magic != IMAGE_MAGIC || image->abi != IMAGE_ABI || image->size != size)
		return false;
	if (image->mode < IMAGE_MODE_OBSERVE || image->mode > IMAGE_MODE_SEALED)
		return false;
	if (image->n_domains > IMAGE_MAX_DOMAINS || image->n_trusted > IMAGE_MAX_TRUSTED ||
	    image->n_executables > IMAGE_MAX_EXECUTABLES || image->n_pins > IMAGE_MAX_PATHS ||
	    image->n_files > IMAGE_MAX_FILES || image->n_admissions > IMAGE_MAX_ADMISSIONS ||
	    image->n_slots > IMAGE_MAX_SLOTS || image->n_texts > IMAGE_MAX_TEXTS)
		return false;
	if (image->n_limits > IMAGE_MAX_LIMITS || image->n_names > IMAGE_MAX_NAMES ||
	    image->n_maps > IMAGE_MAX_MAPS || image->n_digests > IMAGE_MAX_DIGESTS ||
	    image->n_verities > IMAGE_MAX_VERITIES || image->n_signed > IMAGE_MAX_DOMAINS ||
	    image->n_required > image->n_names)
		return false;
	return IMAGE_OFF_END(image) == size;
}

/* The names of functions that one rule lets programs call, in the bank that is being filled. */
struct resolution {
	__u32 bank;
	__u32 first; /* place in the image's names */
};

/*
 * Which of the kernel's own functions has that name. One of a module comes with an fd of the
 * module's types, and does not count: the module may go, and another have its numbers. Whoever made
 * the image, it says nothing of the other bank.
 */
static long resolve_name(__u32 i, void *context)
{
	struct resolution *resolution = context;
	struct image_header *image = policy_bank(resolution->bank);
	__u32 place = resolution->first + i, key = KFUNC_KEY(resolution->bank, place), id = 0;
	struct image_name *name;
	long found;

	if (!image || place >= image->n_names || place >= IMAGE_MAX_NAMES)
		return 1;
	name = image_at(image, IMAGE_OFF_NAMES(image) + place * sizeof(*name));
	found = bpf_btf_find_by_name_kind(name->text, sizeof(name->text), BTF_KIND_FUNC, 0);
	if (found > 0 && found >> 32)
		bpf_sys_close((__u32)(found >> 32));
	else if (found > 0)
		id = found;
	bpf_map_update_elem(&kfuncs, &key, &id, BPF_ANY);
	return 0;
}

static long resolve_rule(__u32 i, void *context)
{
	struct resolution *resolution = context;
	struct image_header *image = policy_bank(resolution->bank);
	struct image_limits *limits;
	__u32 n;

	if (!image || i >= image->n_limits)
		return 1;
	limits = image_at(image, IMAGE_OFF_LIMITS(image) + i * sizeof(*limits));
	resolution->first = limits->kfuncs;
	n = limits->n_kfuncs;
	if (n)
		bpf_loop(n, resolve_name, resolution, 0);
	return 0;
}

/* By the kernel, and where the image is copied: who runs this cannot leave it out or say more. */
static void kfuncs_resolve(__u32 bank)
{
	struct resolution resolution = {.bank = bank};

	bpf_loop(IMAGE_MAX_LIMITS, resolve_rule, &resolution, 0);
}

static int image_fill(struct guard_state *guard, const struct control_args *args)
{
	struct image_header *image = policy_bank(!(guard->bank & 1));
	__u64 size = args->size;

	if (!image)
		return -ENOENT;
	if (size < sizeof(*image))
		return -EMSGSIZE;
	/* Merged with the one above, this comparison would say nothing to the verifier of 6.1. */
	barrier_var(size);
	if (size > IMAGE_MAX_SIZE)
		return -EMSGSIZE;
	if (bpf_copy_from_user(image, size, (void *)args->pointer))
		return -EFAULT;
	if (!image_sound(image, size))
		return -EINVAL;
	kfuncs_resolve(!(guard->bank & 1));
	return 0;
}

/* One that nobody could follow, but by a reboot. */
static bool bank_sealed(struct guard_state *guard)
{
	struct image_header *image = policy_bank(!(guard->bank & 1));

	return image && image->mode == IMAGE_MODE_SEALED;
}

/* It waits to be put in force, and, where a signature is needed, for its verdict before that. */
static int image_take(struct guard_state *guard, const struct control_args *args)
{
	struct trust_state *trust = trust_state();
	int r;

	if (!trust)
		return -ENOENT;
	if (!bank_begin(trust))
		return -EBUSY;
	r = image_fill(guard, args);
	if (!r && !trust->serial && bank_sealed(guard))
		r = -EACCES;
	/* one that rehearses has the image of the guard before it, which was judged there */
	if (!r && trust->serial && !guard->rehearsing) {
		trust->verdict = -ENOKEY;
		trust->step = TRUST_FILLED;
		return 0;
	}
	trust->step = r ? TRUST_IDLE : TRUST_JUDGED;
	return r;
}

static int image_force(struct guard_state *guard)
{
	struct trust_state *trust = trust_state();

	if (!trust)
		return -ENOENT;
	if (!bank_step(trust, TRUST_JUDGED, TRUST_FILLING))
		return -EPERM;
	guard->bank = !(guard->bank & 1);
	trust->step = TRUST_IDLE;
	return 0;
}

/* The keyring's number, once and before the guard is armed. */
static int anchor_set(struct guard_state *guard, __u32 serial)
{
	struct trust_state *trust = trust_state();
	int r = 0;

	if (!trust || !serial)
		return -EINVAL;
	if (guard->armed)
		return -EPERM;
	/* no image is on its way that needs none yet */
	if (!bank_step(trust, TRUST_IDLE, TRUST_FILLING))
		return -EBUSY;
	if (trust->serial)
		r = -EEXIST;
	else
		trust->serial = serial;
	trust->step = TRUST_IDLE;
	return r;
}

static int signature_take(const struct control_args *args)
{
	struct trust_state *trust = trust_state();
	__u64 size = args->size;

	if (!trust || !size)
		return -EINVAL;
	barrier_var(size);
	if (size > sizeof(trust->signature))
		return -EMSGSIZE;
	if (!bank_step(trust, TRUST_FILLED, TRUST_SIGNING))
		return -EBUSY;
	if (bpf_copy_from_user(trust->signature, size, (void *)args->pointer)) {
		trust->step = TRUST_IDLE;
		return -EFAULT;
	}
	trust->size = size;
	trust->step = TRUST_SIGNED;
	return 0;
}

static int verdict(void)
{
	struct trust_state *trust = trust_state();

	return trust ? trust->verdict : -ENOENT;
}

static int self_claim(struct guard_state *guard, bool rehearses)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_label *label;

	if (__sync_val_compare_and_swap(&guard->claimed, 0, 1))
		return -EBUSY;
	/* made by prepare_self, since this program may sleep: see identity_exec_early */
	label = task_label(task);
	if (!label)
		return -ENOMEM;
	label->domain = DOMAIN_SELF;
	if (task_note(task, DOMAIN_SELF))
		return -ENOSPC;
	task_cgroups_protect(task, DOMAIN_SELF);
	guard->abi = LABELS_ABI;
	guard->rehearsing = rehearses;
	guard->mount_ns = (__u64)task->nsproxy->mnt_ns;
	return 0;
}

static int copy_in(void *to, __u32 size, const struct control_args *args)
{
	if (args->size != size)
		return -EMSGSIZE;
	return bpf_copy_from_user(to, size, (void *)args->pointer) ? -EFAULT : 0;
}

static int seed(const struct control_args *args)
{
	__u64 key = (__u64)args->kind << 32 | args->id;
	__u32 domain = args->domain;

	if (!domain)
		return bpf_map_delete_elem(&seeds, &key);
	return bpf_map_update_elem(&seeds, &key, &domain, BPF_ANY);
}

static int operator_keep(const struct control_args *args)
{
	struct operator_record *record;
	__u32 zero = 0;

	record = bpf_map_lookup_elem(&operator, & zero);
	return record ? copy_in(record, sizeof(*record), args) : -ENOENT;
}

static int interface_seed(struct guard_state *guard, const struct control_args *args)
{
	struct interface_key key = {.netns = args->kind, .ifindex = args->id};
	__u32 domain = args->domain;
	int r;

	r = bpf_map_update_elem(&interfaces, &key, &domain, BPF_NOEXIST);
	if (!r)
		__sync_fetch_and_add(&guard->interfaces, 1);
	return r;
}

static int respite_set(const struct control_args *args)
{
	struct respite respite;
	__u32 domain = args->domain;
	int r;

	if (domain == DOMAIN_SELF || domain == DOMAIN_CANARY)
		return -EINVAL;
	if (!args->size)
		return bpf_map_delete_elem(&respites, &domain);
	r = copy_in(&respite, sizeof(respite), args);
	return r ? r : bpf_map_update_elem(&respites, &domain, &respite, BPF_ANY);
}

/* As commands.bpf.c: the first domain that uses a type has it. */
static int attach_type_seed(const struct control_args *args)
{
	__u32 type = args->id;
	__u32 *owner = bpf_map_lookup_elem(&attach_types, &type);

	if (!owner)
		return -E2BIG;
	if (!*owner)
		*owner = args->domain;
	return 0;
}

/* A guard of another build has labelled it; who is made since this one hangs is known here. */
static int object_take(struct guard_state *guard, struct control_taken *taken)
{
	struct object_label *label = (struct object_label *)taken->value;

	if (bpf_map_lookup_elem(&objects, taken->key))
		return 0;
	if (bpf_map_update_elem(&objects, taken->key, label, BPF_NOEXIST))
		return -ENOSPC;
	if (label->kind == EVENT_OBJECT_LINK)
		__sync_fetch_and_add(&guard->links, 1);
	if (label->kind == EVENT_OBJECT_NONE || !label->id)
		return 0;
	return id_label(label->kind, label->id, label->domain) && label->domain ? -ENOSPC : 0;
}

/* It ended while its record was on the way here, and this guard had not known it then. */
static int object_forget(struct guard_state *guard, struct control_taken *taken)
{
	struct object_label *label = bpf_map_lookup_elem(&objects, taken->key);

	if (!label)
		return 0;
	if (label->kind == EVENT_OBJECT_LINK)
		__sync_fetch_and_add(&guard->links, -1);
	if (label->kind != EVENT_OBJECT_NONE && label->id)
		id_label(label->kind, label->id, DOMAIN_NONE);
	return bpf_map_delete_elem(&objects, taken->key);
}

/* Held for good: who is being judged meanwhile is judged by this guard as well. */
static int stacked_take(struct control_taken *taken)
{
	struct stacked_label label = {.held = (__u32)taken->value[0]};

	if (!label.held) {
		bpf_map_delete_elem(&stacked, taken->key);
		return 0;
	}
	return bpf_map_update_elem(&stacked, taken->key, &label, BPF_NOEXIST) == -E2BIG ? -ENOSPC
											: 0;
}

/* The greater one, not the sum: who is killed on the way comes with the same again. */
static int folded_take(const struct control_taken *taken)
{
	__u32 slot = taken->key[0];
	struct folded *count = bpf_map_lookup_elem(&folded, &slot);

	if (!count)
		return -E2BIG;
	_Static_assert(sizeof(count->former) == sizeof(taken->value), "a number for each verdict");
	for (int i = 0; i < EVENT_VERDICTS; i++) {
		if (taken->value[i] > count->former[i])
			count->former[i] = taken->value[i];
	}
	return 0;
}

/* Never less than before, nor more than there are: what nobody has told of stays to be told. */
static int folded_told(const struct control_args *args)
{
	__u32 slot = args->kind, i = args->id;
	struct folded *count = bpf_map_lookup_elem(&folded, &slot);

	if (!count || i >= EVENT_VERDICTS)
		return -E2BIG;
	barrier_var(i);
	i &= EVENT_VERDICTS - 1;
	if (args->size < count->told[i] || args->size > count->n[i] + count->former[i])
		return -ERANGE;
	count->told[i] = args->size;
	return 0;
}

/* From here on this guard decides, and goes on with the numbers of the one before. */
static int office_take(struct guard_state *guard, const struct control_office *office)
{
	if (!guard->rehearsing)
		return 0;
	guard->sequence = office->sequence;
	guard->armed_ns = office->armed_ns;
	guard->all_cgroups |= office->all_cgroups != 0;
	guard->rehearsing = 0;
	return 0;
}

static int take(struct guard_state *guard, const struct control_args *args)
{
	struct control_taken taken;
	int r;

	/* one that decides takes labels from nobody; that it does, it may be told again */
	if (!guard->rehearsing && args->kind != CONTROL_TAKE_OFFICE &&
	    args->kind != CONTROL_TAKE_FOLDED)
		return -EPERM;
	r = copy_in(&taken, sizeof(taken), args);
	if (r)
		return r;
	switch (args->kind) {
	case CONTROL_TAKE_OBJECT:
		return object_take(guard, &taken);
	case CONTROL_TAKE_GONE:
		return object_forget(guard, &taken);
	case CONTROL_TAKE_FILE:
		return bpf_map_update_elem(&files, taken.key, taken.value, BPF_ANY);
	case CONTROL_TAKE_MEASURED:
		return bpf_map_update_elem(&measured, taken.key, taken.value, BPF_ANY);
	case CONTROL_TAKE_PLACE:
		return bpf_map_update_elem(&places, taken.key, taken.value, BPF_ANY);
	case CONTROL_TAKE_NAME:
		return bpf_map_update_elem(&names, taken.key, taken.value, BPF_ANY);
	case CONTROL_TAKE_CGROUP:
		return bpf_map_update_elem(&cgroups, taken.key, taken.value, BPF_ANY);
	case CONTROL_TAKE_STACKED:
		return stacked_take(&taken);
	case CONTROL_TAKE_FOLDED:
		return folded_take(&taken);
	case CONTROL_TAKE_OFFICE:
		return office_take(guard, (struct control_office *)taken.value);
	}
	return -EOPNOTSUPP;
}

/*
 * Who holds a sealed guard's holdfastd cannot end it, make himself somebody else's office, nor call
 * a dangerous call a harmless one.
 */
static bool operation_sealed(const struct control_args *args)
{
	switch (args->op) {
	case CONTROL_DISARM:
	case CONTROL_ARM:
	case CONTROL_LEARN:
	case CONTROL_BUILD:
		return true;
	case CONTROL_TAKE:
		return args->kind != CONTROL_TAKE_FOLDED;
	case CONTROL_NEXT:
		return args->size;
	}
	return false;
}

static int next_set(struct guard_state *guard, const struct control_args *args)
{
	if (args->size)
		return copy_in(&guard->next, sizeof(guard->next), args);
	__builtin_memset(&guard->next, 0, sizeof(guard->next));
	return 0;
}

/* Return: 0 or negative errno; -EOPNOTSUPP if it is not about an image. */
static int operate_image(struct guard_state *guard, struct control_args *args)
{
	switch (args->op) {
	case CONTROL_ANCHOR:
		return anchor_set(guard, args->id);
	case CONTROL_IMAGE:
		return image_take(guard, args);
	case CONTROL_SIGNATURE:
		return signature_take(args);
	case CONTROL_VERDICT:
		return verdict();
	case CONTROL_FORCE:
		return image_force(guard);
	}
	return -EOPNOTSUPP;
}

static int operate(struct guard_state *guard, struct task_label *label, struct control_args *args)
{
	switch (args->op) {
	case CONTROL_ARM:
		guard->armed_ns = bpf_ktime_get_boot_ns();
		guard->armed = 1;
		return 0;
	case CONTROL_DISARM:
		guard->armed = 0;
		return 0;
	case CONTROL_SEED:
		return seed(args);
	case CONTROL_MARK:
		label->mark_domain = args->domain;
		label->mark_kind = args->kind;
		return 0;
	case CONTROL_EXPECT:
		label->expect = args->domain;
		return 0;
	case CONTROL_OPERATOR:
		return operator_keep(args);
	case CONTROL_BUILD:
		return copy_in(&guard->build, sizeof(guard->build), args);
	case CONTROL_INTERFACE:
		return interface_seed(guard, args);
	case CONTROL_MEASURE:
		return copy_in(&label->measurement, sizeof(label->measurement), args);
	case CONTROL_RESPITE:
		return respite_set(args);
	case CONTROL_TAKE:
		return take(guard, args);
	case CONTROL_NEXT:
		return next_set(guard, args);
	case CONTROL_TOLD:
		return folded_told(args);
	case CONTROL_LEARN:
		label->learn = args->id;
		return 0;
	case CONTROL_ATTACH_TYPE:
		return attach_type_seed(args);
	case CONTROL_ADOPT:
		guard->adopting = args->id;
		return 0;
	case CONTROL_ACT_AS:
		if (args->domain != DOMAIN_CANARY && args->domain != DOMAIN_NONE)
			return -EPERM;
		label->domain = args->domain;
		label->canary = 1;
		return task_note(bpf_get_current_task_btf(), args->domain) ? -ENOSPC : 0;
	}
	return -EOPNOTSUPP;
}

SEC("syscall")
int control(struct control_args *args)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());
	struct guard_state *guard = guard_state();
	int r;

	if (!guard)
		return -ENOENT;
	if (args->op == CONTROL_CLAIM)
		return self_claim(guard, args->kind == 1);
	if (!label || label->domain != DOMAIN_SELF)
		return -EPERM;
	if (operation_sealed(args) && self_bound(DOMAIN_SELF))
		return -EPERM;
	r = operate_image(guard, args);
	return r == -EOPNOTSUPP ? operate(guard, label, args) : r;
}

INLINE __u32 seeded(__u32 kind, __u32 id)
{
	__u64 key = (__u64)kind << 32 | id;
	__u32 *domain = bpf_map_lookup_elem(&seeds, &key);

	return domain ? *domain : DOMAIN_NONE;
}

INLINE void seed_object(const void *address, __u32 domain, __u32 kind, __u32 id)
{
	struct object_label label = {.domain = domain, .kind = kind, .id = id};
	__u64 key = (__u64)address;

	/* whoever made it since the hooks are there is known already */
	if (object_label(address))
		return;
	bpf_map_update_elem(&objects, &key, &label, BPF_ANY);
	if (kind != EVENT_OBJECT_NONE)
		id_label(kind, id, domain);
}

SEC("iter/bpf_map")
int seed_maps(struct bpf_iter__bpf_map *context)
{
	struct bpf_map *map = context->map;
	__u32 domain;

	if (!map)
		return 0;
	domain = seeded(EVENT_OBJECT_MAP, map->id);
	if (domain)
		seed_object(map, domain, EVENT_OBJECT_MAP, map->id);
	return 0;
}

SEC("iter/bpf_prog")
int seed_progs(struct bpf_iter__bpf_prog *context)
{
	struct bpf_prog *prog = context->prog;
	__u32 domain;

	if (!prog)
		return 0;
	domain = seeded(EVENT_OBJECT_PROG, prog->aux->id);
	if (!domain)
		return 0;
	seed_object(prog->aux, domain, EVENT_OBJECT_PROG, prog->aux->id);
	seed_object(prog, domain, EVENT_OBJECT_NONE, prog->aux->id);
	return 0;
}

SEC("iter/bpf_link")
int seed_links(struct bpf_iter__bpf_link *context)
{
	struct guard_state *guard = guard_state();
	struct bpf_link *link = context->link;
	__u32 domain, id;

	if (!link || !guard)
		return 0;
	id = link->id;
	domain = seeded(EVENT_OBJECT_LINK, id);
	if (!domain)
		return 0;
	/* links of the guard that were made after its hook are labelled already */
	if (!object_label(link))
		__sync_fetch_and_add(&guard->links, 1);
	seed_object(link, domain, EVENT_OBJECT_LINK, id);
	return 0;
}

/* Whoever reads this gets a label, empty as yet: holdfastd, before it claims the guard. */
SEC("iter/task")
int prepare_self(struct bpf_iter__task *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct guard_state *guard = guard_state();

	if (context->task && guard && !guard->claimed)
		task_label_make(task);
	return 0;
}

/* One line for each labelled process: its domain's id, its content's mark, CONTENT_*; in hex. */
SEC("iter/task")
int count_tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	static const char format[] = "%x %x %x\n";
	struct task_label *label;
	__u64 values[3];

	if (!task || task->pid != task->tgid)
		return 0;
	label = task_label(task);
	if (!label || !label->domain)
		return 0;
	values[0] = label->domain;
	values[1] = label->content;
	values[2] = label->way;
	bpf_seq_printf(context->meta->seq, format, sizeof(format), values, sizeof(values));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
