// SPDX-License-Identifier: LGPL-2.1-or-later
/* See flags.h. */

#include "object/flags.h"

#include <stdio.h>

#include <linux/bpf.h>

#include "base/size.h"

static const struct {
	uint32_t flag;
	const char *name;
} flags[] = {
	{BPF_F_NO_PREALLOC, "BPF_F_NO_PREALLOC"}, {BPF_F_NO_COMMON_LRU, "BPF_F_NO_COMMON_LRU"},
	{BPF_F_NUMA_NODE, "BPF_F_NUMA_NODE"},	  {BPF_F_RDONLY, "BPF_F_RDONLY"},
	{BPF_F_WRONLY, "BPF_F_WRONLY"},		  {BPF_F_STACK_BUILD_ID, "BPF_F_STACK_BUILD_ID"},
	{BPF_F_ZERO_SEED, "BPF_F_ZERO_SEED"},	  {BPF_F_RDONLY_PROG, "BPF_F_RDONLY_PROG"},
	{BPF_F_WRONLY_PROG, "BPF_F_WRONLY_PROG"}, {BPF_F_CLONE, "BPF_F_CLONE"},
	{BPF_F_MMAPABLE, "BPF_F_MMAPABLE"},	  {BPF_F_PRESERVE_ELEMS, "BPF_F_PRESERVE_ELEMS"},
	{BPF_F_INNER_MAP, "BPF_F_INNER_MAP"},	  {1u << 13, "BPF_F_LINK"},
};

const char *flag_name(uint32_t flag)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i].flag == flag)
			return flags[i].name;
	}
	return NULL;
}

const char *flags_text(uint32_t value, char buffer[FLAGS_MAX])
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(flags) && used < FLAGS_MAX; i++) {
		if (!(value & flags[i].flag))
			continue;
		value &= ~flags[i].flag;
		used += (size_t)snprintf(buffer + used, FLAGS_MAX - used, "%s%s", used ? " | " : "",
					 flags[i].name);
	}
	if (value && used < FLAGS_MAX)
		(void)snprintf(buffer + used, FLAGS_MAX - used, "%s0x%x", used ? " | " : "", value);
	return buffer;
}
