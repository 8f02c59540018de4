// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Clients of the control socket: who may come in, how long they may be silent, and whose turn it
 * is. Nothing here waits; a client that does not read its answer is dropped.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "guard/server-internal.h"

#define MAX_ACCEPTS 16 /* between two looks at everything else */

void connection_close(struct server *server, struct connection *connection)
{
	if (connection->fd < 0)
		return;

	/* The command runs on: whoever cuts the connection cannot stop it. */
	if (connection->run)
		connection->run->client = NULL;
	server_unwatch(server, connection->fd);
	closep(&connection->fd);
	*connection = (struct connection){.fd = -EBADF};
}

void connection_answer(struct server *server, struct connection *connection,
		       struct protocol_header *header, const int *fds)
{
	if (protocol_send(connection->fd, header, fds) < 0)
		connection_close(server, connection);
}

void connection_refuse(struct server *server, struct connection *connection, uint32_t error,
		       const char *text)
{
	struct protocol_refused refused = {
		.header = {.op = PROTOCOL_REFUSED, .size = sizeof(refused)},
		.error = error,
	};

	(void)snprintf(refused.text, sizeof(refused.text), "%s", text);
	connection_answer(server, connection, &refused.header, NULL);
}

/* A free slot; the one who has been silent for longest gives way if there are too many. */
static struct connection *find_slot(struct server *server)
{
	struct connection *free_slot = NULL, *oldest = NULL;
	size_t n_silent = 0;

	for (size_t i = 0; i < SERVER_SLOTS; i++) {
		struct connection *c = &server->connections[i];

		if (c->fd < 0) {
			free_slot = free_slot ?: c;
		} else if (!c->run) {
			n_silent++;
			if (!oldest || c->deadline < oldest->deadline)
				oldest = c;
		}
	}
	if (oldest && (n_silent >= SERVER_MAX_CONNECTIONS || !free_slot)) {
		connection_close(server, oldest);
		return oldest;
	}
	return free_slot;
}

static void take_client(struct server *server, int fd)
{
	_cleanup_close_ int owned = fd;
	struct connection *connection;
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return;
	connection = find_slot(server);
	if (!connection)
		return;
	if (server_watch(server, WATCH_CONNECTION, (size_t)(connection - server->connections), fd) <
	    0)
		return;

	*connection = (struct connection){
		.fd = TAKE_FD(owned),
		.deadline = server->options.now() + SERVER_TIMEOUT_NS,
		.pid = peer.pid,
		.uid = peer.uid,
	};
	if (peer.uid != server->options.operator_uid) {
		connection_refuse(server, connection, PROTOCOL_E_PERMISSION,
				  "only root may ask holdfastd");
		connection_close(server, connection);
	}
}

void connection_accept(struct server *server)
{
	for (int i = 0; i < MAX_ACCEPTS; i++) {
		int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		take_client(server, fd);
	}
}

static void obey(struct server *server, struct connection *client)
{
	switch (server->message.header.op) {
	case PROTOCOL_UP:
		arm_up(server, client);
		break;
	case PROTOCOL_DOWN:
		ops_down(server, client);
		break;
	case PROTOCOL_RELOAD:
		ops_reload(server, client);
		break;
	case PROTOCOL_UPGRADE:
		upgrade_ask(server, client);
		break;
	case PROTOCOL_CONFIRM:
		respite_confirm(server, client);
		hold_soon(server);
		break;
	case PROTOCOL_RELEASE:
		respite_release(server, client);
		hold_soon(server);
		break;
	case PROTOCOL_STATUS:
		ops_status(server, client);
		break;
	case PROTOCOL_RUN:
		runs_start(server, client);
		break;
	case PROTOCOL_SIGNAL:
		runs_signal(server, client);
		break;
	default: /* protocol_check_request() knows no other */
		break;
	}
}

void connection_receive(struct server *server, struct connection *connection)
{
	struct protocol_message *message = &server->message;
	struct diag diag;
	int r;

	r = protocol_receive(connection->fd, message, &diag);
	if (r == -EAGAIN)
		return;
	if (r == 0)
		r = protocol_check_request(message, &diag);

	if (r == PROTOCOL_BAD) {
		connection_refuse(server, connection, PROTOCOL_E_MALFORMED, diag.text);
		connection_close(server, connection);
	} else if (r) {
		connection_close(server, connection);
	} else {
		connection->deadline = server->options.now() + SERVER_TIMEOUT_NS;
		obey(server, connection);
	}
	protocol_message_done(message);
}

void connection_expire(struct server *server, uint64_t now)
{
	for (size_t i = 0; i < SERVER_SLOTS; i++) {
		struct connection *c = &server->connections[i];

		if (c->fd >= 0 && !c->run && c->deadline <= now)
			connection_close(server, c);
	}
}
