#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# holdfastd gives way to another build of itself while the guard enforces: one whose labels
# lie otherwise in the maps, one that differs in the daemon alone, and back. Attacks go on all
# the while.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

relaid=$here/holdfastd-relayout
first=$work/first
attacks="map-update pin-unlink link-pin-detach pidfd-signal"

status_has() {
	holdfast guard status --json | tr -d '\n ' | grep -q "$1"
}

# ---- attacks that must fail at every moment

hammers_start() {
	rm -f $work/enough $work/hammered-*
	for verb in $attacks; do
		(
			code=0
			probe as hammer $work/enough $verb >$work/hammer-$verb 2>&1 || code=$?
			echo $code >$work/hammered-$verb
		) &
	done
}

none_went_through() {
	touch $work/enough
	wait
	for verb in $attacks; do
		echo "$verb: $(cat $work/hammer-$verb)"
		[ "$(cat $work/hammered-$verb)" = 1 ] || return 1
	done
}

# ---- what a take-over must leave

labels() {
	holdfast guard status --json | tr -d '\n ' |
		sed 's/.*"name":"victim"[^}]*"counts":\({[^}]*}\).*/\1/'
}

guard_links() {
	holdfast guard status --json | tr -d '\n ' |
		sed 's/.*"self":{[^}]*"links":\([0-9]*\)}.*/\1/'
}

labels_kept() {
	echo "before $(cat $work/labels), now $(labels)"
	[ "$(labels)" = "$(cat $work/labels)" ]
}

one_guard() {
	echo "links before $(cat $work/links), now $(guard_links)"
	[ ! -e /sys/fs/bpf/holdfast-next ] &&
		guest-ctl until 20 sh -c "[ \"\$(holdfast guard status --json | tr -d '\n ' |
			sed 's/.*\"self\":{[^}]*\"links\":\([0-9]*\)}.*/\1/')\" = $(cat $work/links) ]"
}

# by techniques that need each kind of label
guarded() {
	for verb in map-update map-pin prog-run link-detach link-pin-detach prog-detach pin-squat \
		pin-unlink pin-chmod pidfd-signal ptrace-attach cgroup-freeze xdp-off; do
		code=0
		probe $verb >$work/out-$verb 2>&1 || code=$?
		[ $code = 1 ] || { echo "$verb: $code"; cat $work/out-$verb; return 1; }
	done
}

sealed() {
	! sh -c "echo x >>$here/held" 2>/dev/null
}

# what the status complains of; a kernel may lack something from the start
complaints() {
	holdfast guard status --json | tr -d '\n' | grep -o '"weak": *\[[^]]*\]'
}

proven() {
	complaints >$work/complaints-now
	diff $work/complaints $work/complaints-now && ! grep '"note":"proof' $log
}

left_right() {
	check "$1: the agent has its labels" labels_kept
	check "$1: and is guarded by them" guarded
	check "$1: what it runs is not written to" sealed
	check "$1: the neighbour is nobody's" exits 0 probe map-update neighbour
	check "$1: of the guard before nothing is left" one_guard
	check "$1: the guard has nothing to complain of" proven
	check "$1: the log misses no number" log_is_whole
}

# ---- who may be next

# started by the service manager, where holdfastd was
not_self() {
	killed
	guest-ctl until 20 grep -q 'not its own' /run/guest/holdfastd.service.log && guarded
}

first_again() {
	replace $first && runs $first && holdfast guard upgrade $first
}

admission() {
	check "another build is not admitted without the secret" \
		refused secret holdfast guard upgrade $relaid
	check "nor put in the place of the one that runs" sh -c "! mv $work/other $daemon"
	check "nor is what is no file" refused 'no file' admit /dev/null
}

admitted() {
	check "with the secret another build is admitted" admit $relaid
	check "which the status says" status_has "\"admitted\":\"$(digest $relaid)\""
	check "it takes the place, as by a package manager" replace $work/other
	check "but is not admitted by lying there" refused secret holdfast guard upgrade $daemon
	check "and is a stranger to the guard, which stays in force" not_self
	check "the one before, in its place again, goes on, and ends that" first_again
	check "and nobody else is admitted" status_has '"admitted":null'
}

# halted WHERE: holdfastd dies there, each time that it comes there; then it may go on
halted() {
	touch $work/halt-$1
	before=$(restarts)
	admit $2 && replace $2 || return 1
	guest-ctl until 240 sh -c ". $here/lib.sh; [ \"\$(restarts)\" -gt $((before + 1)) ]" || return 1
	ls -d /sys/fs/bpf/holdfast*
	probe map-update && return 1
	rm $work/halt-$1
	runs $2
}

halts() {
	for where in pinned proven exchanged relieved disarmed; do
		hammers_start
		check "killed when it is $where, it comes through" halted $where $relaid
		check "killed when it is $where: not one attack went through" none_went_through
		check "killed when it is $where: the agent has its labels" labels_kept
		check "killed when it is $where: and is guarded by them" guarded
		check "killed when it is $where: of the guard before nothing is left" one_guard
		check "and back" over $first
	done
}

# all that happens while nobody reads the ring has room in it
enforce=$(image self 's/version: 1/version: 2/' 's/observe/enforce/' \
	's/^domains:/events: { ring: 16MiB }\ndomains:/') || exit 1
mkdir /run/second && mount -t bpf bpf /run/second
cp $daemon $first && cp $daemon $work/other && echo other >>$work/other
ln $here/victim $here/held
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
need "the victim and its neighbour start" targets_start
# the content that made it the agent is nowhere any more but in what runs
need "the agent's executable is replaced" sh -c "cp $here/probe $here/victim.new &&
	mv $here/victim.new $here/victim"
labels >$work/labels
guard_links >$work/links
complaints >$work/complaints
case ${1:-all} in
admission) admission; admitted ;;
halts)
	halts
	check "the log misses no number" log_is_whole
	;;
all)
	admission
	admitted
	hammers_start
	check "the guard is relaid by another build" over $relaid
	check "relaid: not one attack went through" none_went_through
	left_right relaid
	hammers_start
	check "and back by the first" over $first
	check "back: not one attack went through" none_went_through
	left_right back
	hammers_start
	check "another daemon takes over the same guard" over $work/other
	check "another daemon: not one attack went through" none_went_through
	left_right "another daemon"
	;;
esac
check "the guard goes down by the operator" guard_down
check "M01 and the attack works" exits 0 probe map-update
exit $failed
