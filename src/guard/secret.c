// SPDX-License-Identifier: LGPL-2.1-or-later
/* See secret.h. */

#include "guard/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/cleanup.h"
#include "guard/state-file.h"

/* About 100 ms and 32 MiB for a try. The secret has 160 bits: this is for a leaked hash only. */
#define SCRYPT_N ((uint64_t)1 << 15)
#define SCRYPT_R 8
#define SCRYPT_P 1
#define SCRYPT_MEMORY ((uint64_t)64 << 20)

#define NEW_FILE SECRET_FILE ".new"
#define OPERATOR_MAGIC 0x706f6648u /* "Hfop" */
#define OPERATOR_VERSION 1

struct operator_file {
	uint32_t magic;
	uint32_t version;
	uint8_t salt[32];
	uint8_t hash[32];
};

_Static_assert(sizeof(struct operator_file) == 72, "operator_file layout");

/* Crockford's: no letter that looks like a digit, no U. */
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int secret_init(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 ? 0 : -EIO;
}

static int random_bytes(void *data, size_t size)
{
	ssize_t n;

	do {
		n = getrandom(data, size, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

int secret_make(struct secret *ret_secret)
{
	return random_bytes(ret_secret->bytes, sizeof(ret_secret->bytes));
}

void secret_forget(struct secret *secret)
{
	OPENSSL_cleanse(secret, sizeof(*secret));
}

void secret_format(const struct secret *secret, char ret_text[SECRET_TEXT_LEN])
{
	size_t n = 0;

	for (size_t i = 0; i < SECRET_SIZE * 8 / 5; i++) {
		unsigned value = 0;

		for (size_t bit = i * 5; bit < i * 5 + 5; bit++)
			value = value << 1 | (secret->bytes[bit / 8] >> (7 - bit % 8) & 1);
		if (i > 0 && i % 4 == 0)
			ret_text[n++] = '-';
		ret_text[n++] = digits[value];
	}
	ret_text[n] = '\0';
}

/* Value of a digit as people type it; -1 if it is none. */
static int digit_value(char c)
{
	const char *p;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	p = c ? strchr(digits, c) : NULL;
	return p ? (int)(p - digits) : -1;
}

int secret_parse(const char *text, struct secret *ret_secret)
{
	_cleanup_(secret_forget) struct secret secret = {};
	size_t bit = 0;

	for (; *text; text++) {
		int value;

		if (*text == '-' || *text == ' ' || *text == '\t' || *text == '\r' || *text == '\n')
			continue;
		value = digit_value(*text);
		if (value < 0 || bit == SECRET_SIZE * 8)
			return SECRET_E_FORM;

		for (int i = 4; i >= 0; i--, bit++)
			secret.bytes[bit / 8] |= (uint8_t)((value >> i & 1) << (7 - bit % 8));
	}
	if (bit != SECRET_SIZE * 8)
		return SECRET_E_FORM;

	*ret_secret = secret;
	return 0;
}

static int slow_hash(const struct secret *secret, const uint8_t *salt, size_t salt_size,
		     uint8_t ret_hash[32])
{
	if (EVP_PBE_scrypt((const char *)secret->bytes, sizeof(secret->bytes), salt, salt_size,
			   SCRYPT_N, SCRYPT_R, SCRYPT_P, SCRYPT_MEMORY, ret_hash, 32) != 1)
		return -EIO;
	return 0;
}

int secret_keep(const struct secret *secret, struct guard_operator *ret_operator)
{
	struct guard_operator operator= {.set = 1};
	int r;

	r = random_bytes(operator.salt, sizeof(operator.salt));
	if (r < 0)
		return r;
	r = slow_hash(secret, operator.salt, sizeof(operator.salt), operator.hash);
	if (r < 0)
		return r;

	*ret_operator = operator;
	return 0;
}

int secret_verify(const struct secret *secret, const struct guard_operator *operator)
{
	uint8_t hash[32];
	int r;

	if (!operator->set)
		return SECRET_E_WRONG;

	r = slow_hash(secret, operator->salt, sizeof(operator->salt), hash);
	if (r < 0)
		return r;
	r = CRYPTO_memcmp(hash, operator->hash, sizeof(hash)) == 0 ? 0 : SECRET_E_WRONG;
	OPENSSL_cleanse(hash, sizeof(hash));
	return r;
}

uint64_t secret_tries_wait(const struct secret_tries *tries, uint64_t now)
{
	return now < tries->locked_until ? tries->locked_until - now : 0;
}

bool secret_tries_wrong(struct secret_tries *tries, uint64_t now)
{
	/* The place that is written next holds the oldest of the last five. */
	uint64_t oldest;

	tries->wrong++;
	tries->at[tries->next] = now;
	tries->next = (tries->next + 1) % SECRET_MAX_TRIES;
	oldest = tries->at[tries->next];
	if (oldest == 0 || now - oldest >= SECRET_TRIES_NS)
		return false;

	memset(tries->at, 0, sizeof(tries->at));
	tries->locked_until = now + SECRET_LOCKED_NS;
	return true;
}

int operator_load(int dir_fd, struct guard_operator *ret_operator)
{
	struct guard_operator operator= {.set = 1};
	struct operator_file file;
	int r;

	r = state_file_read(dir_fd, SECRET_FILE, &file, sizeof(file));
	if (r < 0)
		return r;
	if (r == STATE_FILE_E_NONE)
		return SECRET_E_NONE;
	if (r || file.magic != OPERATOR_MAGIC || file.version != OPERATOR_VERSION)
		return SECRET_E_FILE;

	memcpy(operator.salt, file.salt, sizeof(operator.salt));
	memcpy(operator.hash, file.hash, sizeof(operator.hash));
	*ret_operator = operator;
	return 0;
}

int operator_prepare(int dir_fd, const struct guard_operator *operator)
{
	struct operator_file file = {.magic = OPERATOR_MAGIC, .version = OPERATOR_VERSION};

	memcpy(file.salt, operator->salt, sizeof(file.salt));
	memcpy(file.hash, operator->hash, sizeof(file.hash));
	return state_file_prepare(dir_fd, NEW_FILE, &file, sizeof(file));
}

int operator_commit(int dir_fd)
{
	return state_file_commit(dir_fd, NEW_FILE, SECRET_FILE);
}

void operator_discard(int dir_fd)
{
	(void)unlinkat(dir_fd, NEW_FILE, 0);
}
