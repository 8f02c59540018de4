#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The kernel's control files, where the rows (rows.sh) say too little: what the policy leaves open,
# what a domain may do to itself, and what holds when ftrace is off and every hook with it.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

ftrace=/proc/sys/kernel/ftrace_enabled
sysrq=/proc/sys/kernel/sysrq
trace=$work/trace
locked=yes
grep -qF '[none]' /sys/kernel/security/lockdown && locked=
group=/sys/fs/cgroup/system.slice/victim.service
aside=/sys/fs/cgroup/aside

# logged VERDICT ROW: the newest event of that row
logged() {
	guest-ctl until 10 sh -c "grep '\"act\":\"switch\"' $log | grep '\"row\":\"$2\"' |
		tail -n 1 | grep -q '\"verdict\":\"$1\"'" || { tail -n 3 $log; return 1; }
}

# what the file's own code turns down has been asked; EPERM comes from the guard
asks() {
	probe "$1" 2>&1
}

open_group() {
	exits 0 asks "$1" && logged noted "$2"
}

closed_group() {
	exits 1 asks "$1" && logged refused "$2"
}

# ---- what only some policies need

links=/sys/fs/bpf/holdfast/links

not_attached() {
	! [ -e $links/closed_mark ] && [ -e ${links%links}progs/closed_mark ]
}

denied() {
	! "$@" >$work/said 2>&1 && grep -q 'not permitted' $work/said
}

# acts: how many the last proof has had refused
acts() {
	holdfast guard status | sed -n 's/^proof *\([0-9]*\) of .*/\1/p'
}

# three programs were attached, and each of them is asked, a moment after the reload
proves() {
	for _ in $(seq 40); do
		[ "$(acts)" = "$1" ] || break
		guest-ctl until 1 false
	done
	[ "$(acts)" -eq $(($1 + 3)) ] || { echo "$1 acts, then $(acts)"; return 1; }
	! grep '"note":"proof-failed"' $log
}

# ---- a domain's own

# victim_writes FILE TEXT: the victim itself does, and says 0 or the errno
victim_writes() {
	probe as ask victim "write $1 $2" | grep -qx 0
}

own_files() {
	victim_writes /proc/self/oom_score_adj 200 &&
		grep -qx 200 /proc/"$(state pid)"/oom_score_adj &&
		victim_writes $group/cgroup.freeze 0
}

# born WHO GROUP: a child of that canary begins in the group
born() {
	probe as ask $1 "born $2" | grep -qx 0
}

thaws() {
	echo 0 >$1/cgroup.freeze
}

born_elsewhere() {
	mkdir -p $aside/deep $aside/other && thaws $aside/deep && born victim $aside/deep &&
		! thaws $aside/deep && logged refused A03 && ! thaws $aside && thaws $aside/other
}

stranger_elsewhere() {
	born neighbour $aside/other && thaws $aside/other
}

not_the_hosts() {
	[ "$(probe as ask victim "write /proc/sysrq-trigger h")" = 1 ] # EPERM
}

# ---- the second line

switched_off() {
	echo 0 >$ftrace && [ "$(cat $ftrace)" = 0 ]
}

# what a hook would refuse goes through: the hooks are off
hooks_off() {
	exits 0 probe map-read
}

second_line() {
	for value in 0 1; do
		echo $value >$ftrace && return 1
	done
	[ "$(cat $ftrace)" = 0 ]
}

second_line_elsewhere() {
	unshare -m --propagation private sh -c \
		"mount -t proc none /mnt && ! echo 1 >/mnt/sys/kernel/ftrace_enabled"
}

other_sysctl() {
	echo guest >/proc/sys/kernel/hostname
}

# a mount namespace whose copy of the pins' mount is a peer of the host's has come and gone
namespace_ends() {
	unshare -m --propagation shared sh -c "[ -e /sys/fs/bpf/holdfast/links/switches_sysctl ]" &&
		[ -e /sys/fs/bpf/holdfast/links/switches_sysctl ] && grep -q ' /sys/fs/bpf bpf ' \
		/proc/mounts && still_refused
}

# holdfast's own mending is a stranger's
mends() {
	echo 1 >$sysrq && holdfast posture fix --yes sysrq && [ "$(cat $sysrq)" = 0 ] &&
		holdfast posture fix --undo && [ "$(cat $sysrq)" = 1 ]
}

mends_no_switch() {
	exits 1 holdfast posture fix --yes ftrace >$work/fix &&
		grep 'failed .*ftrace .*a guard that enforces may keep it' $work/fix &&
		[ "$(cat $ftrace)" = 0 ] && holdfast posture fix --undo
}

