// SPDX-License-Identifier: LGPL-2.1-or-later
/* Text of /proc and messages of the connector: any bytes are read to their end, and no further. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "learn/proc-text.h"
#include "must.h"

/* A copy that ends with NUL, as look_text() gives it. */
static char *copy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text != NULL);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void mappings(char *text)
{
	const char *end = text + strlen(text);
	struct proc_mapping m;
	char *rest = text;

	while (proc_next_mapping(&rest, &m))
		must(m.path >= text && m.path + strlen(m.path) <= end && !strchr(m.path, '\n'));
}

static void mounts(char *text)
{
	char *rest = text;
	const char *mount;

	while ((mount = proc_next_mount(&rest, "bpf")))
		must(mount[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *a = copy(data, size), *b = copy(data, size), *c = copy(data, size);
	struct proc_object object;
	struct proc_message message;
	struct proc_stat stat;
	const char *group;

	if (proc_read_stat(a, &stat) == 0)
		must(stat.parent >= 0);
	proc_read_fdinfo(a, &object);
	must(!object.kind == !object.id && strlen(object.details) < PROC_DETAILS_LEN);
	mappings(a);
	mounts(b);
	group = proc_read_cgroup(c);
	must(!group || group[0] == '/');
	(void)proc_read_event(data, size, &message);
	return 0;
}
