// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See ring.h. The layout is of kernel/bpf/ringbuf.c: a page with the consumer's position, one with
 * the producer's, and the data twice, so that no record wraps around.
 */

#include "guard/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

struct ring {
	uint64_t *consumer; /* the kernel's unsigned long */
	const uint64_t *producer;
	const uint8_t *data;
	size_t page, size; /* bytes */
	uint64_t next; /* where the next record to be read begins */
};

_Static_assert(sizeof(unsigned long) == sizeof(uint64_t), "positions are unsigned long");

static int map_pages(struct ring *ring, int map_fd)
{
	void *at;

	at = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	ring->consumer = at;
	at = mmap(NULL, ring->page + 2 * ring->size, PROT_READ, MAP_SHARED, map_fd,
		  (off_t)ring->page);
	if (at == MAP_FAILED)
		return -errno;
	ring->producer = at;
	ring->data = (const uint8_t *)at + ring->page;
	ring->next = __atomic_load_n(ring->consumer, __ATOMIC_RELAXED);
	return 0;
}

static void ring_freep(struct ring **ring)
{
	(void)ring_free(*ring);
}

int ring_open(int map_fd, struct ring **ret_ring)
{
	_cleanup_(ring_freep) struct ring *ring = NULL;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int r;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &len))
		return -errno;
	if (info.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	ring->size = info.max_entries;
	r = map_pages(ring, map_fd);
	if (r < 0)
		return r;
	*ret_ring = TAKE_PTR(ring);
	return 0;
}

struct ring *ring_free(struct ring *ring)
{
	if (!ring)
		return NULL;
	if (ring->consumer)
		(void)munmap(ring->consumer, ring->page);
	if (ring->producer)
		(void)munmap((void *)(uintptr_t)ring->producer, ring->page + 2 * ring->size);
	free(ring);
	return NULL;
}

int ring_read(struct ring *ring, int (*fn)(void *userdata, const void *data, size_t size),
	      void *userdata)
{
	uint64_t end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);

	while (ring->next < end) {
		const uint8_t *at = ring->data + (ring->next & (ring->size - 1));
		uint32_t head = __atomic_load_n((const uint32_t *)(uintptr_t)at, __ATOMIC_ACQUIRE);
		uint32_t size = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		int r = 0;

		/* somebody is still writing it, and what is behind it waits as well */
		if (head & BPF_RINGBUF_BUSY_BIT)
			return 0;
		ring->next += (size + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			r = fn(userdata, at + BPF_RINGBUF_HDR_SZ, size);
		if (r < 0)
			return r;
	}
	return 0;
}

bool ring_is_empty(const struct ring *ring)
{
	return ring->next >= __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

/*
 * The kernel wakes a reader only for a record where he has let go (bpf_ringbuf_commit): what came
 * after he had read and before he lets go, wakes nobody. So the producer is looked at after that.
 */
bool ring_release(struct ring *ring)
{
	__atomic_store_n(ring->consumer, ring->next, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return ring_is_empty(ring);
}
