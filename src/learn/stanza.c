// SPDX-License-Identifier: LGPL-2.1-or-later
/* See stanza.h. */

#include "learn/stanza.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "base/path.h"
#include "base/size.h"
#include "base/utf8.h"
#include "learn/objects.h"
#include "learn/seen.h"
#include "policy/image-check.h"

static bool launched(const struct seen_program *program, const char *by)
{
	for (size_t i = 0; i < program->launchers.n; i++) {
		if (strcmp(program->launchers.items[i], by) == 0)
			return true;
	}
	return false;
}

/* Up the chain of who executed whom; @depth ends it where two executed each other. */
static bool leads_to_objects(const struct seen *seen, const struct seen_program *program,
			     size_t depth)
{
	if (program->has_objects)
		return true;
	for (size_t i = 0; i < seen->n_programs && depth > 0; i++) {
		if (&seen->programs[i] != program && launched(&seen->programs[i], program->path) &&
		    leads_to_objects(seen, &seen->programs[i], depth - 1))
			return true;
	}
	return false;
}

bool stanza_names(const struct seen *seen, const struct seen_program *program)
{
	bool any = false;

	for (size_t i = 0; i < seen->n_programs; i++)
		any = any || seen->programs[i].has_objects;
	if (any)
		return leads_to_objects(seen, program, 8);
	return program->launch != SEEN_PARENT;
}

/* A path in YAML: as it is if nothing in it means anything there. */
static void put_path(FILE *out, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._+@-";

	if (path[strspn(path, plain)] == '\0') {
		(void)fputs(path, out);
		return;
	}
	(void)fputc('"', out);
	for (const char *p = path; *p; p++) {
		if (*p == '"' || *p == '\\')
			(void)fputc('\\', out);
		(void)fputc(*p, out);
	}
	(void)fputc('"', out);
}

static void put_digest(FILE *out, const uint8_t *digest)
{
	char text[2 * SHA256_LEN + 1];

	hex_encode(digest, SHA256_LEN, text);
	(void)fprintf(out, "digest: \"sha256:%s\"", text);
}

/* In a comment no byte of a name may end the line. */
static void put_comment_path(FILE *out, const char *path)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++)
		(void)fputc(*p < 0x20 || *p >= 0x7f ? '?' : *p, out);
}

static bool is_interpreter(const char *path)
{
	static const char *const names[] = {"sh",   "bash", "dash", "busybox", "env",
					    "perl", "ruby", "node", "java",    "lua"};
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return strncmp(name, "python", 6) == 0 || strncmp(name, "bpftrace", 8) == 0;
}

static void put_launch_reason(FILE *out, const struct seen *seen, const struct seen_program *p)
{
	switch (p->launch) {
	case SEEN_UNIT:
		(void)fprintf(out, "      # PID 1 started it in system.slice/%s.\n", seen->unit);
		break;
	case SEEN_PARENT:
		for (size_t i = 0; i < p->launchers.n; i++) {
			(void)fputs("      # Executed by ", out);
			put_comment_path(out, p->launchers.items[i]);
			(void)fputs(".\n", out);
		}
		break;
	case SEEN_OTHER:
		(void)fputs("      # Neither PID 1 in system.slice nor a task of the agent started "
			    "it",
			    out);
		if (seen->started_by) {
			(void)fputs(", but ", out);
			put_comment_path(out, seen->started_by);
		}
		(void)fprintf(out,
			      ":\n      # start it by `holdfast run %s -- ...`, or let a unit do "
			      "it.\n",
			      seen->domain);
		break;
	}
	if (is_interpreter(p->path))
		(void)fputs("      # This is an interpreter: whoever may start it may have it do "
			    "anything.\n",
			    out);
}

static void put_program(FILE *out, const struct seen *seen, const struct seen_program *p)
{
	put_launch_reason(out, seen, p);
	if (p->by_digest) {
		(void)fputs("      # Not the file that is here at ", out);
		put_comment_path(out, p->path);
		(void)fputs(":\n      # replaced while it ran, or of another root.\n      - { ",
			    out);
		put_digest(out, p->digest);
		(void)fprintf(out, ", size: %" PRIu64, p->size);
	} else {
		(void)fputs("      - { path: ", out);
		put_path(out, p->path);
	}
	if (p->launch == SEEN_UNIT)
		(void)fprintf(out, ", launch: unit %s }\n", seen->unit);
	else if (p->launch == SEEN_PARENT)
		(void)fprintf(out, ", launch: parent %s }\n", seen->domain);
	else
		(void)fputs(", launch: holdfast }\n", out);
}

static void put_libraries(FILE *out, const struct seen *seen)
{
	if (seen->n_libraries == 0)
		return;
	(void)fputs("    # Seen mapped, and nothing above needs them: it opens them itself.\n"
		    "    libraries:\n",
		    out);
	for (size_t i = 0; i < seen->n_libraries; i++) {
		const struct seen_library *l = &seen->libraries[i];

		if (l->by_digest) {
			(void)fputs("      # was ", out);
			put_comment_path(out, l->path);
			(void)fputs("\n      - { ", out);
			put_digest(out, l->digest);
		} else {
			(void)fputs("      - { path: ", out);
			put_path(out, l->path);
		}
		(void)fputs(" }\n", out);
	}
}

/* Whether all pins below a folder are the agent's. */
static bool own_folder(const struct seen *seen, const char *folder)
{
	for (size_t i = 0; i < seen->n_pins; i++) {
		if (path_is_within(seen->pins[i].path, folder) &&
		    !seen_own_pin(seen, &seen->pins[i]))
			return false;
	}
	return true;
}

