#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Commits take turns with what takes long. Nothing is nobody's turn: four that follow each other run
# what FULL=1 would, but for the full guest on kernels that it is not for.
set -eu

cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for turn in 4 5 6 7 8 9 10; do
	LIST=1 TURN=$turn QUICK='' FULL='' KERNEL='' tests/run.sh >"$work/$turn"
done
LIST=1 FULL=1 QUICK='' KERNEL='' tests/run.sh |
	awk -F/ '!/^full-/ || $2 == "6.12"' | sort >"$work/all"

echo 1..3
missing=
for first in 4 5 6 7; do
	for turn in 0 1 2 3; do
		cat "$work/$((first + turn))"
	done | grep -v : | sort -u >"$work/taken" # a part of a suite counts for nothing
	missing=$missing$(diff "$work/all" "$work/taken" | sed "s/^/# from $first: /")
done
if [ -s "$work/all" ] && [ -z "$missing" ]; then
	echo "ok 1 - four commits that follow each other run every suite"
else
	echo "not ok 1 - four commits that follow each other run every suite"
	echo "$missing"
fi
least=$(for turn in 4 5 6 7; do cut -d/ -f2 "$work/$turn" | sort -u | wc -l; done | sort -n | head -n 1)
if [ "$least" -eq "$(cut -d/ -f2 "$work/all" | sort -u | wc -l)" ]; then
	echo "ok 2 - each of them has every kernel"
else
	echo "not ok 2 - each of them has every kernel"
fi
most=$(for turn in 4 5 6 7; do wc -l <"$work/$turn"; done | sort -n | tail -n 1)
if [ "$most" -lt $(($(wc -l <"$work/all") * 6 / 10)) ]; then
	echo "ok 3 - none of them has more than six tenths of all"
else
	echo "not ok 3 - none of them has more than six tenths of all"
	echo "# $most of $(wc -l <"$work/all")"
fi
