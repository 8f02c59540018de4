// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * See compile.h. Each table is built by itself, sorted, and laid behind the one before; what cannot
 * be said in an image is refused here, at the place of the policy that says it.
 */

#include "policy/compile.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "policy/compile-limits.h"
#include "policy/image-check.h"
#include "policy/lock.h"
#include "policy/tree.h"

/* An executable and where the policy names it, for an error that only sorting brings up. */
struct executable {
	struct image_executable row;
	struct policy_place place;
};

struct admission {
	struct image_admission row;
	struct policy_place place;
	const char *name; /* of policy_admission.files */
	const char *path; /* NULL if the policy names a digest */
	const struct policy_limits *limits;
};

struct tables {
	const struct policy *policy;
	const struct lock *lock;
	struct diag *reterr_diag;
	struct image_domain *domains;
	struct executable *executables;
	struct executable *signers; /* by domain */
	struct image_trusted *trusted;
	struct image_pin *pins;
	struct image_file *files;
	struct image_verity *verities;
	struct admission *admissions;
	const struct policy_admission *admission; /* whose contents are being added */
	size_t n_domains, n_executables, n_trusted, n_pins, n_files, n_admissions;
	size_t n_verities, n_signed;
	size_t n_texts; /* bytes */
	struct limits_tables limits;
	uint32_t limits_of_all; /* image_header.limits */
	size_t asked; /* the row that first_of() has told last */
};

static void tables_done(struct tables *t)
{
	free(t->domains);
	free(t->executables);
	free(t->trusted);
	free(t->pins);
	free(t->files);
	free(t->verities);
	free(t->signers);
	free(t->admissions);
	limits_tables_done(&t->limits);
}

#define refuse_at(t, place, ...)                                                                   \
	(diag_set((t)->reterr_diag, (t)->policy->file, (place).line, (place).column, __VA_ARGS__), \
	 POLICY_E_INVALID)

/* The rest of the field is zero already; whoever filled the tree has checked the length. */
static void put_text(char *field, size_t room, const char *text)
{
	size_t length = strlen(text);

	assert(length < room);
	memcpy(field, text, length);
}

static int add_domain(struct tables *t, const struct policy_domain *d)
{
	struct image_domain *row;
	int r;

	r = array_grow(&t->domains, t->n_domains, sizeof(*t->domains));
	if (r < 0)
		return r;
	row = &t->domains[t->n_domains++];
	row->id = d->id;
	row->mode = (uint16_t)d->mode;
	row->hold = (uint16_t)d->hold;
	put_text(row->name, sizeof(row->name), d->name);
	return 0;
}

static int add_trusted(struct tables *t, const uint8_t *digest, uint32_t domain)
{
	struct image_trusted *row;
	int r;

	r = array_grow(&t->trusted, t->n_trusted, sizeof(*t->trusted));
	if (r < 0)
		return r;
	row = &t->trusted[t->n_trusted++];
	memcpy(row->digest, digest, IMAGE_DIGEST_LEN);
	row->domain = domain;
	return 0;
}

static void fill_executable(struct tables *t, const struct policy_executable *e,
			    struct executable *x)
{
	x->place = e->place;
	x->row.domain = t->domains[t->n_domains - 1].id;
	x->row.launch = e->launch;
	if (e->launch == IMAGE_LAUNCH_PARENT)
		x->row.launch_domain = policy_find_domain(t->policy, e->launch_name)->id;
	if (e->launch == IMAGE_LAUNCH_UNIT)
		put_text(x->row.unit, sizeof(x->row.unit), e->launch_name);
}

static int add_signed(struct tables *t, const struct policy_executable *e)
{
	int r = array_grow(&t->signers, t->n_signed, sizeof(*t->signers));

	if (r < 0)
		return r;
	fill_executable(t, e, &t->signers[t->n_signed++]);
	return 0;
}

/* What an executable holds: as the policy itself says, or each line of the lock for its path. */
typedef int content_fn(struct tables *t, const void *item, const uint8_t *digest, uint64_t size);

