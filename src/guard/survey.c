// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What hangs beside the guard: links of others on the functions that it hangs on, and programs of
 * the kinds that can out-rank it, wherever they hang. Link ids only go up, so who has a lower one
 * than the guard's own was there before it.
 */

#include "guard/internal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"

#define OWN_MAX 128
#define SLOTS 38 /* BPF_MAX_TRAMP_LINKS: programs that one function takes */
#define SLOTS_SPARE 2 /* what the guard needs free to be started anew beside itself */

struct own {
	uint32_t id;
	uint32_t object, function; /* BTF ids of what it hangs on */
	uint32_t used; /* links on that function, whosever */
	char name[GUARD_FOREIGN_NAME];
};

struct survey {
	struct own own[OWN_MAX];
	size_t n_own;
	uint32_t first; /* least id of the guard's links */
	struct guard_survey *result;
};

static int link_info(int fd, struct bpf_link_info *ret_info)
{
	__u32 size = sizeof(*ret_info);

	memset(ret_info, 0, sizeof(*ret_info));
	return bpf_obj_get_info_by_fd(fd, ret_info, &size) ? -errno : 0;
}

static int own_add(struct survey *survey, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	struct bpf_link_info info;
	struct own *own;
	char path[320];
	int r;

	(void)snprintf(path, sizeof(path), GUARD_PIN_LINKS "/%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	r = link_info(fd, &info);
	if (r < 0)
		return r;
	if (!survey->first || info.id < survey->first)
		survey->first = info.id;
	if (survey->n_own == OWN_MAX)
		return -E2BIG;
	own = &survey->own[survey->n_own++];
	own->id = info.id;
	(void)snprintf(own->name, sizeof(own->name), "%.*s", (int)sizeof(own->name) - 1, name);
	if (info.type != BPF_LINK_TYPE_TRACING)
		return 0;
	own->object = info.tracing.target_obj_id;
	own->function = info.tracing.target_btf_id;
	return 0;
}

static int own_read(struct survey *survey)
{
	_cleanup_closedir_ DIR *dir = opendir(GUARD_PIN_LINKS);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (errno = 0, entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			r = own_add(survey, entry->d_name);
	}
	return r ?: -errno;
}

static void foreign_add(struct survey *survey, const struct bpf_link_info *info,
			const struct own *beside)
{
	struct guard_survey *result = survey->result;
	struct bpf_prog_info prog = {};
	struct guard_foreign *foreign;
	__u32 size = sizeof(prog);
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(info->prog_id);

	result->n_foreign++;
	if (result->n_foreign > GUARD_MAX_FOREIGN)
		return;
	foreign = &result->foreign[result->n_foreign - 1];
	*foreign = (struct guard_foreign){
		.link = info->id,
		.prog = info->prog_id,
		.attach_type = info->tracing.attach_type,
		.before = info->id < survey->first,
	};
	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &prog, &size))
		(void)snprintf(foreign->name, sizeof(foreign->name), "%s", prog.name);
	if (beside)
		(void)snprintf(foreign->beside, sizeof(foreign->beside), "%s", beside->name);
}

static void link_look(struct survey *survey, const struct bpf_link_info *info)
{
	struct own *beside = NULL;
	bool ours = false;

	if (info->type != BPF_LINK_TYPE_TRACING)
		return;
	for (size_t i = 0; i < survey->n_own; i++) {
		struct own *own = &survey->own[i];

		ours = ours || own->id == info->id;
		if (!own->function || own->function != info->tracing.target_btf_id ||
		    own->object != info->tracing.target_obj_id)
			continue;
		own->used++;
		beside = own;
	}
	if (ours)
		return;
	if (beside || info->tracing.attach_type == BPF_MODIFY_RETURN ||
	    info->tracing.attach_type == BPF_LSM_MAC)
		foreign_add(survey, info, beside);
}

static int compare_ids(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return x < y ? -1 : x > y;
}

/* The links of domains: nobody gets an fd of them, holdfastd neither, and to ask is an event. */
struct theirs {
	__u32 ids[LABELS_MAX_LINKS]; /* sorted in the end */
	size_t n;
};

static void theirs_add(void *context, const struct object_label *label)
{
	struct theirs *theirs = context;

	if (label->kind == EVENT_OBJECT_LINK && label->domain != DOMAIN_NONE &&
	    label->domain != DOMAIN_SELF && theirs->n < LABELS_MAX_LINKS)
		theirs->ids[theirs->n++] = label->id;
}

/* An id that has just gone is passed over. */
static int links_walk(const struct guard *guard, struct survey *survey)
{
	_cleanup_free_ struct theirs *theirs = calloc(1, sizeof(*theirs));
	struct bpf_link_info info;
	__u32 id = 0;

	if (!theirs)
		return -ENOMEM;
	labels_each(guard, theirs_add, theirs);
	qsort(theirs->ids, theirs->n, sizeof(*theirs->ids), compare_ids);
	while (!bpf_link_get_next_id(id, &id)) {
		_cleanup_close_ int fd = -EBADF;

		if (bsearch(&id, theirs->ids, theirs->n, sizeof(id), compare_ids))
			continue;
		fd = bpf_link_get_fd_by_id(id);

		if (fd >= 0 && !link_info(fd, &info))
			link_look(survey, &info);
	}
	return errno == ENOENT ? 0 : -errno;
}

int guard_links_late(struct guard *guard)
{
	return iterator_lines("attachments_late", NULL, NULL);
}

int guard_look(struct guard *guard, struct guard_survey *ret_survey)
{
	_cleanup_free_ struct survey *survey = calloc(1, sizeof(*survey));
	int r;

	if (!survey)
		return -ENOMEM;
	memset(ret_survey, 0, sizeof(*ret_survey));
	survey->result = ret_survey;
	r = own_read(survey);
	if (r < 0)
		return r;
	r = links_walk(guard, survey);
	if (r < 0)
		return r;
	for (size_t i = 0; i < survey->n_own; i++) {
		const struct own *own = &survey->own[i];

		if (own->used + SLOTS_SPARE > SLOTS)
			(void)snprintf(ret_survey->full, sizeof(ret_survey->full), "%s", own->name);
	}
	return 0;
}
