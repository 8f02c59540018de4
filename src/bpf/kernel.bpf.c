// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel: what strangers may put into it, or in its place, and how far they get at it past its
 * own interfaces. Whether a module or another kernel is signed the kernel itself finds out, and
 * asks locked_down only if it could not verify it: so a guard plays lockdown for strangers on a
 * kernel that is not locked down. Agents are not held to any of it.
 *
 *   hook               refuses with   cost to others
 *   kernel_read_file   EPERM          two tests per file that the kernel reads for itself
 *   kernel_load_data   EPERM          two tests per such content without a file
 *   locked_down        EPERM          a comparison per question, of which everyday life has none
 */

#include "bpf/lib/guard.h"

/* What the policy in force, or the guard's own proof, has to say about it. */
#define MODULES 1
#define KEXEC 2

INLINE bool is_stranger(void)
{
	__u32 domain = current_domain();

	return domain == DOMAIN_NONE || domain == DOMAIN_CANARY;
}

/* Any hook is asked of the canary, whatever the policy says. */
INLINE bool is_canary(void)
{
	struct task_label *label = task_label(bpf_get_current_task_btf());

	return label && label->canary;
}

static bool denied(__u32 what)
{
	struct image_header *image = policy_in_force();

	if (!image)
		return false;
	return (what == MODULES ? image->modules : image->kexec) == IMAGE_CODE_DENY || is_canary();
}

static __noinline bool code_refused(__u32 what, struct file *file)
{
	struct act act = {
		.act = EVENT_ACT_KERNEL,
		.row = what == MODULES ? EVENT_ROW('K', 1) : EVENT_ROW('K', 4),
		.error = EPERM,
		.kind = EVENT_OBJECT_KERNEL,
		.owner = DOMAIN_SELF,
	};

	if (!is_stranger() || !denied(what))
		return false;
	if (file) {
		act.ino = file->f_inode->i_ino;
		read_name(act.name, sizeof(act.name), file->f_path.dentry->d_name.name);
	}
	return guard_refuses(&act);
}

/* Has this kernel such an id, and is it that? */
#define IS_ID(id, type, value)                           \
	(bpf_core_enum_value_exists(enum type, value) && \
	 (id) == bpf_core_enum_value(enum type, value))

INLINE __u32 read_what(__u32 id)
{
	if (IS_ID(id, kernel_read_file_id, READING_MODULE) ||
	    IS_ID(id, kernel_read_file_id, READING_MODULE_COMPRESSED))
		return MODULES;
	return IS_ID(id, kernel_read_file_id, READING_KEXEC_IMAGE) ||
			       IS_ID(id, kernel_read_file_id, READING_KEXEC_INITRAMFS)
		       ? KEXEC
		       : 0;
}

INLINE __u32 load_what(__u32 id)
{
	if (IS_ID(id, kernel_load_data_id, LOADING_MODULE) ||
	    IS_ID(id, kernel_load_data_id, LOADING_MODULE_COMPRESSED))
		return MODULES;
	return IS_ID(id, kernel_load_data_id, LOADING_KEXEC_IMAGE) ? KEXEC : 0;
}

SEC("lsm/kernel_read_file")
int BPF_PROG(kernel_read, struct file *file, enum kernel_read_file_id id)
{
	__u32 what = read_what(id);

	if (what && code_refused(what, file))
		return REFUSED(EPERM);
	return 0;
}

/* From memory: nobody knows which file it was. */
SEC("lsm/kernel_load_data")
int BPF_PROG(kernel_load, enum kernel_load_data_id id)
{
	__u32 what = load_what(id);

	if (what && code_refused(what, NULL))
		return REFUSED(EPERM);
	return 0;
}

#define IS(what, reason) ((what) == bpf_core_enum_value(enum lockdown_reason, reason))

INLINE bool is_integrity(__u32 what)
{
	return what <= bpf_core_enum_value(enum lockdown_reason, LOCKDOWN_INTEGRITY_MAX);
}

INLINE bool locked(struct image_header *image, __u32 what)
{
	if (is_canary())
		return true;
	if (image->lockdown == IMAGE_LOCKDOWN_CONFIDENTIALITY ||
	    (image->lockdown == IMAGE_LOCKDOWN_INTEGRITY && is_integrity(what)))
		return true;
	return (image->modules && IS(what, LOCKDOWN_MODULE_SIGNATURE)) ||
	       (image->kexec && IS(what, LOCKDOWN_KEXEC));
}

struct way {
	__u32 row; /* of the catalogue */
	char name[24];
};

#define WAY(letter, number, text)                              \
	{                                                      \
		.row = EVENT_ROW(letter, number), .name = text \
	}

/* What is asked about most, by name; the rest are ways to write the kernel, or to read it. */
static __noinline int name_way(struct act *act, __u32 what)
{
	static const struct way module = WAY('K', 1, "unsigned module"),
				kexec = WAY('K', 4, "unsigned kernel"),
				mem = WAY('K', 5, "/dev/mem"), ports = WAY('K', 5, "I/O ports"),
				msr = WAY('K', 6, "MSR"), disk = WAY('K', 8, "hibernation"),
				pci = WAY('K', 9, "PCI"), writes = WAY('K', 10, "other writes"),
				reads = WAY('K', 7, "reads");
	const struct way *way = IS(what, LOCKDOWN_MODULE_SIGNATURE) ? &module
				: IS(what, LOCKDOWN_KEXEC)	    ? &kexec
				: IS(what, LOCKDOWN_DEV_MEM)	    ? &mem
				: IS(what, LOCKDOWN_IOPORT)	    ? &ports
				: IS(what, LOCKDOWN_MSR)	    ? &msr
				: IS(what, LOCKDOWN_HIBERNATION)    ? &disk
				: IS(what, LOCKDOWN_PCI_ACCESS)	    ? &pci
				: is_integrity(what)		    ? &writes
								    : &reads;

	if (!act)
		return 0;
	act->row = way->row;
	__builtin_memcpy(act->name, way->name, sizeof(way->name));
	return 0;
}

static __noinline bool lockdown_refused(__u32 what)
{
	struct image_header *image = policy_in_force();
	struct act act = {
		.act = EVENT_ACT_KERNEL,
		.command = 1,
		.error = EPERM,
		.kind = EVENT_OBJECT_KERNEL,
		.owner = DOMAIN_SELF,
	};

	if (!image || !is_stranger() || !locked(image, what))
		return false;
	name_way(&act, what);
	return guard_refuses(&act);
}

SEC("lsm/locked_down")
int BPF_PROG(kernel_locked_down, enum lockdown_reason what)
{
	if (lockdown_refused(what))
		return REFUSED(EPERM);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
