/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The drill: each technique of the catalogue that has one here, done once against a canary that the
 * drill starts itself. What happened is what the canary says, never what the attacker was told.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What the techniques meet; each demands something else of them. */
enum drill_phase {
	DRILL_NONE, /* no guard: what is attempted goes through */
	DRILL_OBSERVE, /* it goes through, and is logged */
	DRILL_ENFORCE, /* it is refused, the canary is unharmed, a neighbour passes */
	DRILL_DOWN, /* no guard any more: as DRILL_NONE */
	_DRILL_PHASE_MAX,
};

enum drill_format {
	DRILL_TEXT,
	DRILL_JSON, /* one object */
	DRILL_TAP, /* a result for each technique and neighbour */
	DRILL_TAP_JSON, /* the same, and the rows in comments: for `make drill` */
};

struct drill_options {
	enum drill_phase phase;
	enum drill_format format;
	bool disposable; /* the host may be lost: do what is marked `guest only`, too */
	bool locked; /* the policy in force holds strangers to lockdown=confidentiality */
	bool limited; /* and limits what they attach */
	bool cut_off; /* and closes the network to them */
	const char *only; /* a row of the catalogue; NULL: all */
	char **verbs; /* techniques, by the beginning of their name; none: all */
	size_t n_verbs;
	const char *start; /* see stage.h */
	unsigned int soak; /* seconds of all techniques at once, in enforce; 0: each once */
	const char *restore; /* run after a technique that has changed mounts */
	/*
	 * `LEAVE out` takes something out of the guard before a technique, `LEAVE mend` what
	 * refuses to mend mounts, and `LEAVE back` puts it back before all else is mended; neither
	 * neighbours nor events are looked at. NULL
	 */
	const char *leave;
};

enum drill_outcome {
	_DRILL_AS_DEMANDED,
	DRILL_E_OTHERWISE = 1, /* something that was attempted is not as the phase demands */
	DRILL_E_FAILED = 2, /* no canary, or it could not be mended; said on stderr */
};

/**
 * drill_phase_name() - "none", "observe", "enforce", "down"
 */
const char *drill_phase_name(enum drill_phase phase);

/**
 * drill_known() - whether the catalogue has a row of that id
 */
bool drill_known(const char *id);

/**
 * drill_title() - what a row of the catalogue is, in a few words
 * Return: borrowed, static; NULL if there is no row of that id.
 */
const char *drill_title(const char *id);

/**
 * drill_list() - the catalogue: a line for each row, and one for each technique of it
 */
void drill_list(FILE *file, bool json);

/**
 * drill_run() - the techniques that are chosen, and what became of them on @file
 * Return: 0; DRILL_E_OTHERWISE, DRILL_E_FAILED.
 */
int drill_run(const struct drill_options *options, FILE *file);
