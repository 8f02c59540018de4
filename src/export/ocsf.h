/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An entry as an event of OCSF 1.x: what was refused, observed or noted is a Detection Finding with
 * the profile security_control; what was lost is Event Log Activity; what holdfastd says of itself
 * is Application Lifecycle. Pure.
 */

struct follow_entry;

#define OCSF_VERSION "1.8.0"

/**
 * ocsf_format() - one JSON object, without a line feed
 * @ret_text: NUL terminated; the caller frees
 *
 * metadata.uid is "ORIGIN#INDEX", the same whenever the entry is exported; unmapped has origin,
 * index and leaf hash, and the entry itself as it is in the log. What is no JSON object becomes
 * Event Log Activity: it is in the log.
 * Return: 0; -ENOMEM.
 */
int ocsf_format(const struct follow_entry *entry, char **ret_text);
