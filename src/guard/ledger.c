// SPDX-License-Identifier: LGPL-2.1-or-later
/* See ledger.h, docs/decisions/0036-ledger.md. */

#include "guard/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/jsonw.h"
#include "bpf/events-api.h"
#include "evidence/folder.h"
#include "evidence/keys.h"
#include "evidence/tile.h"
#include "evidence/writer.h"
#include "guard/clock.h"
#include "guard/logkey.h"
#include "guard/record.h"

#define VKEY_FILE LEDGER_DIR "/vkey"
#define SIGN_NS CLOCK_SECOND_NS /* at most this long an entry goes without a signature */
#define RETRY_NS CLOCK_SECOND_NS
#define ROOM ((size_t)2 << 20) /* a thousand events at their largest */
#define NEWS_MAX 3
#define NEWS_LEN (DIAG_TEXT_LEN + 192)
#define DEPTH_MAX 8 /* folders below each other in a log of 2^63 entries, and some */

struct ledger {
	struct ledger_options options;
	struct logkey key;
	int fd; /* the log's folder */
	gid_t group; /* of the one before; 0: it was the first, or root's */
	struct writer *writer; /* NULL: could not be opened so far */
	uint64_t opened_size; /* entries that were there when it was */
	uint64_t written; /* entries, by writers before this one */
	uint64_t unopened; /* entries that came while it was not */
	uint64_t unreported; /* of all that were lost, those that no entry tells of yet */
	uint64_t retry; /* CLOCK_BOOTTIME, not before; 0: now */
	uint64_t first_unsigned; /* CLOCK_BOOTTIME at which the oldest of those came; 0: none */
	uint64_t rest_until; /* CLOCK_BOOTTIME: signing took so long that it waits */
	uint64_t pruned; /* size at which the beginning was let go of last */
	bool begun; /* the key is that of a log that begins */
	bool urgent;
	int error;
	uint64_t failed; /* CLOCK_BOOTTIME of the last flush that set it */
	size_t n_news; /* what opening it has found, until it can be written */
	struct {
		const char *what;
		char text[NEWS_LEN];
	} news[NEWS_MAX];
};

static int mark(const struct ledger *ledger, int fd)
{
	return ledger->options.mark ? ledger->options.mark(ledger->options.userdata, fd) : 0;
}

static void tell(struct ledger *ledger, const char *what, const char *text)
{
	size_t i = ledger->n_news;

	if (i == NEWS_MAX)
		return;
	ledger->news[i].what = what;
	(void)snprintf(ledger->news[i].text, NEWS_LEN, "%s", text);
	ledger->n_news++;
}

static void write_news(struct ledger *ledger)
{
	char text[RECORD_NOTE_LEN];

	for (size_t i = 0; i < ledger->n_news; i++) {
		const struct record_note note = {
			.what = ledger->news[i].what,
			.text = ledger->news[i].text,
		};
		struct jsonw w;

		jsonw_init(&w, text, sizeof(text));
		record_note(&w, &note, clock_ns(CLOCK_REALTIME));
		ledger_put(ledger, text, w.used, true);
	}
	ledger->n_news = 0;
}

static int sign(void *userdata, struct text text, char **ret_note, size_t *ret_size)
{
	const struct ledger *ledger = userdata;

	return logkey_sign(&ledger->key, text, ret_note, ret_size);
}

static int chain_key(void *userdata, uint64_t first, uint8_t ret_key[MAC_LEN])
{
	const struct ledger *ledger = userdata;

	return logkey_chain(ledger->options.dir_fd, first, ret_key);
}

static int mark_folder(void *userdata, int fd)
{
	return mark(userdata, fd);
}

/* ---- the key */

