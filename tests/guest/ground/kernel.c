// SPDX-License-Identifier: LGPL-2.1-or-later
/* What root does to the kernel: modules, another kernel, memory, registers, disks, keys. */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/kexec.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/size.h"
#include "ground.h"

#define PAGE 4096
#define SIGNED "~Module signature appended~\n"

/* A signature is at the end: its length as a big-endian number, and the marker behind that. */
static int cut_signature(const char *path)
{
	_cleanup_close_ int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = memfd_create("module", MFD_CLOEXEC);
	char marker[sizeof(SIGNED) - 1];
	unsigned char length[4];
	off_t size = from < 0 ? -1 : lseek(from, 0, SEEK_END);
	off_t end = size - (off_t)sizeof(marker);

	if (to < 0 || size < 0 ||
	    pread(from, marker, sizeof(marker), end) != (ssize_t)sizeof(marker) ||
	    memcmp(marker, SIGNED, sizeof(marker)) != 0)
		return -1;
	end -= 12; /* struct module_signature */
	if (pread(from, length, sizeof(length), end + 8) != (ssize_t)sizeof(length))
		return -1;
	end -= (off_t)length[0] << 24 | length[1] << 16 | length[2] << 8 | length[3];
	for (off_t at = 0; at < end;) {
		char block[PAGE];
		size_t wanted = end - at < PAGE ? (size_t)(end - at) : PAGE;
		ssize_t n = pread(from, block, wanted, at);

		if (n <= 0 || write(to, block, (size_t)n) != n)
			return -1;
		at += n;
	}
	return to;
}

static int load_module(int fd)
{
	return syscall(SYS_finit_module, fd, "", 0) < 0 ? -errno : 0;
}

static int signed_module(char **arguments)
{
	_cleanup_close_ int fd = open(arguments[0], O_RDONLY | O_CLOEXEC);

	return fd < 0 ? ACT_IMPOSSIBLE : load_module(fd);
}

static int unsigned_module(char **arguments)
{
	_cleanup_close_ int fd = cut_signature(arguments[0]);

	return fd < 0 ? ACT_IMPOSSIBLE : load_module(fd);
}

static int unload_module(char **arguments)
{
	return syscall(SYS_delete_module, arguments[0], O_NONBLOCK) < 0 ? -errno : 0;
}

/* A kernel of one page that is never booted, and is taken out again. */
static int other_kernel(char **arguments)
{
	static char page[PAGE] = "\xf4";
	struct kexec_segment segment = {
		.buf = page, .bufsz = PAGE, .mem = (void *)0x1000000, .memsz = PAGE};

	if (syscall(SYS_kexec_load, segment.mem, 1ul, &segment, 0ul) < 0)
		return -errno;
	(void)syscall(SYS_kexec_load, 0ul, 0ul, NULL, 0ul);
	return 0;
}

static int map_memory(off_t where)
{
	_cleanup_close_ int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	volatile uint32_t *page;
	uint32_t seen;

	if (fd < 0)
		return -errno;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, where);
	if (page == MAP_FAILED)
		return -errno;
	seen = *page;
	(void)seen;
	(void)munmap((void *)(uintptr_t)page, PAGE);
	return 0;
}

static int firmware_memory(char **arguments)
{
	return map_memory(0xf0000);
}

static int main_memory(char **arguments)
{
	return map_memory(0x1000000);
}

/* The interrupt controller, which the kernel drives itself. */
static int device_memory(char **arguments)
{
	return map_memory(0xfec00000);
}

/* Where system calls go; the same value, for another would be the end. */
static int entry_register(char **arguments)
{
	_cleanup_close_ int fd = open("/dev/cpu/0/msr", O_RDWR | O_CLOEXEC);
	const off_t lstar = 0xc0000082;
	uint64_t value;

	if (fd < 0)
		return errno == EPERM ? -EPERM : ACT_IMPOSSIBLE;
	if (pread(fd, &value, sizeof(value), lstar) != (ssize_t)sizeof(value))
		return ACT_IMPOSSIBLE;
	return pwrite(fd, &value, sizeof(value), lstar) < 0 ? -errno : 0;
}

