#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The policy's keys, one by one: with another value the kernel decides otherwise. What the other
# suites turn (mode, version, domains, path, launch, pins) is not turned again here.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

digest_of() {
	sha256sum "$1" | cut -d ' ' -f 1
}

variants_make() {
	for file in any other; do
		cp $here/victim $here/$file && echo $file >>$here/$file || return 1
	done
	cp $here/libvictim-evil.so $here/plugin.so && echo plugin >>$here/plugin.so
	any=$(digest_of $here/any)
	plugin=$(digest_of $here/plugin.so)
	size=$(wc -c <$here/any)
	zero=0000000000000000000000000000000000000000000000000000000000000000
}

# keys DIGEST SIZE PLUGIN [SED-EXPRESSION]...: the image with these values
keys() {
	digest=$1 bytes=$2 library=$3
	shift 3
	image keys "s/version: 1/version: $version/" "s/DIGEST/$digest/" "s/SIZE/$bytes/" \
		"s/PLUGIN/$library/" "$@"
}

# put KEYS...: in force, whether it weakens or not
put() {
	version=$((version + 1))
	img=$(keys "$@") && holdfast guard reload "$img" --secret-fd 3 3<"$secret"
}

maps() {
	said=$(probe as ask victim map "$1") || return 3
	return "$said"
}

lost() {
	status_number lost
}

# by tasks enough that none makes too many of them to have events of their own
burst_loses() {
	exits 1 probe as burst 50 "$id" 20 && [ "$(lost)" -gt 0 ]
}

burst_keeps() {
	exits 1 probe as burst 50 "$id" 20 && [ "$(lost)" -eq 0 ]
}

# A ring is made with the guard, not by a reload; the victim gets its label when it is started.
up_again() {
	guard_down && daemon_stop && kill -9 "$(state pid)" && daemon_start &&
		img=$(keys "$any" "$size" "$plugin" "$@") && guard_up "$img" &&
		guest-ctl spawn system.slice/victim.service "$here/victim" victim >/dev/null &&
		guest-ctl until 20 probe as ask victim state >/dev/null && id=$(state map)
}

version=1
check "the files are made" variants_make
img=$(keys "$any" "$size" "$plugin") || exit 1
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$img"
need "the victim and its neighbour start" targets_start
id=$(state map)

check "events.ring: a small one loses events of a burst, and counts them" burst_loses
check "executables.digest: the file with that content has the label" exits 0 $here/any peek "$id"
check "libraries.digest: content that is named is mapped" exits 0 maps $here/plugin.so
check "domains.mode: enforce refuses" exits 1 probe map-update

check "a policy with other values goes in force" \
	put "$zero" "$size" "$zero" 's/^    mode: enforce/    mode: observe/'
check "domains.mode: observe lets through, though the policy's mode is enforce" \
	exits 0 probe map-update
check "a policy that enforces goes in force" put "$zero" "$size" "$zero"
check "executables.digest: with another one it is a stranger" exits 1 $here/any peek "$id"
check "libraries.digest: other content is not mapped" exits 1 maps $here/plugin.so
check "a policy with another size goes in force" put "$any" "$((size + 1))" "$plugin"
check "executables.size: a file of another size is a stranger" exits 1 $here/any peek "$id"
check "the guard comes up with a larger ring" up_again 's/64KiB/1MiB/'
check "events.ring: it loses none of the same burst" burst_keeps
check "the guard goes down by the operator" guard_down
exit $failed
