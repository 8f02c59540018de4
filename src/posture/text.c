// SPDX-License-Identifier: LGPL-2.1-or-later
/* See text.h. */

#include "posture/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool text_number(const char *text, long long *ret_number)
{
	long long number;
	char *end;

	if (!is_digit(text[text[0] == '-']))
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || !(*end == '\0' || (*end == '\n' && end[1] == '\0')))
		return false;
	*ret_number = number;
	return true;
}

bool text_has(const char *text, const char *separators, const char *word)
{
	size_t length = strlen(word);

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t n = strcspn(text, separators);

		if (n == length && strncmp(text, word, n) == 0)
			return true;
		text += n;
	}
	return false;
}

bool text_chosen(const char *text, char *ret_word, size_t size)
{
	const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
	size_t length = close ? (size_t)(close - open) - 1 : 0;

	if (!length || length >= size)
		return false;
	memcpy(ret_word, open + 1, length);
	ret_word[length] = '\0';
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

const char *text_next_word(const char **rest, size_t *ret_length)
{
	const char *start = *rest, *p;
	bool quoted = false;

	while (is_blank(*start))
		start++;
	for (p = start; *p && (quoted || !is_blank(*p)); p++)
		quoted = quoted != (*p == '"');
	*rest = p;
	*ret_length = (size_t)(p - start);
	if (!*ret_length || (*ret_length == 2 && strncmp(start, "--", 2) == 0)) {
		*rest = start;
		return NULL;
	}
	return start;
}

static bool same_name(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	}
	return true;
}

/* A copy without the quotes around it. */
static void copy_value(const char *from, size_t length, char *to, size_t size)
{
	if (length && *from == '"') {
		from++;
		length--;
	}
	if (length && from[length - 1] == '"')
		length--;
	if (length > size - 1)
		length = size - 1;
	memcpy(to, from, length);
	to[length] = '\0';
}

bool text_parameter(const char *cmdline, const char *name, char *ret_value, size_t size)
{
	size_t n = strlen(name), length;
	const char *word;
	bool found = false;

	while ((word = text_next_word(&cmdline, &length))) {
		/* the kernel lets a whole word be in quotes, too */
		if (*word == '"') {
			word++;
			length--;
		}
		if (length <= n || word[n] != '=' || !same_name(word, name, n))
			continue;
		copy_value(word + n + 1, length - n - 1, ret_value, size);
		found = true;
	}
	return found;
}

/* What follows "Key:\t" at the beginning of a line. */
static const char *field(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (text) {
		if (strncmp(text, key, n) == 0 && text[n] == ':')
			return text + n + 1 + strspn(text + n + 1, "\t ");
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

static bool read_caps(const char *text, const char *key, uint64_t *ret_caps)
{
	const char *value = field(text, key);
	char *end;

	if (!value || strspn(value, "0123456789abcdef") != 16)
		return false;
	*ret_caps = strtoull(value, &end, 16);
	return *end == '\n' || *end == '\0';
}

bool text_read_task(const char *text, struct text_task *ret_task)
{
	const char *name = field(text, "Name");
	struct text_task task = {0};

	if (!name || !read_caps(text, "CapPrm", &task.permitted) ||
	    !read_caps(text, "CapEff", &task.effective))
		return false;
	(void)snprintf(task.name, sizeof(task.name), "%.*s", (int)strcspn(name, "\n"), name);
	task.has_memory = field(text, "VmSize") != NULL;
	*ret_task = task;
	return true;
}

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

/* Ends the field at @*p, and moves on to the next. */
static char *cut(char **p)
{
	char *start = *p, *end = start ? strchr(start, ' ') : NULL;

	if (end)
		*end++ = '\0';
	*p = end;
	return start;
}

bool text_next_mount(char **rest, struct text_mount *ret_mount)
{
	char *line;

	while ((line = next_line(rest))) {
		char *dash = strstr(line, " - "), *tail = dash ? dash + 3 : NULL, *head = line;
		const char *where = NULL, *type;

		if (!dash)
			continue;
		*dash = '\0';
		for (int i = 0; i < 5; i++)
			where = cut(&head);
		type = cut(&tail);
		(void)cut(&tail); /* what was mounted */
		if (!where || *where != '/' || !type || !tail)
			continue;
		*ret_mount = (struct text_mount){where, type, tail};
		return true;
	}
	return false;
}

bool text_option(const char *options, const char *name, char *ret_value, size_t size)
{
	size_t n = strlen(name);

	while (*options) {
		size_t length = strcspn(options, ",");

		if (length > n && options[n] == '=' && strncmp(options, name, n) == 0) {
			copy_value(options + n + 1, length - n - 1, ret_value, size);
			return true;
		}
		options += length + (options[length] == ',');
	}
	return false;
}

bool text_efi_byte(const char *data, size_t size, unsigned *ret_value)
{
	if (size != 5)
		return false;
	*ret_value = (unsigned char)data[4];
	return true;
}

bool text_unit_has(const char *text, const char *key, const char *word)
{
	size_t n = strlen(key);
	char line[512];

	while (text && *text) {
		size_t length = strcspn(text, "\n");

		if (length > n && text[n] == '=' && strncmp(text, key, n) == 0) {
			(void)snprintf(line, sizeof(line), "%.*s", (int)(length - n - 1),
				       text + n + 1);
			if (text_has(line, " \t", word))
				return true;
		}
		text += length + (text[length] == '\n');
	}
	return false;
}

bool text_audits(const char *rules, const char *name, const char *number)
{
	char line[1024];

	while (rules && *rules) {
		size_t length = strcspn(rules, "\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)length, rules);
		rules += length + (rules[length] == '\n');
		if (line[0] == '#' || !text_has(line, " \t", "-S") ||
		    text_has(line, " \t,", "never"))
			continue;
		/* -S a,b and -S a -S b alike */
		if (text_has(line, " \t,", name) || text_has(line, " \t,", number))
			return true;
	}
	return false;
}
