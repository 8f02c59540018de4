// SPDX-License-Identifier: LGPL-2.1-or-later
/* Taking back: first what later boots would read, then what runs, and the record at last. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "mend/job.h"
#include "mend/mend.h"
#include "mend/places.h"

struct undoing {
	const struct mend_options *options;
	struct record before, after;
	struct mend_report *report;
	bool boot_loader;
};

static void say_plan(const struct record_entry *entry, struct mend_result *result)
{
	const struct posture_mend *mend = &entry->check->mend;
	char word[PLACE_WORD];

	place_word(entry, word, sizeof(word));
	if (entry->was[0] && mend->kind == MEND_SYSCTL && !mend->one_way)
		(void)snprintf(result->now, sizeof(result->now), "%s %s -> %s", mend->name,
			       entry->value, entry->was);
	else if (entry->was[0] && mend->kind == MEND_UNMOUNT)
		(void)snprintf(result->now, sizeof(result->now), "%s is mounted", mend->name);
	else if (strcmp(entry->was, "loaded") == 0)
		(void)snprintf(result->now, sizeof(result->now), "%s is loaded", mend->name);
	if (mend->kind == MEND_UNIT)
		(void)snprintf(result->later, sizeof(result->later), "%s is disabled", mend->name);
	else if (place_entry(entry) == PLACE_GRUB)
		(void)snprintf(result->later, sizeof(result->later), "boot %s %s",
			       word[0] ? "without" : "with", word[0] ? word : mend->name);
	else if (place_entry(entry) != PLACE_NONE)
		(void)snprintf(result->later, sizeof(result->later), "no longer in %s",
			       place_name(place_entry(entry)));
}

/* Return: 0; -ENOMEM. */
static int choose(struct undoing *undoing)
{
	const struct mend_options *options = undoing->options;
	const struct posture_check *check;
	struct mend_result *result;

	for (size_t i = 0; (check = posture_check_each(i)); i++) {
		const struct record_entry *entry = record_find(&undoing->before, check);
		bool asked = mend_asked(options, check);

		if (!asked && (options->n_ids || !entry))
			continue;
		result = mend_add(undoing->report, check, entry ? MENDED_PLANNED : MENDED_LEFT);
		if (!result)
			return -ENOMEM;
		if (!entry) {
			mend_failed(result, "holdfast has changed nothing of it");
			continue;
		}
		say_plan(entry, result);
		record_drop(&undoing->after, check);
	}
	return 0;
}

static const struct record_entry *entry_of(struct undoing *undoing,
					   const struct mend_result *result)
{
	return result->outcome == MENDED_PLANNED ? record_find(&undoing->before, result->check)
						 : NULL;
}

/* The entry stays in the record: its file still says what it says. */
static void keep(struct undoing *undoing, const struct record_entry *entry)
{
	struct record_entry *kept = record_add(&undoing->after, entry->check);

	if (kept)
		*kept = *entry;
}

static void undo_later(struct undoing *undoing, enum place place)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < undoing->report->n; i++) {
		struct mend_result *result = &undoing->report->results[i];
		const struct record_entry *entry = entry_of(undoing, result);

		if (!entry || place_entry(entry) != place)
			continue;
		if (!any)
			r = place_sync(undoing->options->root, place, &undoing->after);
		any = true;
		if (!r)
			continue;
		mend_place_failed(result, r);
		keep(undoing, entry);
	}
	if (any && !r && place == PLACE_GRUB && !place_missing(undoing->options->root, place))
		undoing->boot_loader = true;
}

static int restore_sysctl(const struct mend_options *options, const struct record_entry *entry,
			  struct mend_result *result)
{
	const struct posture_mend *mend = &entry->check->mend;
	char is[RECORD_WAS];
	int r;

	r = mend_current(options->root, mend->name, is);
	if (r || strcmp(is, entry->was) == 0)
		return r;
	if (strcmp(is, entry->value) == 0)
		return options->acts->sysctl(mend->name, entry->was);
	mend_why(result, "it is %s now, which somebody else has set, and is left", is);
	return 0;
}

