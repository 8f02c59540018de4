/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What callers are held to beside the types of their programs: the policy's limits, asked. */

#include "bpf/lib/content.h"
#include "policy/map-bytes.h"

/* ---- maps */

struct map_search {
	__u32 next; /* place in the image's maps */
	__u32 end;
	__u32 type;
	__u32 flags;
	__u32 entries;
	__u32 key; /* bytes */
	__u32 value; /* bytes */
	__u32 found;
	__u64 bytes; /* of its contents */
};

static long map_search_step(__u32 i, void *context)
{
	struct map_search *search = context;
	struct image_header *image = policy_in_force();
	struct image_map *map;

	(void)i;
	if (!image || search->next >= search->end)
		return 1;
	map = image_at(image, IMAGE_OFF_MAPS(image) + search->next * sizeof(*map));
	search->next++;
	if (map->type != search->type || search->flags & ~map->flags ||
	    search->entries > map->max_entries || search->key > map->max_key ||
	    search->value > map->max_value || search->bytes > map->max_bytes)
		return 0;
	search->found = 1;
	return 1;
}

INLINE __u64 bytes_asked(union bpf_attr *attr)
{
	__u64 key = KNOWN_KEY(KNOWN_PROCESSORS, 0);
	__u32 *processors = bpf_map_lookup_elem(&known, &key);
	struct map_size size = {
		.type = attr->map_type,
		.entries = attr->max_entries,
		.key = attr->key_size,
		.value = attr->value_size,
	};

	return map_bytes(&size, processors ? *processors : 0);
}

INLINE bool limits_refuse_map(struct image_limits *limits, union bpf_attr *attr)
{
	struct map_search search = {
		.next = limits->maps,
		.end = limits->maps + limits->n_maps,
		.type = attr->map_type,
		.flags = attr->map_flags,
		.entries = attr->max_entries,
		.key = attr->key_size,
		.value = attr->value_size,
	};

	if (!(limits->given & IMAGE_LIMIT_MAPS))
		return false;
	search.bytes = bytes_asked(attr);
	bpf_loop(IMAGE_MAX_MAPS, map_search_step, &search, 0);
	return !search.found;
}

/* ---- attach types */

/* The bit of what the program says; the kernel takes a few for others if they say none. */
INLINE __u32 attach_bit(__u32 type, __u32 attach_type)
{
	if (attach_type)
		return attach_type < IMAGE_ATTACH_TYPES ? attach_type : 64;
	switch (type) {
	case BPF_PROG_TYPE_CGROUP_SKB:
		return BPF_CGROUP_INET_INGRESS;
	case BPF_PROG_TYPE_CGROUP_SOCK:
		return BPF_CGROUP_INET_SOCK_CREATE;
	case BPF_PROG_TYPE_SK_REUSEPORT:
		return BPF_SK_REUSEPORT_SELECT;
	case BPF_PROG_TYPE_XDP:
		return BPF_XDP;
	}
	return IMAGE_ATTACH_NONE;
}

/* Of struct_ops it is no attach type, but a member's place. */
INLINE bool limits_refuse_attach(struct image_limits *limits, __u32 type, __u32 attach_type)
{
	__u32 bit = attach_bit(type, attach_type);

	if (!(limits->given & IMAGE_LIMIT_ATTACH) || type == BPF_PROG_TYPE_STRUCT_OPS)
		return false;
	return bit > 63 || !(limits->attach >> (bit & 63) & 1);
}

/* ---- targets */

struct symbol {
	__u64 word[IMAGE_SYMBOL_LEN / 8 +
		   1]; /* longer than any that is listed: none is cut to fit */
};

struct name_search {
	struct symbol name;
	__u32 next; /* place in the image's names */
	__u32 end;
	__u32 found;
	__u32 pad0;
};

