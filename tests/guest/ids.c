// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ids SECONDS TYPE: takes each program that comes up meanwhile by its id, as soon as it has one,
 * and says how many there were, and of how many of that type it got an fd. A program has its id
 * before its maker has his fd, so whoever waits for that, on another processor, is here first.
 */

#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long command(int number, union bpf_attr *attr)
{
	return syscall(SYS_bpf, number, attr, sizeof(*attr));
}

/* Return: the next id after that one; 0 if there is none. */
static unsigned int next_id(unsigned int id)
{
	union bpf_attr attr = {};

	attr.start_id = id;
	return command(BPF_PROG_GET_NEXT_ID, &attr) ? 0 : attr.next_id;
}

static int take(unsigned int id)
{
	union bpf_attr attr = {};

	attr.prog_id = id;
	return (int)command(BPF_PROG_GET_FD_BY_ID, &attr);
}

static unsigned int type_of(int fd)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = {};

	attr.info.bpf_fd = (unsigned int)fd;
	attr.info.info = (unsigned long)&info;
	attr.info.info_len = sizeof(info);
	return command(BPF_OBJ_GET_INFO_BY_FD, &attr) ? 0 : info.type;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc == 3 ? strtol(argv[1], NULL, 10) : 0);
	unsigned long type = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned int last = 0, seen = 0, taken = 0;

	for (unsigned int id; (id = next_id(last));)
		last = id;
	while (time(NULL) < end) {
		unsigned int id = next_id(last);
		int fd;

		if (!id)
			continue;
		last = id;
		seen++;
		fd = take(id);
		if (fd < 0)
			continue;
		taken += type_of(fd) == type;
		(void)close(fd);
	}
	(void)printf("seen %u taken %u\n", seen, taken);
	return 0;
}
