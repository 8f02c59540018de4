// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast object load`: what the loader will do, said, and done. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/object-choice.h"
#include "cli/object-verbs.h"
#include "holdfast/object.h"
#include "loader/loader.h"
#include "mapdata/data.h"
#include "object/object.h"

static int contents_read(const char *path, struct data_file **ret_data)
{
	struct diag diag = {};
	int r = data_file_read(path, ret_data, &diag);

	if (r == DATA_E_INVALID)
		return cli_error_diag(&diag);
	return r < 0 ? cli_error("%s: %s", path, strerror(-r)) : CLI_DONE;
}

static const char *unfrozen_why(const struct loader_map *map)
{
	if (map->advice.freeze == ADVICE_NO)
		return map->advice.freeze_why;
	return map->unfillable ?: "the text has nothing for it";
}

/* Why a map that the text fills, or that has variables, is not sealed whole. */
static void map_print(const struct loader_map *map, const struct object_map *object)
{
	bool frozen = map->flags & HOLDFAST_MAP_FREEZE;
	bool closed = map->flags & HOLDFAST_MAP_RDONLY_PROG;
	bool already = map->advice.freeze == ADVICE_ALREADY;

	printf("  %s\n    filled        ", map->name);
	if (map->filled && map->shape == DATA_SECTION)
		printf("with variables of the text\n");
	else if (map->filled)
		printf("with %u entries of the text\n", map->entries.n);
	else
		printf("as the object has it\n");
	printf("    system calls  %s\n",
	       frozen || already ? "cannot write it: frozen" : "can write it");
	printf("    programs      %s\n", closed || map->advice.read_only == ADVICE_ALREADY
						 ? "cannot write it: BPF_F_RDONLY_PROG"
						 : map->advice.read_only_why);
	if (!frozen && !already)
		printf("    not frozen    %s\n", unfrozen_why(map));
	if (object->type == BPF_MAP_TYPE_STRUCT_OPS)
		printf("    registered    %s\n",
		       table_is_linked(object) ? "as long as its link is there"
					       : "until its element is deleted: it has no link");
}

static void plan_print(const struct loader *loader)
{
	printf("maps\n");
	for (size_t i = 0; i < loader->n_maps; i++)
		map_print(&loader->maps[i], &loader->object->maps[i]);
}

/* Programs of struct_ops are in a table, and not attached by themselves. */
static size_t attachable(const struct object *object)
{
	size_t n = 0;

	for (size_t i = 0; i < object->n_programs; i++)
		n += object->programs[i].attach.type != BPF_PROG_TYPE_STRUCT_OPS;
	return n;
}

static int done_print(const struct loader *loader, const char *folder)
{
	size_t n_programs = attachable(loader->object);
	sigset_t ends;
	int signal;

	printf("attached\n");
	for (size_t i = 0; i < loader->n_links; i++)
		printf("  %s\n", loader->links[i].name);
	if (loader->n_links < n_programs)
		printf("not attached: what needs an interface, a group or a process to be named, "
		       "%zu of %zu programs\n",
		       n_programs - loader->n_links, n_programs);
	for (size_t i = 0; i < loader->n_tables; i++)
		printf("registered: %s, a table of struct_ops\n", loader->tables[i].name);
	if (folder) {
		printf("pinned below %s\n", folder);
		return fflush(stdout) ? CLI_FAILED : CLI_DONE;
	}
	printf("in force until this process ends\n");
	(void)fflush(stdout);
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	(void)sigwait(&ends, &signal);
	return CLI_DONE;
}

int object_load(const struct cli_call *call)
{
	const char *config = cli_option(call, "config"), *folder = cli_option(call, "pin");
	_cleanup_(object_choice_done) struct object_choice choice = {0};
	_cleanup_(data_file_freep) struct data_file *contents = NULL;
	_cleanup_(loader_freep) struct loader *loader = NULL;
	struct loader_request request = {.path = call->args[0]};
	struct diag diag = {};
	int r;

	r = object_choose(call, &choice);
	if (!r && config)
		r = contents_read(config, &contents);
	if (r)
		return r;
	request.object = choice.object;
	request.contents = contents;
	r = loader_plan(&request, &loader, &diag);
	if (!r && cli_option(call, "dry-run")) {
		plan_print(loader);
		return fflush(stdout) ? CLI_FAILED : CLI_DONE;
	}
	r = r ?: loader_run(loader, folder, &diag);
	if (r < 0)
		return cli_error("%s: %s", call->args[0], strerror(-r));
	if (r) {
		diag.file = diag.file ?: call->args[0];
		return cli_error_diag(&diag);
	}
	plan_print(loader);
	return done_print(loader, folder);
}
