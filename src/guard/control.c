// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls of the control program: the only way that holdfastd changes anything in the guard. */

#include "guard/internal.h"

#include <errno.h>

#include <bpf/bpf.h>

int control_call(int control, struct control_args *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(*args));
	int r;

	r = bpf_prog_test_run_opts(control, &opts);
	if (r < 0)
		return -errno;
	return (int)opts.retval;
}

int control_op(int control, uint32_t op, uint32_t kind, uint32_t id, uint32_t domain)
{
	struct control_args args = {.op = op, .kind = kind, .id = id, .domain = domain};

	return control_call(control, &args);
}

int control_put(int control, uint32_t op, const void *data, size_t size)
{
	struct control_args args = {.op = op, .pointer = (uintptr_t)data, .size = size};

	return control_call(control, &args);
}