/* For an image that is to be gone on with; none is written. */
static int hibernation_image(char **arguments)
{
	_cleanup_close_ int fd = open("/dev/snapshot", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

static int write_file(char **arguments)
{
	_cleanup_close_ int fd = open(arguments[0], O_WRONLY | O_CLOEXEC);
	size_t length = strlen(arguments[1]);

	return fd < 0 || write(fd, arguments[1], length) != (ssize_t)length ? -errno : 0;
}

static int disk_write(char **arguments)
{
	_cleanup_close_ int fd = open(arguments[0], O_RDWR | O_CLOEXEC);
	char block[512];

	if (fd < 0)
		return -errno;
	if (pread(fd, block, sizeof(block), 1024) != (ssize_t)sizeof(block))
		return ACT_IMPOSSIBLE;
	return pwrite(fd, block, sizeof(block), 1024) < 0 ? -errno : 0;
}

/* The keyboard's controller says what it is told to say, as if a key had been pressed. */
static void press(unsigned char code)
{
	for (int i = 0; i < 100 && (inb(0x64) & 2); i++)
		ground_nap(1);
	outb(0xd2, 0x64);
	for (int i = 0; i < 100 && (inb(0x64) & 2); i++)
		ground_nap(1);
	outb(code, 0x60);
	ground_nap(20);
}

static int victim(void)
{
	int pid = fork();

	if (pid == 0) {
		FILE *file = fopen("/proc/self/oom_score_adj", "w");

		if (!file || fputs("1000", file) < 0 || fclose(file))
			_exit(1);
		for (;;)
			(void)pause();
	}
	ground_nap(100);
	return pid;
}

/* Alt, SysRq and f: the kernel kills who it would for lack of memory, which is our child. */
static int key_kills(char **arguments)
{
	static const unsigned char keys[] = {0x38, 0x54, 0x21, 0xa1, 0xd4, 0xb8};
	int status = 0, pid;

	if (iopl(3) < 0)
		return ACT_IMPOSSIBLE;
	pid = victim();
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		press(keys[i]);
	for (int i = 0; i < 20; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) ? 0 : ACT_IMPOSSIBLE;
		ground_nap(50);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return -EPERM;
}

static int audit_request(int fd, uint16_t type, const void *data, size_t size)
{
	_cleanup_free_ char *request = calloc(1, NLMSG_SPACE(size));
	struct nlmsghdr *header = (struct nlmsghdr *)request;
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[PAGE];
	} answer;

	if (!request)
		return -ENOMEM;
	header->nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	memcpy(NLMSG_DATA(header), data, size);
	if (send(fd, request, header->nlmsg_len, 0) < 0)
		return -errno;
	do {
		if (recv(fd, &answer, sizeof(answer), 0) < 0)
			return -errno;
	} while (answer.header.nlmsg_type != NLMSG_ERROR);
	return answer.error.error;
}

/* What `auditctl -a always,exit -F arch=b64 -S bpf` sends, and -d */
static int audit_rule(char **arguments)
{
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	struct audit_status on = {.mask = AUDIT_STATUS_ENABLED, .enabled = 1};
	struct audit_rule_data rule = {
		.flags = AUDIT_FILTER_EXIT,
		.action = AUDIT_ALWAYS,
		.field_count = 1,
		.fields = {AUDIT_ARCH},
		.values = {AUDIT_ARCH_X86_64},
		.fieldflags = {AUDIT_EQUAL},
	};
	int add = strcmp(arguments[0], "add") == 0, r;

	if (fd < 0)
		return -errno;
	rule.mask[AUDIT_WORD(SYS_bpf)] = AUDIT_BIT(SYS_bpf);
	r = audit_request(fd, AUDIT_SET, &on, sizeof(on));
	return r ? r
		 : audit_request(fd, add ? AUDIT_ADD_RULE : AUDIT_DEL_RULE, &rule, sizeof(rule));
}

const struct act acts_kernel[] = {
	{"signed-module", signed_module, 1, "loads the module"},
	{"unsigned-module", unsigned_module, 1, "loads the module without its signature"},
	{"unload-module", unload_module, 1, "unloads the module of that name"},
	{"other-kernel", other_kernel, 0, "kexec_load(2)"},
	{"firmware-memory", firmware_memory, 0, "maps the firmware's memory to write"},
	{"main-memory", main_memory, 0, "maps the kernel's memory to write"},
	{"device-memory", device_memory, 0, "maps the registers of a device in use to write"},
	{"entry-register", entry_register, 0, "writes the register of system calls"},
	{"hibernation-image", hibernation_image, 0, "opens the way of an image of memory"},
	{"write", write_file, 2, "writes that into that file"},
	{"disk-write", disk_write, 1, "writes the disk"},
	{"key-kills", key_kills, 0, "kills a process by a key of the console"},
	{"audit-rule", audit_rule, 1, "adds or deletes a rule for bpf(2)"},
	{0},
};
