/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Entries to export: as holdfastd writes them, and as it never would. */

#include <string.h>

#include "evidence/follow.h"

#define ORIGIN "host.example/abc"

#define EVENT                                                                           \
	"{\"abi\":1,\"act\":\"map_fd\",\"boot_ns\":5,\"command\":null,\"detect_ns\":"   \
	"1500000,\"errno\":\"EPERM\",\"limit\":null,\"object\":{\"id\":7,\"ino\":0,"    \
	"\"kind\":\"map\",\"name\":\"secrets\",\"owner\":\"edge\"},\"row\":\"M01\","    \
	"\"seq\":3,\"task\":{\"comm\":\"rogue\",\"exe\":{\"dev\":\"8:1\",\"ino\":9,"    \
	"\"name\":\"rogue\"},\"label\":\"stranger\",\"pid\":12,\"tgid\":11,\"uid\":0}," \
	"\"time\":\"2026-11-29T14:41:41.123456789Z\",\"verdict\":\"refused\"}"
#define NOTE_LINE                                                                \
	"{\"abi\":1,\"note\":\"up\",\"text\":\"policy 'x' version 1\",\"time\":" \
	"\"2026-11-29T14:41:40.000000001Z\"}"
#define LOST                                                     \
	"{\"abi\":1,\"first\":4,\"last\":9,\"lost\":6,\"time\":" \
	"\"2026-11-29T14:41:42.000000000Z\"}"
#define LEAF_1 "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static inline struct follow_entry entry_of(uint64_t index, const char *text)
{
	return (struct follow_entry){
		.origin = ORIGIN,
		.index = index,
		.data = (const uint8_t *)text,
		.size = strlen(text),
		.leaf = {{1}},
	};
}
