#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast drill` as a person runs it on a host that has to live on: it starts its canary itself,
# finds out what the guard demands, spares the host, says so if an attack goes through, and leaves
# nothing behind. Whether each technique is refused is for the suite rows.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

# drilled MODE: the text's last line
drilled() {
	tail -n 1 $work/drill
	tail -n 1 $work/drill | grep -qE "^$1: [1-9][0-9]* attempts, 0 not as they should be$"
}

spared() {
	! grep -E ' (umount|self-kill|mount-over) ' $work/drill
}

# All of it where it enforces; the suite rows has the other phases.
drill_text() {
	holdfast drill "$@" >$work/drill 2>$work/drill.err || { cat $work/drill.err; return 1; }
}

nothing_left() {
	for name in canary neighbour; do
		! ip link show $name 2>/dev/null && [ ! -e /sys/fs/bpf/$name ] &&
			[ ! -e /sys/fs/cgroup/$name.objects ] &&
			[ ! -e /sys/fs/cgroup/$name.service ] || return 1
	done
	[ ! -e /sys/fs/cgroup/elsewhere.objects ] && [ ! -e /sys/fs/bpf/probe ]
}

# one_row VERDICT NEIGHBOUR: of M01, as JSON
one_row() {
	holdfast drill --only M01 --json >$work/json || true
	tr -d ' ",\n' <$work/json >$work/flat
	cat $work/flat
	grep -q "id:M01family:mapsclass:Sverdict:$1neighbour:$2" $work/flat &&
		[ "$(grep -c '"id"' $work/json)" = 1 ]
}

went_through() {
	exits 1 holdfast drill --only M01 >$work/drill 2>$work/drill.err
	grep -q '^M01 .* allowed  *WRONG: the act went through' $work/drill ||
		{ cat $work/drill; return 1; }
}

labels() {
	holdfast guard status --json | tr -d ' ,"' |
		grep -E '^(tasks|maps|progs|links):' | tr '\n' ' '
}

as_before() {
	[ "$(labels)" = "$before" ] || { labels; echo "before: $before"; return 1; }
}

mkdir -p /etc/holdfast-canary/conf.d /etc/holdfast-neighbour/conf.d
observe=$(image drill) || exit 1
enforce=$(image drill 's/mode: observe/mode: enforce/') || exit 1
other=$(image drill 's/mode: observe/mode: enforce/' 's/holdfast-canary/holdfast-neighbour/' \
	's/bpf.canary/bpf\/nobody/') || exit 1

check "without a guard an attack goes through, and that is right" drill_text --only M01
check "the text counts it" drilled none
check "the drill leaves nothing behind" nothing_left
check "another phase than is there is refused" exits 1 holdfast drill --tap enforce map-update
need "holdfastd starts" daemon_start
need "the guard comes up to observe" guard_up "$observe"
check "under a guard that observes an attack goes through" drill_text --only M01
check "the text says observe" drilled observe
check "a row as JSON: it was allowed" one_row allowed not-attempted
check "the guard goes down" holdfast guard down
need "holdfastd starts again" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
before=$(labels)
check "under a guard that enforces every attack is refused" drill_text
check "the text says enforce" drilled enforce
check "what is for guests only is not run" spared
check "a row as JSON: it was refused, and allowed to a neighbour" one_row refused allowed
check "the drill leaves nothing behind in enforce" nothing_left
check "no label is left behind" as_before
check "the guard goes down by the operator" guard_down
need "holdfastd starts for another policy" daemon_start
need "the guard comes up for somebody else" guard_up "$other"
check "a canary that no policy names is harmed, and the drill says so" went_through
check "the guard goes down by the operator again" guard_down
exit $failed
