// SPDX-License-Identifier: LGPL-2.1-or-later
/* See admit.h. */

#include "policy/admit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "policy/closure.h"
#include "policy/content.h"
#include "policy/elf-info.h"
#include "policy/image-check.h"
#include "policy/lock.h"
#include "policy/root.h"
#include "policy/search.h"

struct work {
	struct root *host, *tree; /* tree: NULL if there is none */
	struct search *search;
	struct lock *lock;
	size_t added, found;
	struct diag *reterr_diag;
};

/* A file of the host or of a package, and what it is. */
struct found {
	struct root_file file;
	uint8_t digest[SHA256_LEN], verity[SHA256_LEN]; /* content_read()'s */
	struct elf_info *info; /* NULL if it is no ELF file */
};

#define FOUND_INIT                     \
	{                              \
		.file = ROOT_FILE_INIT \
	}

#define refuse(work, ...) (diag_set((work)->reterr_diag, NULL, 0, 0, __VA_ARGS__), ADMIT_E_REFUSED)

static void found_done(struct found *found)
{
	root_file_done(&found->file);
	found->info = elf_info_free(found->info);
}

static void work_done(struct work *work)
{
	work->host = root_close(work->host);
	work->tree = root_close(work->tree);
	work->search = search_free(work->search);
}

static int work_init(struct work *work, const struct admit *admit, struct diag *reterr_diag)
{
	int r;

	work->reterr_diag = reterr_diag;
	r = root_open(admit->host, &work->host, reterr_diag);
	if (!r && admit->tree)
		r = root_open(admit->tree, &work->tree, reterr_diag);
	if (!r)
		r = search_new(work->host, &work->search, reterr_diag);
	return r > 0 ? ADMIT_E_REFUSED : r;
}

/* Return: 0; -ENOENT if there is none that can be used; -ENOMEM; -EIO. */
static int open_file(struct work *work, const struct root *root, const char *path,
		     struct found *found)
{
	int r;

	found_done(found);
	r = root_open_file(root, path, /* no_symlink= */ false, &found->file, NULL);
	if (r)
		return r < 0 ? r : -ENOENT;
	r = content_read(found->file.fd, found->file.size, found->digest, found->verity);
	if (r < 0)
		return r;
	r = elf_info_read(found->file.fd, &found->info);
	return r < 0 ? r : 0;
}

/* In a package, where it may still lie outside of /usr. */
static int open_packed(struct work *work, const char *path, struct found *found)
{
	_cleanup_(found_done) struct found other = FOUND_INIT;
	bool merged = strncmp(path, "/usr/", 5) == 0;
	int r, s;

	if (!work->tree)
		return -ENOENT;
	r = open_file(work, work->tree, path, found);
	if ((r < 0 && r != -ENOENT) || !merged)
		return r;
	s = open_file(work, work->tree, path + 4, r == -ENOENT ? found : &other);
	if (r == -ENOENT || s == -ENOENT)
		return r == -ENOENT ? s : r;
	if (s < 0)
		return s;
	if (memcmp(found->digest, other.digest, SHA256_LEN) != 0)
		return refuse(work, "the package has two files for %s, at %s as well: name one",
			      path, path + 4);
	return 0;
}

static int add(struct work *work, const struct lock_file *like, const char *path,
	       const struct found *found)
{
	struct lock_file file = {.kind = like->kind,
				 .domain = like->domain,
				 .path = (char *)path,
				 .size = found->file.size};
	size_t before = work->lock->n_files;
	int r;

	if (!image_path_valid(path))
		return refuse(work, "%.300s is too long for a policy: move the file", path);
	memcpy(file.digest, found->digest, SHA256_LEN);
	memcpy(file.verity, found->verity, SHA256_LEN);
	r = lock_add(work->lock, &file);
	if (r > 0)
		return refuse(work, "more than %d files in one lock: prune it", LOCK_MAX_FILES);
	work->found++;
	work->added += work->lock->n_files - before;
	return r;
}

