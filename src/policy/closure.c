// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See closure.h. Follows glibc's order: RPATH of the file and of those that loaded it, RUNPATH of
 * the file, ld.so.conf, the built-in folders; a name that is loaded is not looked for again.
 */

#include "policy/closure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "policy/content.h"
#include "policy/elf-info.h"
#include "policy/root.h"
#include "policy/search.h"

#define NO_LOADER SIZE_MAX

struct object {
	struct closure_file file;
	struct elf_info *info;
	char *name; /* as it was asked for */
	char *origin; /* folder it was found in: $ORIGIN */
	size_t loader; /* index of the object that needed it first; NO_LOADER for a root */
};

struct closure {
	const struct root *root;
	const struct search *search;
	struct object *objects;
	size_t n_objects;
	size_t first; /* of the walk that is going on */
	enum closure_role role;
};

/* One name being looked for. */
struct lookup {
	struct closure *closure;
	const char *name;
	size_t loader;
	bool found;
	struct diag *reterr_diag;
};

#define refuse(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), CLOSURE_E_REFUSED)

int closure_new(const struct root *root, const struct search *search, struct closure **ret_closure)
{
	struct closure *closure = calloc(1, sizeof(*closure));

	if (!closure)
		return -ENOMEM;
	closure->root = root;
	closure->search = search;
	*ret_closure = closure;
	return 0;
}

static void object_done(struct object *object)
{
	object->info = elf_info_free(object->info);
	free(object->file.path);
	free(object->name);
	free(object->origin);
}

struct closure *closure_free(struct closure *closure)
{
	if (!closure)
		return NULL;

	for (size_t i = 0; i < closure->n_objects; i++)
		object_done(&closure->objects[i]);
	free(closure->objects);
	free(closure);
	return NULL;
}

size_t closure_count(const struct closure *closure)
{
	return closure->n_objects;
}

const struct closure_file *closure_get(const struct closure *closure, size_t i)
{
	return &closure->objects[i].file;
}

/* The folder of an absolute path. */
static int parent_of(const char *path, char **ret_dir)
{
	const char *slash = strrchr(path, '/');

	*ret_dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	return *ret_dir ? 0 : -ENOMEM;
}

static int hash(const struct closure *closure, const struct root_file *file,
		struct closure_file *ret_file, struct diag *reterr_diag)
{
	int r;

	for (size_t i = 0; i < closure->n_objects; i++) {
		if (strcmp(closure->objects[i].file.path, file->path) == 0) {
			memcpy(ret_file->digest, closure->objects[i].file.digest, SHA256_LEN);
			memcpy(ret_file->verity, closure->objects[i].file.verity, SHA256_LEN);
			return 0;
		}
	}
	r = content_read(file->fd, file->size, ret_file->digest, ret_file->verity);
	if (r == -ESTALE)
		return refuse(reterr_diag, "%s changed while it was read: try again", file->path);
	if (r < 0 && r != -ENOMEM)
		return refuse(reterr_diag, "%s cannot be read: %s", file->path, strerror(-r));
	return r;
}

/* Takes over the file's path and the info on success. */
static int add_object(struct lookup *lookup, const char *found_at, struct root_file *file,
		      struct elf_info **info)
{
	_cleanup_(object_done) struct object object = {.loader = lookup->loader};
	struct closure *closure = lookup->closure;
	int r;

	if (closure->n_objects - closure->first >= CLOSURE_MAX_FILES)
		return refuse(lookup->reterr_diag, "%s needs more than %d libraries",
			      closure->objects[closure->first].file.path, CLOSURE_MAX_FILES);
	r = hash(closure, file, &object.file, lookup->reterr_diag);
	if (r)
		return r;

	/* The linker takes a program's origin from the kernel, a library's from how it found it. */
	r = parent_of(lookup->loader == NO_LOADER ? file->path : found_at, &object.origin);
	if (r < 0)
		return r;
	object.name = strdup(lookup->name);
	if (!object.name)
		return -ENOMEM;
	r = array_grow(&closure->objects, closure->n_objects, sizeof(*closure->objects));
	if (r < 0)
		return r;

	object.file.size = file->size;
	object.file.path = TAKE_PTR(file->path);
	object.info = TAKE_PTR(*info);
	closure->objects[closure->n_objects++] = object;
	object = (struct object){0};
	return 0;
}

static bool is_loaded_file(const struct closure *closure, const char *path)
{
	for (size_t i = closure->first; i < closure->n_objects; i++) {
		if (strcmp(closure->objects[i].file.path, path) == 0)
			return true;
	}
	return false;
}

static bool is_loaded_name(const struct closure *closure, size_t from, const char *name)
{
	for (size_t i = from; i < closure->n_objects; i++) {
		const struct object *o = &closure->objects[i];

		if (strcmp(o->name, name) == 0 ||
		    (o->info->soname && strcmp(o->info->soname, name) == 0))
			return true;
	}
	return false;
}

