// SPDX-License-Identifier: LGPL-2.1-or-later
/* See event-decide.h. */

#include "cli/event-decide.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "cli/event-json.h"
#include "policy/image-check.h"
#include "policy/tree.h"

#define EVENT_NAME_MAX 31 /* the kernel's record cuts names to so many bytes */

/* An event on its way through a policy. */
struct look {
	const json_t *event;
	const char *act, *row;
	const char *label, *exe; /* of the task */
	const char *owner, *name; /* of the object */
	const struct policy *policy;
	struct decision *decision;
};

static void place(const struct look *look, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void place(const struct look *look, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(look->decision->place, sizeof(look->decision->place), format, args);
	va_end(args);
	look->decision->line = line;
}

static enum decision_verdict by_mode(uint32_t mode)
{
	return IMAGE_ENFORCES(mode) ? DECISION_REFUSED : DECISION_OBSERVED;
}

/* Is that the path whose last component the log has? */
static bool is_file(const char *path, const char *name)
{
	const char *base = path ? strrchr(path, '/') : NULL;

	return base && strncmp(base + 1, name, EVENT_NAME_MAX) == 0 && *name;
}

static const struct policy_executable *find_executable(const struct policy_domain *d,
						       const char *name)
{
	for (size_t i = 0; i < d->n_executables; i++) {
		if (is_file(d->executables[i].path, name))
			return &d->executables[i];
	}
	return NULL;
}

static const struct policy_library *find_library(const struct policy_domain *d, const char *name)
{
	for (size_t i = 0; i < d->n_libraries; i++) {
		if (is_file(d->libraries[i].path, name))
			return &d->libraries[i];
	}
	return NULL;
}

/* ---- whose rules decide */

/* What no line of a policy is about: the guard's own, or nobody's. */
static void by_guard(const struct look *look)
{
	look->decision->verdict = by_mode(look->policy->mode);
	place(look, 0, "the guard's own, in every policy");
}

/* The domain whose rules decide; NULL if none does, and then it is decided. */
static const struct policy_domain *find_domain(const struct look *look, const char *name)
{
	const struct policy_domain *d;

	if (!image_domain_name_valid(name)) {
		by_guard(look);
		return NULL;
	}
	d = policy_find_domain(look->policy, name);
	if (!d) {
		look->decision->verdict = DECISION_ALLOWED;
		place(look, 0, "no such domain: %.40s", name);
	}
	return d;
}

static void by_owner(const struct look *look)
{
	const struct policy_executable *executable;
	const struct policy_domain *d = find_domain(look, look->owner);

	if (!d)
		return;
	executable = find_executable(d, look->exe);
	if (executable) {
		look->decision->verdict = DECISION_ALLOWED;
		place(look, executable->place.line,
		      "an executable of the domain %s, if its launch rule is met", d->name);
		return;
	}
	look->decision->verdict = by_mode(d->mode);
	place(look, d->place.line, "the domain %s", d->name);
}

static void by_launch(const struct look *look)
{
	const struct policy_executable *executable;
	const struct policy_domain *d = find_domain(look, look->owner);

	if (!d)
		return;
	executable = find_executable(d, look->name);
	look->decision->verdict = executable ? by_mode(d->mode) : DECISION_ALLOWED;
	if (executable)
		place(look, executable->launch_place.line, "the launch rule in the domain %s",
		      d->name);
	else
		place(look, d->place.line, "no executable of that name in the domain %s", d->name);
}

static void by_mapper(const struct look *look)
{
	const struct policy_executable *executable;
	const struct policy_library *library;
	const struct policy_domain *d = find_domain(look, look->label);

	if (!d)
		return;
	library = find_library(d, look->name);
	executable = find_executable(d, look->name);
	if (!library && !executable) {
		look->decision->verdict = by_mode(d->mode);
		place(look, d->place.line, "the domain %s", d->name);
		return;
	}
	look->decision->verdict = DECISION_ALLOWED;
	place(look, library ? library->place.line : executable->place.line,
	      "a file that the domain %s names, if its digest is in the lock", d->name);
}

/* ---- admission */

/* What was missing for a load, as IMAGE_PROGRAM*: the log has it as type and row. */
static uint64_t load_needs(const struct look *look)
{
	static const struct {
		const char *row, *type; /* NULL: of any type */
		uint64_t needs;
	} rows[] = {
		{"P04", NULL, IMAGE_PROGRAM_MODIFY_RETURN},
		{"P08", "tracing", IMAGE_PROGRAM_MODIFY_RETURN},
		{"P08", NULL, IMAGE_PROGRAM_OVERRIDE_RETURN},
		{"P09", NULL, IMAGE_PROGRAM_WRITE_USER},
		{"P11", NULL, IMAGE_PROGRAM_SEND_SIGNAL},
		{"P21", NULL, IMAGE_PROGRAM_DESTRUCTIVE},
		{"P24", NULL, IMAGE_PROGRAM_UNSIGNED},
	};
	const char *type = event_string(look->event, "command");
	uint64_t needs = image_program(type);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].row, look->row) == 0 &&
		    (!rows[i].type || strcmp(rows[i].type, type) == 0))
			return rows[i].needs;
	}
	return needs ? needs : IMAGE_PROGRAM_UNKNOWN;
}

