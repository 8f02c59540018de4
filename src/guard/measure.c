// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * For a kernel that cannot hash what it executes: each file that the image names is sealed, so that
 * nobody writes it any more, then hashed, and its inode carries the digest. A file that is replaced
 * by rename is another inode, and a stranger until the policy is loaded again.
 */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/sha256.h"
#include "guard/mark.h"
#include "policy/image-check.h"

static int digest_mark(int control, int fd, const uint8_t *digest)
{
	int r;

	r = control_put(control, CONTROL_MEASURE, digest, SHA256_LEN);
	return r < 0 ? r : mark_fd(control, fd, CONTROL_MARK_MEASURED, DOMAIN_SELF);
}

/* Sealed with no digest first: what is written meanwhile is written before it is read. */
int file_measure_fd(int control, int fd)
{
	uint8_t digest[SHA256_LEN] = {};
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	r = digest_mark(control, fd, digest);
	if (r < 0)
		return r;
	r = sha256_fd(fd, (uint64_t)st.st_size, digest);
	return r < 0 ? r : digest_mark(control, fd, digest);
}

static int file_measure(int control, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : file_measure_fd(control, fd);
}

int files_measure(int control, const void *image)
{
	const struct image_header *header = image;
	const struct image_file *files = image_files(image);
	int r;

	r = file_measure(control, "/proc/self/exe");
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < header->n_files; i++) {
		r = file_measure(control, files[i].path);
		/*
		 * Not there now, or being written: a stranger, as any file that nobody has
		 * measured.
		 */
		if (r < 0 && r != -ENOENT && r != -ESTALE && r != -EINVAL && r != -ENOTDIR)
			return r;
	}
	return 0;
}
