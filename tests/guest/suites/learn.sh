#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A policy learnt from agents that run, in force as it was written: nothing of theirs is refused,
# and attacks on them are.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

ready() {
	guest-ctl until 20 grep -q "$1" "/run/guest/$2.service.log"
}

# in_unit UNIT CMD...
in_unit() {
	unit=$1
	shift
	pid=$(guest-ctl spawn "system.slice/$unit.service" "$@") || return 3
	return "$(guest-ctl wait "$pid")"
}

snoop_start() {
	guest-ctl spawn system.slice/execsnoop.service execsnoop >$work/snoop-pid &&
		ready PCOMM execsnoop
}

snoop_works() {
	/usr/bin/true && ready true execsnoop
}

xdp_work() {
	in_unit xdp-filter xdp-filter load own --mode skb &&
		in_unit xdp-filter xdp-filter ip 192.0.2.1 &&
		in_unit xdp-filter xdp-filter status
}

learn_snoop() {
	holdfast policy learn --unit execsnoop.service -o $work/execsnoop.yaml &&
		cat $work/execsnoop.yaml
}

# to the process connector, which is protocol 11: a socket that is not the kernel's own
listens="awk '\$2 == 11 && \$3 != 0 { found = 1 } END { exit !found }' /proc/net/netlink"

# It is over before anybody could look twice: who waits for it sees it.
learn_xdp() {
	holdfast policy learn --unit xdp-filter.service --for 15s -o $work/xdp-filter.yaml \
		>$work/learnt 2>&1 &
	learning=$!
	guest-ctl until 10 sh -c "$listens" || return 1
	xdp_work || return 1
	wait $learning || { cat $work/learnt; return 1; }
	cat $work/learnt $work/xdp-filter.yaml
}

# has FILE LINE: as it is
has() {
	grep -qxF -- "$2" "$work/$1.yaml" || { cat "$work/$1.yaml"; return 1; }
}

rules() {
	grep -v '^ *#' "$work/$1.yaml" | grep -cE 'path:|digest:|^      - /'
}

minimal() {
	n=$(rules "$1")
	[ "$n" = "$2" ] || { cat "$work/$1.yaml"; return 1; }
}

same_again() {
	holdfast policy learn --unit execsnoop.service >$work/again.yaml &&
		cmp $work/again.yaml $work/execsnoop.yaml
}

told() {
	grep -qE "$2" "$work/$1.yaml" || { cat "$work/$1.yaml"; return 1; }
}


whole() {
	{
		sed 's/^mode: .*/mode: enforce/' $work/execsnoop.yaml
		sed -n '/^  - name:/,$p' $work/xdp-filter.yaml
	} >$work/both.yaml
	holdfast policy lock $work/both.yaml && holdfast policy compile $work/both.yaml
}

stop_agents() {
	in_unit xdp-filter xdp-filter unload own && kill "$(cat $work/snoop-pid)" &&
		guest-ctl until 10 sh -c "! kill -0 $(cat $work/snoop-pid) 2>/dev/null" &&
		rm -f /run/guest/execsnoop.service.log /run/guest/xdp-filter.service.log
}

nothing_against() {
	! grep -E '"verdict": *"(refused|observed)"' $log
}

foreign_map() {
	! bpftool map dump pinned /sys/fs/bpf/xdp-filter/filter_ipv4
}

pins_removed() {
	! rm -r /sys/fs/bpf/xdp-filter && test -e /sys/fs/bpf/xdp-filter/filter_ipv4
}

dispatcher_removed() {
	! rm -r /sys/fs/bpf/xdp/dispatch* && test -e /sys/fs/bpf/xdp/dispatch*
}

killed() {
	! kill -KILL "$(cat $work/snoop-pid)" && kill -0 "$(cat $work/snoop-pid)"
}

need "an interface" ip link add own type dummy
check "a unit in which nothing runs is told" refused 'nothing ran in' \
	holdfast policy learn --unit execsnoop.service
need "execsnoop starts as a unit" snoop_start
need "its policy is learnt" learn_snoop
check "one executable, by the unit, and nothing else" minimal execsnoop 1
check "the rule is the unit's" has execsnoop \
	'      - { path: /usr/sbin/execsnoop, launch: unit execsnoop.service }'
check "its maps are told by type and name" told execsnoop '^#   map +[0-9]+  hash  execs'
check "its programs as well" told execsnoop '^#   prog +[0-9]+  tracepoint  tracepoint__sy'
check "and where they are attached" told execsnoop '^#   link +[0-9]+  '
check "a second look writes the same" same_again
need "the policy of xdp-filter, which ends at once, is learnt" learn_xdp
check "one executable and two folders of pins" minimal xdp-filter 3
check "the folder of its maps" has xdp-filter '      - /sys/fs/bpf/xdp-filter'
check "the folder of the dispatcher" has xdp-filter '      - /sys/fs/bpf/xdp'
need "the two make one policy" whole
need "the agents stop" stop_agents
need "holdfastd starts" daemon_start
need "the guard comes up to enforce by it" guard_up $work/both.img
check "execsnoop starts again" snoop_start
check "and works" snoop_works
check "xdp-filter loads, configures and is asked" xdp_work
check "nothing of theirs was refused" nothing_against
check "M04 a stranger gets no map of theirs" foreign_map
check "F01 their pins stay" pins_removed
check "F01 the dispatcher's too" dispatcher_removed
check "A01 execsnoop is not killed" killed
check "xdp-filter unloads" in_unit xdp-filter xdp-filter unload own
check "the guard goes down by the operator" guard_down
exit $failed
