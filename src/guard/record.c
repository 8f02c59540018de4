// SPDX-License-Identifier: LGPL-2.1-or-later
/* See record.h. */

#include "guard/record.h"

#include <inttypes.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/jsonw.h"
#include "base/size.h"
#include "bpf/events-api.h"
#include "policy/image-check.h"

static const char *const act_names[] = {
	[EVENT_ACT_EXEC] = "exec",
	[EVENT_ACT_MAP_EXECUTABLE] = "map_executable",
	[EVENT_ACT_MAP_CREATE] = "map_create",
	[EVENT_ACT_MAP_FD] = "map_fd",
	[EVENT_ACT_PROG_FD] = "prog_fd",
	[EVENT_ACT_LINK_FD] = "link_fd",
	[EVENT_ACT_FILE_RECEIVE] = "file_receive",
	[EVENT_ACT_BPF] = "bpf",
	[EVENT_ACT_NETLINK] = "netlink",
	[EVENT_ACT_UNLINK] = "unlink",
	[EVENT_ACT_RMDIR] = "rmdir",
	[EVENT_ACT_RENAME] = "rename",
	[EVENT_ACT_CREATE] = "create",
	[EVENT_ACT_SETATTR] = "setattr",
	[EVENT_ACT_SETXATTR] = "setxattr",
	[EVENT_ACT_MOUNT] = "mount",
	[EVENT_ACT_UMOUNT] = "umount",
	[EVENT_ACT_OPEN_WRITE] = "open_write",
	[EVENT_ACT_SIGNAL] = "signal",
	[EVENT_ACT_PTRACE] = "ptrace",
	[EVENT_ACT_RLIMIT] = "rlimit",
	[EVENT_ACT_SCHEDULER] = "scheduler",
	[EVENT_ACT_CONTROL] = "control",
	[EVENT_ACT_PROG_LOAD] = "prog_load",
	[EVENT_ACT_SWITCH] = "switch",
	[EVENT_ACT_MADE] = "made",
	[EVENT_ACT_CLOSED] = "closed",
	[EVENT_ACT_KERNEL] = "kernel",
	[EVENT_ACT_OPEN_READ] = "open_read",
	[EVENT_ACT_CONNECT] = "connect",
};

static const char *const verdict_names[] = {
	[EVENT_REFUSED] = "refused",
	[EVENT_OBSERVED] = "observed",
	[EVENT_NOTED] = "noted",
	[EVENT_ADMITTED] = "admitted",
};

static const char *const object_names[] = {
	[EVENT_OBJECT_NONE] = "none",
	[EVENT_OBJECT_MAP] = "map",
	[EVENT_OBJECT_PROG] = "prog",
	[EVENT_OBJECT_LINK] = "link",
	[EVENT_OBJECT_TASK] = "task",
	[EVENT_OBJECT_FILE] = "file",
	[EVENT_OBJECT_MOUNT] = "mount",
	[EVENT_OBJECT_INTERFACE] = "interface",
	[EVENT_OBJECT_ATTACH_TYPE] = "attach_type",
	[EVENT_OBJECT_EXECUTABLE] = "executable",
	[EVENT_OBJECT_SWITCH] = "switch",
	[EVENT_OBJECT_KERNEL] = "kernel",
	[EVENT_OBJECT_SOCKET] = "socket",
};

/* The numbers of bpf(2) are its ABI; the headers of the oldest build host lack the last ones. */
static const char *const bpf_names[] = {
	"MAP_CREATE",
	"MAP_LOOKUP_ELEM",
	"MAP_UPDATE_ELEM",
	"MAP_DELETE_ELEM",
	"MAP_GET_NEXT_KEY",
	"PROG_LOAD",
	"OBJ_PIN",
	"OBJ_GET",
	"PROG_ATTACH",
	"PROG_DETACH",
	"PROG_TEST_RUN",
	"PROG_GET_NEXT_ID",
	"MAP_GET_NEXT_ID",
	"PROG_GET_FD_BY_ID",
	"MAP_GET_FD_BY_ID",
	"OBJ_GET_INFO_BY_FD",
	"PROG_QUERY",
	"RAW_TRACEPOINT_OPEN",
	"BTF_LOAD",
	"BTF_GET_FD_BY_ID",
	"TASK_FD_QUERY",
	"MAP_LOOKUP_AND_DELETE_ELEM",
	"MAP_FREEZE",
	"BTF_GET_NEXT_ID",
	"MAP_LOOKUP_BATCH",
	"MAP_LOOKUP_AND_DELETE_BATCH",
	"MAP_UPDATE_BATCH",
	"MAP_DELETE_BATCH",
	"LINK_CREATE",
	"LINK_UPDATE",
	"LINK_GET_FD_BY_ID",
	"LINK_GET_NEXT_ID",
	"ENABLE_STATS",
	"ITER_CREATE",
	"LINK_DETACH",
	"PROG_BIND_MAP",
	"TOKEN_CREATE",
	"PROG_STREAM_READ_BY_FD",
	"PROG_ASSOC_STRUCT_OPS",
};

