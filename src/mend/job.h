/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What mending and taking back share: results of one check, and how errors are said. */

#include <stdarg.h>

#include "mend/mend.h"
#include "mend/record.h"

/* mend_add() - a result of a check, of nothing yet. Return: borrowed; NULL past the limit. */
struct mend_result *mend_add(struct mend_report *report, const struct posture_check *check,
			     enum mend_outcome outcome);

/* mend_why() - one more thing that a person should know */
void mend_why(struct mend_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* mend_failed() - one more thing that failed */
void mend_failed(struct mend_result *result, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* mend_place_failed() - that what place_sync() said has failed, of the check's place */
void mend_place_failed(struct mend_result *result, int r);

/* mend_act_failed() - that what an act returned has failed */
void mend_act_failed(struct mend_result *result, int r);

/* mend_asked() - whether a check is asked for by its id */
bool mend_asked(const struct mend_options *options, const struct posture_check *check);

/**
 * mend_current() - what a setting of the kernel is now
 * Return: 0; -ERANGE if it is no number of ours; any errno of reading it.
 */
int mend_current(const char *root, const char *name, char ret_value[RECORD_WAS]);

/* mend_record_failed() - say of the record what record_load() or record_save() returned */
int mend_record_failed(const char *root, int r, const char *text, struct diag *reterr_diag);
