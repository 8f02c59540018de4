// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mending: what is to be done is decided and recorded for all checks before anything is. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "mend/job.h"
#include "mend/mend.h"
#include "mend/places.h"

#define LSM_PATH "sys/kernel/security/lsm"
#define MAX_LSM 4096

/* The list as it is, but for capability, which no list leaves out, and with @last at its end. */
static int list_value(const char *root, const char *last, char *ret_value)
{
	_cleanup_free_ char *text = NULL;
	char path[PLACE_PATH];
	size_t size, used = 0;
	int r;

	place_path(root, LSM_PATH, path, sizeof(path));
	r = file_read(AT_FDCWD, path, MAX_LSM, &text, &size);
	if (r)
		return r < 0 ? r : -E2BIG;
	for (char *rest = text, *name; (name = strsep(&rest, ",\n"));) {
		if (!name[0] || strcmp(name, last) == 0 || strcmp(name, "capability") == 0)
			continue;
		if (used < RECORD_VALUE)
			used += (size_t)snprintf(ret_value + used, RECORD_VALUE - used, "%s,",
						 name);
	}
	if (used < RECORD_VALUE)
		used += (size_t)snprintf(ret_value + used, RECORD_VALUE - used, "%s", last);
	return used < RECORD_VALUE && record_value_fits(ret_value) ? 0 : -E2BIG;
}

static bool is_masked(const char *root)
{
	char path[PLACE_PATH], target[16];
	ssize_t n;

	place_path(root, place_name(PLACE_MASK) + 1, path, sizeof(path));
	n = readlink(path, target, sizeof(target));
	return n == sizeof("/dev/null") - 1 && memcmp(target, "/dev/null", (size_t)n) == 0;
}

static bool is_loaded(const char *root, const char *module)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "sys/module/%s", module);
	return place_has(root, path);
}

/* What is there now, if it is not recorded yet. @fresh: nothing of the check is */
static int note_before(const struct mend_options *options, struct record_entry *entry, bool fresh)
{
	const struct posture_mend *mend = &entry->check->mend;

	if (fresh && mend->kind == MEND_UNMOUNT && is_masked(options->root))
		(void)strcpy(entry->was, "masked");
	if (!options->acts || entry->was[0])
		return 0;
	if (mend->kind == MEND_SYSCTL)
		return mend_current(options->root, mend->name, entry->was);
	if (mend->kind == MEND_MODULE)
		(void)strcpy(entry->was,
			     is_loaded(options->root, mend->name) ? "loaded" : "absent");
	else if (mend->kind == MEND_UNMOUNT)
		(void)strcpy(entry->was, "mounted");
	return 0;
}

static void say_now(const struct mend_options *options, const struct record_entry *entry,
		    struct mend_result *result)
{
	const struct posture_mend *mend = &entry->check->mend;
	char is[RECORD_WAS] = "?";
	size_t size = sizeof(result->now);

	if (!options->acts)
		return;
	if (mend->kind == MEND_SYSCTL) {
		(void)mend_current(options->root, mend->name, is);
		(void)snprintf(result->now, size, "%s %s -> %s", mend->name, is, entry->value);
	} else if (mend->kind == MEND_LOCKDOWN) {
		(void)snprintf(result->now, size, "lockdown is %s", entry->value);
	} else if (mend->kind == MEND_MODULE && is_loaded(options->root, mend->name)) {
		(void)snprintf(result->now, size, "%s is unloaded", mend->name);
	} else if (mend->kind == MEND_UNMOUNT) {
		(void)snprintf(result->now, size, "%s is unmounted", mend->name);
	}
}