_Static_assert(ARRAY_SIZE(act_names) == EVENT_ACT_CONNECT + 1, "act_names");
_Static_assert(ARRAY_SIZE(verdict_names) == EVENT_VERDICTS + 1, "verdict_names");
_Static_assert(ARRAY_SIZE(object_names) == EVENT_OBJECT_SOCKET + 1, "object_names");
_Static_assert(ARRAY_SIZE(bpf_names) == 39, "bpf_names");

int record_check(const void *data, size_t size, const struct event **ret_event)
{
	const struct event *event = data;

	if (size < sizeof(event->abi))
		return RECORD_E_SHORT;
	if (event->abi != EVENT_ABI)
		return RECORD_E_ABI;
	if (size < EVENT_SIZE_MIN || event->size < EVENT_SIZE_MIN || event->size > size)
		return RECORD_E_SHORT;

	*ret_event = event;
	return 0;
}

uint32_t record_flags(const struct event *event)
{
	return event->size >= sizeof(*event) ? event->flags : 0;
}

void record_time(uint64_t realtime_ns, char ret_text[RECORD_TIME_LEN])
{
	time_t seconds = (time_t)(realtime_ns / 1000000000u);
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm)) {
		ret_text[0] = '\0';
		return;
	}

	n = strftime(ret_text, RECORD_TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(ret_text + n, RECORD_TIME_LEN - n, ".%09uZ",
		       (unsigned)(realtime_ns % 1000000000u));
}

void record_label(const struct image_header *image, uint32_t id, char ret_text[RECORD_LABEL_LEN])
{
	const struct image_domain *domain = NULL;

	if (id >= DOMAIN_FIRST && image)
		domain = image_domain_find(image, id);

	if (id == DOMAIN_NONE)
		(void)snprintf(ret_text, RECORD_LABEL_LEN, "stranger");
	else if (id == DOMAIN_SELF)
		(void)snprintf(ret_text, RECORD_LABEL_LEN, "self");
	else if (id == DOMAIN_CANARY)
		(void)snprintf(ret_text, RECORD_LABEL_LEN, "canary");
	else if (domain)
		(void)snprintf(ret_text, RECORD_LABEL_LEN, "%.*s", IMAGE_DOMAIN_LEN, domain->name);
	else
		(void)snprintf(ret_text, RECORD_LABEL_LEN, "domain:0x%08" PRIx32, id);
}

/* A number's name; the number itself as text if this build has no name for it. */
static void write_name(struct jsonw *w, const char *key, const char *const *names, size_t n_names,
		       uint32_t number)
{
	char text[16];

	if (number < n_names && names[number]) {
		jsonw_string(w, key, names[number], SIZE_MAX);
		return;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu32, number);
	jsonw_string(w, key, text, sizeof(text));
}

static void write_command(struct jsonw *w, const struct event *event)
{
	char text[32];

	if (event->act == EVENT_ACT_BPF) {
		write_name(w, "command", bpf_names, ARRAY_SIZE(bpf_names), event->command);
	} else if (event->act == EVENT_ACT_SIGNAL && event->command <= INT32_MAX &&
		   sigabbrev_np((int)event->command)) {
		(void)snprintf(text, sizeof(text), "SIG%s", sigabbrev_np((int)event->command));
		jsonw_string(w, "command", text, sizeof(text));
	} else if (event->act == EVENT_ACT_PROG_LOAD && event->command < IMAGE_PROGRAM_TYPES) {
		jsonw_string(w, "command", image_program_name(IMAGE_PROGRAM(event->command)),
			     SIZE_MAX);
	} else if (event->act == EVENT_ACT_KERNEL && event->command == 1) {
		jsonw_string(w, "command", "lockdown", SIZE_MAX);
	} else if (event->command) {
		write_name(w, "command", NULL, 0, event->command);
	} else {
		jsonw_null(w, "command");
	}
}

static void write_row(struct jsonw *w, uint32_t row)
{
	uint32_t letter = row >> 8, number = row & 0xff;
	char text[16];

	if (!row) {
		jsonw_null(w, "row");
		return;
	}
	if (letter >= 'A' && letter <= 'Z')
		(void)snprintf(text, sizeof(text), "%c%02" PRIu32, (char)letter, number);
	else
		(void)snprintf(text, sizeof(text), "0x%" PRIx32, row);
	jsonw_string(w, "row", text, sizeof(text));
}

