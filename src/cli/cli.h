/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The frame of the command line: `holdfast OBJECT [VERB] [OPTION...] [ARG...]`. A verb is one row
 * of a table; the frame finds it, reads its options and arguments, prints its help, and leaves the
 * rest to the row's function. Each object is a file with its table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct diag;

/* What a verb returns, and the process's exit status. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1, /* refused or failed; the reason is on stderr */
	CLI_USAGE = 2, /* the command line is wrong; said on stderr */
};

#define CLI_MAX_OPTIONS 16 /* of one verb */
#define CLI_ANY_ARGS SIZE_MAX

struct cli_option {
	const char *name; /* without "--" */
	char letter; /* of the short form; '\0' if there is none */
	const char *value; /* what stands for the value in the help; NULL for a switch */
	const char *help;
};

struct cli_call;

struct cli_verb {
	const char *object;
	const char *verb; /* NULL: the object takes no verb; then it is the table's only row */
	const char *args; /* for the help: "POLICY.yaml" */
	size_t min_args, max_args; /* CLI_ANY_ARGS: no limit */
	const struct cli_option *options; /* ends with a row without name; NULL if there are none */
	const char *help; /* one line */
	int (*run)(const struct cli_call *call); /* enum cli_exit */
};

/* A verb as it was called. All borrowed from argv. */
struct cli_call {
	const struct cli_verb *verb;
	const char
		*values[CLI_MAX_OPTIONS]; /* in the order of the verb's options; NULL: not given */
	char **args; /* ends with NULL: can be handed to exec */
	size_t n_args;
	size_t n_before; /* arguments before "--"; n_args if there is none */
};

/* The tables, one for each object; each ends with a row without object. */
extern const struct cli_verb cli_guard_verbs[];
extern const struct cli_verb cli_run_verbs[];
extern const struct cli_verb cli_release_verbs[];
extern const struct cli_verb cli_policy_verbs[];
extern const struct cli_verb cli_events_verbs[];
extern const struct cli_verb cli_drill_verbs[];
extern const struct cli_verb cli_object_verbs[];
extern const struct cli_verb cli_posture_verbs[];
extern const struct cli_verb cli_log_verbs[];
extern const struct cli_verb cli_export_verbs[];

/**
 * cli_option() - the value of an option
 * @name: as in the verb's table; anything else is a bug
 * Return: borrowed; "" for a switch that is given; NULL if the option is not given.
 */
const char *cli_option(const struct cli_call *call, const char *name);

/**
 * cli_error() - "holdfast: text" on stderr
 * Return: CLI_FAILED, for use in a return statement.
 */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * cli_usage_error() - "holdfast: text" on stderr and where to read on
 * Return: CLI_USAGE, for use in a return statement.
 */
int cli_usage_error(const struct cli_call *call, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * cli_error_diag() - a diagnostic on stderr, as "file:line:column: text"
 * Return: CLI_FAILED, for use in a return statement.
 */
int cli_error_diag(const struct diag *diag);

/**
 * cli_main() - run one command line
 * @tables: one table for each object, in the order of the help; ends with NULL
 * @argv:   permuted: options may stand between arguments
 *
 * An argument after "--" is never an option. Objects and verbs may be cut to a unique prefix.
 * Return: enum cli_exit.
 */
int cli_main(const struct cli_verb *const *tables, int argc, char **argv);
