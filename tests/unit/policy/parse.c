// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "base/cleanup.h"
#include "fixture.h"
#include "policy/image-check.h"
#include "policy/tree.h"
#include "test.h"

/* One domain from line 5 on; what stands in its executable, and after it. */
#define ONE(executable, rest) \
	HEAD("1", "observe") "domains:\n  - name: a\n    executables: [{" executable "}]\n" rest
#define PLAIN ONE("path: /a, launch: any", "")

#define RULE(text) PLAIN "admission:\n  allow: [{" text "}]\n"

static uint64_t admitted(const char *text)
{
	_cleanup_(policy_freep) struct policy *p = fixture_parse(text);

	return p->admitted;
}

static void without_admission_ordinary_programs_are_admitted(void **state)
{
	uint64_t plain = admitted(PLAIN), struct_ops = image_program("struct_ops");
	uint64_t signatures = image_program("unsigned") | image_program("system_signed");

	assert_int_equal(plain & image_program("xdp"), image_program("xdp"));
	assert_int_equal(plain & struct_ops, struct_ops);
	assert_int_equal(plain & (image_program("ext") | image_program("lsm") |
				  image_program("syscall") | image_program("unknown") |
				  image_program("modify_return") | image_program("write_user") |
				  image_program("override_return") | image_program("send_signal") |
				  image_program("destructive")),
			 0);
	assert_int_equal(admitted(PLAIN "admission: {}\n"), plain);
	assert_int_equal(admitted(PLAIN "admission: {default: ordinary, struct_ops: admit}\n"),
			 plain);
	assert_int_equal(admitted(PLAIN "admission: {struct_ops: refuse}\n"), plain & ~struct_ops);
	/* how a program is signed is asked apart from what it is */
	assert_int_equal(admitted(PLAIN "admission: {default: deny}\n"), signatures);
	/* in either order */
	assert_int_equal(admitted(PLAIN "admission: {default: deny, struct_ops: admit}\n"),
			 struct_ops | signatures);
	assert_int_equal(admitted(PLAIN "admission: {struct_ops: admit, default: deny}\n"),
			 struct_ops | signatures);
}

static void a_signature_is_needed_where_the_policy_says_so(void **state)
{
	uint64_t plain = admitted(PLAIN), system = image_program("system_signed");
	uint64_t unsigned_ = image_program("unsigned");

	assert_int_equal(plain & (unsigned_ | system), unsigned_ | system);
	assert_int_equal(admitted(PLAIN "admission: {signature: optional}\n"), plain);
	assert_int_equal(admitted(PLAIN "admission: {signature: required}\n"), plain & ~unsigned_);
	assert_int_equal(admitted(PLAIN "admission: {signature: trusted}\n"),
			 plain & ~(unsigned_ | system));
	assert_int_equal(admitted(PLAIN "admission: {signature: required, default: deny}\n"),
			 system);
	assert_int_equal(admitted(PLAIN "admission: {default: deny, signature: trusted}\n"), 0);
}

/* Who may load what is not signed may load what is signed by whomever. */
static void a_rule_for_unsigned_programs_covers_signed_ones(void **state)
{
	_cleanup_(policy_freep) struct policy *p =
		fixture_parse(PLAIN "admission:\n"
				    "  signature: trusted\n"
				    "  allow:\n"
				    "    - {executable: /a, programs: [unsigned]}\n"
				    "    - {executable: /b, programs: [system_signed]}\n");

	assert_int_equal(p->admissions[0].programs, IMAGE_PROGRAM_SIGNATURES);
	assert_int_equal(p->admissions[1].programs, IMAGE_PROGRAM_SYSTEM_SIGNED);
}

