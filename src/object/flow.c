// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See flow.h. A function is followed with, for each register and stack slot, the maps whose value
 * or handle it may hold. What is not understood counts as a write.
 */

#include "object/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "object/effects.h"
#include "object/object.h"

#define INSN sizeof(struct bpf_insn)
#define SLOTS 64 /* of 8 bytes: the stack of a function */
#define REGISTERS 12 /* with the one that only the verifier uses */
#define MAX_LEADERS (1u << 13) /* of one function */
#define MODE(code) ((code)&0xe0)
#define LOAD_ACQUIRE 0x100 /* an atomic that loads; newer than headers of build machines */
#define JUMP_REGISTER (BPF_JMP | BPF_JA | BPF_X) /* likewise: to where a register says */

/* The part of a value that is an address within the stack. */
enum frame {
	FRAME_NO,
	FRAME_AT, /* at a known offset */
	FRAME_ANY, /* somewhere */
};

struct value {
	uint64_t values, handles; /* maps */
	enum frame frame;
	int32_t offset; /* from the frame pointer, with FRAME_AT */
};

struct state {
	struct value registers[REGISTERS];
	struct value stack[SLOTS];
	bool reached, queued;
};

struct walk {
	const struct flow *flow;
	uint32_t *leaders; /* by instruction: index into states from 1; 0: none */
	struct state *states;
	uint32_t n_states;
	uint32_t *queue; /* instructions */
	uint32_t n_queue;
	uint32_t at; /* the instruction that is read */
	uint64_t outer; /* maps of maps */
	uint64_t percpu; /* maps that have a value for each processor */
	bool lost; /* the function is not understood */
};

static void walk_done(struct walk *walk)
{
	free(walk->leaders);
	free(walk->states);
	free(walk->queue);
}

void flow_add_use(struct object_map *map, const struct map_writer *writer)
{
	if (!(map->uses & writer->use) && (writer->use & USE_WRITES) &&
	    map->n_writers < MAP_MAX_WRITERS)
		map->writers[map->n_writers++] = *writer;
	map->uses |= writer->use;
}

static void mark(const struct walk *walk, uint64_t maps, unsigned use, uint32_t helper)
{
	struct map_writer writer = {.use = use,
				    .function = walk->flow->function,
				    .offset = ((uint64_t)walk->flow->before + walk->at) * INSN,
				    .helper = helper == FLOW_HELPER_ELEMENT ? 0 : helper};

	for (; maps; maps &= maps - 1)
		flow_add_use(walk->flow->maps[__builtin_ctzll(maps)], &writer);
}

static void read_insn(const struct walk *walk, uint32_t at, struct bpf_insn *ret_insn)
{
	memcpy(ret_insn, walk->flow->code + at * INSN, sizeof(*ret_insn));
}

static bool is_jump(uint8_t code)
{
	uint8_t class = BPF_CLASS(code);

	return (class == BPF_JMP || class == BPF_JMP32) && BPF_OP(code) != BPF_CALL &&
	       BPF_OP(code) != BPF_EXIT;
}

/* Where a jump goes; UINT32_MAX if that is outside of the function. */
static uint32_t jump_target(const struct walk *walk, const struct bpf_insn *insn, uint32_t at)
{
	int64_t target = (int64_t)at + 1;

	target += insn->code == (BPF_JMP32 | BPF_JA) ? insn->imm : insn->off;
	return target >= 0 && target < walk->flow->n ? (uint32_t)target : UINT32_MAX;
}

static bool is_unconditional(uint8_t code)
{
	return code == (BPF_JMP | BPF_JA) || code == (BPF_JMP32 | BPF_JA);
}

static void merge_value(struct value *into, const struct value *from, bool *changed)
{
	struct value old = *into;

	into->values |= from->values;
	into->handles |= from->handles;
	if (into->frame != from->frame || (into->frame == FRAME_AT && into->offset != from->offset))
		into->frame = FRAME_ANY;
	*changed = *changed || into->values != old.values || into->handles != old.handles ||
		   into->frame != old.frame;
}

