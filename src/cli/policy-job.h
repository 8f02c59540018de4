/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the verbs of `holdfast policy` share: a policy and its lock, read and written. */

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

struct lock;
struct policy;

/* A policy's files on their way through a verb. */
struct job {
	const char *path;
	char *lock_path;
	char *text;
	size_t size;
	struct policy *policy;
	struct lock *lock; /* NULL if there is no lock */
	struct diag diag; /* set when a step returns false */
};

/**
 * job_done() - release what a job has read
 */
void job_done(struct job *job);

/**
 * job_load() - read the policy at job.path and the lock beside it, if there is one
 * Return: true; false, and job.diag says why.
 */
bool job_load(struct job *job);

/**
 * job_save_lock() - replace the lock beside the policy
 * Return: true; false, and job.diag says why.
 */
bool job_save_lock(struct job *job, struct lock *lock);
