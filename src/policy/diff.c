// SPDX-License-Identifier: LGPL-2.1-or-later
/* See diff.h. */

#include "policy/diff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/size.h"

struct differ {
	const void *old, *new;
	struct diff diff;
	bool failed;
};

void diff_done(struct diff *diff)
{
	for (size_t i = 0; i < diff->n_lines; i++)
		free(diff->lines[i].text);
	free(diff->lines);
	*diff = (struct diff){0};
}

static void add_line(struct differ *d, bool weakens, const char *text)
{
	struct diff_line *line;

	for (size_t i = 0; i < d->diff.n_lines; i++) {
		line = &d->diff.lines[i];
		if (line->weakens == weakens && strcmp(line->text, text) == 0) {
			line->times++;
			return;
		}
	}
	if (array_grow(&d->diff.lines, d->diff.n_lines, sizeof(*d->diff.lines)) < 0) {
		d->failed = true;
		return;
	}
	line = &d->diff.lines[d->diff.n_lines];
	*line = (struct diff_line){.text = strdup(text), .weakens = weakens, .times = 1};
	if (line->text)
		d->diff.n_lines++;
	else
		d->failed = true;
}

static void hear(void *context, const char *text)
{
	add_line(context, true, text);
}

static void tell(struct differ *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct differ *d, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_line(d, false, text);
}

static void diff_switches(struct differ *d)
{
	uint32_t closed = image_switches_open(image_header(d->old)->switches) &
			  ~image_switches_open(image_header(d->new)->switches);
	char names[192] = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(image_switches); i++) {
		if (closed & image_switches[i].group)
			n += (size_t)snprintf(names + n, sizeof(names) - n, " %s",
					      image_switches[i].name);
	}
	if (closed)
		tell(d, "switches are closed:%s", names);
}

static void diff_kernel(struct differ *d)
{
	const struct image_header *old = image_header(d->old), *new = image_header(d->new);

	if (new->modules > old->modules)
		tell(d, "strangers load fewer kernel modules");
	if (new->kexec > old->kexec)
		tell(d, "strangers boot fewer kernels by kexec");
	if (new->lockdown > old->lockdown)
		tell(d, "strangers are held to more lockdown by the guard");
	if (new->require_lockdown > old->require_lockdown)
		tell(d, "more lockdown is required of the kernel");
	if (new->degraded < old->degraded)
		tell(d, "no guard comes up where what is required of the kernel is not so");
	for (uint32_t i = 0; i < new->n_required; i++) {
		if (!image_requires(d->old, image_required(d->new, i)->text))
			tell(d, "'%s' is required of the host", image_required(d->new, i)->text);
	}
}

static void diff_header(struct differ *d)
{
	const struct image_header *old = image_header(d->old), *new = image_header(d->new);

	if (strcmp(old->name, new->name) != 0)
		tell(d, "the policy's name goes from '%s' to '%s'", old->name, new->name);
	if (new->version > old->version)
		tell(d, "the policy's version goes up from %" PRIu64 " to %" PRIu64,
		     (uint64_t)old->version, (uint64_t) new->version);
	if (new->mode > old->mode)
		tell(d, "the policy's mode goes from %s to %s", image_mode_name(old->mode),
		     image_mode_name(new->mode));
	if (old->ring_kib != new->ring_kib)
		tell(d, "the room for events goes from %u to %u KiB", old->ring_kib, new->ring_kib);
	for (uint64_t lost = old->admitted & ~new->admitted; lost; lost &= lost - 1)
		tell(d, "not anybody may load programs of the kind '%s' any more",
		     image_program_name(lost));
	diff_switches(d);
	diff_kernel(d);
}

static void diff_domains(struct differ *d)
{
	const struct image_domain *domains = image_domains(d->new);

	for (uint32_t i = 0; i < image_header(d->new)->n_domains; i++) {
		const struct image_domain *before = image_domain_find(d->old, domains[i].id);

		if (before && domains[i].hold & ~before->hold & IMAGE_CLOSES_SOCKETS)
			tell(d, "the domain '%s' closes its sockets", domains[i].name);
		if (before && domains[i].hold & ~before->hold & IMAGE_HOLD_ALL)
			tell(d, "the domain '%s' holds its %s when its tasks have ended",
			     domains[i].name, image_hold_name(domains[i].hold & ~before->hold));
		if (before && domains[i].mode > before->mode)
			tell(d, "the mode of the domain '%s' goes from %s to %s", domains[i].name,
			     image_mode_name(before->mode), image_mode_name(domains[i].mode));
	}
}

static const char *name_of(const void *image, uint32_t id)
{
	const struct image_domain *d = image_domain_find(image, id);

	return d ? d->name : "?";
}

static const char *path_of(const char *path)
{
	return path[0] ? path : "(named by digest)";
}

/* Of domains that stay: one that goes or comes takes all of its own with it. */
static bool stays(const struct differ *d, uint32_t id)
{
	return image_domain_find(d->old, id) && image_domain_find(d->new, id);
}

