// SPDX-License-Identifier: LGPL-2.1-or-later
/* See guard-status.h. */

#include "cli/guard-status.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "base/size.h"
#include "guard/protocol.h"
#include "policy/image-check.h"

static const char *launch_text(const void *image, const struct image_executable *e, char *buffer,
			       size_t size)
{
	const struct image_domain *parent = image_domain_find(image, e->launch_domain);

	switch (e->launch) {
	case IMAGE_LAUNCH_ANY:
		return "any";
	case IMAGE_LAUNCH_HOLDFAST:
		return "holdfast";
	case IMAGE_LAUNCH_UNIT:
		(void)snprintf(buffer, size, "unit %s", e->unit);
		return buffer;
	case IMAGE_LAUNCH_PARENT:
		(void)snprintf(buffer, size, "parent %s", parent ? parent->name : "?");
		return buffer;
	default:
		return "?";
	}
}

static const struct protocol_domain *find_counts(const struct protocol_state *state, uint32_t id)
{
	static const struct protocol_domain none;

	for (uint32_t i = 0; i < state->n_domains; i++) {
		if (state->domains[i].id == id)
			return &state->domains[i];
	}
	return &none;
}

bool guard_picture_ok(const struct guard_picture *picture)
{
	return picture->state && picture->state->up && picture->state->armed;
}

static void print_counts(FILE *file, const struct protocol_domain *c)
{
	(void)fprintf(file, "tasks %u, maps %u, programs %u, links %u\n", c->tasks, c->maps,
		      c->progs, c->links);
}

/* Seconds from now on; 0 if it is over. */
static uint64_t seconds_until(uint64_t boot_ns)
{
	struct timespec now;
	uint64_t now_ns;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	return boot_ns > now_ns ? (boot_ns - now_ns) / 1000000000u : 0;
}

static const char *observes_text(uint32_t observes)
{
	switch (observes) {
	case PROTOCOL_OBSERVES_BOOT:
		return "nothing is refused: the boot prompt said holdfast=observe (K13)";
	case PROTOCOL_OBSERVES_UNCONFIRMED:
		return "nothing is refused: nobody confirmed in time";
	default:
		return NULL;
	}
}

static void print_released(FILE *file, uint64_t until_ns)
{
	if (until_ns == UINT64_MAX)
		(void)fprintf(file, "  released: only observed, until `holdfast release --end`\n");
	else if (until_ns)
		(void)fprintf(file, "  released: only observed, for another %" PRIu64 " s\n",
			      seconds_until(until_ns));
}

/* In the order of their worth. */
static const struct {
	uint32_t way;
	const char *name;
} ways[] = {
	{PROTOCOL_WAY_VERITY, "fs-verity"},
	{PROTOCOL_WAY_SIGNED, "signature"},
	{PROTOCOL_WAY_HASHED, "hash"},
	{PROTOCOL_WAY_SEALED, "seal"},
	{PROTOCOL_WAY_UNKNOWN, "a guard before this one"},
};

/* Not named by its content, but by who signs it. */
static bool is_signed(const struct image_executable *e)
{
	return e->size == 0;
}

/* How the kernel knew the content of who runs it; 0: nobody does. */
static uint32_t find_ways(const struct protocol_state *state, const struct image_executable *e)
{
	uint32_t mark = e->domain;

	if (!is_signed(e))
		memcpy(&mark, e->digest, sizeof(mark));
	for (uint32_t i = 0; i < state->n_contents; i++) {
		if (state->contents[i].mark == mark)
			return state->contents[i].ways;
	}
	return 0;
}

static void print_ways(FILE *file, uint32_t known)
{
	const char *before = ", content known by ";

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!(known & ways[i].way))
			continue;
		(void)fprintf(file, "%s%s", before, ways[i].name);
		before = ", ";
	}
	(void)fputc('\n', file);
}

static void print_executable(FILE *file, const struct guard_picture *picture,
			     const struct image_executable *e)
{
	char digest[2 * IMAGE_DIGEST_LEN + 1], text[IMAGE_UNIT_LEN + 8];
	const char *launch = launch_text(picture->image, e, text, sizeof(text));

	hex_encode(e->digest, sizeof(e->digest), digest);
	if (is_signed(e))
		(void)fprintf(file, "  executables that are signed (launch: %s)", launch);
	else
		(void)fprintf(file, "  executable %s (sha256:%.12s..., launch: %s)",
			      e->path[0] ? e->path : "any path", digest, launch);
	print_ways(file, find_ways(picture->state, e));
}

