// SPDX-License-Identifier: LGPL-2.1-or-later
/* The guard's pins: where a later holdfastd finds it, and what keeps it up without one. */

#include "guard/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/proof.h"

const char *const guard_map_names[] = {
	[GUARD_MAP_STATE] = "state",
	[GUARD_MAP_POLICY] = "policy",
	[GUARD_MAP_OPERATOR] = "operator",
	[GUARD_MAP_OBJECTS] = "objects",
	[GUARD_MAP_LOST] = "lost",
	[GUARD_MAP_EVENTS] = "events",
	"respites",
};
_Static_assert(sizeof(guard_map_names) / sizeof(guard_map_names[0]) == _GUARD_MAP_MAX,
	       "a name for each map");

static const char *const folders[] = {GUARD_PIN_DIR, GUARD_PIN_LINKS, GUARD_PIN_MAPS,
				      GUARD_PIN_PROGS, PROOF_PINS};

int pins_absent(struct diag *reterr_diag)
{
	if (access(GUARD_PIN_DIR, F_OK))
		return 0;
	diag_set(reterr_diag, NULL, 0, 0,
		 GUARD_PIN_DIR " exists: a guard is up; 'holdfast guard status' shows it");
	return GUARD_E_EXISTS;
}

int pins_make(void)
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (mkdir(folders[i], 0700))
			return -errno;
	}
	return 0;
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

int pins_remove(void)
{
	int r = 0;

	for (size_t i = 1; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int s = folder_empty(folders[i]);

		r = r ?: s;
	}
	for (size_t i = sizeof(folders) / sizeof(folders[0]); i-- > 0;) {
		if (rmdir(folders[i]) && errno != ENOENT && !r)
			r = -errno;
	}
	return r;
}
