// SPDX-License-Identifier: LGPL-2.1-or-later
/* See places.h. */

#include "mend/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/size.h"
#include "base/system.h"
#include "mend/mend.h"

#define MAX_OURS ((size_t)1 << 16)
#define UNIT "holdfast-posture.service"
#define WANTS "etc/systemd/system/multi-user.target.wants/" UNIT

/* The digest is of all that follows its line. */
static const char head[] =
	"# Written by `holdfast posture fix`; `holdfast posture fix --undo` takes "
	"it away.\n# sha256 of the rest: ";

static const char *const paths[_PLACE_MAX] = {
	[PLACE_NONE] = "",
	/* after 99-sysctl.conf, and what else may be there: the last one counts */
	[PLACE_SYSCTL] = "/etc/sysctl.d/zz-holdfast-posture.conf",
	[PLACE_LATE] = "/etc/systemd/system/" UNIT,
	[PLACE_MODPROBE] = "/etc/modprobe.d/holdfast-posture.conf",
	[PLACE_GRUB] = "/etc/default/grub.d/holdfast-posture.cfg",
	[PLACE_MASK] = "/etc/systemd/system/sys-kernel-debug.mount",
};

enum place place_of(const struct posture_mend *mend)
{
	switch (mend->kind) {
	case MEND_SYSCTL:
		return mend->late ? PLACE_LATE : PLACE_SYSCTL;
	case MEND_PARAMETER:
	case MEND_LOCKDOWN:
		return PLACE_GRUB;
	case MEND_MODULE:
		return PLACE_MODPROBE;
	case MEND_UNMOUNT:
		return PLACE_MASK;
	case MEND_NONE:
	case MEND_UNIT:
	case _MEND_KIND_MAX:
		break;
	}
	return PLACE_NONE;
}

enum place place_entry(const struct record_entry *entry)
{
	/* one that was masked before is not ours to unmask */
	if (strcmp(entry->was, "masked") == 0)
		return PLACE_NONE;
	return place_of(&entry->check->mend);
}

const char *place_name(enum place place)
{
	return paths[place];
}

void place_path(const char *root, const char *below, char *ret_path, size_t size)
{
	(void)snprintf(ret_path, size, "%s/%s", root ?: "", below);
}

void place_sysctl(const char *root, const char *name, char *ret_path, size_t size)
{
	char *p;

	place_path(root, "proc/sys/", ret_path, size);
	p = ret_path + strlen(ret_path);
	(void)snprintf(p, size - (size_t)(p - ret_path), "%s", name);
	while ((p = strchr(p, '.')))
		*p = '/';
}

bool place_has(const char *root, const char *below)
{
	char path[PLACE_PATH];
	struct stat st;

	place_path(root, below, path, sizeof(path));
	return lstat(path, &st) == 0;
}

const char *place_missing(const char *root, enum place place)
{
	if (place == PLACE_GRUB && !place_has(root, PLACE_UPDATE_GRUB))
		return "there is no update-grub: tell the boot loader yourself";
	if ((place == PLACE_LATE || place == PLACE_MASK) &&
	    !place_has(root, "usr/lib/systemd/systemd") && !place_has(root, "lib/systemd/systemd"))
		return "there is no systemd";
	return NULL;
}

void place_word(const struct record_entry *entry, char *ret_word, size_t size)
{
	const struct posture_mend *mend = &entry->check->mend;

	(void)snprintf(ret_word, size, "%s%s%s", mend->value ? mend->name : "",
		       entry->value[0] ? "=" : "", entry->value);
}

/* A word of the command line as an extended regular expression; the kernel takes - for _. */
static void write_pattern(const char *name, FILE *file)
{
	for (; *name; name++) {
		if (*name == '_' || *name == '-')
			(void)fputs("[-_]", file);
		else
			(void)fprintf(file, *name == '.' ? "[%c]" : "%c", *name);
	}
}

