// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel log as part of the result: a kernel that hit a BUG, a WARN or a stall often goes on
 * running, and every test still passes. Reads /dev/kmsg, or what a console has kept, and counts
 * such reports. It must never take a log it could not read for a clean one: lost records count as a
 * splat.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define ALLOW_MAX 64
#define CONTEXT_LINES 48

struct allow {
	regex_t regex;
};

struct splats {
	int fd;
	unsigned int count;
	/* lines still to be printed after the head of a splat */
	unsigned int context;
	unsigned int n_allows;
	struct allow allows[ALLOW_MAX];
};

struct pattern {
	const char *text;
	/* user-space crashes are logged in the same words, but not at the start of the line */
	bool at_start;
};

static const struct pattern patterns[] = {
	{"BUG:", false},
	{"kernel BUG at", false},
	{"WARNING:", true},
	{"Oops", true},
	{"Kernel panic", true},
	{"general protection fault", true},
	{"int3:", true},
	{"invalid opcode:", true},
	{"stack segment:", true},
	{"double fault:", true},
	{"Unable to handle kernel", true},
	{"INFO: task ", true},
	{"self-detected stall", false},
	{"detected stalls on CPUs", false},
	{"detected expedited stalls", false},
	{"INFO: rcu", true},
	{"KASAN:", false},
	{"UBSAN:", false},
	{"KCSAN:", false},
	{"KFENCE:", false},
	{"INFO: trying to register non-static key", true},
	{"INFO: possible ", true},
	/* of a console that was too slow */
	{"printk messages dropped", false},
};

/* A line of the file: `RELEASE-PREFIX REGEX`, `*` for every kernel. */
static int allow_line(struct splats *splats, char *line, const char *release)
{
	char *regex;

	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '#' || line[0] == '\0')
		return 0;

	regex = strpbrk(line, " \t");
	if (!regex || splats->n_allows == ALLOW_MAX)
		return -EINVAL;

	*regex++ = '\0';
	regex += strspn(regex, " \t");
	if (strcmp(line, "*") != 0 && strncmp(release, line, strlen(line)) != 0)
		return 0;

	if (regcomp(&splats->allows[splats->n_allows].regex, regex, REG_EXTENDED | REG_NOSUB))
		return -EINVAL;

	splats->n_allows++;
	return 0;
}

static int allow_load(struct splats *splats, const char *path, const char *release)
{
	char line[512];
	FILE *file;
	int r = 0;

	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? 0 : -errno;

	while (r == 0 && fgets(line, sizeof(line), file))
		r = allow_line(splats, line, release);

	fclose(file);
	return r;
}

int splats_open(const char *allow_file, struct splats **ret_splats)
{
	struct splats *splats;
	struct utsname uts;
	int r;

	if (uname(&uts) < 0)
		return -errno;

	splats = calloc(1, sizeof(*splats));
	if (!splats)
		return -ENOMEM;

	splats->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (splats->fd < 0) {
		r = -errno;
		free(splats);
		return r;
	}

	r = allow_load(splats, allow_file, uts.release);
	if (r < 0) {
		close(splats->fd);
		free(splats);
		return r;
	}

	*ret_splats = splats;
	return 0;
}

int splats_fd(const struct splats *splats)
{
	return splats->fd;
}

static bool text_is_splat(const char *text)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const char *hit = strstr(text, patterns[i].text);

		if (hit && (!patterns[i].at_start || hit == text))
			return true;
	}
	return false;
}

static bool text_is_allowed(const struct splats *splats, const char *text)
{
	for (unsigned int i = 0; i < splats->n_allows; i++)
		if (regexec(&splats->allows[i].regex, text, 0, NULL, 0) == 0)
			return true;
	return false;
}

static void splats_text(struct splats *splats, const char *text)
{
	if (text_is_splat(text)) {
		bool allowed = text_is_allowed(splats, text);

		printf("# splat%s: %s\n", allowed ? " (allowed)" : "", text);
		if (!allowed) {
			splats->count++;
			splats->context = CONTEXT_LINES;
		}
	} else if (splats->context > 0) {
		splats->context--;
		printf("# | %s\n", text);
	}
}

static void splats_record(struct splats *splats, char *record)
{
	char *text = strchr(record, ';');

	/* a record is `PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n KEY=VALUE\n` */
	text = text ? text + 1 : record;
	text[strcspn(text, "\n")] = '\0';
	splats_text(splats, text);
}

int splats_console(const char *allow_file, const char *release, FILE *log)
{
	static struct splats splats;
	char line[8192];
	int r;

	r = allow_load(&splats, allow_file, release);
	if (r < 0)
		return r;

	while (fgets(line, sizeof(line), log)) {
		char *text = line;

		line[strcspn(line, "\r\n")] = '\0';
		/* the kernel's lines begin with a time in brackets */
		if (line[0] == '[' && strchr(line, ']'))
			text = strchr(line, ']') + 1;
		splats_text(&splats, text + strspn(text, " "));
	}
	return ferror(log) ? -EIO : (int)splats.count;
}

unsigned int splats_read(struct splats *splats)
{
	char record[8192];

	for (;;) {
		ssize_t n = read(splats->fd, record, sizeof(record) - 1);

		if (n > 0) {
			record[n] = '\0';
			splats_record(splats, record);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;

		/* EPIPE: records were overwritten before they were read */
		printf("# splat: kernel log not readable to its end: %s\n",
		       n < 0 ? strerror(errno) : "end of file");
		splats->count++;
		if (n == 0 || errno != EPIPE)
			break;
	}
	fflush(stdout);
	return splats->count;
}
