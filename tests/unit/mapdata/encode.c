// SPDX-License-Identifier: LGPL-2.1-or-later
/* Each kind of type: what its text becomes is what the compiler makes of the same value. */

#include "mapdata/encode.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include "data-fixture.h"
#include "data-types.h"
#include "test.h"

/* Zero first: the bytes between fields are compared too. */
#define VALUE(type, name) \
	struct type name; \
	memset(&name, 0, sizeof(name))

#define SCALARS                                                                              \
	"{u8: 255, s8: -128, u16: 0xBEEF, s16: -0x8000, u32: 4294967295, s32: -2147483648, " \
	"u64: \"18446744073709551615\", s64: -9223372036854775808, flag: true, letter: 65, "

static void integers_become_what_the_compiler_makes_of_them(void **state)
{
	VALUE(scalars, v);
	v.u8 = 255;
	v.s8 = -128;
	v.u16 = 0xbeef;
	v.s16 = -0x8000;
	v.u32 = UINT32_MAX;
	v.s32 = INT32_MIN;
	v.u64 = UINT64_MAX;
	v.s64 = INT64_MIN;
	v.flag = true;
	v.letter = 65;
	*(port_t *)&v.port = 443;
	encoded("scalars", SCALARS "port: 443}", &v, sizeof(v));
}

static void integers_are_never_cut(void **state)
{
	refused("scalars", "{u8: 256}", "f:1:6: v.u8: 256 does not fit into __u8 (0..255)");
	refused("scalars", "{u8: -1}", "f:1:6: v.u8: -1 does not fit into __u8 (0..255)");
	refused("scalars", "{s8: 128}", "f:1:6: v.s8: 128 does not fit into __s8 (-128..127)");
	refused("scalars", "{s8: -129}", "f:1:6: v.s8: -129 does not fit into __s8 (-128..127)");
	refused("scalars", "{u16: 65536}",
		"f:1:7: v.u16: 65536 does not fit into __u16 (0..65535)");
	refused("scalars", "{port: 70000}",
		"f:1:8: v.port: 70000 does not fit into port_t (0..65535)");
	refused("scalars", "{u32: 4294967296}",
		"f:1:7: v.u32: 4294967296 does not fit into __u32 (0..4294967295)");
	refused("scalars", "{s32: 0x80000000}",
		"f:1:7: v.s32: 0x80000000 does not fit into __s32 (-2147483648..2147483647)");
	refused("scalars", "{u64: 18446744073709551616}",
		"f:1:7: v.u64: 18446744073709551616 does not fit into __u64 (0..18446744073709551615)");
	refused("scalars", "{s64: 9223372036854775808}",
		"f:1:7: v.s64: 9223372036854775808 does not fit into __s64 "
		"(-9223372036854775808..9223372036854775807)");
}

static void what_is_no_number_is_refused(void **state)
{
	refused("scalars", "\n{u8: 010}",
		"f:2:6: v.u8: expected a number for __u8, as in 10 or 0xa, got \"010\"");
	refused("scalars", "{u8: 1.0}",
		"f:1:6: v.u8: expected a number for __u8, as in 10 or 0xa, got \"1.0\"");
	refused("scalars", "{u8: }",
		"f:1:6: v.u8: expected a number for __u8, as in 10 or 0xa, got nothing");
	refused("scalars", "{u8: [1]}",
		"f:1:6: v.u8: expected a number for __u8, as in 10 or 0xa, got a list");
	refused("scalars", "{flag: 1}", "f:1:8: v.flag: expected true or false, got \"1\"");
	refused("scalars", "{flag: yes}", "f:1:8: v.flag: expected true or false, got \"yes\"");
	refused("scalars", "{flag: \"true\"}",
		"f:1:8: v.flag: expected true or false, got \"true\"");
	refused("scalars", "7", "f:1:1: v: expected a mapping of fields, got \"7\"");
}

static void fields_are_all_there_and_known(void **state)
{
	refused("scalars", SCALARS "prot: 1}",
		"f:1:163: v: 'scalars' has no field 'prot', did you mean 'port'?");
	refused("scalars", SCALARS "}", "f:1:1: v: 1 field of 'scalars' is missing: 'port'");
	refused("nested", "{one: {x: 1}}", "f:1:7: v.one: 1 field of 'inner' is missing: 'y'");
	refused("nested", "{one: {x: 1, y: 2}, elsewhere: 1}",
		"f:1:21: v: 'nested' has no field 'elsewhere'");
}

