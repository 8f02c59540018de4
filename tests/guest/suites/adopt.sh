#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Adoption: agents that run before the guard does are guarded without a restart, and whoever only
# looks like one is not, and is told. What the guard thinks is asked of the kernel: every technique
# against an agent is tried on one that was adopted.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

# agent NAME UNIT CMD...: one that answers as NAME, a process of the unit; its pid is in $work/NAME
agent() {
	name=$1 unit=$2
	shift 2
	ip link show $name >/dev/null 2>&1 || ip link add $name type dummy || return 1
	guest-ctl spawn system.slice/$unit "$@" $name >$work/$name &&
		guest-ctl until 20 probe as ask $name state
}

# as a unit's ProtectSystem= does it; for each that runs the file, or the other's mount serves both
sandbox="mount --bind $here $here && mount -o remount,bind,ro $here && exec \"\$@\""

pid_of() {
	cat $work/$1
}

# What holdfastd said of the process since the guard was last up.
told() {
	pattern=$1
	guest-ctl until 5 sh -c "tac $log | sed '/\"note\":\"down\"/q' | grep -E '$pattern'"
}

adopted() {
	told "\"note\":\"adopt\".*process $(pid_of $1) was there before the guard"
}

stranger() {
	told "\"note\":\"not-adopted\".*process $(pid_of $1) looks like .*$2"
}

# ---- impostors: each would be adopted but for one thing

impostors() {
	ip link add own type dummy && agent elsewhere other.service $here/victim &&
		below ns victim.service &&
		agent zero victim.service $here/probe as zero $here/victim &&
		agent mem victim.service $here/victim &&
		agent text victim.service $here/victim &&
		agent traced victim.service $here/victim &&
		mem_held && text_rewritten && trace_begun && exe_forged
}

# As number 1 of a pid namespace: started by whoever made that, not by the service manager.
below() {
	agent $1 $2 unshare -pf $here/victim &&
		sed 's/ .*//' "/proc/$(pid_of $1)/task/$(pid_of $1)/children" >$work/child &&
		mv $work/child $work/$1
}

mem_held() {
	sh -c "exec 8<>/proc/$(pid_of mem)/mem; echo held >$work/mem-held; exec sleep 1000" &
	guest-ctl until 5 test -s $work/mem-held
}

# The same bytes; but it is no longer the file's page that is run.
text_rewritten() {
	process=$(pid_of text)
	start=$(sed -n 's/^\([0-9a-f]*\)-.* r-xp .*victim$/\1/p' /proc/$process/maps | head -n 1)
	probe as poke $process $start
}

trace_begun() {
	strace -q -o /dev/null -p "$(pid_of traced)" &
	guest-ctl until 10 grep -q '^TracerPid:	[1-9]' "/proc/$(pid_of traced)/status"
}

exe_forged() {
	guest-ctl spawn system.slice/victim.service $here/probe as exe $here/victim 0 \
		>$work/forged && guest-ctl until 5 sh -c "readlink /proc/$(pid_of forged)/exe | grep -qx $here/victim"
}

impostors_told() {
	check "I12 one in another control group is not adopted" stranger elsewhere "launch rule"
	check "one in a pid namespace of its own is not" stranger ns "pid namespace"
	check "I10 one with executable memory of no file is not" stranger zero "in no file"
	check "I10 one whose exe is forged is not" stranger forged "in no file"
	check "I02 one whose memory is held open is not" stranger mem "holds its memory"
	check "I02 one whose code was changed is not" stranger text "changed in memory"
	check "I17 one that is traced is not" stranger traced "traced"
	for name in elsewhere ns zero mem text traced; do
		check "and $name gets nothing of the victim's" gets_nothing $name
	done
	check "the status says that there are strangers" status_says "[1-9] processes look like agents"
}

# What it executes has its label, if it has one: the same executable, by a task of the domain.
gets_nothing() {
	[ "$(probe as ask $1 exec $here/victim peek "$(state map)")" = 1 ]
}

status_says() {
	holdfast guard status | grep -E "^weak .*$1"
}

# ---- the adopted agent

# known MAPS: beside those of canary-more.c, one of which not every kernel has
known() {
	bound=$(state bound)
	more=$((${bound:-0} ? 6 : 5))
	[ "$(status_of victim)" = "tasks 1, maps $(($1 + more)), programs $2, links 1" ] ||
		{ status_of victim; return 1; }
}