/* The guard refuses loads by EPERM alone: another error of such a row is the kernel's. */
static bool signature_bad(const struct look *look)
{
	const char *error = event_string(look->event, "errno");

	if (strcmp(look->row, "P24") != 0 && strcmp(look->row, "P07") != 0)
		return false;
	return strcmp(error, "-") != 0 && strcmp(error, "EPERM") != 0;
}

static void by_admission(const struct look *look)
{
	const struct policy *policy = look->policy;
	uint64_t needs = load_needs(look);

	/* Bound to a map of a domain, or to see into it: no rule admits that. */
	if (image_domain_name_valid(look->owner)) {
		by_owner(look);
		return;
	}
	if (signature_bad(look)) {
		look->decision->verdict = DECISION_REFUSED;
		place(look, 0, "the kernel's, which has found the signature bad, in every policy");
		return;
	}
	/* beside the guard's own hooks nobody traces */
	if (strcmp(look->row, "P19") == 0) {
		by_guard(look);
		return;
	}
	look->decision->verdict = DECISION_ALLOWED;
	if ((policy->admitted & needs) == needs) {
		place(look, 0, "admission: anybody may load %s", image_program_name(needs));
		return;
	}
	for (size_t i = 0; i < policy->n_admissions; i++) {
		const struct policy_admission *rule = &policy->admissions[i];

		if (!find_executable(&rule->files, look->exe))
			continue;
		place(look, rule->files.executables[0].place.line, "an admission rule%s %s",
		      rule->programs & needs ? " for" : ", but not for", image_program_name(needs));
		if (!(rule->programs & needs))
			look->decision->verdict = by_mode(policy->mode);
		return;
	}
	look->decision->verdict = by_mode(policy->mode);
	place(look, 0, "admission: no rule for that executable and %s", image_program_name(needs));
}

/* What a rule is for is not asked: by its types alone the act would have gone through. */
static void by_limit(const struct look *look)
{
	const char *name = event_string(look->event, "limit");
	const struct policy_limits *limits = &look->policy->limits;
	const struct policy_admission *rule = NULL;
	unsigned line;

	for (size_t i = 0; i < look->policy->n_admissions && !rule; i++) {
		if (find_executable(&look->policy->admissions[i].files, look->exe))
			rule = &look->policy->admissions[i];
	}
	if (rule)
		limits = &rule->limits;
	line = limits->place.line;
	if (rule && !line)
		line = rule->files.executables[0].place.line;
	look->decision->verdict = limits->given & image_limit(name) ? by_mode(look->policy->mode)
								    : DECISION_ALLOWED;
	place(look, line, "%s limits.%s, of %s", limits->given & image_limit(name) ? "the" : "no",
	      name, rule ? "an admission rule" : "who has no admission rule");
}

/* The groups of the policy that close a file of tracefs which makes probes of both kinds. */
static uint32_t closed_probes(const struct look *look)
{
	bool both = strcmp(look->name, "uprobe_events") == 0 ||
		    strcmp(look->name, "dynamic_events") == 0;

	return both ? look->policy->switches & (IMAGE_CLOSED_PROBES | IMAGE_CLOSED_UPROBES) : 0;
}

static void by_switches(const struct look *look)
{
	uint32_t probes = closed_probes(look);

	/* A control group that has tasks of a domain; M18 alone of these is a policy's. */
	if (image_domain_name_valid(look->owner))
		by_owner(look);
	else
		by_guard(look);
	if (look->decision->verdict == DECISION_ALLOWED)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(image_switches); i++) {
		const struct image_switch *group = &image_switches[i];
		uint32_t is = look->policy->switches & group->group;
		bool opens = group->group & IMAGE_SWITCHES_ALL;

		if (probes ? !(group->group & probes) : strcmp(group->row, look->row) != 0)
			continue;
		if (!is != opens)
			look->decision->verdict = DECISION_ALLOWED;
		place(look, 0, "switches.%s %s %s", opens ? "open" : "close",
		      is ? "has" : "has not", group->name);
	}
}

