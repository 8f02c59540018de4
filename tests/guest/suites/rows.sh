#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The rows of the threat catalogue that the guard stops, each through every phase: without a guard,
# observed, refused, and after the guard is gone. The probes and their driver are one binary.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

drive() {
	probe drive "$@" || failed=1
}

victim_restart() {
	probe as ask victim quit >/dev/null 2>&1
	guest-ctl spawn system.slice/victim.service "$here/victim" victim >/dev/null
	guest-ctl until 20 probe as ask victim state
}

observe=$(image rows) || exit 1
enforce=$(image rows 's/mode: observe/mode: enforce/') || exit 1
need "the victim and its neighbour start" targets_start

drive none "$@"

need "holdfastd starts" daemon_start
need "the guard comes up to observe" guard_up "$observe"
need "the victim starts as an agent" victim_restart
PROBE_RELOAD="holdfast guard reload $observe >/dev/null" drive observe "$@"

# not by a reload: what was attacked and put back by hand is no longer what the guard has marked
check "the guard goes down" holdfast guard down
need "holdfastd starts again" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
need "the victim starts as an agent that is protected" victim_restart
drive enforce "$@"

check "the guard goes down by the operator" guard_down
drive down "$@"
exit $failed
