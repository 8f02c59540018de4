// SPDX-License-Identifier: LGPL-2.1-or-later
/* See test_image.h. */

#include "guard/test_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/image-fd.h"
#include "policy/image-check.h"

static void fill(char *data, const struct test_image *spec, uint32_t id)
{
	struct image_header *header = (struct image_header *)data;
	struct image_domain *domain = (void *)(data + IMAGE_OFF_DOMAINS(header));
	struct image_executable *executables = (void *)(data + IMAGE_OFF_EXECUTABLES(header));
	struct image_trusted *trusted = (void *)(data + IMAGE_OFF_TRUSTED(header));

	domain->id = id;
	domain->mode = IMAGE_ENFORCES(spec->mode) ? IMAGE_MODE_ENFORCE : (uint16_t)spec->mode;
	domain->hold = spec->hold;
	(void)snprintf(domain->name, sizeof(domain->name), "%s", spec->domain);
	for (unsigned i = 0; i < spec->n_executables; i++) {
		executables[i].digest[0] = trusted[i].digest[0] = (uint8_t)(i + 1);
		executables[i].size = 1000 + i;
		executables[i].domain = trusted[i].domain = id;
		executables[i].launch = IMAGE_LAUNCH_HOLDFAST;
		(void)snprintf(executables[i].path, sizeof(executables[i].path), "/usr/bin/agent%u",
			       i);
	}
	if (spec->required)
		(void)snprintf((char *)image_required(data, 0)->text, IMAGE_SYMBOL_LEN, "%s",
			       spec->required);
	image_fill_size_filter(data);
}

void *test_image_make(const struct test_image *spec, size_t *ret_size)
{
	struct image_header header = {
		.magic = IMAGE_MAGIC,
		.abi = IMAGE_ABI,
		.mode = spec->mode,
		.version = spec->version,
		.ring_kib = IMAGE_RING_DEFAULT_KIB,
		.n_domains = 1,
		.n_executables = spec->n_executables,
		.n_trusted = spec->n_executables,
		.n_texts = 8,
		.n_names = spec->required != NULL,
		.n_required = spec->required != NULL,
		.require_lockdown = spec->require_lockdown,
		.degraded = spec->degraded,
		.name = "test",
	};
	uint32_t id;
	char *data;

	header.size = IMAGE_OFF_END(&header);
	data = calloc(1, header.size);
	if (!data || image_domain_id(spec->domain, &id) < 0)
		abort();

	memcpy(data, &header, sizeof(header));
	fill(data, spec, id);
	if (image_seal(data, header.size) < 0 || image_check(data, header.size, NULL) != 0)
		abort();
	*ret_size = header.size;
	return data;
}

int test_image_fd(const struct test_image *spec)
{
	size_t size;
	void *data = test_image_make(spec, &size);
	int fd;

	if (image_fd_new(data, size, &fd) < 0)
		abort();
	free(data);
	return fd;
}
