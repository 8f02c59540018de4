// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `holdfast policy sign-file`: what is said of files for a domain, signed, and left with each of
 * them. The content is what counts: fs-verity has to hold it, and may be enabled before or after.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/policy-verbs.h"
#include "policy/content.h"
#include "policy/image-check.h"
#include "policy/sign.h"

struct signing {
	const char *domain;
	uint32_t id;
	struct sign_files files; /* image: the statement */
	char *certificate, *key;
};

static void signing_done(struct signing *signing)
{
	if (signing->key)
		explicit_bzero(signing->key, signing->files.key.size);
	free(signing->key);
	free(signing->certificate);
}

static int load(const char *path, struct sign_file *file, char **ret_data)
{
	int r = file_read(AT_FDCWD, path, SIGN_MAX_PEM, ret_data, &file->size);

	if (r == FILE_E_TOO_BIG)
		return cli_error(
			"%s: the file has more than %zu bytes: it is no key or certificate", path,
			SIGN_MAX_PEM);
	if (r)
		return cli_error("%s: cannot read it: %s", path, strerror(-r));
	file->name = path;
	file->data = *ret_data;
	return CLI_DONE;
}

static int state(struct signing *signing, const char *path, int fd,
		 struct image_statement *ret_statement)
{
	uint8_t digest[SHA256_LEN], verity[SHA256_LEN];
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return cli_error("%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size < 1 || (uint64_t)st.st_size > IMAGE_MAX_FILE)
		return cli_error("%s: not a file of 1 to %llu bytes", path,
				 (unsigned long long)IMAGE_MAX_FILE);
	r = content_read(fd, (uint64_t)st.st_size, digest, verity);
	if (r)
		return cli_error("%s: cannot read it: %s", path, strerror(-r));
	*ret_statement = (struct image_statement){.magic = IMAGE_STATEMENT_MAGIC,
						  .domain = signing->id,
						  .algorithm = FS_VERITY_HASH_ALG_SHA256,
						  .size = SHA256_LEN};
	memcpy(ret_statement->verity, verity, SHA256_LEN);
	return CLI_DONE;
}

/* The domain, then the signature. */
static int leave(const struct signing *signing, const char *path, int fd, const void *cms,
		 size_t size)
{
	_cleanup_free_ struct image_signature *value = malloc(sizeof(*value) + size);

	if (!value)
		return cli_error("%s: %s", path, strerror(ENOMEM));
	if (size > IMAGE_SIGNATURE_MAX)
		return cli_error("%s: the signature has %zu bytes, the guard reads %d: take a "
				 "shorter key",
				 path, size, IMAGE_SIGNATURE_MAX);
	value->domain = signing->id;
	memcpy(value->cms, cms, size);
	if (fsetxattr(fd, IMAGE_SIGNATURE_XATTR, value, sizeof(*value) + size, 0))
		return cli_error("%s: cannot leave the signature with it (" IMAGE_SIGNATURE_XATTR
				 "): %s",
				 path, strerror(errno));
	return CLI_DONE;
}

static bool has_verity(int fd)
{
	struct {
		struct fsverity_digest head;
		uint8_t digest[64];
	} measured = {.head.digest_size = sizeof(measured.digest)};

	return ioctl(fd, FS_IOC_MEASURE_VERITY, &measured) == 0 &&
	       measured.head.digest_algorithm == FS_VERITY_HASH_ALG_SHA256;
}

static int sign_one(struct signing *signing, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct image_statement statement;
	_cleanup_free_ void *cms = NULL;
	struct diag diag = {0};
	struct signer signer;
	size_t size;
	int r;

	if (fd < 0)
		return cli_error("%s: %s", path, strerror(errno));
	r = state(signing, path, fd, &statement);
	if (r)
		return r;
	signing->files.image =
		(struct sign_file){.name = path, .data = &statement, .size = sizeof(statement)};
	r = sign_statement(&signing->files, &cms, &size, &signer, &diag);
	if (r < 0)
		return cli_error("%s: cannot sign it: %s", path, strerror(-r));
	if (r)
		return cli_error_diag(&diag);
	r = leave(signing, path, fd, cms, size);
	if (r)
		return r;
	(void)printf("%s: for the domain %s; signed by %s with %s and %s%s\n", path,
		     signing->domain, signer.name, signer.key, signer.hash,
		     has_verity(fd) ? "" : "; counts once fs-verity is enabled on it");
	return CLI_DONE;
}

int policy_sign_file(const struct cli_call *call)
{
	const char *key = cli_option(call, "key"), *certificate = cli_option(call, "cert");
	_cleanup_(signing_done) struct signing signing = {.domain = cli_option(call, "domain")};
	int r;

	if (!key || !certificate || !signing.domain)
		return cli_usage_error(call,
				       "say by whom and for what: --key, --cert and --domain");
	if (!image_domain_name_valid(signing.domain))
		return cli_usage_error(call, "\"%.64s\" is no name of a domain", signing.domain);
	r = image_domain_id(signing.domain, &signing.id);
	if (r < 0)
		return cli_error("%s: %s", signing.domain, strerror(-r));
	signing.files.now = time(NULL);
	r = load(certificate, &signing.files.certificate, &signing.certificate);
	if (!r)
		r = load(key, &signing.files.key, &signing.key);
	for (size_t i = 0; i < call->n_args && !r; i++)
		r = sign_one(&signing, call->args[i]);
	return r;
}
