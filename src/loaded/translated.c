// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See translated.h. The kernel shows a map where an instruction loads it: by its id, with the mark
 * of an fd or of a value. Functions lie behind each other and have no names; each begins where a
 * call or a callback leads.
 */

#include "loaded/translated.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "loaded/symbols.h"
#include "object/flow.h"
#include "object/object.h"

#define INSN sizeof(struct bpf_insn)
#define LOAD_16 (BPF_LD | BPF_IMM | BPF_DW)
#define MAP_TYPE_ARENA 33

/* The maps of one reading. */
struct batch {
	const struct translated *program;
	size_t first;
};

static struct bpf_insn insn_at(const uint8_t *code, size_t at)
{
	struct bpf_insn insn;

	memcpy(&insn, code + at * INSN, sizeof(insn));
	return insn;
}

static struct flow_reference refer(const struct flow *flow, uint32_t at)
{
	const struct batch *batch = flow->context;
	struct bpf_insn insn = insn_at(flow->code, at);
	struct flow_reference reference = {.kind = FLOW_NOTHING};

	if (insn.code != LOAD_16 ||
	    (insn.src_reg != BPF_PSEUDO_MAP_FD && insn.src_reg != BPF_PSEUDO_MAP_VALUE))
		return reference;
	for (size_t i = 0; i < flow->n_maps; i++) {
		if (batch->program->map_ids[batch->first + i] != (uint32_t)insn.imm)
			continue;
		reference.kind = insn.src_reg == BPF_PSEUDO_MAP_FD ? FLOW_HANDLE : FLOW_VALUE;
		reference.map = i;
		break;
	}
	return reference;
}

static uint32_t helper_called(const struct flow *flow, int32_t number)
{
	const struct batch *batch = flow->context;

	return symbols_helper(batch->program->symbols, number);
}

/*
 * Marks the first instructions of functions. Returns false if they cannot be told: the distance of
 * a call has 16 bits here, and is 0 where the kernel has not kept it.
 */
static bool find_starts(const uint8_t *code, size_t n, uint8_t *starts)
{
	starts[0] = 1;
	for (size_t at = 0; at < n; at++) {
		struct bpf_insn insn = insn_at(code, at);
		int64_t target = (int64_t)at + 1;

		if (insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == BPF_PSEUDO_CALL) {
			if (n > INT16_MAX || insn.off == 0)
				return false;
			target += insn.off;
		} else if (insn.code == LOAD_16 && insn.src_reg == BPF_PSEUDO_FUNC) {
			target += insn.imm;
		} else {
			at += insn.code == LOAD_16;
			continue;
		}
		if (target < 0 || (uint64_t)target >= n)
			return false;
		starts[target] = 1;
		at += insn.code == LOAD_16;
	}
	return true;
}

static int read_functions(const struct translated *program, const uint8_t *starts, size_t n,
			  size_t first, uint32_t *steps)
{
	struct batch batch = {.program = program, .first = first};
	struct flow flow = {.maps = program->maps + first,
			    .n_maps = program->n_maps - first,
			    .function = program->function,
			    .translated = true,
			    .refer = refer,
			    .helper = helper_called,
			    .context = &batch,
			    .steps = steps};
	int r = 0;

	if (flow.n_maps > FLOW_MAPS)
		flow.n_maps = FLOW_MAPS;
	for (size_t at = 0, end; at < n && !r; at = end) {
		for (end = at + 1; end < n && !starts[end];)
			end++;
		flow.code = program->code + at * INSN;
		flow.n = (uint32_t)(end - at);
		flow.before = (uint32_t)at;
		flow.is_program = at == 0;
		r = flow_follow(&flow);
	}
	return r;
}

static void not_understood(const struct translated *program)
{
	static const struct map_writer unnamed = {.use = USE_ESCAPE, .function = UINT32_MAX};

	for (size_t i = 0; i < program->n_maps; i++)
		flow_add_use(program->maps[i], &unnamed);
}

/* A pointer into an arena is a number until it is used, and comes from anywhere. */
static void arenas_escape(const struct translated *program)
{
	struct map_writer writer = {.use = USE_ESCAPE, .function = program->function};

	for (size_t i = 0; i < program->n_maps; i++) {
		if (program->maps[i]->type == MAP_TYPE_ARENA)
			flow_add_use(program->maps[i], &writer);
	}
}

int translated_read(const struct translated *program, uint64_t *steps)
{
	size_t n = program->size / INSN;
	_cleanup_free_ uint8_t *starts = calloc(n + 1, 1);
	uint32_t own = 0;
	int r = 0;

	if (!starts)
		return -ENOMEM;
	if (n == 0 || n > UINT32_MAX / 2 || !find_starts(program->code, n, starts)) {
		not_understood(program);
		return 0;
	}
	arenas_escape(program);
	for (size_t first = 0; first < program->n_maps && !r; first += FLOW_MAPS)
		r = read_functions(program, starts, n, first, &own);
	*steps += own;
	return r;
}
