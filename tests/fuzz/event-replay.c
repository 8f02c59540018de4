// SPDX-License-Identifier: LGPL-2.1-or-later
/* A log that somebody else wrote, held against a policy. */

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/event-replay.h"
#include "fuzz.h"
#include "must.h"
#include "policy/tree.h"

static const char text[] =
	"apiVersion: holdfast/v1\nkind: Policy\nmetadata: {name: t, version: 1}\nmode: enforce\n"
	"domains:\n  - name: agent\n    executables: [{path: /sbin/agent, launch: any}]\n"
	"admission: {allow: [{executable: /sbin/tool, programs: [ext]}]}\n";

static void judge(const struct event_replay *replay, bool json)
{
	char *out = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&out, &n);

	must(file != NULL);
	if (json)
		must(event_replay_print_json(replay, file) == 0);
	else
		event_replay_print(replay, file);
	must(fclose(file) == 0 && n > 0 && out[n - 1] == '\n');
	for (size_t i = 0; i < n; i++)
		must(out[i] == '\n' || ((unsigned char)out[i] >= 0x20 && out[i] != 0x7f) || json);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_replay *replay = NULL;
	struct policy *policy = NULL;

	must(policy_parse("t.yaml", text, sizeof(text) - 1, &policy, NULL) == 0);
	must(event_replay_new(policy, &replay) == 0);
	for (const uint8_t *line = data, *all = data + size; line < all;) {
		const uint8_t *end = memchr(line, '\n', (size_t)(all - line));
		size_t n = end ? (size_t)(end - line) : (size_t)(all - line);

		must(event_replay_take(replay, (const char *)line, n) == 0);
		line += n + 1;
	}
	judge(replay, false);
	judge(replay, true);
	event_replay_free(replay);
	policy_free(policy);
	return 0;
}
