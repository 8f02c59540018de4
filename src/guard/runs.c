// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Commands that `holdfast run` asked for: started with the domain's label, told apart from every
 * other child by their process id, never waited for. A client that goes away leaves its command
 * running.
 */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/guard.h"
#include "guard/server-internal.h"
#include "guard/spawn.h"
#include "policy/image-check.h"

#define refuse(diag, error, ...) (diag_set((diag), NULL, 0, 0, __VA_ARGS__), (error))

static struct run *find_free(struct server *server)
{
	for (size_t i = 0; i < SERVER_MAX_RUNS; i++) {
		if (server->runs[i].pid == 0)
			return &server->runs[i];
	}
	return NULL;
}

static void close_exec(struct server *server, struct run *run)
{
	if (run->exec_fd < 0)
		return;
	server_unwatch(server, run->exec_fd);
	closep(&run->exec_fd);
	run->exec_fd = -EBADF;
}

static void detach_client(struct run *run)
{
	if (run->client)
		run->client->run = NULL;
	run->client = NULL;
}

static void split_args(const struct protocol_message *message, char *argv[PROTOCOL_MAX_ARGS + 1])
{
	char *p = (char *)message->bytes + sizeof(message->run);

	for (uint32_t i = 0; i < message->run.argc; i++) {
		argv[i] = p;
		p += strlen(p) + 1;
	}
	argv[message->run.argc] = NULL;
}

/* Whether this client may start something in that domain of the policy in force. */
static uint32_t permit_run(struct server *server, const struct connection *client,
			   uint32_t *ret_domain, struct diag *reterr_diag)
{
	const struct protocol_run *request = &server->message.run;
	_cleanup_free_ void *image = NULL;
	const struct image_domain *domain;
	size_t size;
	int r;

	if (!server->guard)
		return refuse(reterr_diag, PROTOCOL_E_NOT_UP,
			      "no guard is up: start one by `holdfast guard up`");
	r = ops_image(server, &image, &size);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_FATAL,
			      "the image in force cannot be read: %s", strerror(-r));
	if (respite_enforces(server, image)) {
		uint32_t error = ops_authorise(server, client, &request->secret, reterr_diag);

		if (error)
			return error;
	}

	domain = image_domain_find_name(image, request->domain);
	if (!domain)
		return refuse(
			reterr_diag, PROTOCOL_E_DOMAIN,
			"the policy in force has no domain '%s': `holdfast guard status` lists them",
			request->domain);
	*ret_domain = domain->id;
	return 0;
}

static uint32_t spawn(struct server *server, struct connection *client, struct run *run,
		      uint32_t domain, struct diag *reterr_diag)
{
	const struct protocol_message *message = &server->message;
	char *argv[PROTOCOL_MAX_ARGS + 1];
	struct spawn_request request = {
		.argv = argv,
		.term = message->run.term,
		.path = server->options.exec_path,
		.domain = domain,
		.cwd_fd = message->fds[PROTOCOL_RUN_CWD],
		.stdio_fds = {message->fds[PROTOCOL_RUN_STDIN], message->fds[PROTOCOL_RUN_STDOUT],
			      message->fds[PROTOCOL_RUN_STDERR]},
	};
	int r;

	split_args(message, argv);
	if (argv[0][0] != '/' && strchr(argv[0], '/'))
		return refuse(reterr_diag, PROTOCOL_E_EXEC,
			      "'%.256s': give an absolute path, or a name to be found in %s",
			      argv[0], request.path);

	r = spawn_start(server->guard, &request, &run->pid, &run->exec_fd);
	if (r == 0)
		r = server_watch(server, WATCH_EXEC, (size_t)(run - server->runs), run->exec_fd);
	if (r < 0)
		return refuse(reterr_diag, PROTOCOL_E_EXEC, "'%.256s' could not be started: %s",
			      argv[0], strerror(-r));

	run->client = client;
	run->detach = message->run.flags & PROTOCOL_RUN_DETACH;
	run->failed = false;
	run->deadline = server->options.now() + SERVER_EXEC_NS;
	(void)snprintf(run->domain, sizeof(run->domain), "%s", message->run.domain);
	(void)snprintf(run->command, sizeof(run->command), "%s", argv[0]);
	client->run = run;
	return 0;
}

