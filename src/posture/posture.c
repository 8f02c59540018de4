// SPDX-License-Identifier: LGPL-2.1-or-later
/* See posture.h: the tables one after the other, and what counts for each of their rows. */

#include "posture/posture.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "posture/ground.h"
#include "posture/kconfig.h"
#include "posture/text.h"

const struct posture_check *posture_check_each(size_t i)
{
	for (const struct posture_check *const *table = posture_tables; *table; table++) {
		for (const struct posture_check *row = *table; row->id; row++) {
			if (i-- == 0)
				return row;
		}
	}
	return NULL;
}

const struct posture_finding *posture_find(const struct posture *posture, const char *id)
{
	for (size_t i = 0; i < posture->n; i++) {
		if (strcmp(posture->findings[i].check->id, id) == 0)
			return &posture->findings[i];
	}
	return NULL;
}

struct posture *posture_free(struct posture *posture)
{
	if (!posture)
		return NULL;
	for (size_t i = 0; i < posture->n; i++) {
		for (size_t k = 0; k < posture->findings[i].n_items; k++)
			free(posture->findings[i].items[k]);
		free(posture->findings[i].items);
	}
	free(posture->findings);
	free(posture);
	return NULL;
}

static void ground_done(struct ground *ground)
{
	closep(&ground->root_fd);
	free(ground->cmdline);
	free(ground->config);
	free(ground->mounts);
	objects_done(&ground->objects);
}

static enum posture_lockdown read_lockdown(const struct ground *ground)
{
	_cleanup_free_ char *text = NULL;
	char mode[32];

	if (ground_text(ground, "sys/kernel/security/lockdown", &text, NULL) != 0 ||
	    !text_chosen(text, mode, sizeof(mode)))
		return LOCKDOWN_UNKNOWN;
	return strcmp(mode, "confidentiality") == 0 ? LOCKDOWN_CONFIDENTIALITY
	       : strcmp(mode, "integrity") == 0	    ? LOCKDOWN_INTEGRITY
	       : strcmp(mode, "none") == 0	    ? LOCKDOWN_NONE
						    : LOCKDOWN_UNKNOWN;
}

static int read_release(const struct ground *ground, char *ret_release)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	r = ground_text(ground, "proc/sys/kernel/osrelease", &text, NULL);
	if (r)
		return r == -ENOMEM ? r : 0;
	length = strcspn(text, "\n");
	/* it becomes a part of a path */
	if (length >= POSTURE_RELEASE || strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
						      "ABCDEFGHIJKLMNOPQRSTUVWXYZ.+_~-") != length)
		return 0;
	memcpy(ret_release, text, length);
	ret_release[length] = '\0';
	return 0;
}

static int read_config(struct ground *ground)
{
	_cleanup_free_ char *packed = NULL;
	char path[16 + POSTURE_RELEASE];
	size_t size;
	int r;

	r = ground_text(ground, "proc/config.gz", &packed, &size);
	if (!r)
		r = kconfig_inflate(packed, size, &ground->config);
	if (!r || r == -ENOMEM)
		return r;
	(void)snprintf(path, sizeof(path), "boot/config-%s",
		       ground->release[0] ? ground->release : "RELEASE");
	r = ground->release[0] ? ground_text(ground, path, &ground->config, NULL) : -ENOENT;
	if (r && r != -ENOMEM)
		(void)snprintf(
			ground->config_why, sizeof(ground->config_why),
			"the kernel's configuration is neither in /proc/config.gz nor in /%s",
			path);
	return r == -ENOMEM ? r : 0;
}

/* Whether a namespace is not the first of its kind, whose number the kernel has fixed. */
static bool not_initial(const struct ground *ground, const char *path, const char *initial)
{
	char text[64];

	return ground_link(ground, path, text, sizeof(text)) == 0 && strcmp(text, initial) != 0;
}

static unsigned read_hidden(const struct ground *ground)
{
	bool tasks = not_initial(ground, "proc/self/ns/pid", "pid:[4026531836]");
	bool user = not_initial(ground, "proc/self/ns/user", "user:[4026531837]");
	char mine[64], first[64];
	bool mounts = ground_link(ground, "proc/self/ns/mnt", mine, sizeof(mine)) == 0 &&
		      ground_link(ground, "proc/1/ns/mnt", first, sizeof(first)) == 0 &&
		      strcmp(mine, first) != 0;

	/* where PID 1 is another one, its mounts say nothing of the host's */
	return (tasks ? SIGHT_TASKS : 0) |
	       (tasks || user || mounts ? SIGHT_MOUNTS | SIGHT_FILES : 0);
}

