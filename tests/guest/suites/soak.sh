#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The guard under attack by every technique at once, for so many seconds: soak.sh SECONDS.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

labels() {
	holdfast guard status --json | tr -d ' ,"' |
		grep -E '^(tasks|maps|progs|links):' | tr '\n' ' '
}

as_before() {
	[ "$(labels)" = "$before" ] || { labels; echo "before: $before"; return 1; }
}

same_daemon() {
	[ "$(daemon_pid)" = "$daemon" ] && armed
}

unit='s/launch: any/launch: unit canary.service/'
enforce=$(image drill "$unit" 's/mode: observe/mode: enforce/') || exit 1
# as service managers have it: what is unmounted in a copy of the namespace is gone here, too
need "mounts are shared" mount --make-rshared /
switches_prepare
need "two disks are there" disks_prepare
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
before=$(labels)
daemon=$(daemon_pid)
holdfast drill --soak "$1" --disposable --start $here/start-unit.sh || failed=1
check "holdfastd is the same as before, and armed" same_daemon
check "no label is left over" as_before
check "the guard goes down by the operator" guard_down
exit $failed
