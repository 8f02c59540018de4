// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What callers are held to beside the types of their programs: the names of it, whether an image's
 * tables of it are sound, and whether one permits more than another. See image-check.h.
 */

#include <inttypes.h>
#include <linux/bpf.h>
#include <string.h>

#include "base/diag.h"
#include "base/size.h"
#include "policy/image-check.h"

#define refuse(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), IMAGE_E_INVALID)

/* ---- names; the headers of the oldest build host lack the last ones */

static const char *const attach_types[IMAGE_ATTACH_TYPES] = {
	"cgroup_inet_ingress",
	"cgroup_inet_egress",
	"cgroup_inet_sock_create",
	"cgroup_sock_ops",
	"sk_skb_stream_parser",
	"sk_skb_stream_verdict",
	"cgroup_device",
	"sk_msg_verdict",
	"cgroup_inet4_bind",
	"cgroup_inet6_bind",
	"cgroup_inet4_connect",
	"cgroup_inet6_connect",
	"cgroup_inet4_post_bind",
	"cgroup_inet6_post_bind",
	"cgroup_udp4_sendmsg",
	"cgroup_udp6_sendmsg",
	"lirc_mode2",
	"flow_dissector",
	"cgroup_sysctl",
	"cgroup_udp4_recvmsg",
	"cgroup_udp6_recvmsg",
	"cgroup_getsockopt",
	"cgroup_setsockopt",
	"trace_raw_tp",
	"trace_fentry",
	"trace_fexit",
	"modify_return",
	"lsm_mac",
	"trace_iter",
	"cgroup_inet4_getpeername",
	"cgroup_inet6_getpeername",
	"cgroup_inet4_getsockname",
	"cgroup_inet6_getsockname",
	"xdp_devmap",
	"cgroup_inet_sock_release",
	"xdp_cpumap",
	"sk_lookup",
	"xdp",
	"sk_skb_verdict",
	"sk_reuseport_select",
	"sk_reuseport_select_or_migrate",
	"perf_event",
	"trace_kprobe_multi",
	"lsm_cgroup",
	"struct_ops",
	"netfilter",
	"tcx_ingress",
	"tcx_egress",
	"trace_uprobe_multi",
	"cgroup_unix_connect",
	"cgroup_unix_sendmsg",
	"cgroup_unix_recvmsg",
	"cgroup_unix_getpeername",
	"cgroup_unix_getsockname",
	"netkit_primary",
	"netkit_peer",
	"trace_kprobe_session",
	"trace_uprobe_session",
	"trace_fsession",
};

/* The numbers are bpf(2)'s ABI. */
static const char *const map_types[] = {
	"unspec",
	"hash",
	"array",
	"prog_array",
	"perf_event_array",
	"percpu_hash",
	"percpu_array",
	"stack_trace",
	"cgroup_array",
	"lru_hash",
	"lru_percpu_hash",
	"lpm_trie",
	"array_of_maps",
	"hash_of_maps",
	"devmap",
	"sockmap",
	"cpumap",
	"xskmap",
	"sockhash",
	"cgroup_storage",
	"reuseport_sockarray",
	"percpu_cgroup_storage",
	"queue",
	"stack",
	"sk_storage",
	"devmap_hash",
	"struct_ops",
	"ringbuf",
	"inode_storage",
	"task_storage",
	"bloom_filter",
	"user_ringbuf",
	"cgrp_storage",
	"arena",
	"insn_array",
};

const char *image_map_type_name(uint32_t type)
{
	return type < ARRAY_SIZE(map_types) ? map_types[type] : NULL;
}

/* BPF_F_*, by their bits */
static const char *const map_flags[] = {
	"no_prealloc",	    "no_common_lru",  "numa_node",     "rdonly",       "wronly",
	"stack_build_id",   "zero_seed",      "rdonly_prog",   "wronly_prog",  "clone",
	"mmapable",	    "preserve_elems", "inner_map",     "link",	       "path_fd",
	"vtype_btf_obj_fd", "token_fd",	      "segv_on_fault", "no_user_conv", "rb_overwrite",
};

#define HELPER_NAME(name) [BPF_FUNC_##name] = #name
static const char *const helpers[__BPF_FUNC_MAX_ID] = {__BPF_FUNC_MAPPER(HELPER_NAME)};

/* The last ones that there will be: what came later are functions of the kernel. */
static const struct {
	const char *name;
	uint32_t number;
} late_helpers[] = {
	{"cgrp_storage_get", 210},
	{"cgrp_storage_delete", 211},
};

