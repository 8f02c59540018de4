#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libholdfast: its steps on maps of each kind, then the example agent as its author would run it,
# and what root can do about it: without a guard, so all of it is the kernel's own doing.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

pins=/sys/fs/bpf/allow-list

# connects TEXT ADDRESS: what becomes of it
connects() {
	bash -c "</dev/tcp/$2/9" 2>$work/connect
	grep -q "$1" $work/connect || { cat $work/connect; return 1; }
}

agent_runs() {
	mkdir -p $pins && allow-list --pin $pins 127.0.0.0/8 198.51.100.7/32 >$work/agent &&
		grep -q 'enforces 2 networks' $work/agent
}

cannot() {
	! "$@" >$work/said 2>&1 || return 1
	grep -qi 'not permitted' $work/said || { cat $work/said; return 1; }
}

data_map() {
	bpftool map show | sed -n 's/^\([0-9]*\): array  name allow_li.data .*/\1/p'
}

nothing_left() {
	! allow-list --pin $1 127.0.0.0/8 2>$work/said || return 1
	grep -q "$2" $work/said || { cat $work/said; return 1; }
	connects unreachable 192.0.2.1 && ! bpftool prog show name allow_connect | grep -q .
}

"$here/hardened" || failed=1

ip link set lo up
check "without the agent anybody connects" connects refused 127.0.0.1
check "to an address that is not in the list as well" connects unreachable 192.0.2.1
mkdir -p /sys/fs/bpf/taken
bpftool map create /sys/fs/bpf/taken/allowed type array key 4 value 4 entries 1 name squatter
check "M21 where somebody has taken its pin's name the agent does not start" \
	nothing_left /sys/fs/bpf/taken "somebody else's"
check "nor where there is no folder" nothing_left /sys/fs/bpf/nowhere "cannot be pinned"
check "nor with an address that is none" nothing_left $pins "" 300.1.1.1/8
need "the agent starts, and stays in force" agent_runs
check "an address of the list is reached" connects refused 127.0.0.1
check "another is not" connects 'not permitted' 192.0.2.1
check "M01 root does not add to the list" cannot bpftool map update pinned $pins/allowed \
	key 32 0 0 0 192 0 2 1 value 1
check "nor takes from it" cannot bpftool map delete pinned $pins/allowed key 8 0 0 0 127 0 0 0
check "nor does he switch it to observing" cannot bpftool map update id "$(data_map)" \
	key 0 0 0 0 value 0 0 0 0
check "which is as it was" connects 'not permitted' 192.0.2.1
check "it goes when its pins do" rm -r $pins
check "and then anybody connects again" guest-ctl until 10 sh -c \
	"bash -c '</dev/tcp/192.0.2.1/9' 2>&1 | grep -q unreachable"
exit $failed
