#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Leaves out one room of the guard after the other and runs the demo, which must notice: it exits
# non-zero, and a row of its table shows an attack that succeeds although the guard is up. First
# the demo with every room: it must not say so.
#
# usage: sabotage.sh [ROOM...]     all of src/bpf/meson.build's list, if there is none
#
# KERNEL=NAME   a row of tools/kernels.list (6.12)
# JOBS=N        guests at a time (as many as processors)
set -eu

cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
export KERNEL=${KERNEL:-6.12}
logs=$PWD/build/test-logs/sabotage

all_rooms() {
	sed -n '/^rooms = \[/,/^\]/s/^ *'\''\([a-z_]*\)'\'',$/\1/p' src/bpf/meson.build
}

# build_without ROOM DIR: only what the room changes is built again
build_without() {
	if [ -f "$2/build.ninja" ]; then
		meson configure "$2" "-Dsabotage=$1"
	else
		meson setup "$2" "-Dsabotage=$1"
	fi && ninja -C "$2"
}

# run_room ROOM DIR: `-` is none. Results are left in files, for jobs end in any order.
run_room() {
	local room=${1#-} base=$logs/$1 code=0

	if ! build_without "$room" "$2" >"$base.build" 2>&1; then
		echo build >"$base.code"
		return
	fi
	BUILD=$2 tests/demo/run.sh </dev/null >"$base.out" 2>"$base.err" || code=$?
	echo "$code" >"$base.code"
}

number=0
failed=0

tell() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=1
	fi
}

# What shows that an attack succeeds with the guard up: a row of the table, or, where that is what
# holdfastd tries on itself before it is armed, its own proof.
evidence() {
	local proof='the guard is attached but does not enforce'

	sed -n -e 's/^[A-Z][0-9][0-9] \{1,\}succeeds \{1,\}succeeds .*/&/p' \
		-e "s/^.*$proof: \(.* went through\).*/its proof: \1/p" "$1"
}

# judge ROOM: what the demo made of it
judge() {
	local base=$logs/$1 code open good
	code=$(cat "$base.code")
	if [ "$code" = build ]; then
		tell 1 "${1#-} builds without the room"
		tail -n 15 "$base.build" | sed 's/^/# /'
		return
	fi
	open=$(evidence "$base.out" | wc -l)
	if [ "$1" = - ]; then
		good=$((code != 0 || open != 0))
		tell $good "with every room, the demo refuses every attack"
	else
		good=$((code == 0 || open == 0))
		tell $good "without $1, the demo shows attacks that succeed"
		evidence "$base.out" | sed 's/^/#   /'
	fi
	if [ "$good" -ne 0 ]; then
		echo "# exit code $code, $open attacks succeed; see build/test-logs/sabotage/$1.*"
		tail -n 6 "$base.out" | sed 's/^/# /'
		sed 's/^/# /' "$base.err"
	fi
}

worker() {
	local room

	while read -r room; do
		run_room "$room" "build-sabotage-worker-$1"
	done
}

[ $# -gt 0 ] || mapfile -t asked < <(all_rooms)
rooms=(- "${@:-${asked[@]}}")
rm -rf "$logs"
mkdir -p "$logs"

for ((i = 0; i < jobs; i++)); do
	for ((k = i; k < ${#rooms[@]}; k += jobs)); do
		echo "${rooms[k]}"
	done | worker "$i" &
done
wait

for room in "${rooms[@]}"; do
	judge "$room"
done
echo "1..$number"
exit "$failed"
