// SPDX-License-Identifier: LGPL-2.1-or-later
#include "policy/image-check.h"

#include <errno.h>
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fixture.h"
#include "test.h"

/* clang-format off */
static const char small[] =
	HEAD("3", "enforce")
	"domains:\n"
	"  - name: a\n"
	"    executables:\n"
	"      - {digest: " DIGEST("1") ", size: 100, launch: unit a.service}\n"
	"      - {digest: " DIGEST("2") ", size: 200, launch: parent b}\n"
	"    libraries: [{digest: " DIGEST("3") "}, {path: /l/a}, {path: /l/b}]\n"
	"    pins: [/sys/fs/bpf/a, /sys/fs/bpf/b]\n"
	"  - name: b\n"
	"    executables: [{digest: " DIGEST("4") ", size: 100, launch: any}]\n"
	"    pins: [/sys/fs/bpf/c]\n"
	"admission:\n"
	"  allow:\n"
	"    - {digest: " DIGEST("5") ", size: 300, programs: [ext], reason: r}\n"
	"    - {digest: " DIGEST("6") ", size: 300, programs: [lsm], reason: r}\n"
	"    - {executable: /t/x, programs: [lsm]}\n"
	"    - executable: /t/y\n"
	"      programs: [lsm]\n"
	"      limits:\n"
	"        attach: [lsm_mac]\n"
	"        targets: [f, g]\n"
	"        helpers: [ktime_get_ns]\n"
	"        kfuncs: [e, h]\n"
	"        maps: [{type: hash}]\n"
	"        digests: [\"tag:0000000000000001\", " DIGEST("7") "]\n"
	"  limits: {kfuncs: none}\n"
	"kernel: {modules: signed, require: [yama, ftrace]}\n";
/* clang-format on */

static void what_compile_writes_is_accepted(void **state)
{
	_cleanup_free_ void *image = NULL;
	size_t size;

	image = fixture_image(small, &size);
	assert_int_equal(image_check(image, size, NULL), 0);
}

