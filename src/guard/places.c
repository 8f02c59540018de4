// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way to the pins, as the guard must know it: the mounts that lead to the bpffs, the folders
 * they are mounted on, and the pins and folders that the image names. Each is shown to the guard by
 * an act upon it that changes nothing; the guard's hook sees the kernel's own object.
 */

#include "guard/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/mark.h"
#include "policy/image-check.h"

#define CHAIN_MAX 16
#define WAYS_MAX 16

/* Mount points from the root to a bpffs: "/", "/sys", "/sys/fs/bpf". */
struct chain {
	size_t n;
	char *points[CHAIN_MAX];
};

/* The bpffs to which the way has been marked, by their mount points. */
struct ways {
	size_t n;
	char points[WAYS_MAX][IMAGE_PATH_LEN];
};

static void chain_done(struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		free(chain->points[i]);
	chain->n = 0;
}

static bool leads_to(const char *point, const char *path)
{
	size_t n = strlen(point);

	if (!strcmp(point, "/"))
		return true;
	return !strncmp(point, path, n) && (path[n] == '\0' || path[n] == '/');
}

static void mtabp(FILE **mtab)
{
	if (*mtab)
		(void)endmntent(*mtab);
}

/* /proc/self/mounts lists a mount before those upon it; one point may have several. */
static int chain_read(const char *path, struct chain *ret_chain)
{
	_cleanup_(mtabp) FILE *mtab = setmntent("/proc/self/mounts", "re");
	_cleanup_(chain_done) struct chain chain = {};
	struct mntent *entry;

	if (!mtab)
		return -errno;
	while ((entry = getmntent(mtab))) {
		if (!leads_to(entry->mnt_dir, path))
			continue;
		if (chain.n == CHAIN_MAX)
			return -E2BIG;
		chain.points[chain.n] = strdup(entry->mnt_dir);
		if (!chain.points[chain.n])
			return -ENOMEM;
		chain.n++;
	}
	*ret_chain = chain;
	chain.n = 0;
	return 0;
}

/* MNT_EXPIRE: should no hook answer, the kernel only notes that nobody used the mount just now. */
static int mount_mark(int control, const char *point)
{
	int r;

	r = control_op(control, CONTROL_MARK, CONTROL_MARK_MOUNT, 0, DOMAIN_SELF);
	if (r < 0)
		return r;
	(void)umount2(point, MNT_EXPIRE);
	return control_op(control, CONTROL_MARK, CONTROL_MARK_NONE, 0, 0);
}

static int folder_mark(int control, const char *path)
{
	int r;

	r = mark_path(control, path, CONTROL_MARK_PLACE, DOMAIN_SELF);
	/*
	 * EPERM: sysfs makes its mount points immutable, but only after the hook has seen the call.
	 * EROFS: a folder of a read-only filesystem cannot be renamed or removed either.
	 */
	return r == -EROFS || r == -EPERM ? 0 : r;
}

/* In a namespace of its own the child takes the mounts off, and shows what they lie upon. */
static int covered_mark_child(int control, const struct chain *chain)
{
	int r = 0;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	for (size_t i = chain->n; i-- > 0 && !r;) {
		const char *point = chain->points[i];

		if (!strcmp(point, "/"))
			continue;
		if (umount2(point, MNT_DETACH))
			return -errno;
		r = folder_mark(control, point);
	}
	return r;
}

static int covered_mark(int control, const struct chain *chain)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(-covered_mark_child(control, chain) & 0x7f);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

static bool way_known(struct ways *ways, const char *point)
{
	for (size_t i = 0; i < ways->n; i++) {
		if (!strcmp(ways->points[i], point))
			return true;
	}
	return false;
}

/* Everything on the way to the bpffs that @path lies in; each bpffs once. */
static int way_mark(int control, struct ways *ways, const char *path)
{
	_cleanup_(chain_done) struct chain chain = {};
	char *point;
	int r;

	r = chain_read(path, &chain);
	if (r < 0)
		return r;
	if (!chain.n)
		return -ENOENT;
	point = ways->points[ways->n];
	(void)snprintf(point, IMAGE_PATH_LEN, "%s", chain.points[chain.n - 1]);
	if (way_known(ways, point))
		return 0;
	if (++ways->n == WAYS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < chain.n && !r; i++)
		r = mount_mark(control, chain.points[i]);
	if (!r)
		r = covered_mark(control, &chain);
	/* what is seen on the way: of /sys/fs/bpf then /sys/fs and /sys; cut down in place */
	for (char *slash = strrchr(point, '/'); !r && slash && slash != point;
	     slash = strrchr(point, '/')) {
		*slash = '\0';
		r = folder_mark(control, point);
	}
	(void)snprintf(point, IMAGE_PATH_LEN, "%s", chain.points[chain.n - 1]);
	return r;
}

/* All that is in a folder of pins belongs to whom the folder belongs. */
static int pin_mark(int control, const struct image_pin *pin, struct diag *reterr_diag)
{
	struct mark_tree tree = {.control = control,
				 .kind = CONTROL_MARK_PIN,
				 .domain = pin->domain,
				 .left = UINT32_MAX};
	char parent[IMAGE_PATH_LEN];
	struct statfs fs;
	int r;

	(void)snprintf(parent, sizeof(parent), "%s", pin->path);
	*strrchr(parent, '/') = '\0';
	if (statfs(*parent ? parent : "/", &fs) || fs.f_type != BPF_FS_MAGIC) {
		diag_set(reterr_diag, NULL, 0, 0,
			 "pin %s: its folder is not in a bpffs: mount one there, or name another "
			 "path in the policy",
			 pin->path);
		return GUARD_E_BPFFS;
	}
	if (mkdir(pin->path, 0700) && errno != EEXIST)
		r = -errno;
	else
		r = mark_tree(&tree, AT_FDCWD, pin->path, 0);
	return r;
}

int places_mark(int control, const void *image, struct diag *reterr_diag)
{
	const struct image_header *header = image;
	const struct image_pin *pins = image_pins(image);
	struct ways ways = {};
	int r;

	r = way_mark(control, &ways, GUARD_PIN_DIR);
	for (uint32_t i = 0; i < header->n_pins && !r; i++) {
		if (pins[i].kind != IMAGE_PIN_OBJECT)
			continue;
		r = pin_mark(control, &pins[i], reterr_diag);
		if (!r)
			r = way_mark(control, &ways, pins[i].path);
	}
	if (r == -E2BIG) {
		diag_set(
			reterr_diag, NULL, 0, 0,
			"the policy's pins lie in more than %d bpffs, or below more than %d mounts",
			WAYS_MAX - 1, CHAIN_MAX);
		return GUARD_E_BPFFS;
	}
	return r;
}
