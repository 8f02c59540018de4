// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * policy_parse(): the keys of a policy, one table for each mapping, one reader for each kind of
 * value. The JSON Schema in policies/ says the same; a test holds the two together.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/path.h"
#include "base/size.h"
#include "policy/image-check.h"
#include "policy/parse-events.h"
#include "policy/parse-kernel.h"
#include "policy/parse-limits.h"
#include "policy/parse-signature.h"
#include "policy/parse-switches.h"
#include "policy/parse-values.h"
#include "policy/tree.h"
#include "policy/walk.h"

#define NAME_FORM "of a-z 0-9 . _ -, with a letter or digit first"

static void domain_done(struct policy_domain *d)
{
	for (size_t k = 0; k < d->n_executables; k++) {
		free(d->executables[k].path);
		free(d->executables[k].launch_name);
	}
	for (size_t k = 0; k < d->n_libraries; k++)
		free(d->libraries[k].path);
	for (size_t k = 0; k < d->n_pins; k++)
		free(d->pins[k].path);
	free(d->executables);
	free(d->libraries);
	free(d->pins);
	free(d->name);
}

struct policy *policy_free(struct policy *policy)
{
	if (!policy)
		return NULL;

	for (size_t i = 0; i < policy->n_domains; i++)
		domain_done(&policy->domains[i]);
	for (size_t i = 0; i < policy->n_admissions; i++) {
		domain_done(&policy->admissions[i].files);
		free(policy->admissions[i].reason);
		parse_limits_done(&policy->admissions[i].limits);
	}
	parse_limits_done(&policy->limits);
	free(policy->admissions);
	free(policy->domains);
	free(policy->kernel.required);
	free(policy->name);
	free(policy);
	return NULL;
}

static int read_mode(struct walk *walk, const struct doc_node *value, uint32_t *ret_mode)
{
	if (doc_is_string(value) && strcmp(value->text, "observe") == 0)
		*ret_mode = IMAGE_MODE_OBSERVE;
	else if (doc_is_string(value) && strcmp(value->text, "enforce") == 0)
		*ret_mode = IMAGE_MODE_ENFORCE;
	else
		return walk_expected(walk, value, "\"observe\" or \"enforce\"");
	return 0;
}

/* domains[].executables[] */

static int executable_path(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_executable *e = object;

	return parse_path(walk, value, &e->path);
}

static int executable_digest(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_executable *e = object;

	return parse_digest(walk, value, e->digest);
}

static int executable_size(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_executable *e = object;

	return parse_number(walk, value, IMAGE_MAX_FILE,
			    "the file's size in bytes, 1 to 1073741824", &e->size);
}

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static int launch_unit(struct walk *walk, const struct doc_node *value, const char *name,
		       struct policy_executable *e)
{
	if (!image_unit_name_valid(name))
		return walk_refuse(
			walk, value,
			"expected \"unit NAME.service\", got \"%.80s\": see holdfast.policy(5)",
			name);
	e->launch = IMAGE_LAUNCH_UNIT;
	e->launch_name = strdup(name);
	return e->launch_name ? 0 : -ENOMEM;
}

static int launch_parent(struct walk *walk, const struct doc_node *value, const char *name,
			 struct policy_executable *e)
{
	if (!image_domain_name_valid(name))
		return walk_refuse(walk, value, "\"%.80s\" is no name of a domain", name);
	e->launch = IMAGE_LAUNCH_PARENT;
	e->launch_name = strdup(name);
	return e->launch_name ? 0 : -ENOMEM;
}

static int executable_launch(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_executable *e = object;
	const char *name;

	e->launch_place = parse_place(value);
	if (doc_is_string(value)) {
		name = after(value->text, "unit ");
		if (name)
			return launch_unit(walk, value, name, e);
		name = after(value->text, "parent ");
		if (name)
			return launch_parent(walk, value, name, e);
		if (strcmp(value->text, "any") == 0)
			e->launch = IMAGE_LAUNCH_ANY;
		else if (strcmp(value->text, "holdfast") == 0)
			e->launch = IMAGE_LAUNCH_HOLDFAST;
	}
	if (!e->launch)
		return walk_expected(
			walk, value,
			"\"any\", \"holdfast\", \"unit NAME.service\" or \"parent DOMAIN\"");
	return 0;
}