static uint32_t find(const char *const *names, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++) {
		if (names[i] && strcmp(names[i], name) == 0)
			return i;
	}
	return IMAGE_ANY;
}

uint32_t image_attach_type(const char *name)
{
	if (strcmp(name, "none") == 0)
		return IMAGE_ATTACH_NONE;
	return find(attach_types, IMAGE_ATTACH_TYPES, name);
}

uint32_t image_map_type(const char *name)
{
	uint32_t type = find(map_types, ARRAY_SIZE(map_types), name);

	return type == IMAGE_ANY ? 0 : type;
}

uint32_t image_map_flag(const char *name)
{
	uint32_t bit = find(map_flags, ARRAY_SIZE(map_flags), name);

	return bit == IMAGE_ANY ? 0 : 1u << bit;
}

uint32_t image_helper(const char *name)
{
	uint32_t number = find(helpers, ARRAY_SIZE(helpers), name);

	for (size_t i = 0; i < ARRAY_SIZE(late_helpers); i++) {
		if (strcmp(late_helpers[i].name, name) == 0)
			return late_helpers[i].number;
	}
	return number == IMAGE_ANY ? 0 : number;
}

/* IMAGE_LIMIT_*, by their bits */
static const char *const limit_names[] = {
	"attach", "targets", "helpers", "kfuncs", "maps", "digests",
};

_Static_assert(IMAGE_LIMITS_ALL == (1u << ARRAY_SIZE(limit_names)) - 1, "limit_names");

const char *image_limit_name(uint32_t limits)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(limit_names); i++) {
		if (limits >> i & 1)
			return limit_names[i];
	}
	return NULL;
}

uint32_t image_limit(const char *name)
{
	uint32_t bit = find(limit_names, ARRAY_SIZE(limit_names), name);

	return bit == IMAGE_ANY ? 0 : 1u << bit;
}

bool image_symbol_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.";
	size_t length = strnlen(name, IMAGE_SYMBOL_LEN);

	return length > 0 && length < IMAGE_SYMBOL_LEN && strspn(name, allowed) == length;
}

/* ---- are the tables sound? */

/* Where the next part of each table has to begin: none is left over, none belongs to two. */
struct cursor {
	uint32_t limits, names, maps, digests;
};

static int check_names(const void *data, uint32_t first, uint32_t n, uint32_t i,
		       struct diag *reterr_diag)
{
	for (uint32_t k = first; k < first + n; k++) {
		const char *text = image_names(data)[k].text;
		static const char zero[IMAGE_SYMBOL_LEN];
		size_t length = strnlen(text, IMAGE_SYMBOL_LEN);

		if (!image_symbol_valid(text) ||
		    memcmp(text + length, zero, IMAGE_SYMBOL_LEN - length) != 0)
			return refuse(reterr_diag, "limits %" PRIu32 " have no valid function", i);
		if (k > first && strcmp(image_names(data)[k - 1].text, text) >= 0)
			return refuse(reterr_diag,
				      "limits %" PRIu32 " have functions out of order or twice", i);
	}
	return 0;
}

static int check_maps(const void *data, const struct image_limits *l, uint32_t i,
		      struct diag *reterr_diag)
{
	for (uint32_t k = l->maps; k < l->maps + l->n_maps; k++) {
		const struct image_map *map = &image_maps(data)[k];

		if (!map->type || map->type >= ARRAY_SIZE(map_types) || map->pad0)
			return refuse(reterr_diag, "limits %" PRIu32 " have no valid map", i);
	}
	return 0;
}

static bool digest_valid(const struct image_program *p)
{
	static const uint8_t zero[IMAGE_DIGEST_LEN];

	if (p->kind != IMAGE_DIGEST_SHA256 && p->kind != IMAGE_DIGEST_TAG)
		return false;
	return !p->pad0 &&
	       (p->kind == IMAGE_DIGEST_SHA256 ||
		memcmp(p->digest + IMAGE_TAG_LEN, zero, IMAGE_DIGEST_LEN - IMAGE_TAG_LEN) == 0);
}

static int check_digests(const void *data, const struct image_limits *l, uint32_t i,
			 struct diag *reterr_diag)
{
	for (uint32_t k = l->digests; k < l->digests + l->n_digests; k++) {
		const struct image_program *p = &image_digests(data)[k];
		int order = k > l->digests ? memcmp(p[-1].digest, p->digest, IMAGE_DIGEST_LEN) : -1;

		if (!digest_valid(p))
			return refuse(reterr_diag, "limits %" PRIu32 " have no valid digest", i);
		if (order > 0 || (order == 0 && p[-1].kind >= p->kind))
			return refuse(reterr_diag,
				      "limits %" PRIu32 " have digests out of order or twice", i);
	}
	return 0;
}

