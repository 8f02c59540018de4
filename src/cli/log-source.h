/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the verbs of `holdfast log` have in common: a log's folder with a checkpoint of it, what is
 * proven from that, and how errors and JSON are written. Whoever returns an exit code has said why.
 */

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/diag.h"
#include "evidence/checkpoint.h"
#include "evidence/proof.h"
#include "evidence/reader.h"
#include "guard/protocol.h"

struct cli_call;

/* Where holdfastd keeps its own. */
#define LOG_DIR PROTOCOL_STATE_DIR "/log"

/* A log, read as a checkpoint says. {.path, .fd = -EBADF} to begin with. */
struct log_source {
	const char *path; /* of the folder. Borrowed. */
	int fd;
	char *note; /* the checkpoint as it is: its signature is not looked at */
	size_t note_size;
	struct checkpoint checkpoint;
	struct merkle *merkle;
	struct reader *reader;
	struct prove_source source;
	struct diag diag;
};

/* log_source_done() - for _cleanup_() */
void log_source_done(struct log_source *log);

/**
 * log_source_open() - open the folder and read the checkpoint
 * @checkpoint_path: a checkpoint of the log, from elsewhere; NULL: the folder's own
 * Return: enum cli_exit.
 */
int log_source_open(struct log_source *log, const char *checkpoint_path);

/* log_source_error() - say what has gone wrong below the folder. Return: CLI_FAILED. */
int log_source_error(const struct log_source *log, int r);

/* log_source_damaged() - the same, if tiles do not give the checkpoint's root */
int log_source_damaged(const struct log_source *log);

/**
 * log_source_since() - the proof that the checkpoint continues the first so many entries
 * @ret_proof: borrows the note from @log; has the root that those entries are proven to have
 * Return: enum cli_exit.
 */
int log_source_since(struct log_source *log, uint64_t size, struct proof_since *ret_proof);

/* log_error() - say what has gone wrong below a folder, or with it. Return: CLI_FAILED. */
int log_error(const char *path, int r, const struct diag *diag);

/* log_file_error() - say what is wrong with a file; @diag is then of it. Return: CLI_FAILED. */
int log_file_error(const char *path, int r, struct diag *diag);

/* log_open() - open a log's folder. Return: enum cli_exit. */
int log_open(const char *path, int *ret_fd);

/**
 * log_read_file() - all of a file of a person's
 * @ret_data: the caller frees
 * Return: enum cli_exit.
 */
int log_read_file(const char *path, size_t limit, char **ret_data, size_t *ret_size);

/**
 * log_read_policy() - a tlog-policy
 * @ret_policy: the caller frees by free()
 * Return: enum cli_exit.
 */
int log_read_policy(const char *path, struct quorum **ret_policy);

/* log_write_file() - replace a file by a text. Return: enum cli_exit. */
int log_write_file(const char *path, const char *text);

/* log_key() - the key of --key. Return: enum cli_exit. */
int log_key(const struct cli_call *call, struct note_key *ret_key);

/**
 * log_number() - a word of the command line as a number
 * @what: it is
 * Return: enum cli_exit.
 */
int log_number(const struct cli_call *call, const char *word, const char *what,
	       uint64_t *ret_number);

/* log_text() - a string without its NUL. Borrowed. */
struct text log_text(const char *string);

/* log_decrefp() - json_decref(), for _cleanup_() */
void log_decrefp(json_t **json);

/* log_print_json() - to standard output; NULL: there was no memory. Return: enum cli_exit. */
int log_print_json(json_t *json);

/* log_root_json() - a hash in base64. Return: a new reference; NULL if there is no memory. */
json_t *log_root_json(const struct merkle_hash *root);

/**
 * log_witnesses_json() - who of a policy's witnesses has cosigned, and when
 * Return: a new reference; NULL if there is no memory.
 */
json_t *log_witnesses_json(const struct quorum *policy, const struct quorum_report *report);

/* log_print_witnesses() - the same as lines */
void log_print_witnesses(const struct quorum *policy, const struct quorum_report *report);
