#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The log under a flood: what one process repeats is counted, what many do fills a ring that is not
# the one of what matters most, and every load of a program has its decision. Sums are exact:
# refusals are events with a line, events that are counted as folded, and numbers that are lost.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

pin=/sys/fs/bpf/holdfast/maps/state

mark() {
	start=$(($(wc -c <$log) + 1))
}

# sum ACT|ROW VERDICT: lines, folded, lost and limited, since the mark
sum() {
	tail -c +$start $log | awk -v what="\"$1\"" -v verdict="\"verdict\":\"$2\"" '
		function number(key) { sub(".*\"" key "\":", ""); return $0 + 0 }
		/"lost":/ { lost += number("lost"); next }
		!index($0, what) || !index($0, verdict) { next }
		/"folded":/ { folded += number("folded"); next }
		/"seq":/ { lines++; limited += index($0, "\"limited\":true") != 0 }
		END { print lines + 0, folded + 0, lost + 0, limited + 0 }'
}

# summed TOTAL ACT|ROW VERDICT: are there so many, or more?
summed() {
	# shellcheck disable=SC2046 # words are meant
	set -- $1 $(sum $2 $3)
	[ $(($2 + $3 + $4)) -ge $1 ]
}

# sums_to TOTAL ACT|ROW VERDICT: in a while, and no more than that
sums_to() {
	guest-ctl until 60 $here/flood.sh summed $start $1 $2 $3
	# shellcheck disable=SC2046 # words are meant
	set -- $1 $(sum $2 $3)
	echo "$1 wanted: $2 lines, $3 folded, $4 lost, $5 limited"
	[ $(($2 + $3 + $4)) -eq $1 ] && lines=$2 folded=$3 lost=$4 limited=$5
}

told() {
	guest-ctl until 10 sh -c "tail -c +$start $log | grep -q '$1'"
}

# What is lost is known by the number that comes after, when there is room again.
seen() {
	told '"M01"' && exits 1 probe map-read
}

one_task() {
	mark
	exits 1 probe as burst 20000 $id && sums_to 20000 M01 refused
}

# what it makes in a second and less, and the second that a flood began in may be over soon
few_lines() {
	echo "$lines lines, $folded folded, $limited limited"
	[ $folded -gt 10000 ] && [ $limited -gt 0 ] && [ $lines -ge $((64 * limited)) ] &&
		[ $lines -le $((64 * (limited + 1))) ]
}

many_tasks() {
	mark
	exits 1 probe as burst 400 $id 50 && seen && sums_to 20000 M01 refused
}

# none of them makes enough to be folded: the small ring is full soon
displaced() {
	mark
	exits 1 probe as burst 60 $id 50 $pin && seen && sums_to 3000 M01 refused || return 1
	echo "$folded folded, $lost lost"
	[ $folded -eq 0 ] && [ $lost -gt 0 ]
}

none_displaced() {
	sum unlink refused
	holdfast guard status --json | grep lost
	[ "$(sum unlink refused | cut -d ' ' -f 1)" -eq 50 ] && [ "$(status_number lost_risk)" -eq 0 ]
}

# ---- loads

# admitted ID LABEL: lines of that program's load, by such a task
admitted() {
	tail -c +$start $log | grep '"verdict":"admitted"' | grep "\"id\":$1," |
		grep -c "\"label\":\"$2\""
}

stranger_loads() {
	mark
	program=$(probe as make ask) || return 1
	exits 1 probe map-read && told MAP_GET_FD_BY_ID || return 1
	tail -c +$start $log | grep '"admitted"'
	[ "$(admitted $program stranger)" -eq 1 ]
}

refused_has_none() {
	mark
	exits 1 probe load-lsm victim && sums_to 1 prog_load refused &&
		! tail -c +$start $log | grep '"admitted"' | grep '"command":"lsm"'
}

many_loads() {
	mark
	exits 0 probe as make cost && exits 1 probe map-read && told MAP_GET_FD_BY_ID || return 1
	# the library's own, to see what the kernel knows, are the first ones
	own=$(tail -c +$start $log | grep '"seq":' | grep '"admitted"' | grep -vc '"name":"cost"')
	sums_to $((500 + own)) prog_load admitted
}

domain_loads() {
	start=1
	tail -c +$start $log | grep '"verdict":"admitted"'
	[ "$(admitted '[1-9][0-9]*' victim)" -gt 0 ]
}

told_before_down() {
	mark
	exits 1 probe as burst 2000 $id && guard_down && sums_to 2000 M01 refused &&
		[ $folded -gt 0 ]
}

# figure OBJECT MEMBER: of what `log status` says
figure() {
	holdfast log status --json | tr -d ' \n' | sed -n "s/.*\"$1\":{[^}]*\"$2\":\([0-9]*\).*/\1/p"
}

# but for those whose event the flooded ring had no room for
loads_decided() {
	holdfast log status
	loads=$(figure gate_coverage loads) && [ "$loads" -gt 100 ] &&
		[ "$(figure gate_coverage decided)" -ge $((loads * 95 / 100)) ] &&
		[ "$(figure detect_ns n)" -gt 10 ]
}

# asked over and over, by itself
if [ "${1:-}" = summed ]; then
	start=$2
	summed $3 $4 $5
	exit
fi
enforce=$(image self 's/version: 1/version: 2/' 's/observe/enforce/' \
	's/^domains:/events: { ring: 64KiB }\ndomains:/') || exit 1
mkdir /run/second && mount -t bpf bpf /run/second
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
need "the victim and its neighbour start" targets_start
id=$(state map)
check "a task that floods the log is counted to the last" one_task
check "and has a few lines, the last of each second is marked" few_lines
check "many tasks are counted to the last" many_tasks
check "a flood that is not folded fills its ring, and is counted to the last" displaced
check "and displaces none of what aims at the guard" none_displaced
check "a load that is let through is in the log once, and nothing else is one" stranger_loads
check "a load that is refused is not let through" refused_has_none
check "a flood of loads is counted to the last" many_loads
check "loads of a domain are in the log as its own" domain_loads
check "what is folded is told before the guard goes down" told_before_down
check "T02 program loads have their decisions in the log" loads_decided
exit $failed
