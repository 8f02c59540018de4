#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the suites that bring up the guard share; they source it. The guard runs as a service of PID
# 1, as on a real host; what `guard up` prints is kept for the operator's part of the test.
# shellcheck disable=SC2034,SC2086,SC2317 # used by those who source it; no path has a space in it

here=/opt/tests
work=/run/suite
secret=$work/secret
log=$work/events # what the log of events has, a line each, as it comes
daemon=/usr/local/sbin/holdfastd
failed=0
PATH=$here:$PATH
mkdir -p "$work"
# once, whoever sources this again; of a shell of its own, so that `wait` does not wait for it
[ -e "$log" ] || (holdfast events --follow --from 0 --json >"$log" 2>"$work/follower" &)

ok() {
	echo "ok - $1"
}

not_ok() {
	echo "not ok - $1"
	failed=1
}

# check NAME CMD...: one TAP line; what CMD says only if it fails. CMD may be a function of the
# suite, so no variable of ours has a common name.
check() {
	checked=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		ok "$checked"
		return 0
	fi
	not_ok "$checked"
	sed 's/^/# /' "$work/out"
	return 1
}

# need NAME CMD...: the same, and without it nothing after it makes sense
need() {
	check "$@" && return
	echo "Bail out! not so: $1"
	exit 1
}

# exits CODE CMD...
exits() {
	wanted=$1
	shift
	got=0
	"$@" || got=$?
	[ "$got" -eq "$wanted" ] || { echo "exit code $got, wanted $wanted: $*"; return 1; }
}

# refused TEXT CMD...: exits 1, and says TEXT (a regular expression) on stderr
refused() {
	text=$1
	shift
	exits 1 "$@" 2>"$work/err" || { cat "$work/err"; return 1; }
	grep -qE "$text" "$work/err" || { cat "$work/err"; return 1; }
}

# connects TEXT ADDRESS: what becomes of it
connects() {
	bash -c "</dev/tcp/$2/9" 2>$work/connect
	grep -q "$1" $work/connect || { cat $work/connect; return 1; }
}

# image NAME [SED-EXPRESSION]...: compiles policies/NAME.yaml, changed, and prints the image's path
image() {
	yaml=$work/$1-$#.yaml
	img=${yaml%.yaml}.img
	cp "$here/policies/$1.yaml" "$yaml"
	shift
	for change; do
		sed -i "$change" "$yaml"
	done
	holdfast policy lock "$yaml" >&2 && holdfast policy compile "$yaml" -o "$img" >&2 && echo "$img"
}

daemon_start() {
	guest-ctl service system.slice/holdfastd.service /usr/local/sbin/holdfastd --wait >/dev/null
	guest-ctl until 20 test -S /run/holdfast/control.sock
}

# guard_up IMAGE: keeps the secret
guard_up() {
	holdfast guard up "$1" >"$work/up" 2>&1 || { cat "$work/up"; return 1; }
	sed -n 's/^secret: \([^ ]*\)$/\1/p' "$work/up" >"$work/new-secret"
	if [ -s "$work/new-secret" ]; then
		cp "$work/new-secret" "$secret"
	fi
}

guard_down() {
	holdfast guard down --secret-fd 3 3<"$secret"
}

# It is back again at once otherwise: PID 1 restarts what ends.
daemon_stop() {
	guest-ctl stop system.slice/holdfastd.service >/dev/null
	guest-ctl until 10 sh -c "guest-ctl status system.slice/holdfastd.service | grep -q exited"
}

armed() {
	holdfast guard status >/dev/null
}

daemon_pid() {
	# shellcheck disable=SC2046 # words are meant
	set -- $(guest-ctl status system.slice/holdfastd.service)
	echo "$2"
}

# The one way that is left to who may not write what kills or freezes its group: a glutton joins it,
# and the kernel kills them both for lack of memory.
killed() {
	unit=/sys/fs/cgroup/system.slice/holdfastd.service
	before=$(daemon_pid)
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control &&
		echo +memory >/sys/fs/cgroup/system.slice/cgroup.subtree_control &&
		echo 1 >$unit/memory.oom.group && echo 96M >$unit/memory.max || return 1
	sh -c "echo 0 >$unit/cgroup.procs && exec tail /dev/zero"
	guest-ctl until 20 test ! -e "/proc/$before"
	echo max >$unit/memory.max
}

restarts() {
	guest-ctl status system.slice/holdfastd.service | awk '{ print $3 }'
}