static int for_each_content(struct tables *t, const struct policy_domain *d, const void *item,
			    content_fn *add)
{
	const struct policy_executable *e = item;
	bool any = false;
	int r;

	if (e->is_signed)
		return add_signed(t, e);
	if (!e->path)
		return add(t, item, e->digest, e->size);
	for (size_t i = 0; i < t->lock->n_files; i++) {
		const struct lock_file *file = &t->lock->files[i];

		if (!lock_is(file, LOCK_EXECUTABLE, d->name, e->path))
			continue;
		any = true;
		r = add(t, item, file->digest, file->size);
		if (r)
			return r;
	}
	return any ? 0 : -EINVAL; /* the caller has not asked lock_agrees() */
}

static int add_executable(struct tables *t, const void *item, const uint8_t *digest, uint64_t size)
{
	const struct policy_executable *e = item;
	struct executable *x;
	int r;

	r = array_grow(&t->executables, t->n_executables, sizeof(*t->executables));
	if (r < 0)
		return r;
	x = &t->executables[t->n_executables++];
	fill_executable(t, e, x);
	memcpy(x->row.digest, digest, IMAGE_DIGEST_LEN);
	x->row.size = size;
	if (e->path)
		put_text(x->row.path, sizeof(x->row.path), e->path);
	return add_trusted(t, digest, x->row.domain);
}

static int add_pin(struct tables *t, const struct policy_domain *d, const struct policy_pin *p)
{
	struct image_pin *row;
	int r;

	r = array_grow(&t->pins, t->n_pins, sizeof(*t->pins));
	if (r < 0)
		return r;
	row = &t->pins[t->n_pins++];
	row->domain = d->id;
	row->kind = p->kind;
	put_text(row->path, sizeof(row->path), p->path);
	return 0;
}

static int add_rule(struct tables *t, const void *item, const uint8_t *digest, uint64_t size)
{
	/* The rule's only executable is what stands for it. */
	const struct policy_executable *e = item;
	const struct policy_admission *admission = t->admission;
	const struct policy_domain *d = &admission->files;
	struct admission *x;
	int r;

	r = array_grow(&t->admissions, t->n_admissions, sizeof(*t->admissions));
	if (r < 0)
		return r;
	x = &t->admissions[t->n_admissions++];
	x->place = e->place;
	x->name = d->name;
	memcpy(x->row.digest, digest, IMAGE_DIGEST_LEN);
	x->row.size = size;
	x->row.programs = admission->programs;
	x->row.id = image_admission_id(digest);
	x->path = e->path;
	/* what PID 1 executes loads nothing by its rule, and is like anybody */
	x->limits = admission->programs == IMAGE_PROGRAM_LAUNCH ? &t->policy->limits
								: &admission->limits;
	r = add_trusted(t, digest, x->row.id);
	for (size_t k = 0; k < d->n_libraries && !r; k++) {
		if (!d->libraries[k].path)
			r = add_trusted(t, d->libraries[k].digest, x->row.id);
	}
	return r;
}

static int add_policy(struct tables *t)
{
	for (size_t i = 0; i < t->policy->n_domains; i++) {
		const struct policy_domain *d = &t->policy->domains[i];
		int r;

		r = add_domain(t, d);
		for (size_t k = 0; k < d->n_executables && !r; k++)
			r = for_each_content(t, d, &d->executables[k], add_executable);
		for (size_t k = 0; k < d->n_libraries && !r; k++) {
			if (!d->libraries[k].path)
				r = add_trusted(t, d->libraries[k].digest, d->id);
		}
		for (size_t k = 0; k < d->n_pins && !r; k++)
			r = add_pin(t, d, &d->pins[k]);
		if (r)
			return r;
	}
	for (size_t i = 0; i < t->policy->n_admissions; i++) {
		const struct policy_domain *d = &t->policy->admissions[i].files;
		int r;

		t->admission = &t->policy->admissions[i];
		r = for_each_content(t, d, &d->executables[0], add_rule);
		if (r)
			return r;
	}
	return 0;
}

