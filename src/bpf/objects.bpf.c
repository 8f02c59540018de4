// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Objects: maps and programs carry the label of the task that created them, and strangers get no
 * fd to them: not by id, not from a pin, not from another task, and not a read-only one, for a
 * program built on a read-only fd writes the map all the same.
 *
 *   hook                          refuses with   if the label cannot be stored
 *   bpf_map_create (6.9 and on)   ENOSPC         creation fails
 *   bpf_map_alloc_security        ENOSPC         creation fails
 *   bpf_prog_load (6.9 and on)    ENOSPC         the load fails
 *   bpf_prog_alloc_security       ENOSPC         the load fails
 *   bpf_prog                      EPERM          the load fails, ENOSPC
 *   bpf_map                       EPERM          -
 *   file_receive                  EPERM          -
 *
 * Cost to others: one hash lookup when a map or program is created, opened or freed, or a file is
 * received.
 */

#include "bpf/lib/guard.h"

#define FMODE_WRITE 2

/* set or cleared at every creation: an address that had a label before has none now */
static int label_object(__u64 address, __u32 domain, __u32 kind, __u32 id)
{
	struct object_label label = {.domain = domain, .kind = kind, .id = id};

	if (!domain) {
		bpf_map_delete_elem(&objects, &address);
		return 0;
	}
	return bpf_map_update_elem(&objects, &address, &label, BPF_ANY) ? -ENOSPC : 0;
}

/* The kernel has taken the id back by now; the label remembers it. */
INLINE void unlabel_object(__u64 address)
{
	struct object_label *label = bpf_map_lookup_elem(&objects, &address);

	if (!label)
		return;
	if (label->id && label->kind != EVENT_OBJECT_NONE)
		id_label(label->kind, label->id, DOMAIN_NONE);
	bpf_map_delete_elem(&objects, &address);
}

SEC("lsm/bpf_map_create")
int BPF_PROG(objects_map_create, struct bpf_map *map)
{
	if (label_object((__u64)map, current_domain(), EVENT_OBJECT_MAP, 0))
		return REFUSED(ENOSPC);
	return 0;
}

/* COMPAT(6.8): the hook of that purpose before bpf_map_create */
SEC("lsm/bpf_map_alloc_security")
int BPF_PROG(objects_map_create_compat, struct bpf_map *map)
{
	if (label_object((__u64)map, current_domain(), EVENT_OBJECT_MAP, 0))
		return REFUSED(ENOSPC);
	return 0;
}

SEC("lsm/bpf_map_free")
int BPF_PROG(objects_map_free, struct bpf_map *map)
{
	unlabel_object((__u64)map);
	return 0;
}

/* COMPAT(6.8) */
SEC("lsm/bpf_map_free_security")
int BPF_PROG(objects_map_free_compat, struct bpf_map *map)
{
	unlabel_object((__u64)map);
	return 0;
}

/* What the event says of a map or program: its kernel's own id and name. */
INLINE void object_act(struct act *act, __u32 kind, __u32 owner)
{
	act->error = EPERM;
	act->kind = kind;
	act->owner = owner;
}

/* The guard's maps are written by its programs; not even holdfastd asks for more than reading. */
INLINE bool sealed(struct bpf_map *map, struct object_label *label, fmode_t fmode)
{
	return label->domain == DOMAIN_SELF && fmode & FMODE_WRITE &&
	       map->map_type != BPF_MAP_TYPE_RINGBUF;
}

static void map_made(struct bpf_map *map, __u32 domain)
{
	struct act act = {.act = EVENT_ACT_MADE};

	object_act(&act, EVENT_OBJECT_MAP, domain);
	act.id = map->id;
	copy_name(act.name, map->name);
	guard_report(&act, EVENT_NOTED);
}

