#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Kernels and hosts that cannot carry the guard, or not well: it says so, with a code of its own,
# and leaves nothing half done.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

boot_image=/etc/holdfast/policy.img

# holdfastd by itself, as at boot: refused_at_boot CODE TEXT
refused_at_boot() {
	mkdir -p /etc/holdfast
	cp "$observe" $boot_image
	got=0
	/usr/local/sbin/holdfastd 2>$work/err || got=$?
	rm -f $boot_image
	cat $work/err
	[ "$got" -eq "$1" ] && grep -q "$2" $work/err && nothing_up
}

nothing_up() {
	[ ! -e /sys/fs/bpf/holdfast ] && ! armed 2>/dev/null
}

refused_up() {
	refused "$1" holdfast guard up "$observe" && nothing_up
}

observe=$(image rows) && enforce=$(image rows 's/observe/enforce/') || exit 1

if ! grep -qw bpf /sys/kernel/security/lsm; then
	check "holdfastd starts" daemon_start
	check "without bpf among the security modules guard up is refused" refused_up "lsm="
	daemon_stop
	check "and holdfastd ends with 5 at boot" refused_at_boot 5 "lsm="
	exit $failed
fi

ftrace_off() {
	echo 0 >/proc/sys/kernel/ftrace_enabled
}

no_bpffs() {
	umount -l /sys/fs/bpf
	code=0
	"$@" || code=$?
	mount -t bpf bpf /sys/fs/bpf
	return $code
}

no_types() {
	mount --bind /dev/null /sys/kernel/btf/vmlinux
	code=0
	"$@" || code=$?
	umount /sys/kernel/btf/vmlinux
	return $code
}

# ---- no room

state_small() {
	mkdir -p /var/lib/holdfast && mount -t tmpfs -o size=64k,mode=0750 none /var/lib/holdfast
}

# by events: the folder itself takes no stranger's file. Of four tasks, so that none floods; what
# holdfastd keeps in memory has to be full as well.
state_fill() {
	rm -f $work/enough
	for n in 1 2 3 4; do
		probe as hammer $work/enough map-update >$work/hammer-$n 2>&1 &
	done
	code=0
	guest-ctl until 90 sh -c ". $here/lib.sh; [ \"\$(status_number unwritten)\" -gt 0 ]" || code=$?
	touch $work/enough
	wait $! || true
	cat $work/hammer-?
	return $code
}

loss_is_told() {
	holdfast guard status | grep -E 'not written [1-9]'
}

if ftrace_off 2>/dev/null; then
	check "holdfastd starts" daemon_start
	check "with ftrace off guard up is refused" refused_up ftrace_enabled
	daemon_stop
	check "and holdfastd ends with 5 at boot" refused_at_boot 5 ftrace_enabled
	echo 1 >/proc/sys/kernel/ftrace_enabled
else
	ok "this kernel does not let ftrace be switched off"
fi

need "holdfastd starts with everything there" daemon_start
check "without a bpffs guard up is refused" no_bpffs refused_up bpffs
check "without the kernel's types guard up is refused" no_types refused_up BTF
check "and comes up when they are there again" guard_up "$observe"
check "it goes down again" holdfast guard down
daemon_stop

check "the state folder is small" state_small
need "holdfastd starts on it" daemon_start
need "the guard comes up" guard_up "$enforce"
need "the victim and its neighbour start" targets_start
check "the log finds no more room" state_fill
check "enforcement goes on" exits 1 probe map-update
check "the status says that events were not written" loss_is_told
check "a killed holdfastd comes again without room" \
	sh -c "echo 1 >/sys/fs/cgroup/system.slice/holdfastd.service/cgroup.kill; guest-ctl until 20 holdfast guard status"
check "enforcement still goes on" exits 1 probe map-update
check "the guard goes down by the operator" guard_down
exit $failed
