// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the guard has counted and not recorded: read, marked as told, and taken over. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "guard/internal.h"

static uint64_t total_of(const struct folded *folded, uint32_t i)
{
	return folded->n[i] + folded->former[i];
}

/* The way back from FOLDED_SLOT(). */
static void slot_names(uint32_t slot, struct guard_folded *ret_folded)
{
	uint32_t letter = slot >> 6, number = slot & 63;

	ret_folded->row = letter ? EVENT_ROW('@' + letter, number) : 0;
	ret_folded->act = letter ? 0 : number;
}

/* All of it in one call: it is read each second while something is folded. */
static int folded_read(int fd, struct folded **ret_folded)
{
	_cleanup_free_ struct folded *folded = calloc(FOLDED_SLOTS, sizeof(*folded));
	_cleanup_free_ __u32 *keys = calloc(FOLDED_SLOTS, sizeof(*keys));
	__u32 n = FOLDED_SLOTS, next;

	if (!folded || !keys)
		return -ENOMEM;
	/* the end of the map is told as ENOENT, with all that there is */
	if (bpf_map_lookup_batch(fd, NULL, &next, keys, folded, &n, NULL) && errno != ENOENT)
		return -errno;
	if (n != FOLDED_SLOTS)
		return -EBADMSG;
	*ret_folded = TAKE_PTR(folded);
	return 0;
}

int guard_folded_each(struct guard *guard,
		      void (*see)(void *context, const struct guard_folded *folded), void *context)
{
	_cleanup_free_ struct folded *folded = NULL;
	int r = folded_read(guard->maps[GUARD_MAP_FOLDED], &folded), kinds = 0;

	if (r < 0)
		return r;
	for (uint32_t slot = 0; slot < FOLDED_SLOTS; slot++) {
		for (uint32_t i = 0; i < EVENT_VERDICTS; i++) {
			struct guard_folded one = {
				.verdict = i + 1,
				.total = total_of(&folded[slot], i),
				.n = total_of(&folded[slot], i) - folded[slot].told[i],
			};

			if (!one.n)
				continue;
			slot_names(slot, &one);
			see(context, &one);
			kinds++;
		}
	}
	return kinds;
}

int guard_folded_told(struct guard *guard, const struct guard_folded *folded)
{
	struct control_args args = {
		.op = CONTROL_TOLD,
		.kind = FOLDED_SLOT(folded->row, folded->act),
		.id = folded->verdict - 1,
		.size = folded->total,
	};

	return control_call(guard->control, &args);
}

int folded_take(int control, const char *path)
{
	_cleanup_free_ struct folded *folded = NULL;
	_cleanup_close_ int fd = -EBADF;
	LIBBPF_OPTS(bpf_obj_get_opts, reading, .file_flags = BPF_F_RDONLY);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int r;

	fd = bpf_obj_get_opts(path, &reading);
	/* a build before this one folded nothing */
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	/* one after it may count otherwise: what it has not told then stays untold */
	if (info.value_size != sizeof(*folded) || info.max_entries != FOLDED_SLOTS)
		return 0;
	r = folded_read(fd, &folded);
	for (uint32_t slot = 0; !r && slot < FOLDED_SLOTS; slot++) {
		struct control_taken taken = {.key = {slot}};
		struct control_args args = {.op = CONTROL_TAKE,
					    .kind = CONTROL_TAKE_FOLDED,
					    .pointer = (uintptr_t)&taken,
					    .size = sizeof(taken)};
		bool any = false;

		for (uint32_t i = 0; i < EVENT_VERDICTS; i++) {
			taken.value[i] = total_of(&folded[slot], i) - folded[slot].told[i];
			any |= taken.value[i] != 0;
		}
		if (any)
			r = control_call(control, &args);
	}
	return r;
}