/* Adds the file at a path if there is one that fits; one that does not is passed over. */
static int try_path(struct lookup *lookup, const char *path)
{
	_cleanup_(root_file_done) struct root_file file = ROOT_FILE_INIT;
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	struct closure *closure = lookup->closure;
	int r;

	r = root_open_file(closure->root, path, /* no_symlink= */ false, &file,
			   lookup->reterr_diag);
	if (r == ROOT_E_NONE)
		return 0;
	if (r)
		return r < 0 ? r : CLOSURE_E_REFUSED;
	r = elf_info_read(file.fd, &info);
	if (r < 0)
		return r;
	if (r == ELF_E_MALFORMED)
		return refuse(lookup->reterr_diag, "%s %s", path, elf_error_text(r));
	if (r || info->machine != closure->objects[closure->first].info->machine)
		return 0;

	lookup->found = true;
	if (is_loaded_file(closure, file.path))
		return 0;
	return add_object(lookup, path, &file, &info);
}

/* The variants for better processors, all of them, and the plain one. */
static int try_dir(struct lookup *lookup, const char *dir)
{
	const char *separator = strcmp(dir, "/") == 0 ? "" : "/";
	const struct closure *closure = lookup->closure;
	const char *const *hwcaps;
	size_t n_hwcaps;

	hwcaps = search_hwcaps(closure->objects[closure->first].info->machine, &n_hwcaps);
	for (size_t i = 0; i <= n_hwcaps; i++) {
		_cleanup_free_ char *path = NULL;
		int r;

		if (i < n_hwcaps)
			r = asprintf(&path, "%s%s%s/%s", dir, separator, hwcaps[i], lookup->name);
		else
			r = asprintf(&path, "%s%s%s", dir, separator, lookup->name);
		if (r < 0) {
			path = NULL;
			return -ENOMEM;
		}
		/* A variant alone does not end the search: the host may have no use for it. */
		if (i == n_hwcaps)
			lookup->found = false;
		r = try_path(lookup, path);
		if (r)
			return r;
	}
	return 0;
}

/* $NAME or ${NAME} at text: how long it is, or 0. */
static size_t token_length(const char *text, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(text + 1, name, length) == 0)
		return 1 + length;
	if (text[1] == '{' && strncmp(text + 2, name, length) == 0 && text[2 + length] == '}')
		return 3 + length;
	return 0;
}

/* Replaces $ORIGIN and $LIB; NULL in *ret_text if there is a token that we cannot know. */
static int expand(const char *text, size_t length, const char *origin, char **ret_text)
{
	char buffer[2 * ELF_MAX_STRING];
	size_t used = 0;

	*ret_text = NULL;
	for (size_t i = 0; i < length;) {
		const char *value = NULL;
		size_t token = 0, n;

		if (text[i] == '$') {
			token = token_length(text + i, "ORIGIN");
			value = origin;
			if (!token)
				return 0;
		}
		n = token ? strlen(value) : 1;
		if (used + n >= sizeof(buffer))
			return 0;
		memcpy(buffer + used, token ? value : text + i, n);
		used += n;
		i += token ? token : 1;
	}
	buffer[used] = '\0';

	*ret_text = strdup(buffer);
	return *ret_text ? 0 : -ENOMEM;
}

/* The folders of an RPATH or RUNPATH, until one has the library. Relative ones are passed over. */
static int try_list(struct lookup *lookup, const char *list, const char *origin)
{
	for (const char *p = list; *p && !lookup->found;) {
		_cleanup_free_ char *dir = NULL;
		size_t length = strcspn(p, ":");
		int r;

		r = expand(p, length, origin, &dir);
		if (r < 0)
			return r;
		if (dir && dir[0] == '/') {
			r = try_dir(lookup, dir);
			if (r)
				return r;
		}
		p += length + (p[length] == ':');
	}
	return 0;
}

static int try_rpaths(struct lookup *lookup)
{
	const struct closure *closure = lookup->closure;
	size_t i = lookup->loader;
	int r = 0;

	if (closure->objects[i].info->runpath)
		return 0;
	while (i != NO_LOADER && !lookup->found && !r) {
		/* Adding may move the objects: nothing of them is held across try_list(). */
		_cleanup_free_ char *rpath = NULL, *origin = NULL;
		const struct object *o = &closure->objects[i];

		i = o->loader;
		if (!o->info->rpath)
			continue;
		rpath = strdup(o->info->rpath);
		origin = strdup(o->origin);
		if (!rpath || !origin)
			return -ENOMEM;
		r = try_list(lookup, rpath, origin);
	}
	return r;
}

static int try_runpath(struct lookup *lookup)
{
	const struct object *o = &lookup->closure->objects[lookup->loader];
	_cleanup_free_ char *runpath = NULL, *origin = NULL;

	if (!o->info->runpath)
		return 0;
	runpath = strdup(o->info->runpath);
	origin = strdup(o->origin);
	if (!runpath || !origin)
		return -ENOMEM;
	return try_list(lookup, runpath, origin);
}