/* Beside the file at @path: the same folder, another name. */
static int beside(const char *path, const char *name, char **ret_path)
{
	const char *slash = strrchr(path, '/'), *base = strrchr(name, '/');

	if (asprintf(ret_path, "%.*s/%s", (int)(slash - path), path, base ? base + 1 : name) < 0) {
		*ret_path = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* Is a library that programs load by @name locked for that domain? */
static int is_known(struct work *work, const char *domain, const char *name, bool *ret_known)
{
	*ret_known = false;
	for (size_t i = 0; i < work->lock->n_files && !*ret_known; i++) {
		_cleanup_(found_done) struct found found = FOUND_INIT;
		const struct lock_file *f = &work->lock->files[i];
		int r;

		if (f->kind == LOCK_EXECUTABLE || strcmp(f->domain, domain) != 0)
			continue;
		*ret_known = strcmp(strrchr(f->path, '/') + 1, name) == 0;
		if (*ret_known)
			break;
		r = open_packed(work, f->path, &found);
		if (r == -ENOENT)
			r = open_file(work, work->host, f->path, &found);
		if (r && r != -ENOENT)
			return r;
		*ret_known = !r && found.info && found.info->soname &&
			     strcmp(found.info->soname, name) == 0;
	}
	return 0;
}

/* From the host, with all that it needs in turn. */
static int add_from_host(struct work *work, const struct lock_file *like, const char *path)
{
	_cleanup_(closure_freep) struct closure *closure = NULL;
	size_t first;
	int r;

	r = closure_new(work->host, work->search, &closure);
	if (!r)
		r = closure_add(closure, path, CLOSURE_LIBRARY, &first, work->reterr_diag);
	if (r)
		return r < 0 ? r : ADMIT_E_REFUSED;
	for (size_t i = first; i < closure_count(closure); i++) {
		const struct closure_file *c = closure_get(closure, i);
		struct found found = {.file = {.fd = -EBADF, .size = c->size}};

		memcpy(found.digest, c->digest, SHA256_LEN);
		memcpy(found.verity, c->verity, SHA256_LEN);
		r = add(work, like, c->path, &found);
		if (r)
			return r;
	}
	return 0;
}

static int add_needs(struct work *work, const struct lock_file *like, const char *path,
		     const struct elf_info *info);

/* One name that a new file needs and the old one did not. */
static int add_need(struct work *work, const struct lock_file *like, const char *dir,
		    const char *name, bool *ret_found)
{
	_cleanup_(found_done) struct found found = FOUND_INIT;
	_cleanup_free_ char *path = NULL, *real = NULL;
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = open_packed(work, path, &found);
	if (r && r != -ENOENT)
		return r;
	if (r == 0) {
		*ret_found = true;
		r = beside(path, found.file.path, &real);
		if (!r)
			r = add(work, like, real, &found);
		return r || !found.info ? r : add_needs(work, like, real, found.info);
	}
	r = open_file(work, work->host, path, &found);
	if (r)
		return r == -ENOENT ? 0 : r;
	*ret_found = true;
	return add_from_host(work, like, path);
}

/* What a new file loads has to be trusted as well. Ends: what is added is known from then on. */
static int add_needs(struct work *work, const struct lock_file *like, const char *path,
		     const struct elf_info *info)
{
	struct lock_file need = {.kind = LOCK_NEEDED};
	const char *const *defaults;
	size_t n_defaults;
	int r = 0;

	defaults = search_default_dirs(info->machine, &n_defaults);
	for (size_t i = 0; i < info->n_needed && !r; i++) {
		_cleanup_free_ char *domain = strdup(like->domain); /* the lock's may move */
		bool found = false;

		if (!domain)
			return -ENOMEM;
		need.domain = domain;
		r = is_known(work, domain, info->needed[i], &found);
		for (size_t k = 0; k < work->search->n_dirs && !found && !r; k++)
			r = add_need(work, &need, work->search->dirs[k], info->needed[i], &found);
		for (size_t k = 0; k < n_defaults && !found && !r; k++)
			r = add_need(work, &need, defaults[k], info->needed[i], &found);
		if (!r && !found)
			return refuse(
				work,
				"%s of the package needs the library \"%.200s\", which neither it "
				"nor this host has: name that package as well",
				path, info->needed[i]);
	}
	return r;
}

/* The file for a line of the lock, at its path or, a library, at that of its new version. */
static int admit_line(struct work *work, const struct lock_file *line)
{
	_cleanup_(found_done) struct found packed = FOUND_INIT, here = FOUND_INIT;
	_cleanup_free_ char *path = strdup(line->path), *real = NULL;
	int r, h;

	if (!path)
		return -ENOMEM;
	h = open_file(work, work->host, path, &here);
	if (h < 0 && h != -ENOENT)
		return h;
	r = open_packed(work, path, &packed);
	if (r == -ENOENT && line->kind == LOCK_NEEDED && here.info && here.info->soname &&
	    !strchr(here.info->soname, '/')) {
		free(path);
		path = NULL;
		r = beside(line->path, here.info->soname, &path);
		if (!r)
			r = open_packed(work, path, &packed);
		if (!r)
			r = beside(line->path, packed.file.path, &real);
	}
	if (r)
		return r == -ENOENT ? 0 : r;
	if (!packed.info)
		return refuse(work,
			      "%s of the package is no program or library: nothing is admitted",
			      path);
	if (here.info && here.info->machine != packed.info->machine)
		return refuse(
			work,
			"%s of the package is for another processor: take the package of this "
			"host's architecture",
			path);
	r = add(work, line, real ? real : path, &packed);
	return r ? r : add_needs(work, line, path, packed.info);
}

int admit_tree(const struct admit *admit, struct lock *lock, size_t *ret_added,
	       struct diag *reterr_diag)
{
	_cleanup_(work_done) struct work work = {.lock = lock};
	size_t n = lock->n_files;
	int r;

	r = work_init(&work, admit, reterr_diag);
	for (size_t i = 0; i < n && !r; i++) {
		_cleanup_free_ char *domain = strdup(lock->files[i].domain);
		_cleanup_free_ char *path = strdup(lock->files[i].path);
		struct lock_file line = lock->files[i];

		if (!domain || !path)
			return -ENOMEM;
		line.domain = domain;
		line.path = path;
		r = admit_line(&work, &line);
	}
	if (r)
		return r;
	if (work.found == 0)
		return refuse(&work,
			      "the package has none of the policy's executables and libraries: "
			      "nothing to admit");
	*ret_added = work.added;
	return 0;
}

int admit_prune(const struct admit *admit, const struct lock *lock, struct lock **ret_lock,
		size_t *ret_dropped, struct diag *reterr_diag)
{
	_cleanup_(lock_freep) struct lock *kept = NULL;
	_cleanup_(work_done) struct work work = {0};
	int r;

	r = work_init(&work, admit, reterr_diag);
	if (!r)
		r = lock_new(lock->policy, &kept);
	for (size_t i = 0; i < lock->n_files && !r; i++) {
		_cleanup_(found_done) struct found found = FOUND_INIT;
		const struct lock_file *f = &lock->files[i];
		bool there;

		r = open_file(&work, work.host, f->path, &found);
		if (r && r != -ENOENT)
			return r;
		there = !r && memcmp(found.digest, f->digest, SHA256_LEN) == 0;
		r = there ? -ENOENT : open_packed(&work, f->path, &found);
		if (r && r != -ENOENT)
			return r;
		there = there || (!r && memcmp(found.digest, f->digest, SHA256_LEN) == 0);
		r = there ? lock_add(kept, f) : 0;
	}
	if (r)
		return r;
	*ret_dropped = lock->n_files - kept->n_files;
	*ret_lock = TAKE_PTR(kept);
	return 0;
}
