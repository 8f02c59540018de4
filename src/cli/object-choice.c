// SPDX-License-Identifier: LGPL-2.1-or-later
/* See object-choice.h. */

#include "cli/object-choice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "cli/cli.h"
#include "object/object.h"

void object_choice_done(struct object_choice *choice)
{
	free(choice->data);
	choice->object = object_free(choice->object);
}

static int read_file(const char *path, struct object_choice *choice)
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

static int read_object(const char *path, size_t i, const struct object_choice *choice,
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
static int list_objects(const char *path, const struct object_choice *choice)
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
static int choose(const char *path, const char *wanted, struct object_choice *choice)
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

int object_choose(const struct cli_call *call, struct object_choice *choice)
{
	int r = read_file(call->args[0], choice);

	return r ?: choose(call->args[0], cli_option(call, "object"), choice);
}