/* A part is what is next in its table, or empty where it is not given. */
static bool takes(uint32_t *next, uint32_t end, uint32_t first, uint32_t n, bool given)
{
	if (!given)
		return !first && !n;
	if (first != *next || n > end - *next)
		return false;
	*next += n;
	return true;
}

static int check_one(const void *data, struct cursor *next, uint32_t i, struct diag *reterr_diag)
{
	const struct image_header *header = image_header(data);
	const struct image_limits *l = &image_limits(data)[i];
	uint64_t helpers_set = l->helpers[0] | l->helpers[1] | l->helpers[2] | l->helpers[3];
	int r;

	if (!l->given || l->given & ~IMAGE_LIMITS_ALL || l->pad0 ||
	    l->attach & ~IMAGE_ATTACH_KNOWN || l->helpers[0] & 1 ||
	    (l->attach && !(l->given & IMAGE_LIMIT_ATTACH)) ||
	    (helpers_set && !(l->given & IMAGE_LIMIT_HELPERS)))
		return refuse(reterr_diag, "limits %" PRIu32 " are not known, or none", i);
	if (!takes(&next->names, header->n_names, l->targets, l->n_targets,
		   l->given & IMAGE_LIMIT_TARGETS) ||
	    !takes(&next->names, header->n_names, l->kfuncs, l->n_kfuncs,
		   l->given & IMAGE_LIMIT_KFUNCS) ||
	    !takes(&next->maps, header->n_maps, l->maps, l->n_maps, l->given & IMAGE_LIMIT_MAPS) ||
	    !takes(&next->digests, header->n_digests, l->digests, l->n_digests,
		   l->given & IMAGE_LIMIT_DIGESTS))
		return refuse(reterr_diag, "limits %" PRIu32 " do not begin where those before end",
			      i);
	r = check_names(data, l->targets, l->n_targets, i, reterr_diag);
	if (!r)
		r = check_names(data, l->kfuncs, l->n_kfuncs, i, reterr_diag);
	if (!r)
		r = check_maps(data, l, i, reterr_diag);
	return r ? r : check_digests(data, l, i, reterr_diag);
}

/* Named in order, or before. */
static bool names_limits(const struct image_header *header, struct cursor *next, uint32_t limits)
{
	if (limits <= next->limits)
		return true;
	return limits == ++next->limits && limits <= header->n_limits;
}

int image_check_limits(const void *data, struct diag *reterr_diag)
{
	const struct image_header *header = image_header(data);
	struct cursor next = {0};
	bool named;
	int r;

	named = names_limits(header, &next, header->limits);
	for (uint32_t i = 0; i < header->n_admissions && named; i++)
		named = names_limits(header, &next, image_admissions(data)[i].limits);
	if (!named || next.limits != header->n_limits)
		return refuse(reterr_diag, "the image's limits are not those that its rules name");
	for (uint32_t i = 0; i < header->n_limits; i++) {
		r = check_one(data, &next, i, reterr_diag);
		if (r)
			return r;
	}
	if (next.names + header->n_required != header->n_names || next.maps != header->n_maps ||
	    next.digests != header->n_digests)
		return refuse(reterr_diag, "the image has parts of limits that belong to none");
	return 0;
}

/* ---- does one permit more than another? */

const struct image_limits *image_limits_of(const void *data, const struct image_admission *a)
{
	uint32_t limits = a ? a->limits : image_header(data)->limits;

	return limits ? &image_limits(data)[limits - 1] : NULL;
}

uint32_t image_limits_blind(const void *data, const struct image_limits *limits,
			    const struct image_kernel *kernel)
{
	uint32_t given = limits ? limits->given : 0, blind = 0;
	bool judged = false;

	if (!kernel->calls)
		blind = given & (IMAGE_LIMIT_HELPERS | IMAGE_LIMIT_KFUNCS);
	/* an empty list permits nothing anywhere */
	if (!limits || limits->n_digests == 0)
		return blind;
	for (uint32_t i = 0; i < limits->n_digests && !judged; i++)
		judged = image_digests(data)[limits->digests + i].kind == kernel->digest;
	return judged ? blind : blind | IMAGE_LIMIT_DIGESTS;
}

