// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * image_weakens(): one function for each way in which a new image can permit more than the old one.
 * Pure: both images have been checked, nothing is written. When in doubt, a change weakens. Each
 * function tells all that it finds and ends as soon as whoever listens has heard enough.
 */

#include <inttypes.h>
#include <string.h>

#include "base/diag.h"
#include "base/hex.h"
#include "base/path.h"
#include "base/size.h"
#include "policy/image-check.h"

/* Who listens to reasons, and whether the first is enough. */
struct listener {
	image_reason_fn *hear; /* NULL: only the first counts, it is in reason */
	void *context;
	struct diag *reason;
	bool any;
};

static bool heard_enough(struct listener *listener)
{
	listener->any = true;
	if (listener->hear)
		listener->hear(listener->context, listener->reason->text);
	return !listener->hear;
}

#define weakens(to, ...) (diag_set((to)->reason, NULL, 0, 0, __VA_ARGS__), heard_enough(to))

static const char *domain_name(const void *image, uint32_t id)
{
	const struct image_domain *d = image_domain_find(image, id);

	return d ? d->name : "?";
}

static const char *executable_name(const struct image_executable *e)
{
	return e->path[0] ? e->path : "(named by digest)";
}

static bool mode_lowered(const void *old, const void *new, struct listener *to)
{
	const struct image_domain *domains = image_domains(old);

	if (image_header(new)->mode < image_header(old)->mode &&
	    weakens(to, "the policy's mode goes from %s to %s",
		    image_mode_name(image_header(old)->mode),
		    image_mode_name(image_header(new)->mode)))
		return true;

	for (uint32_t i = 0; i < image_header(old)->n_domains; i++) {
		const struct image_domain *d = image_domain_find(new, domains[i].id);

		bool gone = !d || strcmp(d->name, domains[i].name) != 0;

		if (gone && weakens(to, "the domain '%s' is gone", domains[i].name))
			return true;
		if (!gone && d->mode < domains[i].mode &&
		    weakens(to, "the mode of the domain '%s' goes from %s to %s", d->name,
			    image_mode_name(domains[i].mode), image_mode_name(d->mode)))
			return true;
	}
	return false;
}

static bool launch_changed(const struct image_executable *a, const struct image_executable *b)
{
	return a->launch != b->launch || a->launch_domain != b->launch_domain ||
	       memcmp(a->unit, b->unit, sizeof(a->unit)) != 0;
}

static bool executable_gained(const void *old, const void *new, struct listener *to)
{
	const struct image_executable *executables = image_executables(new);

	for (uint32_t i = 0; i < image_header(new)->n_executables; i++) {
		const struct image_executable *e = &executables[i];
		const struct image_executable *before = image_executable_find(old, e->digest);

		if (before && before->domain != e->domain &&
		    weakens(to, "the executable '%s' moves from the domain '%s' to '%s'",
			    executable_name(e), domain_name(old, before->domain),
			    domain_name(new, e->domain)))
			return true;
		if (before && launch_changed(before, e) &&
		    weakens(to, "the launch rule of '%s' in the domain '%s' changes",
			    executable_name(e), domain_name(new, e->domain)))
			return true;
		if (!before && image_domain_find(old, e->domain) &&
		    weakens(to, "the domain '%s' gains the executable '%s'",
			    domain_name(new, e->domain), executable_name(e)))
			return true;
	}
	return false;
}

static bool trusted_gained(const void *old, const void *new, struct listener *to)
{
	const struct image_trusted *trusted = image_trusted(new);

	for (uint32_t i = 0; i < image_header(new)->n_trusted; i++) {
		const struct image_trusted *t = &trusted[i];

		if (image_domain_find(old, t->domain) && !image_trusts(old, t->digest, t->domain) &&
		    weakens(to, "the domain '%s' gains a trusted file",
			    domain_name(new, t->domain)))
			return true;
	}
	return false;
}

static bool pin_lost(const void *old, const void *new, struct listener *to)
{
	const struct image_pin *pins = image_pins(old);

	for (uint32_t i = 0; i < image_header(old)->n_pins; i++) {
		const struct image_pin *after = image_pin_find(new, pins[i].path);

		if ((!after || after->kind != pins[i].kind) &&
		    weakens(to, "the domain '%s' loses the %s '%s'",
			    domain_name(old, pins[i].domain), image_pin_word(&pins[i]),
			    pins[i].path))
			return true;
		if (after && after->domain != pins[i].domain &&
		    weakens(to, "the %s '%s' moves from the domain '%s' to '%s'",
			    image_pin_word(&pins[i]), pins[i].path,
			    domain_name(old, pins[i].domain), domain_name(new, after->domain)))
			return true;
	}
	return false;
}

/*
 * An image never nests one domain's pin in another's, and pin_lost() keeps the old ones where they
 * are: this holds already. It is asked again because it is cheap and those two may change.
 */
