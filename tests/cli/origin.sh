#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# holdfastd loads no guard but the one that was signed when it was built. TAP.
#
# usage: origin.sh HOLDFASTD OBJECT SIGNATURE PUBLIC SIGN-OBJECT
set -u

daemon=$(realpath "$1") object=$(realpath "$2") signature=$(realpath "$3")
public=$(realpath "$4") sign=$(realpath "$5")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' log
		failed=1
	fi
}

ok() {
	local name=$1
	shift
	"$@" >log 2>&1
	result $? "$name"
}

# altered FILE WHAT: a copy of holdfastd with the first byte changed of what is in it as FILE
altered() {
	python3 - "$daemon" "$1" "$2" <<-'E'
		import sys
		daemon, part, to = sys.argv[1:]
		data, part = bytearray(open(daemon, "rb").read()), open(part, "rb").read()
		place = data.find(part)
		assert place > 0 and data.find(part, place + 1) < 0
		data[place + len(part) // 2] ^= 1
		open(to, "wb").write(data)
	E
	chmod +x "$2"
}

refused() {
	altered "$1" ./altered && ! ./altered --version &&
		grep -q 'not the one that was signed when it was built' log
}

says() {
	./holdfastd --version >said && grep -qx "guard     sha256:$(sha256sum <"$object" | cut -c 1-64)" said &&
		grep -qx "signed by ed25519:$(od -An -v -tx1 "$public" | tr -d ' \n')" said
}

# As anybody can who has the public key.
verifies() {
	{ printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00' && cat "$public"; } >key.der &&
		openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey key.der -in "$object" \
			-sigfile "$signature"
}

builder_signs() {
	openssl genpkey -algorithm ed25519 -out builder.pem && "$sign" "$object" sig pub builder.pem &&
		openssl pkey -in builder.pem -pubout -outform DER | tail -c 32 | cmp - pub &&
		"$sign" "$object" again pub builder.pem && cmp sig again
}

other_key_refused() {
	openssl genpkey -algorithm ed448 -out other.pem && ! "$sign" "$object" sig pub other.pem &&
		grep -q 'no private Ed25519 key' log
}

cp "$daemon" holdfastd
ok "holdfastd says which guard is in it, and who signed that" says
ok "openssl verifies the signature" verifies
ok "a guard that was altered is not loaded" refused "$object"
ok "nor one with another signature" refused "$signature"
ok "nor one of another key" refused "$public"
ok "a builder signs by his key, the same each time" builder_signs
ok "who has another kind of key is told so" other_key_refused
echo "1..$count"
exit $failed