/*
 * The first row of a rule: those of one rule are neighbours until the table is sorted, and a lock
 * names the rules one after the other, so that the last one asked for is mostly this one as well.
 */
static size_t first_of(struct tables *t, const char *name)
{
	for (size_t i = 0; i < t->n_admissions; i++) {
		size_t at = (t->asked + i) % t->n_admissions;

		if (strcmp(t->admissions[at].name, name) != 0)
			continue;
		while (at > 0 && strcmp(t->admissions[at - 1].name, name) == 0)
			at--;
		t->asked = at;
		return at;
	}
	return t->n_admissions;
}

/* In the table of trusted content a rule stands under as many ids as it has digests. */
static int add_trust(struct tables *t, const char *name, const uint8_t *digest)
{
	const struct policy_domain *d = policy_find_domain(t->policy, name);
	bool any = false;
	int r;

	if (d)
		return add_trusted(t, digest, d->id);
	for (size_t i = first_of(t, name); i < t->n_admissions; i++) {
		if (strcmp(t->admissions[i].name, name) != 0)
			break;
		any = true;
		r = add_trusted(t, digest, t->admissions[i].row.id);
		if (r < 0)
			return r;
	}
	return any ? 0 : -EINVAL; /* the caller has not asked lock_agrees() */
}

static int add_file(struct tables *t, const char *path)
{
	int r;

	if (!image_path_valid(path))
		return refuse_at(t, t->policy->name_place,
				 "a library lies at %.64s..., which is longer than %d bytes or has "
				 "control characters: move it",
				 path, IMAGE_PATH_LEN - 1);
	r = array_grow(&t->files, t->n_files, sizeof(*t->files));
	if (r < 0)
		return r;
	put_text(t->files[t->n_files++].path, IMAGE_PATH_LEN, path);
	return 0;
}

static int add_verity(struct tables *t, const struct lock_file *file)
{
	struct image_verity *row;
	int r;

	if (!lock_has_verity(file))
		return 0;
	r = array_grow(&t->verities, t->n_verities, sizeof(*t->verities));
	if (r < 0)
		return r;
	row = &t->verities[t->n_verities++];
	memcpy(row->verity, file->verity, IMAGE_DIGEST_LEN);
	memcpy(row->digest, file->digest, IMAGE_DIGEST_LEN);
	return 0;
}

/* Libraries by path and all that is needed; executables are trusted already. */
static int add_lock(struct tables *t)
{
	for (size_t i = 0; i < t->lock->n_files; i++) {
		const struct lock_file *file = &t->lock->files[i];
		int r;

		r = add_file(t, file->path);
		if (!r)
			r = add_verity(t, file);
		if (r)
			return r;
		if (file->kind == LOCK_EXECUTABLE)
			continue;
		r = add_trust(t, file->domain, file->digest);
		if (r < 0)
			return r;
	}
	return 0;
}

static int compare_domains(const void *a, const void *b)
{
	const struct image_domain *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int compare_executables(const void *a, const void *b)
{
	const struct executable *x = a, *y = b;
	int order = memcmp(x->row.digest, y->row.digest, IMAGE_DIGEST_LEN);

	/* Equal ones are an error, reported at the later place. */
	return order ? order : (x->place.line > y->place.line) - (x->place.line < y->place.line);
}

static int compare_signed(const void *a, const void *b)
{
	const struct executable *x = a, *y = b;

	return x->row.domain < y->row.domain ? -1 : x->row.domain > y->row.domain;
}

static int compare_admissions(const void *a, const void *b)
{
	const struct admission *x = a, *y = b;
	int order = memcmp(x->row.digest, y->row.digest, IMAGE_DIGEST_LEN);

	return order ? order : (x->place.line > y->place.line) - (x->place.line < y->place.line);
}

static int compare_trusted(const void *a, const void *b)
{
	const struct image_trusted *x = a, *y = b;
	int order = memcmp(x->digest, y->digest, IMAGE_DIGEST_LEN);

	if (order)
		return order;
	return x->domain < y->domain ? -1 : x->domain > y->domain;
}

static int compare_pins(const void *a, const void *b)
{
	return strcmp(((const struct image_pin *)a)->path, ((const struct image_pin *)b)->path);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct image_file *)a)->path, ((const struct image_file *)b)->path);
}

