#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What operations cost, in instructions: without a guard, under one with the drill's policy, for a
# stranger and for an agent; under the largest policy that there can be, with 10,000 objects to
# protect; and beside empty programs on the same hooks. Wants a guest of the profile `counted`.
# And what holdfastd takes: to start, to keep the log of 10,000 events a second; and a policy, to be
# compiled. `make bench` has the figures from the console; `quick` takes a tenth of the samples and
# leaves out the largest policy, the guard's programs without a guard and all of user space.
#
# usage: cost.sh [quick]
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

part=1
[ "${1-}" != quick ] || part=10
domains=64 rules=10000 objects=10000 rate=10000 seconds=3 starts=3
links=/sys/fs/bpf/holdfast/links
stranger=$work/cost agent=$work/cost-agent

# Two programs that differ in a byte: one is the agent's, by its content.
programs_make() {
	cp $here/cost $stranger && cp $here/cost $agent && printf 'X' >>$agent &&
		modprobe dummy && ip link add cost0 type dummy
}

# measure STATE WHO [CMD...]: the figures, to the console as well
measure() {
	state=$1 who=$2
	shift 2
	program=$stranger
	[ $who = stranger ] || program=$agent
	check "$state, $who: each operation has its figure" figures "$@"
	grep '^# cost' $work/figures-$state-$who
}

# Where a pid lies in the kernel's tree costs hundreds of instructions of a fork: all begin at one.
figures() {
	echo 2000 >/proc/sys/kernel/ns_last_pid
	"$@" $program ops $state $who $part >$work/figures-$state-$who || return 1
	cat $work/figures-$state-$who
	[ "$(grep -c '^# cost ' $work/figures-$state-$who)" = $operations ]
}

# figure OPERATION STATE: a stranger's
figure() {
	awk -v o=$1 '$5 == o { print $6 }' $work/figures-$2-stranger
}

# The empty programs are what an act costs at least: less would mean that they do not run.
counts() {
	echo "$(figure kill0 none) none, $(figure kill0 floor) floor, $(figure kill0 small) small"
	[ "$(figure kill0 none)" -lt "$(figure kill0 floor)" ] &&
		[ "$(figure kill0 floor)" -le "$(figure kill0 small)" ]
}

# What the guard adds to that is no more than that: whatever leaves early does.
cheap() {
	for operation in map_update map_lookup open_ro open_rw create_unlink stat rename read \
		write write_null kill0 netlink_get netlink_set; do
		none=$(figure $operation none)
		least=$(($(figure $operation floor) - none))
		added=$(($(figure $operation small) - none))
		echo "$operation: empty programs add $least, the guard adds $added"
		# a message's family may be closed by the policy, which is looked up; so is, in four
		# maps, whose is what is written or renamed, and one program asks for all rooms
		case $operation in
		netlink_* | open_rw | create_unlink | rename) most=3 ;;
		*) most=2 ;;
		esac
		[ $added -le $((most * least)) ] || return 1
	done
}

hooks_list() {
	ls $links >$work/names && [ "$(wc -l <$work/names)" -gt 40 ]
}

resident() {
	awk -v state=$1 '/^VmRSS:/ { print "# cost-rss", state, $2 }' /proc/"$(daemon_pid)"/status
}

# The agent's domain, in the drill's policy: agent_domain >FILE
agent_domain() {
	echo "  - name: cost"
	echo "    executables:"
	echo "      - { path: $agent, launch: any }"
}

# The same among as many as there may be, and as many rules: largest RULES
largest() {
	agent_domain
	awk -v domains=$domains -v rules=$1 'BEGIN {
		for (i = 3; i <= domains; i++) {
			printf "  - name: other-%d\n    executables:\n", i
			printf "      - { digest: \"sha256:%064x\", size: 1, launch: any }\n", i
		}
		if (rules)
			print "admission:\n  default: ordinary\n  allow:"
		for (i = 1; i <= rules; i++)
			printf "    - { digest: \"sha256:%04x%060x\", size: 1, programs: [ ext ], reason: r }\n",
				i * 40503 % 65536, i
	}'
}

reload() {
	holdfast guard reload $1 --secret-fd 3 3<"$secret"
}

objects_make() {
	guest-ctl spawn system.slice/objects.service $agent objects $objects $work/made &&
		guest-ctl until 60 test -e $work/made
}