SEC("lsm/bpf_map")
int BPF_PROG(objects_map_fd, struct bpf_map *map, fmode_t fmode)
{
	struct object_label *label = object_label(map);
	__u32 domain;
	struct act act = {};
	bool made;

	if (!label)
		return 0;
	/* its maker's first fd: only now has it an id */
	made = !label->id;
	if (made) {
		label->id = map->id;
		if (id_label(EVENT_OBJECT_MAP, map->id, label->domain))
			return REFUSED(ENOSPC);
	}
	domain = current_domain();
	if (made && domain_holds(label->domain, IMAGE_HOLD_MAPS))
		map_made(map, label->domain);
	if (!(fmode & FMODE_WRITE) && keeps(domain, label->domain, IMAGE_HOLD_MAPS))
		return 0;
	/* who makes a map fills it: a holdfastd that takes over, those of the next guard */
	if (!strange(domain, label->domain) && (made || !sealed(map, label, fmode)))
		return 0;
	object_act(&act, EVENT_OBJECT_MAP, label->domain);
	act.act = EVENT_ACT_MAP_FD;
	act.row = fmode & FMODE_WRITE ? EVENT_ROW('M', 1) : EVENT_ROW('M', 12);
	act.command = fmode;
	act.id = map->id;
	copy_name(act.name, map->name);
	if (guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

/*
 * Where it hangs and what it is, a program says only when others can have it by its id. So it is
 * marked from the start, and nobody has an fd of it before admission.bpf.c has seen it by the rule
 * of who made it.
 */
static bool mark_refused(__u64 aux)
{
	struct task_label *task = task_label(bpf_get_current_task_btf());
	struct object_label label = {.id = task ? task->admission : 0, .awaits = 1};
	struct image_header *image = policy_in_force();
	struct guard_state *guard = guard_state();

	unlabel_object(aux);
	if (!guard || !guard->armed || !image || !image->n_limits || current_domain())
		return false;
	return bpf_map_update_elem(&objects, &aux, &label, BPF_ANY);
}

/* A program's aux is there from the start; its own address is final only when it gets its fd. */
SEC("lsm/bpf_prog_load")
int BPF_PROG(objects_prog_load, struct bpf_prog *prog)
{
	if (mark_refused((__u64)prog->aux))
		return REFUSED(ENOSPC);
	return 0;
}

/* COMPAT(6.8) */
SEC("lsm/bpf_prog_alloc_security")
int BPF_PROG(objects_prog_load_compat, struct bpf_prog_aux *aux)
{
	if (mark_refused((__u64)aux))
		return REFUSED(ENOSPC);
	return 0;
}

SEC("lsm/bpf_prog_free")
int BPF_PROG(objects_prog_free, struct bpf_prog *prog)
{
	unlabel_object((__u64)prog->aux);
	unlabel_object((__u64)prog);
	return 0;
}

/* COMPAT(6.8) */
SEC("lsm/bpf_prog_free_security")
int BPF_PROG(objects_prog_free_compat, struct bpf_prog_aux *aux)
{
	unlabel_object((__u64)aux->prog);
	unlabel_object((__u64)aux);
	return 0;
}

/* Is this fd the last step of a PROG_LOAD by a task of a domain? */
INLINE bool loading(struct task_label *label)
{
	return label && label->domain && label->command == BPF_PROG_LOAD;
}

SEC("lsm/bpf_prog")
int BPF_PROG(objects_prog_fd, struct bpf_prog *prog)
{
	struct task_label *task = task_label(bpf_get_current_task_btf());
	struct object_label *label = object_label(prog->aux);
	struct act act = {};

	if (!label) {
		/* An address is reused, a program without a labelled aux is a stranger's. */
		unlabel_object((__u64)prog);
		if (!loading(task))
			return 0;
		if (label_object((__u64)prog->aux, task->domain, EVENT_OBJECT_PROG, prog->aux->id))
			return REFUSED(ENOSPC);
		if (label_object((__u64)prog, task->domain, EVENT_OBJECT_NONE, prog->aux->id))
			return REFUSED(ENOSPC);
		if (id_label(EVENT_OBJECT_PROG, prog->aux->id, task->domain))
			return REFUSED(ENOSPC);
		return 0;
	}
	if (!strange(task ? task->domain : DOMAIN_NONE, label->domain))
		return 0;
	object_act(&act, EVENT_OBJECT_PROG, label->domain);
	act.act = EVENT_ACT_PROG_FD;
	act.row = EVENT_ROW('P', 12);
	act.id = prog->aux->id;
	copy_name(act.name, prog->aux->name);
	if (guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

SEC("lsm/file_receive")
int BPF_PROG(objects_file_receive, struct file *file)
{
	struct object_label *label = object_label(file->private_data);
	struct act act = {};

	if (!label || !strange(current_domain(), label->domain))
		return 0;
	object_act(&act, label->kind ? label->kind : EVENT_OBJECT_PROG, label->domain);
	act.act = EVENT_ACT_FILE_RECEIVE;
	act.row = EVENT_ROW('I', 3);
	act.id = label->id;
	if (guard_refuses(&act))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
