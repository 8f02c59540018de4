/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tables of struct_ops, by which programs become a part of the kernel: a map of one element, which
 * is registered, not filled. One of SEC(".struct_ops.link") is held by a link, as programs are, and
 * goes with it; one of SEC(".struct_ops"), all that Linux 6.1 has, by nothing: it stays until its
 * element is deleted.
 */

#include <stdint.h>

struct diag;
struct loader;
struct object;

/**
 * tables_source() - an object as every libbpf understands it
 * @ret_data:    a copy, of object->size bytes, for the caller to free; NULL: as it is
 * @reterr_diag: filled on LOADER_E_REFUSED; or NULL
 *
 * Before 1.3 libbpf knows nothing of .struct_ops.link. In the copy the section is called
 * .struct_ops, and what makes the difference is the flag that tables_prepare() sets.
 * Return: 0; LOADER_E_REFUSED if the object has both; -ENOMEM.
 */
int tables_source(const struct object *object, uint8_t **ret_data, struct diag *reterr_diag);

/* tables_prepare() - after libbpf's open: 0; LOADER_E_REFUSED */
int tables_prepare(const struct loader *loader, struct diag *reterr_diag);

/**
 * tables_register() - after the load: register each, and ask after it
 *
 * The kernel must call the table registered, and a write to it by this very process must fail with
 * EBUSY: no table is changed once it is in use.
 * Return: 0; LOADER_E_REFUSED, and tables_release() takes out those that are in; -ENOMEM.
 */
int tables_register(struct loader *loader, struct diag *reterr_diag);

/**
 * tables_pin() - pin the links of those that have one, as NAME_link
 * Return: 0; LOADER_E_REFUSED, and none is pinned.
 */
int tables_pin(const struct loader *loader, const char *folder, struct diag *reterr_diag);

/* tables_unpin() - after tables_pin(): unpin them all */
void tables_unpin(const struct loader *loader, const char *folder);

/* tables_keep() - those without a link stay in the kernel from now on, whatever ends */
void tables_keep(struct loader *loader);

/* tables_release() - take them out, but for those that are pinned or kept */
void tables_release(struct loader *loader);
