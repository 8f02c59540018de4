// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * When the guard has to prove itself, and what becomes of the result; watch.c looks around at the
 * same times. A proof that fails is said at
 * once, and again when it is mended; nothing else is done about it: whoever could end enforcement
 * could end holdfastd as well.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "guard/guard.h"
#include "guard/server-internal.h"

void prove_start(struct server *server)
{
	server->proof_due = server->options.now();
	server->proof_ns = 0;
	server->proof = (struct guard_proof){};
	server->proof_trouble[0] = '\0';
}

void prove_again(struct server *server)
{
	server->proof_due = server->options.now();
}

static void tell(struct server *server, const char *trouble)
{
	if (!strncmp(server->proof_trouble, trouble, sizeof(server->proof_trouble) - 1))
		return;
	if (*trouble)
		server_note(server, NULL, "proof-failed", "%s", trouble);
	else
		server_note(server, NULL, "proof", "the guard refuses again what it should");
	(void)snprintf(server->proof_trouble, sizeof(server->proof_trouble), "%.*s",
		       (int)sizeof(server->proof_trouble) - 1, trouble);
}

void prove_now(struct server *server, uint64_t now)
{
	struct diag diag = {};
	int r;

	if (!server->guard || now < server->proof_due)
		return;
	server->proof_due = now + SERVER_PROOF_NS;
	/* what the proof itself loads is nobody's decision: it is counted on neither side */
	loads_tell(server);
	r = guard_prove(server->guard, &server->proof, &diag);
	loads_skip(server);
	if (r < 0)
		diag_set(&diag, NULL, 0, 0, "the guard's self-proof cannot be made: %s",
			 strerror(-r));
	server->proof_ns = now;
	watch_now(server);
	tell(server, r ? diag.text : "");
}
