// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tries each act on each kind of map, and prints `TYPE VARIANT ACT BEFORE AFTER` for each:
 * what came of it before the map was frozen, and after, `0` or an errno by name; `@load` behind it
 * where the verifier refused; `unchanged` where nothing was refused and nothing written. `-` where
 * there was nothing to try, `unfrozen` where such a map cannot be frozen, `absent` where the
 * kernel does not know the type. With FREEZE_VERBOSE set, why the verifier refused is on stderr.
 */
#include "freeze.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct variant variants[] = {
	{"plain", 0, SPECIAL_NONE, 0},
	{"rdonly_prog", BPF_F_RDONLY_PROG, SPECIAL_NONE, 0},
	{"mmapable", BPF_F_MMAPABLE, SPECIAL_NONE, MAPPABLE},
	{"mmapable+rdonly_prog", BPF_F_MMAPABLE | BPF_F_RDONLY_PROG, SPECIAL_NONE, MAPPABLE},
	{"spin_lock", 0, SPECIAL_SPIN_LOCK, SPECIALS},
	{"timer", 0, SPECIAL_TIMER, SPECIALS},
	{"kptr", 0, SPECIAL_KPTR, SPECIALS},
	{"wq", 0, SPECIAL_WQ, SPECIALS},
	{"never-mapped", 0, SPECIAL_NONE, UNTOUCHED},
	{},
};

static const char *word(int r, bool at_load)
{
	static char words[2][32];
	static unsigned int turn;
	char *text = words[turn++ % 2];
	const char *name = r == -ENOTSUPP ? "ENOTSUPP" : r < 0 ? strerrorname_np(-r) : "0";

	if (r == UNCHANGED)
		name = "unchanged";
	else if (r == UNTRIED)
		name = "-";
	(void)snprintf(text, sizeof(words[0]), "%s%s", name ? name : "unnamed",
		       at_load ? "@load" : "");
	return text;
}

/* Everything that was opened for one map. */
static void close_all(void)
{
	(void)syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
}

/* One act on a new map; the word for what came of it. */
static const char *try(const struct act *act, const struct kind *kind,
		       const struct variant *variant, bool frozen)
{
	static struct subject subject;
	const char *said = NULL;
	int r = map_make(kind, variant, &subject);

	if (r == 0)
		r = map_fill(&subject);
	if (r < 0)
		said = "unfilled";
	if (!said && frozen && bpf_map_freeze(subject.fd) < 0)
		said = "unfrozen";
	if (!said) {
		subject.frozen = frozen;
		subject.at_load = false;
		r = act->run(&subject);
		said = word(r, subject.at_load);
	}
	close_all();
	return said;
}

/* Maps of this type have no such operation, and freezing them changes nothing about it. */
static bool offered(const char *before, const char *after)
{
	return strcmp(after, "0") == 0 ||
	       (strcmp(before, "ENOTSUPP") != 0 && strcmp(before, "EOPNOTSUPP") != 0 &&
		strcmp(before, "EINVAL") != 0);
}

/* @freezes: such a map can be frozen; for one that cannot, the acts that freeze say it all. */
static void try_acts(const struct act *acts, const struct kind *kind, const struct variant *variant,
		     bool freezes)
{
	for (const struct act *act = acts; act->name; act++) {
		const char *before, *after = "-";

		if (!freezes && !act->once)
			continue;
		before = try(act, kind, variant, false);
		if (strcmp(before, "-") == 0)
			continue;
		if (!act->once) {
			after = try(act, kind, variant, true);
			if (!offered(before, after))
				continue;
		}
		printf("%s %s %s %s %s\n", kind->name, variant->name, act->name, before, after);
	}
}

static bool freezes(const struct kind *kind, const struct variant *variant)
{
	const struct act plainly = user_acts[0];

	return strcmp(try(&plainly, kind, variant, false), "0") == 0;
}

/* Return: false if the kernel does not know the type. */
static bool try_kind(const struct kind *kind, const struct variant *variant)
{
	static struct subject subject;
	int made, filled = 0;
	bool unknown = !special_known(variant->special), can;

	made = unknown ? -EINVAL : map_make(kind, variant, &subject);
	unknown = unknown || (made == -EINVAL && !variant->map_flags && !variant->special);
	if (made == 0)
		filled = map_fill(&subject);
	printf("%s %s create %s -\n", kind->name, variant->name,
	       unknown ? "absent" : word(made, false));
	if (filled < 0)
		printf("%s %s fill %s -\n", kind->name, variant->name,
		       word(filled, subject.at_load));
	close_all();
	if (made < 0)
		return variant != variants || !unknown;
	can = freezes(kind, variant);
	try_acts(user_acts, kind, variant, can);
	if (can)
		try_acts(program_acts, kind, variant, can);
	return true;
}

int main(int argc, char **argv)
{
	const struct rlimit limit = {65536, 65536};
	const char *only = argc > 1 ? argv[1] : NULL;

	if (argc > 2) {
		fprintf(stderr, "usage: freeze [TYPE]\n");
		return 2;
	}
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	for (const struct kind *kind = kinds; kind->name; kind++) {
		if (only && strcmp(only, kind->name) != 0)
			continue;
		for (const struct variant *variant = variants; variant->name; variant++) {
			if ((kind->flags & variant->wants) != variant->wants)
				continue;
			if (!try_kind(kind, variant))
				break;
		}
	}
	types_unknown();
	return fflush(stdout) == 0 ? 0 : 1;
}
