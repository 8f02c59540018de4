// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * image_check(): the privileged side's only parser of policy. Every count is bounded before it is
 * used, every string before it is read, every table before the next one refers to it.
 */

#include "policy/image-check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/size.h"

#define refuse(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), IMAGE_E_INVALID)

static bool is_zero(const void *data, size_t size)
{
	const char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* Terminated, and nothing after the terminator. */
static bool is_padded(const char *text, size_t room)
{
	size_t length = strnlen(text, room);

	return length < room && is_zero(text + length, room - length);
}

static int check_counts(const struct image_header *header, struct diag *reterr_diag)
{
	const struct {
		const char *name;
		uint32_t n, min, max;
	} counts[] = {
		{"domains", header->n_domains, 1, IMAGE_MAX_DOMAINS},
		{"executables", header->n_executables, 0, IMAGE_MAX_EXECUTABLES},
		{"trusted files", header->n_trusted, 0, IMAGE_MAX_TRUSTED},
		{"pins and files of domains", header->n_pins, 0, IMAGE_MAX_PATHS},
		{"files", header->n_files, 0, IMAGE_MAX_FILES},
		{"admissions", header->n_admissions, 0, IMAGE_MAX_ADMISSIONS},
		{"limits", header->n_limits, 0, IMAGE_MAX_LIMITS},
		{"names", header->n_names, header->n_required, IMAGE_MAX_NAMES},
		{"checks", header->n_required, 0, IMAGE_MAX_REQUIRED},
		{"maps", header->n_maps, 0, IMAGE_MAX_MAPS},
		{"digests", header->n_digests, 0, IMAGE_MAX_DIGESTS},
		{"fs-verity digests", header->n_verities, 0, IMAGE_MAX_VERITIES},
		{"signed executables", header->n_signed, 0, IMAGE_MAX_DOMAINS},
		{"bytes of text", header->n_texts, 8, IMAGE_MAX_TEXTS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (counts[i].n < counts[i].min || counts[i].n > counts[i].max)
			return refuse(reterr_diag,
				      "the image says it has %" PRIu32 " %s, %" PRIu32
				      " to %" PRIu32 " are allowed: compile it again",
				      counts[i].n, counts[i].name, counts[i].min, counts[i].max);
	}
	if (header->n_slots != image_slots(header->n_admissions) || header->n_texts % 8)
		return refuse(reterr_diag,
			      "the image says it has %" PRIu32 " slots and %" PRIu32
			      " bytes of text, which does not fit its %" PRIu32
			      " admissions: compile it again",
			      header->n_slots, header->n_texts, header->n_admissions);
	return 0;
}

/* What can be said before a count has been used: is it ours, of this version, of this size? */
static int check_frame(const void *data, size_t size, struct diag *reterr_diag)
{
	const struct image_header *header = data;
	int r;

	if (size < sizeof(*header))
		return refuse(reterr_diag,
			      "%zu bytes are too few for a policy image: it is truncated", size);
	if (size > IMAGE_MAX_SIZE)
		return refuse(reterr_diag,
			      "%zu bytes are too many for a policy image, the limit is %u", size,
			      IMAGE_MAX_SIZE);
	if (header->magic != IMAGE_MAGIC)
		return refuse(reterr_diag,
			      "not a policy image (magic %08" PRIx32
			      "): give the file that `holdfast policy compile` wrote",
			      header->magic);
	if (header->abi != IMAGE_ABI)
		return refuse(reterr_diag,
			      "the image has format %" PRIu32
			      ", this holdfast reads %u: compile the policy with this version",
			      header->abi, IMAGE_ABI);
	if (header->size != size)
		return refuse(reterr_diag,
			      "the image says it has %" PRIu32
			      " bytes, the file has %zu: it is truncated or has been changed",
			      header->size, size);

	r = check_counts(header, reterr_diag);
	if (r)
		return r;
	if (IMAGE_OFF_END(header) != size)
		return refuse(reterr_diag,
			      "the image's tables end at byte %" PRIu32 " of %zu: compile it again",
			      IMAGE_OFF_END(header), size);
	return 0;
}

static int check_digest(const void *data, size_t size, struct diag *reterr_diag)
{
	struct image_header header = *image_header(data);
	uint8_t digest[SHA256_LEN];
	struct iovec pieces[] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = (char *)data + sizeof(header), .iov_len = size - sizeof(header)},
	};
	int r;

	memset(header.digest, 0, sizeof(header.digest));
	r = sha256_iov(pieces, ARRAY_SIZE(pieces), digest);
	if (r < 0)
		return r;
	if (memcmp(digest, image_header(data)->digest, sizeof(digest)) != 0)
		return refuse(reterr_diag,
			      "the image does not have the digest it names: compile it again");
	return 0;
}