/* Carries a state to a leader, and queues it if that says more than was known there. */
static void reach(struct walk *walk, uint32_t at, const struct state *from)
{
	struct state *into;
	bool changed = false;

	if (at >= walk->flow->n || !walk->leaders[at]) {
		walk->lost = true;
		return;
	}
	into = &walk->states[walk->leaders[at] - 1];
	if (!into->reached) {
		bool queued = into->queued;

		*into = *from;
		into->queued = queued;
		into->reached = changed = true;
	} else {
		for (size_t i = 0; i < REGISTERS; i++)
			merge_value(&into->registers[i], &from->registers[i], &changed);
		for (size_t i = 0; i < SLOTS; i++)
			merge_value(&into->stack[i], &from->stack[i], &changed);
	}
	if (changed && !into->queued) {
		into->queued = true;
		walk->queue[walk->n_queue++] = at;
	}
}

/* All that the stack may hold. */
static struct value whole_stack(const struct state *state)
{
	struct value all = {0};

	for (size_t i = 0; i < SLOTS; i++) {
		all.values |= state->stack[i].values;
		all.handles |= state->stack[i].handles;
		if (state->stack[i].frame != FRAME_NO)
			all.frame = FRAME_ANY;
	}
	return all;
}

/* A value goes where it is no longer followed. */
static void escape(const struct walk *walk, const struct state *state, const struct value *value)
{
	struct value stack;

	mark(walk, value->values | value->handles, USE_ESCAPE, 0);
	if (value->frame == FRAME_NO)
		return;
	stack = whole_stack(state);
	mark(walk, stack.values | stack.handles, USE_ESCAPE, 0);
}

/* The slot of an address; -1 if it is not known, or not a whole slot. */
static int slot_of(const struct value *address, int16_t offset)
{
	int64_t at = (int64_t)address->offset + offset;

	if (address->frame != FRAME_AT || at % 8 || at >= 0 || at < -8 * SLOTS)
		return -1;
	return (int)(at / 8 + SLOTS);
}

static void step_load(const struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	struct value *to = &state->registers[insn->dst_reg];
	struct value from = state->registers[insn->src_reg];
	int slot = slot_of(&from, insn->off);

	*to = (struct value){0};
	if (BPF_SIZE(insn->code) != BPF_DW)
		return;
	if (from.frame != FRAME_NO)
		*to = slot >= 0 ? state->stack[slot] : whole_stack(state);
	/* Each processor's values lie behind a pointer in the element. */
	to->values |= from.handles & walk->percpu;
}

static void step_store(struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	const struct value *to = &state->registers[insn->dst_reg];
	struct value what = {0};
	int slot = slot_of(to, insn->off);
	bool changed = false;

	if (BPF_CLASS(insn->code) == BPF_STX)
		what = state->registers[insn->src_reg];
	mark(walk, to->values, USE_STORE, 0);
	if (to->frame == FRAME_NO || to->values) {
		escape(walk, state, &what);
		if (to->frame == FRAME_NO)
			return;
	}
	if (slot >= 0 && BPF_SIZE(insn->code) == BPF_DW && MODE(insn->code) == BPF_MEM &&
	    !to->values) {
		state->stack[slot] = what;
		return;
	}
	if (slot >= 0) {
		merge_value(&state->stack[slot], &what, &changed);
		return;
	}
	if (!what.values && !what.handles && what.frame == FRAME_NO)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		merge_value(&state->stack[i], &what, &changed);
}

/* On a map's address: the way to a value that the verifier has laid. */
static void enter_map(const struct walk *walk, struct value *value)
{
	uint64_t entered = value->handles & ~(walk->percpu | walk->outer);

	mark(walk, value->handles, USE_READ, 0);
	value->values |= entered;
	value->handles &= ~entered;
}

static void step_arithmetic(const struct walk *walk, struct state *state,
			    const struct bpf_insn *insn)
{
	struct value *to = &state->registers[insn->dst_reg];
	struct value from = {0};
	uint8_t op = BPF_OP(insn->code);

	if (BPF_SRC(insn->code) == BPF_X && op != BPF_END && op != BPF_NEG)
		from = state->registers[insn->src_reg];
	if (op == BPF_MOV) {
		*to = from;
		return;
	}
	to->values |= from.values;
	to->handles |= from.handles;
	if (walk->flow->translated)
		enter_map(walk, to);
	if (to->frame == FRAME_AT && BPF_SRC(insn->code) == BPF_K && op == BPF_ADD &&
	    BPF_CLASS(insn->code) == BPF_ALU64 &&
	    !__builtin_add_overflow(to->offset, insn->imm, &to->offset))
		return;
	if (to->frame != FRAME_NO || from.frame != FRAME_NO)
		to->frame = FRAME_ANY;
}

