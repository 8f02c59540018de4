// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast policy sign` and `verify`: an image, and the signature beside it. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/policy-verbs.h"
#include "policy/cms.h"
#include "policy/image-check.h"
#include "policy/sign.h"

/* The files of one call, each as it was read. */
struct signing {
	struct sign_files files;
	char *image, *certificate, *key, *signature;
	char *signature_path;
	struct signer signer;
	struct diag diag; /* set when a step returns false */
};

static void signing_done(struct signing *signing)
{
	if (signing->key)
		explicit_bzero(signing->key, signing->files.key.size);
	free(signing->key);
	free(signing->image);
	free(signing->certificate);
	free(signing->signature);
	free(signing->signature_path);
}

static bool fail(struct signing *signing, const char *file, int error, const char *what)
{
	diag_set(&signing->diag, file, 0, 0, "%s: %s", what, strerror(-error));
	return false;
}

static bool load(struct signing *signing, const char *path, size_t limit, struct sign_file *file,
		 char **ret_data)
{
	int r = file_read(AT_FDCWD, path, limit, ret_data, &file->size);

	if (r < 0)
		return fail(signing, path, r, "cannot read it");
	if (r == FILE_E_TOO_BIG) {
		diag_set(&signing->diag, path, 0, 0,
			 "the file has more than %zu bytes: it is not what is asked for", limit);
		return false;
	}
	file->name = path;
	file->data = *ret_data;
	return true;
}

static bool init(struct signing *signing, const struct cli_call *call)
{
	const char *path = call->args[0], *signature = cli_option(call, "signature");

	signing->files.now = time(NULL);
	if ((signature ? asprintf(&signing->signature_path, "%s", signature)
		       : asprintf(&signing->signature_path, "%s.p7s", path)) < 0) {
		signing->signature_path = NULL;
		return fail(signing, path, -ENOMEM, "cannot name the signature");
	}
	return load(signing, path, IMAGE_MAX_SIZE, &signing->files.image, &signing->image) &&
	       load(signing, cli_option(call, "cert"), SIGN_MAX_PEM, &signing->files.certificate,
		    &signing->certificate);
}

static bool same_file(const char *a, const char *b)
{
	struct stat one, other;

	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static bool save(struct signing *signing, const void *data, size_t size)
{
	const char *path = signing->signature_path;
	int r;

	if (same_file(path, signing->files.image.name) ||
	    same_file(path, signing->files.key.name) ||
	    same_file(path, signing->files.certificate.name)) {
		diag_set(&signing->diag, path, 0, 0,
			 "this is an input: name another file with --signature");
		return false;
	}
	r = file_write_atomic(path, data, size, 0644);
	if (r == FILE_E_NOT_REGULAR) {
		diag_set(&signing->diag, path, 0, 0,
			 "not a regular file: it is not replaced, name another one");
		return false;
	}
	return r < 0 ? fail(signing, path, r, "cannot write it") : true;
}

static bool sign(struct signing *signing, const struct cli_call *call)
{
	_cleanup_free_ void *data = NULL;
	size_t size;
	int r;

	if (!init(signing, call) || !load(signing, cli_option(call, "key"), SIGN_MAX_PEM,
					  &signing->files.key, &signing->key))
		return false;
	r = sign_image(&signing->files, &data, &size, &signing->signer, &signing->diag);
	if (r < 0)
		return fail(signing, signing->files.image.name, r, "cannot sign it");
	return r == 0 && save(signing, data, size);
}

static bool verify(struct signing *signing, const struct cli_call *call)
{
	int r;

	if (!init(signing, call) || !load(signing, signing->signature_path, CMS_MAX_SIZE,
					  &signing->files.signature, &signing->signature))
		return false;
	r = sign_verify(&signing->files, &signing->signer, &signing->diag);
	if (r < 0)
		return fail(signing, signing->files.image.name, r, "cannot verify it");
	return r == 0;
}

static void print_text(const struct signing *signing, const char *file)
{
	const struct image_header *h = image_header(signing->image);
	const struct signer *signer = &signing->signer;
	char digest[2 * IMAGE_DIGEST_LEN + 1];

	hex_encode(h->digest, sizeof(h->digest), digest);
	(void)printf("%s: policy %s, version %" PRIu64 ", sha256:%s; signed by %s with %s and %s\n",
		     file, h->name, (uint64_t)h->version, digest, signer->name, signer->key,
		     signer->hash);
}

int policy_sign(const struct cli_call *call)
{
	_cleanup_(signing_done) struct signing signing = {0};

	if (!cli_option(call, "key") || !cli_option(call, "cert"))
		return cli_usage_error(call, "say by whom: --key and --cert");
	if (!sign(&signing, call))
		return cli_error_diag(&signing.diag);
	print_text(&signing, signing.signature_path);
	return CLI_DONE;
}

static json_t *image_to_json(const void *image)
{
	const struct image_header *h = image_header(image);
	char digest[2 * IMAGE_DIGEST_LEN + 1];

	hex_encode(h->digest, sizeof(h->digest), digest);
	return json_pack("{s:s, s:I, s:s}", "name", h->name, "version", (json_int_t)h->version,
			 "sha256", digest);
}

static int print_json(const struct signing *signing, const char *path, bool good)
{
	const struct signer *signer = &signing->signer;
	json_t *image = NULL, *by = NULL, *errors = json_array(), *all;
	int r;

	if (good) {
		image = image_to_json(signing->image);
		by = json_pack("{s:s, s:s, s:s}", "subject", signer->name, "key", signer->key,
			       "hash", signer->hash);
	} else {
		(void)json_array_append_new(errors,
					    json_pack("{s:s?, s:s}", "file", signing->diag.file,
						      "text", signing->diag.text));
	}
	all = json_pack("{s:b, s:s, s:s?, s:o, s:o, s:o}", "ok", good, "file", path, "signature",
			signing->signature_path, "policy", image ? image : json_null(), "signer",
			by ? by : json_null(), "errors", errors);
	r = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;
	json_decref(all);
	if (r < 0)
		return cli_error("cannot write JSON: a name is not UTF-8, or memory ran out");
	(void)putchar('\n');
	return good ? CLI_DONE : CLI_FAILED;
}

int policy_verify(const struct cli_call *call)
{
	_cleanup_(signing_done) struct signing signing = {0};
	bool good;

	if (!cli_option(call, "cert"))
		return cli_usage_error(call, "say whose signature it has to be: --cert");
	good = verify(&signing, call);
	if (cli_option(call, "json"))
		return print_json(&signing, call->args[0], good);
	if (!good)
		return cli_error_diag(&signing.diag);
	print_text(&signing, call->args[0]);
	return CLI_DONE;
}
