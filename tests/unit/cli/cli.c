// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

/* What the last verb was called with. */
static struct {
	const char *verb;
	size_t n_args, n_before;
	char args[256];
	const char *file, *fast;
} seen;

static int record(const struct cli_call *call)
{
	seen.verb = call->verb->verb ? call->verb->verb : call->verb->object;
	seen.n_args = call->n_args;
	seen.n_before = call->n_before;
	seen.args[0] = '\0';
	for (size_t i = 0; i < call->n_args; i++)
		(void)snprintf(seen.args + strlen(seen.args), sizeof(seen.args) - strlen(seen.args),
			       "%s|", call->args[i]);
	assert_null(call->args[call->n_args]);
	seen.file = call->verb->options ? cli_option(call, "file") : NULL;
	seen.fast = call->verb->options ? cli_option(call, "fast") : NULL;
	return CLI_FAILED; /* so that it can be told from help */
}

static const struct cli_option options[] = {
	{.name = "file", .letter = 'o', .value = "FILE", .help = "a value"},
	{.name = "fast", .letter = 'f', .help = "a switch"},
	{0},
};

static const struct cli_verb box[] = {
	{.object = "box",
	 .verb = "check",
	 .args = "X",
	 .min_args = 1,
	 .max_args = 1,
	 .options = options,
	 .help = "h",
	 .run = record},
	{.object = "box", .verb = "compile", .args = "", .max_args = 0, .help = "h", .run = record},
	{.object = "box", .verb = "comp", .args = "", .max_args = 0, .help = "h", .run = record},
	{0},
};

static const struct cli_verb bolt[] = {
	{.object = "bolt",
	 .args = "D -- CMD",
	 .min_args = 1,
	 .max_args = CLI_ANY_ARGS,
	 .options = options,
	 .help = "h",
	 .run = record},
	{0},
};

static const struct cli_verb *const tables[] = {box, bolt, NULL};

/* Runs words and keeps what went to stdout and stderr. */
static int run(char *ret_text, size_t size, const char *first, ...)
{
	char *argv[16] = {(char *)"holdfast"};
	FILE *out = tmpfile(), *saved;
	int argc = 1, r, fds[2];
	va_list args;
	size_t n;

	va_start(args, first);
	for (const char *word = first; word; word = va_arg(args, const char *))
		argv[argc++] = (char *)word;
	va_end(args);

	saved = stdout;
	(void)fflush(stdout);
	fds[0] = dup(1);
	fds[1] = dup(2);
	assert_true(dup2(fileno(out), 1) == 1 && dup2(fileno(out), 2) == 2);
	memset(&seen, 0, sizeof(seen));
	r = cli_main(tables, argc, argv);
	(void)fflush(saved);
	assert_true(dup2(fds[0], 1) == 1 && dup2(fds[1], 2) == 2);
	(void)close(fds[0]);
	(void)close(fds[1]);

	rewind(out);
	n = fread(ret_text, 1, size - 1, out);
	ret_text[n] = '\0';
	(void)fclose(out);
	return r;
}

static char text[4096];
#define RUN(...) run(text, sizeof(text), __VA_ARGS__, NULL)

static void assert_usage(int r, const char *part)
{
	assert_int_equal(r, CLI_USAGE);
	assert_null(seen.verb);
	if (!strstr(text, part))
		fail_msg("%s", text);
	assert_int_equal(strncmp(text, "holdfast: ", 10), 0);
}

static void objects_and_verbs_may_be_cut_while_they_are_unique(void **state)
{
	assert_int_equal(RUN("box", "check", "x"), CLI_FAILED);
	assert_string_equal(seen.verb, "check");
	assert_int_equal(RUN("box", "ch", "x"), CLI_FAILED);
	assert_string_equal(seen.verb, "check");
	assert_int_equal(RUN("bol", "x"), CLI_FAILED);
	assert_string_equal(seen.verb, "bolt");
	assert_usage(RUN("bo", "x"), "ambiguous object \"bo\": box, bolt");
	assert_usage(RUN("box", "c"), "ambiguous verb \"c\": check, compile, comp");
	assert_usage(RUN(""), "unknown object \"\": box, bolt, help, version");
}

static void a_whole_word_wins_over_a_longer_one(void **state)
{
	assert_int_equal(RUN("box", "comp"), CLI_FAILED);
	assert_string_equal(seen.verb, "comp");
	assert_int_equal(RUN("box", "compi"), CLI_FAILED);
	assert_string_equal(seen.verb, "compile");
}

