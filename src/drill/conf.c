// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An agent's configuration, which no program of its own guards: what it will do at its next start
 * is what is written there. Done to the folder of canary-files.h, where a policy lists it.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "canary-files.h"
#include "canary.h"

#define OURS "/etc/holdfast-drill.conf"
#define SECOND "/etc/holdfast-drill.second"

static const char *path_of(const struct target *target, const char *entry)
{
	char *path;

	/* a probe's memory goes with the process that it has to itself */
	if (asprintf(&path, CANARY_FILES "/%s", target->name, entry) < 0)
		return "";
	return path;
}

bool conf_listed(void)
{
	char path[128];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), CANARY_FILES, i ? CANARY_NEIGHBOUR : CANARY_NAME);
		if (access(path, F_OK) < 0)
			return false;
	}
	return true;
}

static int put(const char *path, int flags)
{
	static const char text[] = "enforce: no\n";
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600), r;

	if (fd < 0)
		return -errno;
	r = result(write(fd, text, sizeof(text) - 1));
	close(fd);
	return r;
}

static int written(const struct target *target)
{
	return put(path_of(target, CANARY_FILE), O_APPEND);
}

static int truncated(const struct target *target)
{
	return result(truncate(path_of(target, CANARY_FILE), 0));
}

static int replaced(const struct target *target)
{
	int r;

	if (put(OURS, O_CREAT) < 0)
		return setup_failed(OURS);
	r = result(rename(OURS, path_of(target, CANARY_FILE)));
	(void)unlink(OURS);
	return r;
}

static int unlinked(const struct target *target)
{
	return result(unlink(path_of(target, CANARY_FILE)));
}

static int opened_up(const struct target *target)
{
	return result(chmod(path_of(target, CANARY_FILE), 0666));
}

static int linked(const struct target *target)
{
	int r = result(link(path_of(target, CANARY_FILE), SECOND));

	(void)unlink(SECOND);
	return r;
}

/* As `systemctl edit` does it. */
static int added(const struct target *target)
{
	return put(path_of(target, "override.conf"), O_CREAT | O_EXCL);
}

static int covered(const struct target *target)
{
	const char *path = path_of(target, CANARY_FILE);
	int r;

	if (put(OURS, O_CREAT) < 0)
		return setup_failed(OURS);
	r = result(mount(OURS, path, NULL, MS_BIND, NULL));
	if (r == 0 && umount2(path, MNT_DETACH) < 0)
		r = setup_failed(path);
	(void)unlink(OURS);
	return r;
}

static int folder_renamed(const struct target *target)
{
	char path[64];

	snprintf(path, sizeof(path), CANARY_FILES, target->name);
	return there_and_back(path);
}

/* What is above the folder is listed by nobody, and leads to it. */
static int way_renamed(const struct target *target)
{
	char path[64];

	snprintf(path, sizeof(path), "/etc/holdfast-%s", target->name);
	return there_and_back(path);
}

static int way_covered(const struct target *target)
{
	char path[64];

	snprintf(path, sizeof(path), "/etc/holdfast-%s", target->name);
	if (mount("none", path, "tmpfs", 0, NULL) < 0)
		return -errno;
	return result(umount2(path, MNT_DETACH));
}

const struct technique conf_techniques[] = {
	{"F12", "conf-write", "configuration written", EPERM, "F12", NULL, LISTED, written},
	{"F12", "conf-truncate", "configuration truncated", EPERM, "F07", NULL, LISTED, truncated},
	{"F12", "conf-replace", "another file renamed over the configuration", EPERM, "F02", NULL,
	 LISTED, replaced},
	{"F12", "conf-unlink", "configuration unlinked", EPERM, "F01", NULL, LISTED, unlinked},
	{"F12", "conf-chmod", "configuration made writable by all", EPERM, "F07", NULL, LISTED,
	 opened_up},
	{"F12", "conf-link", "a second name for the configuration", EPERM, "F02", NULL,
	 LISTED | SILENT, linked},
	{"F12", "conf-drop-in", "a drop-in put beside the configuration", EPERM, "M21", "M21 F12",
	 LISTED, added},
	{"F12", "conf-bind", "a file bind-mounted over the configuration", EPERM, "F06", NULL,
	 LISTED | SILENT, covered},
	{"F12", "conf-folder", "the configuration's folder renamed", EPERM, "F02", "F02 F02",
	 LISTED | SILENT, folder_renamed},
	{"F12", "conf-way", "the folder above it renamed", EPERM, "F02", "F02 F02", LISTED | SILENT,
	 way_renamed},
	{"F12", "conf-cover", "a filesystem mounted over the folder above it", EPERM, "F06", NULL,
	 LISTED | SILENT, way_covered},
	{},
};