static void texts_become_strings_and_bytes(void **state)
{
	VALUE(texts, v);
	strcpy(v.name, "sev\xc3\xa9n");
	strcpy(v.rows[0], "abc");
	memcpy(v.rows[1], "\x00\x01\xfe\xff", 4);
	memcpy(v.raw, "\x0a\x0b\x0c\x0d\x0e\x0f", 6);
	v.ports[0] = 1;
	v.ports[2] = 3;
	encoded("texts",
		"{name: sev\xc3\xa9n, rows: [\"abc\", 0x0001feFF], raw: 0x0a0b0c0d0e0f, ports: [1, 0, 3]}",
		&v, sizeof(v));
	memset(v.rows, 0, sizeof(v.rows));
	memset(v.name, 0, sizeof(v.name));
	strcpy(v.name, "0xabcd");
	encoded("texts",
		"{name: '0xabcd', rows: ['', [0, 0, 0, 0]], raw: [10, 11, 12, 13, 14, 15], ports: [1, 0, 3]}",
		&v, sizeof(v));
}

static void texts_are_never_cut(void **state)
{
	refused("texts", "{name: eighteen}",
		"f:1:8: v.name: the string has 8 bytes, and char[8] has room for 7 and a NUL: all of "
		"them can only be written as 0x and 16 digits");
	refused("texts", "{name: 7}",
		"f:1:8: v.name: expected a string: put it in quotes, got \"7\"");
	refused("texts", "{rows: [abc]}",
		"f:1:8: v.rows: expected 2 elements, got 1: the last 1 are missing");
	refused("texts", "{ports: [1, 2, 3, 4]}",
		"f:1:19: v.ports: expected 3 elements, got 4: from here on they are too many");
	refused("texts", "{ports: [1, 2, 70000]}",
		"f:1:16: v.ports[2]: 70000 does not fit into __u16 (0..65535)");
	refused("texts", "{raw: 0x0a0b0c0d0e}",
		"f:1:7: v.raw: expected a list of 6 numbers, or 0x and 12 digits, got "
		"\"0x0a0b0c0d0e\"");
}

static void network_order_is_kept(void **state)
{
	VALUE(network, v);
	v.port = htobe16(443);
	v.host = htobe32(0xc0000201);
	v.large = htobe64(5);
	inet_pton(AF_INET, "198.51.100.7", v.v4);
	inet_pton(AF_INET6, "2001:db8::1", v.v6);
	inet_pton(AF_INET6, "::ffff:192.0.2.1", v.words);
	encoded("network",
		"{port: 443, host: 192.0.2.1, large: 5, v4: 198.51.100.7, v6: '2001:db8::1', "
		"words: '::ffff:192.0.2.1'}",
		&v, sizeof(v));
	v.host = htobe32(16);
	encoded("network",
		"{port: 443, host: 0x10, large: 5, v4: 0xc6336407, v6: '2001:db8::1', "
		"words: [0, 0, 0xffff, 192.0.2.1]}",
		&v, sizeof(v));
	refused("network", "{port: 65536}",
		"f:1:8: v.port: 65536 does not fit into __be16 (0..65535)");
	refused("network", "{host: 192.0.2}",
		"f:1:8: v.host: expected a number for __be32, as in 10 or 0xa, or an address as in "
		"192.0.2.1, got \"192.0.2\"");
	refused("network", "{v4: '::1'}",
		"f:1:6: v.v4: expected an IPv4 address or a list, got \"::1\"");
	refused("network", "{v6: 192.0.2.1}",
		"f:1:6: v.v6: expected an IPv6 address or a list, got \"192.0.2.1\"");
}

static void an_address_struct_is_an_address(void **state)
{
	VALUE(sockets, v);
	inet_pton(AF_INET, "192.0.2.1", &v.address);
	v.plain = 9;
	encoded("sockets", "{address: 192.0.2.1, plain: 9}", &v, sizeof(v));
	encoded("sockets", "{address: {s_addr: 192.0.2.1}, plain: 9}", &v, sizeof(v));
	refused("sockets", "{address: nowhere}",
		"f:1:11: v.address: expected an IPv4 address or a mapping, got \"nowhere\"");
}

