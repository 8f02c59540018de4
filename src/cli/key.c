// SPDX-License-Identifier: LGPL-2.1-or-later
/* See key.h. */

#include "cli/key.h"

#include <string.h>

#include "base/diag.h"
#include "cli/cli.h"
#include "evidence/note.h"

int key_option(const struct cli_call *call, struct note_key *ret_key)
{
	const char *vkey = cli_option(call, "key");
	struct diag diag = {0};
	int r;

	r = note_key_parse((struct text){vkey, strlen(vkey)}, ret_key, &diag);
	if (r < 0)
		return cli_error("%s", strerror(-r));
	return r ? cli_usage_error(call, "--key: %s", diag.text) : CLI_DONE;
}

int index_option(const struct cli_call *call, const char *name, uint64_t *ret_index)
{
	const char *value = cli_option(call, name);

	*ret_index = 0;
	if (!value || text_decimal((struct text){value, strlen(value)}, ret_index))
		return CLI_DONE;
	return cli_usage_error(call, "--%s: '%s' is no index: it has to be a number from 0", name,
			       value);
}