# blinded FILE CMD...: with 0 in that file, if the kernel lets anybody write it
blinded() {
	file=$1
	shift
	echo 0 >$file || [ $locked ] || return 1
	still_refused
	r=$?
	echo 1 >$file
	return $r
}

still_refused() {
	exits 1 probe map-update &&
		guest-ctl until 10 sh -c "tail -n 1 $log | grep -q '\"row\":\"M01\"'"
}

# Whoever reads it away has all there is meanwhile.
pipe_read() {
	cat $trace/trace_pipe >/dev/null &
	reader=$!
	still_refused
	r=$?
	kill $reader 2>/dev/null
	return $r
}

switched_on() {
	guest-ctl until 20 sh -c "echo 1 >$ftrace" && [ "$(cat $ftrace)" = 1 ]
}

# The kernel gives the memory of a task that ended to another.
successors_nobodys() {
	mkfifo $work/never
	successors=
	r=0
	while [ "$(echo $successors | wc -w)" -lt 32 ]; do
		probe as ask victim fork >/dev/null || r=2
		cat $work/never &
		successors="$successors $!"
		for pid in $successors; do
			echo 0 >/proc/$pid/oom_score_adj || r=1
		done
	done
	kill $successors
	return $r
}

observe=$(image rows 's/^switches.*//') &&
	enforce=$(image rows 's/^switches.*//' 's/mode: observe/mode: enforce/') &&
	closed=$(image rows 's/version: 1/version: 2/; s/open: ../&, close: [clock, log, marks]/' \
		's/mode: observe/mode: enforce/' '') || exit 1

need "holdfastd starts" daemon_start
need "the guard comes up to enforce, with what is open by default" guard_up "$enforce"
need "the victim and its neighbour start" targets_start
check "L19 hotplug is open and noted" open_group hotplug L19
check "A12 policy of AppArmor is open and noted" open_group apparmor-load A12
check "A16 suspend is open and noted" open_group suspend A16
check "A04 what is in no group is closed" exits 1 probe sysrq
for verb in clock-set audit-off log-clear mark-open sockets-close; do
	check "what no policy closes is open: $verb" exits 0 asks $verb
done
check "and no program waits for it" not_attached
check "A05 a domain writes the files of its own task and group" own_files
check "A04 and not those of the host" not_the_hosts
check "A05 who has the memory of an agent's task that ended is nobody's" successors_nobodys
check "A03 a group that a domain's child begins in is the domain's, with all above it" born_elsewhere
check "A03 and one that a stranger's child begins in is nobody's" stranger_elsewhere
check "F04 a mount namespace with the pins ends, and they stay" namespace_ends
mkdir -p $trace && mount -t tracefs none $trace
check "L16 with tracing off attacks are refused as before" blinded $trace/tracing_on
check "L17 with kprobes unoptimized they are refused as before" \
	blinded /proc/sys/debug/kprobes-optimization
check "T06 who reads the trace pipe away takes no event" pipe_read
umount $trace
check "posture fix, a stranger, mends what is no switch, and takes it back" mends
acts=$(acts)
check "closing them needs no secret" holdfast guard reload "$closed"
check "L19 hotplug is closed" closed_group hotplug L19
check "A12 policy of AppArmor is closed" closed_group apparmor-load A12
check "A16 suspend is closed" closed_group suspend A16
check "T05 the clock is closed by the reload, by a program that was not attached" \
	closed_group clock-set T05
check "T04 and the log" closed_group log-clear T04
check "A11 and marks" closed_group mark-open A11
check "what it closes not has no program still" [ ! -e $links/closed_uprobe ]
check "L03 root gets no fd of the new link" \
	denied bpftool link show pinned $links/closed_mark
check "F01 nor removes its pin" denied rm $links/closed_mark
check "it proves itself with the new programs" proves $acts
check "the guard has its second line" [ -e /sys/fs/bpf/holdfast/links/switches_sysctl ]
check "the guard goes down by the operator" guard_down

need "holdfastd starts again" daemon_start
need "the guard comes up to observe" guard_up "$observe"
need "the victim and its neighbour are there" targets_start
if ! echo 0 >$ftrace 2>/dev/null; then
	# a kernel whose ftrace stays on needs no second line
	check "L15 this kernel lets nobody switch ftrace off" [ "$(cat $ftrace)" = 1 ]
	check "the guard goes down" holdfast guard down
	exit $failed
fi
check "L15 with ftrace off" switched_off
check "and so every hook" hooks_off
check "the guard is told to enforce" holdfast guard reload "$enforce"
check "L15 a write is refused all the same" second_line
check "L15 and on another procfs" second_line_elsewhere
check "L15 posture fix says who may have refused it" mends_no_switch
check "and other variables are not" other_sysctl
check "the guard goes down by the operator" guard_down
check "and ftrace can be switched on" switched_on
exit $failed