static void print_domain(FILE *file, const struct guard_picture *picture,
			 const struct image_domain *domain)
{
	const struct image_header *h = image_header(picture->image);
	const struct image_executable *executables = image_executables(picture->image);
	const struct image_pin *pins = image_pins(picture->image);

	(void)fprintf(file, "domain    %s, %s: ", domain->name, image_mode_name(domain->mode));
	print_counts(file, find_counts(picture->state, domain->id));
	print_released(file, find_counts(picture->state, domain->id)->released_ns);
	if (domain->hold & IMAGE_CLOSES_SOCKETS)
		(void)fprintf(file, "  sockets closed\n");
	if (domain->hold & IMAGE_HOLD_ALL)
		(void)fprintf(file, "  holds %s\n", image_hold_name(domain->hold));
	for (uint32_t i = 0; i < h->n_executables; i++) {
		if (executables[i].domain == domain->id)
			print_executable(file, picture, &executables[i]);
	}
	if (image_signed_find(picture->image, domain->id))
		print_executable(file, picture, image_signed_find(picture->image, domain->id));
	for (uint32_t i = 0; i < h->n_pins; i++) {
		if (pins[i].domain == domain->id)
			(void)fprintf(file, "  %s %s\n", image_pin_word(&pins[i]), pins[i].path);
	}
}

static void print_trust(FILE *file, const struct protocol_state *state)
{
	time_t since = (time_t)state->mark_since;
	char day[32] = "?";
	struct tm tm;

	(void)fprintf(file, "trust     a policy must be signed%s\n",
		      state->trust == PROTOCOL_TRUST_VOID ? ", and none can be any more" : "");
	if (gmtime_r(&since, &tm))
		(void)strftime(day, sizeof(day), "%Y-%m-%d %H:%M UTC", &tm);
	if (state->mark_version)
		(void)fprintf(file,
			      "versions  none below %" PRIu64
			      " at a boot either, remembered since %s\n",
			      state->mark_version, day);
}

/* As admission.signature has it. */
static const char *signature_word(const struct image_header *h)
{
	if (h->admitted & IMAGE_PROGRAM_UNSIGNED)
		return "optional";
	return h->admitted & IMAGE_PROGRAM_SYSTEM_SIGNED ? "required" : "trusted";
}

/* Who signs policies signs programs: by which keyring, a loader has to say. */
static void print_signature(FILE *file, const struct guard_picture *picture)
{
	const struct image_header *h = image_header(picture->image);

	if (h->admitted & IMAGE_PROGRAM_UNSIGNED)
		return;
	(void)fprintf(file, "signature %s: strangers' programs are signed by ", signature_word(h));
	if (h->admitted & IMAGE_PROGRAM_SYSTEM_SIGNED)
		(void)fprintf(file, "a keyring of the kernel's%s",
			      picture->state->keyring ? " or " : "");
	if (picture->state->keyring)
		(void)fprintf(file, "keyring %u", picture->state->keyring);
	else if (!(h->admitted & IMAGE_PROGRAM_SYSTEM_SIGNED))
		(void)fprintf(file, "nobody: the guard came up without --trust");
	(void)fprintf(file, "\n");
}

static void print_policy(FILE *file, const struct guard_picture *picture)
{
	const struct image_header *h = image_header(picture->image);
	const struct image_domain *domains = image_domains(picture->image);
	char digest[2 * IMAGE_DIGEST_LEN + 1];

	hex_encode(h->digest, sizeof(h->digest), digest);
	if (observes_text(picture->state->observes))
		(void)fprintf(file, "mode      observe; %s\n",
			      observes_text(picture->state->observes));
	else
		(void)fprintf(file, "mode      %s\n", image_mode_name(h->mode));
	if (picture->state->confirm_ns)
		(void)fprintf(file, "confirm   within %" PRIu64 " s, or it only observes\n",
			      seconds_until(picture->state->confirm_ns));
	(void)fprintf(file, "policy    %s, version %" PRIu64 ", sha256:%s\n", h->name,
		      (uint64_t)h->version, digest);
	if (picture->state->trust)
		print_trust(file, picture->state);
	print_signature(file, picture);
	for (uint32_t i = 0; i < h->n_domains; i++)
		print_domain(file, picture, &domains[i]);
}

