/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verbs of `holdfast log` that have a file of their own. */

struct cli_call;
struct quorum;

/**
 * log_check_since() - whether a log continues an earlier checkpoint: `log check --since`
 * @policy: borrowed, of --policy
 * Return: enum cli_exit.
 */
int log_check_since(const struct cli_call *call, const struct quorum *policy);

/* log_status() - what a log has, and who has signed it. Return: enum cli_exit. */
int log_status(const struct cli_call *call);

/**
 * log_witness() - have witnesses cosign a log's checkpoint
 * Return: enum cli_exit; CLI_DONE only if the policy's quorum has.
 */
int log_witness(const struct cli_call *call);