static int executable_signed_by(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_executable *e = object;

	e->is_signed = doc_is_string(value) && strcmp(value->text, "trust") == 0;
	return e->is_signed ? 0
			    : walk_expected(walk, value,
					    "\"trust\", the key that policies are signed by");
}

static const struct walk_key executable_keys[] = {
	{.name = "path", .read = executable_path},
	{.name = "digest", .read = executable_digest},
	{.name = "size", .read = executable_size},
	{.name = "signed_by", .read = executable_signed_by},
	{.name = "launch", .required = true, .read = executable_launch},
};

static const struct walk_table executable_table = {"executable", executable_keys,
						   ARRAY_SIZE(executable_keys)};

static int read_executable(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_domain *d = object;
	struct policy_executable *e;
	bool path, digest, size;
	int r;

	r = array_grow(&d->executables, d->n_executables, sizeof(*d->executables));
	if (r < 0)
		return r;
	e = &d->executables[d->n_executables++];
	e->place = parse_place(item);

	r = walk_mapping(walk, &executable_table, item, e);
	if (r)
		return r;

	path = parse_value(item, "path");
	digest = parse_value(item, "digest");
	size = parse_value(item, "size");
	if (path + digest + e->is_signed != 1)
		return walk_refuse(walk, item,
				   "expected one of a path, a digest with its size, and signed_by, "
				   "got %s",
				   path + digest + e->is_signed ? "more" : "none");
	if (digest != size)
		return walk_refuse(walk, item,
				   digest ? "a digest needs the file's size, add `size: BYTES`"
					  : "size goes with a digest only, remove it");
	return 0;
}

/* domains[].libraries[] */

static int library_path(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_library *l = object;

	return parse_path(walk, value, &l->path);
}

static int library_digest(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_library *l = object;

	return parse_digest(walk, value, l->digest);
}

static const struct walk_key library_keys[] = {
	{.name = "path", .read = library_path},
	{.name = "digest", .read = library_digest},
};

static const struct walk_table library_table = {"library", library_keys, ARRAY_SIZE(library_keys)};

static int read_library(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_domain *d = object;
	struct policy_library *l;
	int r;

	r = array_grow(&d->libraries, d->n_libraries, sizeof(*d->libraries));
	if (r < 0)
		return r;
	l = &d->libraries[d->n_libraries++];
	l->place = parse_place(item);

	r = walk_mapping(walk, &library_table, item, l);
	if (r)
		return r;
	if (!parse_value(item, "path") == !parse_value(item, "digest"))
		return walk_refuse(walk, item, "expected either a path or a digest, got %s",
				   l->path ? "both" : "neither");
	return 0;
}

/* domains[].pins[] */

static int add_pin(struct policy_domain *d, const struct doc_node *item, uint32_t kind,
		   struct policy_pin **ret_pin)
{
	struct policy_pin *p;
	int r;

	r = array_grow(&d->pins, d->n_pins, sizeof(*d->pins));
	if (r < 0)
		return r;
	p = &d->pins[d->n_pins++];
	p->place = parse_place(item);
	p->kind = kind;
	for (size_t i = 0; i + 1 < d->n_pins; i++)
		p->index += d->pins[i].kind == kind;
	*ret_pin = p;
	return 0;
}

/* domains[].files[] */

static int read_file(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_pin *p;
	int r;

	r = add_pin(object, item, IMAGE_PIN_FILE, &p);
	if (r < 0)
		return r;
	return parse_string(walk, item, image_pin_valid,
			    "an absolute path of two names or more, " PARSE_PATH_FORM, &p->path);
}

