// SPDX-License-Identifier: LGPL-2.1-or-later
/* The guard's pins: where a later holdfastd finds it, and what keeps it up without one. */

#include "guard/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"

const char *const guard_map_names[] = {
	[GUARD_MAP_STATE] = "state",	   [GUARD_MAP_POLICY] = "policy",
	[GUARD_MAP_OPERATOR] = "operator", [GUARD_MAP_OBJECTS] = "objects",
	[GUARD_MAP_LOST] = "lost",	   [GUARD_MAP_EVENTS] = "events",
	[GUARD_MAP_RESPITES] = "respites", [GUARD_MAP_TRUST] = "trust",
	[GUARD_MAP_RISK] = "risk",	   [GUARD_MAP_FOLDED] = "folded",
};
_Static_assert(sizeof(guard_map_names) / sizeof(guard_map_names[0]) == _GUARD_MAP_MAX,
	       "a name for each map");

/* Below the folder of a guard; PROOF_PINS is the last. */
static const char *const folders[] = {"", "/links", "/maps", "/progs", "/kept", "/canary"};

int pins_absent(struct diag *reterr_diag)
{
	if (access(GUARD_PIN_DIR, F_OK))
		return 0;
	diag_set(reterr_diag, NULL, 0, 0,
		 GUARD_PIN_DIR " exists: a guard is up; 'holdfast guard status' shows it");
	return GUARD_E_EXISTS;
}

int pins_make(const char *guard)
{
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", guard, folders[i]);
		if (mkdir(path, 0700))
			return -errno;
	}
	return 0;
}

int pins_exchange(void)
{
	return renameat2(AT_FDCWD, GUARD_PIN_NEXT, AT_FDCWD, GUARD_PIN_DIR, RENAME_EXCHANGE)
		       ? -errno
		       : 0;
}

static int folder_empty(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name,
			     entry->d_type == DT_DIR ? AT_REMOVEDIR : 0) &&
		    !r)
			r = -errno;
	}
	return r;
}

int pins_remove(const char *guard)
{
	char path[128];
	int r = 0;

	for (size_t i = 1; i < ARRAY_SIZE(folders); i++) {
		int s;

		(void)snprintf(path, sizeof(path), "%s%s", guard, folders[i]);
		s = folder_empty(path);
		r = r ?: s;
	}
	for (size_t i = ARRAY_SIZE(folders); i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s%s", guard, folders[i]);
		if (rmdir(path) && errno != ENOENT && !r)
			r = -errno;
	}
	return r;
}
