// SPDX-License-Identifier: LGPL-2.1-or-later
/* See proc-text.h. */

#include "learn/proc-text.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* A whole number before one of the characters that may end it. */
static bool read_number(const char **p, int base, const char *ends, uint64_t *ret)
{
	char *end;

	if (!((**p >= '0' && **p <= '9') || (base == 16 && **p >= 'a' && **p <= 'f')))
		return false;
	errno = 0;
	*ret = strtoull(*p, &end, base);
	if (errno || end == *p || !(*end ? strchr(ends, *end) != NULL : ends[0] == '\0'))
		return false;
	*p = end;
	return true;
}

int proc_read_stat(const char *text, struct proc_stat *ret_stat)
{
	/* The name in parentheses may hold anything, parentheses too. */
	const char *p = strrchr(text, ')');
	uint64_t parent = 0, start = 0;

	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EINVAL;
		p++;
		if (field + 1 == 4) {
			const char *number = p;

			if (!read_number(&number, 10, " ", &parent))
				return -EINVAL;
		}
	}
	if (!p || !read_number(&p, 10, " ", &start) || parent > INT32_MAX)
		return -EINVAL;
	*ret_stat = (struct proc_stat){.parent = (pid_t)parent, .start = start};
	return 0;
}

/* The next line without its newline; NULL after the last. */
static char *next_line(char **rest)
{
	char *line = *rest, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	if (end)
		*end++ = '\0';
	*rest = end;
	return line;
}

const char *proc_read_cgroup(char *text)
{
	char *line;

	while ((line = next_line(&text))) {
		if (strncmp(line, "0::/", 4) == 0)
			return line + 3;
	}
	return NULL;
}

static bool read_mapping(char *line, struct proc_mapping *ret_mapping)
{
	static const char deleted[] = " (deleted)";
	struct proc_mapping m = {0};
	const char *p = line;
	size_t length;

	if (!read_number(&p, 16, "-", &m.start))
		return false;
	p++;
	if (!read_number(&p, 16, " ", &m.end) || strnlen(p, 6) < 6)
		return false;
	m.writable = p[2] == 'w';
	m.executable = p[3] == 'x';
	/* permissions, offset, device, inode; then blanks up to the name */
	for (int field = 0; field < 4; field++) {
		p = strchr(p + 1, ' ');
		if (!p)
			return false;
	}
	p += strspn(p, " ");
	m.path = line + (p - line);
	length = strlen(m.path);
	if (length >= sizeof(deleted) &&
	    strcmp(m.path + length - (sizeof(deleted) - 1), deleted) == 0) {
		m.deleted = true;
		m.path[length - (sizeof(deleted) - 1)] = '\0';
	}
	*ret_mapping = m;
	return true;
}

bool proc_next_mapping(char **rest, struct proc_mapping *ret_mapping)
{
	char *line;

	while ((line = next_line(rest))) {
		if (read_mapping(line, ret_mapping))
			return true;
	}
	return false;
}

static bool is_octal(const char *p)
{
	for (int i = 1; i <= 3; i++) {
		if (p[i] < '0' || p[i] > (i == 1 ? '3' : '7'))
			return false;
	}
	return true;
}

/* Blanks and the like are \NNN there. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && is_octal(from)) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

const char *proc_next_mount(char **rest, const char *type)
{
	char *line;

	while ((line = next_line(rest))) {
		char *dash = strstr(line, " - "), *path = line, *end;
		size_t length = strlen(type);

		if (!dash || strncmp(dash + 3, type, length) != 0 || dash[3 + length] != ' ')
			continue;
		*dash = '\0';
		/* id, parent, device, root, and then where */
		for (int field = 0; path && field < 4; field++) {
			path = strchr(path, ' ');
			path = path ? path + 1 : NULL;
		}
		end = path ? strchr(path, ' ') : NULL;
		if (!end || *path != '/')
			continue;
		*end = '\0';
		unescape(path);
		return path;
	}
	return NULL;
}

static void add_detail(struct proc_object *object, const char *key, size_t key_length,
		       const char *value, size_t value_length)
{
	size_t used = strlen(object->details);

	(void)snprintf(object->details + used, sizeof(object->details) - used, "%s%.*s %.*s",
		       used ? ", " : "", (int)key_length, key, (int)value_length, value);
}

/* Of every fd, or told elsewhere. */
static bool is_plain(const char *key, size_t length)
{
	static const char *const plain[] = {"pos",	"flags",   "mnt_id",  "ino",
					    "prog_tag", "prog_id", "link_id", "prog_type"};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (strlen(plain[i]) == length && strncmp(key, plain[i], length) == 0)
			return true;
	}
	return false;
}

static uint32_t number_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *p = text; p; p = strchr(p, '\n')) {
		uint64_t number;

		p += *p == '\n';
		if (strncmp(p, key, length) != 0 || p[length] != ':')
			continue;
		p += length + 1;
		p += strspn(p, " \t");
		if ((read_number(&p, 10, "\n", &number) || read_number(&p, 10, "", &number)) &&
		    number <= UINT32_MAX)
			return (uint32_t)number;
	}
	return 0;
}

static void read_details(const char *text, struct proc_object *object)
{
	for (const char *p = text; *p;) {
		size_t line = strcspn(p, "\n"), key = strcspn(p, ":\n");
		size_t skip = key < line ? key + 1 + strspn(p + key + 1, " \t") : line;

		/* Keys have no blanks; the rest is tables. */
		if (skip < line && !memchr(p, ' ', key) && !memchr(p, '\t', key) &&
		    !is_plain(p, key))
			add_detail(object, p, key, p + skip, line - skip);
		p += line + (p[line] == '\n');
	}
}

void proc_read_fdinfo(const char *text, struct proc_object *ret_object)
{
	struct proc_object object = {.kind = PROC_NONE};

	if ((object.id = number_of(text, "link_id"))) {
		object.kind = PROC_LINK;
		object.prog_id = number_of(text, "prog_id");
		read_details(text, &object);
	} else if ((object.id = number_of(text, "map_id"))) {
		object.kind = PROC_MAP;
		object.type = number_of(text, "map_type");
	} else if ((object.id = number_of(text, "prog_id"))) {
		object.kind = PROC_PROG;
		object.type = number_of(text, "prog_type");
	}
	*ret_object = object;
}

bool proc_read_event(const void *data, size_t size, struct proc_message *ret_event)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct cn_msg);
	struct proc_fields {
		uint32_t what, cpu;
		uint64_t time;
		uint32_t pids[4];
	} m;

	/* what, processor, time, and then the numbers of the two or of the one */
	if (size < head + sizeof(m))
		return false;
	memcpy(&m, (const char *)data + head, sizeof(m));
	ret_event->parent = 0;
	switch (m.what) {
	case PROC_EVENT_FORK: /* parent thread, parent, child thread, child */
		ret_event->what = PROC_FORK;
		ret_event->parent = (pid_t)m.pids[1];
		ret_event->pid = (pid_t)m.pids[3];
		return m.pids[2] == m.pids[3];
	case PROC_EVENT_EXEC: /* thread, process */
		ret_event->what = PROC_EXEC;
		ret_event->pid = (pid_t)m.pids[1];
		return true;
	case PROC_EVENT_EXIT: /* thread, process */
		ret_event->what = PROC_EXIT;
		ret_event->pid = (pid_t)m.pids[1];
		return m.pids[0] == m.pids[1];
	}
	return false;
}
