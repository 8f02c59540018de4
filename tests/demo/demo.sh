#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The demo, in its guest: root attacks two of Debian's eBPF tools, an agent of the site's own and
# the guard, first while nothing is enforced, then while it is. What an attack did is read from its
# victim, never from the attacker's exit code. The guard itself is attacked first while it observes.
#
# Lines for the reader begin with `= `, lines that say how far it is with `~ `, others with `- `.
# shellcheck disable=SC2016,SC2317 # rows hold text for later, and name the functions to call
set -u

here=/opt/demo
denied=127.0.0.66	# on the deny list
other=127.0.0.67	# not on it
denied_port=4444	# on the filter's list of ports
egress_port=5555	# forbidden by the site's own agent
port=7777		# on no list
snoop_log=/run/execsnoop.log
unit_log=/run/guest/execsnoop.service.log
daemon=/usr/local/sbin/holdfastd
events_log=/run/events # what the log of events has, a line each, as it comes
refusal='"verdict":"refused"'
out=/run/out		# what the attacker's command printed
patience=3		# seconds that a report may take

(holdfast events --follow --from 0 --json >$events_log 2>/run/follower.log &)

secret=	 # the operator's, once there is one
guarded= # a guard is up
terminal=

# what the typed commands may use
export pins=/sys/fs/bpf/xdp-filter
export rogue=$here/rogue
export list_pin=$pins/filter_ipv4 link_pin=/sys/fs/bpf/egress/link
export module=/run/veth.ko # one of the kernel's own, its signature cut off
export list='' dispatcher='' link='' execsnoop='' perf='' at='' pages='' guardian='' library=''

# ---- the rows: THREAT ROW|HARM|REMEDY|WHAT IS TYPED
# HARM looks at the victim; REMEDY puts it right again. Every row is typed by root, twice.

tool_attacks='
M01|denied_passes|relist|bpftool map update pinned $list_pin key 127 0 0 66 value 0 0 0 0 0 0 0 0
M02|denied_passes|relist|bpftool map delete id $list key 127 0 0 66
M12|list_leaked|nothing|bpftool map dump pinned $list_pin
P04|denied_passes|relist|$rogue around bpftool map delete pinned $list_pin key 127 0 0 66
P12|hits_forged|nothing|bpftool prog run id $dispatcher data_in /run/packet repeat 1000
I12|denied_passes|relist|xdp-filter ip --mode src --remove 127.0.0.66
F07|pin_opened|repin|chmod 666 $list_pin
F01|list_gone|repin|rm $list_pin
F02|list_gone|move_back|mv $pins /sys/fs/bpf/gone
F06|list_gone|uncover|mount -t tmpfs none $pins
I11|preload_strikes|unpreload|echo /opt/demo/preload.so >/etc/ld.so.preload
I11|library_broken|mend_library|dd if=/dev/zero of=$library bs=64 count=1 conv=notrunc
L02|egress_passes|rebuild_egress|bpftool link detach id $link
L03|egress_passes|rebuild_egress|bpftool link detach pinned $link_pin
A01|silent|go_on|kill -STOP $execsnoop
A06|snoop_limited|nothing|prlimit --pid $execsnoop --nofile=3:3
A07|snoop_idle|unidle|chrt --idle --pid 0 $execsnoop
A07|snoop_nice|nothing|renice -n 19 -p $execsnoop
I02|snoop_traced|untrace|strace -q -o /dev/null -e inject=write:error=EIO -p $execsnoop &
M11|silent|restart|bpftool map delete id $perf key 0 0 0 0
I02|silent|restart|dd if=/dev/zero of=/proc/$execsnoop/mem bs=4k seek=$at count=$pages conv=notrunc
A01|silent|restart|kill -9 $execsnoop
P11|silent|restart|$rogue signal $execsnoop
A02|silent|restart|echo 1 >/sys/fs/cgroup/system.slice/execsnoop.service/cgroup.kill
L15|denied_passes|mend|sysctl -w kernel.ftrace_enabled=0; bpftool map delete id $list key 127 0 0 66
K01|module_in|module_out|insmod $module
L08|denied_passes|rebuild_filter|ip link set dev lo xdpgeneric off
I12|denied_passes|rebuild_filter|xdp-filter unload lo
M15|list_closed|rebuild_filter|bpftool map freeze id $list
F03|list_gone|remount|umount /sys/fs/bpf
F03|list_gone|remount|umount --lazy /sys/fs/bpf
'