status_of() {
	holdfast guard status | sed -n "s/^domain    $1, [a-z]*: //p"
}

attacks() {
	before=$(probe as ask victim state)
	probe as verbs >$work/verbs
	while read -r row verb; do
		# what hung at tc before the guard is nobody's to it: SECURITY.md
		case $verb in tc-*) continue ;; esac
		check "$row $verb on the adopted agent is refused" exits 1 probe $verb
	done <$work/verbs
	check "the adopted agent is as it was" as_it_was
}

# its counters count on
as_it_was() {
	now=$(probe as ask victim state)
	[ "$(echo "$now" | sed 's/ count=[0-9]*//; s/ consumed=[0-9]*//')" = \
		"$(echo "$before" | sed 's/ count=[0-9]*//; s/ consumed=[0-9]*//')" ] ||
		{ echo "$before"; echo "$now"; return 1; }
}

# The holder still keeps an old map of it.
restarted() {
	guest-ctl until 10 sh -c "! probe as ask victim quit" || true
	guest-ctl until 10 test ! -e "/proc/$(pid_of victim)" &&
		agent victim victim.service $here/victim && known 5 9
}

# ---- Debian's tools

runs_execsnoop() {
	! grep -qF '[confidentiality]' /sys/kernel/security/lockdown
}

tools_start() {
	if runs_execsnoop; then
		guest-ctl spawn system.slice/execsnoop.service execsnoop >$work/execsnoop &&
			guest-ctl until 30 grep -q PCOMM /run/guest/execsnoop.service.log ||
			return 1
	fi
	ip link add filtered type dummy && xdp-filter load filtered --mode skb &&
		xdp-filter ip 192.0.2.1
}

execsnoop_guarded() {
	check "execsnoop is adopted" adopted execsnoop
	check "M11 its perf array is not to be had" bpftool_refuses map \
		"$(grep -lx 'map_type:	4' /proc/"$(pid_of execsnoop)"/fdinfo/* |
			head -n 1 | xargs sed -n 's/^map_id:	//p')"
	check "A01 it is not killed" not_killed execsnoop
	check "and it goes on" reports
}

not_killed() {
	! kill -9 "$(pid_of $1)" && kill -0 "$(pid_of $1)"
}

bpftool_refuses() {
	[ -n "$2" ] && ! bpftool $1 show id "$2" && ! bpftool $1 dump id "$2"
}

reports() {
	/usr/bin/true && guest-ctl until 10 grep -q true /run/guest/execsnoop.service.log
}

filter_guarded() {
	dispatcher=$(ip link show dev filtered | sed -n 's/.*prog\/xdp id \([0-9]*\).*/\1/p')
	check "M01 xdp-filter's list is not changed through its pin" not_updated
	check "F01 nor its pin removed" cannot rm /sys/fs/bpf/xdp-filter/filter_ipv4
	check "P12 nor its dispatcher run" bpftool_refuses prog "$dispatcher"
	check "L08 nor its program taken off" cannot ip link set dev filtered xdpgeneric off
	check "the operator changes the list" filter ip 192.0.2.2
	check "and takes it off" filter unload filtered
}

cannot() {
	! "$@"
}

not_updated() {
	cannot bpftool map update pinned /sys/fs/bpf/xdp-filter/filter_ipv4 \
		key 192 0 2 9 value 1 0 0 0 0 0 0 0
}

filter() {
	holdfast run xdp-filter --secret-fd 3 -- /usr/sbin/xdp-filter "$@" 3<$secret
}

# ---- who holds what

hold() {
	guest-ctl spawn system.slice/holder.service $here/probe as hold "$(state array)" \
		>$work/holder && guest-ctl until 10 grep -q holds /run/guest/holder.service.log
}

held_told() {
	array=$(state array)
	who="\"note\":\"held\".*process $(pid_of holder)"
	check "M09 an fd that a stranger holds is told" \
		told "$who has an fd of, to write, map $array of victim"
	check "M09 a mapping that he holds is told" \
		told "$who has mapped, to write, map $array of victim"
	check "M12 a program of his that uses it is told" \
		told "\"note\":\"held\".*program [0-9]+ uses map $array of victim"
}