static void say_later(const struct record_entry *entry, struct mend_result *result)
{
	const struct posture_mend *mend = &entry->check->mend;
	const char *name = place_name(place_entry(entry));
	size_t size = sizeof(result->later);
	char word[PLACE_WORD];

	place_word(entry, word, sizeof(word));
	if (mend->kind == MEND_UNIT)
		(void)snprintf(result->later, size, "%s is enabled", mend->name);
	else if (mend->kind == MEND_SYSCTL)
		(void)snprintf(result->later, size, "%s = %s, in %s", mend->name, entry->value,
			       name);
	else if (mend->kind == MEND_MODULE)
		(void)snprintf(result->later, size, "%s is not loaded, by %s", mend->name, name);
	else if (place_entry(entry) == PLACE_GRUB)
		(void)snprintf(result->later, size, "boot with%s %s, by %s", word[0] ? "" : "out",
			       word[0] ? word : mend->name, name);
	else if (place_entry(entry) == PLACE_MASK)
		(void)snprintf(result->later, size, "%s is not mounted, by %s", mend->name, name);
}

/* Return: whether the entry stays: there is something to be taken back one day. */
static bool plan(const struct mend_options *options, struct record_entry *entry, bool fresh,
		 struct mend_result *result)
{
	const struct posture_mend *mend = &entry->check->mend;
	const char *missing = place_missing(options->root, place_of(mend));
	char value[RECORD_VALUE];
	int r = 0;

	if (mend->value && mend->value[0] == '+')
		r = list_value(options->root, mend->value + 1, value);
	else
		(void)snprintf(value, sizeof(value), "%s", mend->value ?: "");
	if (!r)
		(void)strcpy(entry->value, value);
	if (!r)
		r = note_before(options, entry, fresh);
	if (r) {
		mend_failed(result, "what is there now cannot be recorded: %s", strerror(-r));
		return false;
	}
	say_now(options, entry, result);
	say_later(entry, result);
	if (mend->kind == MEND_UNIT && !options->acts) {
		mend_failed(result, "systemctl has to run on the host itself");
		return false;
	}
	if (!missing)
		return true;
	if (mend->kind == MEND_UNMOUNT) {
		mend_why(result, "later boots may mount it again: %s", missing);
		result->later[0] = '\0';
		return true;
	}
	mend_failed(result, "for later boots: %s", missing);
	return result->now[0] != '\0';
}

struct fixing {
	const struct mend_options *options;
	struct record record;
	bool wanted[MEND_MAX_RESULTS]; /* by the place of the result */
	struct mend_report *report;
};

/* Return: 0; -ENOMEM. */
static int choose(struct fixing *fixing, const struct posture_finding *finding)
{
	const struct posture_check *check = finding->check;
	bool asked = mend_asked(fixing->options, check);
	bool weak = finding->status >= POSTURE_WEAK;
	struct record_entry *entry;
	struct mend_result *result;
	bool fresh;

	if (!asked && (fixing->options->n_ids || !weak || check->mend.kind == MEND_NONE))
		return 0;
	result = mend_add(fixing->report, check, MENDED_PLANNED);
	if (!result)
		return -ENOMEM;
	if (finding->status == POSTURE_GOOD) {
		result->outcome = MENDED_LEFT;
		mend_why(result, "good already");
	} else if (!weak) {
		mend_failed(result, "%s: %s", posture_status_name(finding->status),
			    finding->reason[0] ? finding->reason : finding->value);
	} else if (check->mend.kind == MEND_NONE) {
		mend_failed(result, "no machine mends it: %s", check->fix);
	} else if (check->mend.one_way && !asked) {
		result->outcome = MENDED_ONE_WAY;
		mend_why(result, "one way: name it to have it done");
	} else {
		fresh = !record_find(&fixing->record, check);
		entry = record_add(&fixing->record, check);
		if (!entry)
			return -ENOMEM;
		fixing->wanted[result - fixing->report->results] = true;
		if (!plan(fixing->options, entry, fresh, result) && fresh)
			record_drop(&fixing->record, check);
	}
	return 0;
}

