// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/types.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "fixture.h"
#include "policy/image-check.h"
#include "test.h"

#define X1 "{digest: " DIGEST("1") ", size: 10, launch: any}"
#define X1_HELD "{digest: " DIGEST("1") ", size: 10, launch: holdfast}"
#define X1_UNIT "{digest: " DIGEST("1") ", size: 10, launch: unit x.service}"
#define X1_OTHER_UNIT "{digest: " DIGEST("1") ", size: 10, launch: unit y.service}"
#define X1_PARENT_A "{digest: " DIGEST("1") ", size: 10, launch: parent a}"
#define X1_PARENT_B "{digest: " DIGEST("1") ", size: 10, launch: parent b}"
#define X2 "{digest: " DIGEST("2") ", size: 10, launch: any}"
#define X3 "{digest: " DIGEST("3") ", size: 10, launch: any}"
#define X4 "{digest: " DIGEST("4") ", size: 10, launch: any}"
#define L5 "{digest: " DIGEST("5") "}"
#define L6 "{digest: " DIGEST("6") "}"

#define DOMAINS "domains:\n"
#define DOMAIN(name, executables, libraries, pins)                                    \
	"  - {name: " name ", executables: [" executables "], libraries: [" libraries \
	"], pins: [" pins "]}\n"
#define OBSERVED(name, executables) \
	"  - {name: " name ", mode: observe, executables: [" executables "]}\n"
#define HOLDING(kinds) "  - {name: a, executables: [" X1 "], hold: [" kinds "]}\n"
#define BOTH(one, two) one ", " two

#define SIGNED(launch) "{signed_by: trust, launch: " launch "}"

#define ADMISSION(text) "admission: {" text "}\n"
#define RULE(digit, programs, libraries)                                        \
	"{digest: " DIGEST(digit) ", size: 10, reason: r, programs: [" programs \
				  "], libraries: [" libraries "]}"

#define A DOMAIN("a", X1, L5, "/sys/fs/bpf/a")
#define B DOMAIN("b", X2, L5, "/sys/fs/bpf/b")