static void every_single_flipped_bit_is_refused(void **state)
{
	_cleanup_free_ uint8_t *image = NULL;
	size_t size;

	image = fixture_image(small, &size);
	for (size_t bit = 0; bit < 8 * size; bit++) {
		struct diag diag = {0};

		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(image_check(image, size, &diag), IMAGE_E_INVALID);
		assert_true(diag.text[0]);
		image[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(image_check(image, size, NULL), 0);
}

static void every_truncation_and_extension_is_refused(void **state)
{
	_cleanup_free_ uint8_t *image = NULL;
	size_t size;

	image = fixture_image(small, &size);
	for (size_t n = 0; n < size; n++) {
		/* Of its own, so that a read beyond the end is seen. */
		_cleanup_free_ uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, image, n);
		assert_int_equal(image_check(cut, n, NULL), IMAGE_E_INVALID);
	}

	_cleanup_free_ uint8_t *longer = calloc(1, size + 8);
	memcpy(longer, image, size);
	for (size_t n = 1; n <= 8; n++)
		assert_int_equal(image_check(longer, size + n, NULL), IMAGE_E_INVALID);
}

static void a_wrong_version_and_a_wrong_kind_say_so(void **state)
{
	_cleanup_free_ struct image_header *h = NULL;
	struct diag diag = {0};
	size_t size;

	h = fixture_image(small, &size);
	h->abi = 1;
	assert_int_equal(image_check(h, size, &diag), IMAGE_E_INVALID);
	assert_non_null(strstr(diag.text, "format 1, this holdfast reads 4"));
	h->magic = 0x464c457f;
	assert_int_equal(image_check(h, size, &diag), IMAGE_E_INVALID);
	assert_non_null(strstr(diag.text, "not a policy image"));
}

static void an_oversized_file_is_refused_before_it_is_read(void **state)
{
	_cleanup_free_ void *large = calloc(1, IMAGE_MAX_SIZE + 8);
	struct diag diag = {0};

	assert_int_equal(image_check(large, IMAGE_MAX_SIZE + 1, &diag), IMAGE_E_INVALID);
	assert_non_null(strstr(diag.text, "too many"));
	assert_int_equal(image_check(large, IMAGE_MAX_SIZE, &diag), IMAGE_E_INVALID);
	assert_non_null(strstr(diag.text, "not a policy image"));
}

static void an_unaligned_image_is_a_bug_of_the_caller(void **state)
{
	_cleanup_free_ char *image = calloc(1, 1024);

	assert_int_equal(image_check(image + 4, 1000, NULL), -EINVAL);
}

/* The tables of an image that is about to be broken. */
struct tables {
	struct image_header *h;
	struct image_domain *domains;
	struct image_executable *executables;
	struct image_trusted *trusted;
	struct image_pin *pins;
	struct image_file *files;
	struct image_admission *admissions;
	uint32_t *slots;
	char *texts;
	struct image_limits *limits;
	struct image_name *names;
	struct image_map *maps;
	struct image_program *digests;
	struct image_verity *verities;
};

static void swap(void *a, void *b, size_t size)
{
	_cleanup_free_ void *t = malloc(size);

	memcpy(t, a, size);
	memcpy(a, b, size);
	memcpy(b, t, size);
}

static struct image_executable *executable_of(struct tables *t, uint32_t launch)
{
	for (uint32_t i = 0; i < t->h->n_executables; i++) {
		if (t->executables[i].launch == launch)
			return &t->executables[i];
	}
	return NULL;
}

static void untrust(struct tables *t, uint32_t id, uint32_t other)
{
	for (uint32_t i = 0; i < t->h->n_trusted; i++) {
		if (t->trusted[i].domain == id)
			t->trusted[i].domain = other;
	}
}

/* Two tools whose digests begin alike. */
static void share_id(struct tables *t)
{
	untrust(t, t->admissions[1].id, t->admissions[0].id);
	for (uint32_t i = 0; i < t->h->n_trusted; i++) {
		if (!memcmp(t->trusted[i].digest, t->admissions[1].digest, IMAGE_DIGEST_LEN))
			memset(t->trusted[i].digest, 0x55, 4);
	}
	memset(t->admissions[1].digest, 0x55, 4);
	t->admissions[1].id = t->admissions[0].id;
}

/* Where the rule i is; a free one for a rule that is not there. */
static uint32_t *slot_of(struct tables *t, uint32_t i)
{
	uint32_t at = 0;

	while (t->slots[at] != i + 1)
		at++;
	return &t->slots[at];
}

#define BREAK(name, statement)             \
	static void name(struct tables *t) \
	{                                  \
		statement;                 \
	}

BREAK(header_size, t->h->size += 8)
BREAK(header_size_less, t->h->size -= 264)
BREAK(header_mode, t->h->mode = 4)
BREAK(header_mode_zero, t->h->mode = 0)
BREAK(header_version, t->h->version = 0)
BREAK(header_ring_small, t->h->ring_kib = 32)
BREAK(header_ring_large, t->h->ring_kib = 131072)
BREAK(header_ring_odd, t->h->ring_kib = 1000)
BREAK(header_switch, t->h->switches |= 16)
BREAK(domain_above, (t->h->mode = IMAGE_MODE_OBSERVE, t->domains[0].mode = IMAGE_MODE_ENFORCE))
BREAK(header_name_empty, t->h->name[0] = 0)
BREAK(header_name_odd, t->h->name[0] = '/')
BREAK(header_name_tail, t->h->name[IMAGE_NAME_LEN - 1] = 'x')
BREAK(header_name_endless, memset(t->h->name, 'x', IMAGE_NAME_LEN))
BREAK(header_no_domains, t->h->n_domains = 0)
BREAK(header_many_domains, t->h->n_domains = 65)
BREAK(header_many_executables, t->h->n_executables = 257)
BREAK(header_many_trusted, t->h->n_trusted = 32769)
BREAK(header_many_pins, t->h->n_pins = 1025)
BREAK(header_wrapping, t->h->n_trusted = 0xffffffff)
BREAK(header_counts, (t->h->n_pins--, t->h->n_domains++))
BREAK(header_filter_more, t->h->size_filter[63] |= 1)
BREAK(header_filter_less, memset(t->h->size_filter, 0, sizeof(t->h->size_filter)))
BREAK(domain_id, t->domains[0].id++)
BREAK(domain_id_reserved, t->domains[0].id = DOMAIN_SELF)
BREAK(domain_mode, t->domains[0].mode = 0)
BREAK(domain_sealed, t->domains[0].mode = IMAGE_MODE_SEALED)
BREAK(domain_name, memcpy(t->domains[0].name, "self", 4))
BREAK(domain_name_tail, t->domains[0].name[IMAGE_DOMAIN_LEN - 1] = 'x')
BREAK(domain_order, swap(&t->domains[0], &t->domains[1], sizeof(*t->domains)))
BREAK(domain_twice, t->domains[1] = t->domains[0])
BREAK(executable_order, swap(&t->executables[0], &t->executables[1], sizeof(*t->executables)))
BREAK(executable_twice, t->executables[1] = t->executables[0])
BREAK(executable_empty, t->executables[0].size = 0)
BREAK(executable_large, t->executables[0].size = IMAGE_MAX_FILE + 1)
BREAK(executable_pad, t->executables[0].pad0 = 1)
BREAK(executable_path, memcpy(t->executables[0].path, "a", 1))
BREAK(executable_path_tail, t->executables[0].path[IMAGE_PATH_LEN - 1] = 'a')
BREAK(executable_domain, t->executables[0].domain = DOMAIN_SELF)
BREAK(executable_launch, t->executables[0].launch = 5)
BREAK(executable_launch_zero, t->executables[0].launch = 0)
BREAK(executable_unit, memset(executable_of(t, IMAGE_LAUNCH_UNIT)->unit, 0, IMAGE_UNIT_LEN))
BREAK(executable_unit_extra, executable_of(t, IMAGE_LAUNCH_ANY)->unit[0] = 'a')
BREAK(executable_unit_tail, executable_of(t, IMAGE_LAUNCH_UNIT)->unit[IMAGE_UNIT_LEN - 1] = 'a')
BREAK(executable_parent, executable_of(t, IMAGE_LAUNCH_PARENT)->launch_domain = 17)
BREAK(executable_parent_none, executable_of(t, IMAGE_LAUNCH_PARENT)->launch_domain = 0)
BREAK(executable_parent_extra, executable_of(t, IMAGE_LAUNCH_ANY)->launch_domain = t->domains[0].id)
BREAK(executable_not_trusted, memset(t->trusted[0].digest, 0, IMAGE_DIGEST_LEN))
BREAK(trusted_order, swap(&t->trusted[0], &t->trusted[1], sizeof(*t->trusted)))
BREAK(trusted_twice, t->trusted[3] = t->trusted[2])
BREAK(trusted_pad, t->trusted[2].pad0 = 1)
BREAK(trusted_domain, t->trusted[2].domain = 17)
BREAK(pin_order, swap(&t->pins[0], &t->pins[1], sizeof(*t->pins)))
BREAK(pin_twice, t->pins[1] = t->pins[0])
BREAK(pin_kind, t->pins[0].kind = 2)
BREAK(pin_domain, t->pins[0].domain = DOMAIN_CANARY)
BREAK(pin_relative, t->pins[0].path[0] = 's')
BREAK(pin_tail, t->pins[0].path[IMAGE_PATH_LEN - 1] = 'x')
BREAK(pin_of_the_guard, memcpy(t->pins[2].path, IMAGE_SELF_PINS, sizeof(IMAGE_SELF_PINS)))
BREAK(file_order, swap(&t->files[0], &t->files[1], sizeof(*t->files)))
BREAK(file_twice, t->files[1] = t->files[0])
BREAK(file_relative, t->files[0].path[0] = 'l')
BREAK(file_tail, t->files[0].path[IMAGE_PATH_LEN - 1] = 'x')
BREAK(file_empty, memset(t->files[0].path, 0, IMAGE_PATH_LEN))
BREAK(header_many_files, t->h->n_files = 1025)
BREAK(header_one_file_less, t->h->n_files--)
BREAK(header_observes, t->h->mode = IMAGE_MODE_OBSERVE)
BREAK(header_many_admissions, t->h->n_admissions = IMAGE_MAX_ADMISSIONS + 1)
BREAK(header_admits_unknown, t->h->admitted |= (uint64_t)1 << 60)
BREAK(header_filter_admission, t->h->size_filter[300 / 64] &= ~((uint64_t)1 << 300 % 64))
BREAK(admission_order, (swap(&t->admissions[0], &t->admissions[1], sizeof(*t->admissions)),
			swap(slot_of(t, 0), slot_of(t, 1), sizeof(*t->slots))))
BREAK(admission_twice,
      (untrust(t, t->admissions[1].id, t->admissions[0].id), t->admissions[1] = t->admissions[0]))
BREAK(admission_empty, t->admissions[0].size = 0)
BREAK(admission_large, t->admissions[0].size = IMAGE_MAX_FILE + 1)
BREAK(admission_nothing, t->admissions[0].programs = 0)
BREAK(admission_unknown, t->admissions[0].programs |= (uint64_t)1 << 63)
BREAK(admission_id, t->admissions[0].id = t->domains[0].id)
/* In the slot that it had, and trusted by that name. */
BREAK(admission_id_other, (untrust(t, t->admissions[0].id, t->admissions[0].id + t->h->n_slots),
			   t->admissions[0].id += t->h->n_slots))
BREAK(admission_path, t->texts[t->admissions[2].path] = 'x')
BREAK(admission_path_far, t->admissions[2].path = 1u << 31)
BREAK(admission_path_within, t->admissions[3].path = t->admissions[2].path + 1)
BREAK(admission_path_shared, t->admissions[3].path = t->admissions[2].path)
BREAK(admission_path_unused, t->admissions[3].path = 0)
BREAK(admission_path_endless, memset(t->texts + 6, 'x', t->h->n_texts - 6))
BREAK(texts_head, t->texts[0] = 'x')
BREAK(texts_tail, t->texts[t->h->n_texts - 1] = 'x')
BREAK(texts_none, t->h->n_texts = 0)
BREAK(texts_odd, t->h->n_texts++)
BREAK(texts_more, t->h->n_texts = IMAGE_MAX_TEXTS + 8)
BREAK(slots_more, t->h->n_slots *= 2)
BREAK(slot_free, *slot_of(t, 0) = 0)
BREAK(slot_other, *slot_of(t, 0) = *slot_of(t, 1))
BREAK(slot_far, *slot_of(t, 0) = 1000)
BREAK(slot_taken, *slot_of(t, 0xffffffff) = 1)
BREAK(admission_not_trusted, untrust(t, t->admissions[1].id, t->domains[1].id))
BREAK(admission_id_shared, share_id(t))
BREAK(kernel_modules, t->h->modules = IMAGE_CODE_DENY + 1)
BREAK(kernel_kexec, t->h->kexec = IMAGE_CODE_DENY + 1)
BREAK(kernel_lockdown, t->h->lockdown = IMAGE_LOCKDOWN_CONFIDENTIALITY + 1)
BREAK(kernel_require, t->h->require_lockdown = IMAGE_LOCKDOWN_CONFIDENTIALITY + 1)
BREAK(kernel_degraded, t->h->degraded = 2)
BREAK(required_many, t->h->n_required = IMAGE_MAX_REQUIRED + 1; t->h->n_names = 100)
BREAK(required_more, t->h->n_required = t->h->n_names + 1)
BREAK(required_less, t->h->n_required--)
BREAK(required_order, swap(&t->names[4], &t->names[5], sizeof(*t->names)))
BREAK(required_twice, t->names[4] = t->names[5])
BREAK(required_empty, t->names[4].text[0] = 0)
BREAK(required_tail, t->names[4].text[IMAGE_SYMBOL_LEN - 1] = 1)
BREAK(required_word, t->names[4].text[0] = '_')
BREAK(header_many_signed, t->h->n_signed = IMAGE_MAX_DOMAINS + 1)
BREAK(header_many_verities, t->h->n_verities = IMAGE_MAX_VERITIES + 1)
BREAK(header_many_limits, t->h->n_limits = IMAGE_MAX_LIMITS + 1)
BREAK(header_many_names, t->h->n_names = IMAGE_MAX_NAMES + 1)
BREAK(header_many_maps, t->h->n_maps = IMAGE_MAX_MAPS + 1)
BREAK(header_many_digests, t->h->n_digests = IMAGE_MAX_DIGESTS + 1)
BREAK(admission_pad, t->admissions[1].pad0 = 1)
BREAK(limits_of_nobody, t->h->limits = 0)
BREAK(limits_skipped, t->h->limits = 2)
BREAK(limits_far, t->admissions[3].limits = 3)
BREAK(limits_unused, t->admissions[3].limits = 1)
BREAK(limits_none, t->limits[0].given = 0)
BREAK(limits_unknown, t->limits[0].given |= 64)
BREAK(limits_pad, t->limits[0].pad0 = 1)
BREAK(limits_attach, t->limits[1].attach |= (uint64_t)1 << 60)
BREAK(limits_attach_free, t->limits[0].attach = 1)
BREAK(limits_helper, t->limits[1].helpers[0] |= 1)
BREAK(limits_helper_free, t->limits[0].helpers[3] = 1)
BREAK(limits_targets_free, t->limits[0].n_targets = 1)
BREAK(limits_targets_far, t->limits[1].n_targets = 3)
BREAK(limits_targets_gap, t->limits[1].targets = 1)
BREAK(limits_targets_less, t->limits[1].n_targets = 1)
BREAK(limits_kfuncs_free, (t->limits[1].given &= ~IMAGE_LIMIT_KFUNCS))
BREAK(limits_kfuncs_far, t->limits[1].n_kfuncs = 5)
BREAK(limits_kfuncs_gap, t->limits[1].kfuncs = 3)
BREAK(limits_kfuncs_shared, t->limits[1].kfuncs = 0)
BREAK(limits_kfuncs_less, t->limits[1].n_kfuncs = 1)
BREAK(limits_maps_far, t->limits[1].n_maps = 0xffffffff)
BREAK(limits_digests_gap, t->limits[1].digests = 1)
BREAK(target_order, swap(&t->names[0], &t->names[1], sizeof(*t->names)))
BREAK(target_twice, t->names[0] = t->names[1])
BREAK(target_empty, t->names[0].text[0] = 0)
BREAK(target_tail, t->names[0].text[IMAGE_SYMBOL_LEN - 1] = 1)
BREAK(target_word, t->names[0].text[0] = ' ')
BREAK(kfunc_order, swap(&t->names[2], &t->names[3], sizeof(*t->names)))
BREAK(kfunc_empty, t->names[3].text[0] = 0)
BREAK(map_unknown, t->maps[0].type = 1000)
BREAK(map_none, t->maps[0].type = 0)
BREAK(map_pad, t->maps[0].pad0 = 1)
BREAK(digest_kind, t->digests[1].kind = 3)
BREAK(digest_tail, t->digests[0].digest[IMAGE_TAG_LEN] = 1)
BREAK(digest_pad, t->digests[1].pad0 = 1)
BREAK(verity_order, swap(&t->verities[0], &t->verities[1], sizeof(*t->verities)))
BREAK(verity_twice, t->verities[0] = t->verities[1])
BREAK(verity_of_nothing, t->verities[0].digest[0] ^= 1)
BREAK(digest_order, swap(&t->digests[0], &t->digests[1], sizeof(*t->digests)))
BREAK(digest_twice, t->digests[0] = t->digests[1])
BREAK(pin_nested, memcpy(t->pins[2].path, "/sys/fs/bpf/b/c", 16))

static const struct {
	void (*break_it)(struct tables *t);
	const char *part;
} breaks[] = {
	{header_size, "the image says it has 5400 bytes, the file has 5392"},
	{header_size_less, "the image says it has 5128 bytes, the file has 5392"},
	{header_mode, "unknown mode 4"},
	{header_mode_zero, "unknown mode 0"},
	{header_version, "version 0"},
	{header_ring_small, "ring"},
	{header_ring_large, "ring"},
	{header_ring_odd, "ring"},
	{header_switch, "switches that are not known"},
	{domain_above, "the guard itself does not"},
	{header_name_empty, "policy name"},
	{header_name_odd, "policy name"},
	{header_name_tail, "policy name"},
	{header_name_endless, "policy name"},
	{header_no_domains, "0 domains"},
	{header_many_domains, "65 domains, 1 to 64"},
	{header_many_executables, "257 executables, 0 to 256"},
	{header_many_trusted, "32769 trusted files, 0 to 32768"},
	{header_many_pins, "1025 pins and files of domains, 0 to 1024"},
	{header_wrapping, "trusted files"},
	{header_counts, "tables end at"},
	{header_filter_more, "size filter"},
	{header_filter_less, "size filter"},
	{domain_id, "its name gives"},
	{domain_id_reserved, "its name gives"},
	{domain_mode, "unknown mode 0"},
	{domain_sealed, "unknown mode 3"},
	{domain_name, "no valid name"},
	{domain_name_tail, "no valid name"},
	{domain_order, "out of order"},
	{domain_twice, "out of order"},
	{executable_order, "out of order"},
	{executable_twice, "out of order"},
	{executable_empty, "has 0 bytes"},
	{executable_large, "has 1073741825 bytes"},
	{executable_pad, "padding"},
	{executable_path, "valid path"},
	{executable_path_tail, "valid path"},
	{executable_domain, "no domain"},
	{executable_launch, "unknown launch rule 5"},
	{executable_launch_zero, "unknown launch rule 0"},
	{executable_unit, "unit"},
	{executable_unit_extra, "unit"},
	{executable_unit_tail, "unit"},
	{executable_parent, "parent domain"},
	{executable_parent_none, "parent domain"},
	{executable_parent_extra, "parent domain"},
	{executable_not_trusted, "not trusted in its own domain"},
	{trusted_order, "out of order"},
	{trusted_twice, "out of order"},
	{trusted_pad, "padding"},
	{trusted_domain, "no domain"},
	{pin_order, "out of order"},
	{pin_twice, "out of order"},
	{pin_kind, "kind that is not known"},
	{pin_domain, "no domain"},
	{pin_relative, "valid path"},
	{pin_tail, "valid path"},
	{pin_of_the_guard, "valid path"},
	{file_order, "file 1 is out of order"},
	{file_twice, "file 1 is out of order"},
	{file_relative, "file 0 has no valid path"},
	{file_tail, "file 0 has no valid path"},
	{file_empty, "file 0 has no valid path"},
	{header_many_files, "1025 files, 0 to 1024"},
	{header_one_file_less, "tables end at byte 5136 of 5392"},
	{header_observes, "enforces and the guard itself does not"},
	{header_many_admissions, "16385 admissions, 0 to 16384"},
	{header_admits_unknown, "admits programs that are not known"},
	{header_filter_admission, "size filter"},
	{admission_order, "admission 1 is out of order"},
	{admission_twice, "admission 1 is out of order"},
	{admission_empty, "admission 0 has 0 bytes"},
	{admission_large, "admission 0 has 1073741825 bytes"},
	{admission_nothing, "admission 0 names no programs"},
	{admission_unknown, "admission 0 names no programs, or unknown ones"},
	{admission_id, "belongs to no domain"},
	{admission_id_other, "admission 0 does not have the id of its digest"},
	{admission_path, "admission 2 has no valid path"},
	{admission_path_far, "admission 2 has its path at byte 2147483648 of the texts, 1 is next"},
	{admission_path_within, "admission 3 has its path at byte 2 of the texts, 6 is next"},
	{admission_path_shared, "admission 3 has its path at byte 1 of the texts, 6 is next"},
	{admission_path_unused, "texts are not those of its admissions"},
	{admission_path_endless, "admission 3 has no valid path"},
	{texts_head, "texts are not those of its admissions"},
	{texts_tail, "texts are not those of its admissions"},
	{texts_none, "0 bytes of text, 8 to 1048576"},
	{texts_odd, "17 bytes of text, which does not fit"},
	{texts_more, "1048584 bytes of text, 8 to 1048576"},
	{slots_more, "32 slots and 16 bytes of text, which does not fit its 4 admissions"},
	{slot_free, "belongs to no domain"},
	{slot_other, "belongs to no domain"},
	{slot_far, "belongs to no domain"},
	{slot_taken, "slots do not match"},
	{admission_not_trusted, "admission 1 is not trusted"},
	{admission_id_shared, "admission 1 is not in its slot, or shares its id"},
	{kernel_modules, "asks for what is not known of the kernel"},
	{kernel_kexec, "asks for what is not known of the kernel"},
	{kernel_lockdown, "asks for what is not known of the kernel"},
	{kernel_require, "asks for what is not known of the kernel"},
	{kernel_degraded, "asks for what is not known of the kernel"},
	{required_many, "65 checks, 0 to 64"},
	{required_more, "6 names, 7 to 4096"},
	{required_less, "parts of limits that belong to none"},
	{required_order, "required check 1 is out of order"},
	{required_twice, "required check 1 is out of order"},
	{required_empty, "required check 0 of the image has no valid name"},
	{required_tail, "required check 0 of the image has no valid name"},
	{required_word, "required check 0 of the image has no valid name"},
	{header_many_signed, "65 signed executables, 0 to 64"},
	{header_many_verities, "16385 fs-verity digests, 0 to 16384"},
	{header_many_limits, "1025 limits, 0 to 1024"},
	{header_many_names, "4097 names, 2 to 4096"},
	{header_many_maps, "4097 maps, 0 to 4096"},
	{header_many_digests, "8193 digests, 0 to 8192"},
	{admission_pad, "admission 1 has padding"},
	{limits_of_nobody, "not those that its rules name"},
	{limits_skipped, "not those that its rules name"},
	{limits_far, "not those that its rules name"},
	{limits_unused, "not those that its rules name"},
	{limits_none, "limits 0 are not known, or none"},
	{limits_unknown, "limits 0 are not known, or none"},
	{limits_pad, "limits 0 are not known, or none"},
	{limits_attach, "limits 1 are not known, or none"},
	{limits_attach_free, "limits 0 are not known, or none"},
	{limits_helper, "limits 1 are not known, or none"},
	{limits_helper_free, "limits 0 are not known, or none"},
	{limits_targets_free, "limits 0 do not begin"},
	{limits_targets_far, "limits 1 do not begin"},
	{limits_targets_gap, "limits 1 do not begin"},
	{limits_targets_less, "limits 1 do not begin"},
	{limits_kfuncs_free, "limits 1 do not begin"},
	{limits_kfuncs_far, "limits 1 do not begin"},
	{limits_kfuncs_gap, "limits 1 do not begin"},
	{limits_kfuncs_shared, "limits 1 do not begin"},
	{limits_kfuncs_less, "parts of limits that belong to none"},
	{limits_maps_far, "limits 1 do not begin"},
	{limits_digests_gap, "limits 1 do not begin"},
	{target_order, "limits 1 have functions out of order"},
	{target_twice, "limits 1 have functions out of order"},
	{target_empty, "limits 1 have no valid function"},
	{target_tail, "limits 1 have no valid function"},
	{target_word, "limits 1 have no valid function"},
	{kfunc_order, "limits 1 have functions out of order"},
	{kfunc_empty, "limits 1 have no valid function"},
	{map_unknown, "limits 1 have no valid map"},
	{map_none, "limits 1 have no valid map"},
	{map_pad, "limits 1 have no valid map"},
	{digest_kind, "limits 1 have no valid digest"},
	{digest_tail, "limits 1 have no valid digest"},
	{digest_pad, "limits 1 have no valid digest"},
	{digest_order, "limits 1 have digests out of order"},
	{digest_twice, "limits 1 have digests out of order"},
	{verity_order, "fs-verity digest 1 is out of order"},
	{verity_twice, "fs-verity digest 1 is out of order"},
	{verity_of_nothing, "stands for content that nothing trusts"},
	{pin_nested, "pin of another domain"},
};

/* The digest alone would refuse all of these: it is made again, as a liar would. */
static void every_lie_is_refused_also_with_the_right_digest(void **state)
{
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		_cleanup_free_ void *image = NULL;
		struct diag diag = {0};
		struct tables t;
		size_t size;

		image = fixture_image(small, &size);
		t = (struct tables){image,
				    (void *)image_domains(image),
				    (void *)image_executables(image),
				    (void *)image_trusted(image),
				    (void *)image_pins(image),
				    (void *)image_files(image),
				    (void *)image_admissions(image),
				    (void *)image_slot_table(image),
				    (char *)image + IMAGE_OFF_TEXTS(image_header(image)),
				    (void *)image_limits(image),
				    (void *)image_names(image),
				    (void *)image_maps(image),
				    (void *)image_digests(image),
				    (void *)image_verities(image)};
		breaks[i].break_it(&t);
		assert_int_equal(image_seal(image, size), 0);
		if (image_check(image, size, &diag) != IMAGE_E_INVALID)
			fail_msg("case %zu, \"%s\", is accepted", i, breaks[i].part);
		if (!strstr(diag.text, breaks[i].part))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, diag.text,
				 breaks[i].part);
	}
}