static void what_is_missing_or_unknown_is_named(void **state)
{
	assert_usage(RUN(NULL), "say what to do: box, bolt, help, version");
	assert_usage(RUN("cat"), "unknown object \"cat\": box, bolt, help, version");
	assert_usage(RUN("box"), "box needs a verb: check, compile, comp");
	assert_usage(RUN("box", "open"), "unknown verb \"open\": check, compile, comp");
	assert_usage(RUN("box", "check"), "an argument is missing: box check X");
	assert_usage(RUN("box", "check", "x", "y"), "one argument too many: y");
	assert_usage(RUN("box", "check", "--slow", "x"), "unknown option --slow");
	assert_usage(RUN("box", "check", "-x"), "unknown option -x");
	assert_usage(RUN("box", "comp", "--file", "x"), "unknown option --file");
	assert_usage(RUN("box", "check", "--fil", "f", "x"), "unknown option --fil");
	assert_usage(RUN("help", "cat"), "unknown object \"cat\"");
	assert_usage(RUN("version", "x"), "version takes no argument");
}

static void options_stand_anywhere_and_take_their_values(void **state)
{
	assert_int_equal(RUN("box", "check", "x"), CLI_FAILED);
	assert_null(seen.file);
	assert_null(seen.fast);
	assert_int_equal(RUN("box", "check", "--file", "f", "x", "--fast"), CLI_FAILED);
	assert_string_equal(seen.file, "f");
	assert_string_equal(seen.fast, "");
	assert_int_equal(RUN("box", "check", "x", "--file=f=g"), CLI_FAILED);
	assert_string_equal(seen.file, "f=g");
	assert_int_equal(RUN("box", "check", "-of", "x"), CLI_FAILED);
	assert_string_equal(seen.file, "f");
	assert_int_equal(RUN("box", "check", "-o", "f", "-f", "x"), CLI_FAILED);
	assert_string_equal(seen.file, "f");
	assert_string_equal(seen.fast, "");
	assert_int_equal(RUN("box", "check", "-"), CLI_FAILED);
	assert_string_equal(seen.args, "-|");
	assert_usage(RUN("box", "check", "x", "--file"), "--file needs a value: FILE");
	assert_usage(RUN("box", "check", "x", "--fast=1"), "--fast takes no value");
	assert_usage(RUN("box", "check", "x", "-fo"), "--fast takes no value");
	assert_usage(RUN("box", "check", "-f", "--fast", "x"), "--fast is given twice");
}

static void after_two_dashes_nothing_is_an_option(void **state)
{
	assert_int_equal(RUN("bolt", "-f", "d", "--", "cmd", "-o", "--", "--help"), CLI_FAILED);
	assert_string_equal(seen.args, "d|cmd|-o|--|--help|");
	assert_int_equal(seen.n_args, 5);
	assert_int_equal(seen.n_before, 1);
	assert_string_equal(seen.fast, "");
	assert_null(seen.file);
	assert_int_equal(RUN("bolt", "d"), CLI_FAILED);
	assert_int_equal(seen.n_before, 1);
	assert_usage(RUN("bolt", "--"), "an argument is missing: bolt D -- CMD");
}

static void help_is_printed_from_the_rows(void **state)
{
	assert_int_equal(RUN("help"), CLI_DONE);
	assert_non_null(strstr(text, "\n  box      compile   h\n"));
	assert_non_null(strstr(text, "\n  bolt               h\n"));
	assert_int_equal(RUN("--help"), CLI_DONE);
	assert_int_equal(RUN("help", "bol"), CLI_DONE);
	assert_non_null(strstr(text, "holdfast bolt [-o FILE] [-f] D -- CMD\n"));
	assert_int_equal(RUN("box", "help"), CLI_DONE);
	assert_non_null(strstr(text, "holdfast box check [-o FILE] [-f] X\n"));
	assert_non_null(strstr(text, "    -o, --file FILE        a value\n"));
	assert_int_equal(RUN("box", "check", "--help"), CLI_DONE);
	assert_null(strstr(text, "compile"));
	assert_null(seen.verb);
}

static void the_version_is_that_of_the_build(void **state)
{
	assert_int_equal(RUN("version"), CLI_DONE);
	assert_string_equal(text, "holdfast " HOLDFAST_VERSION "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_and_verbs_may_be_cut_while_they_are_unique),
		cmocka_unit_test(a_whole_word_wins_over_a_longer_one),
		cmocka_unit_test(what_is_missing_or_unknown_is_named),
		cmocka_unit_test(options_stand_anywhere_and_take_their_values),
		cmocka_unit_test(after_two_dashes_nothing_is_an_option),
		cmocka_unit_test(help_is_printed_from_the_rows),
		cmocka_unit_test(the_version_is_that_of_the_build),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