static int read_pin(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_pin *p;
	int r;

	r = add_pin(object, item, IMAGE_PIN_OBJECT, &p);
	if (r < 0)
		return r;

	if (doc_is_string(item) && path_is_normalised(item->text) &&
	    path_overlaps(item->text, IMAGE_SELF_PINS))
		return walk_refuse(walk, item,
				   "\"%.255s\" reaches the guard's own %s: name a pin of the agent",
				   item->text, IMAGE_SELF_PINS);
	return parse_string(walk, item, image_pin_valid,
			    "an absolute path of two names or more, " PARSE_PATH_FORM, &p->path);
}

/* domains[] */

static int domain_name(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_domain *d = object;

	d->place = parse_place(value);
	return parse_string(walk, value, image_domain_name_valid,
			    "a name of at most 31 bytes, " NAME_FORM
			    ", not self, canary, stranger or none",
			    &d->name);
}

static int domain_mode(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_domain *d = object;

	if (doc_is_string(value) && strcmp(value->text, "sealed") == 0)
		return walk_refuse(walk, value,
				   "a policy is \"sealed\" as a whole: write it at the top");
	return read_mode(walk, value, &d->mode);
}

static int domain_executables(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"executables", 1, IMAGE_MAX_EXECUTABLES,
						read_executable};

	return walk_list(walk, &items, value, object);
}

static int domain_libraries(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"libraries", 0, POLICY_MAX_LIBRARIES, read_library};

	return walk_list(walk, &items, value, object);
}

static int domain_pins(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"pins", 0, IMAGE_MAX_PINS, read_pin};

	return walk_list(walk, &items, value, object);
}

static int domain_files(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"files", 0, IMAGE_MAX_OWNED, read_file};

	return walk_list(walk, &items, value, object);
}

static int read_hold(struct walk *walk, const struct doc_node *item, void *object)
{
	static const struct {
		const char *name;
		uint32_t hold;
	} kinds[] = {
		{"links", IMAGE_HOLD_LINKS},
		{"maps", IMAGE_HOLD_MAPS},
	};
	struct policy_domain *d = object;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!doc_is_string(item) || strcmp(item->text, kinds[i].name) != 0)
			continue;
		if (d->hold & kinds[i].hold)
			return walk_refuse(walk, item, "\"%s\" is there twice", item->text);
		d->hold |= kinds[i].hold;
		return 0;
	}
	return walk_expected(walk, item, "\"links\" or \"maps\"");
}

static int domain_hold(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"kinds", 1, 2, read_hold};

	return walk_list(walk, &items, value, object);
}

static int domain_sockets(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_domain *d = object;

	if (doc_is_string(value) && strcmp(value->text, "closed") == 0)
		d->hold |= IMAGE_CLOSES_SOCKETS;
	else if (!doc_is_string(value) || strcmp(value->text, "open") != 0)
		return walk_expected(walk, value, "\"open\" or \"closed\"");
	return 0;
}

static const struct walk_key domain_keys[] = {
	{.name = "name", .required = true, .read = domain_name},
	{.name = "mode", .read = domain_mode},
	{.name = "executables", .required = true, .read = domain_executables},
	{.name = "libraries", .read = domain_libraries},
	{.name = "pins", .read = domain_pins},
	{.name = "files", .read = domain_files},
	{.name = "hold", .read = domain_hold},
	{.name = "sockets", .read = domain_sockets},
	{.name = "on_violation", .not_built = true},
};

static const struct walk_table domain_table = {"domain", domain_keys, ARRAY_SIZE(domain_keys)};

static int read_domain(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy *policy = object;
	int r;

	r = array_grow(&policy->domains, policy->n_domains, sizeof(*policy->domains));
	if (r < 0)
		return r;
	return walk_mapping(walk, &domain_table, item, &policy->domains[policy->n_domains++]);
}

/* metadata */

