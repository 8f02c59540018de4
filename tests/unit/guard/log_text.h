/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/**
 * log_text() - all entries that the log below a state folder has had since its tail began
 *
 * Return: a line each; the caller frees it. Empty if there is no log.
 */
char *log_text(const char *state_dir);
