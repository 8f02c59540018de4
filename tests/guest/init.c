// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * PID 1 of a test guest: mounts what a small system has, runs one command under a deadline, reads
 * the kernel log while it runs, prints the result as the console's last line and powers off. Also
 * the service manager of the tests (service.c). It must never return and never hang: whatever goes
 * wrong ends in a power-off.
 *
 * Kernel command line: `holdfast.run=CMD` (percent-encoded, given to sh -c), `holdfast.shell`,
 * `holdfast.deadline=SECONDS`.
 */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define EXIT_DEADLINE 124
#define EXIT_HARNESS 125
#define DEFAULT_DEADLINE 60

struct mount_row {
	const char *type;
	const char *target;
	const char *options;
	bool required;
};

static const struct mount_row mount_rows[] = {
	{"proc", "/proc", NULL, true},
	{"sysfs", "/sys", NULL, true},
	{"devtmpfs", "/dev", "mode=0755", true},
	{"tmpfs", "/run", "mode=0755", true},
	{"tmpfs", "/tmp", "mode=1777", true},
	{"devpts", "/dev/pts", "mode=0620,ptmxmode=0666", false},
	{"tmpfs", "/dev/shm", "mode=1777", false},
	{"securityfs", "/sys/kernel/security", NULL, false},
	/* lockdown=confidentiality makes these two empty or absent: tests that need them say so */
	{"tracefs", "/sys/kernel/tracing", NULL, false},
	{"debugfs", "/sys/kernel/debug", NULL, false},
	{"bpf", "/sys/fs/bpf", "mode=0700", true},
	{"cgroup2", "/sys/fs/cgroup", NULL, true},
};

struct guest {
	bool shell;
	unsigned int deadline;
	char run[2048];
	struct splats *splats;
	int signal_fd;
	int timer_fd;
	int listen_fd;
	pid_t child;
	int status;
	bool ended;
};

static void __attribute__((noreturn)) power_off(void)
{
	const struct timespec pause = {.tv_sec = 1};

	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	for (;;) {
		reboot(RB_POWER_OFF);
		/* still here: no ACPI; QEMU runs with -no-reboot, so a reset ends it too */
		reboot(RB_AUTOBOOT);
		nanosleep(&pause, NULL);
	}
}

static void __attribute__((noreturn)) finish(int code, unsigned int n_splats)
{
	printf("\nholdfast-guest: exit %d splats %u\n", code, n_splats);
	power_off();
}

static void __attribute__((noreturn)) harness_failed(const char *what, int r)
{
	printf("# guest-init: %s: %s\n", what, strerror(-r));
	finish(EXIT_HARNESS, 0);
}

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mount_rows) / sizeof(mount_rows[0]); i++) {
		const struct mount_row *row = &mount_rows[i];

		mkdir(row->target, 0755);
		if (mount(row->type, row->target, row->type, MS_NOSUID, row->options) < 0 &&
		    errno != EBUSY && row->required)
			harness_failed(row->target, -errno);
	}
	/* as systemd does: propagation is shared by default, and attackers make use of it */
	if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) < 0)
		harness_failed("make / shared", -errno);
}

static void console_open(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		printf("# guest-init: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void system_set_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		printf("# guest-init: lo: %s\n", strerror(errno));
	if (fd >= 0)
		close(fd);

	if (sethostname("guest", 5) < 0)
		printf("# guest-init: hostname: %s\n", strerror(errno));
	/* shorter than any deadline worth having, longer than a busy host makes a guest wait */
	write_file("/proc/sys/kernel/hung_task_timeout_secs", "30");
	/* a warning of the kernel must be seen every time, not once a boot */
	write_file("/sys/kernel/debug/clear_warn_once", "1");

	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "linux", 1);
	setenv("LC_ALL", "C", 1);
}

static void percent_decode(const char *from, char *to, size_t size)
{
	size_t n = 0;

	for (; *from && n + 1 < size; from++) {
		char hex[3] = {0};

		if (*from == '%' && from[1] && from[2]) {
			memcpy(hex, from + 1, 2);
			to[n++] = (char)strtol(hex, NULL, 16);
			from += 2;
		} else {
			to[n++] = *from;
		}
	}
	to[n] = '\0';
}

