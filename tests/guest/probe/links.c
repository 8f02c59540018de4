// SPDX-License-Identifier: LGPL-2.1-or-later
/* Links of a stranger's: made without end, and other people's asked for. */
#include "suite.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drill/insn.h"
#include "drill/probe.h"

/* Until the file is there: who interrupts this has a good chance to do it in a hook of links. */
static int passing(const char *file)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_ITER,
		    .attach_btf_id = libbpf_find_vmlinux_btf_id("task", BPF_TRACE_ITER));
	struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 0), EXIT()};
	unsigned int n = 0;
	int prog;

	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "passing", "GPL", insns, 2, &opts);
	if (prog < 0)
		return PROBE_IMPOSSIBLE;
	for (; n % 64 || access(file, F_OK) < 0; n++) {
		int link = bpf_link_create(prog, 0, BPF_TRACE_ITER, NULL);

		if (link < 0)
			return PROBE_IMPOSSIBLE;
		close(link);
	}
	printf("%u links\n", n);
	return PROBE_ALLOWED;
}

/* How many links of iterators he gets an fd of; 0 if any. */
static int reach(void)
{
	unsigned int reached = 0, all = 0;

	for (uint32_t id = 0; !bpf_link_get_next_id(id, &id);) {
		struct bpf_link_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		all++;
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == BPF_LINK_TYPE_ITER)
			reached++;
		close(fd);
	}
	printf("%u of %u\n", reached, all);
	return reached ? PROBE_ALLOWED : PROBE_DENIED;
}

int links_main(int argc, char **argv)
{
	return argc == 2 ? passing(argv[1]) : reach();
}