/* The map that the instruction loads, as a set; 0 if it is none. */
static uint64_t map_at(const struct walk *walk, struct flow_reference *ret_reference)
{
	*ret_reference = walk->flow->refer(walk->flow, walk->at);
	if (ret_reference->kind == FLOW_NOTHING || ret_reference->map >= walk->flow->n_maps)
		return 0;
	return (uint64_t)1 << ret_reference->map;
}

/* The second half of an instruction of 16 bytes is skipped by the caller. */
static void step_immediate(struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	struct value *to = &state->registers[insn->dst_reg];
	struct flow_reference reference;
	uint64_t bit = map_at(walk, &reference);

	*to = (struct value){0};
	if (reference.kind == FLOW_HANDLE)
		to->handles = bit;
	else
		to->values = bit;
	if (reference.kind == FLOW_VALUE)
		mark(walk, bit, USE_READ, 0);
}

static void step_helper(struct walk *walk, struct state *state, uint32_t helper)
{
	struct effect effect = effect_of(helper);
	struct value result = {0};

	if (walk->flow->translated && helper == FLOW_HELPER_ELEMENT) {
		/* What it returns is the element; arithmetic leads from there to the value. */
		result.handles = state->registers[1].handles;
		mark(walk, result.handles, USE_READ, 0);
		state->registers[0] = result;
		return;
	}
	for (unsigned i = 1; i <= 5; i++) {
		const struct value *argument = &state->registers[i];

		if (!(effect.reads & (1u << i)))
			mark(walk, argument->values, USE_ESCAPE, helper);
		if (i == effect.map_argument) {
			mark(walk, argument->handles, effect.use, helper);
			if (effect.returns_value)
				result.values = argument->handles & ~walk->outer;
		} else if (!(effect.reads & (1u << i))) {
			mark(walk, argument->handles, USE_ESCAPE, helper);
		}
		if (effect.calls_back && !(effect.reads & (1u << i)))
			escape(walk, state, argument);
	}
	state->registers[0] = result;
}

static void step_call(struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	struct value kept = {0};

	if (insn->src_reg == 0) {
		step_helper(walk, state, walk->flow->helper(walk->flow, insn->imm));
	} else {
		for (unsigned i = 1; i <= 5; i++)
			escape(walk, state, &state->registers[i]);
		state->registers[0] = kept;
	}
	for (unsigned i = 1; i <= 5; i++)
		state->registers[i] = kept;
}

/* A register that is compared with 0, or is not, holds no address where it is equal. */
static void step_jump(struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	uint32_t target = jump_target(walk, insn, walk->at);
	struct value *compared = &state->registers[insn->dst_reg];
	struct value before = *compared;

	if (insn->code == (BPF_JMP | BPF_JEQ | BPF_K) && insn->imm == 0)
		*compared = (struct value){0};
	reach(walk, target, state);
	*compared = before;
	if (insn->code == (BPF_JMP | BPF_JNE | BPF_K) && insn->imm == 0)
		*compared = (struct value){0};
}

/* One instruction. Returns whether the next one follows. */
static bool step(struct walk *walk, struct state *state, const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		if (insn->code == (BPF_LD | BPF_IMM | BPF_DW))
			step_immediate(walk, state, insn);
		else
			memset(state->registers, 0, 6 * sizeof(state->registers[0]));
		return true;
	case BPF_LDX:
		step_load(walk, state, insn);
		return true;
	case BPF_ST:
	case BPF_STX:
		if (MODE(insn->code) != BPF_MEM && insn->imm == LOAD_ACQUIRE)
			step_load(walk, state, insn);
		else
			step_store(walk, state, insn);
		return true;
	case BPF_ALU:
	case BPF_ALU64:
		step_arithmetic(walk, state, insn);
		return true;
	default:
		break;
	}
	if (BPF_OP(insn->code) == BPF_CALL) {
		step_call(walk, state, insn);
		return true;
	}
	if (BPF_OP(insn->code) == BPF_EXIT) {
		if (!walk->flow->is_program)
			escape(walk, state, &state->registers[0]);
		return false;
	}
	step_jump(walk, state, insn);
	return !is_unconditional(insn->code);
}