guard_attacks='
M12|secret_leaked|nothing|bpftool map dump pinned /sys/fs/bpf/holdfast/maps/operator
T02|log_lost|mend_log|mv /var/lib/holdfast/log /var/lib/holdfast/gone
I19|policy_changed|know_guard|holdfast guard reload /run/weak.img
I19|guard_unreachable|restart_daemon|rm /run/holdfast/control.sock
A01|daemon_dead|restart_daemon|kill -9 $guardian
F12|daemon_replaced|nothing|mv -f /run/false /usr/local/sbin/holdfastd
F01|guard_unpinned|nothing|rm -r /sys/fs/bpf/holdfast
I19|guard_gone|nothing|holdfast guard down
'

# NAME OF THE CONTROL|WHAT MUST BE SO; each is typed by root once, while the guard enforces
controls='
a packet from an address that is not listed passes|sees_packet passed $other $port
a packet to a port that is not listed passes|sees_packet passed 127.0.0.1 $port
the operator adds an address: its packets are dropped|operator_adds
the operator removes it: they pass|operator_removes
root makes, pins, changes and reads his own map|own_map
root removes his own pin|own_pin
root attaches and removes his own XDP program on another interface|own_interface
root sets the MTU of the guarded interface|ip link set dev lo mtu 65000
root mounts and unmounts his own filesystem|own_mount
root stops, renices, limits and kills his own process|own_process
root traces his own process|own_trace
ps and /proc show the guarded agent|read_agent
a library is replaced by rename, as packages do|own_upgrade
root preloads a library into his own program|own_preload
root sets another variable of the kernel|sysctl -w kernel.panic=0
root freezes, thaws and kills his own control group|own_group
root asks for status and events|read_guard
'

say() { echo "= $*"; }
# What a command printed: for the reader if it is not what was wanted, else for the log only.
detail() {
	local mark='~'
	[ "$1" != "$2" ] || mark='-'
	head -n 20 "$3" | sed "s/^/$mark         /"
}

progress() { echo "~ $(printf '%4d s' $SECONDS)  $*"; }

die() {
	say "demo: $*"
	for log in /run/setup.log /run/guard.log; do
		[ ! -s $log ] || tail -n 20 $log | sed 's/^/=   /'
	done
	exit 1
}

# ---- the operator's side

# Runs a command of a domain the way its owner does: owner DOMAIN CMD...
owner() {
	local domain=$1
	shift
	if [ -z "$guarded" ]; then
		"$@"
	else
		holdfast run "$domain" --secret-fd 9 -- "$@" 9<<<"$secret"
	fi
}

# The owner's deny list; to be shown it, he puts an address on it that nobody uses.
owner_list() { owner xdp-filter xdp-filter ip --mode src --status 127.0.0.65; }

start_filter() {
	owner xdp-filter xdp-filter load lo --mode skb &&
		owner xdp-filter xdp-filter ip --mode src $denied &&
		owner xdp-filter xdp-filter port --mode dst --proto udp $denied_port &&
		know_filter
}

start_egress() {
	owner egress $here/egress $egress_port $link_pin &&
		link=$(id_of link $link_pin)
}

