// SPDX-License-Identifier: LGPL-2.1-or-later
/* See loader.h. */

#include "loader/loader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "holdfast/object.h"
#include "loader/fill.h"
#include "loader/tables.h"
#include "loader/why.h"
#include "object/object.h"

static int refuse(struct diag *diag, const char *step, const char *why)
{
	diag_set(diag, NULL, 0, 0, "%s: %s", step, why);
	return LOADER_E_REFUSED;
}

/* Variables are in the object before it is loaded, all else in the map after. */
static int variables_set(struct loader *loader, struct diag *diag)
{
	for (size_t i = 0; i < loader->n_maps; i++) {
		const struct loader_map *plan = &loader->maps[i];
		struct bpf_map *map;

		if (!plan->filled || plan->shape != DATA_SECTION)
			continue;
		map = bpf_object__find_map_by_name(loader->bpf, plan->name);
		if (bpf_map__set_initial_value(map, plan->entries.values, plan->entries.value_size))
			return refuse(diag, plan->name, "its variables cannot be set");
	}
	return 0;
}

static int maps_fill(struct loader *loader, struct diag *diag)
{
	for (size_t i = 0; i < loader->n_maps; i++) {
		const struct loader_map *plan = &loader->maps[i];
		unsigned int done;
		int r;

		if (!plan->filled || plan->shape == DATA_SECTION)
			continue;
		r = map_fill(bpf_object__find_map_by_name(loader->bpf, plan->name), plan, &done);
		if (r == -ENOMEM)
			return r;
		if (r) {
			diag_set(diag, NULL, 0, 0, "map %s: entry %u of %u does not go in: %s",
				 plan->name, done, plan->entries.n, strerror(-r));
			return LOADER_E_REFUSED;
		}
	}
	return 0;
}

static int load(struct loader *loader, struct diag *diag)
{
	struct why why;
	int r;

	why_listen(&why);
	r = bpf_object__load(loader->bpf);
	why_done(&why);
	if (!r)
		return 0;
	why_tell(&why, loader->object, "load", -r, diag);
	return LOADER_E_REFUSED;
}

/* Return: 0, and *@ret_link is NULL if libbpf does not know where to; LOADER_E_REFUSED. */
static int program_attach(const struct loader *loader, struct bpf_program *program,
			  struct bpf_link **ret_link, struct diag *diag)
{
	struct why why;
	int error;

	why_listen(&why);
	*ret_link = bpf_program__attach(program);
	error = errno;
	why_done(&why);
	if (*ret_link || error == EOPNOTSUPP)
		return 0;
	why_tell(&why, loader->object, bpf_program__name(program), error, diag);
	return LOADER_E_REFUSED;
}

static int attach(struct loader *loader, struct diag *diag)
{
	struct bpf_program *program;
	int r;

	bpf_object__for_each_program(program, loader->bpf) {
		struct loader_link *link = &loader->links[loader->n_links];

		if (!bpf_program__autoload(program) || !bpf_program__autoattach(program))
			continue;
		r = program_attach(loader, program, &link->link, diag);
		if (r)
			return r;
		if (!link->link)
			continue;
		link->name = bpf_program__name(program);
		loader->n_links++;
	}
	return 0;
}

/* What libholdfast is asked for, in its own structures. */
struct hardening {
	struct holdfast_object_opts opts;
	struct holdfast_map *maps;
	struct holdfast_link *links;
	char why[HOLDFAST_ERROR_LEN];
};

static void hardening_done(struct hardening *hardening)
{
	free(hardening->maps);
	free(hardening->links);
}

static int hardening_make(const struct loader *loader, struct hardening *hardening)
{
	hardening->maps = calloc(loader->n_maps + 1, sizeof(*hardening->maps));
	hardening->links = calloc(loader->object->n_programs + 1, sizeof(*hardening->links));
	if (!hardening->maps || !hardening->links)
		return -ENOMEM;
	hardening->opts = (struct holdfast_object_opts){
		.size = sizeof(hardening->opts),
		.maps = hardening->maps,
		.links = hardening->links,
		.error = hardening->why,
	};
	for (size_t i = 0; i < loader->n_maps; i++) {
		if (loader->maps[i].flags)
			hardening->maps[hardening->opts.n_maps++] =
				(struct holdfast_map){loader->maps[i].name, loader->maps[i].flags};
	}
	return 0;
}

/* All maps have a pin, hardened or not: the agent's own tools find them there. */
static int pin(struct loader *loader, struct hardening *hardening, const char *folder)
{
	struct holdfast_object_opts *opts = &hardening->opts;

	opts->pin_folder = folder;
	opts->n_maps = 0;
	for (size_t i = 0; i < loader->n_maps; i++) {
		const char *name = loader->maps[i].name;

		if (bpf_object__find_map_fd_by_name(loader->bpf, name) >= 0)
			hardening->maps[opts->n_maps++] = (struct holdfast_map){name, 0};
	}
	for (size_t i = 0; i < loader->n_links; i++)
		hardening->links[opts->n_links++] =
			(struct holdfast_link){loader->links[i].name, loader->links[i].link};
	return holdfast_object_pin(loader->bpf, opts);
}

int loader_run(struct loader *loader, const char *pin_folder, struct diag *reterr_diag)
{
	_cleanup_(hardening_done) struct hardening hardening = {};
	int r;

	r = hardening_make(loader, &hardening);
	if (r)
		return r;
	r = variables_set(loader, reterr_diag);
	if (r)
		return r;
	if (holdfast_object_prepare(loader->bpf, &hardening.opts))
		return refuse(reterr_diag, "prepare", hardening.why);
	r = load(loader, reterr_diag);
	if (r)
		return r;
	r = maps_fill(loader, reterr_diag);
	if (r)
		return r;
	if (holdfast_object_seal(loader->bpf, &hardening.opts))
		return refuse(reterr_diag, "seal", hardening.why);
	r = attach(loader, reterr_diag);
	if (r)
		return r;
	r = tables_register(loader, reterr_diag);
	if (r || !pin_folder)
		return r;
	r = tables_pin(loader, pin_folder, reterr_diag);
	if (r)
		return r;
	if (pin(loader, &hardening, pin_folder)) {
		tables_unpin(loader, pin_folder);
		return refuse(reterr_diag, "pin", hardening.why);
	}
	tables_keep(loader);
	return 0;
}

struct loader *loader_free(struct loader *loader)
{
	if (!loader)
		return NULL;
	tables_release(loader);
	for (size_t i = 0; i < loader->n_links; i++)
		(void)bpf_link__destroy(loader->links[i].link);
	for (size_t i = 0; i < loader->n_maps; i++)
		data_entries_done(&loader->maps[i].entries);
	bpf_object__close(loader->bpf);
	free(loader->maps);
	free(loader->links);
	free(loader);
	return NULL;
}
