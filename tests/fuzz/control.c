// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages of the control socket, as a root attacker would write them. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "fuzz.h"
#include "guard/protocol.h"

static struct protocol_message message;

static size_t walk(const char *text, size_t room)
{
	size_t n = strlen(text);

	if (n >= room)
		abort();
	return n;
}

/* What holdfastd does with a run that was found good: every string, in its room. */
static size_t walk_run(void)
{
	const char *p = message.bytes + sizeof(message.run), *end = message.bytes + message.size;
	size_t n = walk(message.run.domain, PROTOCOL_DOMAIN_LEN);

	n += walk(message.run.term, PROTOCOL_TERM_LEN);
	for (uint32_t i = 0; i < message.run.argc; i++)
		p += walk(p, (size_t)(end - p)) + 1;
	if (p != end || !message.bytes[sizeof(message.run)])
		abort();
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diag diag;

	if (size < sizeof(message.header) || size > PROTOCOL_MAX_REQUEST)
		return 0;

	/* As protocol_receive() leaves it; what lies behind is an earlier message's. */
	memset(message.bytes, 0xa5, sizeof(message.bytes));
	memcpy(message.bytes, data, size);
	message.size = size;
	message.n_fds = message.header.n_fds <= PROTOCOL_MAX_FDS ? message.header.n_fds : 0;

	if (protocol_check_request(&message, &diag) == 0) {
		if (message.header.op == PROTOCOL_RUN)
			(void)walk_run();
		else if (message.header.op == PROTOCOL_RELEASE)
			(void)walk(message.release.domain, PROTOCOL_DOMAIN_LEN);
		else if (message.header.op == PROTOCOL_DOWN ||
			 message.header.op == PROTOCOL_RELOAD ||
			 message.header.op == PROTOCOL_CONFIRM ||
			 message.header.op == PROTOCOL_UPGRADE)
			(void)walk(message.change.secret.text, PROTOCOL_SECRET_LEN);
	}
	if (protocol_check_answer(&message, &diag) == 0) {
		if (message.header.op == PROTOCOL_REFUSED)
			(void)walk(message.refused.text, PROTOCOL_TEXT_LEN);
		else if (message.header.op == PROTOCOL_STATE && message.state.n_weak > 0)
			(void)walk(message.state.weak[message.state.n_weak - 1], PROTOCOL_WEAK_LEN);
	}
	return 0;
}
