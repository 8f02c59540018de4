#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The drill on each kernel of the matrix, in a guest: without a guard, under one that observes, one
# that enforces, and after it. Writes build/drill/KERNEL.json and says for each kernel how many rows
# of the catalogue are covered and how; exits non-zero if a technique is not as it should be.
#
# BUILD=DIR        the build (build)
# KERNEL=NAME      only that row of tools/kernels.list
# PROFILE=NAME     of tests/guest/run.sh: default, or confidentiality into drill/confidentiality/
# RUNS=N           so many times each; the matrices must be the same (1)
# JOBS=N           kernels at a time (2)
# SOAK=SECONDS     instead: all techniques at once, for so many seconds of the guest's time
# WITHOUT=all      instead: which programs of the guard refuse each technique (without.sh)
# TECHNIQUES=...   only those that begin so; the rest of the catalogue is not attempted
set -eu

cd "$(dirname "$0")/../.."
build=${BUILD:-build}
profile=${PROFILE:-default}
runs=${RUNS:-1}
jobs=${JOBS:-2}
out=$build/drill
[ "$profile" = default ] || out=$out/$profile
mkdir -p "$out"

kernels() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "${HOLDFAST_KERNELS:-tools/kernels.list}" |
		awk -v name="${KERNEL:-}" 'name == "" || $1 == name { print $1 }'
}

# drill KERNEL JSON: a guest, and what came out of it
drill() {
	local kernel=$1 json=$2 log=${2%.json}.log code=0 judged=0

	tests/guest/run.sh --kernel "$kernel" --profile "$profile" --initramfs "$build/guest.cpio" \
		--deadline 900 --quiet --log "$log" \
		--run "DRILL_JSON=1 /opt/tests/rows.sh ${TECHNIQUES:-}" || code=$?
	grep '^not ok' "$log" || true
	tests/drill/assemble.py "$log" "$profile" "$json" >"$log.summary" || judged=$?
	sed "s/^/$kernel: /" "$log.summary"
	[ "$code" -eq 0 ] && [ "$judged" -eq 0 ]
}

# soak KERNEL: a guest under attack by all of it
soak() {
	local log=$out/$1-soak.log code=0

	tests/guest/run.sh --kernel "$1" --profile "$profile" --initramfs "$build/guest.cpio" \
		--deadline "$((SOAK + 180))" --quiet --log "$log" \
		--run "/opt/tests/soak.sh $SOAK" || code=$?
	sed -nE "s/^(# [0-9]|ok|not ok)/$1: &/p" "$log"
	[ "$code" -eq 0 ]
}

# of_kernel KERNEL: as often as it is wanted
of_kernel() {
	local code=0 run

	if [ -n "${SOAK:-}" ]; then
		soak "$1"
		return
	fi
	drill "$1" "$out/$1.json" || code=1
	for ((run = 2; run <= runs; run++)); do
		drill "$1" "$out/$1.$run.json" || code=1
		tests/drill/compare.py "$out/$1.json" "$out/$1.$run.json" || code=1
	done
	return $code
}

case ${WITHOUT:-} in
'') ;;
all) exec tests/drill/without.sh ;;
*)
	echo "drill: WITHOUT is '$WITHOUT': it can be 'all', which leaves out one program after the other" >&2
	exit 2
	;;
esac
for number in "$runs" "$jobs"; do
	case $number in
	'' | 0* | *[!0-9]*)
		echo "drill: RUNS and JOBS are numbers from 1 on, not '$number'" >&2
		exit 2
		;;
	esac
done
tests/guest/image.sh "$build" >/dev/null
names=$(kernels)
if [ -z "$names" ]; then
	echo "drill: no kernel '${KERNEL:-}' in tools/kernels.list" >&2
	exit 1
fi
failed=0
pids=()
for kernel in $names; do
	while [ "$(jobs -pr | wc -l)" -ge "$jobs" ]; do
		wait -n || true
	done
	of_kernel "$kernel" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid" || failed=1
done
exit $failed
