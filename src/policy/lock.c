// SPDX-License-Identifier: LGPL-2.1-or-later
/* See lock.h. Pure: text in, text out. */

#include "policy/lock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/path.h"
#include "base/size.h"
#include "policy/image-check.h"
#include "policy/tree.h"

/* Locks are not edited by hand. */
#define MAKE_AGAIN "run `holdfast policy lock` again"

static const char *const kind_names[] = {"executable", "library", "needed"};

_Static_assert(ARRAY_SIZE(kind_names) == _LOCK_KIND_MAX, "a name for each kind");

int lock_new(const char *policy_name, struct lock **ret_lock)
{
	_cleanup_(lock_freep) struct lock *lock = calloc(1, sizeof(*lock));

	if (!lock)
		return -ENOMEM;
	lock->policy = strdup(policy_name);
	if (!lock->policy)
		return -ENOMEM;

	*ret_lock = TAKE_PTR(lock);
	return 0;
}

struct lock *lock_free(struct lock *lock)
{
	if (!lock)
		return NULL;

	for (size_t i = 0; i < lock->n_files; i++) {
		free(lock->files[i].domain);
		free(lock->files[i].path);
	}
	free(lock->files);
	free(lock->policy);
	free(lock);
	return NULL;
}

bool lock_has_verity(const struct lock_file *file)
{
	static const uint8_t none[SHA256_LEN];

	return memcmp(file->verity, none, SHA256_LEN) != 0;
}

bool lock_is(const struct lock_file *file, enum lock_kind kind, const char *domain,
	     const char *path)
{
	return file->kind == kind && strcmp(file->path, path) == 0 &&
	       strcmp(file->domain, domain) == 0;
}

const struct lock_file *lock_find(const struct lock *lock, enum lock_kind kind, const char *domain,
				  const char *path)
{
	for (size_t i = 0; i < lock->n_files; i++) {
		if (lock_is(&lock->files[i], kind, domain, path))
			return &lock->files[i];
	}
	return NULL;
}

/* Adds without looking for the same file. */
static int append(struct lock *lock, const struct lock_file *file)
{
	_cleanup_free_ char *domain = NULL, *path = NULL;
	struct lock_file *new;
	int r;

	if (lock->n_files >= LOCK_MAX_FILES)
		return LOCK_E_TOO_MANY;

	domain = strdup(file->domain);
	path = strdup(file->path);
	if (!domain || !path)
		return -ENOMEM;
	r = array_grow(&lock->files, lock->n_files, sizeof(*lock->files));
	if (r < 0)
		return r;

	new = &lock->files[lock->n_files++];
	*new = *file;
	new->domain = TAKE_PTR(domain);
	new->path = TAKE_PTR(path);
	return 0;
}

int lock_add(struct lock *lock, const struct lock_file *file)
{
	for (size_t i = 0; i < lock->n_files; i++) {
		const struct lock_file *f = &lock->files[i];

		if (lock_is(f, file->kind, file->domain, file->path) &&
		    memcmp(f->digest, file->digest, SHA256_LEN) == 0)
			return 0;
	}
	return append(lock, file);
}

/* Domain, then kind, then path, then digest: unique, so the order is total. */
static int compare_files(const void *a, const void *b)
{
	const struct lock_file *x = a, *y = b;
	int order = strcmp(x->domain, y->domain);

	if (order)
		return order;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = strcmp(x->path, y->path);
	return order ? order : memcmp(x->digest, y->digest, SHA256_LEN);
}

static void write_path(FILE *out, const char *path)
{
	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (*p <= 0x20 || *p >= 0x7f || *p == '\\')
			fprintf(out, "\\x%02x", *p);
		else
			fputc(*p, out);
	}
}

static void write_file(FILE *out, const struct lock_file *file)
{
	char digest[2 * SHA256_LEN + 1];

	hex_encode(file->digest, sizeof(file->digest), digest);
	fprintf(out, "%s %s sha256:%s ", kind_names[file->kind], file->domain, digest);
	if (lock_has_verity(file)) {
		hex_encode(file->verity, sizeof(file->verity), digest);
		fprintf(out, "fsverity:%s ", digest);
	}
	fprintf(out, "%" PRIu64 " ", file->size);
	write_path(out, file->path);
	fputc('\n', out);
}