start_snoop() {
	local range

	: >$snoop_log
	$here/tty-log $snoop_log $unit_log &
	terminal=$!
	guest-ctl until 10 test -L $unit_log || return 1
	# by PID 1, in one step: an exec between would cost the label
	execsnoop=$(guest-ctl spawn system.slice/execsnoop.service execsnoop) || return 1
	guest-ctl until 30 grep -q '^PCOMM' $snoop_log
	rm -f $unit_log
	[ "$(silent)" = intact ] || return 1
	# what root can read of any process: where its stack lies, and its perf array's id
	range=$(awk '$6 == "[stack]" { print $1 }' "/proc/$execsnoop/maps") &&
		at=$((16#${range%-*} / 4096)) &&
		pages=$((16#${range#*-} / 4096 - at)) &&
		perf=$(grep -lx 'map_type:	4' "/proc/$execsnoop"/fdinfo/* |
			xargs sed -n 's/^map_id:	//p')
}

stop_snoop() {
	kill -9 "$terminal"
	guest-ctl stop system.slice/execsnoop.service &&
		guest-ctl until 10 test ! -e "/proc/$execsnoop"
}

# The id of a pinned object. Where root gets no fd of it, the guard's log has the id.
id_of() {
	local id

	id=$(bpftool -j "$1" show pinned "$2" 2>/dev/null | sed -n 's/^{"id":\([0-9]*\).*/\1/p')
	if [ -z "$id" ]; then
		guest-ctl until 5 sh -c "holdfast events --json | grep '\"kind\":\"$1\"' |
			tail -n 1 | grep -q '\"verdict\":\"refused\"'" &&
			id=$(holdfast events --json | grep "\"kind\":\"$1\"" |
				sed -n '$s/.*"object":{[^}]*"id":\([0-9]*\).*/\1/p')
	fi
	[ -n "$id" ] && echo "$id"
}

know_filter() {
	list=$(id_of map $list_pin)
	dispatcher=$(ip link show dev lo | sed -n 's/.*prog\/xdp id \([0-9]*\).*/\1/p')
	[ -n "$list" ] && [ -n "$dispatcher" ]
}

# ---- harm, as the victim shows it: prints harmed, intact, or what went wrong

harmed_if() { if "$@"; then echo harmed; else echo intact; fi; }

# judge SEEN HARM INTACT
judge() {
	case $1 in
	"$2") echo harmed ;;
	"$3") echo intact ;;
	*) echo "${1:-nothing seen}" ;;
	esac
}

packet() { $here/probe packet "$1" "$2" 2>&1; }

denied_passes() { judge "$(packet $denied $port)" passed dropped; }
egress_passes() { judge "$(packet 127.0.0.1 $egress_port)" passed dropped; }

listed() { owner_list 2>&1 | grep -qF " $denied "; }

list_gone() { if listed; then echo intact; else echo harmed; fi; }
library_broken() { list_gone; }

list_leaked() { harmed_if grep -qE '1107296383|7f 00 00 42' $out; }

# The owner's new address must be dropped.
list_closed() {
	owner xdp-filter xdp-filter ip --mode src $other >>/run/setup.log 2>&1
	judge "$(packet $other $port)" passed dropped
	owner xdp-filter xdp-filter ip --mode src --remove $other >>/run/setup.log 2>&1
}

# The owner's counter of dropped packets: none was sent.
hits_forged() {
	local hits

	hits=$(owner_list 2>&1 | awk -v address=$denied '$1 == address { print $NF }')
	case $hits in
	'' | *[!0-9]*) echo "no counter: $hits" ;;
	*) harmed_if [ "$hits" -ge 1000 ] ;;
	esac
}

pin_opened() { harmed_if [ "$(stat -c %a $list_pin)" = 666 ]; }

# The owner runs his tool, which must not strike its own list.
preload_strikes() {
	owner_list >>/run/setup.log 2>&1
	denied_passes
}

silent() {
	local name=canary-$RANDOM-$RANDOM

	judge "$($here/probe exec $name $snoop_log "$execsnoop" $patience 2>&1)" silent reported
}

# The tracer needs a moment to attach, or to be refused.
snoop_traced() {
	guest-ctl until 10 sh -c "! grep -q '^TracerPid:	0$' /proc/$execsnoop/status ||
		! pidof strace >/dev/null" >>/run/setup.log 2>&1 || echo "strace does nothing"
	silent
}

snoop_limited() { harmed_if grep -qE '^Max open files +3 ' "/proc/$execsnoop/limits"; }

# fields of /proc/PID/stat, after the name: policy is 41, nice 19
snoop_field() { sed 's/.*) //' "/proc/$execsnoop/stat" | cut -d ' ' -f $(($1 - 2)); }
snoop_idle() { judge "$(snoop_field 41)" 5 0; }
snoop_nice() { judge "$(snoop_field 19)" 19 0; }

module_in() { harmed_if [ -d /sys/module/veth ]; }

