// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * holdfast-metrics: what `holdfast export metrics --listen` becomes. A program of its own, since
 * libmicrohttpd brings a TLS library along, which no other call of holdfast has to load.
 *
 * usage: holdfast-metrics DIR ADDRESS PORT [VKEY]
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "evidence/follow.h"
#include "export/scrape.h"

#define CONNECTIONS 64 /* at a time */
#define CONNECTION_TIMEOUT_S 10
#define CHUNK 4096 /* entries that are counted before somebody is answered */

struct server {
	struct scrape *scrape;
	const char *path;
	bool counted; /* all that was there has been */
};

static int say(const char *format, const char *what, const char *why)
{
	(void)fprintf(stderr, "holdfast-metrics: ");
	(void)fprintf(stderr, format, what, why);
	(void)fputc('\n', stderr);
	return 1;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
			      char *text)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)
			: NULL;
	if (!response) {
		free(text);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *userdata, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload_data,
			      size_t *upload_size, void **connection_data)
{
	const struct server *server = userdata;
	const char *accept =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	enum counters_format format = counters_wanted(accept);
	char *text = NULL;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
			      strdup("only GET\n"));
	if (strcmp(url, "/metrics") != 0)
		return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain",
			      strdup("see /metrics\n"));
	/* numbers that still grow to what they were before would look like events of now */
	if (!server->counted)
		return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain",
			      strdup("the log is being read\n"));
	if (scrape_text(server->scrape, format, &text) < 0)
		return MHD_NO;
	return answer(connection, MHD_HTTP_OK,
		      format == COUNTERS_OPENMETRICS ? COUNTERS_OPENMETRICS_TYPE
						     : COUNTERS_PROMETHEUS_TYPE,
		      text);
}

/* Return: a socket that listens; -1, said. */
static int listen_at(const char *address, const char *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
	_cleanup_close_ int fd = -EBADF;
	struct addrinfo *found = NULL;
	int r, one = 1;

	r = getaddrinfo(address, port, &hints, &found);
	if (r != 0) {
		(void)say("%s: %s", address, gai_strerror(r));
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, CONNECTIONS) < 0) {
		(void)say("%s: %s", address, strerror(errno));
		closep(&fd);
	}
	freeaddrinfo(found);
	return TAKE_FD(fd);
}

/* Port 0 is any: whoever has asked for it has to learn which. */
static void say_where(int fd)
{
	struct sockaddr_storage name = {0};
	socklen_t size = sizeof(name);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&name, &size) == 0 &&
	    getnameinfo((struct sockaddr *)&name, size, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		(void)printf(strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n",
			     host, port);
	(void)fflush(stdout);
}

static int loop(struct server *server, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd http = {.fd = info ? info->epoll_fd : -1, .events = POLLIN};

	for (;;) {
		struct diag diag = {0};
		char text[DIAG_TEXT_LEN + 64];
		MHD_UNSIGNED_LONG_LONG soon = 0;
		int r, timeout_ms = -1;

		r = scrape_count(server->scrape, CHUNK, &diag);
		if (r < 0 || (r && r != SCRAPE_E_MORE))
			return say("%s/%s", server->path,
				   diag.text[0] ? diag_format(&diag, text, sizeof(text))
						: strerror(-r));
		server->counted |= r == 0;
		if (MHD_get_timeout(daemon, &soon) == MHD_YES)
			timeout_ms = soon < FOLLOW_POLL_MS ? (int)soon : FOLLOW_POLL_MS;
		if (r == SCRAPE_E_MORE)
			timeout_ms = 0;
		r = follow_wait(scrape_follow(server->scrape), &http, timeout_ms);
		if (r < 0)
			return say("%s: %s", "poll", strerror(-r));
		if (MHD_run(daemon) != MHD_YES)
			return say("%s: %s", "libmicrohttpd", "it cannot go on");
	}
}

int main(int argc, char **argv)
{
	_cleanup_(scrape_freep) struct scrape *scrape = NULL;
	struct server server = {.path = argc > 1 ? argv[1] : ""};
	struct MHD_Daemon *daemon;
	struct diag diag = {0};
	int fd, r;

	if (argc < 4 || argc > 5)
		return say("%s: %s", "usage", "holdfast-metrics DIR ADDRESS PORT [VKEY]");
	r = scrape_new(argv[1], argv[4], &scrape, &diag);
	if (r)
		return say("%s: %s", argv[1], r < 0 ? strerror(-r) : diag.text);
	server.scrape = scrape;
	fd = listen_at(argv[2], argv[3]);
	if (fd < 0)
		return 1;
	/* MHD closes what it listens at */
	daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, &server,
				  MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				  CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S,
				  MHD_OPTION_END);
	if (!daemon)
		return say("%s: %s", argv[2], "libmicrohttpd does not start");
	say_where(fd);
	r = loop(&server, daemon);
	MHD_stop_daemon(daemon);
	return r;
}
