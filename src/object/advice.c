// SPDX-License-Identifier: LGPL-2.1-or-later
/* See advice.h. */

#include "object/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/size.h"
#include "object/freeze-facts.h"
#include "object/object.h"
#include "object/special.h"

static void say(char why[ADVICE_WHY], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(char why[ADVICE_WHY], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, ADVICE_WHY, format, arguments);
	va_end(arguments);
}

const char *advice_special(const struct object *object, const struct object_map *map)
{
	return special_name(btf_special(map->btf ?: &object->btf, map->value_id));
}

static const char *what_it_does(unsigned use)
{
	switch (use) {
	case USE_INSERT:
		return "puts elements into it";
	case USE_DELETE:
		return "takes elements out of it";
	case USE_STORE:
		return "stores into its value";
	default:
		return "hands it on to where it may be written";
	}
}

/* The first write that reading the programs found. */
static void say_writer(const struct object *object, const struct object_map *map,
		       char why[ADVICE_WHY])
{
	const struct map_writer *w = &map->writers[0];
	const char *helper = helper_name(w->helper);

	if (w->function == UINT32_MAX) {
		say(why, "a program may write it without naming it: as a slot of a map of maps, or "
			 "in code that is too long to be read");
		return;
	}
	if (w->withheld) {
		say(why, "the function %.64s may write it: its instructions are withheld",
		    object->functions[w->function].name);
		return;
	}
	say(why, "the function %.64s %s%s%s, at instruction %llu",
	    object->functions[w->function].name, what_it_does(w->use), helper ? " with bpf_" : "",
	    helper ? helper : "", (unsigned long long)w->offset / 8);
}

static void advise_read_only(const struct object *object, const struct object_map *map,
			     struct advice *advice)
{
	struct freeze_facts facts;

	if (freeze_facts_get(map->type, 0, false, &facts)) {
		say(advice->read_only_why, "nobody has asked a kernel about maps of its type");
		return;
	}
	if (facts.can_rdonly_prog == FREEZE_NO) {
		say(advice->read_only_why, "%s", facts.rdonly_prog_reason);
		return;
	}
	if (map->flags & BPF_F_RDONLY_PROG) {
		advice->read_only = ADVICE_ALREADY;
		say(advice->read_only_why, "%s",
		    map->origin == MAP_DATA || map->origin == MAP_KCONFIG ? "libbpf creates it so"
		    : map->origin == MAP_LOADED ? "it was created with the flag"
						: "its definition has the flag");
		return;
	}
	if (map->n_writers) {
		say_writer(object, map, advice->read_only_why);
		return;
	}
	advice->read_only = ADVICE_YES;
	if (map->origin == MAP_DATA)
		say(advice->read_only_why,
		    "no program writes these variables: declared const volatile they are in "
		    ".rodata, which libbpf creates with the flag");
	else
		say(advice->read_only_why, "no program writes it, as far as they can be read%s",
		    map->origin == MAP_LOADED ? "; but only who creates it can give it the flag"
					      : "");
}

static bool is_constant(const struct object_map *map)
{
	return map->origin == MAP_KCONFIG ||
	       (map->origin == MAP_DATA && (map->flags & BPF_F_RDONLY_PROG));
}

static void advise_freeze(const struct object *object, const struct object_map *map,
			  struct advice *advice)
{
	const char *special = advice_special(object, map);
	char *why = advice->freeze_why;
	struct freeze_facts facts;

	if (is_constant(map) || map->frozen) {
		advice->freeze = ADVICE_ALREADY;
		say(why, "%s",
		    map->frozen ? "no system call writes it any more"
				: "libbpf freezes it while it loads");
	} else if (freeze_facts_get(map->type, map->flags, special, &facts)) {
		say(why, "nobody has asked a kernel about maps of its type");
	} else if (special && facts.can_freeze != FREEZE_NO) {
		say(why, "its value has a %s: %s", special, facts.freeze_reason);
	} else if (map->origin == MAP_DATA) {
		say(why, "libbpf keeps it mapped writable in the agent, and the kernel says EBUSY: "
			 "what does not change belongs into const volatile");
	} else if (facts.can_freeze != FREEZE_YES) {
		say(why, "%s", facts.freeze_reason);
	} else {
		advice->freeze = ADVICE_YES;
		say(why, "%s",
		    map->n_writers
			    ? "if the agent writes it only while it starts: programs go on writing, "
			      "system calls cannot"
			    : "once the agent has filled it, if it changes nothing later");
	}
}

/* What neither closes (M13). */
static void say_iterator(const struct object_map *map, char *why)
{
	size_t used = strlen(why);
	struct freeze_facts facts;

	if (freeze_facts_get(map->type, 0, false, &facts) ||
	    !(facts.writers & FREEZE_WRITER_ITERATOR))
		return;
	(void)snprintf(
		why + used, ADVICE_WHY - used,
		"; an iterator's program writes it all the same, so keep its fd from others");
}

void advise(const struct object *object, const struct object_map *map, struct advice *ret_advice)
{
	*ret_advice = (struct advice){0};
	advise_freeze(object, map, ret_advice);
	advise_read_only(object, map, ret_advice);
	if (ret_advice->freeze == ADVICE_YES || map->frozen)
		say_iterator(map, ret_advice->freeze_why);
}

/* Whether only the agent can put something into maps of the type. */
static bool is_filled_by_agent(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_STRUCT_OPS:
		return true;
	default:
		return false;
	}
}

/* Whether what programs find in the map can only have come from the agent. */
static bool needs_agent(const struct object_map *map)
{
	bool array = map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY;

	if (is_filled_by_agent(map->type) || map->origin == MAP_KCONFIG ||
	    (map->origin == MAP_DATA && (map->flags & (BPF_F_RDONLY_PROG | BPF_F_MMAPABLE))))
		return true;
	if (!(map->uses & (USE_READ | USE_DELETE | USE_STORE)))
		return false;
	/* Elements of an array are there from the beginning; those of others came by somebody. */
	return !(map->uses & (USE_INSERT | USE_ESCAPE | (array ? USE_STORE : 0)));
}

const char *advice_writers(const struct object_map *map)
{
	bool program = map->uses & (USE_WRITES | USE_OUTPUT), user = needs_agent(map);

	/* The verifier refuses what reading the program could not exclude. */
	if (map->flags & BPF_F_RDONLY_PROG)
		program = false;
	return program && user ? "both" : program ? "program" : user ? "user" : "nobody";
}
