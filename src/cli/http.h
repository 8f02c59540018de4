/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HTTP for the one verb that asks somebody else. libcurl is looked for when it is wanted: who arms
 * a guard with `holdfast` has none of its thirty libraries in the process.
 */

#include <stddef.h>

struct diag;
struct http;

enum http_outcome {
	_HTTP_E_SUCCESS,
	HTTP_E_FAILED, /* there is no answer; the diag says why */
};

#define HTTP_SECONDS 10 /* of one request, to its last byte */
#define HTTP_MAX_ANSWER ((size_t)64 << 10) /* bytes; an answer that has more is none */

/* What was answered. */
struct http_answer {
	unsigned status;
	char *body; /* @size bytes and a NUL; the caller frees */
	size_t size;
};

/**
 * http_open() - find libcurl
 * @ret_http:    the caller closes it
 * @reterr_diag: filled on HTTP_E_FAILED
 * Return: 0; HTTP_E_FAILED if there is none, or too old a one; -ENOMEM.
 */
int http_open(struct http **ret_http, struct diag *reterr_diag);

/* http_close() - free it; NULL is fine. Return: NULL. */
struct http *http_close(struct http *http);

/* http_closep() - http_close(), for _cleanup_() */
void http_closep(struct http **http);

/**
 * http_post() - ask once, by http or https, within HTTP_SECONDS; no redirection is followed
 * @url:         all of it
 * @body:        text, which ends in a NUL
 * @ret_answer:  whatever its status is
 * @reterr_diag: filled on HTTP_E_FAILED
 * Return: 0; HTTP_E_FAILED; -ENOMEM.
 */
int http_post(struct http *http, const char *url, const char *body, struct http_answer *ret_answer,
	      struct diag *reterr_diag);
