#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Unpacks the packages of peers.list into the cache, by the machine's own apt configuration, and
# prints the folder. Nothing is installed, nothing is started. One that is there stays.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/holdfast}
mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$here/peers.list")
peers=$cache/peers

mkdir -p "$cache"
exec 9>"$cache/peers.lock"
flock 9
if ! cmp -s "$here/peers.list" "$peers/done"; then
	new=$(mktemp -d "$cache/peers.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	mkdir "$new/debs"
	chmod 755 "$new" "$new/debs"
	(cd "$new/debs" && apt-get -qq download "${wanted[@]}" >"$new/log" 2>&1) || {
		echo "peers: cannot download: $(tail -n 1 "$new/log")" >&2
		exit 1
	}
	for deb in "$new"/debs/*.deb; do
		dpkg-deb -x "$deb" "$new"
	done
	rm -rf "$new/debs" "$new/log" "$peers"
	cp "$here/peers.list" "$new/done"
	mv "$new" "$peers"
	trap - EXIT
fi
echo "$peers"
