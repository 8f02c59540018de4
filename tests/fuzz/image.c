// SPDX-License-Identifier: LGPL-2.1-or-later
/* An image: as it is, and with its size, digest and size filter made right, as a liar would. */

#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fuzz.h"
#include "must.h"
#include "policy/image-check.h"

/* Everything that may be done with a checked image. */
static void use(const void *image)
{
	const struct image_header *h = image_header(image);
	const struct image_kernel blind = {.digest = IMAGE_DIGEST_TAG};

	for (uint32_t i = 0; i < h->n_domains; i++) {
		must(image_domain_find(image, image_domains(image)[i].id) ==
		     &image_domains(image)[i]);
		must(image_domain_find_name(image, image_domains(image)[i].name) != NULL);
	}
	for (uint32_t i = 0; i < h->n_executables; i++) {
		const struct image_executable *e = &image_executables(image)[i];

		must(image_executable_find(image, e->digest) == e);
		must(image_domain_find(image, e->domain) != NULL);
		must(image_trusts(image, e->digest, e->domain));
	}
	for (uint32_t i = 0; i < h->n_admissions; i++) {
		const struct image_admission *a = &image_admissions(image)[i];

		must(image_admission_find(image, a->digest) == a);
		must(image_admission_of(image, a->id) == a);
		must(image_trusts(image, a->digest, a->id));
		must(!(image_limits_blind(image, image_limits_of(image, a), &blind) &
		       ~IMAGE_LIMITS_ALL));
		must(!a->path || image_path_valid(image_admission_path(image, a)));
	}
	for (uint32_t i = 0; i < h->n_pins; i++)
		must(image_pin_find(image, image_pins(image)[i].path) == &image_pins(image)[i]);
	must(image_weakens(image, image, NULL) == IMAGE_CHANGE_NONE);
}

static void check(const void *image, size_t size)
{
	struct diag diag = {0};
	int r = image_check(image, size, &diag);

	must(r == 0 || (r == IMAGE_E_INVALID && diag.text[0]));
	if (r == 0)
		use(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ void *image = malloc(size ? size : 1);
	struct image_header *h = image;

	must(image != NULL);
	memcpy(image, data, size);
	check(image, size);
	if (size < sizeof(*h))
		return 0;

	h->size = (uint32_t)size;
	if (h->n_domains <= IMAGE_MAX_DOMAINS && h->n_executables <= IMAGE_MAX_EXECUTABLES &&
	    h->n_trusted <= IMAGE_MAX_TRUSTED && h->n_pins <= IMAGE_MAX_PATHS &&
	    h->n_files <= IMAGE_MAX_FILES && h->n_admissions <= IMAGE_MAX_ADMISSIONS &&
	    h->n_slots <= IMAGE_MAX_SLOTS && h->n_texts <= IMAGE_MAX_TEXTS &&
	    h->n_limits <= IMAGE_MAX_LIMITS && h->n_names <= IMAGE_MAX_NAMES &&
	    h->n_maps <= IMAGE_MAX_MAPS && h->n_digests <= IMAGE_MAX_DIGESTS &&
	    IMAGE_OFF_END(h) <= size)
		image_fill_size_filter(image);
	must(image_seal(image, size) == 0);
	check(image, size);
	return 0;
}