static bool mode_valid(uint32_t mode)
{
	return mode == IMAGE_MODE_OBSERVE || mode == IMAGE_MODE_ENFORCE;
}

static int check_header(const struct image_header *header, struct diag *reterr_diag)
{
	uint32_t ring = header->ring_kib;

	if (!mode_valid(header->mode) && header->mode != IMAGE_MODE_SEALED)
		return refuse(reterr_diag, "the image has the unknown mode %" PRIu32, header->mode);
	if (header->version == 0)
		return refuse(reterr_diag, "the image has version 0, versions start at 1");
	if (header->modules > IMAGE_CODE_DENY || header->kexec > IMAGE_CODE_DENY ||
	    header->lockdown > IMAGE_LOCKDOWN_CONFIDENTIALITY ||
	    header->require_lockdown > IMAGE_LOCKDOWN_CONFIDENTIALITY || header->degraded > 1)
		return refuse(reterr_diag, "the image asks for what is not known of the kernel");
	if (header->admitted & ~IMAGE_PROGRAM_KNOWN)
		return refuse(reterr_diag, "the image admits programs that are not known");
	if (ring < IMAGE_RING_MIN_KIB || ring > IMAGE_RING_MAX_KIB || (ring & (ring - 1)))
		return refuse(reterr_diag,
			      "the image asks for a ring of %" PRIu32
			      " KiB: a power of two from %d to %d is allowed",
			      ring, IMAGE_RING_MIN_KIB, IMAGE_RING_MAX_KIB);
	if (header->switches & ~(IMAGE_SWITCHES_ALL | IMAGE_CLOSED_ALL))
		return refuse(reterr_diag, "the image has switches that are not known: 0x%" PRIx32,
			      header->switches);
	if (!is_padded(header->name, sizeof(header->name)) ||
	    !image_policy_name_valid(header->name))
		return refuse(reterr_diag, "the image has no valid policy name");
	return 0;
}

static int check_domains(const void *data, struct diag *reterr_diag)
{
	const struct image_domain *domains = image_domains(data);

	for (uint32_t i = 0; i < image_header(data)->n_domains; i++) {
		const struct image_domain *d = &domains[i];
		uint32_t id;
		int r;

		if (!is_padded(d->name, sizeof(d->name)) || !image_domain_name_valid(d->name))
			return refuse(reterr_diag,
				      "domain %" PRIu32 " of the image has no valid name", i);
		if (!mode_valid(d->mode))
			return refuse(reterr_diag, "domain '%s' has the unknown mode %" PRIu16,
				      d->name, d->mode);

		if (d->hold & ~(IMAGE_HOLD_ALL | IMAGE_CLOSES_SOCKETS))
			return refuse(reterr_diag, "domain '%s' is to hold what is not known: %x",
				      d->name, d->hold);

		r = image_domain_id(d->name, &id);
		if (r < 0)
			return r;
		if (d->id != id)
			return refuse(reterr_diag,
				      "domain '%s' has the id %08" PRIx32
				      ", its name gives %08" PRIx32,
				      d->name, d->id, id);
		if (IMAGE_ENFORCES(d->mode) && !IMAGE_ENFORCES(image_header(data)->mode))
			return refuse(reterr_diag,
				      "domain '%s' enforces and the guard itself does not",
				      d->name);
		if (i > 0 && domains[i - 1].id >= d->id)
			return refuse(reterr_diag, "domain '%s' is out of order or there twice",
				      d->name);
	}
	return 0;
}

/* The launch rule and what belongs to it, and nothing that does not. */
static int check_launch(const void *data, const struct image_executable *e, uint32_t i,
			struct diag *reterr_diag)
{
	bool unit = e->launch == IMAGE_LAUNCH_UNIT, parent = e->launch == IMAGE_LAUNCH_PARENT;

