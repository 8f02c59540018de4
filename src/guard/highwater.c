// SPDX-License-Identifier: LGPL-2.1-or-later
/* See highwater.h. */

#include "guard/highwater.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <linux/types.h>

#include "base/diag.h"
#include "base/sha256.h"
#include "guard/guard.h"
#include "guard/state-file.h"
#include "policy/image-check.h"

#define HIGHWATER_MAGIC 0x77706668u /* "hfpw" */
#define HIGHWATER_ABI 1
#define NEW_FILE HIGHWATER_FILE ".new"

struct highwater_file {
	uint32_t magic;
	uint32_t abi;
	struct highwater mark;
};

_Static_assert(sizeof(struct highwater_file) == 56, "highwater_file layout");

int highwater_load(int dir_fd, struct highwater *ret_mark)
{
	struct highwater_file file;
	int r;

	r = state_file_read(dir_fd, HIGHWATER_FILE, &file, sizeof(file));
	if (r < 0)
		return r;
	if (r == STATE_FILE_E_NONE)
		return HIGHWATER_E_NONE;
	if (r || file.magic != HIGHWATER_MAGIC || file.abi != HIGHWATER_ABI || !file.mark.version)
		return HIGHWATER_E_FILE;
	*ret_mark = file.mark;
	return 0;
}

int highwater_begin(int dir_fd, const struct guard_policy *policy, struct highwater *ret_mark,
		    struct diag *reterr_diag)
{
	struct highwater mark = {
		.version = image_header(policy->image)->version,
		.since = (uint64_t)time(NULL),
	};
	struct highwater kept;
	int r;

	r = sha256_buffer(policy->certificate, policy->certificate_size, mark.key);
	if (r < 0)
		return r;
	r = highwater_load(dir_fd, &kept);
	if (r < 0 || r == HIGHWATER_E_FILE)
		return r;
	if (r == 0 && !memcmp(kept.key, mark.key, sizeof(mark.key))) {
		if (mark.version < kept.version) {
			diag_set(reterr_diag, NULL, 0, 0,
				 "the policy has version %" PRIu64 ", and version %" PRIu64
				 " has been in force here: raise metadata.version",
				 mark.version, kept.version);
			return HIGHWATER_E_OLDER;
		}
		mark.since = kept.since;
	}
	*ret_mark = mark;
	return 0;
}

int highwater_keep(int dir_fd, const struct highwater *mark)
{
	struct highwater_file file = {
		.magic = HIGHWATER_MAGIC,
		.abi = HIGHWATER_ABI,
		.mark = *mark,
	};
	int r = state_file_prepare(dir_fd, NEW_FILE, &file, sizeof(file));

	return r < 0 ? r : state_file_commit(dir_fd, NEW_FILE, HIGHWATER_FILE);
}
