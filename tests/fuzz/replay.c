// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Runs a fuzz target on every file of a folder, and on each of its truncations and a few bit flips,
 * without a fuzzer: so the corpus stays a test where there is none.
 */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/system.h"
#include "fuzz.h"

#define MAX_SEED ((size_t)1 << 21)
#define STEPS 512 /* truncations, and bit flips, of one seed */

static void replay(char *data, size_t size)
{
	size_t step = size / STEPS + 1;

	(void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
	for (size_t n = 0; n < size; n += step) {
		char byte = data[n];

		/* In a block of its own, so that a read beyond the end is seen. */
		_cleanup_free_ char *cut = malloc(n ? n : 1);
		memcpy(cut, data, n);
		(void)LLVMFuzzerTestOneInput((const uint8_t *)cut, n);

		data[n] = (char)(byte ^ (1 << n % 8));
		(void)LLVMFuzzerTestOneInput((const uint8_t *)data, size);
		data[n] = byte;
	}
}

int main(int argc, char **argv)
{
	_cleanup_closedir_ DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	const struct dirent *entry;
	unsigned n = 0;

	if (!dir) {
		fprintf(stderr, "usage: replay FOLDER\n");
		return 2;
	}
	while ((entry = readdir(dir))) {
		_cleanup_free_ char *data = NULL;
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		if (file_read(dirfd(dir), entry->d_name, MAX_SEED, &data, &size) != 0) {
			printf("not ok %u - %s cannot be read\n", ++n, entry->d_name);
			continue;
		}
		replay(data, size);
		printf("ok %u - %s\n", ++n, entry->d_name);
	}
	printf("1..%u\n", n);
	return n == 0;
}