	if (!unit && !parent && e->launch != IMAGE_LAUNCH_ANY && e->launch != IMAGE_LAUNCH_HOLDFAST)
		return refuse(reterr_diag,
			      "executable %" PRIu32 " has the unknown launch rule %" PRIu32, i,
			      e->launch);
	if (!is_padded(e->unit, sizeof(e->unit)) ||
	    (unit ? !image_unit_name_valid(e->unit) : e->unit[0]))
		return refuse(reterr_diag,
			      "executable %" PRIu32 " has a unit that does not fit its launch rule",
			      i);
	if (parent ? !image_domain_find(data, e->launch_domain) : e->launch_domain != 0)
		return refuse(reterr_diag,
			      "executable %" PRIu32
			      " has a parent domain that does not fit its launch rule",
			      i);
	return 0;
}

static int check_executables(const void *data, struct diag *reterr_diag)
{
	const struct image_executable *executables = image_executables(data);

	for (uint32_t i = 0; i < image_header(data)->n_executables; i++) {
		const struct image_executable *e = &executables[i];
		int r;

		if (i > 0 && memcmp(executables[i - 1].digest, e->digest, IMAGE_DIGEST_LEN) >= 0)
			return refuse(reterr_diag,
				      "executable %" PRIu32 " is out of order or there twice", i);
		if (e->size == 0 || e->size > IMAGE_MAX_FILE)
			return refuse(reterr_diag,
				      "executable %" PRIu32 " has %" PRIu64 " bytes, 1 to %" PRIu64
				      " are allowed",
				      i, (uint64_t)e->size, IMAGE_MAX_FILE);
		if (e->pad0 != 0)
			return refuse(reterr_diag,
				      "executable %" PRIu32 " has padding that is not zero", i);
		if (!is_padded(e->path, sizeof(e->path)) ||
		    (e->path[0] && !image_path_valid(e->path)))
			return refuse(reterr_diag, "executable %" PRIu32 " has no valid path", i);
		if (!image_domain_find(data, e->domain))
			return refuse(reterr_diag,
				      "executable %" PRIu32 " belongs to no domain of the image",
				      i);
		r = check_launch(data, e, i, reterr_diag);
		if (r)
			return r;
	}
	return 0;
}

static int check_signed(const void *data, struct diag *reterr_diag)
{
	const struct image_executable *s = image_signed(data);
	int r;

	for (uint32_t i = 0; i < image_header(data)->n_signed; i++) {
		if (!is_zero(s[i].digest, sizeof(s[i].digest)) || s[i].size || s[i].pad0 ||
		    !is_zero(s[i].path, sizeof(s[i].path)))
			return refuse(reterr_diag,
				      "signed executable %" PRIu32 " has a content or a path", i);
		if (!image_domain_find(data, s[i].domain) ||
		    (i > 0 && s[i - 1].domain >= s[i].domain))
			return refuse(reterr_diag,
				      "signed executable %" PRIu32
				      " is of no domain, out of order or there twice",
				      i);
		r = check_launch(data, &s[i], i, reterr_diag);
		if (r)
			return r;
	}
	return 0;
}

/* A domain's id, or an admitted tool's. */
static bool trust_known(const void *data, uint32_t id)
{
	return image_domain_find(data, id) || image_admission_of(data, id);
}

static int check_trusted(const void *data, struct diag *reterr_diag)
{
	const struct image_executable *executables = image_executables(data);
	const struct image_trusted *trusted = image_trusted(data);

	for (uint32_t i = 0; i < image_header(data)->n_trusted; i++) {
		const struct image_trusted *t = &trusted[i];

		if (t->pad0 != 0)
			return refuse(reterr_diag,
				      "trusted file %" PRIu32 " has padding that is not zero", i);
		if (!trust_known(data, t->domain))
			return refuse(reterr_diag,
				      "trusted file %" PRIu32 " belongs to no domain of the image",
				      i);
		if (i > 0) {
			int order = memcmp(t[-1].digest, t->digest, IMAGE_DIGEST_LEN);

			if (order > 0 || (order == 0 && t[-1].domain >= t->domain))
				return refuse(reterr_diag,
					      "trusted file %" PRIu32
					      " is out of order or there twice",
					      i);
		}
	}

	/* Or the label would be given to a task that cannot map its own text. */
	for (uint32_t i = 0; i < image_header(data)->n_executables; i++) {
		if (!image_trusts(data, executables[i].digest, executables[i].domain))
			return refuse(reterr_diag,
				      "executable %" PRIu32 " is not trusted in its own domain", i);
	}
	return 0;
}