static void diff_executables(struct differ *d)
{
	const struct image_executable *old = image_executables(d->old),
				      *new = image_executables(d->new);

	for (uint32_t i = 0; i < image_header(d->old)->n_executables; i++) {
		if (stays(d, old[i].domain) && !image_executable_find(d->new, old[i].digest))
			tell(d, "the domain '%s' loses the executable '%s'",
			     name_of(d->old, old[i].domain), path_of(old[i].path));
	}
	for (uint32_t i = 0; i < image_header(d->new)->n_executables; i++) {
		const struct image_executable *before =
			image_executable_find(d->old, new[i].digest);

		if (!before && !image_domain_find(d->old, new[i].domain))
			tell(d, "the new domain '%s' has the executable '%s'",
			     name_of(d->new, new[i].domain), path_of(new[i].path));
		else if (before && strcmp(before->path, new[i].path) != 0)
			tell(d, "the executable '%s' is named '%s'", path_of(before->path),
			     path_of(new[i].path));
	}
}

static void diff_trusted(struct differ *d)
{
	const struct image_trusted *old = image_trusted(d->old), *new = image_trusted(d->new);

	for (uint32_t i = 0; i < image_header(d->old)->n_trusted; i++) {
		if (stays(d, old[i].domain) && !image_trusts(d->new, old[i].digest, old[i].domain))
			tell(d, "the domain '%s' loses a trusted file",
			     name_of(d->old, old[i].domain));
	}
	for (uint32_t i = 0; i < image_header(d->new)->n_trusted; i++) {
		if (!image_domain_find(d->old, new[i].domain) &&
		    image_domain_find(d->new, new[i].domain))
			tell(d, "the new domain '%s' has a trusted file",
			     name_of(d->new, new[i].domain));
	}
}

static void diff_pins(struct differ *d)
{
	const struct image_pin *pins = image_pins(d->new);

	for (uint32_t i = 0; i < image_header(d->new)->n_pins; i++) {
		if (!image_pin_find(d->old, pins[i].path))
			tell(d, "the domain '%s' gains the %s '%s'",
			     name_of(d->new, pins[i].domain), image_pin_word(&pins[i]),
			     pins[i].path);
	}
}

static const char *tool_of(const void *image, const struct image_admission *a)
{
	return path_of(image_admission_path(image, a));
}

/* What a tool may load beside what anybody may: less, or no difference since anybody may. */
static void diff_admissions(struct differ *d)
{
	const struct image_admission *old = image_admissions(d->old),
				     *new = image_admissions(d->new);

	for (uint32_t i = 0; i < image_header(d->old)->n_admissions; i++) {
		const struct image_admission *after = image_admission_find(d->new, old[i].digest);
		uint64_t lost = old[i].programs & ~(after ? after->programs : 0);

		for (; lost; lost &= lost - 1)
			tell(d, "'%s' has no rule any more for programs of the kind '%s'",
			     tool_of(d->old, &old[i]), image_program_name(lost));
		if (after && image_limits_exceed(d->new, after, d->old, &old[i]))
			tell(d, "the limits of '%s' are narrower", tool_of(d->old, &old[i]));
	}
	if (image_limits_exceed(d->new, NULL, d->old, NULL))
		tell(d, "the limits of who has no rule are narrower");
	for (uint32_t i = 0; i < image_header(d->old)->n_trusted; i++) {
		const struct image_trusted *t = &image_trusted(d->old)[i];
		const struct image_admission *a = image_admission_of(d->old, t->domain);

		if (a && image_admission_of(d->new, t->domain) &&
		    !image_trusts(d->new, t->digest, t->domain))
			tell(d, "the admitted '%s' loses a trusted file", tool_of(d->old, a));
	}
	for (uint32_t i = 0; i < image_header(d->new)->n_admissions; i++) {
		if (!image_admission_find(d->old, new[i].digest))
			tell(d, "'%s' has a new rule of admission", tool_of(d->new, &new[i]));
	}
}

/* Files that holdfastd measures: a path that comes or goes, with no content that does. */
static void diff_rest(struct differ *d)
{
	if (d->diff.n_lines == 0 &&
	    memcmp(image_header(d->old)->digest, image_header(d->new)->digest, IMAGE_DIGEST_LEN))
		tell(d, "the same is permitted, of files with other paths");
}

int diff_images(const void *old, const void *new, struct diff *ret_diff)
{
	struct differ d = {.old = old, .new = new};

	d.diff.change = image_weakenings(old, new, hear, &d);
	d.diff.secret = d.diff.change == IMAGE_CHANGE_WEAKENS &&
			IMAGE_ENFORCES(image_header(old)->mode);
	diff_header(&d);
	diff_domains(&d);
	diff_executables(&d);
	diff_trusted(&d);
	diff_pins(&d);
	diff_admissions(&d);
	diff_rest(&d);
	if (d.failed) {
		diff_done(&d.diff);
		return -ENOMEM;
	}
	*ret_diff = d.diff;
	return 0;
}
