// SPDX-License-Identifier: LGPL-2.1-or-later
/* `holdfast policy`: check, lock, compile. Reads and writes files, needs no privilege. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/system.h"
#include "cli/cli.h"
#include "cli/policy-job.h"
#include "cli/policy-verbs.h"
#include "policy/compile.h"
#include "policy/doc.h"
#include "policy/image-check.h"
#include "policy/lock.h"
#include "policy/lockout.h"
#include "policy/measure.h"
#include "policy/tree.h"

void job_done(struct job *job)
{
	job->policy = policy_free(job->policy);
	job->lock = lock_free(job->lock);
	free(job->text);
	free(job->lock_path);
}

/* The diag from an errno, for what no step has words for. */
static bool fail(struct job *job, const char *file, int error, const char *what)
{
	diag_set(&job->diag, file, 0, 0, "%s: %s", what, strerror(-error));
	return false;
}

/* "edge.yaml" to "edge.lock". */
static char *beside(const char *path, const char *suffix)
{
	static const char *const endings[] = {".yaml", ".yml"};
	size_t length = strlen(path);
	char *result;

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(endings[i]);

		if (length > n && path[length - n - 1] != '/' &&
		    strcmp(path + length - n, endings[i]) == 0) {
			length -= n;
			break;
		}
	}
	if (asprintf(&result, "%.*s%s", (int)length, path, suffix) < 0)
		return NULL;
	return result;
}

static bool load_policy(struct job *job)
{
	int r;

	job->lock_path = beside(job->path, ".lock");
	if (!job->lock_path)
		return fail(job, job->path, -ENOMEM, "cannot read the policy");

	r = file_read(AT_FDCWD, job->path, DOC_MAX_SIZE, &job->text, &job->size);
	if (r == FILE_E_TOO_BIG) {
		diag_set(&job->diag, job->path, 0, 0,
			 "the file has more than %zu bytes: that is no policy", DOC_MAX_SIZE);
		return false;
	}
	if (r < 0)
		return fail(job, job->path, r, "cannot read the policy");

	r = policy_parse(job->path, job->text, job->size, &job->policy, &job->diag);
	return r < 0 ? fail(job, job->path, r, "cannot read the policy") : r == 0;
}

/* Also true if there is none. */
static bool load_lock(struct job *job)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, job->lock_path, LOCK_MAX_SIZE, &text, &size);
	if (r == -ENOENT)
		return true;
	if (r == FILE_E_TOO_BIG) {
		diag_set(&job->diag, job->lock_path, 0, 0,
			 "the file has more than %zu bytes: that is no lock", LOCK_MAX_SIZE);
		return false;
	}
	if (r < 0)
		return fail(job, job->lock_path, r, "cannot read the lock");

	r = lock_read(job->lock_path, text, size, &job->lock, &job->diag);
	if (!r && lock_find(job->lock, LOCK_EXECUTABLE, POLICY_LAUNCHER, POLICY_LAUNCHER_PATH))
		r = policy_add_launcher(job->policy);
	if (!r)
		r = lock_agrees(job->lock, job->lock_path, job->policy, &job->diag);
	return r < 0 ? fail(job, job->lock_path, r, "cannot read the lock") : r == 0;
}

/* A policy that names digests only needs no lock. */
static bool needs_lock(const struct policy *policy)
{
	const struct policy_domain *d;

	for (size_t i = 0; (d = policy_owner(policy, i)); i++) {
		for (size_t k = 0; k < d->n_executables; k++) {
			if (d->executables[k].path)
				return true;
		}
		for (size_t k = 0; k < d->n_libraries; k++) {
			if (d->libraries[k].path)
				return true;
		}
	}
	return false;
}

static bool save(struct job *job, const char *path, const void *data, size_t size)
{
	int r = file_write_atomic(path, data, size, 0644);

	if (r == FILE_E_NOT_REGULAR) {
		diag_set(&job->diag, path, 0, 0,
			 "not a regular file: it is not replaced, name another one");
		return false;
	}
	return r < 0 ? fail(job, path, r, "cannot write it") : true;
}

bool job_load(struct job *job)
{
	return load_policy(job) && load_lock(job);
}

bool job_save_lock(struct job *job, struct lock *lock)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	r = lock_write(lock, &text, &size);
	return r < 0 ? fail(job, job->lock_path, r, "cannot write the lock")
		     : save(job, job->lock_path, text, size);
}

static const char *lock_state(const struct job *job)
{
	if (job->lock)
		return "agrees";
	return needs_lock(job->policy) ? "absent" : "not needed";
}