secret_leaked() { harmed_if grep -q 'salt\|value' $out; }
log_lost() { harmed_if [ "$(holdfast events --json 2>&1 | head -n 1)" != "$first_event" ]; }
policy_digest() { holdfast guard status 2>&1 | sed -n 's/^policy .*sha256://p'; }
policy_changed() { harmed_if [ "$(policy_digest)" != "$policy" ]; }
guard_unreachable() { harmed_if [ -z "$(policy_digest)" ]; }

# Asked, not looked at: who has been killed answers no more, but is not gone at once.
daemon_dead() {
	if [ -n "$(policy_digest)" ] && [ "$(pidof holdfastd)" = "$guardian" ]; then
		echo intact
	else
		echo harmed
	fi
}

daemon_replaced() { harmed_if [ "$(sha256sum <$daemon)" != "$daemon_digest" ]; }
guard_unpinned() { harmed_if [ -z "$(ls -A /sys/fs/bpf/holdfast 2>/dev/null)" ]; }
guard_gone() {
	harmed_if sh -c "! holdfast guard status 2>&1 | grep -q '^guard  *up, armed'"
}

# ---- remedies

nothing() { :; }
relist() { owner xdp-filter xdp-filter ip --mode src $denied; }
mend() { echo 1 >/proc/sys/kernel/ftrace_enabled; relist; }
move_back() { mv /sys/fs/bpf/gone /sys/fs/bpf/xdp-filter; }
uncover() { umount /sys/fs/bpf/xdp-filter; }
repin() { rm -f $list_pin && bpftool map pin id "$list" $list_pin; }
unpreload() { rm -f /etc/ld.so.preload && relist; }
mend_library() { cp /run/library /run/library.new && mv /run/library.new "$library"; }
go_on() { kill -CONT "$execsnoop"; }
module_out() { rmmod veth; }
unidle() { chrt --other --pid 0 "$execsnoop"; }

untrace() {
	local tracer

	tracer=$(pidof strace) && kill "$tracer" && guest-ctl until 5 test ! -e "/proc/$tracer"
}

restart() {
	kill -9 "$execsnoop" "$terminal" 2>/dev/null
	guest-ctl until 10 test ! -e "/proc/$execsnoop" && start_snoop
}

rebuild_egress() { rm -f $link_pin; start_egress; }

rebuild_filter() {
	owner xdp-filter xdp-filter unload lo
	ip link set dev lo xdpgeneric off
	start_filter
}

remount() {
	grep -q ' /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf || return 1
	ip link set dev lo xdpgeneric off
	start_filter && rebuild_egress
}

restart_daemon() {
	if [ -e "/proc/$guardian" ]; then
		kill "$guardian" || return 1
	fi
	guest-ctl until 10 test ! -e "/proc/$guardian"
	guest-ctl spawn system.slice/holdfastd.service $daemon --wait >/dev/null
	guest-ctl until 30 sh -c 'holdfast guard status >/dev/null 2>&1' && know_guard
}

# ---- attacks

# Types one row's command as root. Neither what it prints nor its exit code is evidence.
type_row() {
	: >$out
	# busybox's timeout would run its own sh by that name, and that its own ip and umount
	timeout 30 /bin/sh -c "$1" >>$out 2>&1 </dev/null
}

known_intact=
declare -A before after
rows=()

# The name of a variable that a typed command uses and that is empty: it would hit nothing.
missing() {
	local name

	for name in $(grep -o '\$[a-z_]*' <<<"$1" | tr -d '$'); do
		[ -n "${!name}" ] || echo "$name"
	done
}

refusals() { grep -c "$refusal" $events_log 2>/dev/null; }

# What the guard refuses it also records; what holdfastd refuses is no act on an object.
recorded() {
	case $1 in holdfast\ *) return 0 ;; esac
	guest-ctl until 5 sh -c "[ \$(grep -c '$refusal' $events_log) -gt $2 ]" 2>/dev/null
}

# try HARM TYPED BOOK: types it and prints what it did to the victim
try() {
	local harm=$1 typed=$2 seen=intact refusals

	# what the last row left, if it was asked the same
	[ "$known_intact" = "$harm" ] || seen=$($harm)
	if [ "$seen" != intact ]; then
		echo "not attempted: the victim was $seen"
		return
	elif [ -n "$(missing "$typed")" ]; then
		echo "not attempted: nothing known of $(missing "$typed")"
		return
	fi
	refusals=$(refusals)
	type_row "$typed"
	seen=$($harm)
	case $seen in
	harmed) echo succeeds ;;
	intact)
		if [ "$3" = before ] || [ -z "$guarded" ] || recorded "$typed" "$refusals"; then
			echo refused
		else
			echo "no harm, but no record of a refusal"
		fi
		;;
	*) echo "unclear: $seen" ;;
	esac
}