static int check_verities(const void *data, struct diag *reterr_diag)
{
	const struct image_verity *v = image_verities(data);

	for (uint32_t i = 0; i < image_header(data)->n_verities; i++) {
		if (i > 0 && memcmp(v[i - 1].verity, v[i].verity, IMAGE_DIGEST_LEN) >= 0)
			return refuse(reterr_diag,
				      "fs-verity digest %" PRIu32 " is out of order or there twice",
				      i);
		if (!image_trusts_any(data, v[i].digest))
			return refuse(reterr_diag,
				      "fs-verity digest %" PRIu32
				      " stands for content that nothing trusts",
				      i);
	}
	return 0;
}

static int check_pins(const void *data, struct diag *reterr_diag)
{
	const struct image_pin *pins = image_pins(data);

	for (uint32_t i = 0; i < image_header(data)->n_pins; i++) {
		const struct image_pin *p = &pins[i];

		if (p->kind > IMAGE_PIN_FILE)
			return refuse(reterr_diag, "pin %" PRIu32 " is of a kind that is not known",
				      i);
		if (!is_padded(p->path, sizeof(p->path)) || !image_pin_valid(p->path))
			return refuse(reterr_diag, "pin %" PRIu32 " has no valid path", i);
		if (!image_domain_find(data, p->domain))
			return refuse(reterr_diag,
				      "pin %" PRIu32 " belongs to no domain of the image", i);
		if (i > 0 && strcmp(p[-1].path, p->path) >= 0)
			return refuse(reterr_diag, "pin %" PRIu32 " is out of order or there twice",
				      i);

		for (uint32_t k = 0; k < i; k++) {
			if (pins[k].domain != p->domain && path_overlaps(pins[k].path, p->path))
				return refuse(reterr_diag,
					      "pin %" PRIu32 " lies within a pin of another domain",
					      i);
		}
	}
	return 0;
}

static int check_files(const void *data, struct diag *reterr_diag)
{
	const struct image_file *files = image_files(data);

	for (uint32_t i = 0; i < image_header(data)->n_files; i++) {
		const struct image_file *f = &files[i];

		if (!is_padded(f->path, sizeof(f->path)) || !image_path_valid(f->path))
			return refuse(reterr_diag, "file %" PRIu32 " has no valid path", i);
		if (i > 0 && strcmp(f[-1].path, f->path) >= 0)
			return refuse(reterr_diag,
				      "file %" PRIu32 " is out of order or there twice", i);
	}
	return 0;
}

/* Each text is where the one before ends, so that none is within another or left over. */
static int check_path(const void *data, uint32_t i, uint32_t *end, struct diag *reterr_diag)
{
	const struct image_admission *a = &image_admissions(data)[i];
	const char *path = image_admission_path(data, a);
	size_t length;

	if (!a->path)
		return 0;
	if (a->path != *end)
		return refuse(reterr_diag,
			      "admission %" PRIu32 " has its path at byte %" PRIu32
			      " of the texts, %" PRIu32 " is next",
			      i, a->path, *end);
	length = strnlen(path, image_header(data)->n_texts - *end);
	if (length == image_header(data)->n_texts - *end || !image_path_valid(path))
		return refuse(reterr_diag, "admission %" PRIu32 " has no valid path", i);
	*end += (uint32_t)length + 1;
	return 0;
}

