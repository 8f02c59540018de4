/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A policy that shall come into force, with what vouches for it: as a request brings it, or as it
 * lies there for the boot. The image is checked, the rest is for the kernel to understand.
 */

#include <stdint.h>

#include "guard/guard.h"

struct diag;
struct protocol_message;
struct server_options;

struct offer {
	void *image, *signature, *certificate;
	struct guard_policy policy; /* the same; what is missing has size 0 */
};

/* offer_done() - release it. {0} is accepted. */
void offer_done(struct offer *offer);

/**
 * offer_receive() - take it from a request's descriptors: image, signature, certificate
 * @ret_offer: released by the caller, whatever is returned
 *
 * Return: 0; PROTOCOL_E_IMAGE, PROTOCOL_E_FATAL.
 */
uint32_t offer_receive(const struct protocol_message *message, struct offer *ret_offer,
		       struct diag *reterr_diag);

/**
 * offer_boot() - read what is there for the boot
 * @ret_offer: released by the caller, whatever is returned
 *
 * Where a certificate lies, an image without its signature is none.
 * Return: 0; PROTOCOL_E_NOT_UP if there is no image; PROTOCOL_E_IMAGE, PROTOCOL_E_FATAL.
 */
uint32_t offer_boot(const struct server_options *options, struct offer *ret_offer,
		    struct diag *reterr_diag);
