// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a task can do to a map by bpf(2) and mmap(2), and how it freezes one.
 */
#include "freeze.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static int answer(long r)
{
	return r < 0 ? -errno : 0;
}

static int freeze(struct subject *subject)
{
	return subject->frozen ? UNTRIED : answer(bpf_map_freeze(subject->fd));
}

static int freeze_again(struct subject *subject)
{
	if (bpf_map_freeze(subject->fd) < 0)
		return UNTRIED;
	return answer(bpf_map_freeze(subject->fd));
}

static int freeze_read_only_fd(struct subject *subject)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, opts, .open_flags = BPF_F_RDONLY);
	int fd = bpf_map_get_fd_by_id_opts(subject->id, &opts);

	return fd < 0 ? -errno : answer(bpf_map_freeze(fd));
}

/* ---- elements */

static int update(struct subject *subject)
{
	return answer(bpf_map_update_elem(subject->fd, map_key(subject), subject->other, BPF_ANY));
}

static int update_new_fd(struct subject *subject)
{
	int fd = bpf_map_get_fd_by_id(subject->id);

	if (fd < 0)
		return -errno;
	return answer(bpf_map_update_elem(fd, map_key(subject), subject->other, BPF_ANY));
}

static int erase(struct subject *subject)
{
	return answer(bpf_map_delete_elem(subject->fd, map_key(subject)));
}

static int erase_new_fd(struct subject *subject)
{
	int fd = bpf_map_get_fd_by_id(subject->id);

	return fd < 0 ? -errno : answer(bpf_map_delete_elem(fd, map_key(subject)));
}

static int take(struct subject *subject)
{
	uint8_t value[VALUE_MAX];

	return answer(bpf_map_lookup_and_delete_elem(subject->fd, map_key(subject), value));
}

static int update_batch(struct subject *subject)
{
	uint32_t n = 1;

	return answer(bpf_map_update_batch(subject->fd, subject->key, subject->other, &n, NULL));
}

static int erase_batch(struct subject *subject)
{
	uint32_t n = 1;

	return answer(bpf_map_delete_batch(subject->fd, subject->key, &n, NULL));
}

static int take_batch(struct subject *subject)
{
	uint8_t keys[KEY_MAX * 16], values[VALUE_MAX * 16];
	uint32_t n = 1, next[4] = {};

	if (bpf_map_lookup_and_delete_batch(subject->fd, NULL, next, keys, values, &n, NULL) < 0 &&
	    errno != ENOENT)
		return -errno;
	return n ? 0 : UNCHANGED;
}

static int inner_update(struct subject *subject)
{
	const uint64_t value = FORGED;
	const uint32_t zero = 0;

	if (subject->kind->content != CONTENT_MAP)
		return UNTRIED;
	return answer(bpf_map_update_elem(subject->inner, &zero, &value, BPF_ANY));
}

/* Freezing a map of maps freezes none of those in it. */
static int inner_freeze(struct subject *subject)
{
	return subject->kind->content == CONTENT_MAP ? answer(bpf_map_freeze(subject->inner))
						     : UNTRIED;
}

/* ---- memory */

/* Which page of a map is written by its users, and how many there are of it. */
static void *map_memory(const struct subject *subject, int protection)
{
	bool arena = strcmp(subject->kind->name, "arena") == 0;
	bool by_user = strcmp(subject->kind->name, "user_ringbuf") == 0;
	size_t size = arena ? (size_t)subject->kind->entries * PAGE : PAGE;

	return mmap(arena ? (void *)ARENA_AT : NULL, size, protection,
		    MAP_SHARED | (arena ? MAP_FIXED_NOREPLACE : 0), subject->fd,
		    by_user ? PAGE : 0);
}

static void unmap_memory(const struct subject *subject, void *memory)
{
	bool arena = strcmp(subject->kind->name, "arena") == 0;

	munmap(memory, arena ? (size_t)subject->kind->entries * PAGE : PAGE);
}

/* The first word of the page: a value, or the position of a ring's consumer or producer. */
static int write_memory(struct subject *subject)
{
	uint64_t *memory = map_memory(subject, PROT_READ | PROT_WRITE);
	bool written;

	if (memory == MAP_FAILED)
		return -errno;
	memory[0] = FORGED;
	written = memory[0] == FORGED;
	unmap_memory(subject, memory);
	return written ? 0 : UNCHANGED;
}

static int read_memory(struct subject *subject)
{
	void *memory = map_memory(subject, PROT_READ);

	if (memory == MAP_FAILED)
		return -errno;
	unmap_memory(subject, memory);
	return 0;
}

/* Not writable as it is, but may it be made so? */
static int protect_memory(struct subject *subject)
{
	void *memory = map_memory(subject, PROT_READ);
	int r;

	if (memory == MAP_FAILED)
		return -errno;
	r = answer(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	unmap_memory(subject, memory);
	return r;
}

/* Frozen while the map is mapped so. */
static int freeze_while(struct subject *subject, int protection)
{
	void *memory = map_memory(subject, protection);
	int r;

	if (memory == MAP_FAILED)
		return UNTRIED;
	r = answer(bpf_map_freeze(subject->fd));
	unmap_memory(subject, memory);
	return r;
}

static int freeze_mapped(struct subject *subject)
{
	return freeze_while(subject, PROT_READ | PROT_WRITE);
}

static int freeze_mapped_read(struct subject *subject)
{
	return freeze_while(subject, PROT_READ);
}

static int freeze_unmapped(struct subject *subject)
{
	void *memory = map_memory(subject, PROT_READ | PROT_WRITE);

	if (memory == MAP_FAILED)
		return UNTRIED;
	unmap_memory(subject, memory);
	return answer(bpf_map_freeze(subject->fd));
}

const struct act user_acts[] = {
	{"freeze", freeze, true},
	{"freeze-again", freeze_again, true},
	{"freeze-read-only-fd", freeze_read_only_fd, true},
	{"freeze-mapped", freeze_mapped, true},
	{"freeze-mapped-to-read", freeze_mapped_read, true},
	{"freeze-unmapped", freeze_unmapped, true},
	{"update", update, false},
	{"update-new-fd", update_new_fd, false},
	{"delete", erase, false},
	{"delete-new-fd", erase_new_fd, false},
	{"take", take, false},
	{"update-batch", update_batch, false},
	{"delete-batch", erase_batch, false},
	{"take-batch", take_batch, false},
	{"inner-update", inner_update, false},
	{"inner-freeze", inner_freeze, false},
	{"mmap-write", write_memory, false},
	{"mmap-read", read_memory, false},
	{"mprotect", protect_memory, false},
	{},
};
