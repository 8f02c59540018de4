// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast object`: what a BPF object has, read from the file. Loads nothing, needs no right. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/object-view.h"
#include "object/carried.h"
#include "object/object.h"

/* A file, and the object of it that was asked for. */
struct choice {
	char *data;
	size_t size;
	struct carried carried[CARRIED_MAX];
	size_t n;
	struct object *object;
	struct object_view view;
};

static void choice_done(struct choice *choice)
{
	free(choice->data);
	choice->object = object_free(choice->object);
}

static int read_file(const char *path, struct choice *choice)
{
	int r = file_read(AT_FDCWD, path, CARRIED_MAX_FILE, &choice->data, &choice->size);

	if (r == FILE_E_TOO_BIG)
		return cli_error("%s: the file has more than %zu bytes", path, CARRIED_MAX_FILE);
	if (r)
		return cli_error("%s: %s", path, strerror(-r));
	choice->n = carried_find((const uint8_t *)choice->data, choice->size, choice->carried);
	if (choice->n == 0)
		return cli_error("%s: neither a BPF object nor a program that carries one", path);
	return CLI_DONE;
}

static int read_object(const char *path, size_t i, const struct choice *choice,
		       struct object **ret_object)
{
	const uint8_t *data = (const uint8_t *)choice->data + choice->carried[i].offset;
	struct diag diag = {0};
	int r;

	r = object_read(data, choice->carried[i].size, ret_object, &diag);
	if (r < 0)
		return cli_error("%s: %s", path, strerror(-r));
	diag.file = path;
	return r ? cli_error_diag(&diag) : CLI_DONE;
}

static bool has_program(const struct object *object, const char *name)
{
	for (size_t i = 0; i < object->n_programs; i++) {
		if (strcmp(object->programs[i].function->name, name) == 0)
			return true;
	}
	return false;
}

/* Says which objects there are: one line each, with its first program. */
static int list_objects(const char *path, const struct choice *choice)
{
	(void)cli_error("%s carries %zu objects, choose one with --object:", path, choice->n);
	for (size_t i = 0; i < choice->n; i++) {
		_cleanup_(object_freep) struct object *object = NULL;
		const struct carried *c = &choice->carried[i];

		(void)fprintf(stderr, "  %zu  at byte %zu, %zu bytes", i + 1, c->offset, c->size);
		if (object_read((const uint8_t *)choice->data + c->offset, c->size, &object,
				NULL) == 0 &&
		    object->n_programs)
			(void)fprintf(stderr, ", with the program %s",
				      object->programs[0].function->name);
		(void)fputc('\n', stderr);
	}
	return CLI_FAILED;
}

/* By number from 1, or by the name of one of its programs. */
static int choose(const char *path, const char *wanted, struct choice *choice)
{
	unsigned long number;
	char *end;
	int r;

	if (!wanted && choice->n > 1)
		return list_objects(path, choice);
	number = wanted ? strtoul(wanted, &end, 10) : 1;
	if (wanted && (*end || end == wanted || number == 0 || number > choice->n))
		number = 0;
	for (size_t i = 0; i < choice->n; i++) {
		if (number && i + 1 != number)
			continue;
		r = read_object(path, i, choice, &choice->object);
		if (r)
			return r;
		if (number || has_program(choice->object, wanted)) {
			choice->view = (struct object_view){.object = choice->object,
							    .path = path,
							    .offset = choice->carried[i].offset,
							    .number = i + 1,
							    .n = choice->n};
			return CLI_DONE;
		}
		choice->object = object_free(choice->object);
	}
	return cli_error(
		"%s: no object has the number \"%s\", or a program of that name: there are "
		"%zu objects",
		path, wanted, choice->n);
}

static int show(const struct cli_call *call, int (*text)(const struct object_view *view),
		int (*json)(const struct object_view *view))
{
	_cleanup_(choice_done) struct choice choice = {0};
	int r;

	r = read_file(call->args[0], &choice);
	if (!r)
		r = choose(call->args[0], cli_option(call, "object"), &choice);
	if (r)
		return r;
	r = cli_option(call, "json") ? json(&choice.view) : text(&choice.view);
	if (r < 0)
		return cli_error("%s: %s", call->args[0], strerror(-r));
	return fflush(stdout) == 0 ? CLI_DONE : cli_error("cannot write: %s", strerror(errno));
}

static int inspect(const struct cli_call *call)
{
	return show(call, object_print_text, object_print_json);
}

static int advise_maps(const struct cli_call *call)
{
	return show(call, object_advise_text, object_advise_json);
}

static const struct cli_option options[] = {
	{"json", '\0', NULL, "for machines"},
	{"object", '\0', "N|PROGRAM", "which one, of a file that carries several"},
	{NULL},
};

const struct cli_verb cli_object_verbs[] = {
	{"object", "inspect", "FILE", 1, 1, options, "show a BPF object's programs and maps",
	 inspect},
	{"object", "advise", "FILE", 1, 1, options, "which maps can be frozen or read-only",
	 advise_maps},
	{NULL},
};