/*
 * A module or kernel that is denied whatever it is, or something that the kernel asks lockdown
 * about. K07 is what confidentiality alone keeps.
 */
static void by_kernel(const struct look *look)
{
	const struct policy_kernel *kernel = &look->policy->kernel;
	bool module = strcmp(look->row, "K01") == 0, kexec = strcmp(look->row, "K04") == 0;
	uint8_t code = module ? kernel->modules : kexec ? kernel->kexec : IMAGE_CODE_ANY;
	uint8_t lockdown = strcmp(look->row, "K07") == 0 ? IMAGE_LOCKDOWN_CONFIDENTIALITY
							 : IMAGE_LOCKDOWN_INTEGRITY;
	bool asked = strcmp(event_string(look->event, "command"), "lockdown") == 0;

	if (code == IMAGE_CODE_DENY ||
	    (asked && (code == IMAGE_CODE_SIGNED || kernel->lockdown >= lockdown)))
		by_guard(look);
	else
		look->decision->verdict = DECISION_ALLOWED;
	if (code)
		place(look, kernel->place.line, "kernel.%s", module ? "modules" : "kexec");
	else
		place(look, kernel->place.line, "kernel.lockdown");
}

/* ---- the acts */

#define OF_THE_DOMAIN \
	"nothing in a policy but to be of the domain: its executables, by its launch rules"

#define OWN_NAMES "pins and files of the domain, and what its tasks pinned"

static const struct {
	const char *act;
	void (*look)(const struct look *look);
	const char *decided, *allows;
} acts[] = {
	{"exec", by_launch,
	 "executables[].launch of the object's domain: who may start the program",
	 "another launch rule there, if this start is the agent's; if the task was traced, nothing"},
	{"map_executable", by_mapper,
	 "executables and libraries of the task's domain: what it may map",
	 "a line in that domain's libraries that names the file, then lock and compile"},
	{"prog_load", by_admission, "admission: who may load which programs",
	 "a rule in admission.allow with the tool as executable and this kind in programs"},
	{"map_create", by_admission, "admission: who may load which programs",
	 "a rule in admission.allow with the tool as executable and this kind in programs"},
	{"kernel", by_kernel, "kernel.modules, kernel.kexec and kernel.lockdown",
	 "less of kernel.modules, kernel.kexec or kernel.lockdown"},
	{"switch", by_switches, "the guard itself, and switches.open and close for their groups",
	 "switches.open, if the file is of hotplug, mac, suspend or helpers; less of switches.close"},
	{"control", by_guard, "the guard itself: who may ask it",
	 "nothing in a policy: the operator's secret"},
	{"unlink", by_owner, OWN_NAMES, OF_THE_DOMAIN},
	{"rmdir", by_owner, OWN_NAMES, OF_THE_DOMAIN},
	{"rename", by_owner, OWN_NAMES, OF_THE_DOMAIN},
	{"create", by_owner, OWN_NAMES, OF_THE_DOMAIN},
	{"mount", by_owner, "pins and files of the domain: the way to them", OF_THE_DOMAIN},
	{"umount", by_owner, "pins of the domain: the way to them", OF_THE_DOMAIN},
	/* any other */
	{NULL, by_owner, "whose the object is: a domain's tasks own what they make", OF_THE_DOMAIN},
};

void event_decide(const json_t *event, const struct policy *policy, struct decision *ret_decision)
{
	const json_t *task = json_object_get(event, "task"),
		     *object = json_object_get(event, "object");
	const struct look look = {
		.event = event,
		.act = event_string(event, "act"),
		.row = event_string(event, "row"),
		.label = event_string(task, "label"),
		.exe = event_string(json_object_get(task, "exe"), "name"),
		.owner = event_string(object, "owner"),
		.name = event_string(object, "name"),
		.policy = policy,
		.decision = ret_decision,
	};
	size_t i = 0;

	while (acts[i].act && strcmp(acts[i].act, look.act) != 0)
		i++;
	*ret_decision = (struct decision){.decided = acts[i].decided, .allows = acts[i].allows};
	if (image_limit(event_string(event, "limit"))) {
		ret_decision->decided = "limits of the tool's rule in admission.allow; of who has "
					"none, admission.limits";
		ret_decision->allows = "more in that one of the limits there, if the tool needs it";
		if (policy)
			by_limit(&look);
		return;
	}
	if (policy)
		acts[i].look(&look);
}

const char *decision_verdict_name(enum decision_verdict verdict)
{
	static const char *const names[] = {
		[DECISION_REFUSED] = "refused",
		[DECISION_OBSERVED] = "observed",
		[DECISION_ALLOWED] = "allowed",
	};

	return names[verdict];
}
