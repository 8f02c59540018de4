// SPDX-License-Identifier: LGPL-2.1-or-later
/* See image-fd.h. */

#include "guard/image-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "bpf/trust-api.h"
#include "policy/image.h"

#define invalid(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), IMAGE_FD_E_INVALID)

int image_fd_new(const void *data, size_t size, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	size_t done = 0;

	fd = memfd_create("holdfast-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	while (done < size) {
		ssize_t n = pwrite(fd, (const char *)data + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;

	*ret_fd = TAKE_FD(fd);
	return 0;
}

static const struct {
	const char *name;
	size_t limit;
} kinds[] = {
	[IMAGE_FD_IMAGE] = {"image", IMAGE_MAX_SIZE},
	[IMAGE_FD_SIGNATURE] = {"signature", TRUST_SIGNATURE_MAX},
	[IMAGE_FD_CERTIFICATE] = {"certificate", TRUST_CERTIFICATE_MAX},
};

const char *image_fd_name(enum image_fd_kind kind)
{
	return kinds[kind].name;
}

int image_fd_read(int fd, enum image_fd_kind kind, void **ret_data, size_t *ret_size,
		  struct diag *reterr_diag)
{
	const char *what = kinds[kind].name;
	size_t limit = kinds[kind].limit;
	_cleanup_free_ char *data = NULL;
	size_t size, done = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return invalid(reterr_diag, "the %s is a directory: give a file", what);
	if (!S_ISREG(st.st_mode) || fcntl(fd, F_GET_SEALS) < 0)
		return invalid(reterr_diag,
			       "the %s did not come in a memory file: use `holdfast guard`", what);
	if (st.st_size <= 0 || st.st_size > (off_t)limit)
		return invalid(reterr_diag, "the %s has %lld bytes, 1 to %zu are allowed", what,
			       (long long)st.st_size, limit);

	size = (size_t)st.st_size;
	data = malloc(size);
	if (!data)
		return -ENOMEM;
	while (done < size) {
		ssize_t n = pread(fd, data + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return invalid(reterr_diag, "the %s became shorter while it was read",
				       what);
		done += (size_t)n;
	}

	*ret_data = TAKE_PTR(data);
	*ret_size = size;
	return 0;
}
