// SPDX-License-Identifier: LGPL-2.1-or-later
/* See cli.h: finding a verb, reading its options. Its help is in help.c. */

#include "cli/cli.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/diag.h"
#include "cli/help.h"

static void print_error(const char *format, va_list args)
{
	/* What was printed before belongs before the error, also in a pipe. */
	(void)fflush(stdout);
	(void)fputs("holdfast: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
}

int cli_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	return CLI_FAILED;
}

static int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	return CLI_USAGE;
}

int cli_usage_error(const struct cli_call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args);
	va_end(args);
	(void)fprintf(stderr, "holdfast: `holdfast %s help` says how it is used\n",
		      call->verb->object);
	return CLI_USAGE;
}

int cli_error_diag(const struct diag *diag)
{
	char text[2 * DIAG_TEXT_LEN];

	(void)fflush(stdout);
	(void)fprintf(stderr, "%s\n", diag_format(diag, text, sizeof(text)));
	return CLI_FAILED;
}

static size_t count_options(const struct cli_verb *verb)
{
	size_t n = 0;

	while (verb->options && verb->options[n].name)
		n++;
	assert(n <= CLI_MAX_OPTIONS);
	return n;
}

const char *cli_option(const struct cli_call *call, const char *name)
{
	for (size_t i = 0; i < count_options(call->verb); i++) {
		if (strcmp(call->verb->options[i].name, name) == 0)
			return call->values[i];
	}
	assert(!"an option that is not in the verb's table");
	return NULL;
}

/* Index of the option, or the number of options. A value after '=' is left in *ret_value. */
static size_t find_option(const struct cli_verb *verb, const char *arg, const char **ret_value)
{
	size_t n = count_options(verb);

	*ret_value = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct cli_option *o = &verb->options[i];
		size_t length = strlen(o->name);

		if (arg[1] != '-') {
			if (o->letter && arg[1] == o->letter) {
				*ret_value = arg[2] ? arg + 2 : NULL;
				return i;
			}
			continue;
		}
		if (strncmp(arg + 2, o->name, length) != 0)
			continue;
		if (arg[2 + length] == '=') {
			*ret_value = arg + 2 + length + 1;
			return i;
		}
		if (!arg[2 + length])
			return i;
	}
	return n;
}

/* Reads the option at argv[*i] and its value, which may be the next word. */
static int read_option(struct cli_call *call, int argc, char **argv, int *i)
{
	const char *arg = argv[*i], *value;
	const struct cli_option *option;
	size_t index = find_option(call->verb, arg, &value);

	if (index == count_options(call->verb))
		return cli_usage_error(call, "unknown option %s", arg);
	option = &call->verb->options[index];
	if (call->values[index])
		return cli_usage_error(call, "--%s is given twice", option->name);

	if (!option->value && value)
		return cli_usage_error(call, "--%s takes no value", option->name);
	if (option->value && !value) {
		if (*i + 1 >= argc)
			return cli_usage_error(call, "--%s needs a value: %s", option->name,
					       option->value);
		value = argv[++*i];
	}
	call->values[index] = option->value ? value : "";
	return CLI_DONE;
}

static int check_args(const struct cli_call *call)
{
	const struct cli_verb *verb = call->verb;

	if (call->n_args < verb->min_args)
		return cli_usage_error(call, "an argument is missing: %s%s%s %s", verb->object,
				       verb->verb ? " " : "", verb->verb ? verb->verb : "",
				       verb->args);
	if (call->n_args > verb->max_args)
		return cli_usage_error(call, "one argument too many: %s",
				       call->args[verb->max_args]);
	return CLI_DONE;
}

/* argv starts after the verb; its arguments are moved to its front. */
static int call_verb(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_call call = {.verb = verb, .args = argv, .n_before = SIZE_MAX};
	int r;

	for (int i = 0; i < argc; i++) {
		char *arg = argv[i];
		bool is_option = call.n_before == SIZE_MAX && arg[0] == '-' && arg[1];

		if (is_option && strcmp(arg, "--help") == 0) {
			help_verb(verb);
			return CLI_DONE;
		}
		if (is_option && strcmp(arg, "--") == 0) {
			call.n_before = call.n_args;
		} else if (is_option) {
			r = read_option(&call, argc, argv, &i);
			if (r)
				return r;
		} else {
			argv[call.n_args++] = arg;
		}
	}
	argv[call.n_args] = NULL;
	if (call.n_before == SIZE_MAX)
		call.n_before = call.n_args;

	r = check_args(&call);
	return r ? r : verb->run(&call);
}

