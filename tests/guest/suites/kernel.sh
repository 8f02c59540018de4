#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `kernel` of a policy: what strangers put into the kernel, what the guard holds them to as if it
# were locked down, and what the policy requires of the host before the guard comes up and after.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

module=$(find /lib/modules -name veth.ko)
unsigned=$work/veth.ko
sysrq=/proc/sys/kernel/sysrq
debugfs=/sys/kernel/debug/clear_warn_once
locked=yes
grep -qF '[none]' /sys/kernel/security/lockdown && locked=

# kernel VERSION KEYS: an image that enforces, with those keys
kernel() {
	made=$(image rows 's/observe/enforce/' "s/version: 1/version: $1/" \
		"s/^switches.*/kernel: { $2 }/") && mv $made $work/$1.img && echo $work/$1.img
}

# tells ROW WHAT: the newest refusal of that kind
tells() {
	guest-ctl until 10 sh -c "grep '\"act\":\"kernel\"' $log | tail -n 1 |
		grep '\"verdict\":\"refused\"' | grep '\"row\":\"$1\"' | grep -q '$2'" ||
		{ grep '"act":"kernel"' $log | tail -n 2; return 1; }
}

quiet() {
	probe map-read >/dev/null 2>&1
	guest-ctl until 10 sh -c "tail -n 1 $log | grep -q MAP_GET_FD_BY_ID"
	! grep '"act":"kernel".*"command":"lockdown"' $log
}

loads() {
	insmod "$1" && [ -d /sys/module/veth ] && rmmod veth
}

# by the kernel or the guard: EPERM is what both say
not_permitted() {
	! "$@" 2>$work/err && grep -qi 'not permitted' $work/err && return
	cat $work/err
	return 1
}

not_loaded() {
	not_permitted insmod "$1" && [ ! -d /sys/module/veth ]
}

# What the kernel asks for by itself: its helper is a stranger as well
asked_for() {
	ip link add other type veth && ip link del other && rmmod veth
}

not_asked_for() {
	! ip link add other type veth && [ ! -d /sys/module/veth ]
}

opens() {
	sh -c ": <>$1"
}

reads() {
	head -c 16 $1 >$work/read && [ -s $work/read ]
}

log_has() {
	guest-ctl until 100 grep -q "$1" $log || { tail -n 3 $log; return 1; }
}

status_says() {
	holdfast guard status >$work/status 2>&1
	grep -q "$1" $work/status || { cat $work/status; return 1; }
}

# unfit WHAT CMD...: the host is not as the policy requires it
unfit() {
	what=$1
	shift
	! "$@" 2>$work/err && grep -qF "requires of the host what is not so: $what;" $work/err && return
	cat $work/err
	return 1
}

# ---- what the policy requires

host_required() {
	echo 1 >$sysrq
	need "holdfastd starts" daemon_start
	check "a host that is not as the policy requires gets no guard" \
		unfit 'sysrq (1)' holdfast guard up "$strict"
	need "holdfastd starts again" daemon_start
	need "where the policy allows it, the guard comes up" guard_up "$lenient"
	check "and says so" status_says 'the policy requires of the host: sysrq (1)'
	check "in the log as well" log_has '"note":"degraded"'
	check "posture check goes by the policy in force" \
		refused 'required check.*sysrq' holdfast posture check
	echo 0 >$sysrq
	check "the host is mended, and a policy that requires it comes into force" \
		holdfast guard reload "$strict"
	check "which is in the log" log_has 'the host is again as the policy requires'
}

lockdown_required() {
	if [ $locked ]; then
		check "a kernel that is locked down may be required to be" \
			holdfast guard reload "$locking"
	else
		check "a kernel that is not locked down is not one that is" \
			unfit 'lockdown (none)' holdfast guard reload "$locking"
	fi
}

# ---- what strangers put into the kernel

modules_signed() {
	check "K01 a signed module is let in" loads $module
	check "K01 an unsigned one is not" not_loaded $unsigned
	if [ ! $locked ]; then
		check "K01 which is told" tells K01 '"command":"lockdown".*unsigned module'
	fi
	check "K01 what the kernel asks for is let in" asked_for
}