static int mark_key(const struct ledger *ledger, const char *name)
{
	_cleanup_close_ int fd =
		openat(ledger->options.dir_fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : mark(ledger, fd);
}

/*
 * For who verifies, beside the log, the youngest last: whoever trusts nobody here has a copy of
 * some of them from elsewhere.
 */
static int write_vkey(const struct ledger *ledger)
{
	_cleanup_close_ int fd = -EBADF;
	char text[NOTE_VKEY_LEN + 1], last[NOTE_VKEY_LEN + 1];
	size_t size;
	off_t end;

	note_key_format(&ledger->key.public, text);
	size = strlen(text);
	text[size++] = '\n';
	fd = openat(ledger->options.dir_fd, VKEY_FILE,
		    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		return -errno;
	end = lseek(fd, 0, SEEK_END);
	if (end >= (off_t)size && pread(fd, last, size, end - (off_t)size) == (ssize_t)size &&
	    memcmp(last, text, size) == 0)
		return 0;
	return write(fd, text, size) == (ssize_t)size ? 0 : -EIO;
}

/* A rotation that was cut short behind the note that introduces the next key goes on. */
static int finish_rotation(struct ledger *ledger)
{
	_cleanup_(logkey_forget) struct logkey next;
	struct keys_step last;
	int r;

	r = logkey_load(ledger->options.dir_fd, LOGKEY_NEW, &next);
	if (r != 0)
		return r < 0 ? r : 0;
	r = keys_last(ledger->fd, ledger->key.public.name, &last);
	if (r != 0 || memcmp(last.next.key, next.public.key, NOTE_KEY_LEN) != 0)
		return r < 0 ? r : 0;
	r = logkey_commit(ledger->options.dir_fd);
	if (r == 0)
		r = mark_key(ledger, LOGKEY_FILE);
	if (r == 0)
		ledger->key = next;
	return r;
}

static int load_key(struct ledger *ledger)
{
	int dir_fd = ledger->options.dir_fd;
	int r = logkey_load(dir_fd, LOGKEY_FILE, &ledger->key);

	ledger->begun |= r == LOGKEY_E_NONE || r == LOGKEY_E_FILE;
	if (r == LOGKEY_E_FILE)
		tell(ledger, "log-key", "the key's file was none of ours: the log begins anew");
	if (r == LOGKEY_E_NONE || r == LOGKEY_E_FILE)
		r = logkey_begin(dir_fd, &ledger->key);
	return r < 0 ? r : mark_key(ledger, LOGKEY_FILE);
}

/* ---- opening */

/* Readers are of the folder's group, which is the administrator's to say, and stays. */
static int open_folder(struct ledger *ledger)
{
	struct stat st;
	bool made;

	closep(&ledger->fd);
	made = mkdirat(ledger->options.dir_fd, LEDGER_DIR, 0750) == 0;
	if (!made && errno != EEXIST)
		return -errno;
	ledger->fd = openat(ledger->options.dir_fd, LEDGER_DIR,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (ledger->fd < 0 || fstat(ledger->fd, &st) < 0)
		return -errno;
	if (made && ledger->group && fchown(ledger->fd, (uid_t)-1, ledger->group) < 0)
		return -errno;
	if (!made)
		ledger->group = st.st_gid;
	/* new folders and files are of that group as well */
	if ((st.st_mode & 07777) != 02750 && fchmod(ledger->fd, 02750) < 0)
		return -errno;
	return mark(ledger, ledger->fd);
}

/* Kept for whoever looks into it; nothing is ever signed in its place. */
static int put_aside(struct ledger *ledger, const char *why)
{
	char name[64], text[NEWS_LEN];
	int r;

	(void)snprintf(name, sizeof(name), LEDGER_DIR ".%" PRIu64,
		       clock_ns(CLOCK_REALTIME) / CLOCK_SECOND_NS);
	if (renameat(ledger->options.dir_fd, LEDGER_DIR, ledger->options.dir_fd, name) < 0)
		return -errno;
	r = logkey_begin(ledger->options.dir_fd, &ledger->key);
	if (r == 0)
		r = mark_key(ledger, LOGKEY_FILE);
	if (r == 0)
		r = open_folder(ledger);
	(void)snprintf(text, sizeof(text), "the log before this one is in %s: %s", name, why);
	tell(ledger, "log-aside", text);
	return r;
}

static void tell_found(struct ledger *ledger, const struct writer_found *found)
{
	char text[256];

	if (!found->cut_bytes && !found->healed && !found->unread)
		return;
	(void)snprintf(text, sizeof(text),
		       "entries %" PRIu64 ", signed %" PRIu64 "; cut at the end: %" PRIu64
		       " bytes, %" PRIu64 " entries; taken back from bundles: %" PRIu64 "%s",
		       found->size, found->signed_size, found->cut_bytes, found->cut_entries,
		       found->healed, found->unread ? "; a file of the log was none of ours" : "");
	tell(ledger, "log-mended", text);
}

static int open_writer(struct ledger *ledger, struct writer_found *ret_found, struct diag *diag)
{
	const struct writer_options options = {
		.dir_fd = ledger->fd,
		.origin = ledger->key.public.name,
		.room = ROOM,
		.tail = WRITER_TAIL,
		.sign = sign,
		.chain_key = chain_key,
		.made = mark_folder,
		.userdata = ledger,
	};

	return writer_open(&options, &ledger->writer, ret_found, diag);
}

static bool is_there(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whoever removed the log: its key has signed a history, and signs none from the beginning. */
static int begin_if_gone(struct ledger *ledger)
{
	int r;

	if (ledger->begun || is_there(ledger->fd, "signing") || is_there(ledger->fd, "checkpoint"))
		return 0;
	tell(ledger, "log-aside", "the log before this one is gone");
	r = logkey_begin(ledger->options.dir_fd, &ledger->key);
	return r < 0 ? r : mark_key(ledger, LOGKEY_FILE);
}

static int open_log(struct ledger *ledger)
{
	struct writer_found found = {0};
	struct writer_counts counts;
	struct diag diag = {0};
	char why[DIAG_TEXT_LEN + 64];
	int r;

	if (ledger->options.dir_fd < 0)
		return -EBADF;
	r = load_key(ledger);
	if (r == 0)
		r = open_folder(ledger);
	if (r == 0)
		r = finish_rotation(ledger);
	if (r == 0)
		r = begin_if_gone(ledger);
	if (r == 0)
		r = open_writer(ledger, &found, &diag);
	/* or a file of it has another name, or says what none of ours does */
	if (r == -EBADFD || r == -EBADMSG)
		diag_set(&diag, NULL, 0, 0, "%s", strerror(-r));
	if (r == WRITER_E_REFUSED || r == -EBADFD || r == -EBADMSG) {
		r = put_aside(ledger, diag_format(&diag, why, sizeof(why)));
		if (r == 0)
			r = open_writer(ledger, &found, &diag);
	}
	if (r != 0)
		return r < 0 ? r : r == WRITER_E_BUSY ? -EBUSY : -EBADMSG;

	ledger->begun = false;
	(void)write_vkey(ledger);
	writer_count(ledger->writer, &counts);
	ledger->opened_size = counts.size;
	tell_found(ledger, &found);
	write_news(ledger);
	return 0;
}

static void reopen(struct ledger *ledger, uint64_t now)
{
	if (ledger->writer || now < ledger->retry)
		return;
	ledger->error = open_log(ledger);
	ledger->retry = ledger->writer ? 0 : now + RETRY_NS;
}

int ledger_new(const struct ledger_options *options, struct ledger **ret_ledger)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return -ENOMEM;
	ledger->options = *options;
	ledger->fd = -EBADF;
	reopen(ledger, clock_ns(CLOCK_BOOTTIME));
	*ret_ledger = ledger;
	return 0;
}

struct ledger *ledger_free(struct ledger *ledger)
{
	if (!ledger)
		return NULL;
	ledger_flush(ledger, UINT64_MAX);
	(void)writer_close(ledger->writer);
	closep(&ledger->fd);
	logkey_forget(&ledger->key);
	free(ledger);
	return NULL;
}

/* ---- marking */

static int mark_below(const struct ledger *ledger, int dir_fd, const char *name, unsigned depth)
{
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;
	int fd, r, first = 0;

	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		closep(&fd);
		return -ENOMEM;
	}
	first = mark(ledger, fd);
	while (depth > 0 && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		r = mark_below(ledger, fd, entry->d_name, depth - 1);
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

int ledger_mark(struct ledger *ledger)
{
	int r, s;

	if (ledger->options.dir_fd < 0)
		return 0;
	r = mark_below(ledger, ledger->options.dir_fd, LEDGER_DIR, DEPTH_MAX);
	s = mark_key(ledger, LOGKEY_FILE);
	return r ? r : s == -ENOENT ? 0 : s;
}

/* ---- writing */

void ledger_put(struct ledger *ledger, const char *entry, size_t size, bool urgent)
{
	if (!ledger->writer) {
		ledger->unopened++;
		ledger->unreported++;
		return;
	}
	/* what finds no room is counted there */
	if (writer_append(ledger->writer, entry, size, NULL) == 0)
		ledger->urgent |= urgent;
}

/* There is room again: what found none is told, as an entry. */
static void report_unwritten(struct ledger *ledger)
{
	char text[256], time[RECORD_TIME_LEN];
	struct writer_gap gap;
	struct jsonw w;

	if (writer_take_gap(ledger->writer, &gap))
		ledger->unreported += gap.lost;
	if (!ledger->unreported)
		return;
	record_time(clock_ns(CLOCK_REALTIME), time);
	jsonw_init(&w, text, sizeof(text));
	jsonw_open(&w, NULL);
	jsonw_u64(&w, "abi", EVENT_ABI);
	jsonw_string(&w, "time", time, sizeof(time));
	jsonw_u64(&w, "unwritten", ledger->unreported);
	jsonw_close(&w);
	if (writer_append(ledger->writer, text, w.used, NULL) == 0) {
		ledger->unreported = 0;
		ledger->urgent = true;
	}
}

/* What is let go of: written down by the writer before it is gone. */
static void prune(struct ledger *ledger, uint64_t size)
{
	uint64_t keep = ledger->options.keep;

	if (size <= keep || size - ledger->pruned < keep / 8 + 1)
		return;
	if (writer_prune(ledger->writer, size - keep) == 0)
		ledger->pruned = size;
}

static bool sign_now(struct ledger *ledger, const struct writer_counts *counts, uint64_t now)
{
	if (now == UINT64_MAX)
		return true;
	if (counts->size == counts->published)
		return false;
	if (!ledger->first_unsigned)
		ledger->first_unsigned = now;
	if (now < ledger->rest_until)
		return false;
	return ledger->urgent || counts->size - counts->published >= LEDGER_UNSIGNED ||
	       now >= ledger->first_unsigned + SIGN_NS;
}

/* ---- the next key */

/* The checkpoint that is out, with a line that says which key comes after it. */
static int introduce(struct ledger *ledger, const struct logkey *next)
{
	const struct store store = {.dir_fd = ledger->fd, .made = mark_folder, .userdata = ledger};
	_cleanup_free_ char *out = NULL, *note = NULL;
	_cleanup_free_ struct note *parsed = malloc(sizeof(*parsed));
	char text[KEYS_NOTE_LEN], name[KEYS_NAME_LEN];
	struct checkpoint checkpoint;
	struct iovec content;
	size_t size;
	int r;

	if (!parsed)
		return -ENOMEM;
	r = folder_read_checkpoint(ledger->fd, &out, &size, NULL);
	if (r == 0)
		r = note_parse(out, size, parsed, NULL);
	if (r == 0)
		r = checkpoint_parse(parsed->text, &checkpoint, NULL);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	size = keys_format(&checkpoint, &next->public, text);
	r = logkey_sign(&ledger->key, (struct text){text, size}, &note, &content.iov_len);
	if (r < 0)
		return r;
	content.iov_base = note;
	keys_name(checkpoint.tree.size, name);
	return store_put(&store, name, &content, true);
}

/*
 * The next key is on the disk before the one in use introduces it, and in use after that: whatever
 * crashes when, who has the older key comes to the one that signs.
 */
static int rotate(struct ledger *ledger)
{
	_cleanup_(logkey_forget) struct logkey next;
	char vkey[NOTE_VKEY_LEN], text[NEWS_LEN];
	int r;

	r = logkey_prepare(ledger->options.dir_fd, &ledger->key, &next);
	if (r != 0)
		return r < 0 ? r : -EBADMSG;
	r = mark_key(ledger, LOGKEY_NEW);
	if (r == 0)
		r = introduce(ledger, &next);
	if (r == 0)
		r = logkey_commit(ledger->options.dir_fd);
	if (r == 0)
		r = mark_key(ledger, LOGKEY_FILE);
	if (r < 0)
		return r;
	ledger->key = next;
	(void)write_vkey(ledger);
	note_key_format(&next.public, vkey);
	(void)snprintf(text, sizeof(text), "from here on the log is signed by %s", vkey);
	tell(ledger, "log-key", text);
	write_news(ledger);
	return 0;
}

static bool key_is_old(const struct ledger *ledger)
{
	uint64_t now = clock_ns(CLOCK_REALTIME) / CLOCK_SECOND_NS, since = ledger->key.since;

	/* also if the clock was set back: too often is better than never */
	return (now > since ? now - since : since - now) >= ledger->options.key_age;
}

/*
 * Signing syncs a dozen files, and an entry takes longer to publish than to append: half as long as
 * it took, the ring is read and nothing is signed. As long, and each time would take longer.
 */
static int checkpoint(struct ledger *ledger, uint64_t now)
{
	uint64_t before = clock_ns(CLOCK_BOOTTIME), took;
	struct writer_counts counts;
	int r = writer_checkpoint(ledger->writer);

	took = clock_ns(CLOCK_BOOTTIME) - before;
	if (now != UINT64_MAX)
		ledger->rest_until =
			now + (r == 0 && took + took / 2 < SIGN_NS ? took + took / 2 : SIGN_NS);
	if (r != 0)
		return r < 0 ? r : -EFBIG;
	ledger->first_unsigned = 0;
	ledger->urgent = false;
	writer_count(ledger->writer, &counts);
	prune(ledger, counts.size);
	return key_is_old(ledger) ? rotate(ledger) : 0;
}

/* Somebody was at the files. What is there can be gone on with, or is put aside. */
static void give_up(struct ledger *ledger, uint64_t now)
{
	struct writer_counts counts;

	writer_count(ledger->writer, &counts);
	/* some of them may be found in the tail again: more are told of then than are missing */
	ledger->unreported += counts.size - counts.published;
	ledger->unopened += counts.lost + counts.size - counts.durable;
	ledger->written += counts.durable - ledger->opened_size;
	ledger->writer = writer_close(ledger->writer);
	ledger->first_unsigned = 0;
	ledger->retry = now == UINT64_MAX ? 0 : now;
}

void ledger_flush(struct ledger *ledger, uint64_t now)
{
	struct writer_counts counts;
	int r;

	reopen(ledger, now);
	if (!ledger->writer)
		return;
	writer_count(ledger->writer, &counts);
	r = counts.size > counts.durable ? writer_commit(ledger->writer) : counts.error;
	if (r == 0)
		report_unwritten(ledger);
	writer_count(ledger->writer, &counts);
	if (r == 0 && sign_now(ledger, &counts, now))
		r = checkpoint(ledger, now);
	ledger->error = r;
	ledger->failed = now;
	if (r == -ENOENT || r == -ENOTDIR || r == -EBADMSG)
		give_up(ledger, now);
}

uint64_t ledger_due(const struct ledger *ledger, uint64_t now)
{
	struct writer_counts counts;
	uint64_t due;

	if (!ledger->writer)
		return ledger->unreported ? ledger->retry : UINT64_MAX;
	if (ledger->error)
		return ledger->failed + RETRY_NS;
	writer_count(ledger->writer, &counts);
	if (counts.size > counts.durable || ledger->unreported)
		return now;
	if (!ledger->first_unsigned)
		return UINT64_MAX;
	due = ledger->urgent ? now : ledger->first_unsigned + SIGN_NS;
	return due > ledger->rest_until ? due : ledger->rest_until;
}

/* ---- reading back */

static int each_of(const struct bundle *from, uint64_t n,
		   void (*each)(void *userdata, struct text entry), void *userdata)
{
	struct bundle bundle = *from;

	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *entry;
		size_t size;

		if (!bundle_next(&bundle, &entry, &size))
			return -EBADMSG;
		each(userdata, (struct text){(const char *)entry, size});
	}
	return 0;
}

int ledger_recent(const struct ledger *ledger, size_t most,
		  void (*each)(void *userdata, struct text entry), void *userdata)
{
	_cleanup_(folder_buffer_done) struct folder_buffer buffer = {0};
	struct writer_counts counts;
	uint64_t n_bundles, size;

	if (!ledger->writer)
		return -EBADF;
	writer_count(ledger->writer, &counts);
	size = counts.published;
	n_bundles = (size + TILE_WIDTH - 1) / TILE_WIDTH;
	most /= (size_t)TILE_WIDTH * RECORD_LINE_LEN;
	for (uint64_t i = n_bundles > most ? n_bundles - most : 0; i < n_bundles; i++) {
		uint64_t n = i == size / TILE_WIDTH ? size % TILE_WIDTH : TILE_WIDTH;
		const struct tile tile = {.level = TILE_ENTRIES, .n = i, .width = (unsigned)n};
		struct bundle bundle;
		int r;

		if ((i + 1) * TILE_WIDTH <= counts.minimum)
			continue;
		r = folder_read_bundle(ledger->fd, &tile, &buffer, &bundle, NULL);
		if (r == 0)
			r = each_of(&bundle, n, each, userdata);
		if (r != 0)
			return r < 0 ? r : -EBADMSG;
	}
	return 0;
}

void ledger_count(const struct ledger *ledger, struct ledger_counts *ret_counts)
{
	struct writer_counts counts = {0};

	if (ledger->writer)
		writer_count(ledger->writer, &counts);
	*ret_counts = (struct ledger_counts){
		.written = ledger->written + counts.durable -
			   (ledger->writer ? ledger->opened_size : 0),
		.unwritten = counts.lost + ledger->unopened,
		.size = counts.size,
		.signed_size = counts.published,
		.error = ledger->error,
	};
}