/* Two checks may set the same word, to the same value: it is written once. */
static bool is_first(const struct record *record, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		const struct record_entry *entry = &record->entries[j];

		if (place_entry(entry) == PLACE_GRUB &&
		    strcmp(entry->check->mend.name, record->entries[i].check->mend.name) == 0)
			return false;
	}
	return true;
}

/*
 * The last word of a name counts for the kernel, and grub puts GRUB_CMDLINE_LINUX_DEFAULT last: so
 * words of these names are taken away from both before ours are added.
 */
static void write_grub(const struct record *record, FILE *file)
{
	static const char *const variables[] = {"GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"};
	const char *separator = "";
	char word[PLACE_WORD];

	(void)fputs("holdfast_words='", file);
	for (size_t i = 0; i < record->n; i++) {
		if (place_entry(&record->entries[i]) != PLACE_GRUB || !is_first(record, i))
			continue;
		(void)fputs(separator, file);
		write_pattern(record->entries[i].check->mend.name, file);
		separator = "|";
	}
	(void)fputs("'\n", file);
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		(void)fprintf(file,
			      "%s=$(printf ' %%s \\n' \"$%s\" |\n"
			      "\tsed -E -e ':next' -e \"s/ ($holdfast_words)(=[^ ]*)? / /\" "
			      "-e 'tnext' -e 's/^ *//' -e 's/ *$//')\n",
			      variables[i], variables[i]);
	(void)fprintf(file, "%s=\"$%s", variables[0], variables[0]);
	for (size_t i = 0; i < record->n; i++) {
		if (place_entry(&record->entries[i]) != PLACE_GRUB || !is_first(record, i))
			continue;
		place_word(&record->entries[i], word, sizeof(word));
		(void)fprintf(file, "%s%s", word[0] ? " " : "", word);
	}
	(void)fputs("\"\n", file);
}

static void write_entry(enum place place, const struct record_entry *entry, FILE *file)
{
	const char *name = entry->check->mend.name;

	if (place == PLACE_SYSCTL)
		(void)fprintf(file, "%s = %s\n", name, entry->value);
	else if (place == PLACE_MODPROBE)
		(void)fprintf(file, "blacklist %s\ninstall %s /bin/false\n", name, name);
	else if (place == PLACE_LATE)
		(void)fprintf(file, "ExecStart=/sbin/sysctl -q -w %s=%s\n", name, entry->value);
}

/* What is to come once everything that belongs to the system has its modules. */
static const char unit_head[] = "[Unit]\nDescription=settings of the kernel that stay until the "
				"next boot\nAfter=multi-user.target\n\n[Service]\nType=oneshot\n";

static bool has_entry(enum place place, const struct record *record)
{
	for (size_t i = 0; i < record->n; i++) {
		if (place_entry(&record->entries[i]) == place)
			return true;
	}
	return false;
}

/* Without the head. */
static char *place_body(enum place place, const struct record *record, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	FILE *file = open_memstream(&text, ret_size);
	bool failed;

	if (!file)
		return NULL;
	if (place == PLACE_GRUB)
		write_grub(record, file);
	else if (place == PLACE_LATE)
		(void)fputs(unit_head, file);
	for (size_t i = 0; i < record->n; i++) {
		if (place_entry(&record->entries[i]) == place)
			write_entry(place, &record->entries[i], file);
	}
	failed = ferror(file) != 0;
	if (fclose(file) != 0 || failed)
		return NULL;
	return TAKE_PTR(text);
}

char *place_text(enum place place, const struct record *record)
{
	_cleanup_free_ char *body = NULL;
	char digits[2 * SHA256_LEN + 1], *text;
	uint8_t digest[SHA256_LEN];
	size_t size = 0;

	if (!has_entry(place, record))
		return strdup("");
	body = place_body(place, record, &size);
	if (!body || sha256_buffer(body, size, digest) < 0)
		return NULL;
	hex_encode(digest, sizeof(digest), digits);
	return asprintf(&text, "%s%s\n%s", head, digits, body) < 0 ? NULL : text;
}

