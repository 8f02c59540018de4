// SPDX-License-Identifier: LGPL-2.1-or-later
/* What this binary is, by content: a later holdfastd is itself if it is the same. */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/sha256.h"

int build_identify(struct guard_build *ret_build)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct guard_build build = {};
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	build.daemon_size = (uint64_t)st.st_size;
	r = sha256_fd(fd, build.daemon_size, build.daemon);
	if (r)
		return r < 0 ? r : -EIO;
	r = sha256_buffer(guard_object_start, (size_t)(guard_object_end - guard_object_start),
			  build.object);
	if (r < 0)
		return r;
	*ret_build = build;
	return 0;
}
