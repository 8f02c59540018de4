// SPDX-License-Identifier: LGPL-2.1-or-later
/* See offer.h. */

#include "guard/offer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/types.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/system.h"
#include "bpf/trust-api.h"
#include "guard/image-fd.h"
#include "guard/protocol.h"
#include "guard/server.h"
#include "policy/image-check.h"

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

void offer_done(struct offer *offer)
{
	free(offer->image);
	free(offer->signature);
	free(offer->certificate);
	*offer = (struct offer){};
}

static uint32_t check(struct offer *offer, struct diag *reterr_diag)
{
	struct guard_policy *policy = &offer->policy;
	int r = image_check(offer->image, policy->size, reterr_diag);

	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL, "the image could not be checked: %s",
			      strerror(-r));
	if (r)
		return PROTOCOL_E_IMAGE;
	policy->image = offer->image;
	policy->signature = offer->signature;
	policy->certificate = offer->certificate;
	return 0;
}

uint32_t offer_receive(const struct protocol_message *message, struct offer *ret_offer,
		       struct diag *reterr_diag)
{
	struct guard_policy *policy = &ret_offer->policy;
	const struct {
		void **data;
		size_t *size;
	} parts[] = {
		[IMAGE_FD_IMAGE] = {&ret_offer->image, &policy->size},
		[IMAGE_FD_SIGNATURE] = {&ret_offer->signature, &policy->signature_size},
		[IMAGE_FD_CERTIFICATE] = {&ret_offer->certificate, &policy->certificate_size},
	};

	for (size_t i = 0; i < message->n_fds && i < ARRAY_SIZE(parts); i++) {
		int r = image_fd_read(message->fds[i], (enum image_fd_kind)i, parts[i].data,
				      parts[i].size, reterr_diag);

		if (r < 0)
			return refuse(reterr_diag, PROTOCOL_E_FATAL, "the %s could not be read: %s",
				      image_fd_name((enum image_fd_kind)i), strerror(-r));
		if (r)
			return PROTOCOL_E_IMAGE;
	}
	return check(ret_offer, reterr_diag);
}

/*
 * An empty file is none of these, least of all a certificate: a guard without one takes whatever
 * image it is given.
 * Return: 0; PROTOCOL_E_NOT_UP if there is no such file; PROTOCOL_E_IMAGE.
 */
static uint32_t boot_file(const char *path, size_t limit, void **ret_data, size_t *ret_size,
			  struct diag *reterr_diag)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *data;
	int r;

	if (fd < 0 && errno == ENOENT)
		return refuse(reterr_diag, PROTOCOL_E_NOT_UP, "there is no %s", path);
	if (fd < 0)
		return refuse(reterr_diag, PROTOCOL_E_IMAGE, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse(reterr_diag, PROTOCOL_E_IMAGE,
			      "%s is no regular file: put a copy there", path);
	r = file_read_fd(fd, limit, &data, ret_size);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_IMAGE, "%s: %s", path, strerror(-r));
	if (r == FILE_E_TOO_BIG)
		return refuse(reterr_diag, PROTOCOL_E_IMAGE, "%s has more than %zu bytes", path,
			      limit);
	*ret_data = data;
	if (!*ret_size)
		return refuse(reterr_diag, PROTOCOL_E_IMAGE, "%s is empty", path);
	return 0;
}

static uint32_t boot_trust(const struct server_options *options, struct offer *offer,
			   struct diag *reterr_diag)
{
	struct guard_policy *policy = &offer->policy;
	char path[PATH_MAX];
	uint32_t error;

	error = boot_file(options->boot_trust, TRUST_CERTIFICATE_MAX, &offer->certificate,
			  &policy->certificate_size, reterr_diag);
	if (error == PROTOCOL_E_NOT_UP)
		return 0;
	if (error)
		return error;
	(void)snprintf(path, sizeof(path), "%s.p7s", options->boot_image);
	error = boot_file(path, TRUST_SIGNATURE_MAX, &offer->signature, &policy->signature_size,
			  reterr_diag);
	if (error == PROTOCOL_E_NOT_UP)
		return refuse(reterr_diag, PROTOCOL_E_IMAGE,
			      "there is no %s, and %s says that policies are signed", path,
			      options->boot_trust);
	return error;
}

uint32_t offer_boot(const struct server_options *options, struct offer *ret_offer,
		    struct diag *reterr_diag)
{
	uint32_t error;

	error = boot_file(options->boot_image, IMAGE_MAX_SIZE, &ret_offer->image,
			  &ret_offer->policy.size, reterr_diag);
	if (error == PROTOCOL_E_NOT_UP)
		return refuse(reterr_diag, PROTOCOL_E_NOT_UP,
			      "there is no %s: give an image to `holdfast guard up`",
			      options->boot_image);
	if (!error)
		error = boot_trust(options, ret_offer, reterr_diag);
	return error ?: check(ret_offer, reterr_diag);
}