static int try_system(struct lookup *lookup)
{
	const struct object *o = &lookup->closure->objects[lookup->loader];
	const struct search *search = lookup->closure->search;
	bool no_default = o->info->no_default;
	const char *const *defaults;
	size_t n_defaults;

	defaults = search_default_dirs(o->info->machine, &n_defaults);
	for (size_t i = 0; i < search->n_dirs && !lookup->found; i++) {
		int r = try_dir(lookup, search->dirs[i]);

		if (r)
			return r;
	}
	for (size_t i = 0; i < n_defaults && !lookup->found && !no_default; i++) {
		int r = try_dir(lookup, defaults[i]);

		if (r)
			return r;
	}
	return 0;
}

/* A name with a slash is a path. */
static int try_name_as_path(struct lookup *lookup)
{
	const struct object *o = &lookup->closure->objects[lookup->loader];
	_cleanup_free_ char *path = NULL;
	int r;

	r = expand(lookup->name, strlen(lookup->name), o->origin, &path);
	if (r < 0)
		return r;
	if (!path || path[0] != '/')
		return refuse(lookup->reterr_diag,
			      "%s needs \"%.300s\", which is relative: link it with a plain name",
			      o->file.path, lookup->name);
	return try_path(lookup, path);
}

static int find_needed(struct closure *closure, size_t loader, const char *name,
		       struct diag *reterr_diag)
{
	struct lookup lookup = {
		.closure = closure, .name = name, .loader = loader, .reterr_diag = reterr_diag};
	static int (*const ways[])(struct lookup * lookup) = {try_rpaths, try_runpath, try_system};
	int r;

	if (is_loaded_name(closure, closure->first, name))
		return 0;
	if (strchr(name, '/')) {
		r = try_name_as_path(&lookup);
		if (r)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ways) && !lookup.found && !strchr(name, '/'); i++) {
		r = ways[i](&lookup);
		if (r)
			return r;
	}
	if (lookup.found)
		return 0;

	/* A plugin may count on what the program that loads it has brought along. */
	if (closure->role == CLOSURE_LIBRARY && is_loaded_name(closure, 0, name))
		return 0;
	return refuse(reterr_diag,
		      "%s needs the library \"%.300s\", which is not found: install it",
		      closure->objects[loader].file.path, name);
}

static int add_interpreter(struct closure *closure, struct diag *reterr_diag)
{
	const char *interpreter = closure->objects[closure->first].info->interpreter;
	struct lookup lookup = {
		.closure = closure, .loader = closure->first, .reterr_diag = reterr_diag};
	_cleanup_free_ char *path = NULL;
	int r;

	if (!interpreter)
		return 0;
	path = strdup(interpreter);
	if (!path)
		return -ENOMEM;
	if (path[0] != '/')
		return refuse(reterr_diag, "%s has a relative interpreter",
			      closure->objects[closure->first].file.path);
	lookup.name = path;
	r = try_path(&lookup, path);
	if (r)
		return r;
	if (!lookup.found)
		return refuse(reterr_diag,
			      "%s needs the interpreter %s, which is not found: install it",
			      closure->objects[closure->first].file.path, path);
	return 0;
}

/* Why a file that should start a walk cannot. */
static int refuse_elf(const struct root_file *file, const char *path, int error,
		      struct diag *reterr_diag)
{
	char start[2];

	if (error == ELF_E_NOT_ELF && pread(file->fd, start, 2, 0) == 2 &&
	    memcmp(start, "#!", 2) == 0)
		return refuse(
			reterr_diag,
			"%s is a script: a label goes by the ELF file that runs, name that one",
			path);
	return refuse(reterr_diag, "%s %s", path, elf_error_text(error));
}

static int add_first(struct closure *closure, const char *path, struct diag *reterr_diag)
{
	_cleanup_(root_file_done) struct root_file file = ROOT_FILE_INIT;
	_cleanup_(elf_info_freep) struct elf_info *info = NULL;
	const char *slash = strrchr(path, '/');
	struct lookup lookup = {.closure = closure,
				.name = slash + 1,
				.loader = NO_LOADER,
				.reterr_diag = reterr_diag};
	int r;

	r = root_open_file(closure->root, path, closure->role == CLOSURE_EXECUTABLE, &file,
			   reterr_diag);
	if (r)
		return r < 0 ? r : CLOSURE_E_REFUSED;
	r = elf_info_read(file.fd, &info);
	if (r < 0)
		return r;
	if (r)
		return refuse_elf(&file, path, r, reterr_diag);
	return add_object(&lookup, path, &file, &info);
}

int closure_add(struct closure *closure, const char *path, enum closure_role role,
		size_t *ret_first, struct diag *reterr_diag)
{
	int r;

	closure->first = closure->n_objects;
	closure->role = role;
	r = add_first(closure, path, reterr_diag);
	if (r)
		return r;
	r = add_interpreter(closure, reterr_diag);
	if (r)
		return r;

	/* What is found is appended: this ends when nothing new is needed. */
	for (size_t i = closure->first; i < closure->n_objects; i++) {
		for (size_t k = 0; k < closure->objects[i].info->n_needed; k++) {
			r = find_needed(closure, i, closure->objects[i].info->needed[k],
					reterr_diag);
			if (r)
				return r;
		}
	}
	*ret_first = closure->first;
	return 0;
}