static json_t *domain_to_json(const struct policy_domain *d)
{
	json_t *pins = json_array(), *files = json_array();

	for (size_t k = 0; k < d->n_pins; k++)
		(void)json_array_append_new(d->pins[k].kind == IMAGE_PIN_FILE ? files : pins,
					    json_string(d->pins[k].path));
	return json_pack("{s:s, s:I, s:s, s:I, s:I, s:o, s:o}", "name", d->name, "id",
			 (json_int_t)d->id, "mode", image_mode_name(d->mode), "executables",
			 (json_int_t)d->n_executables, "libraries", (json_int_t)d->n_libraries,
			 "pins", pins, "files", files);
}

static json_t *policy_to_json(const struct policy *policy)
{
	json_t *domains = json_array();

	for (size_t i = 0; i < policy->n_domains; i++)
		(void)json_array_append_new(domains, domain_to_json(&policy->domains[i]));
	return json_pack("{s:s, s:I, s:s, s:I, s:o}", "name", policy->name, "version",
			 (json_int_t)policy->version, "mode", image_mode_name(policy->mode),
			 "ring_kib", (json_int_t)policy->ring_kib, "domains", domains);
}

static json_t *diag_to_json(const struct diag *diag)
{
	json_t *error = json_pack("{s:s?, s:s}", "file", diag->file, "text", diag->text);

	if (diag->line)
		(void)json_object_set_new(error, "line", json_integer(diag->line));
	if (diag->column)
		(void)json_object_set_new(error, "column", json_integer(diag->column));
	return error;
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

/* One object, the same members whatever the outcome. */
static int print_json(const struct job *job, bool ok)
{
	_cleanup_(json_freep) json_t *errors = json_array(), *all = NULL;

	if (!ok)
		(void)json_array_append_new(errors, diag_to_json(&job->diag));
	all = json_pack("{s:b, s:s, s:o, s:o, s:O}", "ok", ok, "file", job->path, "policy",
			ok ? policy_to_json(job->policy) : json_null(), "lock",
			ok ? json_string(lock_state(job)) : json_null(), "errors", errors);
	if (!all || json_dumpf(all, stdout, JSON_INDENT(2)) < 0)
		return cli_error("cannot write JSON: a name is not UTF-8, or memory ran out");
	(void)putchar('\n');
	return ok ? CLI_DONE : CLI_FAILED;
}

/* Return: CLI_DONE; CLI_USAGE. */
static int read_forced(const struct cli_call *call, unsigned int *ret_forced)
{
	const char *text = cli_option(call, "force");
	char word[8];

	*ret_forced = 0;
	while (text && *text) {
		size_t length = strcspn(text, ",");
		unsigned int bit = 0;

		if (length < sizeof(word)) {
			(void)snprintf(word, sizeof(word), "%.*s", (int)length, text);
			bit = policy_lockout_bit(word);
		}
		if (!bit)
			return cli_usage_error(call, "--force %s: of pid1 and self", text);
		*ret_forced |= bit;
		text += length + (text[length] == ',');
	}
	return CLI_DONE;
}

static int policy_check(const struct cli_call *call)
{
	_cleanup_(job_done) struct job job = {.path = call->args[0]};
	unsigned int forced;
	bool ok;
	int r = read_forced(call, &forced);

	if (r)
		return r;
	ok = job_load(&job) && !policy_lockout(job.policy, forced, &job.diag);
	if (cli_option(call, "json"))
		return print_json(&job, ok);
	if (!ok)
		return cli_error_diag(&job.diag);

	(void)printf("%s: policy %s, version %" PRIu64 ", %s: valid\n", job.path, job.policy->name,
		     job.policy->version, image_mode_name(job.policy->mode));
	if (job.lock)
		(void)printf("%s: agrees with the policy\n", job.lock_path);
	else if (needs_lock(job.policy))
		(void)printf("%s: not there yet, `holdfast policy lock %s` makes it\n",
			     job.lock_path, job.path);
	return CLI_DONE;
}

static size_t count_kind(const struct lock *lock, enum lock_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < lock->n_files; i++)
		n += lock->files[i].kind == kind;
	return n;
}

static int policy_lock(const struct cli_call *call)
{
	_cleanup_(job_done) struct job job = {.path = call->args[0]};
	const char *root = cli_option(call, "root");
	int r;

	if (!load_policy(&job))
		return cli_error_diag(&job.diag);
	r = measure_launcher(job.policy, root ? root : "/", &job.diag);
	if (!r)
		r = measure_policy(job.policy, root ? root : "/", &job.lock, &job.diag);
	if (r < 0)
		(void)fail(&job, job.path, r, "cannot read the policy's files");
	if (r)
		return cli_error_diag(&job.diag);

	if (!job_save_lock(&job, job.lock))
		return cli_error_diag(&job.diag);

	(void)printf("%s: executables %zu, libraries %zu, needed by them %zu\n", job.lock_path,
		     count_kind(job.lock, LOCK_EXECUTABLE), count_kind(job.lock, LOCK_LIBRARY),
		     count_kind(job.lock, LOCK_NEEDED));
	return CLI_DONE;
}

