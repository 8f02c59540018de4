#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Leaves out one room of the guard after the other and runs the demo, which must notice: it exits
# non-zero, and a row of its table shows an attack that succeeds although the guard is up. Then
# again with a guard that heeds its own proof: it must notice by itself, and not come up. First the
# demo with every room: no row may say so.
#
# usage: sabotage.sh [--part=K/N | ROOM...]
#
# If no ROOM is given, all of src/bpf/meson.build's list; --part takes every N'th of it, from the
# K'th.
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

# What is installed, and what else the demo carries into its guest; not the tests of the host.
carried() {
	local ours='src/drill|src/export|src/libholdfast|tests/demo'

	ninja -C "$1" -t targets all | sed 's/: [^:]*$//' |
		grep -xE "holdfastd?|($ours)/[^/]*|tests/guest/guest-init"
}

# build_without ROOM DIR PROOF: only what they change is built again; with every room, nothing if
# that is there
build_without() {
	local -a targets

	if [ -z "$1" ] && [ -f "$2/build.ninja" ]; then
		mapfile -t targets < <(carried "$2")
		ninja -C "$2" "${targets[@]}"
		return
	fi
	# a folder from before an option was there does not take it
	if ! { [ -f "$2/build.ninja" ] &&
		meson configure "$2" "-Dsabotage=$1" "-Dproof=$3"; }; then
		rm -rf "$2"
		meson setup "$2" "-Dsabotage=$1" "-Dproof=$3" || return 1
	fi
	ninja -C "$2" build.ninja || return 1
	mapfile -t targets < <(carried "$2")
	ninja -C "$2" "${targets[@]}"
}

# run_room ROOM DIR PROOF: `-` is none. Results are left in files, for jobs end in any order.
run_room() {
	local room=${1#-} base=$logs/$1-$3 code=0

	if ! build_without "$room" "$2" "$3" >"$base.build" 2>&1; then
		echo build >"$base.code"
		return
	fi
	if [ -z "$room" ] || [ "$3" = false ]; then
		unset UP_ONLY
	else
		export UP_ONLY=yes
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

# The rows of the demo's table that say WHAT of an attack with the guard up: rows_that WHAT FILE
rows_that() {
	sed -n "s/^[A-Z][0-9][0-9] \{1,\}succeeds \{1,\}$1 .*/&/p" "$2"
}

# judge ROOM PROOF: what the demo made of it
judge() {
	local base=$logs/$1-$2 code open shut good=1 name

	code=$(cat "$base.code")
	if [ "$code" = build ]; then
		tell 1 "${1#-} builds without the room"
		tail -n 15 "$base.build" | sed 's/^/# /'
		return
	fi
	open=$(rows_that succeeds "$base.out" | wc -l)
	shut=$(rows_that refused "$base.out" | wc -l)
	if [ "$1" = - ]; then
		name="with every room, the demo refuses every attack"
		[ "$code" -ne 0 ] || [ "$open" -ne 0 ] || [ "$shut" -eq 0 ] || good=0
	elif [ "$2" = true ]; then
		name="without $1, holdfastd notices and the guard does not come up"
		! grep -q '^WRONG: the guard does not come up.*does not enforce' "$base.out" ||
			[ "$code" -eq 0 ] || good=0
	else
		name="without $1, the demo shows attacks that succeed"
		[ "$code" -eq 0 ] || [ "$open" -eq 0 ] || good=0
	fi
	tell "$good" "$name"
	if [ "$1" != - ] && [ "$2" = false ]; then
		rows_that succeeds "$base.out" | sed 's/^/#   /'
	else
		sed -n 's/^WRONG: /#   /p' "$base.out" | sort -u | head -n 3
	fi
	if [ "$good" -ne 0 ]; then
		echo "# exit code $code, $open attacks succeed; see build/test-logs/sabotage/$1-$2.*"
		tail -n 6 "$base.out" | sed 's/^/# /'
		sed 's/^/# /' "$base.err"
	fi
}

# What these keep none of the demo's agents has, nor its policy: the suites rows and respite show
# it, and mutants of theirs.
in_demo() {
	case $1 in
	- | closed | sockets) return 1 ;;
	esac
}

worker() {
	local room dir

	while read -r room; do
		dir=build-sabotage-worker-$1
		[ "$room" != - ] || dir=build
		run_room "$room" "$dir" true
		! in_demo "$room" || run_room "$room" "$dir" false
	done
}

part=0/1
case ${1:-} in
--part=*/*) part=${1#--part=} && shift ;;
esac
[ $# -gt 0 ] || mapfile -t asked < <(all_rooms |
	awk -v which="${part%/*}" -v of="${part#*/}" 'NR % of == which % of')
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
	judge "$room" true
	! in_demo "$room" || judge "$room" false
done
echo "1..$number"
exit "$failed"
