/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What files of /proc, /sys and /etc say. Pure: text in, values out. Any bytes may come: a host is
 * looked at that somebody may have prepared.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NAME 32 /* of a task, escaped as in its status, with its NUL */

/* What is looked at of /proc/PID/status. */
struct text_task {
	char name[TEXT_NAME];
	uint64_t permitted, effective; /* capabilities, a bit each */
	bool has_memory; /* no thread of the kernel, and not ended */
};

/* A line of /proc/PID/mountinfo; all borrowed from the text. */
struct text_mount {
	const char *where;
	const char *type;
	const char *options; /* of the file system, by commas */
};

/**
 * text_number() - a file that holds one number
 * @text: digits, perhaps a minus before them and a newline after them
 * Return: true; false if it is anything else, or too big.
 */
bool text_number(const char *text, long long *ret_number);

/**
 * text_has() - whether a list has a word
 * @separators: what stands between words
 */
bool text_has(const char *text, const char *separators, const char *word);

/**
 * text_chosen() - the word in brackets, of "none [integrity] confidentiality"
 * Return: true; false if there is none, or it does not fit.
 */
bool text_chosen(const char *text, char *ret_word, size_t size);

/**
 * text_next_word() - the next word of the kernel's command line
 * @rest: where to read on, moved
 *
 * As the kernel reads it: blanks within double quotes separate nothing, and what follows "--" is
 * for init.
 * Return: borrowed, @ret_length bytes; NULL after the last.
 */
const char *text_next_word(const char **rest, size_t *ret_length);

/**
 * text_parameter() - the last value of a kernel parameter
 * @name: without '='; '-' and '_' are the same, as for the kernel
 * Return: true, @ret_value holds it, cut to @size - 1 bytes; false if it is not there with a value.
 */
bool text_parameter(const char *cmdline, const char *name, char *ret_value, size_t size);

/**
 * text_read_task() - of /proc/PID/status
 * Return: true; false if it has no capabilities.
 */
bool text_read_task(const char *text, struct text_task *ret_task);

/**
 * text_next_mount() - the next line of mountinfo that makes sense
 * @rest: where to read on, moved; the text is changed
 */
bool text_next_mount(char **rest, struct text_mount *ret_mount);

/**
 * text_option() - the value of "name=value" in a list by commas
 * Return: true, @ret_value holds it, cut to @size - 1 bytes.
 */
bool text_option(const char *options, const char *name, char *ret_value, size_t size);

/**
 * text_efi_byte() - the value of an EFI variable of one byte, behind four of attributes
 */
bool text_efi_byte(const char *data, size_t size, unsigned *ret_value);

/**
 * text_unit_has() - whether a key of a unit file names a word, such as Before= sysinit.target
 *
 * Lines that are comments do not count; sections are not told apart.
 */
bool text_unit_has(const char *text, const char *key, const char *word);

/**
 * text_audits() - whether a file of audit rules has one that records a system call
 * @name:   "bpf"
 * @number: the same, as a rule may have it
 */
bool text_audits(const char *rules, const char *name, const char *number);
