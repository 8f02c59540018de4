/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A log held against a policy: what it would refuse of what was refused or observed, like events
 * counted together, each with the line that decides and what would allow it. Takes the log for
 * hostile. Pure.
 */

#include <stddef.h>
#include <stdio.h>

struct event_replay;
struct policy;

#define EVENT_REPLAY_MAX 4096 /* kinds of events that are told apart; more are only counted */

/**
 * event_replay_new() - nothing seen yet
 * @policy:     borrowed as long as the replay lives
 * @ret_replay: to be released with event_replay_free()
 * Return: 0; -ENOMEM.
 */
int event_replay_new(const struct policy *policy, struct event_replay **ret_replay);

/**
 * event_replay_free() - release it
 * Return: NULL. NULL is accepted.
 */
struct event_replay *event_replay_free(struct event_replay *replay);

static inline void event_replay_freep(struct event_replay **replay)
{
	(void)event_replay_free(*replay);
}

/**
 * event_replay_take() - see one entry of the log, or a line of `holdfast events --json`
 * @replay: the struct event_replay
 * Return: 0, whatever the line is; -ENOMEM.
 */
int event_replay_take(void *replay, const char *line, size_t size);

/**
 * event_replay_print() - what was found, for people: in the order of the first of each kind
 */
void event_replay_print(const struct event_replay *replay, FILE *file);

/**
 * event_replay_print_json() - the same as one JSON object
 * Return: 0; -ENOMEM.
 */
int event_replay_print_json(const struct event_replay *replay, FILE *file);
