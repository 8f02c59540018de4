// SPDX-License-Identifier: LGPL-2.1-or-later
/* See logkey.h. */

#include "guard/logkey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "guard/clock.h"
#include "guard/state-file.h"

#define MAGIC "holdfast log 1\n"
#define NAME_BYTES 16 /* what tells one log from all others */

struct logkey_file {
	char magic[16];
	uint8_t secret[NOTE_KEY_LEN];
	uint8_t chain[MAC_LEN]; /* the same for all keys of a log: tails outlive them */
	uint64_t since;
	char origin[NOTE_NAME_LEN];
};

static void file_forget(struct logkey_file *file)
{
	explicit_bzero(file, sizeof(*file));
}

static int file_load(int dir_fd, const char *name, struct logkey_file *ret_file)
{
	int r = state_file_read(dir_fd, name, ret_file, sizeof(*ret_file));

	if (r == STATE_FILE_E_NONE)
		return LOGKEY_E_NONE;
	if (r == STATE_FILE_E_FORM)
		return LOGKEY_E_FILE;
	if (r < 0)
		return r;
	if (memcmp(ret_file->magic, MAGIC, sizeof(MAGIC)) != 0 ||
	    !memchr(ret_file->origin, '\0', sizeof(ret_file->origin)))
		return LOGKEY_E_FILE;
	return 0;
}

static int key_of(const struct logkey_file *file, struct logkey *ret_key)
{
	int r = note_key_of_secret(file->origin, NOTE_ED25519, file->secret, &ret_key->public,
				   NULL);

	if (r != 0)
		return r < 0 ? r : LOGKEY_E_FILE;
	memcpy(ret_key->secret, file->secret, sizeof(ret_key->secret));
	ret_key->since = file->since;
	return 0;
}

int logkey_load(int dir_fd, const char *name, struct logkey *ret_key)
{
	_cleanup_(file_forget) struct logkey_file file;
	int r = file_load(dir_fd, name, &file);

	return r ? r : key_of(&file, ret_key);
}

static int fill_random(void *bytes, size_t size)
{
	return getrandom(bytes, size, 0) == (ssize_t)size ? 0 : -EIO;
}

/* Not readable by strangers from its first moment on: the mode comes before the name. */
static int file_prepare(int dir_fd, const struct logkey_file *file)
{
	int r = state_file_prepare(dir_fd, LOGKEY_NEW, file, sizeof(*file));

	if (r < 0)
		return r;
	return fchmodat(dir_fd, LOGKEY_NEW, LOGKEY_MODE, 0) < 0 ? -errno : 0;
}

int logkey_begin(int dir_fd, struct logkey *ret_key)
{
	_cleanup_(file_forget) struct logkey_file file = {.magic = MAGIC};
	uint8_t name[NAME_BYTES];
	char hex[2 * NAME_BYTES + 1];
	int r;

	r = fill_random(file.secret, sizeof(file.secret));
	if (r == 0)
		r = fill_random(file.chain, sizeof(file.chain));
	if (r == 0)
		r = fill_random(name, sizeof(name));
	if (r < 0)
		return r;
	hex_encode(name, sizeof(name), hex);
	(void)snprintf(file.origin, sizeof(file.origin), "holdfast/%s", hex);
	file.since = clock_ns(CLOCK_REALTIME) / CLOCK_SECOND_NS;

	r = key_of(&file, ret_key);
	if (r != 0)
		return r < 0 ? r : -EIO;
	r = file_prepare(dir_fd, &file);
	return r < 0 ? r : logkey_commit(dir_fd);
}

int logkey_prepare(int dir_fd, const struct logkey *old, struct logkey *ret_key)
{
	_cleanup_(file_forget) struct logkey_file file;
	int r;

	r = file_load(dir_fd, LOGKEY_FILE, &file);
	if (r != 0)
		return r;
	if (strcmp(file.origin, old->public.name) != 0)
		return LOGKEY_E_FILE;
	r = fill_random(file.secret, sizeof(file.secret));
	if (r < 0)
		return r;
	file.since = clock_ns(CLOCK_REALTIME) / CLOCK_SECOND_NS;
	r = key_of(&file, ret_key);
	return r ? r : file_prepare(dir_fd, &file);
}

int logkey_commit(int dir_fd)
{
	return state_file_commit(dir_fd, LOGKEY_NEW, LOGKEY_FILE);
}

int logkey_chain(int dir_fd, uint64_t first, uint8_t ret_key[MAC_LEN])
{
	_cleanup_(file_forget) struct logkey_file file;
	_cleanup_(mac_freep) struct mac *mac = NULL;
	int r;

	r = file_load(dir_fd, LOGKEY_FILE, &file);
	if (r != 0)
		return r < 0 ? r : -ENOKEY;
	r = mac_new(&mac);
	if (r < 0)
		return r;
	mac_start(mac, file.chain);
	return mac_next(mac, &first, sizeof(first), ret_key);
}

int logkey_sign(const struct logkey *key, struct text text, char **ret_note, size_t *ret_size)
{
	const struct note_signer signer = {.key = &key->public, .secret = key->secret};
	_cleanup_free_ char *note = NULL;
	char line[NOTE_LINE_LEN];
	int n, r;

	r = note_sign(&signer, text, line, NULL);
	if (r != 0)
		return r < 0 ? r : -EINVAL;
	n = asprintf(&note, "%.*s\n%s", (int)text.size, text.at, line);
	if (n < 0)
		return -ENOMEM;
	*ret_size = (size_t)n;
	*ret_note = TAKE_PTR(note);
	return 0;
}

void logkey_forget(struct logkey *key)
{
	explicit_bzero(key, sizeof(*key));
}
