// SPDX-License-Identifier: LGPL-2.1-or-later
/* An iterator that stores a zero into each value of a map, as freezing it does not forbid. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* struct bpf_iter__bpf_map_elem of the kernel */
struct element {
	void *meta, *map, *key;
	__u32 *value;
};

SEC("iter/bpf_map_elem")
int forge(struct element *element)
{
	if (element->value)
		*element->value = 0;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
