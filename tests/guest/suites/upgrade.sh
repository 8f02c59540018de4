#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A package manager replaces what a policy protects, while the guard enforces: it goes through and
# is in the log, what runs stays the agent, and the new file is a stranger until its digest is
# admitted.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

agent=/usr/sbin/execsnoop
yaml=$work/upgrade.yaml

# start UNIT: and keeps its number
start() {
	rm -f /run/guest/$1.service.log
	guest-ctl spawn system.slice/$1.service $agent >$work/$1.pid &&
		guest-ctl until 20 grep -q PCOMM /run/guest/$1.service.log
}

# is_agent UNIT, is_stranger UNIT: by whether a signal ends it
is_agent() {
	! kill -TERM "$(cat $work/$1.pid)" && kill -0 "$(cat $work/$1.pid)"
}

is_stranger() {
	kill -TERM "$(cat $work/$1.pid)" &&
		guest-ctl until 10 sh -c "! kill -0 $(cat $work/$1.pid) 2>/dev/null"
}

# policy VERSION: in the words of the README
policy() {
	cat >$yaml <<-EOF_POLICY
		apiVersion: holdfast/v1
		kind: Policy
		metadata: { name: upgrade, version: $1 }
		mode: enforce
		domains:
		  - name: execsnoop
		    executables:
		      - { path: $agent, launch: unit execsnoop.service }
		  - name: again
		    executables:
		      - { path: /usr/sbin/xdp-filter, launch: unit xdp-filter.service }
	EOF_POLICY
}

# As dpkg does: written beside it, then renamed over it. What is behind the end is not run.
replace() {
	cp $agent $agent.dpkg-new && echo "version $1" >>$agent.dpkg-new &&
		mv $agent.dpkg-new $agent
}

replacements() {
	grep '"row":"F12"' $log | grep '"act":"rename"' | grep "\"verdict\":\"$1\""
}

told_once() {
	guest-ctl until 10 grep -q '"row":"F12"' $log || return 1
	replacements noted
	[ "$(replacements noted | grep -c '"name":"execsnoop"')" = 1 ]
}

explained() {
	seq=$(replacements noted | sed -n 's/.*"seq":\([0-9]*\),.*/\1/p' | head -n 1)
	holdfast guard explain "$seq" --policy $yaml >$work/explained || return 1
	cat $work/explained
	grep -q 'technique F12: change the agent' $work/explained &&
		grep -q "where .*yaml:6: the domain execsnoop" $work/explained
}

# what is in the lock already and what is there now: as `policy admit` would have it
admit() {
	cp ${yaml%.yaml}.lock $work/old.lock && policy 2 && holdfast policy lock $yaml || return 1
	{
		head -n 2 $work/old.lock
		tail -qn +3 $work/old.lock ${yaml%.yaml}.lock |
			LC_ALL=C sort -u -k2,2 -k1,1 -k6,6 -k3,3
	} >$work/both.lock
	cp $work/both.lock ${yaml%.yaml}.lock
	[ "$(grep -c " $agent\$" $work/both.lock)" = 2 ] && holdfast policy compile $yaml
}

reload() {
	holdfast guard reload --secret-fd 3 ${yaml%.yaml}.img 3<"$secret"
}

policy 1
need "the policy is locked and compiled" \
	sh -c "holdfast policy lock $yaml && holdfast policy compile $yaml"
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up ${yaml%.yaml}.img
need "the agent starts" start execsnoop
need "it is the agent" is_agent execsnoop
check "F12 what runs is not overwritten in place" sh -c "! echo x 2>/dev/null >>$agent"
cp $work/execsnoop.pid $work/running.pid
check "F12 but replaced, as by a package manager" replace 2
check "which is in the log, once" told_once
check "and is explained" explained
check "what runs stays the agent" is_agent running
check "the new file starts" start execsnoop
check "and is a stranger, which a signal ends" is_stranger execsnoop
need "the new digest is admitted beside the old" admit
check "diff says that this asks for the secret" sh -c "
	holdfast policy diff --running $yaml | grep 'asks for the operator.s secret'"
check "the guard takes no more digests without the secret" \
	refused secret holdfast guard reload ${yaml%.yaml}.img
check "with it, it does" reload
check "the new file, started again, is the agent" start execsnoop
check "and out of reach" is_agent execsnoop
check "so is the old one that still runs" is_agent running
check "the guard goes down by the operator" guard_down
check "without it a signal reaches it: the attack works" is_stranger execsnoop
exit $failed