static int metadata_name(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy *policy = object;

	policy->name_place = parse_place(value);
	return parse_string(walk, value, image_policy_name_valid,
			    "a name of at most 63 bytes, " NAME_FORM, &policy->name);
}

static int metadata_version(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy *policy = object;

	return parse_number(walk, value, POLICY_MAX_VERSION,
			    "a whole number from 1 to 9007199254740991, without quotes",
			    &policy->version);
}

static const struct walk_key metadata_keys[] = {
	{.name = "name", .required = true, .read = metadata_name},
	{.name = "version", .required = true, .read = metadata_version},
};

static const struct walk_table metadata_table = {"metadata", metadata_keys,
						 ARRAY_SIZE(metadata_keys)};

/* admission.allow[] */

static int rule_executable(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_admission *a = object;

	return parse_path(walk, value, &a->files.executables[0].path);
}

static int rule_digest(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_admission *a = object;

	return parse_digest(walk, value, a->files.executables[0].digest);
}

static int rule_size(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_admission *a = object;

	return executable_size(walk, value, &a->files.executables[0]);
}

static int rule_libraries(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_admission *a = object;

	return domain_libraries(walk, value, &a->files);
}

static int read_program(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy_admission *a = object;
	uint64_t bit = doc_is_string(item) ? image_program(item->text) : 0;

	if (!bit)
		return walk_expected(walk, item,
				     "a type or class of programs, see holdfast.policy(5)");
	/* or a program would do better without its signature */
	a->programs |= bit == IMAGE_PROGRAM_UNSIGNED ? IMAGE_PROGRAM_SIGNATURES : bit;
	return 0;
}

static int rule_programs(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"programs", 1, 64, read_program};

	return walk_list(walk, &items, value, object);
}

static bool reason_valid(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return length > 0 && length < POLICY_REASON_LEN;
}

static int rule_reason(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy_admission *a = object;

	return parse_string(walk, value, reason_valid, "one line of at most 127 bytes", &a->reason);
}

static int rule_limits(struct walk *walk, const struct doc_node *value, void *object)
{
	return parse_limits(walk, value, &((struct policy_admission *)object)->limits);
}

static const struct walk_key rule_keys[] = {
	{.name = "executable", .read = rule_executable},
	{.name = "digest", .read = rule_digest},
	{.name = "size", .read = rule_size},
	{.name = "libraries", .read = rule_libraries},
	{.name = "programs", .required = true, .read = rule_programs},
	{.name = "limits", .read = rule_limits},
	{.name = "reason", .read = rule_reason},
	{.name = "signed_by", .not_built = true},
};

static const struct walk_table rule_table = {"rule", rule_keys, ARRAY_SIZE(rule_keys)};

static int check_rule(struct walk *walk, const struct doc_node *item)
{
	bool path = parse_value(item, "executable"), digest = parse_value(item, "digest");

	if (path == digest)
		return walk_refuse(walk, item, "expected either an executable or a digest, got %s",
				   path ? "both" : "neither");
	if (digest != (parse_value(item, "size") != NULL))
		return walk_refuse(walk, item,
				   digest ? "a digest needs the file's size, add `size: BYTES`"
					  : "size goes with a digest only, remove it");
	if (digest && !parse_value(item, "reason"))
		return walk_refuse(walk, item, "a digest tells nobody what it is: add `reason`");
	return 0;
}

static int read_rule(struct walk *walk, const struct doc_node *item, void *object)
{
	struct policy *policy = object;
	struct policy_admission *a;
	char *name;
	int r;

	if (asprintf(&name, POLICY_ADMISSION_PREFIX "%zu", policy->n_admissions + 1) < 0)
		return -ENOMEM;
	a = policy_add_admission(policy, name);
	if (!a)
		return -ENOMEM;
	a->files.executables[0].place = parse_place(item);
	r = walk_mapping(walk, &rule_table, item, a);
	return r ? r : check_rule(walk, item);
}

/* admission */

