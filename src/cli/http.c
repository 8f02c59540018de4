// SPDX-License-Identifier: LGPL-2.1-or-later
/* See http.h. */

#include "cli/http.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* its macros of types do not see through our pointers */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define fail(...) (diag_set(reterr_diag, NULL, 0, 0, __VA_ARGS__), HTTP_E_FAILED)

struct http {
	void *library;
	__typeof__(curl_easy_init) *init;
	__typeof__(curl_easy_setopt) *setopt;
	__typeof__(curl_easy_perform) *perform;
	__typeof__(curl_easy_getinfo) *getinfo;
	__typeof__(curl_easy_cleanup) *cleanup;
	__typeof__(curl_slist_append) *append;
	__typeof__(curl_slist_free_all) *free_all;
};

struct body {
	char *data;
	size_t size;
};

int http_open(struct http **ret_http, struct diag *reterr_diag)
{
	_cleanup_(http_closep) struct http *http = calloc(1, sizeof(*http));
	const struct {
		const char *name;
		void **at;
	} functions[] = {
		{"curl_easy_init", (void **)&http->init},
		{"curl_easy_setopt", (void **)&http->setopt},
		{"curl_easy_perform", (void **)&http->perform},
		{"curl_easy_getinfo", (void **)&http->getinfo},
		{"curl_easy_cleanup", (void **)&http->cleanup},
		{"curl_slist_append", (void **)&http->append},
		{"curl_slist_free_all", (void **)&http->free_all},
	};

	if (!http)
		return -ENOMEM;
	http->library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!http->library)
		return fail("libcurl cannot be loaded: install the package libcurl4 (%s)",
			    dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		*functions[i].at = dlsym(http->library, functions[i].name);
		if (!*functions[i].at)
			return fail("libcurl has no %s(): is it a libcurl?", functions[i].name);
	}
	*ret_http = TAKE_PTR(http);
	return 0;
}

/* The library stays: it has registered what runs at the end of the process. */
struct http *http_close(struct http *http)
{
	free(http);
	return NULL;
}

void http_closep(struct http **http)
{
	(void)http_close(*http);
}

static size_t take(char *data, size_t one, size_t size, void *userdata)
{
	struct body *body = userdata;

	/* anything but @size ends the transfer */
	if (size > HTTP_MAX_ANSWER - body->size)
		return 0;
	memcpy(body->data + body->size, data, size);
	body->size += size;
	return size;
}

/* What is the same for every request. Return: 0; a CURLcode. */
static CURLcode prepare(const struct http *http, CURL *curl, struct curl_slist *headers)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_TIMEOUT, HTTP_SECONDS}, {CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_NOSIGNAL, 1},		 {CURLOPT_NETRC, CURL_NETRC_IGNORED},
		{CURLOPT_SSL_VERIFYPEER, 1},	 {CURLOPT_SSL_VERIFYHOST, 2},
	};
	CURLcode r;

	/* neither files nor mail nor whatever else it can */
	r = http->setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	for (size_t i = 0; r == CURLE_OK && i < ARRAY_SIZE(numbers); i++)
		r = http->setopt(curl, numbers[i].option, numbers[i].value);
	if (r == CURLE_OK)
		r = http->setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (r == CURLE_OK)
		r = http->setopt(curl, CURLOPT_USERAGENT, "holdfast/" HOLDFAST_VERSION);
	return r;
}

static CURLcode perform(const struct http *http, CURL *curl, const char *url, const char *body,
			struct body *answer)
{
	CURLcode r = http->setopt(curl, CURLOPT_URL, url);

	if (r == CURLE_OK)
		r = http->setopt(curl, CURLOPT_POSTFIELDS, body);
	if (r == CURLE_OK)
		r = http->setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
	if (r == CURLE_OK)
		r = http->setopt(curl, CURLOPT_WRITEFUNCTION, take);
	if (r == CURLE_OK)
		r = http->setopt(curl, CURLOPT_WRITEDATA, answer);
	return r == CURLE_OK ? http->perform(curl) : r;
}

int http_post(struct http *http, const char *url, const char *body, struct http_answer *ret_answer,
	      struct diag *reterr_diag)
{
	_cleanup_free_ char *data = malloc(HTTP_MAX_ANSWER + 1);
	struct body answer = {.data = data};
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers;
	CURL *curl = http->init();
	long status = 0;
	CURLcode r;

	/* "Expect: 100-continue" would cost a second where nobody answers it */
	headers = http->append(NULL, "Expect:");
	if (!data || !curl || !headers) {
		http->free_all(headers);
		http->cleanup(curl);
		return -ENOMEM;
	}
	r = prepare(http, curl, headers);
	if (r == CURLE_OK)
		r = http->setopt(curl, CURLOPT_ERRORBUFFER, why);
	if (r == CURLE_OK)
		r = perform(http, curl, url, body, &answer);
	if (r == CURLE_OK)
		r = http->getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	http->free_all(headers);
	http->cleanup(curl);
	if (r == CURLE_WRITE_ERROR)
		return fail("%s: its answer has more than %zu bytes", url, HTTP_MAX_ANSWER);
	if (r != CURLE_OK)
		return fail("%s: %s", url,
			    why[0] ? why : "libcurl refuses: it has to be 7.85 or later");
	data[answer.size] = '\0';
	*ret_answer = (struct http_answer){(unsigned)status, TAKE_PTR(data), answer.size};
	return 0;
}
