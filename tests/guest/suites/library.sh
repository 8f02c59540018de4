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

# ---- the same object, loaded from a file and a text

# contents LINE...: allow-list.yaml, with these lines in it
contents() {
	printf 'apiVersion: holdfast/v1\nkind: MapData\nmaps:\n' >$work/allow.yaml
	printf '  %s\n' "$@" >>$work/allow.yaml
}

loads() {
	holdfast object load --config $work/allow.yaml --pin $pins $object >$work/loaded
}

# says TEXT CMD...: it fails, and says so, and nothing of it is there
says() {
	text=$1
	shift
	exits 1 "$@" 2>$work/said || return 1
	grep -qF "$text" $work/said || { cat $work/said; return 1; }
	connects unreachable 192.0.2.1 && ! bpftool prog show name allow_connect | grep -q . &&
		[ -z "$(ls $pins)" ]
}

loaded() {
	object=$here/allow-list.bpf.o
	mkdir -p $pins
	contents 'allowed: { entries: [ { key: 127.0.0.0/33, value: 1 } ] }'
	check "a prefix that is too long is an error with its line" says 'allow.yaml:4:' loads
	contents 'allowed: { entries: [ { key: 127.0.0.0/8, value: 256 } ] }'
	check "so is a value that does not fit" says '0..255' loads
	contents "allowed: { entries: [ { key: 127.0.0.0/8, value: 1 } ] }" "refused: { values: [] }"
	check "so is a map that is not there" says 'maps.refused' loads
	contents 'allowed: { entries: [ { key: 127.0.0.0/8, value: 1 } ] }' \
		'.data: { variables: { enforced: 1 } }'
	check "so is a variable that is not there" says 'enforced' loads
	contents 'allowed: { entries: [ { key: 127.0.0.0/8, value: 1 } ] }' \
		'.data: { variables: { enforce: 1 } }'
	check "what would be done can be asked" sh -c "holdfast object load --dry-run \
		--config $work/allow.yaml $object | grep -q 'with 1 entries'"
	check "which does nothing" connects unreachable 192.0.2.1
	bpftool map create $pins/allowed type array key 4 value 4 entries 1 name other
	check "M21 a pin of somebody else's is not replaced" exits 1 loads
	check "and nothing is attached" connects unreachable 192.0.2.1
	rm $pins/allowed
	need "it is loaded and pinned" loads
	check "an address of the text is reached" connects refused 127.0.0.1
	check "another is not" connects 'not permitted' 192.0.2.1
	check "root does not add to the list" cannot bpftool map update pinned $pins/allowed \
		key 32 0 0 0 192 0 2 1 value 1
	check "nor does he change the variable" cannot bpftool map update pinned $pins/_data \
		key 0 0 0 0 value 0 0 0 0
	check "what the program writes is not sealed" bpftool map update pinned $pins/_bss \
		key 0 0 0 0 value 0 0 0 0 0 0 0 0
	rm -r $pins
	check "without its pins it is gone" guest-ctl until 10 sh -c \
		"bash -c '</dev/tcp/192.0.2.1/9' 2>&1 | grep -q unreachable"
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
loaded
exit $failed