static void a_signed_executable_has_a_domain_and_nothing_else(void **state)
{
	static const char text[] = HEAD(
		"1",
		"enforce") "domains:\n"
			   "  - {name: a, executables: [{signed_by: trust, launch: any}]}\n"
			   "  - {name: b, executables: [{signed_by: trust, launch: unit b.service}]}\n";
	struct diag diag = {0};
	size_t size;
	_cleanup_free_ void *image = fixture_image(text, &size);
	struct image_executable *s = (struct image_executable *)image_signed(image), kept = s[0];

	assert_int_equal(image_header(image)->n_signed, 2);
	assert_int_equal(image_check(image, size, &diag), 0);
	assert_ptr_equal(image_signed_find(image, s[1].domain), &s[1]);
	assert_null(image_signed_find(image, s[1].domain + 1));
	s[0].digest[0] = 1;
	assert_int_equal(image_seal(image, size), 0);
	assert_int_equal(image_check(image, size, &diag), IMAGE_E_INVALID);
	assert_non_null(strstr(diag.text, "signed executable 0 has a content or a path"));
	s[0] = kept;
	s[0].size = 1;
	assert_int_equal(image_seal(image, size), 0);
	assert_int_equal(image_check(image, size, &diag), IMAGE_E_INVALID);
	s[0] = kept;
	s[0].domain = s[1].domain;
	assert_int_equal(image_seal(image, size), 0);
	assert_int_equal(image_check(image, size, &diag), IMAGE_E_INVALID);
	assert_non_null(strstr(diag.text, "signed executable 1 is of no domain, out of order"));
	s[0] = kept;
	s[0].launch = 77;
	assert_int_equal(image_seal(image, size), 0);
	assert_int_equal(image_check(image, size, &diag), IMAGE_E_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_compile_writes_is_accepted),
		cmocka_unit_test(every_single_flipped_bit_is_refused),
		cmocka_unit_test(every_truncation_and_extension_is_refused),
		cmocka_unit_test(a_wrong_version_and_a_wrong_kind_say_so),
		cmocka_unit_test(an_oversized_file_is_refused_before_it_is_read),
		cmocka_unit_test(an_unaligned_image_is_a_bug_of_the_caller),
		cmocka_unit_test(every_lie_is_refused_also_with_the_right_digest),
		cmocka_unit_test(a_signed_executable_has_a_domain_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
