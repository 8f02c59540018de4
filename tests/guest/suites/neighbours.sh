#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An ordinary system stays ordinary: what strangers do all day still works while the guard enforces,
# and not one act of theirs is in its log.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

ready() {
	guest-ctl until 20 grep -q "$1" "/run/guest/$2.service.log"
}

# ---- before the guard

older_programs() {
	ip link add own type dummy &&
		guest-ctl spawn system.slice/older.service execsnoop >/dev/null &&
		ready PCOMM older && xdp-filter load own --mode skb
}

older_programs_work() {
	ready holdfastd older && /usr/bin/true && ready true older &&
		xdp-filter status | grep -q own && xdp-filter unload own
}

# it is not stopped, and the operator can read of it
older_programs_told() {
	grep -E '"note":"before".*execsnoop' $log
}

# Whoever answers around a hook can keep the guard from being asked: that is told, not refused.
around_told() {
	grep '"note":"before"' $log | grep 'attach type 26' | grep 'where it could out-rank others'
}

around_shown() {
	holdfast guard status | grep '1 programs from before the guard .*fmod_ret'
}

# the guard looks each minute
around_gone() {
	guest-ctl until 90 sh -c '! holdfast guard status | grep fmod_ret'
}

# ---- tools

object=$(echo /usr/lib/*/bpf/xdp-dispatcher.o)

bpftool_lists() {
	for kind in prog map link; do
		bpftool $kind show >$work/$kind 2>$work/err || { cat $work/err; return 1; }
	done
	bpftool prog show | grep -q 'canary_count' # the neighbour's own
}

bpftool_hides() {
	! bpftool map show id "$(state map)" && ! bpftool prog show id "$(state prog)"
}

bpftool_loads() {
	bpftool map create /sys/fs/bpf/mine type hash key 4 value 4 entries 4 name mine &&
		bpftool map update pinned /sys/fs/bpf/mine key 1 0 0 0 value 1 0 0 0 &&
		bpftool map dump pinned /sys/fs/bpf/mine | grep -q value && rm /sys/fs/bpf/mine
}

bpftool_loads_program() {
	bpftool prog load "$1" /sys/fs/bpf/mine-prog type xdp || return 1
	bpftool prog show pinned /sys/fs/bpf/mine-prog && rm /sys/fs/bpf/mine-prog
}

xdp_tool() {
	xdp-filter load own --mode skb && xdp-filter ip 192.0.2.1 && xdp-filter status &&
		xdp-filter unload own
}

exec_tool() {
	guest-ctl spawn system.slice/newer.service execsnoop >/dev/null &&
		ready PCOMM newer && /usr/bin/true && ready true newer
}

links() {
	ip link add veth-a type veth peer name veth-b && ip link set veth-a up mtu 1400 &&
		ip link set dev veth-a xdp off && ip link del veth-a && ip link set lo mtu 60000
}

# shellcheck disable=SC2009 # it is ps that shall work
processes() {
	pid=$(state pid)
	ps | grep -q victim && ls -l /proc/"$pid"/fd >/dev/null && cat /proc/"$pid"/status \
		/proc/"$pid"/maps /proc/"$pid"/environ /proc/"$pid"/cmdline >/dev/null &&
		kill -0 "$pid"
}

strace_own() {
	strace -o $work/strace /usr/bin/true && grep -q exited $work/strace
}

signals_own() {
	sleep 100 &
	renice -n 5 -p $! && kill -STOP $! && kill -CONT $! && kill $!
}

# ---- containers

# The guest's root is the initramfs, which nobody can pivot away from: a copy of it is.
container='
	mkdir -p /run/suite/host /run/suite/root && mount --rbind / /run/suite/host &&
	exec chroot /run/suite/host sh -c "
		mount -t tmpfs none /run/suite/root && cd /run/suite/root &&
		mkdir old bin proc sys && cp /usr/bin/busybox bin/ &&
		mount -t proc proc proc && mount -t sysfs sysfs sys &&
		mount -t bpf bpf sys/fs/bpf &&
		pivot_root . old && cd / && bin/busybox test -e /old/sys/fs/bpf/victim &&
		bin/busybox umount -l /old && bin/busybox rmdir /old &&
		bin/busybox test -d /sys/fs/bpf && ! bin/busybox test -e /sys/fs/bpf/victim"'

in_container() {
	unshare -m --propagation private sh -c "$container"
}

in_slave_container() {
	unshare -m --propagation slave sh -c "$container"
}

in_pid_container() {
	unshare -m -p -f --mount-proc sh -c 'test $$ = 1 && ps | grep -q sh'
}

private_tmp() {
	unshare -m sh -c 'mount -t tmpfs none /tmp && mount --bind /tmp /mnt &&
		umount /mnt && umount /tmp'
}

host_mounts() {
	mkdir -p $work/m $work/n && mount -t tmpfs none $work/m && mount --bind $work/m $work/n &&
		mount -o remount,ro $work/n && umount $work/n && umount $work/m &&
		mount -o remount,rw /sys
}

files() {
	echo x >$work/file && mv $work/file $work/file2 && chmod 600 $work/file2 &&
		ln $work/file2 $work/file3 && rm $work/file2 $work/file3
}

cgroups() {
	mkdir -p /sys/fs/cgroup/stranger.slice/a && rmdir /sys/fs/cgroup/stranger.slice/a
}

# Of what strangers did, all that was refused. A list of everything asks for each id there is: what
# bpftool is not shown is in the log, and is no refusal of what it was run for.
refused_strangers() {
	grep '"label":"stranger"' $log | grep -ve '"verdict":"noted"' -e '"verdict":"admitted"' |
		grep -vE '"comm":"(bpftool|probe)"'
}

nothing_logged() {
	# its event comes after all others
	probe map-read >/dev/null 2>&1
	guest-ctl until 10 sh -c "tail -n 1 $log | grep -q '\"comm\":\"probe\"'" || return 1
	! refused_strangers
}

enforce=$(image neighbours 's/mode: observe/mode: enforce/') || exit 1
check "tools run before the guard does" older_programs
check "P04 a program hangs around a hook before the guard does" probe as load around-for-good
need "holdfastd starts" daemon_start
need "the guard comes up beside them" guard_up "$enforce"
need "the victim and its neighbour start" targets_start
check "programs older than the guard go on" older_programs_work
check "M09 who held BPF objects before the guard is in the log" older_programs_told
check "P04 the program around a hook is in the log" around_told
check "P04 and in the status" around_shown
check "P04 none can come later" exits 1 probe as load around-for-good
# holdfastd looks once a minute: what is below goes on meanwhile
check "P04 the program around the hook goes" rm /sys/fs/bpf/around
check "a socket filter sees packets" probe as sniff
check "bpftool makes, fills and shows a map" bpftool_loads
check "bpftool loads and pins a program" bpftool_loads_program "$object"
check "bpftool lists programs, maps and links" bpftool_lists
check "xdp-filter works for a stranger" xdp_tool
check "execsnoop works for a stranger" exec_tool
check "interfaces are made, changed and removed" links
check "ps and /proc show the victim" processes
check "strace of its own command works" strace_own
check "signals and priorities of its own work" signals_own
check "a container pivots its root and drops the old one" in_container
check "a container whose mounts are slaves does the same" in_slave_container
check "a pid namespace has its own proc" in_pid_container
check "a service has a private /tmp" private_tmp
check "mounts, binds, remounts and unmounts on the host" host_mounts
check "files are made, renamed, linked, removed" files
check "cgroups are made and removed" cgroups
check "P04 the status no longer shows one that has gone" around_gone
check "nothing of this is in the log as refused" nothing_logged
check "the guard goes down by the operator" guard_down
exit $failed
