#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Proves that the harness can fail: a check that does not work must not look like a clean run.
# Boots guests that each go wrong in one way, and looks at what run.sh says. Prints TAP.
#
# usage: selftest.sh KERNEL INITRAMFS LOG-FOLDER
set -u

here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
initramfs=$2
logs=$3
failed=0
mkdir -p "$logs"

# expect NAME CODE TEXT OPTION...: run.sh with these options exits CODE, and TEXT (a regular
# expression) is in what it printed
expect() {
	local name=$1 code=$2 text=$3 got=0 log
	shift 3

	log=$logs/${name//[^a-z0-9]/-}.log
	"$here/run.sh" --kernel "$kernel" --initramfs "$initramfs" --log "$log" "$@" \
		>"$log.out" 2>&1 || got=$?
	if [ "$got" -eq "$code" ] && grep -q "$text" "$log.out"; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		echo "# exit code $got, wanted $code and /$text/: $log.out"
		failed=1
	fi
}

expect "a command that succeeds passes" 0 '^holdfast-guest: exit 0 splats 0' \
	--run 'true'
expect "a command that fails fails the run, and says how to repeat it" 7 '^  reproduce: .*exit' \
	--run 'echo ok - all well; exit 7'
expect "a command past its deadline fails the run" 124 'not done after 2 seconds' \
	--deadline 2 --run 'echo ok - all well; sleep 1000'
expect "a kernel panic fails the run" 125 'panicked' \
	--run 'echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger'
expect "flags that no processor has begin the guest once more" 125 '^# once more: ' \
	--run 'echo "<1>RSP: 0018:1 EFLAGS: c89b0b62" >/dev/kmsg
echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger'
# shellcheck disable=SC2016 # the guest's shell expands it
expect "init outlives a kill of everything" 137 '^holdfast-guest: exit 137' \
	--run 'kill -9 1; kill -9 -1; kill -9 $$'
# The words of each kind of report; a user program's crash is none, and counts for nothing.
# shellcheck disable=SC2016
expect "each kind of kernel report fails the run" 1 '^holdfast-guest: exit 0 splats 8' \
	--run 'say() { echo "<4>$1" >/dev/kmsg; }
say "------------[ cut here ]------------"
say "WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2"
say "BUG: unable to handle page fault for address: ffff800000000000"
say "Oops: 0000 [#1] PREEMPT SMP NOPTI"
say "general protection fault, probably for non-canonical address 0x1: 0000 [#2]"
say "INFO: task sh:1 blocked for more than 120 seconds."
say "rcu: INFO: rcu_preempt self-detected stall on CPU"
say "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [sh:1]"
say "BUG: KASAN: use-after-free in f+0x1/0x2"
say "traps: victim[9] general protection fault ip:1 sp:2 error:0 in victim"'
exit $failed