static void print_state(FILE *file, const struct guard_picture *picture)
{
	const struct protocol_state *state = picture->state;
	char digest[2 * PROTOCOL_DIGEST_LEN + 1];

	(void)fprintf(file, "guard     %s\n", state->armed ? "up, armed" : "up, NOT armed");
	if (picture->image)
		print_policy(file, picture);
	(void)fprintf(file, "self      ");
	print_counts(file, find_counts(state, DOMAIN_SELF));
	hex_encode(state->daemon, sizeof(state->daemon), digest);
	(void)fprintf(file, "daemon    sha256:%s\n", digest);
	if (state->next_set) {
		hex_encode(state->next, sizeof(state->next), digest);
		(void)fprintf(file, "admitted  sha256:%s, to follow it\n", digest);
	}
	(void)fprintf(file, "identity  %s\n",
		      state->ima ? "hashed by the kernel at exec"
				 : "measured by holdfastd (this kernel does not hash at exec)");
	(void)fprintf(file, "operator  %s, wrong secrets %" PRIu64 "\n",
		      state->operator_set ? "secret is set" : "no secret is set",
		      state->wrong_secrets);
	if (state->armed_ns)
		(void)fprintf(file, "armed in  %" PRIu64 " ms\n", state->armed_ns / 1000000);
	if (state->proof_ns)
		(void)fprintf(file, "proof     %u of %u acts refused\n", state->proof_refused,
			      state->proof_acts);
	(void)fprintf(file,
		      "events    newest %" PRIu64 ", lost in the kernel %" PRIu64
		      " (at the guard itself %" PRIu64 "), lines written %" PRIu64
		      ", not written %" PRIu64 "\n",
		      state->events, state->lost, state->lost_risk, state->written,
		      state->unwritten);
	for (uint32_t i = 0; i < state->n_weak; i++)
		(void)fprintf(file, "weak      %s\n", state->weak[i]);
}

void guard_picture_print(FILE *file, const struct guard_picture *picture)
{
	if (!picture->state && picture->pinned)
		(void)fprintf(
			file,
			"guard     up, holdfastd not running\n"
			"          Enforcement goes on; events wait in the ring. Start holdfastd by the\n"
			"          service manager: systemctl start holdfastd\n");
	else if (!picture->state)
		(void)fprintf(file, "guard     down, holdfastd not running\n");
	else if (!picture->state->up)
		(void)fprintf(file, "guard     down, holdfastd waits for `holdfast guard up`\n");
	else
		print_state(file, picture);
}

static json_t *counts_json(const struct protocol_domain *c)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "tasks", (json_int_t)c->tasks, "maps",
			 (json_int_t)c->maps, "programs", (json_int_t)c->progs, "links",
			 (json_int_t)c->links);
}

static json_t *ways_json(uint32_t known)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (known & ways[i].way)
			(void)json_array_append_new(array, json_string(ways[i].name));
	}
	return array;
}

static json_t *executable_json(const struct guard_picture *picture,
			       const struct image_executable *e)
{
	char digest[2 * IMAGE_DIGEST_LEN + 1], text[IMAGE_UNIT_LEN + 8];

	hex_encode(e->digest, sizeof(e->digest), digest);
	return json_pack("{s:s?, s:s?, s:b, s:s, s:o}", "path", e->path[0] ? e->path : NULL,
			 "sha256", is_signed(e) ? NULL : digest, "signed", is_signed(e), "launch",
			 launch_text(picture->image, e, text, sizeof(text)), "content",
			 ways_json(find_ways(picture->state, e)));
}

static json_t *executables_json(const struct guard_picture *picture, uint32_t domain)
{
	const struct image_executable *executables = image_executables(picture->image);
	const struct image_executable *taken = image_signed_find(picture->image, domain);
	json_t *array = json_array();

	for (uint32_t i = 0; i < image_header(picture->image)->n_executables; i++) {
		if (executables[i].domain == domain)
			(void)json_array_append_new(array,
						    executable_json(picture, &executables[i]));
	}
	if (taken)
		(void)json_array_append_new(array, executable_json(picture, taken));
	return array;
}

static json_t *domains_json(const struct guard_picture *picture)
{
	const struct image_domain *domains = image_domains(picture->image);
	const struct image_pin *pins = image_pins(picture->image);
	json_t *array = json_array();

	for (uint32_t i = 0; i < image_header(picture->image)->n_domains; i++) {
		json_t *paths = json_array(), *files = json_array();

		for (uint32_t k = 0; k < image_header(picture->image)->n_pins; k++) {
			if (pins[k].domain == domains[i].id)
				(void)json_array_append_new(pins[k].kind == IMAGE_PIN_FILE ? files
											   : paths,
							    json_string(pins[k].path));
		}
		(void)json_array_append_new(
			array,
			json_pack("{s:s, s:I, s:s, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o}", "name",
				  domains[i].name, "id", (json_int_t)domains[i].id, "mode",
				  image_mode_name(domains[i].mode), "released",
				  find_counts(picture->state, domains[i].id)->released_ns != 0,
				  "holds_links", (domains[i].hold & IMAGE_HOLD_LINKS) != 0,
				  "holds_maps", (domains[i].hold & IMAGE_HOLD_MAPS) != 0,
				  "sockets_closed", (domains[i].hold & IMAGE_CLOSES_SOCKETS) != 0,
				  "counts", counts_json(find_counts(picture->state, domains[i].id)),
				  "executables", executables_json(picture, domains[i].id), "pins",
				  paths, "files", files));
	}
	return array;
}

