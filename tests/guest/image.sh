#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Packs the initramfs that every suite shares, from a build folder, and prints its path:
# image.sh BUILD. In it: the build as `make install` lays it out, and at /opt/tests the build's
# tests/guest programs, the examples, the suites' scripts, and what these compare with.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${1:?usage: image.sh BUILD}
case $build in /*) ;; *) build=$top/$build ;; esac

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/opt/tests"

# At its own prefix, whatever that is: paths are compiled in.
if ! DESTDIR=$stage meson install -C "$build" --no-rebuild --quiet >"$build/install.log" 2>&1; then
	cat "$build/install.log" >&2
	exit 1
fi

# its libraries would be half of the image, and no suite serves metrics
find "$stage" -name holdfast-metrics -delete

find "$build/tests/guest" -maxdepth 1 -type f \( -perm -u+x -o -name '*.test.bpf.o' \) \
	! -name guest-init \
	-exec cp -a {} "$stage/opt/tests/" \;
find "$build/examples" -maxdepth 1 -type f \( -perm -u+x -o -name '*.bpf.o' \) \
	-exec cp -a {} "$stage/opt/tests/" \;
if [ -d "$here/suites" ]; then
	cp -a "$here/suites/." "$stage/opt/tests/"
fi

# Of who may sign policies, and of who may not. RSA: what 6.1 verifies.
keys=$build/guest-keys
if [ ! -f "$keys/done" ]; then
	mkdir -p "$keys"
	for name in trusted other curve; do
		kind=rsa:2048
		[ "$name" != curve ] || kind='ec -pkeyopt ec_paramgen_curve:P-256'
		# shellcheck disable=SC2086 # words
		openssl req -x509 -newkey $kind -nodes -days 3650 -subj "/CN=$name" \
			-keyout "$keys/$name.key" -out "$keys/$name.pem" 2>"$keys/log"
		openssl x509 -in "$keys/$name.pem" -outform DER -out "$keys/$name.der"
	done
	touch "$keys/done"
fi
cp -a "$keys" "$stage/opt/tests/keys.d"

"$here/signed.sh" "$build"
cp -a "$build/guest-signed" "$stage/opt/tests/signed.d"

cp "$top/tests/bench/verifier.tsv" "$stage/opt/tests/"
mkdir "$stage/opt/tests/freeze.d"
cp "$here"/freeze/*.txt "$stage/opt/tests/freeze.d/"

"$here/mkinitramfs.sh" "$build/guest.cpio" --init "$build/tests/guest/guest-init" --overlay "$stage"
echo "$build/guest.cpio"
