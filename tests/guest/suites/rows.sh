#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The drill through every phase: without a guard, observed, refused, and after the guard is gone.
# What needs a strict policy is done again under one. Arguments choose techniques, and
# `phase=enforce` or `phase=strict` before them that phase alone; for `make drill` DRILL_JSON=1
# prints the rows on the console as well.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

drill() {
	phase=$1
	shift
	holdfast drill --tap "$phase" ${DRILL_JSON:+--json} --disposable --start $here/start-unit.sh \
		--restore "holdfast guard reload $observe >/dev/null" -- "$@" || failed=1
}

# What strict.c has, which the other policy lets through.
drill_strict() {
	drill "$1" lock- limit- net-
}

unit='s/launch: any/launch: unit canary.service/'
observe=$(image drill "$unit") || exit 1
enforce=$(image drill "$unit" 's/mode: observe/mode: enforce/') || exit 1
listed='cgroup_inet_ingress, cgroup_inet_egress, cgroup_inet_sock_create, xdp, none'
strict='s/version: 1/version: 2/; s/marks,/marks, network,/'
strict="$strict; s/kexec: deny/kexec: deny, lockdown: confidentiality/"
strict="$strict; \$ a admission: { struct_ops: refuse, limits: { attach: [ $listed ] } }"
observe_strict=$(image drill "$unit" "$strict" '' '') || exit 1
enforce_strict=$(image drill "$unit" "$strict" 's/mode: observe/mode: enforce/' '' '') || exit 1
[ -z "$DRILL_JSON" ] || echo "# drill-kernel $(uname -r)"

switches_prepare
need "two disks are there" disks_prepare
need "modules that can be removed are there" modules_prepare
mkdir -p /etc/holdfast-canary/conf.d /etc/holdfast-neighbour/conf.d

phases=all
case ${1-} in
phase=enforce | phase=strict)
	phases=${1#phase=}
	shift
	;;
esac

if [ $phases = all ]; then
	drill none "$@"

	need "the modules are there again" modules_prepare
	need "holdfastd starts" daemon_start
	need "the guard comes up to observe" guard_up "$observe"
	drill observe "$@"
	if [ $# = 0 ]; then
		check "a strict policy takes its place" holdfast guard reload "$observe_strict"
		drill_strict observe
	fi

	# not by a reload: what was attacked and put back is no longer what the guard has marked
	check "the guard goes down" holdfast guard down
	need "and once more" modules_prepare
fi
if [ $phases != strict ]; then
	need "holdfastd starts again" daemon_start
	need "the guard comes up to enforce" guard_up "$enforce"
	[ -z "$DRILL_JSON" ] || echo "# drill-policy $(holdfast guard status --json | tr -d ' ",' |
		sed -n 's/^sha256://p' | head -n 1)"
	drill enforce "$@"
	[ $# != 0 ] || check "the guard goes down for a strict policy" guard_down
fi
if [ $phases = strict ] || [ $# = 0 ]; then
	# nobody makes them where the network is closed
	for name in canary neighbour own; do
		ip link show $name >/dev/null 2>&1 || ip link add $name type dummy
	done
	need "holdfastd starts for it" daemon_start
	need "the guard comes up, strict" guard_up "$enforce_strict"
	drill_strict enforce
fi

if [ $phases != all ]; then
	exit $failed
fi
check "the guard goes down by the operator" guard_down
# the kernel lets go of the programs some time later; to switch ftrace off meanwhile makes it warn
check "and its programs with it" \
	guest-ctl until 30 sh -c "! bpftool prog list | grep -qE ' lsm | tracing '"
drill down "$@"
exit $failed