# attack ID HARM REMEDY TYPED BOOK WANTED: BOOK is before or after
attack() {
	local id=$1 harm=$2 remedy=$3 typed=$4 verdict

	: >$out
	verdict=$(try "$harm" "$typed" "$5")
	if [ "$5" = before ]; then
		rows+=("$id|$typed")
		before["$id|$typed"]=$verdict
	else
		after["$id|$typed"]=$verdict
	fi
	progress "$5: $id  $typed: $verdict"
	detail "$6" "$verdict" $out
	known_intact=''
	if [ "$verdict" = refused ]; then
		known_intact=$harm
	else
		$remedy >>/run/setup.log 2>&1 || progress "    it could not be put right: $remedy"
	fi
}

# attack_all ROWS BOOK WANTED
attack_all() {
	local id harm remedy typed

	while IFS='|' read -r id harm remedy typed <&8; do
		[ -z "$id" ] || attack "$id" "$harm" "$remedy" "$typed" "$2" "$3"
	done 8<<<"$1"
}

# ---- controls

sees_packet() { [ "$(packet "$2" "$3")" = "$1" ]; }

operator_adds() {
	sees_packet passed $other $port &&
		owner xdp-filter xdp-filter ip --mode src $other &&
		sees_packet dropped $other $port
}

operator_removes() {
	owner xdp-filter xdp-filter ip --mode src --remove $other &&
		sees_packet passed $other $port
}

own_map() {
	mkdir -p /sys/fs/bpf/own &&
		bpftool map create /sys/fs/bpf/own/map type hash key 4 value 4 entries 8 name own &&
		bpftool map update pinned /sys/fs/bpf/own/map key 1 2 3 4 value 5 6 7 8 &&
		bpftool map dump pinned /sys/fs/bpf/own/map | grep -q '05 06 07 08'
}

own_pin() {
	chmod 600 /sys/fs/bpf/own/map && mv /sys/fs/bpf/own/map /sys/fs/bpf/own/same &&
		rm -r /sys/fs/bpf/own && [ ! -e /sys/fs/bpf/own ]
}