/* Ids come from digests: one that stands for two would mix up what they may load and map. */
static int check_admission(const void *data, uint32_t i, struct diag *reterr_diag)
{
	const struct image_admission *a = &image_admissions(data)[i];

	if (i > 0 && memcmp(a[-1].digest, a->digest, IMAGE_DIGEST_LEN) >= 0)
		return refuse(reterr_diag, "admission %" PRIu32 " is out of order or there twice",
			      i);
	if (a->size == 0 || a->size > IMAGE_MAX_FILE)
		return refuse(reterr_diag,
			      "admission %" PRIu32 " has %" PRIu64 " bytes, 1 to %" PRIu64
			      " are allowed",
			      i, (uint64_t)a->size, IMAGE_MAX_FILE);
	if (!a->programs || a->programs & ~IMAGE_PROGRAM_KNOWN)
		return refuse(reterr_diag,
			      "admission %" PRIu32 " names no programs, or unknown ones", i);
	if (a->id != image_admission_id(a->digest) || image_domain_find(data, a->id))
		return refuse(reterr_diag,
			      "admission %" PRIu32
			      " does not have the id of its digest, or a domain's",
			      i);
	if (image_admission_of(data, a->id) != a)
		return refuse(reterr_diag,
			      "admission %" PRIu32 " is not in its slot, or shares its id", i);
	if (a->pad0 != 0)
		return refuse(reterr_diag, "admission %" PRIu32 " has padding that is not zero", i);
	if (!image_trusts(data, a->digest, a->id))
		return refuse(reterr_diag, "admission %" PRIu32 " is not trusted in its own tool",
			      i);
	return 0;
}

static int check_admissions(const void *data, struct diag *reterr_diag)
{
	const struct image_header *header = image_header(data);
	const char *texts = (const char *)data + IMAGE_OFF_TEXTS(header);
	uint32_t end = 1;
	int r;

	for (uint32_t i = 0; i < header->n_admissions; i++) {
		r = check_admission(data, i, reterr_diag);
		if (!r)
			r = check_path(data, i, &end, reterr_diag);
		if (r)
			return r;
	}
	if (texts[0] || header->n_texts - end >= 8 || !is_zero(texts + end, header->n_texts - end))
		return refuse(
			reterr_diag,
			"the image's texts are not those of its admissions: compile it again");
	return 0;
}

static int check_required(const void *data, struct diag *reterr_diag)
{
	const struct image_header *header = image_header(data);

	for (uint32_t i = 0; i < header->n_required; i++) {
		const struct image_name *name = image_required(data, i);

		if (!is_padded(name->text, sizeof(name->text)) || !image_check_valid(name->text))
			return refuse(reterr_diag,
				      "required check %" PRIu32 " of the image has no valid name",
				      i);
		if (i > 0 && strcmp(name[-1].text, name->text) >= 0)
			return refuse(reterr_diag,
				      "required check %" PRIu32 " is out of order or there twice",
				      i);
	}
	return 0;
}

static int check_slots(const void *data, struct diag *reterr_diag)
{
	size_t size = image_header(data)->n_slots * sizeof(uint32_t);
	_cleanup_free_ uint32_t *slots = malloc(size ? size : 1);

	if (!slots)
		return -ENOMEM;
	if (!image_index(data, slots) || memcmp(slots, image_slot_table(data), size) != 0)
		return refuse(reterr_diag, "the image's slots do not match its admissions");
	return 0;
}

static int check_size_filter(const struct image_header *header, struct diag *reterr_diag)
{
	uint64_t filter[IMAGE_FILTER_WORDS];

	image_size_filter(header, filter);
	if (memcmp(filter, header->size_filter, sizeof(filter)) != 0)
		return refuse(reterr_diag,
			      "the image's size filter does not match its executables");
	return 0;
}

int image_check(const void *data, size_t size, struct diag *reterr_diag)
{
	static int (*const tables[])(const void *data, struct diag *reterr_diag) = {
		check_domains,	check_executables, check_trusted,  check_pins,
		check_files,	check_admissions,  check_slots,	   image_check_limits,
		check_verities, check_signed,	   check_required,
	};
	int r;

	if ((uintptr_t)data % 8)
		return -EINVAL;

	r = check_frame(data, size, reterr_diag);
	if (r)
		return r;
	r = check_digest(data, size, reterr_diag);
	if (r)
		return r;
	r = check_header(data, reterr_diag);
	if (r)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		r = tables[i](data, reterr_diag);
		if (r)
			return r;
	}
	return check_size_filter(data, reterr_diag);
}
