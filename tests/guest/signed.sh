#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs that carry a signature, for suites/verdict.sh, into BUILD/guest-signed: signed.sh BUILD.
# A folder each, with files insns and sig and, of a loader program, data and hash.
#
#   plain       an ordinary program, and what is signed of it on every kernel: its instructions
#   altered     the same, with an instruction changed after
#   other       the same, signed by another key
#   cut         the same, its signature cut short
#   skeleton    a light skeleton that Debian's bpftool of the newest kernel has signed
#   loader      the same, signed as 6.18 takes it: the instructions without the data
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${1:?usage: signed.sh BUILD}
out=$build/guest-signed
keys=$build/guest-keys
object=$build/tests/guest/signed.test.bpf.o

tool=$("$top/tools/fetch-kernels.sh" --bpftool 7.x)
if [ -f "$out/done" ] && [ "$out/done" -nt "$object" ] && [ "$out/done" -nt "$keys/done" ] &&
	[ "$out/done" -nt "$0" ] && cmp -s "$out/done" "$tool/kernel"; then
	exit 0
fi

# As bpftool does it, tools/bpf/bpftool/sign.c of the kernel.
sign() {
	openssl cms -sign -binary -noattr -nocerts -nosmimecap -keyid -md sha256 \
		-in "$out/$1/insns" -signer "$keys/$2.pem" -inkey "$keys/$2.key" \
		-outform DER -out "$out/$1/sig"
}

# A string of C, out of a header that bpftool has written.
string_of() {
	printf '%b' "$(sed -n "/ $1\[\]/,/\";\$/p" "$out/skeleton.h" |
		sed -e 1d -e 's/";$//' -e 's/\\$//' | tr -d '\n')"
}

rm -rf "$out"
mkdir -p "$out"/{plain,altered,other,cut,skeleton,loader}
printf '\xb7\0\0\0\0\0\0\0\x95\0\0\0\0\0\0\0' | tee "$out"/{plain,other,cut}/insns >/dev/null
printf '\xb7\0\0\0\1\0\0\0\x95\0\0\0\0\0\0\0' >"$out/altered/insns"
sign plain trusted
sign other other
cp "$out/plain/sig" "$out/altered/sig"
head -c 100 "$out/plain/sig" >"$out/cut/sig"

"$tool/ld-linux-x86-64.so.2" --library-path "$tool" "$tool/bpftool" gen skeleton -L -S \
	-k "$keys/trusted.key" -i "$keys/trusted.pem" "$object" name signed >"$out/skeleton.h"
string_of opts_insn >"$out/skeleton/insns"
string_of opts_data >"$out/skeleton/data"
string_of opts_sig >"$out/skeleton/sig"
string_of opts_excl_hash >"$out/skeleton/hash"
cp "$out"/skeleton/{insns,data,hash} "$out/loader/"
sign loader trusted
cp "$tool/kernel" "$out/done"