modules_denied() {
	check "K01 no module is let in" not_loaded $module
	check "K01 which is told, by the file's name" log_has '"act":"kernel".*"name":"veth.ko"'
	check "K01 nor one that the kernel asks for" not_asked_for
	check "K01 nor one that is compressed" exits 1 probe module-compressed
	check "K04 no kernel" exits 1 probe kexec-file
	check "K04 which is told" tells K04 '"verdict":"refused"'
}

# kept ACT: nothing but EPERM comes of it
kept() {
	ground $1 >$work/said
	grep -qx "$1: EPERM" $work/said || { cat $work/said; return 1; }
}

# ---- lockdown by the guard

held_to_integrity() {
	check "K05 /dev/mem is kept" not_permitted opens /dev/mem
	if [ $locked ]; then
		check "by the kernel, and nothing is told" quiet
		return
	fi
	check "K05 which is told" tells K05 '/dev/mem'
	check "K06 the register of system calls is kept" kept entry-register
	check "K06 which is told" tells K06 MSR
	if [ -e /dev/snapshot ]; then
		check "K08 an image of memory is kept out" kept hibernation-image
		check "K08 which is told" tells K08 hibernation
	fi
	check "K04 another kernel is kept" kept other-kernel
	check "K10 files of debugfs that write the kernel are kept" not_permitted opens $debugfs
	check "K10 which is told" tells K10 'other writes'
	check "a domain's task is not held to it" victim_writes $debugfs 1
	check "K01 unsigned modules are kept with it" not_loaded $unsigned
	check "K07 what reads the kernel is not" reads /proc/kcore
}

victim_writes() {
	probe as ask victim "write $1 $2" | grep -qx 0
}

held_to_confidentiality() {
	check "K07 the kernel's memory is kept" not_permitted reads /proc/kcore
	[ $locked ] || check "K07 which is told" tells K07 'reads'
}

# ---- a change for the worse, seen by the timer

# mount(8) tries several ways, and says what the last one answered
not_covered() {
	! mount --bind $work/fake $sysrq 2>$work/err && [ "$(cat $sysrq)" = 1 ]
}

worse_later() {
	echo 1 >$sysrq
	check "a change for the worse is an event with the check's id" log_has \
		'"check":"sysrq","note":"posture-worse","text":"weak (1), it was good (0)"'
	check "and shown, since it is required" status_says 'requires of the host: sysrq (1)'
	echo 0 >$work/fake
	check "F10 nothing is mounted over it" not_covered
	check "F10 which is told" log_has '"row":"F10"'
}

head -c -28 $module >$unsigned
required='require: [ sysrq, ftrace ]'
also=$required
[ ! $locked ] || also="$required, require_lockdown: integrity"
lenient=$(kernel 1 "$required, degraded: allow") && strict=$(kernel 2 "$required") &&
	locking=$(kernel 3 "$required, require_lockdown: integrity") &&
	signed=$(kernel 4 "$also, modules: signed") &&
	denied=$(kernel 5 "$also, modules: deny, kexec: deny") &&
	integrity=$(kernel 6 "$also, modules: deny, kexec: deny, lockdown: integrity") &&
	confidential=$(kernel 7 "$also, modules: deny, kexec: deny, lockdown: confidentiality") ||
	exit 1
check "without a guard a signed module is let in" loads $module
if [ ! $locked ]; then
	check "and an unsigned one" loads $unsigned
	check "and /dev/mem is opened" opens /dev/mem
	modprobe msr && echo on >/sys/module/msr/parameters/allow_writes
	check "and the register of system calls is written" ground entry-register
fi
host_required
need "the victim and its neighbour are there" targets_start
lockdown_required
check "only signed modules are let in" holdfast guard reload "$signed"
modules_signed
check "no modules and no kernels" holdfast guard reload "$denied"
modules_denied
check "strangers are held to integrity" holdfast guard reload "$integrity"
held_to_integrity
check "strangers are held to confidentiality" holdfast guard reload "$confidential"
held_to_confidentiality
worse_later
check "the guard goes down by the operator" guard_down
check "and modules are let in again" loads $module
exit $failed