static bool pin_invaded(const void *old, const void *new, struct listener *to)
{
	const struct image_pin *before = image_pins(old), *after = image_pins(new);

	for (uint32_t i = 0; i < image_header(new)->n_pins; i++) {
		for (uint32_t k = 0; k < image_header(old)->n_pins; k++) {
			if (after[i].domain != before[k].domain &&
			    path_overlaps(after[i].path, before[k].path) &&
			    weakens(to, "'%s' reaches with '%s' into the pin '%s' of '%s'",
				    domain_name(new, after[i].domain), after[i].path,
				    before[k].path, domain_name(old, before[k].domain)))
				return true;
		}
	}
	return false;
}

/*
 * It touches nobody's, but whoever has a domain is out of everybody's reach, the operator's too: an
 * attacker's tools would be well kept there.
 */
static bool domain_gained(const void *old, const void *new, struct listener *to)
{
	const struct image_domain *domains = image_domains(new);

	for (uint32_t i = 0; i < image_header(new)->n_domains; i++) {
		if (!image_domain_find(old, domains[i].id) &&
		    weakens(to, "the domain '%s' is new", domains[i].name))
			return true;
	}
	return false;
}

static bool admits_more(const void *old, const void *new, struct listener *to)
{
	uint64_t gained = image_header(new)->admitted & ~image_header(old)->admitted;

	for (; gained; gained &= gained - 1) {
		if (weakens(to, "anybody may load programs of the kind '%s'",
			    image_program_name(gained)))
			return true;
	}
	return false;
}

static const char *admission_name(const void *image, const struct image_admission *a)
{
	return a->path ? image_admission_path(image, a) : "(named by digest)";
}

static bool admission_gained(const void *old, const void *new, struct listener *to)
{
	const struct image_admission *admissions = image_admissions(new);

	for (uint32_t i = 0; i < image_header(new)->n_admissions; i++) {
		const struct image_admission *a = &admissions[i];
		const struct image_admission *before = image_admission_find(old, a->digest);
		uint64_t gained = a->programs & ~(before ? before->programs : 0) &
				  ~image_header(old)->admitted;

		if (gained == IMAGE_PROGRAM_LAUNCH) {
			if (weakens(to, "'%s' is taken for PID 1's own, before a unit's program",
				    admission_name(new, a)))
				return true;
			continue;
		}
		for (; gained; gained &= gained - 1) {
			if (weakens(to, "'%s' may load programs of the kind '%s'",
				    admission_name(new, a), image_program_name(gained)))
				return true;
		}
	}
	return false;
}

static bool limits_loosened(const void *old, const void *new, struct listener *to)
{
	const struct image_admission *admissions = image_admissions(new);
	const char *what = image_limits_exceed(old, NULL, new, NULL);

	if (what && weakens(to, "anybody without a rule may %s", what))
		return true;
	for (uint32_t i = 0; i < image_header(new)->n_admissions; i++) {
		const struct image_admission *a = &admissions[i];

		what = image_limits_exceed(old, image_admission_find(old, a->digest), new, a);
		if (what && weakens(to, "'%s' may %s", admission_name(new, a), what))
			return true;
	}
	admissions = image_admissions(old);
	for (uint32_t i = 0; i < image_header(old)->n_admissions; i++) {
		const struct image_admission *a = &admissions[i];

		if (image_admission_find(new, a->digest))
			continue;
		what = image_limits_exceed(old, a, new, NULL);
		if (what &&
		    weakens(to, "'%s', which loses its rule, may %s", admission_name(old, a), what))
			return true;
	}
	return false;
}

/* What an admitted tool may map is what speaks for it. */
static bool admission_trusts_more(const void *old, const void *new, struct listener *to)
{
	const struct image_trusted *trusted = image_trusted(new);

	for (uint32_t i = 0; i < image_header(new)->n_trusted; i++) {
		const struct image_trusted *t = &trusted[i];
		const struct image_admission *a = image_admission_of(old, t->domain);

		if (a && !image_trusts(old, t->digest, a->id) &&
		    weakens(to, "the admitted '%s' gains a trusted file", admission_name(old, a)))
			return true;
	}
	return false;
}

/* What has a digest is in the image; what is signed is whatever the key's owner signs. */
static bool signed_gained(const void *old, const void *new, struct listener *to)
{
	const struct image_executable *s = image_signed(new);

	for (uint32_t i = 0; i < image_header(new)->n_signed; i++) {
		const struct image_executable *before = image_signed_find(old, s[i].domain);

		if (!before && image_domain_find(old, s[i].domain) &&
		    weakens(to, "the domain '%s' takes executables that are signed",
			    domain_name(new, s[i].domain)))
			return true;
		if (before && launch_changed(before, &s[i]) &&
		    weakens(to, "the launch rule of what is signed for the domain '%s' changes",
			    domain_name(new, s[i].domain)))
			return true;
	}
	return false;
}

/*
 * Nobody here can tell that such a digest is of that content. For content that is new as well it is
 * nothing more to say.
 */