static long name_search_step(__u32 i, void *context)
{
	struct name_search *search = context;
	struct image_header *image = policy_in_force();
	__u64 *word, differs = 0;

	(void)i;
	if (!image || search->next >= search->end)
		return 1;
	word = image_at(image, IMAGE_OFF_NAMES(image) + search->next * sizeof(struct image_name));
	search->next++;
	for (int k = 0; k < IMAGE_SYMBOL_LEN / 8; k++)
		differs |= word[k] ^ search->name.word[k];
	if (differs)
		return 0;
	search->found = 1;
	return 1;
}

/*
 * Where it hangs, as the kernel has found it. A function of another program has whatever name its
 * author gave it: only what replaces functions may hang there.
 */
static __noinline __attribute__((unused)) bool limits_refuse_target(struct image_limits *limits,
								    struct bpf_prog *prog)
{
	struct name_search search = {};

	if (!(limits->given & IMAGE_LIMIT_TARGETS))
		return false;
	if (prog->type != BPF_PROG_TYPE_TRACING && prog->type != BPF_PROG_TYPE_LSM &&
	    prog->type != BPF_PROG_TYPE_EXT)
		return false;
	if (prog->type == BPF_PROG_TYPE_TRACING && prog->aux->dst_prog)
		return true;
	read_name((char *)search.name.word, sizeof(search.name), prog->aux->attach_func_name);
	if (!search.name.word[0] || search.name.word[IMAGE_SYMBOL_LEN / 8])
		return true;
	search.next = limits->targets;
	search.end = limits->targets + limits->n_targets;
	bpf_loop(IMAGE_MAX_NAMES, name_search_step, &search, 0);
	return !search.found;
}

/* ---- functions that are called */

struct kfunc_search {
	__u32 next; /* place in the image's names */
	__u32 end;
	__u32 id;
	__u32 found;
};

static long kfunc_search_step(__u32 i, void *context)
{
	struct kfunc_search *search = context;
	struct guard_state *guard = guard_state();
	__u32 key, *id;

	(void)i;
	if (!guard || search->next >= search->end)
		return 1;
	key = KFUNC_KEY(guard->bank, search->next);
	search->next++;
	id = bpf_map_lookup_elem(&kfuncs, &key);
	if (!id || *id != search->id)
		return 0;
	search->found = 1;
	return 1;
}

/* kfunc_listed() - is that id one of n names of the policy in force from the first on? 1 or 0 */
int kfunc_listed(__u32 first, __u32 n, __u32 id);

GLOBAL int kfunc_listed(__u32 first, __u32 n, __u32 id)
{
	struct kfunc_search search = {.next = first, .end = first + n, .id = id};

	/* what a name that the kernel does not know has */
	if (!id)
		return 0;
	bpf_loop(IMAGE_MAX_NAMES, kfunc_search_step, &search, 0);
	return search.found;
}

/* ---- digests */

/* The strongest that the kernel has, and no other. */
static __noinline __attribute__((unused)) bool limits_refuse_digest(struct image_limits *limits,
								    struct bpf_prog *prog)
{
	struct image_header *image = policy_in_force();
	struct digest_search search = {};

	if (!(limits->given & IMAGE_LIMIT_DIGESTS))
		return false;
	if (!image)
		return true;
	if (bpf_core_field_exists(((struct bpf_prog___digest *)prog)->digest)) {
		__u64 *words = (__u64 *)((struct bpf_prog___digest *)prog)->digest;

		for (int i = 0; i < DIGEST_WORDS; i++)
			search.digest.word[i] = words[i];
		search.domain = IMAGE_DIGEST_SHA256;
	} else {
		search.digest.word[0] = *(__u64 *)prog->tag;
		search.domain = IMAGE_DIGEST_TAG;
	}
	search.table = IMAGE_OFF_DIGESTS(image);
	search.stride = sizeof(struct image_program);
	search.low = limits->digests;
	search.high = limits->digests + limits->n_digests;
	return !digest_find(&search);
}