static void a_rule_of_admission_is_read(void **state)
{
	/* clang-format off */
	_cleanup_(policy_freep) struct policy *p = fixture_parse(
		PLAIN "admission:\n"
		"  allow:\n"
		"    - {executable: /a, programs: [ext, lsm], libraries: [{path: /l}]}\n"
		"    - {digest: " DIGEST("3") ", size: 5, programs: [netfilter], reason: vendor X}\n");
	/* clang-format on */
	const struct policy_admission *a = &p->admissions[0], *b = &p->admissions[1];

	assert_int_equal(p->n_admissions, 2);
	assert_int_equal(a->programs, image_program("ext") | image_program("lsm"));
	assert_string_equal(a->files.executables[0].path, "/a");
	assert_string_equal(a->files.libraries[0].path, "/l");
	assert_string_equal(a->files.name, "admission:1");
	assert_int_equal(b->programs, (uint64_t)1 << 32);
	assert_int_equal(b->files.executables[0].size, 5);
	assert_int_equal(b->files.executables[0].digest[0], 0x33);
	assert_string_equal(b->reason, "vendor X");
	assert_ptr_equal(policy_find_owner(p, "admission:2"), &b->files);
	assert_ptr_equal(policy_owner(p, 1), &a->files);
	assert_null(policy_owner(p, 3));
}

static void what_a_rule_is_held_to_is_read(void **state)
{
	_cleanup_(policy_freep) struct policy *p = fixture_parse(
		RULE("executable: /a, programs: [ext], limits: {kfuncs: [h, g, h], "
		     "maps: [{type: hash, max_bytes: 9007199254740991}, {type: task_storage}]}"));
	const struct policy_limits *l = &p->admissions[0].limits;

	assert_int_equal(l->given, IMAGE_LIMIT_KFUNCS | IMAGE_LIMIT_MAPS);
	assert_int_equal(l->place.line, 9);
	assert_int_equal(l->n_kfuncs, 2);
	assert_string_equal(l->kfuncs[0].text, "g");
	assert_string_equal(l->kfuncs[1].text, "h");
	assert_int_equal(l->maps[0].max_bytes, POLICY_MAX_BYTES);
	assert_int_equal(l->maps[1].max_bytes, IMAGE_ANY_BYTES);
	assert_int_equal(p->limits.given, 0);
	assert_int_equal(p->limits.place.line, 0);
}

static void a_word_in_the_place_of_a_list_of_functions(void **state)
{
	_cleanup_(policy_freep) struct policy *none =
		fixture_parse(PLAIN "admission: {limits: {kfuncs: none}}\n");
	_cleanup_(policy_freep) struct policy *any =
		fixture_parse(PLAIN "admission: {limits: {kfuncs: any}}\n");
	_cleanup_(policy_freep) struct policy *empty =
		fixture_parse(PLAIN "admission: {limits: {kfuncs: []}}\n");

	assert_int_equal(none->limits.given, IMAGE_LIMIT_KFUNCS);
	assert_int_equal(empty->limits.given, IMAGE_LIMIT_KFUNCS);
	assert_int_equal(none->limits.n_kfuncs + empty->limits.n_kfuncs, 0);
	assert_int_equal(any->limits.given, 0);
}

