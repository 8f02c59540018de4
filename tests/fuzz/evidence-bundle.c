// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entry bundles: entries one after the other, within the bytes, and nothing between them. */

#include "evidence/tile.h"
#include "fuzz.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle bundle = {data, size, TILE_WIDTH};
	const uint8_t *entry, *end = data;
	size_t n;

	while (bundle_next(&bundle, &entry, &n)) {
		must(n <= ENTRY_MAX_SIZE && entry == end + 2 && n == (size_t)end[0] * 256 + end[1]);
		end = entry + n;
		must(end <= data + size);
	}
	must(bundle.at == end && bundle.size == (size_t)(data + size - end));
	must(bundle.size < 2 || bundle.size - 2 < (size_t)end[0] * 256 + end[1]);
	return 0;
}