# ---- what a dynamic one has mapped, and domains that come later

dyn_writer() {
	sh -c "exec 9>>$here/libvictim.so; echo open >$work/writer; exec sleep 1000" &
	writer=$!
	guest-ctl until 5 test -s $work/writer
}

preloaded_start() {
	agent preloaded dyn.service env LD_PRELOAD=$here/libvictim-evil.so unshare -m \
		sh -c "$sandbox" sh $here/victim-dyn
}

later() {
	more=$(image adopt-more) || return 1
	check "an impostor is moved to where it belongs" moved
	check "a policy that names them comes into force" reload $more
	check "the dynamic one is adopted, in a mount namespace of its own" adopted linked
	check "and is of its domain" own_map linked
	check "I11 the one with the attacker's library is not" stranger preloaded "does not trust"
	check "I12 who was moved to the unit's group meanwhile is not" gets_nothing elsewhere
	check "I11 the adopted one's library cannot be written" cannot sh -c "echo x >>$here/libvictim.so"
}

moved() {
	pid_of elsewhere >/sys/fs/cgroup/system.slice/victim.service/cgroup.procs
}

reload() {
	holdfast guard reload $1 --secret-fd 3 3<$secret
}

# its fork, and so it itself, has the label; another has no fd of its map
own_map() {
	map=$(probe as ask $1 state | tr ' ' '\n' | sed -n 's/^map=//p')
	[ "$(probe as ask $1 fork)" = 0 ] && exits 1 probe as peek $map
}

written_library() {
	check "the guard goes down to come up again" guard_down
	check "somebody has a library open to write" dyn_writer
	need "holdfastd starts again" daemon_start
	need "the guard comes up again" guard_up $more
	check "I11 who has mapped it is not adopted" stranger linked "may write"
	check "the victim is, again" adopted victim
	kill $writer
}

# ---- what only observes adopts all the same, and a file that was written is no longer what it was

observed() {
	told "\"act\":\"$2\".*\"row\":\"$1\".*\"verdict\":\"observed\""
}

watched() {
	watching=$(image adopt-more 's/^mode: enforce/mode: observe/') || return 1
	check "the guard is down" guard_down
	need "holdfastd starts to observe" daemon_start
	need "a guard that observes comes up" guard_up $watching
	check "the victim is adopted, where nothing is refused" adopted victim
	check "the dynamic one is as well" adopted linked
	check "M12 a stranger has its map" exits 0 probe map-read
	check "which is an event" observed M12 map_fd
	check "somebody writes its library" sh -c "echo x >>$here/libvictim.so"
	check "which is an event, too" observed I11 open_write
	check "one starts with that library" agent another dyn.service $here/victim-dyn
	check "I11 which is not taken for what it was" observed I11 map_executable
}

started() {
	check "impostors run as well" impostors
	check "M12 without a guard anybody has its map" exits 0 probe map-read
	need "holdfastd starts" daemon_start
	need "the guard comes up" guard_up "$img"
	check "the victim is adopted" adopted victim
	check "with all that it has" known 4 8
}

# Arguments choose parts: tools, attacks, later, watched; what every part needs is done always.
case "$*" in
"" | measured) parts=" tools attacks later watched " ;;
*) parts=" $* " ;;
esac
has() {
	case $parts in *" $1 "*) return 0 ;; esac
	return 1
}

img=$(image adopt 's/mode: observe/mode: enforce/') || exit 1
need "the victim runs before the guard does" agent victim victim.service $here/victim
check "so does one that the first policy does not know, in a sandbox" \
	agent linked dyn.service unshare -m sh -c "$sandbox" sh $here/victim-dyn
check "and one with a library of an attacker's" preloaded_start
! has tools || check "Debian's tools do as well" tools_start
check "somebody keeps a map of the victim's" hold
started
impostors_told
held_told
if has tools; then
	! runs_execsnoop || execsnoop_guarded
	filter_guarded
fi
if has attacks; then
	attacks
	check "restarted it is itself, and has its pins" restarted
	check "M12 and a stranger has nothing of it" exits 1 probe map-read
fi
if has later; then
	later
	written_library
fi
! has watched || watched
check "the guard goes down by the operator" guard_down
exit $failed
