// SPDX-License-Identifier: LGPL-2.1-or-later
/* The function that can be traced and replaced: of the canary, and of the drill itself. */
#include "whole.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <unistd.h>

#include "insn.h"

int whole_btf(void)
{
	LIBBPF_OPTS(bpf_btf_load_opts, opts);
	struct btf *btf = btf__new_empty();
	const void *data;
	uint32_t size;
	int r;

	if (!btf || btf__add_int(btf, "int", 4, BTF_INT_SIGNED) != 1 ||
	    btf__add_struct(btf, "xdp_md", 4) != 2 || btf__add_field(btf, "data", 1, 0, 0) < 0 ||
	    btf__add_ptr(btf, 2) != 3 || btf__add_func_proto(btf, 1) != 4 ||
	    btf__add_func_param(btf, "ctx", 3) < 0 ||
	    btf__add_func(btf, "whole", BTF_FUNC_GLOBAL, 4) != WHOLE_FUNCTION)
		return -1;
	data = btf__raw_data(btf, &size);
	r = bpf_btf_load(data, size, &opts);
	btf__free(btf);
	return r;
}

int whole_load(int32_t answer)
{
	const struct bpf_func_info info = {.type_id = WHOLE_FUNCTION};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .func_info = &info, .func_info_cnt = 1,
		    .func_info_rec_size = sizeof(info));
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, answer), EXIT()};
	int btf = whole_btf(), prog;

	if (btf < 0)
		return -1;
	opts.prog_btf_fd = (uint32_t)btf;
	prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "whole", "GPL", insns, 2, &opts);
	close(btf);
	return prog;
}