static int compare_verities(const void *a, const void *b)
{
	const struct image_verity *x = a, *y = b;
	int order = memcmp(x->verity, y->verity, IMAGE_DIGEST_LEN);

	return order ? order : memcmp(x->digest, y->digest, IMAGE_DIGEST_LEN);
}

static void sort(void *rows, size_t n, size_t size, int (*compare)(const void *a, const void *b))
{
	if (n > 1)
		qsort(rows, n, size, compare);
}

static int refuse_same_content(const struct tables *t)
{
	for (size_t i = 1; i < t->n_executables; i++) {
		const struct executable *a = &t->executables[i - 1], *b = &t->executables[i];

		if (memcmp(a->row.digest, b->row.digest, IMAGE_DIGEST_LEN) == 0)
			return refuse_at(
				t, b->place,
				"the content is that of the executable in line %u: remove one",
				a->place.line);
	}
	return 0;
}

static int refuse_same_admission(const struct tables *t)
{
	for (size_t i = 0; i < t->n_admissions; i++) {
		const struct admission *a = &t->admissions[i];

		for (size_t k = 0; k < t->n_domains; k++) {
			if (t->domains[k].id == a->row.id)
				return refuse_at(
					t, a->place,
					"the content has the id of the domain \"%s\": rename it",
					t->domains[k].name);
		}
		if (i > 0 && a[-1].row.id == a->row.id)
			return refuse_at(t, a->place,
					 "the content is that of the rule in line %u: make one "
					 "rule of them",
					 a[-1].place.line);
	}
	return 0;
}

/* A digest of one content: the lock was not made by us. Return: 0; POLICY_E_INVALID. */
static int refuse_same_verity(struct tables *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_verities; i++) {
		struct image_verity *v = &t->verities[i];

		if (kept > 0 &&
		    memcmp(t->verities[kept - 1].verity, v->verity, IMAGE_DIGEST_LEN) == 0) {
			if (compare_verities(&t->verities[kept - 1], v) == 0)
				continue;
			return refuse_at(t, t->policy->name_place,
					 "the lock has one fs-verity digest for two contents: run "
					 "`holdfast policy lock` again");
		}
		t->verities[kept++] = *v;
	}
	t->n_verities = kept;
	return 0;
}

/* Two paths to one library are one trusted content, two agents' library is one file. */
static void drop_duplicates(struct tables *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_trusted; i++) {
		if (kept > 0 && compare_trusted(&t->trusted[kept - 1], &t->trusted[i]) == 0)
			continue;
		t->trusted[kept++] = t->trusted[i];
	}
	t->n_trusted = kept;

	kept = 0;
	for (size_t i = 0; i < t->n_files; i++) {
		if (kept > 0 && compare_files(&t->files[kept - 1], &t->files[i]) == 0)
			continue;
		t->files[kept++] = t->files[i];
	}
	t->n_files = kept;
}

