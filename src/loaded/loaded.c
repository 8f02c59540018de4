// SPDX-License-Identifier: LGPL-2.1-or-later
/* See loaded.h. What goes while it is looked at is counted and passed over. */

#include "loaded/loaded.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "loaded/internal.h"

#define MAX_FDINFO 4096

struct loaded *loaded_free(struct loaded *loaded)
{
	if (!loaded)
		return NULL;
	for (size_t i = 0; i < loaded->object.n_maps; i++) {
		free(loaded->object.maps[i].name);
		free(loaded->maps[i].inner);
	}
	for (size_t i = 0; i < loaded->object.n_functions; i++)
		free((char *)loaded->object.functions[i].name);
	free(loaded->object.maps);
	free(loaded->object.functions);
	free(loaded->maps);
	types_done(loaded);
	free(loaded);
	return NULL;
}

size_t maps_find(const struct loaded *loaded, uint32_t id)
{
	size_t low = 0, high = loaded->object.n_maps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loaded->maps[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < loaded->object.n_maps && loaded->maps[low].id == id ? low : SIZE_MAX;
}

void unopened_count(struct loaded *loaded, int r)
{
	if (r == -ENOENT)
		loaded->n_gone++;
	else
		loaded->n_refused++;
}

static bool is_frozen(int fd)
{
	_cleanup_free_ char *text = NULL;
	char path[48];
	size_t size;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return file_read(AT_FDCWD, path, MAX_FDINFO, &text, &size) == 0 &&
	       strstr(text, "\nfrozen:\t1\n");
}

static int add_map(struct loaded *loaded, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	struct object_map map = {.origin = MAP_LOADED};
	int r;

	r = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (r < 0) {
		unopened_count(loaded, r);
		return 0;
	}
	r = array_grow(&loaded->object.maps, loaded->object.n_maps, sizeof(map));
	if (!r)
		r = array_grow(&loaded->maps, loaded->object.n_maps, sizeof(*loaded->maps));
	if (!r)
		r = printable_copy(info.name, sizeof(info.name), &map.name);
	if (r)
		return r < 0 ? r : -EINVAL; /* the kernel ends its names */
	map.type = info.type;
	map.key_size = info.key_size;
	map.value_size = info.value_size;
	map.max_entries = info.max_entries;
	map.flags = info.map_flags;
	map.extra = info.map_extra;
	map.frozen = is_frozen(fd);
	loaded->maps[loaded->object.n_maps] = (struct loaded_map){
		.id = info.id, .types = info.btf_id, .value_id = info.btf_value_type_id};
	loaded->object.maps[loaded->object.n_maps++] = map;
	return 0;
}

static int maps_look(struct loaded *loaded, struct holders *holders)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
	uint32_t id = 0;
	int r;

	for (size_t i = 0; (r = bpf_map_get_next_id(id, &id)) == 0; i++) {
		_cleanup_close_ int fd = -EBADF;
		struct held *held;

		if (i >= LOADED_MAX) {
			loaded->cut = true;
			return 0;
		}
		fd = bpf_map_get_fd_by_id_opts(id, &opts);
		if (fd < 0) {
			unopened_count(loaded, fd);
			continue;
		}
		r = add_map(loaded, fd);
		if (r < 0)
			return r;
		if (maps_find(loaded, id) == SIZE_MAX)
			continue;
		held = holders ? held_find(&holders->maps, id) : NULL;
		if (held)
			held->found = true;
		loaded->maps[loaded->object.n_maps - 1].wanted = held || !holders;
	}
	return r == -ENOENT ? 0 : r;
}

static bool has_admin(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capget, &head, data) == 0 &&
	       data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

static int refuse(struct diag *diag, const char *what, uint32_t id)
{
	char number[16];

	(void)snprintf(number, sizeof(number), " %u", id);
	diag_set(diag, NULL, 0, 0, "%s%s cannot be opened: %s", what, id ? number : "",
		 has_admin() ? "a guard keeps it from strangers, see holdfast-guard(1)"
			     : "it needs CAP_SYS_ADMIN");
	return LOADED_E_REFUSED;
}

static const struct held *missing(const struct held_set *before, const struct held_set *now)
{
	for (size_t i = 0; i < before->n; i++) {
		if (!before->items[i].found && held_find(now, before->items[i].id))
			return &before->items[i];
	}
	return NULL;
}

/* What was not found by its id, and is held still, has not gone. */
static int judge_missing(const struct loaded_request *request, const struct loaded *loaded,
			 const struct holders *holders, struct diag *diag)
{
	_cleanup_(holders_done) struct holders now = {0};
	const struct held *held;

	if (loaded->cut || (!loaded->n_gone && !loaded->n_refused))
		return 0;
	if (holders_read(request, &now, NULL) < 0)
		return -ENOMEM;
	held = missing(&holders->maps, &now.maps);
	if (held)
		return refuse(diag, "map", held->id);
	held = missing(&holders->programs, &now.programs);
	return held ? refuse(diag, "program", held->id) : 0;
}

static int look(struct loaded *loaded, struct holders *holders, struct diag *diag)
{
	int r = maps_look(loaded, holders);

	if (!r)
		r = programs_look(loaded, holders);
	if (r == -EPERM || r == -EACCES)
		return refuse(diag, "what is loaded", 0);
	if (!r)
		r = slots_look(loaded);
	return r ?: types_look(loaded);
}

int loaded_read(const struct loaded_request *request, struct loaded **ret_loaded,
		struct diag *reterr_diag)
{
	bool all = !request->pid && !request->unit;
	_cleanup_(loaded_freep) struct loaded *loaded = calloc(1, sizeof(*loaded));
	_cleanup_(holders_done) struct holders holders = {0};
	int r = 0;

	if (!loaded)
		return -ENOMEM;
	loaded->object.kconfig = UINT32_MAX;
	if (!all)
		r = holders_read(request, &holders, reterr_diag);
	if (!r)
		r = look(loaded, all ? NULL : &holders, reterr_diag);
	if (!r && !all)
		r = judge_missing(request, loaded, &holders, reterr_diag);
	if (r < 0 && r != -ENOMEM) {
		diag_set(reterr_diag, NULL, 0, 0, "what is loaded cannot be read: %s",
			 strerror(-r));
		return LOADED_E_REFUSED;
	}
	if (r)
		return r;
	*ret_loaded = TAKE_PTR(loaded);
	return 0;
}
