// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What names and ids may look like, and how an image's tables are read and sealed. See
 * image-check.h. Shared by the compiler, the check and the daemon, so that they cannot disagree.
 */

#include "policy/image-check.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/path.h"
#include "base/sha256.h"
#include "base/size.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "images are little endian");
_Static_assert(IMAGE_DIGEST_LEN == SHA256_LEN, "digests are SHA-256");

static bool name_valid(const char *name, size_t room)
{
	size_t length = strnlen(name, room);

	if (length == 0 || length == room)
		return false;
	for (size_t i = 0; i < length; i++) {
		bool word = (name[i] >= 'a' && name[i] <= 'z') ||
			    (name[i] >= '0' && name[i] <= '9');

		if (!word && (i == 0 || !strchr("._-", name[i])))
			return false;
	}
	return true;
}

bool image_policy_name_valid(const char *name)
{
	return name_valid(name, IMAGE_NAME_LEN);
}

bool image_domain_name_valid(const char *name)
{
	static const char *const taken[] = {"self", "canary", "stranger", "none"};

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		if (strcmp(name, taken[i]) == 0)
			return false;
	}
	return name_valid(name, IMAGE_DOMAIN_LEN);
}

/* systemd puts a '_' before such names in the cgroup tree. */
static bool cgroup_escapes(const char *name)
{
	static const char *const prefixes[] = {"cgroup",
					       "cpu",
					       "cpuacct",
					       "cpuset",
					       "io",
					       "blkio",
					       "memory",
					       "devices",
					       "pids",
					       "bpf-firewall",
					       "bpf-devices",
					       "bpf-foreign",
					       "bpf-socket-bind",
					       "bpf-restrict-network-interfaces"};
	size_t length = strcspn(name, ".");

	if (name[0] == '_' || name[0] == '.')
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (strlen(prefixes[i]) == length && strncmp(name, prefixes[i], length) == 0)
			return true;
	}
	return false;
}

