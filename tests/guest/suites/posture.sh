#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast posture check` on a kernel that runs: each setting is flipped by itself, and exactly its
# checks change. The profiles of the guest are two more postures; what there is no way back from
# comes last.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

sysctl=/proc/sys
unfrozen=$here/loaded.test.bpf.o
pins=/sys/fs/bpf/posture
look='--root /'
locked=yes
grep -qF '[none]' /sys/kernel/security/lockdown && locked=

# statuses FILE: "check=status" of each check of the answer
statuses() {
	awk -F '"' '$2 == "id" { id = $4 } $2 == "status" { print id "=" $4 }' $work/json >$1
	[ "$(wc -l <$1)" = 37 ]
}

# take FILE: a look at the host; weak and bad checks fail nothing here. What is loaded is looked at
# where it counts: it is most of what a look costs.
take() {
	holdfast posture check --json $look >$work/json 2>$work/err
	[ $? -le 1 ] && statuses $1 && return
	cat $work/err
	return 1
}

# are CHANGES: what differs between two looks, in the order of the checks
are() {
	grep -vxF -f $work/base $work/now | paste -s -d ' ' - >$work/changes
	[ "$(cat $work/changes)" = "$1" ] || { echo "changed: $(cat $work/changes)"; return 1; }
}

flipped() {
	take $work/now && are "$1"
}

# flip NAME CHANGES COMMAND UNDO
flip() {
	check "$1" flipped_by "$2" "$3"
	sh -c "$4" || not_ok "$1 (undone)"
}

flipped_by() {
	sh -c "$2" && flipped "$1"
}

# with NAME OLD NEW CHANGES: a sysctl, where this kernel has it
with() {
	[ -e $sysctl/$1 ] || return 0
	flip "$1 = $3" "$4" "echo $3 >$sysctl/$1" "echo $2 >$sysctl/$1"
}

