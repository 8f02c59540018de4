// SPDX-License-Identifier: LGPL-2.1-or-later
/* See keys.h. */

#include "evidence/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/folder.h"

#define LINE "next-key "
#define DIGITS 20

#define refused(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), KEYS_E_REFUSED)

size_t keys_format(const struct checkpoint *checkpoint, const struct note_key *next,
		   char ret_text[KEYS_NOTE_LEN])
{
	char vkey[NOTE_VKEY_LEN];
	size_t size = checkpoint_format(checkpoint, ret_text);

	note_key_format(next, vkey);
	return size + (size_t)snprintf(ret_text + size, KEYS_NOTE_LEN - size, LINE "%s\n", vkey);
}

void keys_name(uint64_t size, char ret_name[KEYS_NAME_LEN])
{
	(void)snprintf(ret_name, KEYS_NAME_LEN, KEYS_DIR "/%0*" PRIu64, DIGITS, size);
}

static int parse(const struct note *note, const char *origin, struct keys_step *ret_step,
		 struct diag *diag)
{
	struct text rest = note->text, line, vkey;
	struct checkpoint checkpoint;
	int r;

	r = checkpoint_parse(note->text, &checkpoint, diag);
	if (r != 0)
		return r < 0 ? r : KEYS_E_REFUSED;
	if (strcmp(checkpoint.origin, origin) != 0)
		return refused(diag, "it is of the log '%s', not of '%s'", checkpoint.origin,
			       origin);
	for (unsigned i = 0; i < 3; i++)
		(void)text_cut(&rest, '\n', &line);
	if (!text_cut(&rest, '\n', &line) || !text_starts(line, LINE, &vkey) || rest.size > 0)
		return refused(diag, "the line after the root has to be '" LINE "VKEY', the last");
	r = note_key_parse(vkey, &ret_step->next, diag);
	if (r != 0)
		return r < 0 ? r : KEYS_E_REFUSED;
	if (strcmp(ret_step->next.name, origin) != 0 || ret_step->next.type != NOTE_ED25519)
		return refused(diag, "the key it introduces is none of that log");
	ret_step->tree = checkpoint.tree;
	return 0;
}

int keys_parse(struct text text, const char *origin, struct keys_step *ret_step,
	       struct diag *reterr_diag)
{
	_cleanup_free_ struct note *note = malloc(sizeof(*note));
	int r;

	if (!note)
		return -ENOMEM;
	r = note_parse(text.at, text.size, note, reterr_diag);
	if (r != 0)
		return r < 0 ? r : KEYS_E_REFUSED;
	return parse(note, origin, ret_step, reterr_diag);
}

/* ---- the folder */

struct sizes {
	uint64_t *at;
	size_t n;
};

static void sizes_done(struct sizes *sizes)
{
	free(sizes->at);
}

static bool size_of(const char *name, uint64_t *ret_size)
{
	if (strlen(name) != DIGITS || strspn(name, "0123456789") != DIGITS)
		return false;
	errno = 0;
	*ret_size = strtoull(name, NULL, 10);
	return errno == 0 && *ret_size <= INT64_MAX;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int list(int dir_fd, struct sizes *ret_sizes, struct diag *diag)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	uint64_t size;
	int fd;

	fd = openat(dir_fd, KEYS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	ret_sizes->at = calloc(KEYS_MAX, sizeof(*ret_sizes->at));
	if (!dir || !ret_sizes->at) {
		if (!dir)
			closep(&fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir))) {
		if (!size_of(entry->d_name, &size))
			continue;
		if (ret_sizes->n == KEYS_MAX)
			return refused(diag, "more than %u keys: begin with a younger one",
				       KEYS_MAX);
		ret_sizes->at[ret_sizes->n++] = size;
	}
	qsort(ret_sizes->at, ret_sizes->n, sizeof(*ret_sizes->at), compare);
	return 0;
}

static int read_one(int dir_fd, uint64_t size, char **ret_data, size_t *ret_size, struct diag *diag)
{
	char name[KEYS_NAME_LEN];
	int r;

	keys_name(size, name);
	r = folder_read_note(dir_fd, name, ret_data, ret_size, diag);
	return r > 0 ? KEYS_E_REFUSED : r;
}

/* Return: 0 with the step; NOTE_E_UNSIGNED if the key has not signed it; as keys_follow(). */
static int step_of(int dir_fd, uint64_t size, const struct note_key *key,
		   struct keys_step *ret_step, struct diag *diag)
{
	_cleanup_free_ struct note *note = malloc(sizeof(*note));
	_cleanup_free_ char *data = NULL;
	size_t data_size;
	int r;

	if (!note)
		return -ENOMEM;
	r = read_one(dir_fd, size, &data, &data_size, diag);
	if (r != 0)
		return r;
	r = note_parse(data, data_size, note, diag);
	if (r == 0)
		r = note_verify(note, key, NULL, diag);
	if (r != 0)
		return r == NOTE_E_REFUSED ? KEYS_E_REFUSED : r;
	r = parse(note, key->name, ret_step, diag);
	if (r == 0 && ret_step->tree.size != size)
		return refused(diag, "its name says another size than its text");
	return r;
}

_Static_assert((int)NOTE_E_UNSIGNED != (int)KEYS_E_REFUSED, "they are told apart");

int keys_follow(int dir_fd, struct note_key *key,
		int (*each)(void *userdata, const struct keys_step *step), void *userdata,
		struct diag *reterr_diag)
{
	_cleanup_(sizes_done) struct sizes sizes = {0};
	int r;

	r = list(dir_fd, &sizes, reterr_diag);
	for (size_t i = 0; r == 0 && i < sizes.n; i++) {
		struct keys_step step;

		r = step_of(dir_fd, sizes.at[i], key, &step, reterr_diag);
		if (r == NOTE_E_UNSIGNED) {
			r = 0;
			continue;
		}
		if (r == 0 && each)
			r = each(userdata, &step);
		if (r == 0)
			*key = step.next;
	}
	return r;
}

int keys_last(int dir_fd, const char *origin, struct keys_step *ret_step)
{
	_cleanup_(sizes_done) struct sizes sizes = {0};
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r;

	r = list(dir_fd, &sizes, NULL);
	if (r != 0 || sizes.n == 0)
		return r != 0 ? r : KEYS_E_REFUSED;
	r = read_one(dir_fd, sizes.at[sizes.n - 1], &data, &size, NULL);
	return r != 0 ? r : keys_parse((struct text){data, size}, origin, ret_step, NULL);
}