void runs_start(struct server *server, struct connection *client)
{
	struct run *run = find_free(server);
	uint32_t domain = DOMAIN_NONE, error = 0;
	struct diag diag;

	if (client->run)
		error = refuse(&diag, PROTOCOL_E_BUSY, "this connection runs a command already");
	else if (!run)
		error = refuse(&diag, PROTOCOL_E_BUSY,
			       "%d commands of `holdfast run` are waited for already",
			       SERVER_MAX_RUNS);
	if (!error)
		error = permit_run(server, client, &domain, &diag);
	if (!error)
		error = spawn(server, client, run, domain, &diag);
	if (error)
		connection_refuse(server, client, error, diag.text);
}

void runs_signal(struct server *server, struct connection *client)
{
	struct protocol_done done = {.header = {.op = PROTOCOL_DONE, .size = sizeof(done)}};
	struct run *run = client->run;

	if (!run) {
		connection_refuse(server, client, PROTOCOL_E_MALFORMED,
				  "this connection runs no command");
		return;
	}

	/* Its own session: the signal reaches what a terminal's key would reach. */
	(void)kill(-run->pid, (int)server->message.signal.number);
	connection_answer(server, client, &done.header, NULL);
}

static void tell_failure(struct server *server, struct run *run,
			 const struct spawn_failure *failure)
{
	struct diag diag;

	if (failure->stage == SPAWN_STAGE_EXEC && failure->error == -EACCES)
		diag_set(
			&diag, NULL, 0, 0,
			"'%s' is not an executable of the domain '%s', or its launch rule forbids `holdfast run`",
			run->command, run->domain);
	else if (failure->stage == SPAWN_STAGE_EXEC)
		diag_set(&diag, NULL, 0, 0, "'%s' did not start: %s", run->command,
			 strerror(-failure->error));
	else if (failure->stage == SPAWN_STAGE_EXPECT)
		diag_set(&diag, NULL, 0, 0,
			 "the guard does not let holdfastd start commands of '%s': %s", run->domain,
			 strerror(-failure->error));
	else
		diag_set(&diag, NULL, 0, 0, "'%s' could not be given its directory and files: %s",
			 run->command, strerror(-failure->error));

	run->failed = true;
	if (run->client) {
		struct connection *client = run->client;

		detach_client(run);
		connection_refuse(server, client, PROTOCOL_E_EXEC, diag.text);
	}
}

static void tell_start(struct server *server, struct run *run)
{
	struct protocol_started started = {
		.header = {.op = PROTOCOL_STARTED, .size = sizeof(started)},
		.pid = (uint32_t)run->pid,
	};
	struct connection *client = run->client;

	server_note(server, client, "run", "process %d of domain '%s': %s", (int)run->pid,
		    run->domain, run->command);
	if (!client)
		return;
	if (run->detach)
		detach_client(run);
	connection_answer(server, client, &started.header, NULL);
}

void runs_exec(struct server *server, struct run *run)
{
	struct spawn_failure failure;
	ssize_t n;

	n = read(run->exec_fd, &failure, sizeof(failure));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;

	close_exec(server, run);
	if (n == (ssize_t)sizeof(failure))
		tell_failure(server, run, &failure);
	else
		tell_start(server, run);
}

static void tell_exit(struct server *server, struct run *run, int status)
{
	struct protocol_exited exited = {
		.header = {.op = PROTOCOL_EXITED, .size = sizeof(exited)},
		.status = (uint32_t)status,
	};
	struct connection *client = run->client;

	if (client) {
		detach_client(run);
		client->deadline = server->options.now() + SERVER_TIMEOUT_NS;
		connection_answer(server, client, &exited.header, NULL);
	}
	*run = (struct run){.exec_fd = -EBADF};
}

void runs_reap(struct server *server)
{
	for (size_t i = 0; i < SERVER_MAX_RUNS; i++) {
		struct run *run = &server->runs[i];
		int status;

		if (run->pid == 0 || waitpid(run->pid, &status, WNOHANG) != run->pid)
			continue;
		/* It may have said why it did not start, and the pipe's turn has not come. */
		if (run->exec_fd >= 0)
			runs_exec(server, run);
		close_exec(server, run);
		tell_exit(server, run, status);
	}
}

void runs_expire(struct server *server, uint64_t now)
{
	for (size_t i = 0; i < SERVER_MAX_RUNS; i++) {
		struct run *run = &server->runs[i];
		struct spawn_failure failure = {.error = -ETIMEDOUT, .stage = SPAWN_STAGE_EXEC};

		if (run->exec_fd < 0 || run->deadline > now)
			continue;
		(void)kill(run->pid, SIGKILL);
		close_exec(server, run);
		tell_failure(server, run, &failure);
	}
}