strong_sysctls() {
	for setting in kernel/kptr_restrict=1 kernel/perf_event_paranoid=3 \
		kernel/yama/ptrace_scope=1 kernel/sysrq=0 net/core/bpf_jit_harden=2 \
		user/max_user_namespaces=0; do
		echo ${setting#*=} >$sysctl/${setting%=*} || return 1
	done
	[ ! -e $sysctl/kernel/io_uring_disabled ] || echo 2 >$sysctl/kernel/io_uring_disabled
}

status_is() {
	grep -x "$1=$2" $work/base || { grep "^$1=" $work/base; return 1; }
}

as_booted() {
	if [ $locked ]; then
		status_is lockdown good && status_is module-signatures good &&
			status_is debugfs good
	else
		status_is lockdown bad && status_is module-signatures bad &&
			status_is debugfs weak
	fi
}

bpf_as_booted() {
	if grep -q 'lsm=' /proc/cmdline; then
		status_is bpf-lsm bad && status_is lsm-order absent && status_is command-line bad
	else
		status_is bpf-lsm good && status_is lsm-order good && status_is command-line good
	fi
}

# a kernel that lets nobody turn ftrace off while a program hangs on it says so
ftrace_off() {
	if echo 0 >$sysctl/kernel/ftrace_enabled; then
		flipped ftrace=bad
		r=$?
		echo 1 >$sysctl/kernel/ftrace_enabled
		return $r
	fi
	flipped ''
}

# what another user cannot read is said, and nothing is good for that
unprivileged() {
	chmod 755 / && su -s /bin/sh nobody -c "$(command -v holdfast) posture check --json" >$work/json 2>$work/err
	[ $? -le 1 ] || { cat $work/err; return 1; }
	awk -F '"' '$2 == "id" { id = $4 } $2 == "status" && $4 == "unknown" { print id }' $work/json \
		>$work/unknown
	for hidden in jit-harden owners foreign-programs unfrozen-maps; do
		grep -qx $hidden $work/unknown || { cat $work/unknown; return 1; }
	done
	grep -q 'it needs CAP_SYS_ADMIN' $work/json &&
		grep -q 'bpf_jit_harden cannot be read: Permission denied' $work/json
}

contained() {
	unshare --pid --fork --mount-proc holdfast posture check >$work/container 2>$work/err
	[ $? -le 1 ] && grep -q '^a container: tasks, mounts and files' $work/container &&
		grep -q '^  capabilities .*: this is a container' $work/container && return
	cat $work/container $work/err
	return 1
}

# a task that was not there is worse than the baseline, by its executable
stranger_is_told() {
	mkfifo $work/fifo && cp /usr/bin/bash $work/stranger &&
		holdfast posture check --baseline $work/baseline || return 1
	$work/stranger -c "read -r x <$work/fifo" &
	stranger=$!
	guest-ctl until 10 sh -c "readlink /proc/$stranger/exe | grep -q stranger"
	exits 1 holdfast posture check --baseline $work/baseline >$work/worse 2>&1
	r=$?
	kill $stranger
	[ $r = 0 ] && grep "^worse   capabilities .*new: .*$work/stranger: .*sys_admin" $work/worse
}

program_by_name() {
	take $work/now && grep -q "$1" $work/json
}

# ---- what is loaded

loaded_objects() {
	flip "a map that could be frozen, and has no owner" "owners=weak unfrozen-maps=weak" \
		"mkdir -p $pins && bpftool prog loadall $unfrozen $pins pinmaps $pins" "rm -r $pins"
	guest-ctl spawn system.slice/allow-list.service $here/allow-list 127.0.0.0/8 >$work/pid
	guest-ctl until 20 grep -q 'enforces 1 networks' /run/guest/allow-list.service.log
	check "a program of somebody's on a security hook" \
		flipped "owners=weak foreign-programs=weak"
	check "it is told by its name and hook" \
		program_by_name "'allow_connect' on bpf_lsm_socket_connect"
	kill "$(cat $work/pid)"
	guest-ctl until 20 test ! -e /proc/"$(cat $work/pid)"
	check "a program that could have every guard skipped" modifying
	guest-ctl until 20 sh -c "! bpftool link | grep -q ."
}

modifying() {
	mkdir -p $pins && holdfast object load --pin $pins $here/modify.test.bpf.o || return 1
	flipped "owners=weak foreign-programs=bad"
	r=$?
	rm -r $pins
	return $r
}

# ---- a policy has owners

owned_in() {
	take $work/now && grep -qx owners=good $work/now &&
		grep -qx foreign-programs=good $work/now && { [ -z "$1" ] || grep -q "$1" $work/json; }
}

with_guard() {
	observe=$(image self '/second/d') && enforce=$(image self '/second/d' 's/observe/enforce/')
	need "holdfastd starts" daemon_start
	need "the guard is up" guard_up "$observe"
	ip link add victim type dummy
	guest-ctl spawn system.slice/victim.service "$here/victim" victim >$work/pid
	guest-ctl until 20 probe as ask victim state >/dev/null
	check "what the policy's executable has, has an owner" owned_in ''
	check "the guard enforces" holdfast guard reload "$enforce"
	check "what the guard keeps has one, and is counted" owned_in 'kept from strangers by a guard'
	check "the guard is down" guard_down
	daemon_stop
	kill "$(cat $work/pid)"
	# what the guard was is freed when nobody can be in it any more
	guest-ctl until 20 sh -c "! { bpftool prog; bpftool link; } | grep -q ."
}

check "the settings are strong" strong_sysctls
need "every check is there" take $work/base
check "lockdown, and what it closes, as booted" as_booted
check "bpf among the security modules, as booted" bpf_as_booted
check "nothing is changed by looking" flipped ''

with kernel/kptr_restrict 1 0 kptr-restrict=weak
with kernel/perf_event_paranoid 3 1 perf-paranoid=weak
with kernel/yama/ptrace_scope 1 0 yama=weak
with kernel/sysrq 0 1 sysrq=weak
with net/core/bpf_jit_harden 2 0 jit-harden=weak
with user/max_user_namespaces 0 1000 user-namespaces=weak
with kernel/io_uring_disabled 2 0 io-uring=weak
check "ftrace off, where the kernel lets it be" ftrace_off
if [ ! $locked ]; then
	flip "debugfs not mounted" debugfs=good "umount /sys/kernel/debug" \
		"mount -t debugfs debugfs /sys/kernel/debug"
fi
echo 0 >$work/fake
flip "F10 a file mounted over a sysctl" sysrq=unknown \
	"mount --bind $work/fake $sysctl/kernel/sysrq" "umount $sysctl/kernel/sysrq"
flip "F10 a file system mounted over where a sysctl is missing" jit-harden=unknown \
	"mount -t tmpfs none $sysctl/net/core" "umount $sysctl/net/core"
flip "a bpffs that others may write" bpffs=weak \
	"mkdir -p $work/bpffs && mount -t bpf bpf $work/bpffs" "umount $work/bpffs"
look=
take $work/base
loaded_objects
check "who has no right is told what he cannot read" unprivileged
check "a container is told" contained
check "a task that was not there before is told" stranger_is_told
if ! grep -q 'lsm=' /proc/cmdline; then
	with_guard
fi

# ---- no way back
look='--root /'
take $work/base
with kernel/unprivileged_bpf_disabled 1 1 unprivileged-bpf=good
take $work/base
with kernel/kexec_load_disabled 1 1 kexec=good
take $work/base
if [ ! $locked ]; then
	flip "lockdown raised to integrity" "lockdown=good module-signatures=good kexec-signatures=good \
dev-mem=good msr=good hibernation=good fault-injection=good debugfs=good" \
		"echo integrity >/sys/kernel/security/lockdown" true
	take $work/base
fi
with kernel/modules_disabled 1 1 modules-disabled=good
exit $failed
