#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# When the guard observes though its policy enforces: unless somebody confirms in time, while a
# domain is released, because the boot prompt said so. And what a release is for: the replacement of
# files that the policy lists. The attack is the same throughout; what a stranger does to bring such
# a time about is refused.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

with_secret() {
	holdfast "$@" --secret-fd 3 3<"$secret"
}

with_wrong() {
	printf '%s\n' 'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa' >"$work/wrong"
	holdfast "$@" --secret-fd 3 3<"$work/wrong"
}

attacked() {
	exits 0 probe map-update
}

defended() {
	exits 1 probe map-update
}

noted() {
	guest-ctl until 10 grep -q "\"note\":\"$1\"" $log
}

note_count() {
	[ "$(grep -c "\"note\":\"$1\"" $log)" -eq "$2" ]
}

shown() {
	holdfast guard status | grep -qE "$1" || { holdfast guard status; return 1; }
}

sysctl_open() {
	cat /proc/sys/kernel/ftrace_enabled >$work/value &&
		cat $work/value >/proc/sys/kernel/ftrace_enabled
}

sysctl_closed() {
	! sysctl_open 2>/dev/null
}

# A day ahead: what a stranger who sets clocks would do. CLOCK_BOOTTIME does not hear of it.
clock_ahead() {
	now=$(date +%s)
	date -s "@$((now + 86400))" >/dev/null
}

clock_back() {
	now=$(date +%s)
	date -s "@$((now - 86400))" >/dev/null
}

durations() {
	check "no time, or none that can be, is a wrong command line" wrong_times
}

wrong_times() {
	for time in 10 5s 8d 1w -1m ''; do
		exits 2 holdfast guard reload --confirm-within "$time" $policy || return 1
		exits 2 holdfast release --for "$time" victim || return 1
	done
}

# ---- confirmed in time

confirmed() {
	need "the guard comes up until it is confirmed" up_within 90s
	need "the victim and its neighbour start" targets_start
	check "M01 it refuses meanwhile" defended
	check "the status says how long" shown '^confirm +within [0-9]+ s'
	check "a stranger cannot confirm" refused 'secret' holdfast guard confirm </dev/null
	check "nor with a wrong secret" refused 'not the operator' with_wrong guard confirm
	check "a stranger brings no earlier end about" \
		refused 'secret' holdfast guard reload --confirm-within 10s $policy
	check "a reload is no confirmation" holdfast guard reload $policy
	check "the time is still there" shown '^confirm +within [0-9]+ s'
	for _ in 1 2 3 4 5 6; do
		with_wrong guard down >/dev/null 2>&1
	done
	check "wrong secrets close the door" refused 'too many' with_secret guard down
	check "but not to who confirms" with_secret guard confirm
	check "the log says that it was" noted confirmed
	check "there is nothing to confirm any more" refused 'no confirmation' with_secret guard confirm
}

up_within() {
	holdfast guard up --confirm-within "$1" $policy >$work/up 2>&1 || { cat $work/up; return 1; }
	sed -n 's/^secret: \([^ ]*\)$/\1/p' $work/up >$work/new-secret
	[ ! -s $work/new-secret ] || cp $work/new-secret $secret
}

# ---- not confirmed

unconfirmed() {
	check "a new holdfastd hears secrets again" killed_and_back
	check "a reload that asks for confirmation takes the secret" \
		with_secret guard reload --confirm-within 12s $policy
	check "a clock that is set brings nothing about" clock_ahead
	check "M01 it still refuses" defended
	clock_back
	check "holdfastd is killed before the time is over" killed_and_back
	check "M01 the next one knows: it observes" guest-ctl until 20 probe map-update
	check "and tells that nobody confirmed" noted unconfirmed
	check "once" note_count unconfirmed 1
	check "the status says so" shown '^mode +observe; .*nobody confirmed'
	check "L15 the second line of ftrace_enabled observes as well" sysctl_open
	check "it is too late to confirm" refused 'too late' with_secret guard confirm
	check "a reload enforces again, without a secret" holdfast guard reload $policy
	check "M01 it refuses again" defended
	check "L15 and so does the second line" sysctl_closed
}

# PID 1 starts it again.
killed_and_back() {
	killed && guest-ctl until 20 holdfast guard status
}

# ---- one domain released

released() {
	check "a release without the secret is refused" refused 'secret' holdfast release victim </dev/null
	check "so is one of a domain that is none" refused 'no domain' with_secret release nobody
	check "M01 it still refuses" defended
	check "the operator releases the domain" with_secret release victim
	check "the status says so" shown 'released: only observed'
	check "M01 it is only observed" attacked
	check "the guard itself goes on refusing" refused 'secret' holdfast guard down </dev/null
	check "L15 and keeps ftrace_enabled" sysctl_closed
	check "its end needs no secret" holdfast release --end victim
	check "M01 it refuses again" defended
	check "a release for a time" with_secret release --for 10s victim
	check "M01 is one" attacked
	check "M01 and ends by itself" guest-ctl until 30 sh -c "! probe map-update"
	check "which the log says" noted release-ended
}