/* Of the first processor: the others are alike, and there may be a thousand. */
static bool read_guest(const struct ground *ground)
{
	char text[8192], *flags;

	if (!ground_head(ground, "proc/cpuinfo", text, sizeof(text)))
		return false;
	flags = strstr(text, "\nflags");
	if (!flags)
		return false;
	flags[1 + strcspn(flags + 1, "\n")] = '\0';
	return text_has(flags, " \t\n:", "hypervisor");
}

static int ground_open(struct ground *ground, const struct posture_options *options,
		       struct posture *posture)
{
	int r;

	ground->root_fd = open(options->root ?: "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ground->root_fd < 0)
		return -errno;
	posture->hidden = read_hidden(ground);
	ground->own = !posture->hidden && strcmp(options->root ?: "/", "/") == 0;
	if (ground->own)
		mounts_find(ground->root_fd, &ground->kernel);
	r = read_release(ground, posture->release);
	ground->release = posture->release;
	if (!r)
		r = read_config(ground);
	if (r < 0)
		return r;
	ground->lockdown = read_lockdown(ground);
	ground->cmdline_errno = ground_text(ground, "proc/cmdline", &ground->cmdline, NULL);
	ground->mounts_errno = ground_text(ground, "proc/self/mountinfo", &ground->mounts, NULL);
	if (options->objects) {
		ground->objects_wanted = true;
		ground->objects_errno = options->objects(options->policy, &ground->objects);
	}
	posture->guest = read_guest(ground);
	return ground->cmdline_errno == -ENOMEM || ground->mounts_errno == -ENOMEM ||
			       ground->objects_errno == -ENOMEM
		       ? -ENOMEM
		       : 0;
}

static int say_missing(const struct ground *ground, struct posture_finding *finding)
{
	const struct posture_check *check = finding->check;

	if (check->option && ground->config && kconfig_get(ground->config, check->option) == 'n')
		return finding_set(finding, POSTURE_GOOD, "not built in");
	finding_reason(finding, "%s", check->missing_says);
	return finding_set(finding, check->missing, "not there");
}

static int look_number(struct ground *ground, struct posture_finding *finding)
{
	const struct posture_check *check = finding->check;
	const struct posture_level *level = check->levels;
	_cleanup_free_ char *text = NULL;
	long long number;
	int r;

	r = ground_text(ground, check->path, &text, NULL);
	if (r == GROUND_E_MISSING && ground_has(ground, "proc/sys/kernel"))
		return say_missing(ground, finding);
	if (r)
		return finding_unread(finding, check->path, r);
	if (!text_number(text, &number)) {
		(void)finding_set(finding, POSTURE_UNKNOWN, "%s", "");
		finding_reason(finding, "/%s holds no number", check->path);
		return 0;
	}
	while (level[1].says && level[1].from <= number)
		level++;
	(void)finding_set(finding, level->status, "%lld", number);
	finding_reason(finding, "%s", level->says);
	return 0;
}

static bool is_weakness(const struct posture_finding *finding)
{
	return finding->status >= POSTURE_UNKNOWN;
}

/* What a locked kernel refuses by itself, and what a container cannot vouch for. */
static void settle(const struct ground *ground, unsigned hidden, struct posture_finding *finding)
{
	const struct posture_check *check = finding->check;

	if (check->closed_by && is_weakness(finding) && ground->lockdown >= check->closed_by) {
		finding->status = POSTURE_GOOD;
		finding_reason(finding, "the kernel is locked down and refuses it");
		return;
	}
	if ((check->sights & hidden) && !is_weakness(finding)) {
		finding->status = POSTURE_UNKNOWN;
		finding_reason(finding, "this is a container: what the host has is not seen here");
	}
}

static int look_all(struct ground *ground, struct posture *posture)
{
	size_t n = 0;
	int r = 0;

	while (posture_check_each(n))
		n++;
	posture->findings = calloc(n, sizeof(*posture->findings));
	if (!posture->findings)
		return -ENOMEM;
	posture->n = n;
	for (size_t i = 0; i < n; i++)
		posture->findings[i].check = posture_check_each(i);
	for (size_t i = 0; i < n && !r; i++) {
		struct posture_finding *finding = &posture->findings[i];

		r = finding->check->look ? finding->check->look(ground, finding)
					 : look_number(ground, finding);
		settle(ground, posture->hidden, finding);
	}
	return r;
}

int posture_read(const struct posture_options *options, struct posture **ret_posture)
{
	_cleanup_(posture_freep) struct posture *posture = calloc(1, sizeof(*posture));
	_cleanup_(ground_done) struct ground ground = {.root_fd = -EBADF,
						       .policy = options->policy};
	int r;

	if (!posture)
		return -ENOMEM;
	r = ground_open(&ground, options, posture);
	if (!r)
		r = look_all(&ground, posture);
	if (r < 0)
		return r;
	*ret_posture = TAKE_PTR(posture);
	return 0;
}
