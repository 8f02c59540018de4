#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the programs that tests/counterparts holds ours against, and prints their folder: Debian's
# Go and Go libraries are unpacked into a cache, our programs over them are built, the rest goes
# again. Nothing is installed. Each folder is named by a digest of what it is made from, and is made
# once.
#
# usage: fetch-counterparts.sh stable      xmod: golang.org/x/mod, of this machine's release
#        fetch-counterparts.sh unstable    unstable: Tessera and torchwood; litewitness, witnessctl
#                                          and an agent for its key, with their loader
#
# In it is also `versions`, what it was made from. What is in unstable alone may not fit together on
# some day: exit status 1, as for an archive that cannot be reached.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
programs=$here/../tests/counterparts
cache=${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/holdfast}/counterparts

case ${1:-} in
stable)
	# shellcheck source=/dev/null
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
	source=xmod
	packages=(golang-go golang-golang-x-mod-dev)
	tools=()
	;;
unstable)
	suite=sid
	source=unstable
	packages=(base-files golang-go golang-golang-x-mod-dev golang-filippo-torchwood-dev
		golang-github-transparency-dev-tessera-dev torchwood openssh-client)
	tools=(litewitness witnessctl ssh-agent ssh-add ssh-keygen)
	;;
*)
	echo "usage: fetch-counterparts.sh stable|unstable" >&2
	exit 2
	;;
esac
digest=$({ echo "${packages[*]} ${tools[*]}" && cat "$programs/$source.go"; } | sha256sum)
out=$cache/$1-${digest:0:16}

# Unpacks the packages and what they depend on, from the machine's own mirror, by its own settings.
unpack() {
	local root=$1 main sec

	read -r main sec < <("$here/fetch-kernels.sh" --mirrors)
	: "$sec"
	{
		apt-config dump Acquire::http::Proxy
		apt-config dump Acquire::https::Proxy
		apt-config dump Acquire::Check-Valid-Until
	} >"$root.conf"
	mmdebstrap --quiet --variant=extract --aptopt="$root.conf" \
		--include="$(IFS=,; echo "${packages[*]}")" "$suite" "$root" "deb $main $suite main"
}

# Where the packages lie, since Go that was built for another release runs there alone.
build() {
	local root=$1 go

	go=$(cd "$root/usr/lib" && echo go-1.*)
	mkdir "$root/build"
	cp "$programs/$source.go" "$root/build/"
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/build GOROOT="/usr/lib/$go" \
		GOPATH=/usr/share/gocode GOCACHE=/build/cache GOTELEMETRY=off \
		GO111MODULE=off CGO_ENABLED=0 GOFLAGS= \
		chroot "$root" "/usr/lib/$go/bin/go" build -trimpath -ldflags=-s -o "/build/$source" \
		"/build/$source.go"
}

# Newer than this machine, so the libraries come along: run it by `DIR/ld-linux-x86-64.so.2
# --library-path DIR DIR/TOOL`.
take_tools() {
	local root=$1 to=$2 tool library
	local libraries=$root/usr/lib/x86_64-linux-gnu loader=$root/lib64/ld-linux-x86-64.so.2

	cp -L "$loader" "$to/"
	for tool in "${tools[@]}"; do
		cp "$root/usr/bin/$tool" "$to/"
		"$loader" --library-path "$libraries" --list "$root/usr/bin/$tool" |
			awk '$3 ~ /^\// { print $3 }' | while read -r library; do
			cp -L "$library" "$to/"
		done
	done
}

versions() {
	local package

	for package in "${packages[@]}"; do
		zcat -f "$1/usr/share/doc/$package"/changelog*.gz 2>/dev/null | sed -n '1s/;.*//p' ||
			true
	done
}

mkdir -p "$cache"
exec 9>"$cache/lock-$1"
flock 9
if [ ! -d "$out" ]; then
	work=$(mktemp -d "$cache/work.XXXXXX")
	trap 'rm -rf --one-file-system "$work"' EXIT
	mkdir "$work/out"
	unpack "$work/root" >&2
	build "$work/root" >&2
	cp "$work/root/build/$source" "$work/out/"
	[ ${#tools[@]} -eq 0 ] || take_tools "$work/root" "$work/out"
	versions "$work/root" >"$work/out/versions"
	mv "$work/out" "$out"
fi
echo "$out"