/* The widest folder that is the agent's alone; the pin itself if none is. The caller frees. */
static char *widest(const struct seen *seen, const struct seen_pin *pin)
{
	size_t mount = strcmp(pin->mount, "/") == 0 ? 0 : strlen(pin->mount);
	const char *end = strchr(pin->path + mount + 1, '/');

	for (; end; end = strchr(end + 1, '/')) {
		_cleanup_free_ char *folder = strndup(pin->path, (size_t)(end - pin->path));

		if (!folder)
			return NULL;
		if (image_pin_valid(folder) && own_folder(seen, folder))
			return TAKE_PTR(folder);
	}
	return strdup(pin->path);
}

static int put_pins(FILE *out, const struct seen *seen)
{
	_cleanup_free_ char *last = NULL;
	size_t offset;

	for (size_t i = 0; i < seen->n_pins; i++) {
		_cleanup_free_ char *path = NULL;

		if (!seen_own_pin(seen, &seen->pins[i]))
			continue;
		if (last && path_is_within(seen->pins[i].path, last))
			continue;
		path = widest(seen, &seen->pins[i]);
		if (!path)
			return -ENOMEM;
		if (!image_pin_valid(path) || utf8_check(path, strlen(path), &offset) < 0) {
			(void)fputs("    # a pin that no policy can name: ", out);
			put_comment_path(out, path);
			(void)fputc('\n', out);
			continue;
		}
		(void)fprintf(out, "%s      - ", last ? "" : "    pins:\n");
		put_path(out, path);
		(void)fputc('\n', out);
		free(last);
		last = TAKE_PTR(path);
	}
	return 0;
}

static void put_set(FILE *out, const char *title, const struct seen_set *set)
{
	if (set->n == 0)
		return;
	(void)fprintf(out, "#\n# %s\n", title);
	for (size_t i = 0; i < set->n; i++)
		(void)fprintf(out, "#   %s\n", set->items[i]);
}

static void put_strangers(FILE *out, const struct seen *seen)
{
	bool any = false;

	for (size_t i = 0; i < seen->n_programs; i++) {
		if (stanza_names(seen, &seen->programs[i]))
			continue;
		if (!any)
			(void)fputs("#\n# Ran as well, and held no BPF object: strangers, once the "
				    "guard is up.\n",
				    out);
		any = true;
		(void)fputs("#   ", out);
		put_comment_path(out, seen->programs[i].path);
		(void)fputc('\n', out);
	}
}

static void put_pin_words(FILE *out, const struct seen *seen)
{
	bool any = false;

	for (size_t i = 0; i < seen->n_pins; i++) {
		const struct seen_pin *pin = &seen->pins[i];

		if (!seen_own_pin(seen, pin))
			continue;
		if (!any)
			(void)fputs("#\n# Pins of its objects.\n", out);
		any = true;
		(void)fputs("#   ", out);
		put_comment_path(out, pin->path);
		(void)fprintf(out, "  %s %u\n", objects_kind_name(pin->object.kind),
			      pin->object.id);
	}
}

static int put_all(FILE *out, const struct seen *seen)
{
	int r;

	(void)fprintf(
		out,
		"# Written by `holdfast policy learn` from what ran. Read it: what was seen "
		"is now a rule,\n# an attacker's too. Then lock, compile, and observe first.\n"
		"apiVersion: holdfast/v1\nkind: Policy\n"
		"metadata: { name: \"%s\", version: 1 }\nmode: observe\ndomains:\n"
		"  - name: \"%s\"\n    executables:\n",
		seen->domain, seen->domain);
	for (size_t i = 0; i < seen->n_programs; i++) {
		if (stanza_names(seen, &seen->programs[i]))
			put_program(out, seen, &seen->programs[i]);
	}
	put_libraries(out, seen);
	r = put_pins(out, seen);
	if (r < 0)
		return r;

	put_set(out, "Its BPF objects. No rule names them: a domain's tasks own what they make.",
		&seen->objects);
	put_pin_words(out, seen);
	put_set(out, "Others who hold them. Enforcing does not take away what is held.",
		&seen->holders);
	put_set(out, "Files that it holds open. `files:` is not built yet.", &seen->files);
	put_strangers(out, seen);
	put_set(out, "Not seen, or in the way.", &seen->notes);
	if (seen->dropped)
		(void)fprintf(out,
			      "#\n# There was more than this can hold: %" PRIu64 " left out.\n",
			      seen->dropped);
	return 0;
}

int stanza_write(const struct seen *seen, char **ret_text, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool failed;
	int r;

	if (!out)
		return -ENOMEM;
	r = put_all(out, seen);
	failed = ferror(out);
	if (fclose(out) != 0 || failed || r < 0)
		return -ENOMEM;
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int stanza_domain(const char *name, char **ret_domain)
{
	const char *slash = strrchr(name, '/'), *start = slash ? slash + 1 : name;
	const char *dot = strstr(start, ".service");
	size_t length = dot ? (size_t)(dot - start) : strlen(start), used = 0;
	char domain[IMAGE_DOMAIN_LEN];

	for (size_t i = 0; i < length && used < sizeof(domain) - 1; i++) {
		char c = start[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
			c = used > 0 && strchr("._-", c) ? c : '-';
		if (c != '-' || used > 0)
			domain[used++] = c;
	}
	domain[used] = '\0';
	*ret_domain = strdup(image_domain_name_valid(domain) ? domain : "agent");
	return *ret_domain ? 0 : -ENOMEM;
}
