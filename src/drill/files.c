// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The guard's own files: log, operator's file, binary, folders. Where nothing is refused each act
 * is taken back at once: the guard is still needed.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define STATE "/var/lib/holdfast"
#define LOG STATE "/log/tail/00000000000000000000" /* where entries go first */
#define LOG_KEY STATE "/log.key"
#define OPERATOR STATE "/operator"
#define BINARY "/usr/local/sbin/holdfastd"

int there_and_back(const char *path)
{
	char moved[128];

	snprintf(moved, sizeof(moved), "%s.moved", path);
	if (rename(path, moved) < 0)
		return -errno;
	return result(rename(moved, path));
}

static int append_log(const struct target *target)
{
	return result(open(LOG, O_WRONLY | O_APPEND | O_CLOEXEC));
}

static int write_operator(const struct target *target)
{
	return result(open(OPERATOR, O_WRONLY | O_CLOEXEC));
}

/* Longer by nothing: what was written since is not worth losing to a test. */
static int truncate_operator(const struct target *target)
{
	struct stat st;

	if (stat(OPERATOR, &st) < 0)
		return setup_failed(OPERATOR);
	return result(truncate(OPERATOR, st.st_size));
}

static int rename_log(const struct target *target)
{
	return there_and_back(LOG);
}

static int rename_operator(const struct target *target)
{
	return there_and_back(OPERATOR);
}

static int rename_binary(const struct target *target)
{
	return there_and_back(BINARY);
}

static int rename_state(const struct target *target)
{
	return there_and_back(STATE);
}

/* Unlinked under one name, and back under it from another. */
static int unlink_and_back(const char *path, const char *second)
{
	if (access(path, F_OK) < 0)
		return setup_failed(path);
	/* no hard link to a file of `self` either: then unlinking is tried as such */
	if (link(path, second) < 0 && errno != EEXIST && errno != EPERM)
		return setup_failed(second);
	if (unlink(path) < 0)
		return -errno;
	return result(rename(second, path));
}

static int unlink_log(const struct target *target)
{
	return unlink_and_back(LOG, "/var/lib/log.second");
}

static int unlink_operator(const struct target *target)
{
	return unlink_and_back(OPERATOR, "/var/lib/operator.second");
}

static int unlink_binary(const struct target *target)
{
	return unlink_and_back(BINARY, "/usr/local/sbin/second");
}

static int chmod_log(const struct target *target)
{
	struct stat st;

	if (stat(LOG, &st) < 0)
		return setup_failed(LOG);
	return result(chmod(LOG, st.st_mode & 07777));
}

static int mark_log(const struct target *target)
{
	return result(setxattr(LOG, "trusted.probe", "x", 1, 0));
}

static int squat_state(const struct target *target)
{
	int fd = open(STATE "/squat", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return result(unlink(STATE "/squat"));
}

static int cover_state(const struct target *target)
{
	if (mount("none", STATE, "tmpfs", 0, NULL) < 0)
		return -errno;
	return result(umount2(STATE, MNT_DETACH));
}

static int read_key(const struct target *target)
{
	return result(open(LOG_KEY, O_RDONLY | O_CLOEXEC));
}

static int read_public_key(const struct target *target)
{
	return result(open(STATE "/log/vkey", O_RDONLY | O_CLOEXEC));
}

static int squat_log(const struct target *target)
{
	int fd = open(STATE "/log/tile/entries/squat", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return result(unlink(STATE "/log/tile/entries/squat"));
}

static int unlink_socket(const struct target *target)
{
	return there_and_back("/run/holdfast/control.sock");
}

/* Any other file of the same folder's parent. */
static int own_file(const struct target *target)
{
	int fd = open("/var/lib/own", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, 4096) < 0 || fchmod(fd, 0640) < 0)
		return -errno;
	close(fd);
	if (rename("/var/lib/own", "/var/lib/own2") < 0 || unlink("/var/lib/own2") < 0)
		return -errno;
	return 0;
}

static int read_log(const struct target *target)
{
	return result(open(LOG, O_RDONLY | O_CLOEXEC));
}

#define OF_SELF (SELF | SILENT | LONELY)

const struct technique files_techniques[] = {
	{"F12", "self-log-write", "log opened to append", EPERM, "F12", NULL, SELF | SILENT,
	 append_log, read_log, "the log read"},
	{"F12", "self-operator-write", "operator's file opened to write", EPERM, "F12", NULL,
	 OF_SELF, write_operator},
	{"F12", "self-operator-truncate", "operator's file truncated", EPERM, "F07", NULL, OF_SELF,
	 truncate_operator},
	{"F01", "self-log-unlink", "log unlinked", EPERM, "F02 F01", "*", OF_SELF, unlink_log},
	{"F01", "self-operator-unlink", "operator's file unlinked", EPERM, "F02 F01", "*", OF_SELF,
	 unlink_operator},
	{"F01", "self-binary-unlink", "holdfastd's binary unlinked", EPERM, "F02 F01", "*", OF_SELF,
	 unlink_binary},
	{"F02", "self-log-rename", "log renamed", EPERM, "F02", "*", OF_SELF, rename_log},
	{"F02", "self-operator-rename", "operator's file renamed", EPERM, "F02", "*", OF_SELF,
	 rename_operator},
	{"F02", "self-binary-rename", "holdfastd's binary renamed", EPERM, "F02", "*", OF_SELF,
	 rename_binary},
	{"F02", "self-state-rename", "state folder renamed", EPERM, "F02", "*", OF_SELF,
	 rename_state},
	{"F02", "self-socket-rename", "control socket renamed", EPERM, "F02", "*", OF_SELF,
	 unlink_socket},
	{"F06", "self-state-cover", "mount over the state folder", EPERM, "F06", "*", OF_SELF,
	 cover_state},
	{"F07", "self-log-chmod", "log chmodded", EPERM, "F07", NULL, SELF | SILENT, chmod_log,
	 own_file, "its own file in /var/lib, all the way"},
	{"F07", "self-log-xattr", "xattr on the log", EPERM, "F07", NULL, OF_SELF, mark_log},
	{"F12", "self-log-key", "the key read that the log is signed with", EPERM, "T02", NULL,
	 SELF | SILENT, read_key, read_public_key, "the public key read"},
	{"M21", "self-log-squat", "file made in a folder of the log", EPERM, "M21", "*", OF_SELF,
	 squat_log},
	{"M21", "self-state-squat", "file made in the state folder", EPERM, "M21", "*", OF_SELF,
	 squat_state},
	{},
};