static int act_now(const struct mend_options *options, const struct record_entry *entry)
{
	const struct posture_mend *mend = &entry->check->mend;
	const struct mend_acts *acts = options->acts;

	switch (mend->kind) {
	case MEND_SYSCTL:
		return acts->sysctl(mend->name, entry->value);
	case MEND_LOCKDOWN:
		return acts->lockdown(entry->value);
	case MEND_MODULE:
		return is_loaded(options->root, mend->name) ? acts->module(mend->name, false) : 0;
	case MEND_UNMOUNT:
		return acts->debugfs(mend->name, false);
	case MEND_UNIT:
		return acts->unit(mend->name, true);
	case MEND_PARAMETER:
	case MEND_NONE:
	case _MEND_KIND_MAX:
		break;
	}
	return 0;
}

/* The running kernel, for one result. */
static void do_now(struct fixing *fixing, struct mend_result *result)
{
	struct record_entry *entry = record_find(&fixing->record, result->check);
	int r;

	if (!entry || !fixing->options->acts)
		return;
	r = act_now(fixing->options, entry);
	if (r)
		mend_act_failed(result, r);
}

/* One file, for all results that it is for. Return: whether one was. */
static bool do_later(struct fixing *fixing, enum place place)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < fixing->report->n; i++) {
		struct mend_result *result = &fixing->report->results[i];
		const struct record_entry *entry = record_find(&fixing->record, result->check);

		if (!fixing->wanted[i] || !entry || place_entry(entry) != place ||
		    place_missing(fixing->options->root, place))
			continue;
		if (!any)
			r = place_sync(fixing->options->root, place, &fixing->record);
		any = true;
		if (r)
			mend_place_failed(result, r);
	}
	return any && !r;
}

static void do_boot_loader(struct fixing *fixing)
{
	const struct mend_acts *acts = fixing->options->acts;
	int r = acts ? acts->boot_loader() : 0;

	for (size_t i = 0; i < fixing->report->n; i++) {
		struct mend_result *result = &fixing->report->results[i];

		if (!fixing->wanted[i] || place_of(&result->check->mend) != PLACE_GRUB)
			continue;
		if (!acts)
			mend_why(result, "update-grub has to run there");
		else if (r)
			mend_act_failed(result, r);
	}
}

static void do_all(struct fixing *fixing)
{
	for (size_t i = 0; i < fixing->report->n; i++) {
		if (fixing->wanted[i])
			do_now(fixing, &fixing->report->results[i]);
	}
	for (int place = 0; place < _PLACE_MAX; place++) {
		if (do_later(fixing, (enum place)place) && place == PLACE_GRUB)
			do_boot_loader(fixing);
	}
	for (size_t i = 0; i < fixing->report->n; i++) {
		struct mend_result *result = &fixing->report->results[i];

		if (result->outcome == MENDED_PLANNED)
			result->outcome = result->check->mend.kind == MEND_PARAMETER ? MENDED_REBOOT
										     : MENDED_DONE;
	}
}

int mend_fix(const struct mend_options *options, const struct posture *posture,
	     struct mend_report *ret_report, struct diag *reterr_diag)
{
	_cleanup_free_ struct fixing *fixing = calloc(1, sizeof(*fixing));
	struct diag diag = {0};
	int r;

	if (!fixing)
		return -ENOMEM;
	ret_report->n = 0;
	fixing->options = options;
	fixing->report = ret_report;
	r = record_load(options->root, &fixing->record, &diag);
	/* whoever may not read it may still ask what would be done */
	if (r && !(options->dry && r == -EACCES))
		return mend_record_failed(options->root, r, diag.text, reterr_diag);
	for (size_t i = 0; i < posture->n; i++) {
		r = choose(fixing, &posture->findings[i]);
		if (r)
			return r;
	}
	if (options->dry)
		return 0;
	r = record_save(options->root, &fixing->record);
	if (r)
		return mend_record_failed(options->root, r, "", reterr_diag);
	do_all(fixing);
	return 0;
}