/* Exact, or the only one that starts so. n_like says how many start so. */
static const struct cli_verb *find_verb(const struct cli_verb *table, const char *name,
					size_t *ret_n_like)
{
	const struct cli_verb *like = NULL;

	*ret_n_like = 0;
	for (const struct cli_verb *v = table; v->object; v++) {
		if (strcmp(v->verb, name) == 0)
			return v;
		if (name[0] && strncmp(v->verb, name, strlen(name)) == 0) {
			like = v;
			++*ret_n_like;
		}
	}
	return *ret_n_like == 1 ? like : NULL;
}

static int refuse_verb(const struct cli_verb *table, const char *name, size_t n_like)
{
	char names[256];

	help_verb_names(table, n_like ? name : "", names, sizeof(names));
	if (!name)
		return usage_error("%s needs a verb: %s", table->object, names);
	return usage_error("%s verb \"%s\": %s", n_like ? "ambiguous" : "unknown", name, names);
}

static int call_object(const struct cli_verb *table, int argc, char **argv)
{
	const struct cli_verb *verb;
	size_t n_like;

	if (argc > 0 && (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0)) {
		help_object(table);
		return CLI_DONE;
	}
	if (!table->verb)
		return call_verb(table, argc, argv);
	if (argc < 1)
		return refuse_verb(table, NULL, 0);

	verb = find_verb(table, argv[0], &n_like);
	if (!verb)
		return refuse_verb(table, argv[0], n_like);
	return call_verb(verb, argc - 1, argv + 1);
}

static const struct cli_verb *find_object(const struct cli_verb *const *tables, const char *name,
					  size_t *ret_n_like)
{
	const struct cli_verb *like = NULL;

	*ret_n_like = 0;
	for (size_t i = 0; tables[i]; i++) {
		if (strcmp(tables[i]->object, name) == 0)
			return tables[i];
		if (name[0] && strncmp(tables[i]->object, name, strlen(name)) == 0) {
			like = tables[i];
			++*ret_n_like;
		}
	}
	return *ret_n_like == 1 ? like : NULL;
}

static int refuse_object(const struct cli_verb *const *tables, const char *name, size_t n_like)
{
	char names[256];

	help_object_names(tables, n_like ? name : "", names, sizeof(names));
	return usage_error("%s object \"%s\": %s", n_like ? "ambiguous" : "unknown", name, names);
}

static int call_help(const struct cli_verb *const *tables, int argc, char **argv)
{
	const struct cli_verb *table;
	size_t n_like;

	if (argc < 1) {
		help_all(tables);
		return CLI_DONE;
	}
	table = find_object(tables, argv[0], &n_like);
	if (!table)
		return refuse_object(tables, argv[0], n_like);
	help_object(table);
	return CLI_DONE;
}

int cli_main(const struct cli_verb *const *tables, int argc, char **argv)
{
	const struct cli_verb *table;
	const char *object;
	size_t n_like;

	if (argc < 2) {
		char names[256];

		help_object_names(tables, "", names, sizeof(names));
		return usage_error("say what to do: %s; `holdfast help` explains them", names);
	}

	object = argv[1];
	if (strcmp(object, "help") == 0 || strcmp(object, "--help") == 0)
		return call_help(tables, argc - 2, argv + 2);
	if (strcmp(object, "version") == 0 || strcmp(object, "--version") == 0) {
		if (argc > 2)
			return usage_error("version takes no argument");
		(void)printf("holdfast %s\n", HOLDFAST_VERSION);
		return CLI_DONE;
	}

	table = find_object(tables, object, &n_like);
	if (!table)
		return refuse_object(tables, object, n_like);
	return call_object(table, argc - 2, argv + 2);
}