/* What is nobody's to load unless a rule says so. */
#define RESTRICTED                                                                               \
	(image_program("ext") | image_program("lsm") | image_program("syscall") |                \
	 IMAGE_PROGRAM_UNKNOWN | IMAGE_PROGRAM_MODIFY_RETURN | IMAGE_PROGRAM_WRITE_USER |        \
	 IMAGE_PROGRAM_OVERRIDE_RETURN | IMAGE_PROGRAM_SEND_SIGNAL | IMAGE_PROGRAM_DESTRUCTIVE | \
	 IMAGE_PROGRAM_LAUNCH)

/* One of two words. */
static int read_choice(struct walk *walk, const struct doc_node *value, const char *const words[2],
		       bool *ret_second)
{
	char what[64];

	*ret_second = doc_is_string(value) && strcmp(value->text, words[1]) == 0;
	if (*ret_second || (doc_is_string(value) && strcmp(value->text, words[0]) == 0))
		return 0;
	(void)snprintf(what, sizeof(what), "\"%s\" or \"%s\"", words[0], words[1]);
	return walk_expected(walk, value, what);
}

static int admission_default(struct walk *walk, const struct doc_node *value, void *object)
{
	static const char *const words[] = {"ordinary", "deny"};
	struct policy *policy = object;
	bool deny;
	int r;

	r = read_choice(walk, value, words, &deny);
	if (!r && deny)
		policy->admitted = 0;
	return r;
}

static int admission_struct_ops(struct walk *walk, const struct doc_node *value, void *object)
{
	static const char *const words[] = {"admit", "refuse"};
	bool refuse;

	(void)object; /* read_admission() asks again: it goes before the default or after it */
	return read_choice(walk, value, words, &refuse);
}

static int admission_limits(struct walk *walk, const struct doc_node *value, void *object)
{
	return parse_limits(walk, value, &((struct policy *)object)->limits);
}

static int admission_allow(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"rules", 0, IMAGE_MAX_ADMISSIONS, read_rule};

	return walk_list(walk, &items, value, object);
}

static const struct walk_key admission_keys[] = {
	{.name = "default", .read = admission_default},
	{.name = "struct_ops", .read = admission_struct_ops},
	{.name = "signature", .read = parse_signature},
	{.name = "limits", .read = admission_limits},
	{.name = "allow", .read = admission_allow},
};

static const struct walk_table admission_table = {"admission", admission_keys,
						  ARRAY_SIZE(admission_keys)};

/* the document */

static int policy_api_version(struct walk *walk, const struct doc_node *value, void *object)
{
	(void)object;
	if (!doc_is_string(value) || strcmp(value->text, "holdfast/v1") != 0)
		return walk_expected(walk, value, "\"holdfast/v1\"");
	return 0;
}

static int policy_kind(struct walk *walk, const struct doc_node *value, void *object)
{
	(void)object;
	if (!doc_is_string(value) || strcmp(value->text, "Policy") != 0)
		return walk_expected(walk, value, "\"Policy\"");
	return 0;
}

static int policy_metadata(struct walk *walk, const struct doc_node *value, void *object)
{
	return walk_mapping(walk, &metadata_table, value, object);
}

static int policy_mode(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy *policy = object;

	if (doc_is_string(value) && strcmp(value->text, "sealed") == 0) {
		policy->mode = IMAGE_MODE_SEALED;
		return 0;
	}
	return read_mode(walk, value, &policy->mode);
}

static int policy_domains(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_items items = {"domains", 1, IMAGE_MAX_DOMAINS, read_domain};

	return walk_list(walk, &items, value, object);
}

static int policy_events(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_table table = {"events", parse_events_keys, PARSE_EVENTS_KEYS};

	return walk_mapping(walk, &table, value, object);
}