static void print_image(const char *path, const void *image)
{
	const struct image_header *h = image_header(image);
	char digest[2 * IMAGE_DIGEST_LEN + 1];

	hex_encode(h->digest, sizeof(h->digest), digest);
	(void)printf(
		"%s: policy %s, version %" PRIu64
		", %s; domains %u, executables %u, trusted %u, pins and files %u; %u bytes, sha256:%s\n",
		path, h->name, (uint64_t)h->version, image_mode_name(h->mode), h->n_domains,
		h->n_executables, h->n_trusted, h->n_pins, h->size, digest);
}

static bool make_image(struct job *job, void **ret_image, size_t *ret_size)
{
	int r;

	if (!job_load(job))
		return false;
	if (!job->lock && needs_lock(job->policy)) {
		diag_set(&job->diag, job->lock_path, 0, 0,
			 "there is no lock: `holdfast policy lock %s` makes it", job->path);
		return false;
	}
	if (!job->lock) {
		r = lock_new(job->policy->name, &job->lock);
		if (r < 0)
			return fail(job, job->lock_path, r, "cannot compile the policy");
	}

	r = compile_policy(job->policy, job->lock, ret_image, ret_size, &job->diag);
	if (r)
		return r < 0 ? fail(job, job->path, r, "cannot compile the policy") : false;
	/* What we write, the other side accepts; anything else is a bug of ours. */
	r = image_check(*ret_image, *ret_size, &job->diag);
	if (r)
		return r < 0 ? fail(job, job->path, r, "cannot compile the policy") : false;
	return true;
}

/* An image is known by its first bytes, which no YAML begins with. */
static int read_image(const char *path, void **ret_image, size_t *ret_size, bool *ret_is_image)
{
	_cleanup_free_ char *data = NULL;
	const uint32_t magic = IMAGE_MAGIC;
	struct diag diag = {0};
	size_t size;
	int r;

	*ret_is_image = false;
	r = file_read(AT_FDCWD, path, IMAGE_MAX_SIZE, &data, &size);
	if (r < 0 && r != -ENOMEM)
		return cli_error("%s: %s", path, strerror(-r));
	if (r || size < sizeof(magic) || memcmp(data, &magic, sizeof(magic)) != 0)
		return CLI_DONE;
	*ret_is_image = true;
	r = image_check(data, size, &diag);
	if (r < 0)
		return cli_error("%s: %s", path, strerror(-r));
	diag.file = path;
	if (r)
		return cli_error_diag(&diag);
	*ret_image = TAKE_PTR(data);
	*ret_size = size;
	return CLI_DONE;
}

int policy_image(const char *path, void **ret_image, size_t *ret_size)
{
	_cleanup_(job_done) struct job job = {.path = path};
	bool is_image;
	int r;

	r = read_image(path, ret_image, ret_size, &is_image);
	if (r || is_image)
		return r;
	return make_image(&job, ret_image, ret_size) ? CLI_DONE : cli_error_diag(&job.diag);
}

static int policy_compile(const struct cli_call *call)
{
	_cleanup_(job_done) struct job job = {.path = call->args[0]};
	_cleanup_free_ char *default_path = NULL;
	_cleanup_free_ void *image = NULL;
	const char *path = cli_option(call, "output");
	size_t size;

	default_path = beside(job.path, ".img");
	if (!default_path)
		return cli_error("out of memory");
	if (!path)
		path = default_path;

	if (!make_image(&job, &image, &size))
		return cli_error_diag(&job.diag);
	if (strcmp(path, job.path) == 0 || strcmp(path, job.lock_path) == 0)
		return cli_error("%s is an input: name another file with -o", path);
	if (!save(&job, path, image, size))
		return cli_error_diag(&job.diag);

	print_image(path, image);
	return CLI_DONE;
}

static const struct cli_option check_options[] = {
	{.name = "force", .value = "WHOM", .help = "lock out pid1 or self: it is meant"},
	{.name = "json", .help = "print one JSON object, errors included"},
	{0},
};

static const struct cli_option lock_options[] = {
	{.name = "root",
	 .value = "DIR",
	 .help = "read the host unpacked in DIR instead of this one"},
	{0},
};

