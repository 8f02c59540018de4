#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Signs the guard's object for holdfastd, which loads no other: Ed25519 over the file's bytes.
#
# usage: sign-object.sh OBJECT SIGNATURE PUBLIC [KEY]
#
# SIGNATURE and PUBLIC are written raw (64 and 32 bytes). KEY is a private key in PEM; without it
# one is made, used once and thrown away.
set -eu

object=$1 signature=$2 public=$3 key=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "$key" ]; then
	key=$work/key.pem
	openssl genpkey -algorithm ed25519 -out "$key"
elif ! openssl pkey -in "$key" -noout -text | grep -qi '^ED25519 Private-Key'; then
	echo "sign-object: $key is no private Ed25519 key in PEM: openssl genpkey -algorithm ed25519" >&2
	exit 1
fi
openssl pkeyutl -sign -rawin -inkey "$key" -in "$object" -out "$signature"
# the last 32 bytes of it are the key
openssl pkey -in "$key" -pubout -outform DER | tail -c 32 >"$public"
