// SPDX-License-Identifier: LGPL-2.1-or-later
/* Records of the kernel's ring: whatever is in one, the line is JSON and safe to print. */

#include <linux/types.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/jsonw.h"
#include "base/utf8.h"
#include "bpf/events-api.h"
#include "fuzz.h"
#include "guard/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct event *event;
	char line[RECORD_LINE_LEN];
	void *aligned;
	struct jsonw w;
	json_t *json;
	size_t offset;

	if (size > 4096 || !(aligned = malloc(size + 1)))
		return 0;
	memcpy(aligned, data, size);
	if (record_check(aligned, size, &event) == 0) {
		jsonw_init(&w, line, sizeof(line));
		record_write(&w, event, NULL, &(struct record_when){.realtime_ns = event->boot_ns});
		if (jsonw_finish(&w) < 0 || utf8_check(line, w.used, &offset) < 0)
			abort();
		for (size_t i = 0; i < w.used; i++) {
			if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
				abort();
		}
		json = json_loadb(line, w.used, JSON_REJECT_DUPLICATES, NULL);
		/* jansson has no integers above INT64_MAX; nothing else may be wrong. */
		if (!json && event->sequence <= INT64_MAX && event->boot_ns <= INT64_MAX &&
		    event->exe_ino <= INT64_MAX && event->object_ino <= INT64_MAX)
			abort();
		json_decref(json);
	}
	free(aligned);
	return 0;
}