# No number is missing: what happened while nobody read the ring is in the log as well
log_is_whole() {
	# another line can come after it, of what was before: then the next one is the last
	guest-ctl until 30 sh -c "probe map-read >/dev/null 2>&1
		guest-ctl until 2 sh -c 'tail -n 1 $log | grep -q MAP_GET_FD_BY_ID'" || return 1
	# not sorted, and no expression that goes back: the log has tens of thousands of lines
	awk -F '"seq":' 'NF > 1 {
			n = $2 + 0
			if (!(n in seen)) { seen[n]; count++ }
			if (!first || n < first) first = n
			if (n > last) last = n }
		END {
			for (n = first; count && n <= last; n++) if (!(n in seen)) print n, "is missing"
			exit count < 50 || count != last - first + 1 }' $log
}

# ---- another holdfastd in the place of the one that runs

digest() {
	sha256sum $1 | cut -d ' ' -f 1
}

admit() {
	holdfast guard upgrade $1 --secret-fd 3 3<"$secret"
}

# replace FILE: as dpkg does, with a second name for the old one meanwhile
replace() {
	cp $1 $daemon.dpkg-new && ln -f $daemon $daemon.dpkg-tmp && mv $daemon.dpkg-new $daemon &&
		rm -f $daemon.dpkg-tmp
}

runs() {
	guest-ctl until 120 sh -c "holdfast guard status --json | grep -q '\"daemon\": \"$(digest $1)\"'" &&
		armed
}

# over FILE: the change, in the words of the man page
over() {
	admit $1 && replace $1 && runs $1
}

# The victim and somebody like it whom no policy knows.
targets_start() {
	for name in victim neighbour own; do
		ip link show $name >/dev/null 2>&1 || ip link add $name type dummy
	done
	guest-ctl spawn system.slice/victim.service "$here/victim" victim >/dev/null
	guest-ctl spawn system.slice/neighbour.service "$here/victim" neighbour >/dev/null
	guest-ctl until 20 probe as ask victim state &&
		guest-ctl until 20 probe as ask neighbour state
}

state() {
	probe as ask victim state | tr ' ' '\n' | sed -n "s/^$1=//p"
}

# status_number KEY: of the JSON that `guard status` prints
status_number() {
	holdfast guard status --json | tr -d ' ,' | sed -n "s/^\"$1\"://p" | head -n 1
}

# What an attacker may have held before there was a guard; a technique finds it as fd 7. A kernel
# that lets nobody switch ftrace off says so, and it stays on.
# disks_prepare: an ext4 with a copy of the canary on a partition, a disk that nobody uses, and what
# control groups may use
disks_prepare() {
	modprobe loop 2>/dev/null
	dd if=/dev/zero of=/run/drill.img bs=1M count=16 2>/dev/null &&
		dd if=/dev/zero of=/run/drill-other.img bs=1M count=1 2>/dev/null &&
		mke2fs -q -t ext4 -E offset=1048576 /run/drill.img 14M &&
		printf '\203\0\0\0\0\010\0\0\0\160\0\0' |
		dd of=/run/drill.img bs=1 seek=450 conv=notrunc 2>/dev/null &&
		printf '\125\252' | dd of=/run/drill.img bs=1 seek=510 conv=notrunc 2>/dev/null ||
		return 1
	disk=$(losetup -f) && losetup -P "$disk" /run/drill.img && mkdir -p /srv/holdfast-drill &&
		mount -t ext4 "${disk}p1" /srv/holdfast-drill &&
		cp /usr/local/libexec/holdfast-canary /srv/holdfast-drill/ || return 1
	disk=$(losetup -f) && losetup "$disk" /run/drill-other.img &&
		ln -s "$disk" /run/holdfast-drill-other || return 1
	mkdir -p /sys/fs/cgroup/system.slice
	echo '+memory +pids' >/sys/fs/cgroup/cgroup.subtree_control &&
		echo '+memory +pids' >/sys/fs/cgroup/system.slice/cgroup.subtree_control
}

# What the drill removes; again after each phase that lets it.
modules_prepare() {
	modprobe -a sch_prio xt_mark && [ -d /sys/module/sch_prio ] && [ -d /sys/module/xt_mark ]
}

switches_prepare() {
	modules_prepare 2>/dev/null
	# a control file that comes with a module, where the kernel has it
	modprobe hwpoison-inject 2>/dev/null || true
	# what the drill's interface is of: where the policy denies modules, nobody loads it later
	modprobe dummy 2>/dev/null || true
	# registers, which are written where the kernel is not locked down
	if modprobe msr 2>/dev/null; then
		echo on >/sys/module/msr/parameters/allow_writes
	fi
	modprobe -a sch_ingress cls_bpf nf_tables 2>/dev/null || true
	exec 7>/proc/sys/kernel/ftrace_enabled
	echo 0 | busybox dd of=/proc/sys/kernel/ftrace_enabled 2>$work/ftrace
	if grep -q 'Operation not supported' $work/ftrace; then
		[ "$(cat /proc/sys/kernel/ftrace_enabled)" = 1 ] && export PROBE_FTRACE_FIXED=yes
	else
		echo 1 >/proc/sys/kernel/ftrace_enabled
	fi
}