/* From a leader to the next, or to where the function is left. */
static void follow(struct walk *walk, uint32_t from)
{
	struct state state = walk->states[walk->leaders[from] - 1];

	for (walk->at = from; !walk->lost; walk->at++) {
		struct bpf_insn insn;

		if (walk->at >= walk->flow->n || ++*walk->flow->steps > FLOW_MAX_STEPS) {
			walk->lost = true;
			return;
		}
		if (walk->at != from && walk->leaders[walk->at]) {
			reach(walk, walk->at, &state);
			return;
		}
		read_insn(walk, walk->at, &insn);
		if (insn.dst_reg >= REGISTERS || insn.src_reg >= REGISTERS) {
			walk->lost = true;
			return;
		}
		if (!step(walk, &state, &insn))
			return;
		if (insn.code == (BPF_LD | BPF_IMM | BPF_DW))
			walk->at++;
	}
}

/* Leaders: the first instruction, those jumped to, and those after a jump. */
static int find_leaders(struct walk *walk)
{
	walk->leaders = calloc((size_t)walk->flow->n + 1, sizeof(*walk->leaders));
	if (!walk->leaders)
		return -ENOMEM;
	*walk->flow->steps += walk->flow->n;
	walk->leaders[0] = 1;
	for (uint32_t at = 0; at < walk->flow->n; at++) {
		struct bpf_insn insn;

		read_insn(walk, at, &insn);
		if (insn.code == (BPF_LD | BPF_IMM | BPF_DW)) {
			at++;
		} else if (insn.code == JUMP_REGISTER) {
			walk->lost = true;
			return 0;
		} else if (is_jump(insn.code)) {
			uint32_t target = jump_target(walk, &insn, at);

			if (target != UINT32_MAX)
				walk->leaders[target] = 1;
			walk->leaders[at + 1] = 1;
		}
	}
	for (uint32_t at = 0; at < walk->flow->n; at++) {
		if (walk->leaders[at])
			walk->leaders[at] = ++walk->n_states;
	}
	if (walk->n_states > MAX_LEADERS) {
		walk->lost = true;
		return 0;
	}
	walk->states = calloc(walk->n_states, sizeof(*walk->states));
	walk->queue = calloc(walk->n_states, sizeof(*walk->queue));
	return walk->states && walk->queue ? 0 : -ENOMEM;
}

/* Nothing is known of the function but which maps it names. */
static void give_up(struct walk *walk)
{
	for (walk->at = 0; walk->at < walk->flow->n; walk->at++) {
		struct flow_reference reference;

		mark(walk, map_at(walk, &reference), USE_ESCAPE, 0);
	}
}

static void sort_maps(struct walk *walk)
{
	for (size_t i = 0; i < walk->flow->n_maps; i++) {
		uint64_t bit = (uint64_t)1 << i;

		switch (walk->flow->maps[i]->type) {
		case BPF_MAP_TYPE_ARRAY_OF_MAPS:
		case BPF_MAP_TYPE_HASH_OF_MAPS:
			walk->outer |= bit;
			break;
		case BPF_MAP_TYPE_PERCPU_ARRAY:
		case BPF_MAP_TYPE_PERCPU_HASH:
		case BPF_MAP_TYPE_LRU_PERCPU_HASH:
			walk->percpu |= walk->flow->translated ? bit : 0;
			break;
		default:
			break;
		}
	}
}

int flow_follow(const struct flow *flow)
{
	_cleanup_(walk_done) struct walk walk = {.flow = flow};
	struct state entry = {.reached = false};
	int r;

	sort_maps(&walk);
	r = find_leaders(&walk);
	if (r < 0)
		return r;
	entry.registers[BPF_REG_10].frame = FRAME_AT;
	if (!walk.lost)
		reach(&walk, 0, &entry);
	while (walk.n_queue && !walk.lost) {
		uint32_t at = walk.queue[--walk.n_queue];

		walk.states[walk.leaders[at] - 1].queued = false;
		follow(&walk, at);
	}
	if (walk.lost)
		give_up(&walk);
	return 0;
}