static void parse_command_line(struct guest *guest)
{
	char line[4096], *rest = line;
	ssize_t n;
	int fd;

	guest->deadline = DEFAULT_DEADLINE;
	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	if (n < 0)
		harness_failed("/proc/cmdline", -errno);
	close(fd);
	line[n] = '\0';

	for (char *word; (word = strsep(&rest, " \n"));) {
		if (strcmp(word, "holdfast.shell") == 0)
			guest->shell = true;
		else if (strncmp(word, "holdfast.run=", 13) == 0)
			percent_decode(word + 13, guest->run, sizeof(guest->run));
		else if (strncmp(word, "holdfast.deadline=", 18) == 0)
			guest->deadline = (unsigned int)strtoul(word + 18, NULL, 10);
	}
}

static int shell_exec(void)
{
	char *argv[] = {(char *)"sh", (char *)"-l", NULL};
	int fd;

	/* /dev/console cannot be a controlling terminal, and without one there is no ^C */
	fd = open("/dev/ttyS0", O_RDWR);
	if (fd >= 0) {
		ioctl(fd, TIOCSCTTY, 1);
		for (int i = 0; i < 3; i++)
			dup2(fd, i);
	}
	execv("/usr/bin/bash", argv);
	return execv("/bin/sh", argv);
}

static void child_start(struct guest *guest)
{
	char *argv[] = {(char *)"sh", (char *)"-c", guest->run, NULL};
	sigset_t none;
	int fd;

	guest->child = fork();
	if (guest->child < 0)
		harness_failed("fork", -errno);
	if (guest->child > 0)
		return;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (chdir("/root") < 0)
		_exit(EXIT_HARNESS);
	if (guest->shell) {
		shell_exec();
		_exit(127);
	}
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDIN_FILENO);
	execv("/bin/sh", argv);
	_exit(127);
}

static void watch_open(struct guest *guest)
{
	struct itimerspec expiry = {.it_value.tv_sec = guest->deadline};
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	guest->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	guest->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (guest->signal_fd < 0 || guest->timer_fd < 0)
		harness_failed("signalfd, timerfd", -errno);
	if (!guest->shell)
		timerfd_settime(guest->timer_fd, 0, &expiry, NULL);

	r = splats_open(GUEST_ALLOW_FILE, &guest->splats);
	if (r < 0)
		harness_failed("kernel log or splats.allow", r);

	guest->listen_fd = services_open();
	if (guest->listen_fd < 0)
		harness_failed(GUEST_SOCKET, guest->listen_fd);
}

static void reap(struct guest *guest)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(guest->signal_fd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == guest->child) {
			guest->status = status;
			guest->ended = true;
		}
		services_reaped(pid, status);
	}
}

/* Returns the exit code of the run: the child's, or what stands for its deadline. */
static int watch(struct guest *guest)
{
	struct pollfd fds[] = {
		{.fd = guest->signal_fd, .events = POLLIN},
		{.fd = guest->timer_fd, .events = POLLIN},
		{.fd = guest->listen_fd, .events = POLLIN},
		{.fd = splats_fd(guest->splats), .events = POLLIN},
	};

	while (!guest->ended) {
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0 && errno != EINTR)
			harness_failed("poll", -errno);
		if (fds[0].revents)
			reap(guest);
		if (fds[2].revents)
			services_request(guest->listen_fd);
		if (fds[3].revents)
			splats_read(guest->splats);
		if (fds[1].revents && !guest->ended) {
			printf("\n# guest-init: not done after %u seconds: %s\n", guest->deadline,
			       guest->run);
			return EXIT_DEADLINE;
		}
	}
	return status_code(guest->status);
}

/* What every task hangs in, for the log of a run that missed its deadline. */
static void dump_tasks(void)
{
	fflush(stdout);
	if (fork() == 0) {
		char *argv[] = {(char *)"sh", (char *)"-c",
				(char *)"ps -o pid,ppid,stat,args | grep -v '\\[' | sed 's/^/# /'",
				NULL};

		execv("/bin/sh", argv);
		_exit(127);
	}
	/* ps may hang in the very thing that hung the run */
	for (int i = 0; i < 100 && waitpid(-1, NULL, WNOHANG) == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 20000000L}, NULL);
}

int main(int argc, char **argv)
{
	struct guest guest = {0};
	unsigned int n_splats;
	int code;

	if (getpid() != 1)
		return ctl_main(argc, argv);

	umask(022);
	mount_all();
	console_open();
	system_set_up();
	parse_command_line(&guest);
	if (!guest.shell && !guest.run[0])
		harness_failed("neither holdfast.run= nor holdfast.shell given", -EINVAL);

	watch_open(&guest);
	child_start(&guest);
	code = watch(&guest);
	n_splats = splats_read(guest.splats);
	if (code == EXIT_DEADLINE)
		dump_tasks();
	if (code != 0)
		services_dump();
	finish(code, n_splats);
}