static int restore_module(const struct mend_options *options, const struct record_entry *entry,
			  struct mend_result *result)
{
	char disabled[RECORD_WAS];

	if (strcmp(entry->was, "loaded") != 0)
		return 0;
	if (mend_current(options->root, "kernel.modules_disabled", disabled) == 0 &&
	    strcmp(disabled, "1") == 0) {
		result->outcome = MENDED_REBOOT;
		mend_why(result, "no module is loaded before the next boot");
		return 0;
	}
	return options->acts->module(entry->check->mend.name, true);
}

static int restore(const struct mend_options *options, const struct record_entry *entry,
		   struct mend_result *result)
{
	const struct posture_mend *mend = &entry->check->mend;
	int r;

	switch (mend->kind) {
	case MEND_SYSCTL:
		return entry->was[0] ? restore_sysctl(options, entry, result) : 0;
	case MEND_MODULE:
		return restore_module(options, entry, result);
	case MEND_UNMOUNT:
		r = entry->was[0] ? options->acts->debugfs(mend->name, true) : 0;
		return r == -EBUSY ? 0 : r; /* it is mounted */
	case MEND_UNIT:
		return options->acts->unit(mend->name, false);
	case MEND_LOCKDOWN:
	case MEND_PARAMETER:
	case MEND_NONE:
	case _MEND_KIND_MAX:
		break;
	}
	return 0;
}

static void undo_now(struct undoing *undoing, struct mend_result *result)
{
	const struct record_entry *entry = entry_of(undoing, result);
	const struct posture_mend *mend = &result->check->mend;
	int r = 0;

	if (!entry)
		return;
	result->outcome = MENDED_DONE;
	if (mend->one_way)
		mend_why(result, "what runs keeps it until the next boot");
	else if (undoing->options->acts)
		r = restore(undoing->options, entry, result);
	if (mend->one_way || mend->kind == MEND_PARAMETER)
		result->outcome = MENDED_REBOOT;
	if (!r)
		return;
	mend_act_failed(result, r);
	if (mend->kind == MEND_UNIT)
		keep(undoing, entry);
	else
		mend_why(result, "the next boot is as it was before");
}

static void undo_boot_loader(struct undoing *undoing)
{
	const struct mend_acts *acts = undoing->options->acts;
	int r = acts ? acts->boot_loader() : 0;

	for (size_t i = 0; i < undoing->report->n; i++) {
		struct mend_result *result = &undoing->report->results[i];

		if (result->outcome != MENDED_REBOOT ||
		    place_of(&result->check->mend) != PLACE_GRUB)
			continue;
		if (!acts)
			mend_why(result, "update-grub has to run there");
		else if (r)
			mend_act_failed(result, r);
	}
}

int mend_undo(const struct mend_options *options, struct mend_report *ret_report,
	      struct diag *reterr_diag)
{
	_cleanup_free_ struct undoing *undoing = calloc(1, sizeof(*undoing));
	struct diag diag = {0};
	int r;

	if (!undoing)
		return -ENOMEM;
	ret_report->n = 0;
	undoing->options = options;
	undoing->report = ret_report;
	r = record_load(options->root, &undoing->before, &diag);
	if (r)
		return mend_record_failed(options->root, r, diag.text, reterr_diag);
	undoing->after = undoing->before;
	r = choose(undoing);
	if (r)
		return r;
	for (int place = 0; place < _PLACE_MAX; place++)
		undo_later(undoing, (enum place)place);
	for (size_t i = 0; i < ret_report->n; i++)
		undo_now(undoing, &ret_report->results[i]);
	if (undoing->boot_loader)
		undo_boot_loader(undoing);
	r = record_save(options->root, &undoing->after);
	if (!r)
		return 0;
	diag_set(reterr_diag, NULL, 0, 0,
		 "%s/%s: %s: all of it was taken back, but it still says so", options->root ?: "",
		 MEND_RECORD, strerror(-r));
	return -EINVAL;
}