static const struct cli_option compile_options[] = {
	{.name = "output", .letter = 'o', .value = "FILE", .help = "write the image to FILE"},
	{0},
};

static const struct cli_option learn_options[] = {
	{.name = "unit", .value = "UNIT", .help = "the agent is what runs in this unit"},
	{.name = "pid", .value = "PID", .help = "the agent is this process and what it starts"},
	{.name = "for", .value = "TIME", .help = "look for so long: 30s, 10m, 2h; else once"},
	{.name = "output", .letter = 'o', .value = "FILE", .help = "write the policy to FILE"},
	{0},
};

static const struct cli_option diff_options[] = {
	{.name = "running", .help = "compare the policy in force with the one that is named"},
	{.name = "json", .help = "print one JSON object"},
	{0},
};

static const struct cli_option admit_options[] = {
	{.name = "deb", .value = "FILE", .help = "add the digests that this package will install"},
	{.name = "prune", .help = "drop digests of neither this host nor a named package"},
	{.name = "root", .value = "DIR", .help = "take the host unpacked in DIR for this one"},
	{0},
};

static const struct cli_option sign_options[] = {
	{.name = "key", .value = "FILE", .help = "sign by this private key, PEM"},
	{.name = "cert", .value = "FILE", .help = "the key's certificate, PEM"},
	{.name = "signature",
	 .value = "FILE",
	 .help = "write the signature to FILE, not IMAGE.p7s"},
	{0},
};

static const struct cli_option sign_file_options[] = {
	{.name = "key", .value = "FILE", .help = "sign by this private key, PEM"},
	{.name = "cert", .value = "FILE", .help = "the key's certificate, PEM"},
	{.name = "domain", .value = "NAME", .help = "what the files are for"},
	{0},
};

static const struct cli_option verify_options[] = {
	{.name = "cert", .value = "FILE", .help = "the certificate whose key has signed, PEM"},
	{.name = "signature",
	 .value = "FILE",
	 .help = "read the signature from FILE, not IMAGE.p7s"},
	{.name = "json", .help = "print one JSON object, errors included"},
	{0},
};

const struct cli_verb cli_policy_verbs[] = {
	{
		.object = "policy",
		.verb = "check",
		.args = "POLICY.yaml",
		.min_args = 1,
		.max_args = 1,
		.options = check_options,
		.help = "say whether a policy is valid, and whether its lock agrees",
		.run = policy_check,
	},
	{
		.object = "policy",
		.verb = "lock",
		.args = "POLICY.yaml",
		.min_args = 1,
		.max_args = 1,
		.options = lock_options,
		.help = "write the digests of the policy's files beside it, to POLICY.lock",
		.run = policy_lock,
	},
	{
		.object = "policy",
		.verb = "compile",
		.args = "POLICY.yaml",
		.min_args = 1,
		.max_args = 1,
		.options = compile_options,
		.help = "make the image for the guard, POLICY.img, from a policy and its lock",
		.run = policy_compile,
	},
	{
		.object = "policy",
		.verb = "sign",
		.args = "IMAGE",
		.min_args = 1,
		.max_args = 1,
		.options = sign_options,
		.help = "sign an image: a detached CMS signature, IMAGE.p7s",
		.run = policy_sign,
	},
	{
		.object = "policy",
		.verb = "sign-file",
		.args = "FILE...",
		.min_args = 1,
		.max_args = CLI_ANY_ARGS,
		.options = sign_file_options,
		.help = "sign files for a domain that takes what is signed",
		.run = policy_sign_file,
	},
	{
		.object = "policy",
		.verb = "verify",
		.args = "IMAGE",
		.min_args = 1,
		.max_args = 1,
		.options = verify_options,
		.help = "say whether an image is signed by the key of a certificate",
		.run = policy_verify,
	},
	{
		.object = "policy",
		.verb = "learn",
		.args = "",
		.options = learn_options,
		.help = "write a policy for an agent that runs now",
		.run = policy_learn,
	},
	{
		.object = "policy",
		.verb = "diff",
		.args = "OLD NEW",
		.min_args = 1,
		.max_args = 2,
		.options = diff_options,
		.help = "say what another policy permits, and whether that weakens",
		.run = policy_diff,
	},
	{
		.object = "policy",
		.verb = "admit",
		.args = "[POLICY.yaml] [MORE.deb...]",
		.max_args = CLI_ANY_ARGS,
		.options = admit_options,
		.help = "prepare the lock for an upgrade, or drop what it left behind",
		.run = policy_admit,
	},
	{0},
};
