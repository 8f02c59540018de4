#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The guest itself: what every other suite takes for granted.
# shellcheck disable=SC2317 # the functions are called through check
set -u

failed=0
check() {
	name=$1
	shift
	if "$@" >/tmp/out 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		sed 's/^/# /' /tmp/out
		failed=1
	fi
}

in_cgroup() {
	pid=$(guest-ctl spawn system.slice/probe.service cat /proc/self/cgroup) &&
		[ "$(guest-ctl wait "$pid")" = 0 ] &&
		grep -qx '0::/system.slice/probe.service' /run/guest/probe.service.log
}

restarted() {
	guest-ctl service system.slice/again.service sleep 60 || return 1
	# shellcheck disable=SC2046 # three words are meant
	set -- $(guest-ctl status system.slice/again.service)
	old=$2
	kill -9 "$old" || return 1
	guest-ctl until 5 sh -c "guest-ctl status system.slice/again.service | grep -q 'running .* 1'" &&
		guest-ctl stop system.slice/again.service &&
		guest-ctl until 5 sh -c "guest-ctl status system.slice/again.service | grep -q 'exited 143 1'"
}

orphan_is_reaped() {
	# the middle shell ends first: its child falls to PID 1
	orphan=$(sh -c 'sleep 0 >/dev/null 2>&1 & echo $!')
	guest-ctl until 5 sh -c "! test -e /proc/$orphan"
}

bpf_lsm_as_booted() {
	if grep -q 'lsm=' /proc/cmdline; then
		! grep -qw bpf /sys/kernel/security/lsm
	else
		grep -qw bpf /sys/kernel/security/lsm
	fi
}

lockdown_as_booted() {
	if grep -q 'lockdown=confidentiality' /proc/cmdline; then
		grep -qF '[confidentiality]' /sys/kernel/security/lockdown
	else
		grep -qF '[none]' /sys/kernel/security/lockdown
	fi
}

# What the verifier follows grows with a program until a kernel refuses it: a rise is seen before.
verified() {
	/opt/tests/verifier >/tmp/verifier &&
		awk -v release="$(uname -r)" -f /opt/tests/verifier.awk \
			/opt/tests/verifier.tsv /tmp/verifier
}

loads_as_shipped() {
	xdp-filter load lo --mode skb && xdp-filter status && xdp-filter unload lo
}

check "lo is up" ping -c 1 -W 2 127.0.0.1
check "bpffs is mounted" grep -q ' /sys/fs/bpf bpf ' /proc/mounts
check "cgroup2 is mounted" grep -q ' /sys/fs/cgroup cgroup2 ' /proc/mounts
check "kernel types are there" test -s /sys/kernel/btf/vmlinux
check "bpf is among the security modules as the profile says" bpf_lsm_as_booted
check "lockdown is as the profile says" lockdown_as_booted
check "PID 1 spawns into a cgroup" in_cgroup
check "PID 1 restarts a service that was killed" restarted
check "PID 1 reaps orphans" orphan_is_reaped
check "xdp-filter loads and unloads as shipped" loads_as_shipped
# by the kernel alone: once is enough
if ! grep -qE 'lsm=|lockdown=' /proc/cmdline; then
	check "no program takes the verifier a tenth more than the table says" verified
	sed -n 's/^fell:/#&/p' /tmp/out
	cat /tmp/verifier
fi
exit $failed