static void every_key_is_read(void **state)
{
	/* clang-format off */
	static const char text[] =
		HEAD("7", "enforce")
		"domains:\n"
		"  - name: a\n"
		"    mode: observe\n"
		"    executables:\n"
		"      - {path: /usr/bin/a, launch: any}\n"
		"      - {path: /usr/bin/b, launch: holdfast}\n"
		"      - {path: /usr/bin/c, launch: unit c@1.service}\n"
		"      - {digest: " DIGEST("1") ", size: 10, launch: parent b}\n"
		"    libraries:\n"
		"      - {path: /usr/lib/x.so}\n"
		"      - {digest: " DIGEST("2") "}\n"
		"    pins: [/sys/fs/bpf/a, \"/run/bpf/b\"]\n"
		"    hold: [maps, links]\n"
		"  - name: b\n"
		"    executables: [{path: /usr/bin/d, launch: any}]\n"
		"events: {ring: 4MiB}\n"
		"switches: {open: [suspend, hotplug]}\n";
	/* clang-format on */
	_cleanup_(policy_freep) struct policy *p = fixture_parse(text);
	const struct policy_domain *a = &p->domains[0];

	assert_string_equal(p->name, "t");
	assert_int_equal(p->version, 7);
	assert_int_equal(p->mode, IMAGE_MODE_ENFORCE);
	assert_int_equal(p->ring_kib, 4096);
	assert_int_equal(p->switches, IMAGE_SWITCH_SUSPEND | IMAGE_SWITCH_HOTPLUG);
	assert_int_equal(p->n_domains, 2);
	assert_int_equal(a->mode, IMAGE_MODE_OBSERVE);
	assert_int_equal(p->domains[1].mode, IMAGE_MODE_ENFORCE);
	assert_int_equal(a->hold, IMAGE_HOLD_LINKS | IMAGE_HOLD_MAPS);
	assert_int_equal(p->domains[1].hold, 0);
	assert_int_equal(a->n_executables, 4);
	assert_string_equal(a->executables[0].path, "/usr/bin/a");
	assert_int_equal(a->executables[0].launch, IMAGE_LAUNCH_ANY);
	assert_int_equal(a->executables[1].launch, IMAGE_LAUNCH_HOLDFAST);
	assert_int_equal(a->executables[2].launch, IMAGE_LAUNCH_UNIT);
	assert_string_equal(a->executables[2].launch_name, "c@1.service");
	assert_int_equal(a->executables[3].launch, IMAGE_LAUNCH_PARENT);
	assert_string_equal(a->executables[3].launch_name, "b");
	assert_int_equal(a->executables[3].size, 10);
	assert_int_equal(a->executables[3].digest[31], 0x11);
	assert_null(a->executables[3].path);
	assert_int_equal(a->n_libraries, 2);
	assert_string_equal(a->libraries[0].path, "/usr/lib/x.so");
	assert_int_equal(a->libraries[1].digest[0], 0x22);
	assert_int_equal(a->n_pins, 2);
	assert_string_equal(a->pins[1].path, "/run/bpf/b");
	assert_int_equal(a->pins[1].place.line, 16);
	assert_int_equal(a->pins[1].place.column, 27);
}

static void the_ring_has_a_default(void **state)
{
	_cleanup_(policy_freep) struct policy *p = fixture_parse(PLAIN);

	assert_int_equal(p->ring_kib, 1024);
}

static void switches_are_open_unless_the_policy_says_which(void **state)
{
	_cleanup_(policy_freep) struct policy *all = fixture_parse(PLAIN);
	_cleanup_(policy_freep) struct policy *none = fixture_parse(PLAIN "switches: {open: []}\n");

	assert_int_equal(all->switches, IMAGE_SWITCHES_ALL);
	assert_int_equal(none->switches, 0);
}

static void switches_are_closed_if_the_policy_says_so(void **state)
{
	_cleanup_(policy_freep) struct policy *some =
		fixture_parse(PLAIN "switches: {close: [tokens, unload, network], open: [mac]}\n");

	assert_int_equal(some->switches, IMAGE_CLOSED_TOKENS | IMAGE_CLOSED_UNLOAD |
						 IMAGE_CLOSED_NETWORK | IMAGE_SWITCH_MAC);
}

