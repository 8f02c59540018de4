/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files that are signed for a domain: by the key that policies are signed by, over the digest that
 * fs-verity holds them to. The signature is an attribute of the file; who may write it can leave
 * another one there, and make none.
 */

#include "bpf/lib/content.h"
#include "bpf/lib/keys.h"

int bpf_get_file_xattr(struct file *file, const char *name, struct bpf_dynptr *value) __ksym __weak;

/* In the task's room, which is empty. The verity digest is read into it: the stack has no room. */
INLINE __u32 signed_in(struct file *file, struct signature_room *room)
{
	struct bpf_dynptr value;
	int size;

	if (!verity_read(file, (struct digest *)room->statement.verity))
		return DOMAIN_NONE;
	/* the domain and the signature, which follows it */
	if (bpf_dynptr_from_mem(&room->domain, sizeof(room->domain) + IMAGE_SIGNATURE_MAX, 0,
				&value))
		return DOMAIN_NONE;
	size = bpf_get_file_xattr(file, IMAGE_SIGNATURE_XATTR, &value);
	if (size <= (int)sizeof(room->domain))
		return DOMAIN_NONE;
	__builtin_memcpy(room->statement.magic, IMAGE_STATEMENT_MAGIC,
			 sizeof(room->statement.magic));
	room->statement.domain = room->domain;
	room->statement.algorithm = FS_VERITY_HASH_ALG_SHA256;
	room->statement.size = IMAGE_DIGEST_LEN;
	return statement_judge(size - sizeof(room->domain)) ? DOMAIN_NONE : room->domain;
}

/* content_signed() - the domain that the file is signed for; DOMAIN_NONE: none */
static __noinline __attribute__((unused)) __u32 content_signed(struct file *file)
{
	static const struct signature_room empty;
	__u64 key = bpf_get_current_pid_tgid();
	struct image_header *image = policy_in_force();
	struct trust_state *trust = trust_state();
	struct signature_room *room;
	__u32 domain = DOMAIN_NONE;

	if (!image || !image->n_signed || !trust || !trust->serial || !bpf_get_file_xattr ||
	    !(file->f_inode->i_flags & S_VERITY))
		return DOMAIN_NONE;
	if (bpf_map_update_elem(&signature_rooms, &key, &empty, BPF_ANY))
		return DOMAIN_NONE;
	room = bpf_map_lookup_elem(&signature_rooms, &key);
	if (room)
		domain = signed_in(file, room);
	bpf_map_delete_elem(&signature_rooms, &key);
	return domain;
}

struct signed_search {
	__u32 domain;
	__u32 found; /* offset of the record in the image; 0: none */
};

static long signed_search_step(__u32 i, void *context)
{
	struct signed_search *search = context;
	struct image_header *image = policy_in_force();
	struct image_executable *record;
	__u32 offset;

	if (!image || i >= image->n_signed)
		return 1;
	offset = IMAGE_OFF_SIGNED(image) + i * sizeof(*record);
	record = image_at(image, offset);
	if (record->domain != search->domain)
		return 0;
	search->found = offset;
	return 1;
}

/* What the policy says of files that are signed for the domain. */
INLINE struct image_executable *signed_find(struct image_header *image, __u32 domain)
{
	struct signed_search search = {.domain = domain};

	bpf_loop(IMAGE_MAX_DOMAINS, signed_search_step, &search, 0);
	return search.found ? image_at(image, search.found) : NULL;
}
