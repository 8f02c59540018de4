/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The checks of the host that a policy may require, by their ids: those of `holdfast posture` that
 * holdfastd judges, which are all but the ones about BPF objects and tasks. A unit test holds this
 * list and the tables of checks together.
 */

static const char *const host_checks[] = {
	"lockdown",
	"module-signatures",
	"modules-disabled",
	"kexec",
	"kexec-signatures",
	"dev-mem",
	"msr",
	"hibernation",
	"proc-mem",
	"mounted-writes",
	"bpf-lsm",
	"lsm-order",
	"secure-boot",
	"command-line",
	"escape",
	"tpm",
	"unit-order",
	"unprivileged-bpf",
	"jit-harden",
	"kptr-restrict",
	"perf-paranoid",
	"yama",
	"sysrq",
	"io-uring",
	"user-namespaces",
	"ftrace",
	"fault-injection",
	"kprobe-override",
	"debugfs",
	"ima",
	"fs-verity",
	"bpffs",
	"audit-rules",
};