static json_t *policy_json(const struct guard_picture *picture)
{
	const struct image_header *h = image_header(picture->image);
	char digest[2 * IMAGE_DIGEST_LEN + 1];

	hex_encode(h->digest, sizeof(h->digest), digest);
	return json_pack("{s:s, s:I, s:s}", "name", h->name, "version", (json_int_t)h->version,
			 "sha256", digest);
}

static void add_state(json_t *all, const struct guard_picture *picture)
{
	const struct protocol_state *state = picture->state;
	char digest[2 * PROTOCOL_DIGEST_LEN + 1];
	json_t *weak = json_array();

	for (uint32_t i = 0; i < state->n_weak; i++)
		(void)json_array_append_new(weak, json_string(state->weak[i]));
	(void)json_object_set_new(all, "armed", json_boolean(state->armed));
	hex_encode(state->daemon, sizeof(state->daemon), digest);
	(void)json_object_set_new(all, "daemon", json_string(digest));
	hex_encode(state->next, sizeof(state->next), digest);
	(void)json_object_set_new(all, "admitted",
				  state->next_set ? json_string(digest) : json_null());
	(void)json_object_set_new(all, "armed_ms",
				  json_integer((json_int_t)(state->armed_ns / 1000000)));
	(void)json_object_set_new(all, "identity", json_string(state->ima ? "ima" : "measured"));
	(void)json_object_set_new(all, "operator", json_boolean(state->operator_set));
	(void)json_object_set_new(all, "signed", json_boolean(state->trust != PROTOCOL_TRUST_NONE));
	(void)json_object_set_new(all, "versions",
				  json_pack("{s:I, s:I}", "from", (json_int_t)state->mark_version,
					    "since", (json_int_t)state->mark_since));
	(void)json_object_set_new(all, "keyring", json_integer(state->keyring));
	(void)json_object_set_new(all, "self", counts_json(find_counts(state, DOMAIN_SELF)));
	(void)json_object_set_new(all, "weak", weak);
	(void)json_object_set_new(all, "proof",
				  json_pack("{s:I, s:I, s:I}", "acts",
					    (json_int_t)state->proof_acts, "refused",
					    (json_int_t)state->proof_refused, "boot_ns",
					    (json_int_t)state->proof_ns));
	if (!picture->image)
		return;

	(void)json_object_set_new(
		all, "mode",
		json_string(image_mode_name(state->observes ? IMAGE_MODE_OBSERVE
							    : image_header(picture->image)->mode)));
	(void)json_object_set_new(all, "observes", json_integer(state->observes));
	(void)json_object_set_new(
		all, "confirm_s",
		json_integer(
			(json_int_t)(state->confirm_ns ? seconds_until(state->confirm_ns) : 0)));
	(void)json_object_set_new(all, "policy", policy_json(picture));
	(void)json_object_set_new(all, "signature",
				  json_string(signature_word(image_header(picture->image))));
	(void)json_object_set_new(all, "domains", domains_json(picture));
}

json_t *guard_picture_json(const struct guard_picture *picture)
{
	const struct protocol_state *state = picture->state;
	bool up = state ? state->up : picture->pinned;
	json_t *all = json_pack("{s:b, s:b}", "up", up, "holdfastd", state != NULL);

	if (!all || !state)
		return all;

	(void)json_object_set_new(
		all, "events",
		json_pack("{s:I, s:I, s:I, s:I, s:I}", "newest", (json_int_t)state->events, "lost",
			  (json_int_t)state->lost, "lost_risk", (json_int_t)state->lost_risk,
			  "written", (json_int_t)state->written, "unwritten",
			  (json_int_t)state->unwritten));
	(void)json_object_set_new(all, "wrong_secrets",
				  json_integer((json_int_t)state->wrong_secrets));
	if (state->up)
		add_state(all, picture);
	return all;
}