static bool more_names(const struct image_name *old, uint32_t n_old, const struct image_name *new,
		       uint32_t n_new)
{
	for (uint32_t i = 0; i < n_new; i++) {
		uint32_t k = 0;

		while (k < n_old && strcmp(old[k].text, new[i].text) != 0)
			k++;
		if (k == n_old)
			return true;
	}
	return false;
}

static bool more_targets(const void *old_data, const struct image_limits *old, const void *new_data,
			 const struct image_limits *new)
{
	return more_names(image_names(old_data) + old->targets, old->n_targets,
			  image_names(new_data) + new->targets, new->n_targets);
}

static bool more_kfuncs(const void *old_data, const struct image_limits *old, const void *new_data,
			const struct image_limits *new)
{
	return more_names(image_names(old_data) + old->kfuncs, old->n_kfuncs,
			  image_names(new_data) + new->kfuncs, new->n_kfuncs);
}

static bool covers(const struct image_map *wide, const struct image_map *narrow)
{
	return wide->type == narrow->type && !(narrow->flags & ~wide->flags) &&
	       narrow->max_entries <= wide->max_entries && narrow->max_key <= wide->max_key &&
	       narrow->max_value <= wide->max_value && narrow->max_bytes <= wide->max_bytes;
}

/* Whether one alone covers each: what two cover together is taken for more. */
static bool more_maps(const void *old_data, const struct image_limits *old, const void *new_data,
		      const struct image_limits *new)
{
	for (uint32_t i = 0; i < new->n_maps; i++) {
		uint32_t k = 0;

		while (k < old->n_maps && !covers(&image_maps(old_data)[old->maps + k],
						  &image_maps(new_data)[new->maps + i]))
			k++;
		if (k == old->n_maps)
			return true;
	}
	return false;
}

static bool more_digests(const void *old_data, const struct image_limits *old, const void *new_data,
			 const struct image_limits *new)
{
	for (uint32_t i = 0; i < new->n_digests; i++) {
		const struct image_program *p = &image_digests(new_data)[new->digests + i];
		uint32_t k = 0;

		while (k < old->n_digests &&
		       memcmp(&image_digests(old_data)[old->digests + k], p, sizeof(*p)) != 0)
			k++;
		if (k == old->n_digests)
			return true;
	}
	return false;
}

static bool more_helpers(const struct image_limits *old, const struct image_limits *new)
{
	for (size_t i = 0; i < ARRAY_SIZE(old->helpers); i++) {
		if (new->helpers[i] & ~old->helpers[i])
			return true;
	}
	return false;
}

/* Limits on programs mean nothing to who may load none. */
static uint32_t limits_given(const void *data, const struct image_admission *a,
			     const struct image_limits *l)
{
	uint64_t programs = image_header(data)->admitted | (a ? a->programs : 0);
	uint32_t given = l ? l->given : 0;

	if (programs & ~(IMAGE_PROGRAM_LAUNCH | IMAGE_PROGRAM_SIGNATURES))
		return given;
	return given | (IMAGE_LIMITS_ALL & ~IMAGE_LIMIT_MAPS);
}

const char *image_limits_exceed(const void *old, const struct image_admission *before,
				const void *new, const struct image_admission *after)
{
	static const struct image_limits empty;
	const struct image_limits *was = image_limits_of(old, before),
				  *is = image_limits_of(new, after);
	uint32_t given = limits_given(old, before, was),
		 lost = given & ~limits_given(new, after, is);

	was = was ? was : &empty;
	is = is ? is : &empty;
	if (lost & IMAGE_LIMIT_ATTACH || (given & IMAGE_LIMIT_ATTACH && is->attach & ~was->attach))
		return "load programs of more attach types";
	if (lost & IMAGE_LIMIT_TARGETS ||
	    (given & IMAGE_LIMIT_TARGETS && more_targets(old, was, new, is)))
		return "load programs that hang on more functions of the kernel";
	if (lost & IMAGE_LIMIT_HELPERS || (given & IMAGE_LIMIT_HELPERS && more_helpers(was, is)))
		return "load programs that call more helpers";
	if (lost & IMAGE_LIMIT_KFUNCS ||
	    (given & IMAGE_LIMIT_KFUNCS && more_kfuncs(old, was, new, is)))
		return "load programs that call more functions of the kernel";
	if (lost & IMAGE_LIMIT_MAPS || (given & IMAGE_LIMIT_MAPS && more_maps(old, was, new, is)))
		return "make more maps";
	if (lost & IMAGE_LIMIT_DIGESTS ||
	    (given & IMAGE_LIMIT_DIGESTS && more_digests(old, was, new, is)))
		return "load more programs by their digests";
	return NULL;
}
