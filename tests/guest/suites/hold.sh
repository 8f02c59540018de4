#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What an agent loses by dying, and what its domain holds meanwhile: links, prog arrays, timers. All
# of it is judged by what it does, not by what is listed. Before that, whether each link that the
# agent makes is its domain's at all.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

agent=$work/agent

agent_starts() {
	rm -rf $agent && mkdir $agent || return 1
	guest-ctl spawn system.slice/keeper.service $here/keeper $agent >/dev/null
	guest-ctl until 30 test -e $agent/ready && counts >$work/counts-now &&
		holdfast guard status | grep -q '^domain *keeper.*tasks 1,'
}

agent_dies() {
	touch $agent/die
	guest-ctl until 20 sh -c 'holdfast guard status | grep -q "^domain *keeper.*tasks 0,"'
}

counts() {
	holdfast guard status --json | tr -d '\n ' |
		sed 's/.*"name":"keeper"[^}]*"counts":{[^}]*\("maps":[0-9]*\)[^}]*\("links":[0-9]*\).*/\1 \2/'
}

# each of its effects is there, or none
works() {
	for protocol in 201 202 203; do
		exits 1 probe as raw $protocol || return 1
	done
	ip link show keeper | grep -q xdp
}

# none_works: what it needs no time for is gone at once, the timer is late after a while
none_works() {
	for protocol in 201 202 203; do
		guest-ctl until 10 probe as raw $protocol || return 1
	done
	! ip link show keeper | grep -q xdp
}

one_of_each() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		counts >$work/counts-now
		cmp -s $work/counts $work/counts-now && return 0
		guest-ctl until 1 false
	done
	echo "at first $(cat $work/counts), now $(cat $work/counts-now)"
	return 1
}

noted() {
	grep -q "\"note\":\"$1\".*$2" $log || { grep '"note"' $log; return 1; }
}

released() {
	holdfast release --for 5m keeper --secret-fd 3 3<"$secret"
}

link_pinned() {
	touch $agent/close
	guest-ctl until 10 test -e /sys/fs/bpf/keeper &&
		guest-ctl until 10 grep -q '"note":"let-go".*has closed it' $log && works
}

link_unpinned() {
	touch $agent/unpin
	guest-ctl until 10 probe as raw 201 && ip link show keeper | grep -q xdp
}

daemon_dies() {
	killed
	guest-ctl until 30 holdfast guard status >/dev/null
}

nothing_pinned() {
	guard_down && [ ! -e /sys/fs/bpf/holdfast ] && none_works
}

# ---- P17: the hook that labels links is passed over on a CPU where it has been interrupted, so
# the kernel is told to let itself be interrupted anywhere

preempt=/sys/kernel/debug/sched/preempt

many_links() {
	before=$(sed 's/.*(\(.*\)).*/\1/' $preempt)
	echo full >$preempt || return 1
	probe as passing $agent/made &
	touch $agent/many
	guest-ctl until 60 test -e $agent/made && wait $! && echo "$before" >$preempt
}

labelled_all() {
	guest-ctl until 10 sh -c "probe as reach; [ \$? = 1 ]"
}

some_late() {
	guest-ctl until 10 grep -q '"act":"link_fd".*"row":"P17"' $log
}

plain=$(image hold) || exit 1
holding=$(image hold 's/version: 1/version: 2/' \
	's/- name: keeper/- name: keeper\n    hold: [ links, maps ]/') || exit 1
ip link add keeper type dummy
need "holdfastd starts" daemon_start
need "the guard comes up" guard_up "$plain"
need "the agent starts" agent_starts
check "it does its work" works
check "it makes links while a stranger does as well" many_links
check "P17 each of them has its label after a second" labelled_all
check "P17 though not from the first on" some_late
check "it dies" agent_dies
check "M16 A21 and nothing of it works any more" none_works

need "a policy that holds links and maps" holdfast guard reload "$holding"
check "which the status says" sh -c 'holdfast guard status | grep -q "holds links and maps"'
need "the agent starts again" agent_starts
counts >$work/counts
check "it works again" works
check "it dies again" agent_dies
check "M16 A21 all of it works on" works
check "which the log says" noted kept "keeper.*has ended"
check "holdfastd is killed, and comes back" daemon_dies
check "M16 all of it works on without either" works
check "another build of holdfastd takes over" over $here/holdfastd-relayout
check "M16 all of it works on with that" works
check "the agent is back" agent_starts
check "it works" works
check "of each thing there is one" one_of_each
check "which the log says" noted let-go "another is in its place"
check "what the agent pins and closes is not held" link_pinned
check "so it is gone with its pin" link_unpinned
check "it dies once more" agent_dies
check "what it had not closed is held all the same" sh -c 'ip link show keeper | grep -q xdp'
check "and what it had closed is not" exits 0 probe as raw 201
check "the operator releases the domain" released
check "what it had left is gone" none_works
check "the release is over" holdfast release --end keeper
check "the agent starts for the last time" agent_starts
check "it is held again" agent_dies
check "and works" works
check "the guard goes down, and nothing is held" nothing_pinned
exit $failed
