// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `holdfast run DOMAIN -- CMD`: holdfastd starts CMD with the domain's label; this process hands
 * over its folder, its files and what a person types at it, and ends as CMD ends. It never is of
 * the domain itself.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "guard/protocol.h"

/* One run. */
struct job {
	struct protocol_run *request; /* with its arguments */
	struct protocol_message *message;
	int cwd_fd, null_fd, signal_fd, fd;
};

static void job_done(struct job *job)
{
	if (job->message)
		protocol_message_done(job->message);
	free(job->message);
	free(job->request);
	closep(&job->cwd_fd);
	closep(&job->null_fd);
	closep(&job->signal_fd);
	closep(&job->fd);
}

/* "./agent" means something else to holdfastd, which lives in "/". */
static int absolute(const char *command, char ret_path[PATH_MAX])
{
	char here[PATH_MAX];
	int n;

	if (command[0] == '/' || !strchr(command, '/'))
		n = snprintf(ret_path, PATH_MAX, "%s", command);
	else if (getcwd(here, sizeof(here)))
		n = snprintf(ret_path, PATH_MAX, "%s/%s", here, command);
	else
		return cli_error("the working directory has no name: %s", strerror(errno));
	return n > 0 && n < PATH_MAX ? CLI_DONE : cli_error("'%s' is too long a name", command);
}

static int add_args(struct job *job, const char *command, char **args)
{
	struct protocol_run *request = job->request;
	char *p = (char *)(request + 1);

	for (size_t i = 0; i == 0 || args[i]; i++) {
		const char *arg = i == 0 ? command : args[i];
		size_t n = strlen(arg) + 1;

		if (n > PROTOCOL_MAX_ARGS_SIZE - request->args_size ||
		    request->argc == PROTOCOL_MAX_ARGS)
			return cli_error("too many arguments: at most %d, of %u bytes together",
					 PROTOCOL_MAX_ARGS, PROTOCOL_MAX_ARGS_SIZE);
		memcpy(p + request->args_size, arg, n);
		request->args_size += (uint32_t)n;
		request->argc++;
	}
	request->header.size = (uint32_t)sizeof(*request) + request->args_size;
	return CLI_DONE;
}

static int fill_request(struct job *job, const struct cli_call *call)
{
	const char *domain = call->args[0], *term = getenv("TERM");
	char command[PATH_MAX];
	int r;

	job->request = calloc(1, sizeof(*job->request) + PROTOCOL_MAX_ARGS_SIZE);
	job->message = calloc(1, sizeof(*job->message));
	if (!job->request || !job->message)
		return cli_error("out of memory");

	job->request->header.op = PROTOCOL_RUN;
	job->request->header.n_fds = PROTOCOL_RUN_FDS;
	job->request->flags = cli_option(call, "detach") ? PROTOCOL_RUN_DETACH : 0;
	if (strlen(domain) >= PROTOCOL_DOMAIN_LEN)
		return cli_error("'%s' is too long for a domain", domain);
	(void)snprintf(job->request->domain, PROTOCOL_DOMAIN_LEN, "%s", domain);
	if (term && strlen(term) < PROTOCOL_TERM_LEN)
		(void)snprintf(job->request->term, PROTOCOL_TERM_LEN, "%s", term);
	if (!call->args[1][0])
		return cli_usage_error(call, "the command is empty");

	r = absolute(call->args[1], command);
	return r ? r : add_args(job, command, call->args + 1);
}

static int open_files(struct job *job, int fds[PROTOCOL_RUN_FDS])
{
	job->cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (job->cwd_fd < 0)
		return cli_error("the working directory: %s", strerror(errno));
	job->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (job->null_fd < 0)
		return cli_error("/dev/null: %s", strerror(errno));

	fds[PROTOCOL_RUN_CWD] = job->cwd_fd;
	for (int i = 0; i < 3; i++)
		fds[PROTOCOL_RUN_STDIN + i] = fcntl(i, F_GETFD) < 0 ? job->null_fd : i;
	return CLI_DONE;
}

/* From now on they are the command's, not ours. */
static int take_signals(struct job *job)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGQUIT);
	(void)sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return cli_error("signals cannot be blocked: %s", strerror(errno));
	job->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return job->signal_fd < 0 ? cli_error("signals cannot be read: %s", strerror(errno))
				  : CLI_DONE;
}

static void forward_signal(struct job *job)
{
	struct signalfd_siginfo info;
	struct protocol_signal message = {
		.header = {.op = PROTOCOL_SIGNAL, .size = sizeof(message)},
	};

	if (read(job->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	message.number = info.ssi_signo;
	/* If holdfastd has gone the connection says so. */
	(void)protocol_send(job->fd, &message.header, NULL);
}

/* Return: the command's status as a shell's, or CLI_FAILED. */
static int wait_exit(struct job *job)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = job->fd, .events = POLLIN},
				       {.fd = job->signal_fd, .events = POLLIN}};
		struct diag diag;
		int status;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return cli_error("the command cannot be waited for: %s", strerror(errno));
		if (fds[1].revents)
			forward_signal(job);
		if (!fds[0].revents)
			continue;

		protocol_message_done(job->message);
		if (client_receive(job->fd, job->message, &diag))
			return cli_error("%s; the command runs on", diag.text);
		if (job->message->header.op != PROTOCOL_EXITED)
			continue; /* the answer to a signal */
		status = (int)job->message->exited.status;
		return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static int run_command(const struct cli_call *call)
{
	_cleanup_(job_done) struct job job = {
		.cwd_fd = -EBADF,
		.null_fd = -EBADF,
		.signal_fd = -EBADF,
		.fd = -EBADF,
	};
	struct client_request request = {.secret_fd = cli_option(call, "secret-fd")};
	int fds[PROTOCOL_RUN_FDS];
	struct diag diag = {};
	int r;

	if (call->n_before != 1)
		return cli_usage_error(call,
				       "put one domain before \"--\", and the command behind it");
	r = fill_request(&job, call);
	if (r == CLI_DONE)
		r = open_files(&job, fds);
	if (r == CLI_DONE)
		r = take_signals(&job);
	if (r != CLI_DONE)
		return r;

	request.header = &job.request->header;
	request.secret = &job.request->secret;
	request.fds = fds;
	if (client_ask(PROTOCOL_SOCKET, &request, job.message, &job.fd, &diag))
		return cli_error("%s", diag.text);
	if (job.message->header.op != PROTOCOL_STARTED)
		return cli_error("holdfastd gave another answer than was asked for");

	if (cli_option(call, "detach")) {
		(void)printf("%u\n", job.message->started.pid);
		return CLI_DONE;
	}
	return wait_exit(&job);
}

static const struct cli_option run_options[] = {
	{.name = "detach", .help = "print the process id at once, do not wait for the command"},
	{.name = "secret-fd", .value = "N", .help = "read the operator's secret from descriptor N"},
	{0},
};

const struct cli_verb cli_run_verbs[] = {
	{
		.object = "run",
		.args = "DOMAIN -- CMD [ARG]...",
		.min_args = 2,
		.max_args = CLI_ANY_ARGS,
		.options = run_options,
		.help = "start a command with the label of a domain, and end as it ends",
		.run = run_command,
	},
	{0},
};
