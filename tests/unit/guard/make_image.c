// SPDX-License-Identifier: LGPL-2.1-or-later
/* make_image MODE VERSION EXECUTABLES: a small policy image on stdout, for tests/cli/guard.sh. */

#include <stdio.h>
#include <stdlib.h>

#include "guard/test_image.h"

int main(int argc, char **argv)
{
	struct test_image spec = {.domain = "agent"};
	size_t size;
	void *data;

	if (argc != 4)
		return 2;
	spec.mode = (uint32_t)atoi(argv[1]);
	spec.version = (uint64_t)atoi(argv[2]);
	spec.n_executables = (unsigned)atoi(argv[3]);
	data = test_image_make(&spec, &size);
	if (fwrite(data, 1, size, stdout) != size || fflush(stdout) != 0)
		return 1;
	free(data);
	return 0;
}
