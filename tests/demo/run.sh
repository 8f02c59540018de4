#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The demo on the host: packs the build and the tools to be attacked, boots one guest, shows what
# demo.sh reports there, and exits non-zero unless all of it is as it should be. On a terminal it
# says how far it is; in a pipe only the report is printed.
#
# BUILD=DIR     the build (build)
# KERNEL=NAME   a row of tools/kernels.list (6.12)
# VERBOSE=1     say how far it is in a pipe as well
set -eu

cd "$(dirname "$0")/../.."
build=${BUILD:-build}
kernel=${KERNEL:-6.12}
log=$build/demo-$kernel.log

# What attacks and is not in every guest.
with=()
for tool in /usr/bin/prlimit /usr/bin/chrt /usr/bin/renice; do
	with+=(--with-binary "$tool")
done

pack() {
	local stage

	# called where a failure does not end the script by itself
	stage=$(mktemp -d) || return 1
	# shellcheck disable=SC2064 # this folder, not a later one
	trap "rm -rf '$stage'" EXIT
	mkdir -p "$stage/opt/demo" || return 1
	DESTDIR=$stage meson install -C "$build" --no-rebuild --quiet || return 1
	for helper in egress preload.so probe rogue tty-log; do
		cp "$build/tests/demo/demo-$helper" "$stage/opt/demo/$helper" || return 1
	done
	cp tests/demo/demo.sh policies/demo.yaml "$stage/opt/demo/" || return 1
	tests/guest/mkinitramfs.sh "$build/demo.cpio" --init "$build/tests/guest/guest-init" \
		--overlay "$stage" "${with[@]}"
}

if ! pack >"$build/demo-pack.log" 2>&1; then
	cat "$build/demo-pack.log" >&2
	exit 1
fi

verdict='[0-9]+ of [0-9]+ attacks refused, [0-9]+ of [0-9]+ controls allowed'
marks='='
if [ -t 1 ] || [ -n "${VERBOSE:-}" ]; then
	marks='[=~]'
fi
code=0
# the guest's own last line is not the demo's
{
	tests/guest/run.sh --kernel "$kernel" --initramfs "$build/demo.cpio" --deadline 900 \
		--log "$log" --run "/opt/demo/demo.sh${UP_ONLY:+ up}" 2>"$log.err" || echo "exit $?" >&3
} 3>"$log.code" | sed -un "s/^$marks \{0,1\}//p"

if [ -s "$log.code" ]; then
	code=$(sed -n 's/^exit //p' "$log.code")
	cat "$log.err" >&2
elif ! grep -qE "^= $verdict\$" "$log"; then
	echo "demo: the guest said nothing of attacks and controls: see $log" >&2
	code=1
fi
rm -f "$log.code" "$log.err"
exit "$code"
