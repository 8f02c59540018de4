/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a policy says about an act that the log has: the line that decides, and the line that would
 * allow it. The log has names where the kernel decides by content, so this is what the policy
 * intends, not what the guard will do. Pure.
 */

#include <jansson.h>

struct policy;

enum decision_verdict {
	DECISION_REFUSED,
	DECISION_OBSERVED, /* goes through, and is logged */
	DECISION_ALLOWED,
};

struct decision {
	enum decision_verdict verdict;
	const char *decided; /* static: which keys of a policy decide about such an act */
	const char *allows; /* static: what in a policy would allow it, or that nothing would */
	/* The rest is of the policy at hand; without one there is none. */
	unsigned line; /* of what decides in the policy; 0: of no line, what is not said decides */
	char place[96]; /* what is in that line, in words, ASCII; empty without a policy */
};

/**
 * event_decide() - judge an event
 * @event:  a line of the log with an act; anything may be missing or of another kind
 * @policy: borrowed; NULL if none is at hand
 */
void event_decide(const json_t *event, const struct policy *policy, struct decision *ret_decision);

/**
 * decision_verdict_name() - refused, observed or allowed
 * Return: static.
 */
const char *decision_verdict_name(enum decision_verdict verdict);
