/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The few kernel types the guard reads, and of each only the fields it reads: CO-RE finds them in
 * the running kernel. Never a vmlinux.h: that would tie the build to the builder's kernel.
 *
 * A type___flavour is the same type as another kernel has it; what history it follows is said
 * there.
 */

#include <linux/types.h>
#include <stdbool.h>

#include <linux/bpf.h>

typedef unsigned int fmode_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net;

typedef struct {
	int counter;
} atomic_t;

struct rb_node;

struct qstr {
	__u32 hash;
	__u32 len;
	const unsigned char *name;
};

/* Any 16 bytes that are two numbers: see read.bpf.c. */
struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct file_system_type {
	const char *name;
};

struct gendisk {
	struct block_device *part0; /* the whole of it */
};

struct block_device {
	__u32 bd_dev;
	struct gendisk *bd_disk;
};

struct super_block {
	__u32 s_dev;
	struct block_device *s_bdev;
	unsigned long s_magic;
	struct dentry *s_root;
};

struct fsverity_hash_alg {
	unsigned int digest_size;
};

struct merkle_tree_params {
	const struct fsverity_hash_alg *hash_alg;
};

struct fsverity_info {
	struct merkle_tree_params tree_params;
	__u8 file_digest[64];
};

/* until 6.17: later the filesystem's own inode has it, or a table; 6.8 has a function for it */
struct inode___verity {
	struct fsverity_info *i_verity_info;
};

struct inode {
	unsigned short i_mode;
	unsigned int i_flags;
	__u32 i_rdev; /* of a device's node */
	struct super_block *i_sb;
	unsigned long i_ino;
	__u32 i_generation;
	long long i_size;
	atomic_t i_writecount;
	void *i_private;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	int mnt_flags;
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

/* Up to 6.14 propagation is a flag of vfsmount, later of the mount around it. */
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct list_head mnt_mounts;
	struct list_head mnt_child;
	int mnt_t_flags;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	fmode_t f_mode;
	unsigned int f_flags;
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

/* 6.5 and later: the file behind a stacked filesystem's. */
struct backing_file {
	struct path user_path;
};

struct linux_binprm {
	struct file *file;
	unsigned int unsafe;
};

struct anon_vma;
struct vm_operations_struct;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	struct anon_vma *anon_vma;
	const struct vm_operations_struct *vm_ops;
	struct file *vm_file;
};

/* x86's; where there is no vdso the field stays unread. */
typedef struct {
	void *vdso;
} mm_context_t;

struct mm_struct {
	unsigned long start_code;
	mm_context_t context;
	struct file *exe_file;
};

struct mnt_namespace;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct kernfs_node {
	const char *name;
	struct kernfs_node *parent;
};

/* 6.14 and later hide the parent from direct use. */
struct kernfs_node___hidden {
	struct kernfs_node *__parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

/* Of the kernel's; which number a controller has is its configuration's. */
/* In the kernel's order, which differs: only by bpf_core_enum_value(). */
enum kernel_read_file_id {
	READING_KEXEC_IMAGE,
	READING_KEXEC_INITRAMFS,
	READING_MODULE,
	READING_MODULE_COMPRESSED, /* newer kernels only: by bpf_core_enum_value_exists() */
};

enum kernel_load_data_id {
	LOADING_KEXEC_IMAGE,
	LOADING_MODULE,
	LOADING_MODULE_COMPRESSED,
};

enum lockdown_reason {
	LOCKDOWN_MODULE_SIGNATURE,
	LOCKDOWN_DEV_MEM,
	LOCKDOWN_KEXEC,
	LOCKDOWN_HIBERNATION,
	LOCKDOWN_PCI_ACCESS,
	LOCKDOWN_IOPORT,
	LOCKDOWN_MSR,
	LOCKDOWN_INTEGRITY_MAX,
};

enum cgroup_subsys_id {
	freezer_cgrp_id,
};

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct pid {
	unsigned int level; /* of its namespace; 0: the initial one */
	struct hlist_head tasks[4]; /* the first: the task whose own number it is */
};

/* What an inode of procfs lies in. */
struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	struct k_sigaction action[64];
};

struct task_struct {
	struct hlist_node pid_links[4];
	int pid;
	int tgid;
	unsigned int flags;
	unsigned int ptrace;
	struct pid *thread_pid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	__u64 start_boottime;
	struct mm_struct *mm;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct sighand_struct *sighand;
	struct bpf_local_storage *bpf_storage; /* of all maps of that kind; NULL: in none */
	sigset_t blocked;
	char comm[16];
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 id;
	char name[16];
};

struct bpf_prog_aux {
	__u32 used_map_cnt;
	__u32 id;
	struct bpf_map **used_maps;
	__u64 load_time;
	char name[16];
	struct bpf_prog *prog;
	struct bpf_prog *dst_prog;
	const char *attach_func_name;
};

/* 6.18 and later: a program for probes stores into its context, the registers. */
struct bpf_prog_aux___writing {
	bool kprobe_write_ctx;
};

/* 7.2 and later: what became of the signature. */
struct bpf_prog_aux___judged {
	struct {
		__s32 keyring_serial; /* of a keyring that is not the kernel's own */
		__u8 keyring_type;
		__u8 verdict;
	} sig;
};

/* 6.18 and later: a program's load may carry a signature. */
union bpf_attr___signed {
	struct {
		__u64 signature;
		__u32 signature_size;
		__s32 keyring_id;
	};
};

struct bpf_prog {
	enum bpf_prog_type type;
	enum bpf_attach_type expected_attach_type;
	__u32 len;
	__u8 tag[8];
	struct bpf_prog_aux *aux;
	struct bpf_insn insnsi[0];
};

/* 6.18 and later: SHA-256, of which the tag is the beginning. */
struct bpf_prog___digest {
	__u8 digest[32];
};

struct bpf_link {
	__u32 id;
	struct bpf_prog *prog;
};

struct bpf_link_primer {
	__u32 id;
};

struct kernel_siginfo;
struct fown_struct;
struct cred;
struct user_namespace;

struct pt_regs {
	unsigned long orig_ax; /* number of the system call */
};

struct key {
	int serial;
};

struct bpf_key {
	struct key *key;
};
struct rlimit;
struct iattr {
	unsigned int ia_valid;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	unsigned short skc_family;
	possible_net_t skc_net;
};

struct pmu {
	const char *name;
};

struct perf_event {
	struct perf_event *parent;
	struct pmu *pmu;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct sk_buff {
	unsigned int len;
	unsigned char *data;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

struct bpf_iter__bpf_prog {
	struct bpf_iter_meta *meta;
	struct bpf_prog *prog;
};

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct file *file;
};

#pragma clang attribute pop