bool image_check_valid(const char *name)
{
	size_t length = strnlen(name, IMAGE_SYMBOL_LEN);

	return length > 0 && length < IMAGE_SYMBOL_LEN &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

bool image_requires(const void *data, const char *check)
{
	for (uint32_t i = 0; i < image_header(data)->n_required; i++) {
		if (strcmp(image_required(data, i)->text, check) == 0)
			return true;
	}
	return false;
}

bool image_unit_name_valid(const char *name)
{
	static const char suffix[] = ".service";
	size_t length = strnlen(name, IMAGE_UNIT_LEN), stem;

	if (length == IMAGE_UNIT_LEN || length < sizeof(suffix))
		return false;
	stem = length - (sizeof(suffix) - 1);
	if (strcmp(name + stem, suffix) != 0 || name[stem - 1] == '@' || name[0] == '@')
		return false;

	for (size_t i = 0; i < length; i++) {
		if (!isascii(name[i]) ||
		    (!isalnum((unsigned char)name[i]) && !strchr(":_.@-", name[i])))
			return false;
	}
	return !cgroup_escapes(name);
}

bool image_path_valid(const char *path)
{
	return strnlen(path, IMAGE_PATH_LEN) < IMAGE_PATH_LEN && path_is_normalised(path) &&
	       path_components(path) >= 1;
}

bool image_pin_valid(const char *path)
{
	return image_path_valid(path) && path_components(path) >= 2 &&
	       !path_overlaps(path, IMAGE_SELF_PINS);
}

const char *image_mode_name(uint32_t mode)
{
	switch (mode) {
	case IMAGE_MODE_OBSERVE:
		return "observe";
	case IMAGE_MODE_ENFORCE:
		return "enforce";
	case IMAGE_MODE_SEALED:
		return "sealed";
	}
	return "?";
}

const struct image_switch image_switches[IMAGE_SWITCH_GROUPS] = {
	{IMAGE_SWITCH_HOTPLUG, "hotplug", "L19"}, {IMAGE_SWITCH_MAC, "mac", "A12"},
	{IMAGE_SWITCH_SUSPEND, "suspend", "A16"}, {IMAGE_SWITCH_HELPERS, "helpers", "K03"},
	{IMAGE_CLOSED_AUDIT, "audit", "T03"},	  {IMAGE_CLOSED_CLOCK, "clock", "T05"},
	{IMAGE_CLOSED_DISKS, "disks", "F13"},	  {IMAGE_CLOSED_LOG, "log", "T04"},
	{IMAGE_CLOSED_MARKS, "marks", "A11"},	  {IMAGE_CLOSED_NETWORK, "network", "A19"},
	{IMAGE_CLOSED_PROBES, "probes", "L13"},	  {IMAGE_CLOSED_RESOURCES, "resources", "M18"},
	{IMAGE_CLOSED_SOCKETS, "sockets", "A18"}, {IMAGE_CLOSED_STATS, "stats", "K18"},
	{IMAGE_CLOSED_TOKENS, "tokens", "F14"},	  {IMAGE_CLOSED_UNLOAD, "unload", "L18"},
	{IMAGE_CLOSED_UPROBES, "uprobes", "P15"},
};

uint32_t image_switches_open(uint32_t switches)
{
	return switches ^ IMAGE_CLOSED_ALL;
}

const char *image_hold_name(uint32_t hold)
{
	static const char *const names[] = {"", "links", "maps", "links and maps"};

	return names[hold & IMAGE_HOLD_ALL];
}

static uint32_t id_of_digest(const uint8_t *digest)
{
	uint32_t id = (uint32_t)digest[0] | (uint32_t)digest[1] << 8 | (uint32_t)digest[2] << 16 |
		      (uint32_t)digest[3] << 24;

	return id < DOMAIN_FIRST ? id + DOMAIN_FIRST : id;
}

uint32_t image_admission_id(const uint8_t *digest)
{
	return id_of_digest(digest);
}

int image_domain_id(const char *name, uint32_t *ret_id)
{
	static const char prefix[] = "holdfast-domain:";
	uint8_t digest[SHA256_LEN];
	struct iovec pieces[] = {
		{.iov_base = (void *)prefix, .iov_len = sizeof(prefix) - 1},
		{.iov_base = (void *)name, .iov_len = strlen(name)},
	};
	int r;

	r = sha256_iov(pieces, ARRAY_SIZE(pieces), digest);
	if (r < 0)
		return r;

	*ret_id = id_of_digest(digest);
	return 0;
}

int image_seal(void *data, size_t size)
{
	struct image_header *header = data;
	uint8_t digest[SHA256_LEN];
	int r;

	memset(header->digest, 0, sizeof(header->digest));
	r = sha256_buffer(data, size, digest);
	if (r < 0)
		return r;

	memcpy(header->digest, digest, sizeof(header->digest));
	return 0;
}

static void filter_add(uint64_t *filter, uint64_t size)
{
	uint32_t bit = IMAGE_FILTER_BIT(size);

	filter[bit / 64] |= (uint64_t)1 << (bit % 64);
}

void image_size_filter(const void *data, uint64_t ret_filter[IMAGE_FILTER_WORDS])
{
	const struct image_header *header = image_header(data);

	memset(ret_filter, 0, IMAGE_FILTER_WORDS * sizeof(*ret_filter));
	for (uint32_t i = 0; i < header->n_executables; i++)
		filter_add(ret_filter, image_executables(data)[i].size);
	for (uint32_t i = 0; i < header->n_admissions; i++)
		filter_add(ret_filter, image_admissions(data)[i].size);
}

void image_fill_size_filter(void *data)
{
	struct image_header *header = data;
	uint64_t filter[IMAGE_FILTER_WORDS];

	image_size_filter(data, filter);
	memcpy(header->size_filter, filter, sizeof(filter));
}

/* Numbers of bpf(2); the headers of the oldest build host lack the last ones. */
static const char *const program_types[IMAGE_PROGRAM_TYPES] = {
	"unspec",
	"socket_filter",
	"kprobe",
	"sched_cls",
	"sched_act",
	"tracepoint",
	"xdp",
	"perf_event",
	"cgroup_skb",
	"cgroup_sock",
	"lwt_in",
	"lwt_out",
	"lwt_xmit",
	"sock_ops",
	"sk_skb",
	"cgroup_device",
	"sk_msg",
	"raw_tracepoint",
	"cgroup_sock_addr",
	"lwt_seg6local",
	"lirc_mode2",
	"sk_reuseport",
	"flow_dissector",
	"cgroup_sysctl",
	"raw_tracepoint_writable",
	"cgroup_sockopt",
	"tracing",
	"struct_ops",
	"ext",
	"lsm",
	"sk_lookup",
	"syscall",
	"netfilter",
};

static const struct {
	const char *name;
	uint64_t bit;
} program_classes[] = {
	{"unknown", IMAGE_PROGRAM_UNKNOWN},
	{"modify_return", IMAGE_PROGRAM_MODIFY_RETURN},
	{"write_user", IMAGE_PROGRAM_WRITE_USER},
	{"override_return", IMAGE_PROGRAM_OVERRIDE_RETURN},
	{"send_signal", IMAGE_PROGRAM_SEND_SIGNAL},
	{"destructive", IMAGE_PROGRAM_DESTRUCTIVE},
	{"unsigned", IMAGE_PROGRAM_UNSIGNED},
	{"system_signed", IMAGE_PROGRAM_SYSTEM_SIGNED},
};

uint64_t image_program(const char *name)
{
	for (uint32_t i = 1; i < IMAGE_PROGRAM_TYPES; i++) {
		if (strcmp(program_types[i], name) == 0)
			return IMAGE_PROGRAM(i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(program_classes); i++) {
		if (strcmp(program_classes[i].name, name) == 0)
			return program_classes[i].bit;
	}
	return 0;
}

const char *image_program_name(uint64_t programs)
{
	for (uint32_t i = 0; i < IMAGE_PROGRAM_TYPES; i++) {
		if (programs & IMAGE_PROGRAM(i))
			return program_types[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(program_classes); i++) {
		if (programs & program_classes[i].bit)
			return program_classes[i].name;
	}
	return "none";
}

uint32_t image_slots(uint32_t n_admissions)
{
	uint32_t n = 16;

	if (!n_admissions)
		return 0;
	while (n < 4 * n_admissions)
		n *= 2;
	return n;
}

bool image_index(const void *data, uint32_t *ret_slots)
{
	const struct image_header *header = image_header(data);

	memset(ret_slots, 0, header->n_slots * sizeof(*ret_slots));
	for (uint32_t i = 0; i < header->n_admissions; i++) {
		uint32_t id = image_admissions(data)[i].id, probe = 0;

		while (probe < IMAGE_MAX_PROBES && ret_slots[IMAGE_SLOT(header, id + probe)])
			probe++;
		if (probe == IMAGE_MAX_PROBES)
			return false;
		ret_slots[IMAGE_SLOT(header, id + probe)] = i + 1;
	}
	return true;
}

const struct image_admission *image_admission_of(const void *data, uint32_t id)
{
	const struct image_header *header = image_header(data);

	for (uint32_t probe = 0; header->n_slots && probe < IMAGE_MAX_PROBES; probe++) {
		uint32_t place = image_slot_table(data)[IMAGE_SLOT(header, id + probe)];

		if (!place)
			break;
		if (place <= header->n_admissions && image_admissions(data)[place - 1].id == id)
			return &image_admissions(data)[place - 1];
	}
	return NULL;
}

static int compare_admission(const void *key, const void *item)
{
	return memcmp(key, ((const struct image_admission *)item)->digest, IMAGE_DIGEST_LEN);
}

const struct image_admission *image_admission_find(const void *data, const uint8_t *digest)
{
	return bsearch(digest, image_admissions(data), image_header(data)->n_admissions,
		       sizeof(struct image_admission), compare_admission);
}

static int compare_domain(const void *key, const void *item)
{
	uint32_t id = *(const uint32_t *)key, other = ((const struct image_domain *)item)->id;

	return id < other ? -1 : id > other;
}

const struct image_domain *image_domain_find(const void *data, uint32_t id)
{
	return bsearch(&id, image_domains(data), image_header(data)->n_domains,
		       sizeof(struct image_domain), compare_domain);
}

const struct image_domain *image_domain_find_name(const void *data, const char *name)
{
	const struct image_domain *domains = image_domains(data);

	for (uint32_t i = 0; i < image_header(data)->n_domains; i++) {
		if (strcmp(domains[i].name, name) == 0)
			return &domains[i];
	}
	return NULL;
}

static int compare_executable(const void *key, const void *item)
{
	return memcmp(key, ((const struct image_executable *)item)->digest, IMAGE_DIGEST_LEN);
}

const struct image_executable *image_executable_find(const void *data, const uint8_t *digest)
{
	return bsearch(digest, image_executables(data), image_header(data)->n_executables,
		       sizeof(struct image_executable), compare_executable);
}

static int compare_trusted(const void *key, const void *item)
{
	const struct image_trusted *a = key, *b = item;
	int order = memcmp(a->digest, b->digest, IMAGE_DIGEST_LEN);

	if (order)
		return order;
	return a->domain < b->domain ? -1 : a->domain > b->domain;
}

bool image_trusts(const void *data, const uint8_t *digest, uint32_t domain)
{
	struct image_trusted key = {.domain = domain};

	memcpy(key.digest, digest, IMAGE_DIGEST_LEN);
	return bsearch(&key, image_trusted(data), image_header(data)->n_trusted,
		       sizeof(struct image_trusted), compare_trusted) != NULL;
}

static int compare_signed(const void *key, const void *item)
{
	uint32_t id = *(const uint32_t *)key,
		 other = ((const struct image_executable *)item)->domain;

	return id < other ? -1 : id > other;
}

const struct image_executable *image_signed_find(const void *data, uint32_t domain)
{
	return bsearch(&domain, image_signed(data), image_header(data)->n_signed,
		       sizeof(struct image_executable), compare_signed);
}

static int compare_content(const void *key, const void *item)
{
	return memcmp(key, ((const struct image_trusted *)item)->digest, IMAGE_DIGEST_LEN);
}

bool image_trusts_any(const void *data, const uint8_t *digest)
{
	return bsearch(digest, image_trusted(data), image_header(data)->n_trusted,
		       sizeof(struct image_trusted), compare_content) != NULL;
}

static int compare_verity(const void *key, const void *item)
{
	return memcmp(key, ((const struct image_verity *)item)->verity, IMAGE_DIGEST_LEN);
}

const struct image_verity *image_verity_find(const void *data, const uint8_t *verity)
{
	return bsearch(verity, image_verities(data), image_header(data)->n_verities,
		       sizeof(struct image_verity), compare_verity);
}

static int compare_pin(const void *key, const void *item)
{
	return strcmp(key, ((const struct image_pin *)item)->path);
}

const struct image_pin *image_pin_find(const void *data, const char *path)
{
	return bsearch(path, image_pins(data), image_header(data)->n_pins, sizeof(struct image_pin),
		       compare_pin);
}
