// SPDX-License-Identifier: LGPL-2.1-or-later
/* See fixture.h. */

#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/system.h"
#include "loader/loader.h"
#include "mapdata/data.h"
#include "object/object.h"
#include "test.h"

void fixture_open(const char *name, struct fixture *ret_fixture)
{
	char path[4096];

	*ret_fixture = (struct fixture){0};
	(void)snprintf(path, sizeof(path), FIXTURES "/%s.test.bpf.o", name);
	assert_int_equal(
		file_read(AT_FDCWD, path, OBJECT_MAX_SIZE, &ret_fixture->bytes, &ret_fixture->size),
		0);
}

static void forget(struct fixture *fixture)
{
	fixture->loader = loader_free(fixture->loader);
	fixture->contents = data_file_free(fixture->contents);
	fixture->object = object_free(fixture->object);
	fixture->diag = (struct diag){0};
}

void fixture_close(struct fixture *fixture)
{
	forget(fixture);
	free(fixture->bytes);
}

int fixture_plan(struct fixture *fixture, const char *text)
{
	struct loader_request request = {.path = "o"};
	char head[1024];
	int r;

	forget(fixture);
	r = object_read((const uint8_t *)fixture->bytes, fixture->size, &fixture->object,
			&fixture->diag);
	if (r)
		return r;
	if (text) {
		(void)snprintf(head, sizeof(head),
			       "apiVersion: holdfast/v1\nkind: MapData\nmaps:\n%s\n", text);
		r = data_file_parse("f", head, strlen(head), &fixture->contents, &fixture->diag);
		if (r)
			return r;
	}
	request.object = fixture->object;
	request.contents = fixture->contents;
	return loader_plan(&request, &fixture->loader, &fixture->diag);
}

void fixture_planned(struct fixture *fixture, const char *text)
{
	if (fixture_plan(fixture, text))
		fail_msg("%s: %s", text, fixture->diag.text);
}

void fixture_refused(struct fixture *fixture, const char *text, const char *part)
{
	char said[DIAG_TEXT_LEN + 64];

	assert_true(fixture_plan(fixture, text) > 0);
	assert_null(fixture->loader);
	if (!strstr(diag_format(&fixture->diag, said, sizeof(said)), part))
		fail_msg("\"%s\" does not say \"%s\"", said, part);
}

const struct loader_map *fixture_map(const struct fixture *fixture, const char *name)
{
	for (size_t i = 0; i < fixture->loader->n_maps; i++) {
		if (strcmp(fixture->loader->maps[i].name, name) == 0)
			return &fixture->loader->maps[i];
	}
	fail_msg("no map %s", name);
	return NULL;
}
