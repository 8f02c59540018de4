// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pins: names in a bpffs, their folder, their attributes.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_FOLDER "/sys/fs/bpf/probe"
#define OWN_PIN OWN_FOLDER "/map"

static int own_map(void)
{
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "ours", 4, 8, 1, NULL);
}

/* A pin of our own, in a folder of our own. */
static int own_pin(void)
{
	int map = own_map();

	if (mkdir(OWN_FOLDER, 0700) < 0 && errno != EEXIST)
		return setup_failed(OWN_FOLDER);
	(void)unlink(OWN_PIN);
	if (map < 0 || bpf_obj_pin(map, OWN_PIN) < 0)
		return setup_failed(OWN_PIN);
	close(map);
	return 0;
}

static int unlink_map(const struct target *target)
{
	return result(unlink(target_pin(target, "map")));
}

static int unlink_link(const struct target *target)
{
	return result(unlink(target_pin(target, "link")));
}

static int rename_away(const struct target *target)
{
	char from[128];

	snprintf(from, sizeof(from), "%s", target_pin(target, "map"));
	return result(rename(from, target_pin(target, "moved")));
}

static int rename_out(const struct target *target)
{
	if (own_pin())
		return PROBE_SETUP;
	return result(rename(target_pin(target, "map"), OWN_FOLDER "/stolen"));
}

static int exchange(const struct target *target)
{
	if (own_pin())
		return PROBE_SETUP;
	return result(
		renameat2(AT_FDCWD, OWN_PIN, AT_FDCWD, target_pin(target, "map"), RENAME_EXCHANGE));
}

static int rename_over(const struct target *target)
{
	if (own_pin())
		return PROBE_SETUP;
	return result(rename(OWN_PIN, target_pin(target, "map")));
}

/* And back: who comes for its pins meanwhile is out of luck. */
static int rename_folder(const struct target *target)
{
	char from[128], to[160];

	snprintf(from, sizeof(from), "%s", target_pin(target, ""));
	snprintf(to, sizeof(to), "%s-moved", from); /* no dots in a bpffs */
	if (rename(from, to) < 0)
		return -errno;
	return result(rename(to, from));
}

static int hard_link(const struct target *target)
{
	if (own_pin())
		return PROBE_SETUP;
	return result(link(target_pin(target, "map"), OWN_FOLDER "/second"));
}

static int symbolic_link(const struct target *target)
{
	return result(symlink("/nowhere", target_pin(target, "symlink")));
}

static int squat_map(const struct target *target)
{
	int map = own_map();

	if (map < 0)
		return setup_failed("map");
	return result(bpf_obj_pin(map, target_pin(target, "squat")));
}

static int squat_folder(const struct target *target)
{
	return result(mkdir(target_pin(target, "folder"), 0700));
}

static int change_mode(const struct target *target)
{
	return result(chmod(target_pin(target, "map"), 0666));
}

static int change_owner(const struct target *target)
{
	return result(chown(target_pin(target, "map"), 65534, 65534));
}

static int change_folder(const struct target *target)
{
	return result(chmod(target_pin(target, ""), 0777));
}

/* As systemd does for a service, and a test above: its own folder and pins, all the way. */
static int own_life(const struct target *target)
{
	if (own_pin())
		return PROBE_SETUP;
	if (chmod(OWN_PIN, 0660) < 0 || rename(OWN_PIN, OWN_PIN "2") < 0 ||
	    unlink(OWN_PIN "2") < 0 || rmdir(OWN_FOLDER) < 0)
		return -errno;
	return 0;
}

const struct technique pins_techniques[] = {
	{"M21", "pin-squat", "map pinned in the folder", EPERM, "M21", NULL, 0, squat_map},
	{"M21", "pin-squat-folder", "folder made in the folder", EPERM, "M21", NULL, 0,
	 squat_folder},
	{"F01", "pin-unlink", "map's pin unlinked", EPERM, "F01", NULL, 0, unlink_map},
	{"F01", "pin-unlink-link", "link's pin unlinked", EPERM, "F01", NULL, 0, unlink_link},
	{"F02", "pin-rename", "pin renamed", EPERM, "F02", "F02 F02", 0, rename_away},
	{"F02", "pin-rename-out", "pin renamed out of the folder", EPERM, "F02", NULL, 0,
	 rename_out},
	{"F02", "pin-exchange", "pin exchanged with another", EPERM, "F02", "F02 F02", 0, exchange},
	{"F02", "pin-rename-over", "another renamed over the pin", EPERM, "F02", NULL, 0,
	 rename_over},
	{"F02", "pin-rename-folder", "folder of the pins renamed", EPERM, "F02", "F02 F02 F02",
	 SILENT, rename_folder},
	{"F02", "pin-link", "second name for the pin", EPERM, "F02", NULL, 0, hard_link},
	{"F02", "pin-symlink", "symlink in the folder", EPERM, "M21", NULL, 0, symbolic_link},
	{"F07", "pin-chmod", "chmod of the pin", EPERM, "F07", NULL, 0, change_mode},
	{"F07", "pin-chown", "chown of the pin", EPERM, "F07", NULL, 0, change_owner, own_life,
	 "its own pin made, chmodded, renamed, unlinked"},
	{"F07", "pin-chmod-folder", "chmod of the folder", EPERM, "F07", NULL, SILENT,
	 change_folder},
	{},
};