/* clang-format off */
static const struct {
	const char *text;
	unsigned line, column;
	const char *part;
} rows[] = {
	/* the document */
	{"[a]\n", 1, 1, "expected a mapping with the key apiVersion, got a list"},
	{"a\n", 1, 1, "got \"a\""},
	{"kind: Policy\n", 1, 1, "the key \"apiVersion\" is missing"},
	{"apiVersion: holdfast/v2\n", 1, 13,
	 "apiVersion: expected \"holdfast/v1\", got \"holdfast/v2\""},
	{"apiVersion: holdfast/v1\nkind: Pod\n", 2, 7, "kind: expected \"Policy\", got \"Pod\""},
	{"apiVersion: holdfast/v1\nkind:\n", 2, 6, "kind: expected \"Policy\", got nothing"},
	{"nonsense: 1\n", 1, 1,
	 "unknown key \"nonsense\", allowed here: apiVersion, kind, metadata, mode, domains,"
	 " events, admission, switches, kernel"},
	{HEAD("1", "observe"), 1, 1, "the key \"domains\" is missing"},
	/* keys without effect in this version */
	{RULE("executable: /a, programs: [ext], signed_by: x"), 9, 45,
	 "admission.allow[0].signed_by: not built yet in this version, remove it"},
	{PLAIN "    hold: [links, programs]\n", 8, 19, "expected \"links\" or \"maps\""},
	{PLAIN "    hold: [maps, maps]\n", 8, 18, "\"maps\" is there twice"},
	{PLAIN "    sockets: shut\n", 8, 14, "expected \"open\" or \"closed\", got \"shut\""},
	{PLAIN "    hold: []\n", 8, 11, "domains[0].hold: expected 1 to 2 kinds"},
	{PLAIN "    on_violation: kill\n", 8, 5, "domains[0].on_violation: not built yet"},
	{PLAIN "    mode: sealed\n", 8, 11,
	 "domains[0].mode: a policy is \"sealed\" as a whole: write it at the top"},
	/* admission */
	{PLAIN "admission: {default: allow}\n", 8, 22,
	 "admission.default: expected \"ordinary\" or \"deny\", got \"allow\""},
	{PLAIN "admission: {signature: yes}\n", 8, 24,
	 "admission.signature: expected \"optional\", \"required\" or \"trusted\", got \"yes\""},
	{PLAIN "admission: {struct_ops: deny}\n", 8, 25,
	 "admission.struct_ops: expected \"admit\" or \"refuse\", got \"deny\""},
	{PLAIN "admission: {x: 1}\n", 8, 13,
	 "unknown key \"x\", allowed here: default, struct_ops, signature, limits, allow"},
	{PLAIN "admission: {allow: a}\n", 8, 20, "expected a list of rules, got \"a\""},
	{RULE("executable: /a"), 9, 11, "allow[0]: the key \"programs\" is missing"},
	{RULE("executable: /a, programs: []"), 9, 38, "expected 1 to 64 programs, got 0"},
	{RULE("executable: /a, programs: [exe]"), 9, 39,
	 "programs[0]: expected a type or class of programs, see holdfast.policy(5), got \"exe\""},
	{RULE("executable: /a, programs: [unspec]"), 9, 39, "got \"unspec\""},
	{RULE("executable: a, programs: [ext]"), 9, 24, "executable: expected an absolute path"},
	{RULE("programs: [ext]"), 9, 11, "expected either an executable or a digest, got neither"},
	{RULE("executable: /a, digest: " DIGEST("1") ", programs: [ext]"), 9, 11, "got both"},
	{RULE("executable: /a, size: 1, programs: [ext]"), 9, 11, "size goes with a digest only"},
	{RULE("digest: " DIGEST("1") ", programs: [ext], reason: x"), 9, 11, "add `size: BYTES`"},
	{RULE("digest: " DIGEST("1") ", size: 1, programs: [ext]"), 9, 11, "add `reason`"},
	{RULE("executable: /a, programs: [ext], reason: \"\""), 9, 53,
	 "reason: expected one line of at most 127 bytes"},
	{RULE("executable: /a, programs: [ext], limits: {kfuncs: some}"), 9, 62,
	 "limits.kfuncs: expected \"any\", \"none\" or a list of functions of the kernel"},
	{RULE("executable: /a, programs: [ext], limits: {kfuncs: {a: b}}"), 9, 62, "got a mapping"},
	{RULE("executable: /a, programs: [ext], limits: {kfuncs: [none, a-b]}"), 9, 69,
	 "limits.kfuncs[1]: expected a function of the kernel"},
	{RULE("executable: /a, programs: [ext], limits: {maps: [{type: hash, max_bytes: -1}]}"), 9, 85,
	 "limits.maps[0].max_bytes: expected a whole number from 0 to 9007199254740991"},
	{RULE("executable: /a, programs: [ext], "
	      "limits: {maps: [{type: hash, max_bytes: 9007199254740992}]}"),
	 9, 85, "max_bytes: expected a whole number from 0 to 9007199254740991"},
	{RULE("executable: /a, programs: [ext], "
	      "limits: {maps: [{max_bytes: 1, type: task_storage}]}"),
	 9, 61, "limits.maps[0]: a map of the type task_storage has no max_bytes"},
	/* metadata and mode */
	{HEAD("0", "observe"), 3, 30, "metadata.version: expected a whole number from 1"},
	{HEAD("-1", "observe"), 3, 30, "metadata.version"},
	{HEAD("01", "observe"), 3, 30, "metadata.version"},
	{HEAD("\"1\"", "observe"), 3, 30, "metadata.version"},
	{HEAD("1.5", "observe"), 3, 30, "metadata.version"},
	{HEAD("9007199254740992", "observe"), 3, 30, "metadata.version"},
	{HEAD("99999999999999999999999", "observe"), 3, 30, "metadata.version"},
	{HEAD("[1]", "observe"), 3, 30, "metadata.version: expected a whole number"},
	{HEAD("1, x: 1", "observe"), 3, 33, "unknown key \"x\", allowed here: name, version"},
	{HEAD("1", "audit"), 4, 7, "mode: expected \"observe\" or \"enforce\", got \"audit\""},
	{HEAD("1", "[observe]"), 4, 7, "got a list"},
	{HEAD("1", "{a: b}"), 4, 7, "got a mapping"},
	{"metadata: {name: A}\n", 1, 18, "metadata.name: expected a name of at most 63 bytes"},
	{"metadata: {name: 7}\n", 1, 18, "metadata.name: 7 reads as a number"},
	{"metadata: {name: yes}\n", 1, 18, "write it in quotes"},
	/* domains */
	{HEAD("1", "observe") "domains: a\n", 5, 10,
	 "domains: expected a list of domains, got \"a\""},
	{HEAD("1", "observe") "domains: []\n", 5, 10, "domains: expected 1 to 64 domains, got 0"},
	{HEAD("1", "observe") "domains: [a]\n", 5, 11,
	 "domains[0]: expected a mapping with the key name"},
	{HEAD("1", "observe") "domains: [{name: a}]\n", 5, 11,
	 "domains[0]: the key \"executables\" is missing"},
	{HEAD("1", "observe") "domains: [{name: self}]\n", 5, 18,
	 "not self, canary, stranger or none"},
	{HEAD("1", "observe") "domains: [{name: A}]\n", 5, 18, "domains[0].name: expected a name"},
	{HEAD("1", "observe") "domains: [{nam: A}]\n", 5, 12,
	 "domains[0]: unknown key \"nam\", allowed here: name, mode, executables, libraries, pins"},
	{HEAD("1", "observe") "domains: [{name: a, executables: []}]\n", 5, 34,
	 "domains[0].executables: expected 1 to 256 executables, got 0"},
	/* executables */
	{ONE("path: /a", ""), 7, 19, "domains[0].executables[0]: the key \"launch\" is missing"},
	{ONE("launch: any", ""), 7, 19,
	 "expected one of a path, a digest with its size, and signed_by, got none"},
	{ONE("launch: any, path: a", ""), 7, 39, "executables[0].path: expected an absolute path"},
	{ONE("launch: any, path: /", ""), 7, 39, "expected an absolute path"},
	{ONE("launch: any, path: /a/../b", ""), 7, 39, "got \"/a/../b\""},
	{ONE("launch: any, path: [/a]", ""), 7, 39, "got a list"},
	{ONE("launch: any, path: /a, size: 3", ""), 7, 19, "size goes with a digest only"},
	{ONE("launch: any, path: /a, digest: " DIGEST("1") ", size: 1", ""), 7, 19, "got more"},
	{ONE("launch: any, path: /a, signed_by: trust", ""), 7, 19, "got more"},
	{ONE("launch: any, signed_by: trust, size: 1", ""), 7, 19, "size goes with a digest only"},
	{ONE("launch: any, signed_by: me", ""), 7, 44, "\"trust\", the key that policies are"},
	{ONE("launch: any, signed_by: trust}, {launch: any, signed_by: trust", ""), 7, 52,
	 "the same executable as in line 7"},
	{ONE("launch: any, digest: " DIGEST("1"), ""), 7, 19, "a digest needs the file's size"},
	{ONE("launch: any, digest: " DIGEST("A"), ""), 7, 41,
	 "\"sha256:\" and 64 digits of 0-9a-f"},
	{ONE("launch: any, digest: \"sha256:11\"", ""), 7, 41, "got \"sha256:11\""},
	{ONE("launch: any, digest: \"md5:11\"", ""), 7, 41, "executables[0].digest"},
	{ONE("launch: any, digest: " DIGEST("1") ", size: 0", ""), 7, 122, "1 to 1073741824"},
	{ONE("launch: any, digest: " DIGEST("1") ", size: 1073741825", ""), 7, 122, "1073741824"},
	{ONE("path: /a, launch: foo", ""), 7, 38,
	 "domains[0].executables[0].launch: expected \"any\", \"holdfast\","
	 " \"unit NAME.service\" or \"parent DOMAIN\", got \"foo\""},
	{ONE("path: /a, launch: unit", ""), 7, 38, "got \"unit\""},
	{ONE("path: /a, launch: unit a", ""), 7, 38, "expected \"unit NAME.service\", got \"a\""},
	{ONE("path: /a, launch: unit a@.service", ""), 7, 38, "got \"a@.service\""},
	{ONE("path: /a, launch: parent A", ""), 7, 38, "\"A\" is no name of a domain"},
	{ONE("path: /a, launch: parent b", ""), 7, 38, "there is no domain \"b\" in this policy"},
	{ONE("path: /a, launch: [any]", ""), 7, 38, "got a list"},
	{ONE("path: /a, launch: any, sha: 1", ""), 7, 43,
	 "unknown key \"sha\", allowed here: path, digest, size, signed_by, launch"},
	/* libraries */
	{PLAIN "    libraries: [{}]\n", 8, 17,
	 "domains[0].libraries[0]: expected either a path or a digest"},
	{PLAIN "    libraries: [{path: /a, digest: " DIGEST("1") "}]\n", 8, 17, "got both"},
	{PLAIN "    libraries: [/a]\n", 8, 17, "expected a mapping with the key path, got \"/a\""},
	/* pins */
	{PLAIN "    pins: /a\n", 8, 11, "domains[0].pins: expected a list of pins"},
	{PLAIN "    pins: [a]\n", 8, 12,
	 "domains[0].pins[0]: expected an absolute path of two names"},
	{PLAIN "    pins: [/a]\n", 8, 12, "two names or more"},
	{PLAIN "    pins: [/sys/fs/bpf/a/]\n", 8, 12, "slash at the end"},
	{PLAIN "    pins: [/sys/fs/bpf//a]\n", 8, 12, "got \"/sys/fs/bpf//a\""},
	{PLAIN "    pins: [/sys/fs/bpf]\n", 8, 12, "reaches the guard's own /sys/fs/bpf/holdfast"},
	{PLAIN "    pins: [/sys/fs/bpf/holdfast/x]\n", 8, 12, "reaches the guard's own"},
	{PLAIN "    pins: [{}]\n", 8, 12, "got a mapping"},

	/* files */
	{PLAIN "    files: [/etc]\n", 8, 13,
	 "domains[0].files[0]: expected an absolute path of two names or more"},
	{PLAIN "    files: [/etc/a/]\n", 8, 13, "slash at the end"},
	{PLAIN "    files: [/sys/fs/bpf/holdfast/x]\n", 8, 13, "expected an absolute path"},
	{PLAIN "    pins: [/run/a]\n    files: [/etc/a, /run/a]\n", 9, 21,
	 "domains[0].files[1]: \"/run/a\" is here twice, first in line 8"},
	/* events */
	{PLAIN "events: {ring: 100KiB}\n", 8, 16, "events.ring: expected a power of two"},
	{PLAIN "events: {ring: 32KiB}\n", 8, 16, "got \"32KiB\""},
	{PLAIN "events: {ring: 128MiB}\n", 8, 16, "got \"128MiB\""},
	{PLAIN "events: {ring: 131072KiB}\n", 8, 16, "events.ring"},
	{PLAIN "events: {ring: 1048576}\n", 8, 16, "events.ring"},
	{PLAIN "events: {ring: 1GiB}\n", 8, 16, "events.ring"},
	{PLAIN "events: {ring: 99999999999999999999MiB}\n", 8, 16, "events.ring"},
	{PLAIN "events: {rings: 1MiB}\n", 8, 10, "unknown key \"rings\", allowed here: ring"},
	/* switches */
	{PLAIN "switches: []\n", 8, 11, "switches: expected a mapping"},
	{PLAIN "switches: {}\n", 8, 11, "the key \"open\" is missing"},
	{PLAIN "switches: {shut: []}\n", 8, 12, "unknown key \"shut\", allowed here: open, close"},
	{PLAIN "switches: {close: []}\n", 8, 11, "the key \"open\" is missing"},
	{PLAIN "switches: {open: [], close: [mac]}\n", 8, 30,
	 "switches.close[0]: expected \"audit\", \"clock\", \"disks\", \"log\", \"marks\","
	 " \"network\", \"probes\", \"resources\", \"sockets\", \"stats\", \"tokens\","
	 " \"unload\" or \"uprobes\", got \"mac\""},
	{PLAIN "switches: {open: [], close: [log, log]}\n", 8, 35, "\"log\" is there twice"},
	{PLAIN "switches: {open: [audit]}\n", 8, 19, "got \"audit\""},
	{PLAIN "switches: {open: mac}\n", 8, 18, "switches.open: expected a list of groups"},
	{PLAIN "switches: {open: [sysrq]}\n", 8, 19,
	 "switches.open[0]: expected \"hotplug\", \"mac\", \"suspend\" or \"helpers\", got \"sysrq\""},
	{PLAIN "switches: {open: [mac, 1]}\n", 8, 24, "got \"1\""},
	{PLAIN "switches: {open: [mac, mac]}\n", 8, 24, "\"mac\" is there twice"},
	/* a value is shown, but not all of it */
	{HEAD("1", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 4, 7,
	 "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""},
	{HEAD("1", "\"a\\e[2J\""), 4, 7, "got \"a?[2J\""},
};
/* clang-format on */

static void each_mistake_is_named_with_its_place(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fixture_refused(rows[i].text, rows[i].line, rows[i].column, rows[i].part);
}

/* A policy of n domains, each with an executable of its own. */
static char *domains(size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "%sdomains:\n", HEAD("1", "observe"));
	for (size_t i = 0; i < n; i++)
		fprintf(f, "  - {name: n%zu, executables: [{path: /usr/bin/%zu, launch: any}]}\n",
			i, i);
	fclose(f);
	return text;
}

static void sixty_four_domains_are_enough(void **state)
{
	_cleanup_free_ char *good = domains(IMAGE_MAX_DOMAINS),
			    *bad = domains(IMAGE_MAX_DOMAINS + 1);
	_cleanup_(policy_freep) struct policy *p = fixture_parse(good);

	assert_int_equal(p->n_domains, IMAGE_MAX_DOMAINS);
	fixture_refused(bad, 6 + IMAGE_MAX_DOMAINS, 5, "domains: expected 1 to 64 domains, got 65");
}

static void ten_thousand_domains_are_one_error_and_soon(void **state)
{
	_cleanup_free_ char *text = domains(10000);
	clock_t before = clock();

	fixture_refused(text, 70, 5, "domains: expected 1 to 64 domains, got 10000");
	assert_true(clock() - before < 5 * CLOCKS_PER_SEC);
}

/* One domain with n pins or executables, on lines of their own from line 8. */
static char *items(size_t n, const char *head, const char *format)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "%s", head);
	for (size_t i = 0; i < n; i++) {
		/* The formats below take one number. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fprintf(f, format, i);
#pragma GCC diagnostic pop
	}
	fclose(f);
	return text;
}

static void lists_end_at_their_limits(void **state)
{
	static const char executables[] =
		HEAD("1", "observe") "domains:\n  - name: a\n    executables:\n";
	static const char one[] = "      - {path: /usr/bin/%zu, launch: any}\n";
	static const char pins[] = PLAIN "    pins:\n", pin[] = "      - /sys/fs/bpf/%zu\n";
	_cleanup_free_ char *e256 = items(256, executables, one),
			    *e257 = items(257, executables, one);
	static const char files[] = PLAIN "    files:\n", file[] = "      - /etc/agent/%zu\n";
	_cleanup_free_ char *p256 = items(256, pins, pin), *p257 = items(257, pins, pin);
	_cleanup_free_ char *f256 = items(256, files, file), *f257 = items(257, files, file);
	_cleanup_(policy_freep) struct policy *a = fixture_parse(e256), *b = fixture_parse(p256),
					      *c = fixture_parse(f256);

	assert_int_equal(a->domains[0].n_executables, IMAGE_MAX_EXECUTABLES);
	assert_int_equal(b->domains[0].n_pins, IMAGE_MAX_PINS);
	assert_int_equal(c->domains[0].n_pins, IMAGE_MAX_OWNED);
	assert_int_equal(c->domains[0].pins[IMAGE_MAX_OWNED - 1].kind, IMAGE_PIN_FILE);
	fixture_refused(e257, 264, 9, "expected 1 to 256 executables, got 257");
	fixture_refused(p257, 265, 9, "expected 0 to 256 pins, got 257");
	fixture_refused(f257, 265, 9, "expected 0 to 256 files, got 257");
}

static void the_largest_values_are_accepted(void **state)
{
	/* clang-format off */
	static const char text[] =
		HEAD("9007199254740991", "observe")
		"domains:\n"
		"  - name: a\n"
		"    executables: [{digest: " DIGEST("1") ", size: 1073741824, launch: any}]\n"
		"events: {ring: 65536KiB}\n";
	/* clang-format on */
	_cleanup_(policy_freep) struct policy *p = fixture_parse(text);

	assert_int_equal(p->version, POLICY_MAX_VERSION);
	assert_int_equal(p->ring_kib, IMAGE_RING_MAX_KIB);
	assert_int_equal(p->domains[0].executables[0].size, IMAGE_MAX_FILE);
}