/* Of more than one, the first. */
static void write_limit(struct jsonw *w, uint32_t limit)
{
	const char *name = image_limit_name(limit);

	if (name)
		jsonw_string(w, "limit", name, SIZE_MAX);
	else
		jsonw_null(w, "limit");
}

static void write_errno(struct jsonw *w, uint32_t error)
{
	const char *name = error <= INT32_MAX ? strerrorname_np((int)error) : NULL;

	if (!error)
		jsonw_null(w, "errno");
	else
		write_name(w, "errno", &name, name ? 1 : 0, name ? 0 : error);
}

static void write_task(struct jsonw *w, const struct event *event, const struct image_header *image)
{
	char label[RECORD_LABEL_LEN], dev[24];

	record_label(image, event->label, label);
	/* The kernel's own dev_t: 12 bits major, 20 bits minor. */
	(void)snprintf(dev, sizeof(dev), "%u:%u", event->exe_dev >> 20, event->exe_dev & 0xfffff);

	jsonw_open(w, "task");
	jsonw_string(w, "comm", event->comm, sizeof(event->comm));
	jsonw_open(w, "exe");
	jsonw_string(w, "dev", dev, sizeof(dev));
	jsonw_u64(w, "ino", event->exe_ino);
	jsonw_string(w, "name", event->exe_name, sizeof(event->exe_name));
	jsonw_close(w);
	jsonw_string(w, "label", label, sizeof(label));
	jsonw_u64(w, "pid", event->pid);
	jsonw_u64(w, "tgid", event->tgid);
	jsonw_u64(w, "uid", event->uid);
	jsonw_close(w);
}

static void write_object(struct jsonw *w, const struct event *event,
			 const struct image_header *image)
{
	char owner[RECORD_LABEL_LEN];

	record_label(image, event->owner, owner);

	jsonw_open(w, "object");
	jsonw_u64(w, "id", event->object_id);
	jsonw_u64(w, "ino", event->object_ino);
	write_name(w, "kind", object_names, ARRAY_SIZE(object_names), event->object_kind);
	jsonw_string(w, "name", event->object_name, sizeof(event->object_name));
	jsonw_string(w, "owner", owner, sizeof(owner));
	jsonw_close(w);
}

void record_write(struct jsonw *w, const struct event *event, const struct image_header *image,
		  const struct record_when *when)
{
	char time[RECORD_TIME_LEN];

	record_time(when->realtime_ns, time);

	jsonw_open(w, NULL);
	jsonw_u64(w, "abi", event->abi);
	write_name(w, "act", act_names, ARRAY_SIZE(act_names), event->act);
	jsonw_u64(w, "boot_ns", event->boot_ns);
	write_command(w, event);
	jsonw_u64(w, "detect_ns", when->detect_ns);
	write_errno(w, event->error);
	write_limit(w, event->limit);
	if (record_flags(event) & EVENT_LIMITED)
		jsonw_bool(w, "limited", true);
	write_object(w, event, image);
	write_row(w, event->row);
	jsonw_u64(w, "seq", event->sequence);
	write_task(w, event, image);
	jsonw_string(w, "time", time, sizeof(time));
	write_name(w, "verdict", verdict_names, ARRAY_SIZE(verdict_names), event->verdict);
	jsonw_close(w);
}

void record_note(struct jsonw *w, const struct record_note *note, uint64_t realtime_ns)
{
	char time[RECORD_TIME_LEN];

	record_time(realtime_ns, time);
	jsonw_open(w, NULL);
	jsonw_u64(w, "abi", EVENT_ABI);
	if (note->check)
		jsonw_string(w, "check", note->check, 64);
	jsonw_string(w, "note", note->what, 64);
	if (note->pid)
		jsonw_u64(w, "pid", (uint64_t)note->pid);
	jsonw_string(w, "text", note->text, 1024);
	jsonw_string(w, "time", time, sizeof(time));
	if (note->pid)
		jsonw_u64(w, "uid", note->uid);
	jsonw_close(w);
}

void record_folded(struct jsonw *w, const struct record_folded *folded, uint64_t realtime_ns)
{
	char time[RECORD_TIME_LEN];

	record_time(realtime_ns, time);
	jsonw_open(w, NULL);
	jsonw_u64(w, "abi", EVENT_ABI);
	jsonw_u64(w, "boot_ns", folded->boot_ns);
	jsonw_u64(w, "folded", folded->n);
	if (!folded->row)
		write_name(w, "of", act_names, ARRAY_SIZE(act_names), folded->act);
	write_row(w, folded->row);
	jsonw_u64(w, "since_ns", folded->since_ns);
	jsonw_string(w, "time", time, sizeof(time));
	jsonw_u64(w, "total", folded->total);
	write_name(w, "verdict", verdict_names, ARRAY_SIZE(verdict_names), folded->verdict);
	jsonw_close(w);
}