# ---- user space

# what follows the log for other suites would take its part of the processor
follower_end() {
	pidof holdfast | xargs kill
}

# flood NAME RATE TASKS: what is lost as well
flood() {
	lost=$(status_number lost)
	newest=$(status_number newest)
	$stranger events $1 "$(daemon_pid)" $2 $seconds $3 >$work/events-$1 || return 1
	cat $work/events-$1
	echo "# cost-events $1-lost $(($(status_number lost) - lost))"
	echo "# cost-events $1-lines $(($(status_number newest) - newest))"
	[ "$(awk '/-made/ { print $4 }' $work/events-$1)" -eq $(($2 * seconds)) ]
}

# One task's are counted from the 65th of each second on; of so many tasks each has its line.
floods() {
	check "$rate events a second by one task: all are made" flood one $rate 1
	grep '^# cost-events' $work/out
	check "half as many by 100 tasks: all are made" flood half $((rate / 2)) 100
	grep '^# cost-events' $work/out
	check "$rate by 200 tasks: all are made" flood many $rate 200
	grep '^# cost-events' $work/out
}

# by the image for the boot, which the secret that the first guard gave is good for
boot_image() {
	: >$work/starts
	daemon_stop && mkdir -p /etc/holdfast && cp $small /etc/holdfast/policy.img
}

programs_gone() {
	guest-ctl until 60 sh -c "! bpftool prog list | grep -qE ' lsm | tracing '"
}

# The guard of a service that is nobody's to start again
starts() {
	while [ "$(grep -c '^# cost-start ' $work/starts)" -lt $starts ]; do
		$stranger start $daemon >>$work/starts && armed && guard_down &&
			guest-ctl until 20 sh -c "! pidof holdfastd" && programs_gone || return 1
	done
}

# compiled NAME RULES
compiled() {
	largest $2 >$work/domains-$1
	img=$(image drill "$unit" "\$ r $work/domains-$1") &&
		$stranger run $1 5 "$(command -v holdfast)" policy compile ${img%.img}.yaml -o $img
}

compiles() {
	check "$domains domains are compiled" compiled domains 0
	grep '^# cost-run' $work/out
	check "$domains domains and $rules rules are compiled" compiled rules $rules
	grep '^# cost-run' $work/out
}

check "the programs are made" programs_make
operations=$($stranger list | wc -l)
unit='s/launch: any/launch: unit canary.service/'
enforce='s/mode: observe/mode: enforce/'
agent_domain >$work/agent
small=$(image drill "$unit" "$enforce") || exit 1
owned=$(image drill "$unit" "$enforce" "\$ r $work/agent") || exit 1
if [ $part = 1 ]; then
	largest $rules >$work/largest
	large=$(image drill "$unit" "$enforce" "\$ r $work/largest" '') || exit 1
fi

echo "# cost-kernel $(uname -r)"
measure none stranger
[ $part != 1 ] || $stranger call

need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$small"
holdfast guard status --json >$work/status
echo "# cost-policy small $(tr -d ' ",' <$work/status | sed -n 's/^.*sha256:\([0-9a-f]*\).*/\1/p' |
	head -n 1)"
echo "# cost-armed $(tr -d ' ",' <$work/status | sed -n 's/^armed_ms://p')"
need "its hooks are known" hooks_list
measure small stranger
resident small
check "reload: the agent's domain as well" reload $owned
measure small agent
if [ $part = 1 ]; then
	check "reload: $domains domains, $rules rules" reload $large
	check "the agent makes $objects objects" objects_make
	measure large stranger
	measure large agent
	resident large
	guest-ctl stop system.slice/objects.service >/dev/null
	check "nobody else reads the log" follower_end
	floods
fi
check "the guard goes down by the operator" guard_down
check "and its programs with it" programs_gone
if [ $part = 1 ]; then
	measure again stranger
	measure last stranger
fi

measure floor stranger $stranger floor $work/names
check "an act costs something, and the guard's part is not less than the least" counts
check "the guard does no more for a stranger than it takes to ask it" cheap
if [ $part = 1 ]; then
	$stranger bare $work/names || failed=1
	check "holdfastd is stopped" boot_image
	check "holdfastd starts and brings up a guard, $starts times" starts
	cat $work/starts
	compiles
fi
exit $failed