static int sort_tables(struct tables *t)
{
	int r;

	sort(t->domains, t->n_domains, sizeof(*t->domains), compare_domains);
	sort(t->executables, t->n_executables, sizeof(*t->executables), compare_executables);
	sort(t->trusted, t->n_trusted, sizeof(*t->trusted), compare_trusted);
	sort(t->pins, t->n_pins, sizeof(*t->pins), compare_pins);
	sort(t->files, t->n_files, sizeof(*t->files), compare_files);
	sort(t->admissions, t->n_admissions, sizeof(*t->admissions), compare_admissions);
	sort(t->signers, t->n_signed, sizeof(*t->signers), compare_signed);
	sort(t->verities, t->n_verities, sizeof(*t->verities), compare_verities);
	drop_duplicates(t);

	/* The policy's own count was checked; an upgrade that is admitted counts twice. */
	if (t->n_executables > IMAGE_MAX_EXECUTABLES || t->n_admissions > IMAGE_MAX_ADMISSIONS)
		return refuse_at(t, t->policy->name_place,
				 "%zu executables and %zu tools by their digests, the limits are "
				 "%d and %d: `holdfast policy admit --prune` drops old ones",
				 t->n_executables, t->n_admissions, IMAGE_MAX_EXECUTABLES,
				 IMAGE_MAX_ADMISSIONS);
	if (t->n_trusted > IMAGE_MAX_TRUSTED)
		return refuse_at(t, t->policy->name_place,
				 "%zu trusted files, the limit is %d: name fewer agents",
				 t->n_trusted, IMAGE_MAX_TRUSTED);
	if (t->n_files > IMAGE_MAX_FILES)
		return refuse_at(t, t->policy->name_place,
				 "%zu files, the limit is %d: name fewer agents", t->n_files,
				 IMAGE_MAX_FILES);
	r = refuse_same_admission(t);
	if (!r)
		r = refuse_same_verity(t);
	return r ? r : refuse_same_content(t);
}

/* Nothing can be enforced by a guard that does not defend itself. */
static uint32_t mode_of_self(const struct tables *t)
{
	for (size_t i = 0; i < t->n_domains; i++) {
		if (t->domains[i].mode > t->policy->mode)
			return t->domains[i].mode;
	}
	return t->policy->mode;
}

static struct image_header make_header(const struct tables *t)
{
	struct image_header h = {
		.magic = IMAGE_MAGIC,
		.abi = IMAGE_ABI,
		.mode = mode_of_self(t),
		.version = t->policy->version,
		.ring_kib = t->policy->ring_kib,
		.switches = t->policy->switches,
		.modules = t->policy->kernel.modules,
		.kexec = t->policy->kernel.kexec,
		.lockdown = t->policy->kernel.lockdown,
		.require_lockdown = t->policy->kernel.require_lockdown,
		.n_required = (uint32_t)t->policy->kernel.n_required,
		.degraded = t->policy->kernel.degraded,
		.n_domains = (uint32_t)t->n_domains,
		.n_executables = (uint32_t)t->n_executables,
		.n_trusted = (uint32_t)t->n_trusted,
		.n_pins = (uint32_t)t->n_pins,
		.n_files = (uint32_t)t->n_files,
		.n_admissions = (uint32_t)t->n_admissions,
		.n_slots = image_slots((uint32_t)t->n_admissions),
		.n_limits = (uint32_t)t->limits.n_limits,
		.n_names = (uint32_t)t->limits.n_names,
		.n_maps = (uint32_t)t->limits.n_maps,
		.n_digests = (uint32_t)t->limits.n_digests,
		.n_signed = (uint32_t)t->n_signed,
		.n_verities = (uint32_t)t->n_verities,
		.n_texts = (uint32_t)t->n_texts,
		.limits = t->limits_of_all,
		.admitted = t->policy->admitted,
	};

	put_text(h.name, sizeof(h.name), t->policy->name);
	h.size = IMAGE_OFF_END(&h);
	return h;
}

/* The texts' place in each row; how many bytes they have is known once all are placed. */
static void place_texts(struct tables *t)
{
	t->n_texts = 1;
	for (size_t i = 0; i < t->n_admissions; i++) {
		struct admission *a = &t->admissions[i];

		if (!a->path)
			continue;
		a->row.path = (uint32_t)t->n_texts;
		t->n_texts += strlen(a->path) + 1;
	}
	t->n_texts = (t->n_texts + 7) / 8 * 8;
}

/* In the order in which the image names them. */
static int add_limits(struct tables *t)
{
	const char *excess;
	int r;

	r = limits_add(&t->limits, &t->policy->limits, &t->limits_of_all);
	for (size_t i = 0; i < t->n_admissions && !r; i++)
		r = limits_add(&t->limits, t->admissions[i].limits, &t->admissions[i].row.limits);
	if (!r)
		r = limits_require(&t->limits, &t->policy->kernel);
	if (r)
		return r;
	excess = limits_excess(&t->limits);
	return excess ? refuse_at(t, t->policy->name_place,
				  "the rules of admission have more %s than an image holds: let "
				  "rules share their limits",
				  excess)
		      : 0;
}

