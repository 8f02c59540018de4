/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What files of /proc and messages of the process connector say. Pure: text in, values out. Parts
 * of that text are chosen by those who are looked at: names, paths, a task's comm.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum proc_kind {
	PROC_NONE, /* no BPF object */
	PROC_MAP,
	PROC_PROG,
	PROC_LINK,
	_PROC_KIND_MAX,
};

#define PROC_DETAILS_LEN 256

/* A BPF object as the fdinfo of an fd shows it. */
struct proc_object {
	enum proc_kind kind;
	uint32_t id;
	uint32_t type; /* of a map or program, as bpf(2) numbers it */
	uint32_t prog_id; /* of a link: the program it runs; else 0 */
	char details[PROC_DETAILS_LEN]; /* of a link: "type xdp, ifindex 2", where it is attached */
};

/* A line of /proc/PID/maps. */
struct proc_mapping {
	uint64_t start, end;
	bool writable, executable;
	bool deleted; /* the file has lost its name, or got another one */
	char *path; /* borrowed from the text; "" without a file; "[stack]" and the like as they are */
};

struct proc_stat {
	pid_t parent;
	uint64_t start; /* in ticks after the boot */
};

enum proc_what {
	PROC_FORK,
	PROC_EXEC,
	PROC_EXIT,
};

struct proc_message {
	enum proc_what what;
	pid_t pid; /* the process, of a fork the new one */
	pid_t parent; /* of a fork only */
};

/**
 * proc_read_stat() - parent and start of a process
 * @text: of /proc/PID/stat
 * Return: 0; -EINVAL if it is none.
 */
int proc_read_stat(const char *text, struct proc_stat *ret_stat);

/**
 * proc_read_cgroup() - the group of the unified hierarchy
 * @text: of /proc/PID/cgroup; changed, the result is a part of it
 * Return: borrowed, "/system.slice/x.service"; NULL if the process is in none.
 */
const char *proc_read_cgroup(char *text);

/**
 * proc_next_mapping() - the next line of /proc/PID/maps
 * @rest: where to read on, moved; the text is changed
 * Return: true; false after the last line. Lines that make no sense are passed over.
 */
bool proc_next_mapping(char **rest, struct proc_mapping *ret_mapping);

/**
 * proc_next_mount() - the next mount of a type
 * @rest: where to read on in /proc/self/mountinfo, moved; the text is changed
 * @type: "bpf"
 * Return: borrowed: where it is mounted; NULL after the last.
 */
const char *proc_next_mount(char **rest, const char *type);

/**
 * proc_read_fdinfo() - which BPF object an fd is of
 * @text:       of /proc/PID/fdinfo/FD
 * @ret_object: kind PROC_NONE if of none
 */
void proc_read_fdinfo(const char *text, struct proc_object *ret_object);

/**
 * proc_read_event() - a message of the kernel's process connector
 * @data: @size bytes as received
 * Return: true; false if it tells of nothing that counts here: threads' forks and exits, too.
 */
bool proc_read_event(const void *data, size_t size, struct proc_message *ret_event);
