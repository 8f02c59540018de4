#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The drill through every phase: without a guard, observed, refused, and after the guard is gone.
# Arguments choose techniques, and `phase=enforce` before them that phase alone; for `make drill`
# DRILL_JSON=1 prints the rows on the console as well.
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

unit='s/launch: any/launch: unit canary.service/'
observe=$(image drill "$unit") || exit 1
enforce=$(image drill "$unit" 's/mode: observe/mode: enforce/') || exit 1
[ -z "$DRILL_JSON" ] || echo "# drill-kernel $(uname -r)"

switches_prepare

phases=all
case ${1-} in
phase=enforce)
	phases=enforce
	shift
	;;
esac

if [ $phases = all ]; then
	drill none "$@"

	need "holdfastd starts" daemon_start
	need "the guard comes up to observe" guard_up "$observe"
	drill observe "$@"

	# not by a reload: what was attacked and put back is no longer what the guard has marked
	check "the guard goes down" holdfast guard down
fi
need "holdfastd starts again" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
[ -z "$DRILL_JSON" ] || echo "# drill-policy $(holdfast guard status --json | tr -d ' ",' |
	sed -n 's/^sha256://p' | head -n 1)"
drill enforce "$@"

if [ $phases = enforce ]; then
	exit $failed
fi
check "the guard goes down by the operator" guard_down
# the kernel lets go of the programs some time later; to switch ftrace off meanwhile makes it warn
check "and its programs with it" \
	guest-ctl until 30 sh -c "! bpftool prog list | grep -qE ' lsm | tracing '"
drill down "$@"
exit $failed