static int lay_out_admissions(const struct tables *t, char *image)
{
	const struct image_header *h = image_header(image);
	char *texts = image + IMAGE_OFF_TEXTS(h);

	for (size_t i = 0; i < t->n_admissions; i++) {
		const struct admission *a = &t->admissions[i];

		memcpy(image + IMAGE_OFF_ADMISSIONS(h) + i * sizeof(a->row), &a->row,
		       sizeof(a->row));
		if (a->path)
			put_text(texts + a->row.path, h->n_texts - a->row.path, a->path);
	}
	if (image_index(image, (uint32_t *)(image + IMAGE_OFF_SLOTS(h))))
		return 0;
	return refuse_at(t, t->policy->name_place,
			 "the tools' digests begin too much alike to be told apart quickly: name "
			 "fewer tools");
}

/* A table without rows was never allocated. */
static void put_rows(char *to, const void *rows, size_t size)
{
	if (size > 0)
		memcpy(to, rows, size);
}

static int lay_out(struct tables *t, void **ret_image, size_t *ret_size)
{
	_cleanup_free_ char *image = NULL;
	struct image_header h;
	int r;

	place_texts(t);
	r = add_limits(t);
	if (r)
		return r;
	h = make_header(t);
	if (t->n_texts > IMAGE_MAX_TEXTS || h.size > IMAGE_MAX_SIZE)
		return refuse_at(t, t->policy->name_place,
				 "the image would have %u bytes, %zu of them paths of tools, the "
				 "limits are %u and %u: name fewer agents or tools",
				 h.size, t->n_texts, IMAGE_MAX_SIZE, IMAGE_MAX_TEXTS);
	image = calloc(1, h.size);
	if (!image)
		return -ENOMEM;
	memcpy(image, &h, sizeof(h));
	memcpy(image + IMAGE_OFF_DOMAINS(&h), t->domains, t->n_domains * sizeof(*t->domains));
	for (size_t i = 0; i < t->n_executables; i++)
		memcpy(image + IMAGE_OFF_EXECUTABLES(&h) + i * sizeof(struct image_executable),
		       &t->executables[i].row, sizeof(struct image_executable));
	put_rows(image + IMAGE_OFF_TRUSTED(&h), t->trusted, t->n_trusted * sizeof(*t->trusted));
	put_rows(image + IMAGE_OFF_PINS(&h), t->pins, t->n_pins * sizeof(*t->pins));
	put_rows(image + IMAGE_OFF_FILES(&h), t->files, t->n_files * sizeof(*t->files));
	put_rows(image + IMAGE_OFF_VERITIES(&h), t->verities, t->n_verities * sizeof(*t->verities));
	for (size_t i = 0; i < t->n_signed; i++)
		memcpy(image + IMAGE_OFF_SIGNED(&h) + i * sizeof(struct image_executable),
		       &t->signers[i].row, sizeof(struct image_executable));
	limits_lay_out(&t->limits, image);
	r = lay_out_admissions(t, image);
	if (r)
		return r;

	image_fill_size_filter(image);
	r = image_seal(image, h.size);
	if (r < 0)
		return r;

	*ret_image = TAKE_PTR(image);
	*ret_size = h.size;
	return 0;
}

int compile_policy(const struct policy *policy, const struct lock *lock, void **ret_image,
		   size_t *ret_size, struct diag *reterr_diag)
{
	_cleanup_(tables_done) struct tables t = {
		.policy = policy, .lock = lock, .reterr_diag = reterr_diag};
	int r;

	r = add_policy(&t);
	if (r)
		return r;
	r = add_lock(&t);
	if (r)
		return r;
	r = sort_tables(&t);
	if (r)
		return r;
	return lay_out(&t, ret_image, ret_size);
}
