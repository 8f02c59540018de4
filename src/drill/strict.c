// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What only a strict policy keeps strangers from: the kernel's memory, registers and debugger as if
 * it were locked down, and programs of types that the policy does not list. What is written is what
 * is there already.
 */
#include "probe.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <unistd.h>

#include "insn.h"
#include "writes.h"

#define MSR "/dev/cpu/0/msr"
#define ENTRY_REGISTER 0xc0000082 /* MSR_LSTAR: where system calls enter */
#define TIME_REGISTER 0x10 /* MSR_IA32_TSC */
#define SNAPSHOT "/dev/snapshot"
#define PCI_CONFIG "/sys/bus/pci/devices/*/config"
#define INTERRUPT_LINE 0x3c /* of a device's configuration: a note for drivers */

static int open_and_close(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_mem(const struct target *target)
{
	return open_and_close("/dev/mem", O_RDWR);
}

static int open_zero(const struct target *target)
{
	return open_and_close("/dev/zero", O_RDWR);
}

static int take_ports(const struct target *target)
{
	return result(ioperm(0x80, 1, 1));
}

static int write_register(const struct target *target)
{
	int fd = open(MSR, O_RDWR | O_CLOEXEC);
	uint64_t value;

	if (fd < 0)
		return errno == EPERM ? -EPERM : setup_failed(MSR);
	if (pread(fd, &value, sizeof(value), ENTRY_REGISTER) != (ssize_t)sizeof(value))
		return setup_failed("MSR_LSTAR");
	return result(pwrite(fd, &value, sizeof(value), ENTRY_REGISTER));
}

static int read_register(const struct target *target)
{
	int fd = open(MSR, O_RDONLY | O_CLOEXEC);
	uint64_t value;

	return result(fd < 0 ? fd : pread(fd, &value, sizeof(value), TIME_REGISTER));
}

static int read_core(const struct target *target)
{
	char bytes[64];
	int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);

	return result(fd < 0 ? fd : read(fd, bytes, sizeof(bytes)));
}

static int read_symbols(const struct target *target)
{
	char bytes[64];
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);

	return result(fd < 0 ? fd : read(fd, bytes, sizeof(bytes)));
}

/* For an image that is to be gone on with; none is written. */
static int open_snapshot(const struct target *target)
{
	return open_and_close(SNAPSHOT, O_WRONLY);
}

static int no_snapshot(void)
{
	return access("/dev/zero", F_OK) == 0 && access(SNAPSHOT, F_OK) < 0 && errno == ENOENT
		       ? ENOENT
		       : locked_down();
}

static int read_sleep(const struct target *target)
{
	return open_and_close("/sys/power/state", O_RDONLY);
}

/* The first device's. Return: fd; -1, with ENOENT if there is none. */
static int pci_open(int flags)
{
	glob_t found;
	int fd = -1;

	errno = ENOENT;
	if (glob(PCI_CONFIG, 0, NULL, &found) == 0 && found.gl_pathc)
		fd = open(found.gl_pathv[0], flags | O_CLOEXEC);
	globfree(&found);
	return fd;
}

static int write_device(const struct target *target)
{
	unsigned char line;
	int fd = pci_open(O_RDWR);

	if (fd < 0)
		return -errno;
	if (pread(fd, &line, 1, INTERRUPT_LINE) != 1)
		return setup_failed(PCI_CONFIG);
	return result(pwrite(fd, &line, 1, INTERRUPT_LINE));
}

static int read_device(const struct target *target)
{
	unsigned char line;
	int fd = pci_open(O_RDONLY);

	return result(fd < 0 ? fd : pread(fd, &line, 1, INTERRUPT_LINE));
}

static int no_device(void)
{
	int fd = pci_open(O_RDONLY);

	if (fd < 0)
		return ENOENT;
	close(fd);
	return locked_down();
}

static int write_debugfs(const struct target *target)
{
	if (private_namespace(false) < 0 || mount("none", "/mnt", "debugfs", 0, NULL) < 0)
		return setup_failed("debugfs");
	return write_text("/mnt/clear_warn_once", "1");
}

static int write_sysfs(const struct target *target)
{
	return write_same("/sys/power/pm_async");
}

/* ---- types that are not listed */

static int load_cgroup(enum bpf_prog_type type, enum bpf_attach_type attach_type, int answer)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, answer), EXIT()};

	return bpf_prog_load(type, "filter", "GPL", insns, 2, &opts);
}

/* No connection of whatever runs in that group. */
static int refuse_connections(const struct target *target)
{
	int cgroup = target_cgroup(target, ""), prog;

	if (cgroup < 0)
		return setup_failed("control group");
	prog = load_cgroup(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, 0);
	return result(prog < 0 ? prog
			       : bpf_link_create(prog, cgroup, BPF_CGROUP_INET4_CONNECT, NULL));
}

/* Whatever the verifier would have made of it. */
static int load_unlisted(const struct target *target)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_SK_LOOKUP);
	const struct bpf_insn insns[] = {MOV_IMM(BPF_REG_0, 1), EXIT()};

	return result(bpf_prog_load(BPF_PROG_TYPE_SK_LOOKUP, "unlisted", "GPL", insns, 2, &opts));
}

static int load_listed(const struct target *target)
{
	return result(load_cgroup(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, 1));
}

#define LOCK (SILENT | GUEST_ONLY | LOCKED)

const struct technique strict_techniques[] = {
	{"K05", "lock-mem", "/dev/mem opened", EPERM, "K05", NULL, LOCK, open_mem, open_zero,
	 "/dev/zero", locked_down},
	{"K05", "lock-ports", "an I/O port by ioperm", EPERM, "K05", NULL, LOCK, take_ports,
	 open_zero, "/dev/zero", locked_down},
	{"K06", "lock-register", "the register of system calls written", EPERM, "K06", NULL, LOCK,
	 write_register, read_register, "a register read", locked_down},
	{"K07", "lock-core", "/proc/kcore read", EPERM, "K07", NULL, LOCK, read_core, read_symbols,
	 "/proc/kallsyms read", locked_down},
	{"K08", "lock-snapshot", "an image of memory to be gone on with", EPERM, "K08", NULL, LOCK,
	 open_snapshot, read_sleep, "power/state read", no_snapshot,
	 "no " SNAPSHOT " beside the devices that are there"},
	{"K09", "lock-device", "a PCI device's configuration written", EPERM, "K09", NULL, LOCK,
	 write_device, read_device, "the same read", no_device, "no device in /sys/bus/pci"},
	{"K10", "lock-debugfs", "a file of debugfs written", EPERM, "K10", "*", LOCK, write_debugfs,
	 write_sysfs, "power/pm_async", locked_down},
	{"P20", "limit-load", "a program for the verifier, of a type that is not listed", EPERM,
	 "P20", "*", SILENT | LIMITED, load_unlisted, load_listed, "a type that is listed"},
	{"P23", "limit-connect", "a filter of the group's connections", EPERM, "P20", "*",
	 SILENT | LIMITED, refuse_connections, load_listed, "a type that the policy lists"},
	{},
};