static void an_enum_is_one_of_its_members(void **state)
{
	VALUE(colors, v);
	v.color = COLOR_GREEN;
	v.pair[0] = COLOR_DEEP;
	v.pair[1] = COLOR_DEEP;
	encoded("colors", "{color: 2, pair: [COLOR_DEEP, -5]}", &v, sizeof(v));
	refused("colors", "{color: COLOR_GREN}",
		"f:1:9: v.color: COLOR_GREN is no member of enum color, did you mean 'COLOR_GREEN'?");
	refused("colors", "{color: 3}", "f:1:9: v.color: 3 is no member of enum color");
	refused("colors", "{color: [1]}",
		"f:1:9: v.color: expected a member of an enum, got a list");
}

static void bit_fields_lie_where_the_compiler_puts_them(void **state)
{
	VALUE(flags, v);
	v.a = 5;
	v.b = -16;
	v.c = 0x7fffff;
	v.d = true;
	v.e = 0x123456789aULL;
	v.f = COLOR_GREEN;
	v.g = 0xff;
	encoded("flags",
		"{a: 5, b: -16, c: 0x7fffff, d: true, e: 0x123456789a, f: COLOR_GREEN, g: 255}", &v,
		sizeof(v));
	refused("flags", "{a: 8}", "f:1:5: v.a: 8 does not fit into 3 bits of __u32 (0..7)");
	refused("flags", "{b: 16}", "f:1:5: v.b: 16 does not fit into 5 bits of __s32 (-16..15)");
	refused("flags", "{b: -17}", "f:1:5: v.b: -17 does not fit into 5 bits of __s32 (-16..15)");
	refused("flags", "{f: COLOR_DEEP}",
		"f:1:5: v.f: COLOR_DEEP does not fit into 4 bits of color (0..15)");
}

#define NESTED "{one: {y: 2, x: 1}, many: [{x: 3, y: 4}, {x: 5, y: 6}], hidden: 7, deep: 8, "

static void anonymous_members_are_their_owners(void **state)
{
	VALUE(nested, v);
	v.one = (struct inner){1, 2};
	v.many[0] = (struct inner){3, 4};
	v.many[1] = (struct inner){5, 6};
	v.hidden = 7;
	v.deep = 8;
	v.low = 9;
	v.high = 10;
	v.choice.byte = 11;
	encoded("nested", NESTED "high: 10, low: 9, choice: {byte: 11}}", &v, sizeof(v));
	v.number = 0;
	strcpy(v.text, "abc");
	v.choice.word = UINT64_MAX;
	encoded("nested", NESTED "text: abc, choice: {word: 18446744073709551615}}", &v, sizeof(v));
}

static void a_union_has_exactly_one_member(void **state)
{
	refused("nested", NESTED "number: 1, text: abc, choice: {byte: 1}}",
		"f:1:88: v: 'text' is the second member of a union: keep one of them");
	refused("nested", NESTED "number: 1, low: 1, choice: {byte: 1}}",
		"f:1:88: v: 'low' is the second member of a union: keep one of them");
	refused("nested", NESTED "choice: {byte: 1}}",
		"f:1:1: v: one member of the union is missing: 'number', 'text'");
	refused("nested", NESTED "low: 1, choice: {byte: 1}}",
		"f:1:1: v: 1 field of 'nested' is missing: 'high'");
	refused("nested", NESTED "number: 1, choice: {}}",
		"f:1:96: v.choice: one member of the union is missing: 'byte', 'word'");
	refused("nested", NESTED "number: 1, choice: {byte: 1, word: 1}}",
		"f:1:106: v.choice: 'word' is the second member of a union: keep one of them");
}

static void what_the_kernel_keeps_is_left_out(void **state)
{
	VALUE(locked, v);
	v.count = 3;
	encoded("locked", "{count: 3}", &v, sizeof(v));
	refused("locked", "{count: 3, lock: {val: 0}}",
		"f:1:18: v.lock: this is kept by the kernel, and has to begin as zero: leave it out");
}

