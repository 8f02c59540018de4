// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the guard knows programs by: numbers of functions and helpers in the running kernel. Filled
 * in before anything is decided, and frozen with the rest.
 */

#include "guard/internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"

static int put(int map, uint32_t kind, uint32_t number, uint32_t flag)
{
	uint64_t key = KNOWN_KEY(kind, number);
	uint32_t flags = 0;

	(void)bpf_map_lookup_elem(map, &key, &flags);
	flags |= flag;
	return bpf_map_update_elem(map, &key, &flags, BPF_ANY) ? -errno : 0;
}

/* A function that this kernel does not have is nobody's to call. */
static int put_function(int map, const struct btf *btf, const char *name, uint32_t flag)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	return id < 0 ? 0 : put(map, KNOWN_FUNCTION, (uint32_t)id, flag);
}

/* A hook's own function, and the one that asks all modules at that hook. */
static int put_target(int map, const struct btf *btf, const char *target)
{
	static const char hook[] = "bpf_lsm_";
	char around[128];
	int r;

	r = put_function(map, btf, target, KNOWN_HOOK);
	if (r < 0 || strncmp(target, hook, sizeof(hook) - 1) != 0)
		return r;
	(void)snprintf(around, sizeof(around), "security_%s", target + sizeof(hook) - 1);
	return put_function(map, btf, around, KNOWN_AROUND);
}

static const struct {
	uint32_t number;
	uint32_t flag;
} helpers[] = {
	{BPF_FUNC_probe_write_user, KNOWN_WRITE_USER},
	{BPF_FUNC_override_return, KNOWN_OVERRIDE_RETURN},
	{BPF_FUNC_send_signal, KNOWN_SEND_SIGNAL},
	{BPF_FUNC_send_signal_thread, KNOWN_SEND_SIGNAL},
};

static const struct {
	const char *name;
	uint32_t flag;
} functions[] = {
	{"crash_kexec", KNOWN_DESTRUCTIVE},
	{"bpf_sock_destroy", KNOWN_DESTRUCTIVE},
	{"bpf_send_signal_task", KNOWN_SEND_SIGNAL},
};

int known_fill(const struct features *features, struct bpf_object *object)
{
	int map = bpf_object__find_map_fd_by_name(object, "known");
	int processors = libbpf_num_possible_cpus();
	struct bpf_program *program;
	int r = map < 0 ? map : 0;

	if (!r)
		r = processors < 0 ? processors
				   : put(map, KNOWN_PROCESSORS, 0, (uint32_t)processors);
	bpf_object__for_each_program(program, object) {
		char buffer[128];
		const char *target = features_target(program, buffer, sizeof(buffer));

		if (!target || !bpf_program__autoload(program))
			continue;
		if (!r)
			r = put_target(map, features->btf, target);
	}
	for (size_t i = 0; i < ARRAY_SIZE(helpers) && !r; i++)
		r = put(map, KNOWN_HELPER, helpers[i].number, helpers[i].flag);
	for (size_t i = 0; i < ARRAY_SIZE(functions) && !r; i++)
		r = put_function(map, features->btf, functions[i].name, functions[i].flag);
	return r;
}

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)

/* A program that is nothing but the call, with arguments that any of the helpers takes. */
static int load_helper(uint32_t number)
{
	bool writes = number == BPF_FUNC_probe_write_user;
	bool overrides = number == BPF_FUNC_override_return;
	const struct bpf_insn insns[] = {
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -8),
		INSN(BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, -8, 0),
		MOV(BPF_REG_3, 8),
		overrides ? MOV(BPF_REG_2, 0) : MOV(BPF_REG_4, 0),
		writes || !overrides ? MOV(BPF_REG_1, 0) : MOV(BPF_REG_4, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, (int)number),
		MOV(BPF_REG_0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return bpf_prog_load(BPF_PROG_TYPE_KPROBE, "holdfast_learn", "GPL", insns,
			     ARRAY_SIZE(insns), NULL);
}

static int load_function(const struct btf *btf, const char *name)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
	int at = btf__find_by_name_kind(btf, "bpf_fentry_test1", BTF_KIND_FUNC);
	const struct bpf_insn insns[] = {
		MOV(BPF_REG_1, 0),
		INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id),
		MOV(BPF_REG_0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	if (id < 0 || at < 0)
		return -ENOENT;
	opts.attach_btf_id = (uint32_t)at;
	return bpf_prog_load(BPF_PROG_TYPE_TRACING, "holdfast_learn", "GPL", insns,
			     ARRAY_SIZE(insns), &opts);
}

static uint32_t count_calls(int map)
{
	uint64_t key, *last = NULL;
	uint32_t n = 0;

	while (!bpf_map_get_next_key(map, last, &key)) {
		n += key >> 32 == KNOWN_CALL;
		last = &key;
	}
	return n;
}

int known_learn(int control, const struct features *features, struct bpf_object *object,
		struct diag *reterr_diag)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(object, "admission_prog_compat");
	int map = bpf_object__find_map_fd_by_name(object, "known");
	uint32_t loaded = 0;
	int r = 0;

	if (!program || !bpf_program__autoload(program))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(helpers) + ARRAY_SIZE(functions) && !r; i++) {
		size_t k = i - ARRAY_SIZE(helpers);
		bool helper = i < ARRAY_SIZE(helpers);
		_cleanup_close_ int prog = -EBADF;

		r = control_op(control, CONTROL_LEARN, 0,
			       helper ? helpers[i].flag : functions[k].flag, 0);
		/* what the kernel refuses to us, it refuses to everybody */
		prog = helper ? load_helper(helpers[i].number)
			      : load_function(features->btf, functions[k].name);
		loaded += prog >= 0;
	}
	if (!r)
		r = control_op(control, CONTROL_LEARN, 0, 0, 0);
	if (r || count_calls(map) >= loaded)
		return r;
	diag_set(reterr_diag, NULL, 0, 0,
		 "the guard does not see what programs call: see the kernel log");
	return GUARD_E_KERNEL;
}