int lock_write(struct lock *lock, char **ret_text, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out;
	bool failed;

	if (lock->n_files > 1)
		qsort(lock->files, lock->n_files, sizeof(*lock->files), compare_files);

	out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	fprintf(out, "holdfast-lock %d\npolicy %s\n", LOCK_FORMAT, lock->policy);
	for (size_t i = 0; i < lock->n_files; i++)
		write_file(out, &lock->files[i]);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return -ENOMEM; /* the only way in which writing to memory fails */

	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

struct lines {
	const char *file;
	char *rest; /* NULL after the last line */
	unsigned line;
	struct diag *reterr_diag;
};

#define refuse_line(lines, ...)                                                        \
	(diag_set((lines)->reterr_diag, (lines)->file, (lines)->line, 0, __VA_ARGS__), \
	 LOCK_E_INVALID)

/* The next line without its newline; NULL after the last. */
static char *next_line(struct lines *lines)
{
	char *line = lines->rest, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	if (end)
		*end++ = '\0';
	lines->rest = end;
	lines->line++;
	return line;
}

/* The next word before a single space; NULL if there is none. */
static char *next_word(char **rest)
{
	char *word = *rest, *end = strchr(word, ' ');

	if (!end || end == word)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return word;
}

/* In place. What write_path() would not have written is refused. */
static int read_path(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		uint8_t byte = (uint8_t)*from;

		if (byte == '\\') {
			if (from[1] != 'x' || hex_decode(from + 2, &byte, 1) < 0)
				return -EINVAL;
			if (byte == 0 || (byte > 0x20 && byte < 0x7f && byte != '\\'))
				return -EINVAL;
			from += 3;
		} else if (byte <= 0x20 || byte >= 0x7f) {
			return -EINVAL;
		}
		*to++ = (char)byte;
	}
	*to = '\0';

	return image_path_valid(text) ? 0 : -EINVAL;
}

static int read_size(const char *word, uint64_t *ret_size)
{
	unsigned long long size;

	if (word[0] < '1' || word[0] > '9' || word[strspn(word, "0123456789")])
		return -EINVAL;
	errno = 0;
	size = strtoull(word, NULL, 10);
	if (errno || size > IMAGE_MAX_FILE)
		return -EINVAL;
	*ret_size = size;
	return 0;
}

static enum lock_kind kind_from_name(const char *name)
{
	for (int i = 0; i < _LOCK_KIND_MAX; i++) {
		if (strcmp(name, kind_names[i]) == 0)
			return (enum lock_kind)i;
	}
	return _LOCK_KIND_INVALID;
}

/* The name that a rule of admission has here: its place among the rules. */
static bool is_admission(const char *name)
{
	static const char prefix[] = POLICY_ADMISSION_PREFIX;
	const char *number = name + sizeof(prefix) - 1;

	if (strcmp(name, POLICY_LAUNCHER) == 0)
		return true;
	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 && number[0] >= '1' &&
	       number[0] <= '9' && strlen(number) <= 3 && !number[strspn(number, "0123456789")];
}

static int read_digest(struct lines *lines, const char *prefix, const char *word,
		       uint8_t *ret_digest)
{
	size_t length = strlen(prefix);

	if (strncmp(word, prefix, length) == 0 && strlen(word) == length + 2 * (size_t)SHA256_LEN &&
	    hex_decode(word + length, ret_digest, SHA256_LEN) == 0)
		return 0;
	return refuse_line(lines, "expected \"%s\" and 64 digits of 0-9a-f, got \"%.80s\"", prefix,
			   word);
}

/* The digests, and the size behind them: the second digest may be missing. */
static int read_content(struct lines *lines, char *digest, char **line, struct lock_file *file)
{
	char *size = next_word(line);
	int r;

	r = read_digest(lines, "sha256:", digest, file->digest);
	if (r)
		return r;
	if (size && strncmp(size, "fsverity:", 9) == 0) {
		r = read_digest(lines, "fsverity:", size, file->verity);
		if (r)
			return r;
		if (!lock_has_verity(file))
			return refuse_line(lines, "no file has this fs-verity digest: " MAKE_AGAIN);
		size = next_word(line);
	}
	if (!size || read_size(size, &file->size) < 0)
		return refuse_line(lines,
				   "expected a size of 1 to %" PRIu64 " bytes, got \"%.32s\"",
				   IMAGE_MAX_FILE, size ? size : "");
	return 0;
}

static int read_file(struct lines *lines, char *line, struct lock *lock)
{
	char *kind = next_word(&line), *domain = kind ? next_word(&line) : NULL;
	char *digest = domain ? next_word(&line) : NULL;
	struct lock_file file = {.line = lines->line, .domain = domain};
	int r;

	if (!digest || !strchr(line, ' '))
		return refuse_line(lines, "expected KIND DOMAIN sha256:DIGEST fsverity:DIGEST SIZE "
					  "PATH: " MAKE_AGAIN);
	file.kind = kind_from_name(kind);
	if ((int)file.kind < 0)
		return refuse_line(lines, "expected executable, library or needed, got \"%.32s\"",
				   kind);
	if (!image_domain_name_valid(domain) && !is_admission(domain))
		return refuse_line(lines, "\"%.64s\" is no name of a domain", domain);
	r = read_content(lines, digest, &line, &file);
	if (r)
		return r;
	file.path = line;
	if (read_path(line) < 0)
		return refuse_line(
			lines, "the path is not normalised, too long or not escaped: " MAKE_AGAIN);

	if (lock->n_files > 0 && compare_files(&lock->files[lock->n_files - 1], &file) >= 0)
		return refuse_line(lines, "out of order or here twice: " MAKE_AGAIN);
	r = append(lock, &file);
	if (r == LOCK_E_TOO_MANY)
		return refuse_line(lines, "more than %d files in one lock", LOCK_MAX_FILES);
	return r;
}