# ---- files that the policy lists, and their replacement by the package manager

conf=/etc/victim/agent.conf
dropins=/etc/victim/agent.service.d

# kept CMD...: it fails with EPERM
kept() {
	! "$@" >$work/said 2>&1 || { echo "it went through"; return 1; }
	grep -qi 'not permitted' $work/said || { cat $work/said; return 1; }
}

listed() {
	mkdir -p /etc/victim /etc/linked && echo one >$conf && ln -s $conf /etc/linked/conf
	list="    files: [ $conf, $dropins, /etc/linked/conf, /var/lib/holdfast/log ]"
	files=$(image respite "\$ a \\$list") || exit 1
	check "F12 a file that nobody lists is written by anybody" sh -c "echo x >>$conf"
	check "a policy that lists it needs no secret" holdfast guard reload $files
	check "F12 then it is not written" kept sh -c "echo x >>$conf"
	check "F07 nor made writable" kept chmod 666 $conf
	check "F02 nor is what leads to it renamed" kept mv /etc/victim /etc/other
	check "what is beside it is anybody's" sh -c "echo x >/etc/victim/x && rm /etc/victim/x"
	check "the status tells what is not guarded" shown \
		"3 of the agents' files are not guarded: /etc/linked/conf: a link leads there"
	check "the guard's own are not given away" \
		[ "$(probe as ask victim write /var/lib/holdfast/log/vkey x)" = 1 ]
	check "nor made anybody's" kept sh -c "echo x >/var/lib/holdfast/log/x"
	mkdir $dropins
	check "M21 made since, the folder is open" sh -c "echo x >$dropins/x.conf"
	check "until a reload finds it" holdfast guard reload $files
	check "M21 then no drop-in is added" kept sh -c "echo x >$dropins/y.conf"
	check "F12 nor the one that is there changed" kept sh -c "echo x >>$dropins/x.conf"
	check "but read" grep -q x $dropins/x.conf
	check "the agent itself writes it" [ "$(probe as ask victim write $conf two)" = 0 ]
	check "the package manager is refused" kept sh -c "cp $conf $conf.new && mv -f $conf.new $conf"
	check "the operator releases the domain" with_secret release victim
	check "and it replaces the file" sh -c "cp $conf $conf.new && mv -f $conf.new $conf"
	check "the release ends" holdfast release --end victim
	check "F12 the new file is guarded" kept sh -c "echo x >>$conf"
	check "a policy that lists it no more needs the secret" refused 'secret' \
		holdfast guard reload $policy </dev/null
	check "with it, the policy takes it" with_secret guard reload $policy
	check "F12 and anybody writes the file" sh -c "echo x >>$conf"
	check "and what led to it has a new name" mv /etc/victim /etc/other
	check "nothing is missing any more" sh -c "! holdfast guard status | grep 'not guarded'"
}

# ---- sockets that the policy closes

stranger=/usr/local/libexec/holdfast-neighbour

# tells: the agent's program hears a datagram of the one that is given
tells() {
	$here/victim socket hear heard >$work/heard &
	heard=$!
	guest-ctl until 10 grep -q hears $work/heard
	"$@" socket tell heard 2>$work/said
	told=$?
	if [ $told -ne 0 ]; then
		kill $heard 2>/dev/null
		$here/victim socket tell heard
	fi
	wait $heard || return 3
	return $told
}

answers() {
	$stranger socket connect victim
}

closed() {
	any='s/launch: unit victim.service/launch: any/'
	open=$(image respite "$any") || exit 1
	shut=$(image respite "$any" '$ a \    sockets: closed') || exit 1
	check "any start of the program is the agent's" with_secret guard reload $open
	check "I19 an open socket answers anybody: the attack works" exits 0 answers
	check "I19 so does one of datagrams" exits 0 tells $stranger
	check "a policy that closes them needs no secret" holdfast guard reload $shut
	check "I19 a closed socket answers no stranger" exits 1 answers
	check "I19 nor hears him" exits 1 tells $stranger
	check "I19 which the log says" guest-ctl until 10 sh -c \
		"grep '\"row\":\"I19\"' $log | grep '\"act\":\"connect\"' | grep -q '\"verdict\":\"refused\"'"
	check "but answers the agent's own" exits 0 $here/victim socket connect victim
	check "and hears them" exits 0 tells $here/victim
	check "a neighbour's answers" exits 0 $stranger socket connect neighbour
	check "to open them again needs the secret" refused 'secret' holdfast guard reload $open \
		</dev/null
	check "and is done with it" with_secret guard reload $open
	check "I19 it answers again" exits 0 answers
}

policy=$(image respite) || exit 1
need "holdfastd starts" daemon_start
durations
confirmed
unconfirmed
released
listed
closed
check "the guard goes down by the operator" guard_down
check "M01 the attack works again" attacked
exit $failed