static bool is_ours(const char *text, size_t size)
{
	size_t skip = sizeof(head) - 1 + (size_t)(2 * SHA256_LEN);
	uint8_t said[SHA256_LEN], is[SHA256_LEN];

	if (size <= skip || memcmp(text, head, sizeof(head) - 1) != 0 || text[skip] != '\n' ||
	    hex_decode(text + sizeof(head) - 1, said, sizeof(said)) < 0)
		return false;
	if (sha256_buffer(text + skip + 1, size - skip - 1, is) < 0)
		return false;
	return memcmp(said, is, sizeof(is)) == 0;
}

static int make_parents(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		int r;

		*slash = '\0';
		r = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
		*slash = '/';
		if (r)
			return r;
	}
	return 0;
}

/* A symbolic link that is there, or is not; one that leads elsewhere is somebody's. */
static int sync_link(const char *root, const char *below, const char *target, bool wanted)
{
	char path[PLACE_PATH], is[64];
	ssize_t n;
	int r;

	place_path(root, below, path, sizeof(path));
	n = readlink(path, is, sizeof(is));
	if (n < 0 && errno == ENOENT) {
		if (!wanted)
			return 0;
		r = make_parents(path);
		return r ?: (symlink(target, path) < 0 ? -errno : 0);
	}
	if (n < 0 && errno != EINVAL)
		return -errno;
	if (n < 0 || (size_t)n != strlen(target) || memcmp(is, target, (size_t)n) != 0)
		return PLACE_E_FOREIGN;
	return wanted || unlink(path) == 0 ? 0 : -errno;
}

static int sync_file(const char *root, enum place place, const char *wanted)
{
	_cleanup_free_ char *text = NULL;
	char path[PLACE_PATH];
	size_t size = 0;
	int r;

	place_path(root, paths[place] + 1, path, sizeof(path));
	r = file_read(AT_FDCWD, path, MAX_OURS, &text, &size);
	if (r == -ENOENT && !wanted[0])
		return 0;
	if (r < 0 && r != -ENOENT)
		return r;
	if (r > 0 || (!r && !is_ours(text, size)))
		return PLACE_E_FOREIGN;
	if (!r && !wanted[0])
		return unlink(path) < 0 ? -errno : 0;
	if (!r && strcmp(text, wanted) == 0)
		return 0;
	r = make_parents(path);
	if (!r)
		r = file_write_atomic(path, wanted, strlen(wanted), 0644);
	return r > 0 ? PLACE_E_FOREIGN : r;
}

int place_sync(const char *root, enum place place, const struct record *record)
{
	bool wanted = has_entry(place, record);
	_cleanup_free_ char *text = NULL;
	int r;

	if (place == PLACE_NONE)
		return 0;
	if (place == PLACE_MASK)
		return sync_link(root, paths[place] + 1, "/dev/null", wanted);
	text = place_text(place, record);
	if (!text)
		return -ENOMEM;
	r = sync_file(root, place, text);
	if (!r && place == PLACE_LATE)
		r = sync_link(root, WANTS, "../" UNIT, wanted);
	return r;
}

int record_load(const char *root, struct record *ret_record, struct diag *reterr_diag)
{
	_cleanup_free_ char *text = NULL;
	char path[PLACE_PATH];
	size_t size;
	int r;

	place_path(root, MEND_RECORD, path, sizeof(path));
	r = file_read(AT_FDCWD, path, RECORD_MAX, &text, &size);
	if (r == -ENOENT) {
		ret_record->n = 0;
		return 0;
	}
	if (r > 0)
		diag_set(reterr_diag, NULL, 0, 0, "it is too big");
	return r > 0 ? RECORD_E_INVALID : r ?: record_parse(text, size, ret_record, reterr_diag);
}

int record_save(const char *root, const struct record *record)
{
	_cleanup_free_ char *text = NULL;
	char path[PLACE_PATH];
	int r;

	place_path(root, MEND_RECORD, path, sizeof(path));
	if (!record->n)
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	text = record_text(record);
	if (!text)
		return -ENOMEM;
	r = make_parents(path);
	if (!r)
		r = file_write_atomic(path, text, strlen(text), 0600);
	return r > 0 ? -EEXIST : r;
}