static bool verity_gained(const void *old, const void *new, struct listener *to)
{
	const struct image_verity *verities = image_verities(new);

	for (uint32_t i = 0; i < image_header(new)->n_verities; i++) {
		const struct image_verity *before = image_verity_find(old, verities[i].verity);
		char digest[2 * IMAGE_DIGEST_LEN + 1];

		if (!image_trusts_any(old, verities[i].digest) ||
		    (before && memcmp(before->digest, verities[i].digest, IMAGE_DIGEST_LEN) == 0))
			continue;
		hex_encode(verities[i].digest, IMAGE_DIGEST_LEN, digest);
		if (weakens(to, "the content sha256:%.12s... is known by another fs-verity digest",
			    digest))
			return true;
	}
	return false;
}

static bool switch_opened(const void *old, const void *new, struct listener *to)
{
	uint32_t opened = image_switches_open(image_header(new)->switches) &
			  ~image_switches_open(image_header(old)->switches);

	for (size_t i = 0; i < ARRAY_SIZE(image_switches); i++) {
		if ((opened & image_switches[i].group) &&
		    weakens(to, "the switches '%s' are opened", image_switches[i].name))
			return true;
	}
	return false;
}

/* What keeps a guard from coming up. Where one is up it says so, and that is all. */
static bool requirement_dropped(const void *old, const void *new, struct listener *to)
{
	const struct image_header *a = image_header(old), *b = image_header(new);

	if (b->require_lockdown < a->require_lockdown &&
	    weakens(to, "less lockdown is required of the kernel"))
		return true;
	if (b->degraded > a->degraded &&
	    weakens(to, "a guard comes up where what is required of the kernel is not so"))
		return true;
	for (uint32_t i = 0; i < a->n_required; i++) {
		const char *check = image_required(old, i)->text;

		if (!image_requires(new, check) && weakens(to, "'%s' is no longer required", check))
			return true;
	}
	return false;
}

static bool kernel_loosened(const void *old, const void *new, struct listener *to)
{
	const struct image_header *a = image_header(old), *b = image_header(new);

	if (b->modules < a->modules && weakens(to, "strangers load more kernel modules"))
		return true;
	if (b->kexec < a->kexec && weakens(to, "strangers boot more kernels by kexec"))
		return true;
	if (b->lockdown < a->lockdown &&
	    weakens(to, "strangers are held to less lockdown by the guard"))
		return true;
	return requirement_dropped(old, new, to);
}

static bool hold_loosened(const void *old, const void *new, struct listener *to)
{
	const struct image_domain *domains = image_domains(old);

	for (uint32_t i = 0; i < image_header(old)->n_domains; i++) {
		const struct image_domain *d = image_domain_find(new, domains[i].id);

		if (d && domains[i].hold & ~d->hold & IMAGE_CLOSES_SOCKETS &&
		    weakens(to, "the sockets of the domain '%s' are open", d->name))
			return true;
		if (d && domains[i].hold & ~d->hold & IMAGE_HOLD_ALL &&
		    weakens(to, "the domain '%s' no longer holds its %s", d->name,
			    image_hold_name(domains[i].hold & ~d->hold)))
			return true;
	}
	return false;
}

static bool ask(const void *old, const void *new, struct listener *to)
{
	static bool (*const ways[])(const void *old, const void *new, struct listener *to) = {
		mode_lowered,	 executable_gained,	trusted_gained,	 pin_lost,
		pin_invaded,	 domain_gained,		admits_more,	 admission_gained,
		limits_loosened, admission_trusts_more, switch_opened,	 hold_loosened,
		verity_gained,	 signed_gained,		kernel_loosened,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (ways[i](old, new, to))
			return true;
	}
	return to->any;
}

static bool rolls_back(const void *old, const void *new, struct diag *reterr_diag)
{
	if (image_header(new)->version >= image_header(old)->version)
		return false;
	diag_set(reterr_diag, NULL, 0, 0,
		 "the policy's version goes down from %" PRIu64 " to %" PRIu64
		 ": raise metadata.version and compile again",
		 (uint64_t)image_header(old)->version, (uint64_t)image_header(new)->version);
	return true;
}

enum image_change image_weakens(const void *old, const void *new, struct diag *reterr_diag)
{
	struct listener first = {.reason = reterr_diag};

	if (rolls_back(old, new, reterr_diag))
		return IMAGE_CHANGE_ROLLBACK;
	return ask(old, new, &first) ? IMAGE_CHANGE_WEAKENS : IMAGE_CHANGE_NONE;
}

enum image_change image_weakenings(const void *old, const void *new, image_reason_fn *hear,
				   void *context)
{
	struct diag reason = {0};
	struct listener all = {.hear = hear, .context = context, .reason = &reason};
	bool back = rolls_back(old, new, &reason);

	if (back)
		hear(context, reason.text);
	if (ask(old, new, &all) && !back)
		return IMAGE_CHANGE_WEAKENS;
	return back ? IMAGE_CHANGE_ROLLBACK : IMAGE_CHANGE_NONE;
}