static int parse_and_free(void *text)
{
	struct policy *policy = NULL;
	int r = policy_parse("f", text, strlen(text), &policy, NULL);

	(void)policy_free(policy);
	return r;
}

static void running_out_of_memory_leaves_nothing_behind(void **state)
{
	alloc_check(parse_and_free,
		    PLAIN "    pins: [/run/a, /run/b, /run/c]\n    libraries: [{path: /x}]\n");
	alloc_check(parse_and_free, ONE("path: /a, launch: unit a.service", ""));
	alloc_check(parse_and_free,
		    RULE("executable: /a, programs: [ext], limits: {kfuncs: [a, b], "
			 "targets: [c], maps: [{type: hash}]}"));
	alloc_check(parse_and_free, ONE("path: /a, launch: parent a", ""));
	alloc_check(parse_and_free,
		    RULE("executable: /a, programs: [ext], libraries: [{path: /x}], reason: x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_rule_is_held_to_is_read),
		cmocka_unit_test(a_word_in_the_place_of_a_list_of_functions),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(the_ring_has_a_default),
		cmocka_unit_test(without_admission_ordinary_programs_are_admitted),
		cmocka_unit_test(a_signature_is_needed_where_the_policy_says_so),
		cmocka_unit_test(a_rule_for_unsigned_programs_covers_signed_ones),
		cmocka_unit_test(a_rule_of_admission_is_read),
		cmocka_unit_test(switches_are_open_unless_the_policy_says_which),
		cmocka_unit_test(switches_are_closed_if_the_policy_says_so),
		cmocka_unit_test(each_mistake_is_named_with_its_place),
		cmocka_unit_test(sixty_four_domains_are_enough),
		cmocka_unit_test(ten_thousand_domains_are_one_error_and_soon),
		cmocka_unit_test(lists_end_at_their_limits),
		cmocka_unit_test(the_largest_values_are_accepted),
		cmocka_unit_test(running_out_of_memory_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
