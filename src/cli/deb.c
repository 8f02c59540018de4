// SPDX-License-Identifier: LGPL-2.1-or-later
/* See deb.h. */

#include "cli/deb.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/size.h"
#include "base/system.h"

#define NOBODY 65534
#define MAX_DEB ((size_t)512 << 20) /* bytes of a package */
#define MAX_FILE ((rlim_t)1 << 30) /* bytes of a file in it */
#define MAX_MEMORY ((rlim_t)4 << 30)
#define MAX_SECONDS 600 /* of processor time */

#define failed(diag, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), DEB_E_FAILED)

static int limit(int resource, rlim_t most)
{
	struct rlimit limit = {.rlim_cur = most, .rlim_max = most};

	return setrlimit(resource, &limit);
}

static int give_up_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0)
		return -1;
	return setresuid(NOBODY, NOBODY, NOBODY);
}

/* Does not return. */
static void child(char *const *argv)
{
	static char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || limit(RLIMIT_CORE, 0) < 0 ||
	    limit(RLIMIT_FSIZE, MAX_FILE) < 0 || limit(RLIMIT_AS, MAX_MEMORY) < 0 ||
	    limit(RLIMIT_CPU, MAX_SECONDS) < 0 || chdir("/") < 0 || give_up_privileges() < 0)
		_exit(126);
	(void)execve(argv[0], argv, env);
	_exit(127);
}

/* Return: the exit code; -errno; -ECANCELED if a signal ended it, as a limit does. */
static int run(char *const *argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(argv);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}

static int make_dir(const char *path)
{
	if (mkdir(path, 0700) < 0)
		return -errno;
	if (geteuid() == 0 && chown(path, NOBODY, NOBODY) < 0)
		return -errno;
	return 0;
}

int deb_open(struct deb *deb, struct diag *reterr_diag)
{
	const char *tmp = getenv("TMPDIR");
	int r;

	if (asprintf(&deb->dir, "%s/holdfast-deb.XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp") <
	    0) {
		deb->dir = NULL;
		return failed(reterr_diag, "out of memory");
	}
	if (!mkdtemp(deb->dir)) {
		r = failed(reterr_diag, "%s: %s", deb->dir, strerror(errno));
		free(deb->dir);
		deb->dir = NULL;
		return r;
	}
	if (asprintf(&deb->tree, "%s/tree", deb->dir) < 0) {
		deb->tree = NULL;
		return failed(reterr_diag, "out of memory");
	}
	/* Entered by nobody, written by us alone. */
	r = chmod(deb->dir, 0711) < 0 ? -errno : make_dir(deb->tree);
	return r < 0 ? failed(reterr_diag, "%s: %s", deb->tree, strerror(-r)) : 0;
}

/* A copy that nobody can read, whoever may read the original. */
static int copy(const struct deb *deb, const char *path, char **ret_copy, struct diag *reterr_diag)
{
	_cleanup_free_ char *data = NULL, *name = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, path, MAX_DEB, &data, &size);
	if (r == FILE_E_TOO_BIG)
		return failed(reterr_diag,
			      "%s: more than %zu bytes: that is no package of an agent", path,
			      MAX_DEB);
	if (r < 0)
		return failed(reterr_diag, "%s: %s", path, strerror(-r));
	if (asprintf(&name, "%s/package.deb", deb->dir) < 0) {
		name = NULL;
		return failed(reterr_diag, "out of memory");
	}
	r = file_write_atomic(name, data, size, 0644);
	if (r)
		return failed(reterr_diag, "%s: %s", name, r < 0 ? strerror(-r) : "in the way");
	*ret_copy = TAKE_PTR(name);
	return 0;
}

int deb_unpack(const struct deb *deb, const char *path, struct diag *reterr_diag)
{
	char program[] = "/usr/bin/dpkg-deb", extract[] = "-x", dashes[] = "--";
	_cleanup_free_ char *package = NULL;
	char *argv[] = {program, extract, dashes, NULL, deb->tree, NULL};
	int r;

	r = copy(deb, path, &package, reterr_diag);
	if (r)
		return r;
	argv[3] = package;
	r = run(argv);
	(void)unlink(package);
	if (r == 127)
		return failed(reterr_diag, "/usr/bin/dpkg-deb cannot be run: install dpkg");
	if (r == -ECANCELED)
		return failed(reterr_diag,
			      "%s: dpkg-deb was ended by a signal: is it damaged, or huge?", path);
	if (r < 0)
		return failed(reterr_diag, "%s: %s", path, strerror(-r));
	return r ? failed(reterr_diag, "%s: dpkg-deb cannot unpack it: is it a whole .deb?", path)
		 : 0;
}

void deb_close(struct deb *deb)
{
	char program[] = "/bin/rm", options[] = "-rf", dashes[] = "--";
	char *argv[] = {program, options, dashes, deb->tree, NULL};

	/* By whoever it belongs to: nothing of a package is followed by root. */
	if (deb->tree)
		(void)run(argv);
	if (deb->tree)
		(void)rmdir(deb->tree);
	if (deb->dir)
		(void)rmdir(deb->dir);
	free(deb->tree);
	free(deb->dir);
	*deb = (struct deb){0};
}
