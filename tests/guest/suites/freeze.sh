#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What bpf_map_freeze does to each type of map, against the table that the tree has for this kernel;
# and what a stranger can do to the maps of an agent that the guard protects, against the same
# table. `print` says each row, for tests/guest/freeze-doc.py to take.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

# the technique of map-freeze is last: the neighbour's map stays as it leaves it
acts='map-update map-delete map-take map-update-batch map-delete-batch map-mmap map-read map-program
ring-consume map-iterator map-freeze'
told=$work/told

case $(uname -r) in
7.*) table=$here/freeze.d/7.x.txt ;;
*) table=$here/freeze.d/$(uname -r | cut -d . -f 1-2).txt ;;
esac

tried() {
	timeout 100 $here/freeze >$told && grep -q '^array plain freeze ' $told
}

word() {
	case $1 in
	0) echo allowed ;;
	1) echo refused ;;
	*) echo "exit-$1" ;;
	esac
}

# row ACT: of somebody whom no policy names, and of the victim; both whole, for an element that is
# gone already has the errno of a refusal
row() {
	code=0 control=0
	for name in neighbour victim; do
		probe as ask $name reset >/dev/null
	done
	probe $1 neighbour >/dev/null 2>&1 || control=$?
	probe $1 >/dev/null 2>&1 || code=$?
	echo "guard stranger $1 $(word $control) $(word $code)"
}

rows_guarded() {
	for act in $acts; do
		row $act
	done >>$told
}

# One result for each type that the run or the table knows.
compare() {
	cut -d ' ' -f 1 $told $table | sort -u >$work/types
	while read -r type; do
		check "$type is as the table has it" same $type
	done <$work/types
}

same() {
	grep "^$1 " $table >$work/expected
	grep "^$1 " $told >$work/found
	diff -u $work/expected $work/found
}

held() {
	! grep '^guard .* allowed$' $told && ! grep '^guard stranger [^ ]* refused' $told
}

need "each act is tried on each type of map" tried
enforce=$(image rows 's/mode: observe/mode: enforce/') || exit 1
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
need "the victim and its neighbour start" targets_start
need "a stranger tries the same on an agent's maps" rows_guarded
check "M01 M13 M15 each of it is refused, and works on the neighbour's" held
[ "${1-}" != print ] || sed 's/^/# row /' $told
need "the tree has a table for this kernel" [ -s $table ]
compare
check "the guard goes down by the operator" guard_down
exit $failed
