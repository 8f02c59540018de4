#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fuzzes each target for a while, from the seeds of the tree; what is found is kept in the build
# folder. TAP.
#
# usage: run.sh BUILD [SECONDS]
set -u

here=$(cd "$(dirname "$0")" && pwd)
build=$1
seconds=${2:-60}
count=0
failed=0

ninja -C "$build" fuzzers >/dev/null || exit 2
for target in audit yaml lock image elf control event-explain event-replay event-text object \
	proc-text \
	record data btf-plan doc-quick translated p7s \
	posture-text posture-kconfig posture-baseline posture-record \
	evidence-note evidence-checkpoint evidence-bundle evidence-proof evidence-policy \
	evidence-recover evidence-witness export; do
	found=$build/tests/fuzz/found-$target
	dictionary=$here/$target.dict
	mkdir -p "$found/corpus"
	options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
		-artifact_prefix="$found/")
	if [ -e "$dictionary" ]; then
		options+=(-dict="$dictionary")
	fi

	count=$((count + 1))
	if "$build/tests/fuzz/fuzz-$target" "${options[@]}" "$found/corpus" "$here/corpus/$target" \
		>"$found/log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log")
		echo "ok $count - $target, $runs runs in $seconds s"
	else
		echo "not ok $count - $target, see $found"
		tail -n 30 "$found/log" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
done
echo "1..$count"
exit $((failed > 0))