static int policy_admission(struct walk *walk, const struct doc_node *value, void *object)
{
	struct policy *policy = object;
	const struct doc_node *struct_ops;
	int r;

	r = walk_mapping(walk, &admission_table, value, policy);
	if (r)
		return r;
	policy->admission_place = parse_place(value);
	struct_ops = parse_value(value, "struct_ops");
	if (struct_ops && strcmp(struct_ops->text, "admit") == 0)
		policy->admitted |= image_program("struct_ops");
	else if (struct_ops)
		policy->admitted &= ~image_program("struct_ops");
	policy->admitted &= ~IMAGE_PROGRAM_SIGNATURES;
	policy->admitted |= parse_signature_admitted(parse_value(value, "signature"));
	return 0;
}

static int policy_switches(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_table table = {"switches", parse_switches_keys,
						PARSE_SWITCHES_KEYS};

	return walk_mapping(walk, &table, value, object);
}

static int policy_kernel(struct walk *walk, const struct doc_node *value, void *object)
{
	static const struct walk_table table = {"kernel", parse_kernel_keys, PARSE_KERNEL_KEYS};

	struct policy *policy = object;

	policy->kernel.place = parse_place(value);
	return walk_mapping(walk, &table, value, &policy->kernel);
}

static const struct walk_key policy_keys[] = {
	{.name = "apiVersion", .required = true, .read = policy_api_version},
	{.name = "kind", .required = true, .read = policy_kind},
	{.name = "metadata", .required = true, .read = policy_metadata},
	{.name = "mode", .required = true, .read = policy_mode},
	{.name = "domains", .required = true, .read = policy_domains},
	{.name = "events", .read = policy_events},
	{.name = "admission", .read = policy_admission},
	{.name = "switches", .read = policy_switches},
	{.name = "kernel", .read = policy_kernel},
};

static const struct walk_table policy_table = {"policy", policy_keys, ARRAY_SIZE(policy_keys)};

const struct walk_table *policy_tables(size_t *ret_n)
{
	static const struct walk_table tables[] = {
		{"policy", policy_keys, ARRAY_SIZE(policy_keys)},
		{"metadata", metadata_keys, ARRAY_SIZE(metadata_keys)},
		{"domain", domain_keys, ARRAY_SIZE(domain_keys)},
		{"executable", executable_keys, ARRAY_SIZE(executable_keys)},
		{"library", library_keys, ARRAY_SIZE(library_keys)},
		{"events", parse_events_keys, PARSE_EVENTS_KEYS},
		{"admission", admission_keys, ARRAY_SIZE(admission_keys)},
		{"rule", rule_keys, ARRAY_SIZE(rule_keys)},
		{"limits", parse_limits_keys, PARSE_LIMITS_KEYS},
		{"map", parse_map_keys, PARSE_MAP_KEYS},
		{"switches", parse_switches_keys, PARSE_SWITCHES_KEYS},
		{"kernel", parse_kernel_keys, PARSE_KERNEL_KEYS},
	};

	*ret_n = ARRAY_SIZE(tables);
	return tables;
}

int policy_parse(const char *file, const char *text, size_t size, struct policy **ret_policy,
		 struct diag *reterr_diag)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(doc_freep) struct doc_node *root = NULL;
	struct walk walk = {.file = file, .reterr_diag = reterr_diag};
	int r;

	r = doc_parse(file, text, size, &root, reterr_diag);
	if (r)
		return r < 0 ? r : POLICY_E_INVALID;

	policy = calloc(1, sizeof(*policy));
	if (!policy)
		return -ENOMEM;
	policy->file = file;
	policy->ring_kib = IMAGE_RING_DEFAULT_KIB;
	policy->admitted = IMAGE_PROGRAM_KNOWN & ~RESTRICTED;
	policy->switches = IMAGE_SWITCHES_ALL;

	r = walk_mapping(&walk, &policy_table, root, policy);
	if (r)
		return r < 0 ? r : POLICY_E_INVALID;
	r = policy_resolve(policy, reterr_diag);
	if (r)
		return r;

	*ret_policy = TAKE_PTR(policy);
	return 0;
}
