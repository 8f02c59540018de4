/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * An event of the kernel, or a note of our own, as an entry of the log: the same bytes for the same
 * record, whoever writes it. Pure: bytes in, text out. Trusts neither the record's strings nor its
 * numbers.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct event;
struct image_header;
struct jsonw;

#define RECORD_LINE_LEN 2048 /* of an event */
#define RECORD_NOTE_LEN 8192 /* of a note */
#define RECORD_TIME_LEN 40
#define RECORD_LABEL_LEN 40

/* Something that holdfastd did or refused, which the kernel cannot know. */
struct record_note {
	const char *what; /* a word of our own */
	const char *text; /* any bytes */
	const char *check; /* of the host, by its id; or NULL */
	pid_t pid; /* of whoever asked; 0 if nobody did */
	uid_t uid;
};

/* Events of one kind that were counted and had no record. */
struct record_folded {
	uint32_t row; /* 0: none */
	uint32_t act; /* where there is no row */
	uint32_t verdict;
	uint64_t n; /* since they were told last, at @since_ns */
	uint64_t total; /* since the guard came up */
	uint64_t since_ns,
		boot_ns; /* CLOCK_BOOTTIME; 0: since the guard came up, or was taken over */
};

enum record_error {
	RECORD_E_SHORT = 1, /* fewer bytes than a record of this ABI, or than it says */
	RECORD_E_ABI, /* of an ABI this build does not know */
};

/**
 * record_check() - whether the bytes are an event that this build can read
 * @ret_event: points into @data; without its flags, if it is of a build before those
 * Return: 0; RECORD_E_SHORT; RECORD_E_ABI.
 */
int record_check(const void *data, size_t size, const struct event **ret_event);

/* record_flags() - EVENT_LIMITED and the like; @event is checked by record_check() */
uint32_t record_flags(const struct event *event);

/**
 * record_time() - when something was, for people: RFC 3339, UTC, nanoseconds
 * @realtime_ns: CLOCK_REALTIME
 */
void record_time(uint64_t realtime_ns, char ret_text[RECORD_TIME_LEN]);

/**
 * record_label() - the name of a domain id
 * @image: in force, checked; NULL if there is none
 *
 * "stranger", "self", "canary", a policy's name, or "domain:0x12345678" for an id that the image
 * does not know.
 */
void record_label(const struct image_header *image, uint32_t id, char ret_text[RECORD_LABEL_LEN]);

/* When an event was, and how long it took to come here. */
struct record_when {
	uint64_t realtime_ns; /* CLOCK_REALTIME at the hook */
	uint64_t detect_ns; /* from the hook to who records it */
};

/**
 * record_write() - write an event as one JSON object, its members in the order of their names
 * @event: checked by record_check()
 * @image: in force, checked; NULL if there is none
 */
void record_write(struct jsonw *w, const struct event *event, const struct image_header *image,
		  const struct record_when *when);

/* record_note() - write a note, likewise; @realtime_ns: CLOCK_REALTIME */
void record_note(struct jsonw *w, const struct record_note *note, uint64_t realtime_ns);

/**
 * record_folded() - the same for events that were folded
 * @realtime_ns: when it was that they were told
 */
void record_folded(struct jsonw *w, const struct record_folded *folded, uint64_t realtime_ns);