own_interface() {
	local object

	object=$(echo /usr/lib/*/bpf/xsk_def_xdp_prog.o)
	modprobe dummy
	ip link add own0 type dummy &&
		bpftool prog load "$object" /sys/fs/bpf/own-xdp type xdp &&
		bpftool net attach xdpgeneric pinned /sys/fs/bpf/own-xdp dev own0 &&
		ip link show dev own0 | grep 'prog/xdp id' &&
		ip link set dev own0 xdpgeneric off &&
		! ip link show dev own0 | grep 'prog/xdp id' &&
		ip link del own0 && rm /sys/fs/bpf/own-xdp
}

own_mount() {
	mkdir -p /run/own /mnt/own && mount -t tmpfs none /run/own &&
		mount -t bpf none /mnt/own && umount /mnt/own && umount --lazy /run/own
}

own_process() {
	local pid

	sleep 60 &
	pid=$!
	kill -STOP $pid && kill -CONT $pid && renice -n 5 -p $pid &&
		prlimit --pid $pid --nofile=16:16 && chrt --idle --pid 0 $pid && kill -9 $pid
	wait $pid
	[ $? -eq 137 ]
}

own_trace() {
	local pid

	strace -q -o /run/own.trace true && grep -q '^execve(' /run/own.trace || return 1
	sleep 60 &
	pid=$!
	strace -q -o /run/own.trace -p $pid &
	guest-ctl until 10 sh -c "! grep -q '^TracerPid:	0$' /proc/$pid/status"
	grep -q '^TracerPid:	[1-9]' /proc/$pid/status && kill $pid
}

read_agent() {
	# shellcheck disable=SC2009 # ps is what is tried
	ps | grep -q '[e]xecsnoop' && grep -q '^Name:	execsnoop' "/proc/$execsnoop/status" &&
		grep -q '/execsnoop$' "/proc/$execsnoop/maps" &&
		[ -n "$(ls -l "/proc/$execsnoop/fd")" ]
}

own_upgrade() {
	mend_library && cmp /run/library "$library" && listed
}

own_preload() { LD_PRELOAD=$here/preload.so bash -c '[[ $(</proc/self/maps) == *preload.so* ]]'; }

own_group() {
	local group=/sys/fs/cgroup/own pid

	mkdir -p $group || return 1
	sleep 60 &
	pid=$!
	echo $pid >$group/cgroup.procs &&
		echo 1 >$group/cgroup.freeze && echo 0 >$group/cgroup.freeze &&
		echo 1 >$group/cgroup.kill
	wait $pid
	[ $? -eq 137 ] && rmdir $group
}

read_guard() {
	[ -n "$(policy_digest)" ] && holdfast events --json | grep -q "$refusal"
}

declare -A allowed
control_names=()

control_all() {
	local name typed verdict

	while IFS='|' read -r name typed <&8; do
		[ -n "$name" ] || continue
		if eval "$typed" >/run/control.log 2>&1 </dev/null; then
			verdict=allowed
		else
			verdict=REFUSED
		fi
		allowed[$name]=$verdict
		control_names+=("$name")
		progress "control: $name: $verdict"
		detail allowed $verdict /run/control.log
	done 8<<<"$1"
}

# ---- the guard

know_guard() {
	guardian=$(pidof holdfastd)
	policy=$(policy_digest)
	first_event=$(holdfast events --json | head -n 1)
	daemon_digest=$(sha256sum <$daemon)
	[ -n "$guardian" ] && [ -n "$policy" ] && [ -n "$first_event" ]
}

# Something that should be, and is not; the rest is still worth showing.
wrong() {
	say "WRONG: $*"
	n_wrong=$((n_wrong + 1))
}

# guard_up IMAGE
guard_up() {
	if ! holdfast guard up "$1" >/run/guard.log 2>&1; then
		wrong "the guard does not come up: $(tail -n 1 /run/guard.log)"
		return 1
	fi
	if ! grep -q '^secret: the one that an earlier' /run/guard.log; then
		secret=$(sed -n 's/^secret: \([^ ]*\)$/\1/p' /run/guard.log)
	fi
	armed=$(sed -n 's/^armed in \([0-9]*\) ms$/\1/p' /run/guard.log)
	know_guard || wrong "the guard is up and does not say so"
}

mend_log() {
	mv /var/lib/holdfast/gone /var/lib/holdfast/log && know_guard
}

make_policies() {
	local name

	cp $here/demo.yaml /run/demo.yaml &&
		sed 's/^mode: enforce/mode: observe/' /run/demo.yaml >/run/observe.yaml &&
		sed -e 's/version: 1/version: 2/' -e 's/launch: .*}/launch: any }/' \
			/run/observe.yaml >/run/weak.yaml || return 1
	for name in demo observe weak; do
		holdfast policy lock /run/$name.yaml || return 1
		holdfast policy compile /run/$name.yaml || return 1
	done
}

# Ethernet, IPv4 from the denied address, UDP: what the forged drops are made of.
make_packet() {
	{
		printf '\0\0\0\0\0\0\0\0\0\0\0\0\10\0'
		printf '\105\0\0\35\0\0\0\0\100\21\0\0\177\0\0\102\177\0\0\1'
		printf '\36\141\36\141\0\11\0\0?'
		head -c 32 /dev/zero
	} >/run/packet
}

make_module() {
	head -c -28 "$(find /lib/modules -name veth.ko)" >$module
}

start_tools() {
	start_filter && start_egress && start_snoop
}

tools_well() {
	sees_packet dropped $denied $port &&
		sees_packet dropped 127.0.0.1 $denied_port &&
		sees_packet dropped 127.0.0.1 $egress_port &&
		[ "$(silent)" = intact ]
}

phase() { progress "-- $*"; }

# ---- the four parts

unguarded() {
	phase "no guard: the tools as Debian ships them"
	start_tools >>/run/setup.log 2>&1 || die "the tools do not start"
	tools_well >>/run/setup.log 2>&1 || die "the tools do not do their job"
	attack_all "$tool_attacks" before succeeds
	xdp-filter unload lo >>/run/setup.log 2>&1
	stop_snoop >>/run/setup.log 2>&1
	rm -rf /sys/fs/bpf/xdp-filter /sys/fs/bpf/xdp /sys/fs/bpf/egress
}

observing() {
	phase "a guard that only observes"
	guard_up /run/observe.img
	attack_all "$guard_attacks" before succeeds
	pidof holdfastd >>/run/setup.log && wrong "the observing guard is still there"
	cp /run/holdfastd.copy /run/holdfastd.new && mv /run/holdfastd.new $daemon
	cp /bin/busybox /run/false
}

enforcing() {
	phase "a guard that enforces"
	if guard_up /run/demo.img; then
		guarded=yes
		[ -n "$secret" ] || wrong "the guard enforces and made no secret"
	fi
	start_tools >>/run/setup.log 2>&1 || wrong "the tools do not start"
	tools_well >>/run/setup.log 2>&1 || wrong "the tools do not do their job"
	attack_all "$tool_attacks" after refused
	attack_all "$guard_attacks" after refused
	control_all "$controls"
	if tools_well >>/run/setup.log 2>&1 &&
		owner xdp-filter xdp-filter status 2>&1 | grep -qF " $denied "; then
		say "After the attacks the tools still do their job."
	else
		wrong "after the attacks the tools do not do their job any more"
	fi
}

nothing_left() {
	ls -d /sys/fs/bpf/holdfast /run/holdfast && return 1
	pidof holdfastd && return 1
	# the kernel lets go of the programs one by one, a little later, then of their maps
	guest-ctl until 60 sh -c '! bpftool prog show | grep -qw "lsm\|syscall\|iter" &&
		! bpftool map show | grep -qw "policy\|operator\|task_labels"'
}

taken_down() {
	holdfast guard down --secret-fd 9 9<<<"$secret" && guarded='' && nothing_left
}

open_again() {
	sees_packet dropped $denied $port &&
		type_row 'bpftool map delete pinned $list_pin key 127 0 0 66' &&
		sees_packet passed $denied $port
}

down() {
	phase "the guard goes"
	control_all "
the operator takes the guard down, which leaves nothing|taken_down
without it, root poisons the list as before|open_again"
}

# ---- the report

report() {
	local row name n=0 refused=0 m=0 fine=0

	say
	say "before: without a guard; where the guard is the victim, with one that only observes"
	say "after: with a guard that enforces"
	say "Both are read from the victim, whatever the attacker was told."
	say
	say "$(printf '%-4s %-9s %-9s %s' row before after 'what root typed')"
	for row in "${rows[@]}"; do
		n=$((n + 1))
		if [ "${before[$row]}" = succeeds ] && [ "${after[$row]-}" = refused ]; then
			refused=$((refused + 1))
		fi
		say "$(printf '%-4s %-9s %-9s %s' "${row%%|*}" "${before[$row]}" \
			"${after[$row]-not attempted}" "${row#*|}")"
	done
	say
	for name in "${control_names[@]}"; do
		m=$((m + 1))
		[ "${allowed[$name]}" != allowed ] || fine=$((fine + 1))
		say "$(printf '%-8s %s' "${allowed[$name]}" "$name")"
	done
	say
	say "time to armed: ${armed:-never in} ms"
	say "$refused of $n attacks refused, $fine of $m controls allowed"
	[ "$n_wrong" -eq 0 ] && [ $refused -eq $n ] && [ $fine -eq $m ] &&
		[ $n -ge 15 ] && [ $m -ge 6 ]
}

n_wrong=0
armed='' policy='' first_event='' daemon_digest=''
library=$(echo /usr/lib/*/libelf.so.1)
cp "$library" /run/library
cp $daemon /run/holdfastd.copy
cp /bin/busybox /run/false
make_packet
make_module
progress "kernel $(uname -r)"
make_policies >/run/guard.log 2>&1 || die "the policy does not compile"
if [ "${1-}" = up ]; then # for tests/sabotage.sh: no more than whether the guard comes up
	guard_up /run/demo.img
	exit "$n_wrong"
fi
unguarded
observing
enforcing
down
report
