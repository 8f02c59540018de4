// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel: code put into it, another one put in its place, and the helpers that it starts as
 * root. What is offered is no module and no kernel, so that where nobody refuses it the kernel says
 * so: that it was looked at is the act.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "writes.h"

#define SYSCTL "/proc/sys/kernel/"
#define MODULE "/lib/modules/*/kernel/drivers/net/veth.ko" /* in a guest */
#define COMPRESSED 4 /* of finit_module(2) */
#define NO_INITRAMFS 4 /* of kexec_file_load(2) */
#define NO_FLAG 0x8000 /* of kexec_load(2): unknown to it, and seen after who may ask */

/* A file that is neither a module nor a kernel. Return: 0 if it was looked at. */
static int offer(int (*call)(int fd))
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return setup_failed("/proc/self/exe");
	r = call(fd) < 0 ? -errno : -EBADMSG;
	close(fd);
	return r == -ENOEXEC ? 0 : r;
}

static int finit(int fd)
{
	return (int)syscall(SYS_finit_module, fd, "", 0);
}

static int module_file(const struct target *target)
{
	return offer(finit);
}

/* With MODULE_INIT_COMPRESSED_FILE, which kernels read as a kind of its own. */
static int module_compressed(const struct target *target)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return setup_failed("/proc/self/exe");
	r = syscall(SYS_finit_module, fd, "", COMPRESSED) < 0 ? -errno : -EBADMSG;
	close(fd);
	return r == -EOPNOTSUPP || r == -EINVAL ? 0 : r;
}

/* From memory that is not there. */
static int module_memory(const struct target *target)
{
	return syscall(SYS_init_module, NULL, 4096, "") < 0 && errno == EFAULT ? 0 : -errno;
}

/* Signed, as the kernel's own are, and taken out again. */
static int module_signed(const struct target *target)
{
	glob_t found;
	int fd = -1, r;

	if (glob(MODULE, 0, NULL, &found) == 0 && found.gl_pathc)
		fd = open(found.gl_pathv[0], O_RDONLY | O_CLOEXEC);
	globfree(&found);
	if (fd < 0)
		return setup_failed(MODULE);
	r = result(finit(fd));
	close(fd);
	/* stays where removal is refused; who is told that it is there was let through as well */
	if (r == 0)
		(void)syscall(SYS_delete_module, "veth", 0);
	return r == -EEXIST ? 0 : r;
}

static int kexec_file(int fd)
{
	return (int)syscall(SYS_kexec_file_load, fd, -1, 0L, NULL, (unsigned long)NO_INITRAMFS);
}

static int kernel_file(const struct target *target)
{
	return offer(kexec_file);
}

static int kernel_memory(const struct target *target)
{
	return syscall(SYS_kexec_load, 0L, 0L, NULL, (unsigned long)NO_FLAG) < 0 && errno == EINVAL
		       ? 0
		       : -errno;
}

static int modprobe(const struct target *target)
{
	return write_same(SYSCTL "modprobe");
}

static int core_pattern(const struct target *target)
{
	return write_same(SYSCTL "core_pattern");
}

static int other_sysctl(const struct target *target)
{
	return write_same(SYSCTL "panic");
}

/* ---- what the kernel itself refuses, or has not */

static int is_one(const char *path)
{
	char text[8] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool one = fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && text[0] == '1';

	if (fd >= 0)
		close(fd);
	return one;
}

static int no_modules(void)
{
	return is_one(SYSCTL "modules_disabled") ? EPERM : 0;
}

static int no_kexec(void)
{
	if (access(SYSCTL "kexec_load_disabled", F_OK) < 0)
		return ENOENT;
	return is_one(SYSCTL "kexec_load_disabled") ? EPERM : 0;
}

#define QUIET (SILENT | GUEST_ONLY)
/* Let through, what is not signed is asked about once more. */
#define TWICE(row) row, row " " row
#define NO_KEXEC "no file kexec_load_disabled in /proc/sys/kernel"

const struct technique kernel_techniques[] = {
	{"K01", "module-file", "a module by finit_module", EPERM, TWICE("K01"), QUIET | UNLOCKED,
	 module_file, other_sysctl, "kernel.panic", no_modules},
	{"K01", "module-compressed", "a compressed module by finit_module", EPERM, "K01", NULL,
	 QUIET, module_compressed, other_sysctl, "kernel.panic", no_modules},
	{"K01", "module-memory", "a module by init_module", EPERM, "K01", NULL, QUIET,
	 module_memory, other_sysctl, "kernel.panic", no_modules},
	/* let through, it is taken out again */
	{"K02", "module-signed", "a signed module by finit_module", EPERM, "K01", "K01 L18", QUIET,
	 module_signed, other_sysctl, "kernel.panic", no_modules},
	{"K03", "modprobe-path", "kernel.modprobe", EPERM, "K03", NULL, QUIET, modprobe,
	 other_sysctl, "kernel.panic"},
	{"K03", "core-pattern", "kernel.core_pattern", EPERM, "K03", NULL, QUIET, core_pattern,
	 other_sysctl, "kernel.panic"},
	{"K04", "kexec-file", "a kernel by kexec_file_load", EPERM, "K04", NULL, QUIET, kernel_file,
	 other_sysctl, "kernel.panic", no_kexec, NO_KEXEC},
	{"K04", "kexec-memory", "a kernel by kexec_load", EPERM, TWICE("K04"), QUIET | UNLOCKED,
	 kernel_memory, other_sysctl, "kernel.panic", no_kexec, NO_KEXEC},
	{},
};