static const struct {
	const char *name, *old, *new;
	enum image_change change;
	const char *part;
} rows[] = {
	{"identical", HEAD("2", "enforce") DOMAINS A B, HEAD("2", "enforce") DOMAINS A B,
	 IMAGE_CHANGE_NONE, ""},
	{"the version goes up", HEAD("2", "enforce") DOMAINS A, HEAD("3", "enforce") DOMAINS A,
	 IMAGE_CHANGE_NONE, ""},
	{"the version goes down", HEAD("2", "enforce") DOMAINS A, HEAD("1", "enforce") DOMAINS A,
	 IMAGE_CHANGE_ROLLBACK, "from 2 to 1"},
	{"the version goes down and more", HEAD("2", "enforce") DOMAINS A,
	 HEAD("1", "observe") DOMAINS B, IMAGE_CHANGE_ROLLBACK, "from 2 to 1"},
	{"the mode goes up", HEAD("1", "observe") DOMAINS A, HEAD("1", "enforce") DOMAINS A,
	 IMAGE_CHANGE_NONE, ""},
	{"the mode goes down", HEAD("1", "enforce") DOMAINS A, HEAD("1", "observe") DOMAINS A,
	 IMAGE_CHANGE_WEAKENS, "the policy's mode goes from enforce to observe"},
	{"a domain's mode goes up", HEAD("1", "enforce") DOMAINS OBSERVED("a", X1),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", ""), IMAGE_CHANGE_NONE, ""},
	{"a domain's mode goes down", HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", ""),
	 HEAD("1", "enforce") DOMAINS OBSERVED("a", X1), IMAGE_CHANGE_WEAKENS,
	 "the mode of the domain 'a' goes from enforce to observe"},
	{"a domain holds more", HEAD("1", "enforce") DOMAINS HOLDING("links"),
	 HEAD("1", "enforce") DOMAINS HOLDING("maps, links"), IMAGE_CHANGE_NONE, ""},
	{"a domain holds less", HEAD("1", "enforce") DOMAINS HOLDING("maps, links"),
	 HEAD("1", "enforce") DOMAINS HOLDING("links"), IMAGE_CHANGE_WEAKENS,
	 "the domain 'a' no longer holds its maps"},
	{"a domain holds nothing any more", HEAD("1", "enforce") DOMAINS HOLDING("maps, links"),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", ""), IMAGE_CHANGE_WEAKENS,
	 "the domain 'a' no longer holds its links and maps"},
	{"a domain is added", HEAD("1", "enforce") DOMAINS A, HEAD("1", "enforce") DOMAINS A B,
	 IMAGE_CHANGE_WEAKENS, "the domain 'b' is new"},
	{"a domain is removed", HEAD("1", "enforce") DOMAINS A B, HEAD("1", "enforce") DOMAINS A,
	 IMAGE_CHANGE_WEAKENS, "the domain 'b' is gone"},
	{"a domain is renamed", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("c", X1, L5, "/sys/fs/bpf/a"), IMAGE_CHANGE_WEAKENS,
	 "the domain 'a' is gone"},
	{"an executable is added to a domain", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", BOTH(X1, X3), L5, "/sys/fs/bpf/a"),
	 IMAGE_CHANGE_WEAKENS, "'a' gains the executable"},
	{"an executable is removed from a domain",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", BOTH(X1, X3), L5, "/sys/fs/bpf/a"),
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_NONE, ""},
	{"an executable is replaced", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X3, L5, "/sys/fs/bpf/a"), IMAGE_CHANGE_WEAKENS,
	 "'a' gains the executable"},
	{"an executable moves to another domain",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", BOTH(X1, X3), "", "") DOMAIN("b", X2, "", ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", "") DOMAIN("b", BOTH(X2, X3), "", ""),
	 IMAGE_CHANGE_WEAKENS, "moves from the domain 'a' to 'b'"},
	{"a new domain takes an executable",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", BOTH(X1, X3), "", ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", "") DOMAIN("c", X3, "", ""),
	 IMAGE_CHANGE_WEAKENS, "moves from the domain 'a' to 'c'"},
	{"the launch rule widens", HEAD("1", "enforce") DOMAINS DOMAIN("a", X1_HELD, "", ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", ""), IMAGE_CHANGE_WEAKENS, "launch rule"},
	{"the launch rule changes", HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1_HELD, "", ""), IMAGE_CHANGE_WEAKENS,
	 "launch rule"},
	{"the unit changes", HEAD("1", "enforce") DOMAINS DOMAIN("a", X1_UNIT, "", ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1_OTHER_UNIT, "", ""), IMAGE_CHANGE_WEAKENS,
	 "launch rule"},
	{"the parent changes",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1_PARENT_A, "", "") DOMAIN("b", X2, "", ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1_PARENT_B, "", "") DOMAIN("b", X2, "", ""),
	 IMAGE_CHANGE_WEAKENS, "launch rule"},
	{"what is signed is taken", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", BOTH(X1, SIGNED("any")), L5, "/sys/fs/bpf/a"),
	 IMAGE_CHANGE_WEAKENS, "the domain 'a' takes executables that are signed"},
	{"what is signed is no longer taken",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", BOTH(X1, SIGNED("any")), L5, "/sys/fs/bpf/a"),
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_NONE, ""},
	{"what is signed is launched otherwise",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", SIGNED("holdfast"), "", ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", SIGNED("any"), "", ""), IMAGE_CHANGE_WEAKENS,
	 "the launch rule of what is signed for the domain 'a' changes"},
	{"a trusted file is added to a domain", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, BOTH(L5, L6), "/sys/fs/bpf/a"),
	 IMAGE_CHANGE_WEAKENS, "'a' gains a trusted file"},
	{"a trusted file of one domain is added to another",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, L5, "") DOMAIN("b", X2, L6, ""),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, L5, "") DOMAIN("b", X2, BOTH(L5, L6), ""),
	 IMAGE_CHANGE_WEAKENS, "'b' gains a trusted file"},
	{"a trusted file is removed from a domain", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", "/sys/fs/bpf/a"), IMAGE_CHANGE_NONE, ""},
	{"a pin is added to a domain", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, L5, BOTH("/sys/fs/bpf/a", "/sys/fs/bpf/c")),
	 IMAGE_CHANGE_NONE, ""},
	{"a pin is removed", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, L5, ""), IMAGE_CHANGE_WEAKENS,
	 "'a' loses the pin '/sys/fs/bpf/a'"},
	{"a pin moves to another domain", HEAD("1", "enforce") DOMAINS A B,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, L5, "")
		 DOMAIN("b", X2, L5, BOTH("/sys/fs/bpf/a", "/sys/fs/bpf/b")),
	 IMAGE_CHANGE_WEAKENS, "the pin '/sys/fs/bpf/a' moves from the domain 'a' to 'b'"},
	{"a new domain takes a pin", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, L5, "") DOMAIN("c", X4, "", "/sys/fs/bpf/a"),
	 IMAGE_CHANGE_WEAKENS, "moves from the domain 'a' to 'c'"},
	{"a new domain takes the folder of a pin",
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", "/run/a/b"),
	 HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", "") DOMAIN("c", X4, "", "/run/a"),
	 IMAGE_CHANGE_WEAKENS, "loses the pin"},
	{"admission goes from ordinary to deny", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS A ADMISSION("default: deny"), IMAGE_CHANGE_NONE, ""},
	{"admission goes from deny to ordinary",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("default: deny"), HEAD("1", "enforce") DOMAINS A,
	 IMAGE_CHANGE_WEAKENS, "anybody may load programs of the kind 'unspec'"},
	{"signatures are required", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS A ADMISSION("signature: required"), IMAGE_CHANGE_NONE, ""},
	{"signatures are required no more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("signature: required"),
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_WEAKENS,
	 "anybody may load programs of the kind 'unsigned'"},
	{"the kernel's keyrings count as well",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("signature: trusted"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("signature: required"), IMAGE_CHANGE_WEAKENS,
	 "anybody may load programs of the kind 'system_signed'"},
	{"struct_ops are refused", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS A ADMISSION("struct_ops: refuse"), IMAGE_CHANGE_NONE, ""},
	{"struct_ops are admitted", HEAD("1", "enforce") DOMAINS A ADMISSION("struct_ops: refuse"),
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_WEAKENS,
	 "anybody may load programs of the kind 'struct_ops'"},
	{"a rule is added", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "'(named by digest)' may load programs of the kind 'ext'"},
	{"a rule is added for what anybody may", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "xdp", "") "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more attach types within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {attach: [lsm_mac]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {attach: [lsm_mac, xdp]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs of more attach types"},
	{"fewer attach types within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {attach: [lsm_mac, xdp]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {attach: [lsm_mac]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"attach types are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {attach: [lsm_mac]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs of more attach types"},
	{"attach types become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {attach: [lsm_mac]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more targets within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [b]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [a, b]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that hang on more functions"},
	{"fewer targets within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [a, b]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [b]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"targets are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [b]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that hang on more functions"},
	{"targets become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [b]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more helpers within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {helpers: [ktime_get_ns]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {helpers: [ktime_get_ns, cgrp_storage_get]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that call more helpers"},
	{"fewer helpers within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {helpers: [ktime_get_ns, cgrp_storage_get]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {helpers: [ktime_get_ns]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"helpers are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {helpers: [ktime_get_ns]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that call more helpers"},
	{"helpers become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {helpers: [ktime_get_ns]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more digests within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {digests: [\"tag:0000000000000001\"]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {digests: [\"tag:0000000000000001\", \"tag:0000000000000002\"]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load more programs by their digests"},
	{"fewer digests within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {digests: [\"tag:0000000000000001\", \"tag:0000000000000002\"]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {digests: [\"tag:0000000000000001\"]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"digests are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {digests: [\"tag:0000000000000001\"]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may load more programs by their digests"},
	{"digests become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {digests: [\"tag:0000000000000001\"]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_entries: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_entries: 10}]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"fewer maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_entries: 10}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_entries: 9}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"maps are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_entries: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"maps become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_entries: 9}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more map types within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: array}]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"map types are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"map types become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more keys of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_key: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_key: 10}]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"fewer keys of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_key: 10}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_key: 9}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"keys of maps are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_key: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"keys of maps become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_key: 9}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more values of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_value: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash}]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"fewer values of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_value: 9}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"values of maps are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_value: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"values of maps become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_value: 9}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"more flags of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, flags: []}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, flags: [rdonly]}]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"fewer flags of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, flags: [rdonly]}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, flags: []}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"flags of maps are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, flags: []}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"flags of maps become limited",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, flags: []}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"functions of the kernel are free",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: none}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: any}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that call more functions of the kernel"},
	{"functions of the kernel are listed, where none was",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: none}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: [f]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that call more functions of the kernel"},
	{"more functions of the kernel are listed",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: [f, h]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: [f, g]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that call more functions of the kernel"},
	{"fewer functions of the kernel are listed",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: [f, g, h]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: [f, h]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"no function of the kernel is listed any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: [f]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: none}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"listed functions of the kernel are free",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: [f]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: any}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that call more functions of the kernel"},
	{"the same functions, of which one is a target",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [f], kfuncs: [g]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {targets: [f], kfuncs: [f]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs that call more functions of the kernel"},
	{"more bytes of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_bytes: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_bytes: 10}]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"bytes of maps are not limited any more",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_bytes: 9}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash}]}}"
			      "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"fewer bytes of maps within a rule",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_bytes: 10}]}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: [{type: hash, max_bytes: 9}]}}"
			      "]"),
	 IMAGE_CHANGE_NONE, ""},
	{"a rule with limits goes",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: none}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_WEAKENS,
	 "'(named by digest)', which loses its rule, may load programs that call"},
	{"a rule with limits goes where nobody else loads",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "default: deny, allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {kfuncs: none}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("default: deny"), IMAGE_CHANGE_NONE, ""},
	{"a rule with limits on maps goes where nobody else loads",
	 HEAD("1", "enforce") DOMAINS A ADMISSION(
		 "default: deny, allow: ["
		 "{digest: " DIGEST(
			 "7") ", size: 10, reason: r, programs: [ext], limits: {maps: []}}"
			      "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("default: deny"), IMAGE_CHANGE_WEAKENS,
	 "may make more maps"},
	{"limits for all go", HEAD("1", "enforce") DOMAINS A ADMISSION("limits: {maps: []}"),
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_WEAKENS,
	 "anybody without a rule may make more maps"},
	{"limits for all come", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS A ADMISSION("limits: {maps: []}"), IMAGE_CHANGE_NONE, ""},
	{"a rule comes without the limits for all",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("limits: {maps: []}"),
	 HEAD("1", "enforce")
		 DOMAINS A ADMISSION("limits: {maps: []}, allow: [" RULE("7", "xdp", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may make more maps"},
	{"a rule is removed",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_NONE, ""},
	{"a rule gains programs",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext, destructive", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs of the kind 'destructive'"},
	{"a rule is for another tool",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("8", "ext", "") "]"),
	 IMAGE_CHANGE_WEAKENS, "may load programs of the kind 'ext'"},
	{"an admitted tool gains a library",
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]"),
	 HEAD("1", "enforce") DOMAINS A ADMISSION("allow: [" RULE("7", "ext", L5) "]"),
	 IMAGE_CHANGE_WEAKENS, "the admitted '(named by digest)' gains a trusted file"},
	{"the ring changes", HEAD("1", "enforce") DOMAINS A "events: {ring: 64MiB}\n",
	 HEAD("1", "enforce") DOMAINS A "events: {ring: 64KiB}\n", IMAGE_CHANGE_NONE, ""},
	{"switches are closed", HEAD("1", "enforce") DOMAINS A,
	 HEAD("1", "enforce") DOMAINS A "switches: {open: []}\n", IMAGE_CHANGE_NONE, ""},
	{"switches are opened", HEAD("1", "enforce") DOMAINS A "switches: {open: [mac]}\n",
	 HEAD("1", "enforce") DOMAINS A "switches: {open: [suspend, mac]}\n", IMAGE_CHANGE_WEAKENS,
	 "the switches 'suspend' are opened"},
	{"other switches are opened", HEAD("1", "enforce") DOMAINS A "switches: {open: [mac]}\n",
	 HEAD("1", "enforce") DOMAINS A "switches: {open: [hotplug]}\n", IMAGE_CHANGE_WEAKENS,
	 "the switches 'hotplug' are opened"},
	{"more is closed", HEAD("1", "enforce") DOMAINS A "switches: {open: [mac]}\n",
	 HEAD("1", "enforce") DOMAINS A "switches: {open: [mac], close: [clock]}\n",
	 IMAGE_CHANGE_NONE, ""},
	{"less is closed",
	 HEAD("1", "enforce") DOMAINS A "switches: {open: [mac], close: [uprobes, log]}\n",
	 HEAD("1", "enforce") DOMAINS A "switches: {open: [mac], close: [log]}\n",
	 IMAGE_CHANGE_WEAKENS, "the switches 'uprobes' are opened"},
	{"the key goes, and all are open", HEAD("1", "enforce") DOMAINS A "switches: {open: []}\n",
	 HEAD("1", "enforce") DOMAINS A, IMAGE_CHANGE_WEAKENS, "switches"},
};

static void each_way_to_permit_more_is_told_from_the_ways_that_do_not(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_free_ void *old = NULL, *new = NULL;
		struct diag diag = {0};
		enum image_change change;
		size_t size;

		old = fixture_image(rows[i].old, &size);
		new = fixture_image(rows[i].new, &size);
		change = image_weakens(old, new, &diag);
		if (change != rows[i].change || !strstr(diag.text, rows[i].part))
			fail_msg("%s: %d \"%s\"", rows[i].name, (int)change, diag.text);
	}
}

/* No two checked images can show it, see pin_invaded(): the check is driven by hand. */
static void reaching_into_a_pin_weakens_even_if_the_check_of_an_image_missed_it(void **state)
{
	static const char text[] = HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", "/run/a/b")
		DOMAIN("c", X4, "", "");
	static const char more[] = HEAD("1", "enforce") DOMAINS DOMAIN("a", X1, "", "/run/a/b")
		DOMAIN("c", X4, "", "/run/z");
	_cleanup_free_ void *old = NULL, *new = NULL;
	struct diag diag = {0};
	size_t size;

	old = fixture_image(text, &size);
	new = fixture_image(more, &size);
	assert_int_equal(image_weakens(old, new, &diag), IMAGE_CHANGE_NONE);
	strcpy((char *)image_pins(new)[1].path, "/run/a/b/c");
	assert_int_equal(image_weakens(old, new, &diag), IMAGE_CHANGE_WEAKENS);
	assert_non_null(strstr(diag.text, "'c' reaches with '/run/a/b/c' into the pin '/run/a/b'"));
}

/* No YAML says it: a lock does. */
static void who_is_taken_for_pid_1_needs_the_operator(void **state)
{
	static const char text[] = HEAD("1", "enforce") DOMAINS A;
	static const char more[] = HEAD("1", "enforce")
		DOMAINS A ADMISSION("allow: [" RULE("7", "ext", "") "]");
	_cleanup_free_ void *old = NULL, *new = NULL;
	struct diag diag = {0};
	size_t size;

	old = fixture_image(text, &size);
	new = fixture_image(more, &size);
	((struct image_admission *)image_admissions(new))[0].programs = IMAGE_PROGRAM_LAUNCH;
	assert_int_equal(image_weakens(old, new, &diag), IMAGE_CHANGE_WEAKENS);
	assert_non_null(strstr(diag.text, "is taken for PID 1's own, before a unit's program"));
	assert_int_equal(image_weakens(new, new, &diag), IMAGE_CHANGE_NONE);
	assert_int_equal(image_weakens(new, old, &diag), IMAGE_CHANGE_NONE);
}

/* A lock says it, and who signs or arms believes the lock. */
static void another_fs_verity_digest_for_known_content_weakens(void **state)
{
	static const char text[] = HEAD("1", "enforce") DOMAINS
		"  - {name: a, executables: [{path: /bin/x, launch: any}]}\n"
		"  - {name: b, executables: [{path: /bin/y, launch: any}]}\n";
	_cleanup_free_ void *old = fixture_image(text, &(size_t){0});
	_cleanup_free_ void *new = fixture_image(text, &(size_t){0});
	struct image_verity *verities = (struct image_verity *)image_verities(new);
	struct diag diag = {0};

	assert_int_equal(image_header(new)->n_verities, 2);
	assert_int_equal(image_weakens(old, new, &diag), IMAGE_CHANGE_NONE);
	verities[1].verity[0]++;
	assert_int_equal(image_weakens(old, new, &diag), IMAGE_CHANGE_WEAKENS);
	assert_non_null(strstr(diag.text, "sha256:f1f1f1f1f1f1... is known by another fs-verity"));
	verities[1].verity[0]--;
	memcpy(verities[1].digest, verities[0].digest, IMAGE_DIGEST_LEN);
	assert_int_equal(image_weakens(old, new, &diag), IMAGE_CHANGE_WEAKENS);
	((struct image_header *)new)->n_verities = 1;
	assert_int_equal(image_weakens(old, new, &diag), IMAGE_CHANGE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_to_permit_more_is_told_from_the_ways_that_do_not),
		cmocka_unit_test(
			reaching_into_a_pin_weakens_even_if_the_check_of_an_image_missed_it),
		cmocka_unit_test(who_is_taken_for_pid_1_needs_the_operator),
		cmocka_unit_test(another_fs_verity_digest_for_known_content_weakens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
