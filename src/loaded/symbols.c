// SPDX-License-Identifier: LGPL-2.1-or-later
/* See symbols.h. A name that is missing here makes a call that may do anything. */

#include "loaded/symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/size.h"
#include "object/flow.h"
#include "object/kinds.h"

#define MAX_LINES (1u << 23) /* of kallsyms */
#define MAX_HELPERS 1024 /* numbers asked for a name */

/* What stands for a helper under another name: by map type, or by program type. */
static const struct {
	const char *name;
	uint32_t helper;
} others[] = {
	{"__htab_map_lookup_elem", FLOW_HELPER_ELEMENT},
	{"array_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"percpu_array_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"htab_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"htab_lru_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"htab_percpu_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"htab_lru_percpu_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"array_of_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"htab_of_map_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"trie_lookup_elem", BPF_FUNC_map_lookup_elem},
	{"percpu_array_map_lookup_percpu_elem", BPF_FUNC_map_lookup_percpu_elem},
	{"htab_percpu_map_lookup_percpu_elem", BPF_FUNC_map_lookup_percpu_elem},
	{"htab_lru_percpu_map_lookup_percpu_elem", BPF_FUNC_map_lookup_percpu_elem},
	{"array_map_update_elem", BPF_FUNC_map_update_elem},
	{"htab_map_update_elem", BPF_FUNC_map_update_elem},
	{"htab_lru_map_update_elem", BPF_FUNC_map_update_elem},
	{"htab_percpu_map_update_elem", BPF_FUNC_map_update_elem},
	{"htab_lru_percpu_map_update_elem", BPF_FUNC_map_update_elem},
	{"trie_update_elem", BPF_FUNC_map_update_elem},
	{"array_map_delete_elem", BPF_FUNC_map_delete_elem},
	{"htab_map_delete_elem", BPF_FUNC_map_delete_elem},
	{"htab_lru_map_delete_elem", BPF_FUNC_map_delete_elem},
	{"trie_delete_elem", BPF_FUNC_map_delete_elem},
	{"queue_stack_map_push_elem", BPF_FUNC_map_push_elem},
	{"bloom_map_push_elem", BPF_FUNC_map_push_elem},
	{"queue_map_pop_elem", BPF_FUNC_map_pop_elem},
	{"stack_map_pop_elem", BPF_FUNC_map_pop_elem},
	{"queue_map_peek_elem", BPF_FUNC_map_peek_elem},
	{"stack_map_peek_elem", BPF_FUNC_map_peek_elem},
	{"bloom_map_peek_elem", BPF_FUNC_map_peek_elem},
	{"dev_map_redirect", BPF_FUNC_redirect_map},
	{"dev_hash_map_redirect", BPF_FUNC_redirect_map},
	{"cpu_map_redirect", BPF_FUNC_redirect_map},
	{"xsk_map_redirect", BPF_FUNC_redirect_map},
	{"bpf_xdp_redirect_map", BPF_FUNC_redirect_map},
	{"bpf_xdp_redirect", BPF_FUNC_redirect},
	{"bpf_perf_event_output_tp", BPF_FUNC_perf_event_output},
	{"bpf_perf_event_output_raw_tp", BPF_FUNC_perf_event_output},
	{"bpf_event_output_data", BPF_FUNC_perf_event_output},
	{"bpf_skb_event_output", BPF_FUNC_perf_event_output},
	{"bpf_xdp_event_output", BPF_FUNC_perf_event_output},
	{"bpf_get_stackid_tp", BPF_FUNC_get_stackid},
	{"bpf_get_stackid_raw_tp", BPF_FUNC_get_stackid},
	{"bpf_get_stackid_pe", BPF_FUNC_get_stackid},
	{"bpf_sk_storage_get_tracing", BPF_FUNC_sk_storage_get},
	{"bpf_sk_storage_delete_tracing", BPF_FUNC_sk_storage_delete},
	{"bpf_task_storage_get_recur", BPF_FUNC_task_storage_get},
	{"bpf_task_storage_delete_recur", BPF_FUNC_task_storage_delete},
	{"bpf_user_rnd_u32", BPF_FUNC_get_prandom_u32},
	{"bpf_get_raw_cpu_id", BPF_FUNC_get_smp_processor_id},
};

static uint32_t helper_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (strcmp(name, others[i].name) == 0)
			return others[i].helper;
	}
	if (strncmp(name, "bpf_", 4) != 0)
		return FLOW_HELPER_NONE;
	for (uint32_t helper = 1; helper < MAX_HELPERS && helper_name(helper); helper++) {
		if (strcmp(name + 4, helper_name(helper)) == 0)
			return helper;
	}
	return FLOW_HELPER_NONE;
}

int symbols_add(struct symbols *symbols, const char *line)
{
	struct symbol_row row = {0};
	char name[64], rest;
	unsigned long long address;
	int r;

	/* Most lines can mean nothing here, and there are hundreds of thousands. */
	if (!strstr(line, "bpf_") && !strstr(line, "_elem") && !strstr(line, "_redirect"))
		return 0;
	/* After the name of a module's function stands the module's. */
	if (sscanf(line, "%16llx %*1[tT] %63s %c", &address, name, &rest) != 2 || !address)
		return 0;
	if (strcmp(name, "__bpf_call_base") == 0) {
		symbols->base = address;
		return 0;
	}
	row.address = address;
	row.helper = helper_by_name(name);
	if (row.helper == FLOW_HELPER_NONE)
		return 0;
	r = array_grow(&symbols->rows, symbols->n, sizeof(*symbols->rows));
	if (r < 0)
		return r;
	symbols->rows[symbols->n++] = row;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct symbol_row *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

void symbols_sort(struct symbols *symbols)
{
	if (symbols->n)
		qsort(symbols->rows, symbols->n, sizeof(*symbols->rows), compare);
}

uint32_t symbols_helper(const struct symbols *symbols, int32_t number)
{
	struct symbol_row key = {.address = symbols->base + (uint64_t)(int64_t)number};
	const struct symbol_row *row = NULL;

	if (number == BPF_FUNC_tail_call) /* the one that the kernel shows by its number */
		return BPF_FUNC_tail_call;
	if (symbols->base && symbols->n)
		row = bsearch(&key, symbols->rows, symbols->n, sizeof(*symbols->rows), compare);
	return row ? row->helper : FLOW_HELPER_NONE;
}

int symbols_read(struct symbols *symbols)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/kallsyms", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		return -errno;
	for (uint32_t i = 0; i < MAX_LINES && !r && getline(&line, &size, file) > 0; i++)
		r = symbols_add(symbols, line);
	symbols_sort(symbols);
	return r;
}

void symbols_done(struct symbols *symbols)
{
	free(symbols->rows);
	*symbols = (struct symbols){0};
}