static void what_cannot_be_written_is_refused_with_the_reason(void **state)
{
	VALUE(pointer_or_number, v);
	v.number = 7;
	encoded("pointer_or_number", "{number: 7}", &v, sizeof(v));
	refused("pointer_or_number", "{pointer: 7}",
		"f:1:11: v.pointer: this cannot be written as text: it is a pointer, which has no "
		"meaning outside of the kernel");
	fixture_plan_refused("with_pointer", "'with_pointer' cannot be written as text: it has the "
					     "field 'pointer', which is a pointer");
	fixture_plan_refused("with_float", "'number', which is a floating point number");
	fixture_plan_refused("with_wide", "'wide', which is an enum of 64 bits");
	fixture_plan_refused("flexible", "'items', which is a flexible array");
	fixture_plan_refused("all", "'with_pointer', which has the field 'pointer', which is a");
	fixture_plan_refused("__int128", "is an integer of 128 bits");
}

static void prefixes_are_written_as_prefixes(void **state)
{
	VALUE(prefix4, v4);
	v4.length = 24;
	inet_pton(AF_INET, "192.0.2.0", v4.data);
	encoded("prefix4", "192.0.2.0/24", &v4, sizeof(v4));
	encoded("prefix4", "{length: 24, data: 192.0.2.0}", &v4, sizeof(v4));

	VALUE(prefix6, v6);
	v6.length = 32;
	inet_pton(AF_INET6, "2001:db8::", v6.data);
	encoded("prefix6", "2001:db8::/32", &v6, sizeof(v6));

	VALUE(prefix4, any);
	encoded("prefix4", "0.0.0.0/0", &any, sizeof(any));

	VALUE(prefix_mixed, mixed);
	mixed.length = 16 + 8;
	mixed.zone = 5;
	mixed.data[0] = 10;
	encoded("prefix_mixed", "{length: 24, zone: 5, data: 10.0.0.0, rest: 0}", &mixed,
		sizeof(mixed));
}

static void prefixes_have_no_bits_beyond_their_length(void **state)
{
	refused("prefix4", "192.0.2.1/24",
		"f:1:1: v: the address has bits beyond its prefix of 24: clear them");
	refused("prefix4", "192.0.2.0/33",
		"f:1:1: v: the prefix is longer than the 32 bits of the address");
	refused("prefix4", "192.0.2.0",
		"f:1:1: v: expected a prefix as in 192.0.2.0/24, or a mapping, got \"192.0.2.0\"");
	refused("prefix4", "'2001:db8::/32'",
		"f:1:1: v: expected a prefix as in 192.0.2.0/24, or a mapping, got "
		"\"2001:db8::/32\"");
	refused("prefix4", "{length: 24, data: 192.0.2.1}",
		"f:1:1: v: the key has bits beyond its prefix of 24: clear them");
	refused("prefix4", "{length: 33, data: 0.0.0.0}",
		"f:1:1: v: a prefix of 33 bits is longer than the 32 that the key has");
	refused("prefix_mixed", "10.0.0.0/8",
		"f:1:1: v: expected a mapping of fields, got \"10.0.0.0/8\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_become_what_the_compiler_makes_of_them),
		cmocka_unit_test(integers_are_never_cut),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(fields_are_all_there_and_known),
		cmocka_unit_test(texts_become_strings_and_bytes),
		cmocka_unit_test(texts_are_never_cut),
		cmocka_unit_test(network_order_is_kept),
		cmocka_unit_test(an_address_struct_is_an_address),
		cmocka_unit_test(an_enum_is_one_of_its_members),
		cmocka_unit_test(bit_fields_lie_where_the_compiler_puts_them),
		cmocka_unit_test(anonymous_members_are_their_owners),
		cmocka_unit_test(a_union_has_exactly_one_member),
		cmocka_unit_test(what_the_kernel_keeps_is_left_out),
		cmocka_unit_test(what_cannot_be_written_is_refused_with_the_reason),
		cmocka_unit_test(prefixes_are_written_as_prefixes),
		cmocka_unit_test(prefixes_have_no_bits_beyond_their_length),
	};

	return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
