#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which programs of the guard refuse each technique of the drill: a build of its own leaves them out
# while the guard is up, in one guest for each kernel. What goes through is held against
# tests/drill/hooks.tsv, and left in build/drill/KERNEL-without.json.
#
# usage: without.sh [--part=K/N]
#
# Without a part every technique that a guard refuses is tried, and what is not as the table says is
# searched for, which takes minutes; hooks.py --take writes the table from what was found. With one,
# of the K'th of N parts of the techniques only what the table says.
#
# BUILD=DIR    the build whose image is the guest's (build)
# KERNEL=NAME  only that row of tools/kernels.list
set -eu

cd "$(dirname "$0")/../.."
build=${BUILD:-build}
out=$build/drill
with=$PWD/build-leave-out
part=
case ${1:-} in
--part=*/*) part=${1#--part=} ;;
esac
mkdir -p "$out"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

kernels() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "${HOLDFAST_KERNELS:-tools/kernels.list}" |
		awk -v name="${KERNEL:-}" 'name == "" || $1 == name { print $1 }'
}

option() {
	meson introspect --buildoptions "$build" |
		python3 -c "import json, sys
print(next(o['value'] for o in json.load(sys.stdin) if o['name'] == '$1'))"
}

# At the paths of the build whose image it lies over: they are compiled in.
build_with() {
	[ -f "$with/build.ninja" ] || meson setup "$with" -Dleave_out=true -Dproof=false \
		--prefix="$(option prefix)" || return 1
	ninja -C "$with" holdfast holdfastd
}

# overlay KERNEL: what its guest has instead
overlay() {
	local prefix root=$stage/root

	prefix=$(option prefix)
	rm -rf "$root"
	mkdir -p "$root/opt/tests" "$root$prefix/bin" "$root$prefix/$(option sbindir)"
	cp "$with/holdfast" "$root$prefix/bin/"
	cp "$with/holdfastd" "$root$prefix/$(option sbindir)/"
	tests/drill/hooks.py --ask "$1" ${part:+"$part"} >"$root/opt/tests/without.known" || return 1
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$stage/overlay.cpio"
}

tests/guest/image.sh "$build" >/dev/null
if ! build_with >"$out/leave-out.log" 2>&1; then
	echo "not ok - a guard is built that programs can be left out of"
	tail -n 20 "$out/leave-out.log" | sed 's/^/# /'
	exit 1
fi
mode=search
[ -z "$part" ] || mode=known
failed=0
for kernel in $(kernels); do
	log=$out/$kernel-without.log
	overlay "$kernel" || exit 1
	tests/guest/run.sh --kernel "$kernel" --initramfs "$build/guest.cpio" \
		--overlay "$stage/overlay.cpio" --deadline 1800 --quiet --log "$log" \
		--run "/opt/tests/without.sh $mode" >/dev/null || failed=1
	grep '^not ok' "$log" || true
	tests/drill/hooks.py --judge "$kernel" "$log" "$out/$kernel-without.json" \
		${part:+"$part"} || failed=1
done
exit $failed
