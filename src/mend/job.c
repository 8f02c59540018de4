// SPDX-License-Identifier: LGPL-2.1-or-later
/* See job.h. */

#include "mend/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/system.h"
#include "mend/places.h"

#define MAX_SETTING 4096

const char *mend_outcome_name(enum mend_outcome outcome)
{
	static const char *const names[] = {"done", "reboot",  "planned",
					    "left", "one-way", "failed"};

	_Static_assert(ARRAY_SIZE(names) == _MENDED_MAX, "a name for each outcome");
	return names[outcome];
}

struct mend_result *mend_add(struct mend_report *report, const struct posture_check *check,
			     enum mend_outcome outcome)
{
	struct mend_result *result;

	if (report->n == MEND_MAX_RESULTS)
		return NULL;
	result = &report->results[report->n++];
	*result = (struct mend_result){.check = check, .outcome = outcome};
	return result;
}

static void say(struct mend_result *result, const char *format, va_list args)
{
	size_t used = strlen(result->why);

	if (used && used + 2 < sizeof(result->why)) {
		(void)strcpy(result->why + used, "; ");
		used += 2;
	}
	(void)vsnprintf(result->why + used, sizeof(result->why) - used, format, args);
}

void mend_why(struct mend_result *result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(result, format, args);
	va_end(args);
}

void mend_failed(struct mend_result *result, const char *format, ...)
{
	va_list args;

	result->outcome = MENDED_FAILED;
	va_start(args, format);
	say(result, format, args);
	va_end(args);
}

void mend_place_failed(struct mend_result *result, int r)
{
	const char *name = place_name(place_of(&result->check->mend));

	if (r == PLACE_E_FOREIGN)
		mend_failed(
			result,
			"%s is not as holdfast wrote it, and is left: move it away and try again",
			name);
	else
		mend_failed(result, "%s: %s", name, strerror(-r));
}

void mend_act_failed(struct mend_result *result, int r)
{
	enum posture_mend_kind kind = result->check->mend.kind;

	if (r == -ECANCELED)
		mend_failed(result, "the program that was run has failed, as it said");
	else if (kind == MEND_MODULE && r == -ENOENT)
		mend_failed(result, "it is a part of the kernel, and no module: %s",
			    result->check->fix);
	else if (kind == MEND_UNMOUNT && r == -EINVAL)
		mend_failed(result, "it is not mounted there: unmount it where it is");
	else if (r == -EBUSY || r == -EAGAIN)
		mend_failed(result, "it is in use, and stays until the next boot");
	else if (r == -EPERM && (kind == MEND_SYSCTL || kind == MEND_LOCKDOWN))
		mend_failed(result,
			    "%s: a guard that enforces may keep it, and then "
			    "`holdfast events` says so",
			    strerror(EPERM));
	else
		mend_failed(result, "now: %s", strerror(-r));
}

bool mend_asked(const struct mend_options *options, const struct posture_check *check)
{
	for (size_t i = 0; i < options->n_ids; i++) {
		if (strcmp(options->ids[i], check->id) == 0)
			return true;
	}
	return false;
}

int mend_current(const char *root, const char *name, char ret_value[RECORD_WAS])
{
	_cleanup_free_ char *text = NULL;
	char path[PLACE_PATH];
	size_t size, length;
	int r;

	place_sysctl(root, name, path, sizeof(path));
	r = file_read(AT_FDCWD, path, MAX_SETTING, &text, &size);
	if (r < 0)
		return r;
	length = r ? 0 : strcspn(text, "\n");
	if (!length || length >= RECORD_WAS || strspn(text, "-0123456789") != length)
		return -ERANGE;
	text[length] = '\0';
	(void)strcpy(ret_value, text);
	return 0;
}

int mend_record_failed(const char *root, int r, const char *text, struct diag *reterr_diag)
{
	if (r == -ENOMEM)
		return r;
	diag_set(reterr_diag, NULL, 0, 0, "%s/%s: %s: nothing was changed", root ?: "", MEND_RECORD,
		 r < 0 ? strerror(-r) : text);
	return -EINVAL;
}