static int read_head(struct lines *lines, struct lock **ret_lock)
{
	char *line = next_line(lines), *name;
	char expected[32];

	(void)snprintf(expected, sizeof(expected), "holdfast-lock %d", LOCK_FORMAT);
	if (!line || strcmp(line, expected) != 0)
		return refuse_line(lines, "expected \"%s\" in the first line: " MAKE_AGAIN,
				   expected);

	line = next_line(lines);
	name = line && strncmp(line, "policy ", 7) == 0 ? line + 7 : NULL;
	if (!name || !image_policy_name_valid(name))
		return refuse_line(lines, "expected \"policy NAME\" in the second line");
	return lock_new(name, ret_lock);
}

int lock_read(const char *file, const char *text, size_t size, struct lock **ret_lock,
	      struct diag *reterr_diag)
{
	_cleanup_(lock_freep) struct lock *lock = NULL;
	_cleanup_free_ char *copy = NULL;
	struct lines lines = {.file = file, .reterr_diag = reterr_diag};
	char *line;
	int r;

	if (size > LOCK_MAX_SIZE)
		return refuse_line(&lines, "the file has more than %zu bytes: that is no lock",
				   LOCK_MAX_SIZE);
	if (size == 0 || text[size - 1] != '\n' || memchr(text, '\0', size))
		return refuse_line(&lines, "the lock is empty, cut off or no text: " MAKE_AGAIN);
	copy = strndup(text, size);
	if (!copy)
		return -ENOMEM;

	lines.rest = copy;
	r = read_head(&lines, &lock);
	if (r)
		return r;
	while ((line = next_line(&lines))) {
		r = read_file(&lines, line, lock);
		if (r)
			return r;
	}

	*ret_lock = TAKE_PTR(lock);
	return 0;
}

static int mismatch(const char *file, struct policy_place place, const char *what, const char *path,
		    struct diag *reterr_diag)
{
	diag_set(reterr_diag, file, place.line, place.column, "%s %.300s: " MAKE_AGAIN, what, path);
	return LOCK_E_MISMATCH;
}

static int covers_policy(const struct lock *lock, const struct policy *policy,
			 struct diag *reterr_diag)
{
	const struct policy_domain *d;

	for (size_t i = 0; (d = policy_owner(policy, i)); i++) {
		for (size_t k = 0; k < d->n_executables; k++) {
			const struct policy_executable *e = &d->executables[k];

			if (e->path && !lock_find(lock, LOCK_EXECUTABLE, d->name, e->path))
				return mismatch(policy->file, e->place,
						"the lock has no executable", e->path, reterr_diag);
		}
		for (size_t k = 0; k < d->n_libraries; k++) {
			const struct policy_library *l = &d->libraries[k];

			if (l->path && !lock_find(lock, LOCK_LIBRARY, d->name, l->path))
				return mismatch(policy->file, l->place, "the lock has no library",
						l->path, reterr_diag);
		}
	}
	return 0;
}

static bool is_in_policy(const struct lock_file *file, const struct policy *policy)
{
	const struct policy_domain *d = policy_find_owner(policy, file->domain);

	if (!d)
		return false;
	for (size_t k = 0; k < d->n_executables; k++) {
		const char *path = d->executables[k].path;

		if (path && (file->kind == LOCK_NEEDED ||
			     (file->kind == LOCK_EXECUTABLE && strcmp(path, file->path) == 0)))
			return true;
	}
	for (size_t k = 0; k < d->n_libraries; k++) {
		const char *path = d->libraries[k].path;

		if (path && (file->kind == LOCK_NEEDED ||
			     (file->kind == LOCK_LIBRARY && strcmp(path, file->path) == 0)))
			return true;
	}
	return false;
}

int lock_agrees(const struct lock *lock, const char *lock_name, const struct policy *policy,
		struct diag *reterr_diag)
{
	int r;

	if (strcmp(lock->policy, policy->name) != 0) {
		diag_set(reterr_diag, lock_name, 2, 0,
			 "the lock is of the policy \"%s\", not \"%s\": " MAKE_AGAIN, lock->policy,
			 policy->name);
		return LOCK_E_MISMATCH;
	}
	r = covers_policy(lock, policy, reterr_diag);
	if (r)
		return r;

	for (size_t i = 0; i < lock->n_files; i++) {
		struct policy_place place = {.line = lock->files[i].line};

		if (!is_in_policy(&lock->files[i], policy))
			return mismatch(lock_name, place,
					"the policy does not name, for that domain,",
					lock->files[i].path, reterr_diag);
	}
	return 0;
}
