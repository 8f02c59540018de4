#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The guard against root: stopping it, weakening it, replacing its daemon. What it does to its maps,
# pins and files is among the rows (rows.sh).
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

mode_is() {
	holdfast guard status | grep -q "^mode *$1" || { holdfast guard status; return 1; }
}

secret_shown() {
	[ -s "$secret" ]
}

secret_not_kept() {
	! grep -rqF "$(cat "$secret")" /var/lib/holdfast /run/holdfast
}

# ---- the operator's secret

operator() {
	check "guard down without the secret is refused" refused 'secret' holdfast guard down
	check "guard down with a wrong secret is refused" refused 'not the operator' with_wrong guard down
	check "a weaker policy without the secret is refused" refused 'secret' holdfast guard reload "$weaker"
	check "a policy without the domain is refused without the secret" \
		refused 'secret' holdfast guard reload "$empty"
	check "a policy that trusts another executable is refused without the secret" \
		refused 'secret' holdfast guard reload "$wider"
	check "an older policy is refused even with the secret" refused 'version' with_secret guard reload "$older"
	check "a wrong secret is in the log" grep -q '"note":"secret"' $log
	check "the mode is what it was" mode_is enforce
	check "the same policy again needs no secret" holdfast guard reload "$enforce"
	check "a weaker policy with the secret goes in force" with_secret guard reload "$weaker"
	check "and says so" mode_is observe
	check "a stricter one needs none" holdfast guard reload "$again"
	check "bad images leave the policy in force" bad_images
	check "the mode is enforce again" mode_is enforce
}

bad_images() {
	head -c 700 "$again" >$work/short.img
	head -c 4096 /dev/urandom >$work/noise.img
	: >$work/empty.img
	for bad in short noise empty; do
		exits 1 with_secret guard reload $work/$bad.img || return 1
	done
}

# ---- the daemon

second_daemon() {
	exits 3 /usr/local/sbin/holdfastd --wait
}

# a copy is not the daemon that the guard knows, and neither is one that root starts
copied_daemon() {
	cp /usr/local/sbin/holdfastd $work/holdfastd
	! $work/holdfastd --wait
}

killed_without_gap() {
	rm -f $work/enough
	probe as hammer $work/enough map-update >$work/hammer 2>&1 &
	hammer=$!
	for _ in 1 2; do
		before=$(daemon_pid)
		killed
		guest-ctl until 20 sh -c ". $here/lib.sh; [ \"\$(daemon_pid)\" != $before ] && armed" || break
	done
	touch $work/enough
	code=0
	wait $hammer || code=$?
	cat $work/hammer
	[ "$code" -eq 1 ]
}

no_stop() {
	guest-ctl stop system.slice/holdfastd.service >/dev/null
	armed && guest-ctl status system.slice/holdfastd.service | grep -q running
}

daemon() {
	check "a second holdfastd does not start" second_daemon
	check "a copy of holdfastd does not start" copied_daemon
	check "two kills of holdfastd for lack of memory leave no gap" killed_without_gap
	check "the status is right afterwards" mode_is enforce
	check "the log says that the guard was adopted" grep -q '"note":"adopted"' $log
	check "the log misses no number" log_is_whole
	check "the operator is still asked for the secret" refused 'secret' holdfast guard down
	check "A08 the service manager's SIGTERM does not stop it" no_stop
}

# ---- the proof

# as many acts as the table has, but for one that old kernels lack
proven() {
	holdfast guard status --json | tr -d ' \n' | sed 's/.*"proof":{\([^}]*\)}.*/\1/' >$work/proof
	cat $work/proof
	acts=$(sed 's/.*"acts":\([0-9]*\).*/\1/' $work/proof)
	refused=$(sed 's/.*"refused":\([0-9]*\).*/\1/' $work/proof)
	[ "$acts" -ge 36 ] && [ "$refused" -eq "$acts" ]
}

no_proof_failed() {
	! grep '"note":"proof' $log
}

proof_leaves_no_event() {
	! grep -E '"(label|owner)":"canary"' $log
}

proof() {
	check "the guard has made each of its hooks refuse" proven
	check "and found nothing wrong" no_proof_failed
	check "what it tried is not in the log" proof_leaves_no_event
}

# ---- the way to the pins, where it is not /sys

second_mounted() {
	grep -q ' /run/second bpf ' /proc/mounts
}

second_still() {
	! "$@" && second_mounted && [ -d /run/second/agent ]
}

take_mountpoint() {
	unshare -m --propagation private sh -c \
		"mount --bind /run /mnt && umount -l /run && mkdir -p /mnt/other && $1"
}

second_bpffs() {
	check "F03 another bpffs with pins is not unmounted" second_still umount /run/second
	check "F03 nor lazily" second_still umount -l /run/second
	check "F03 nor from a namespace that still shares" \
		second_still unshare -m --propagation unchanged umount -l /run/second
	check "F05 its mount point is not removed from a private namespace" \
		second_still take_mountpoint 'rmdir /mnt/second'
	check "F05 nor is another folder renamed over it" \
		second_still take_mountpoint 'mv -T /mnt/other /mnt/second'
	check "F06 nothing is mounted over it" second_still mount -t tmpfs none /run/second
	check "F06 nor over its pins" second_still mount -t tmpfs none /run/second/agent
	check "F01 the pins' folder in it is not removed" second_still rmdir /run/second/agent
	check "a namespace of slaves takes /sys off for itself alone" \
		unshare -m --propagation slave umount -l /sys
	check "and the victim's pins are there" [ -e /sys/fs/bpf/victim/map ]
}

mountpoint_taken() {
	take_mountpoint 'rmdir /mnt/second' && ! second_mounted
}

# ---- nothing left behind

nothing_left() {
	[ ! -e /sys/fs/bpf/holdfast ] && [ ! -e /run/holdfast ] || return 1
	# the kernel frees programs, and their maps, some time after their last link
	guest-ctl until 20 sh -c "! bpftool link list | grep -E 'lsm|tracing'" &&
		guest-ctl until 20 sh -c "! bpftool prog list | grep -E ' lsm | syscall '" &&
		guest-ctl until 20 sh -c "! bpftool map list | grep -E 'name (task_labels|objects|policy) '"
}

log_verified() {
	holdfast log verify /var/lib/holdfast/log --key "$(head -n 1 /var/lib/holdfast/log/vkey)"
}

check "bpf has nothing of the kind before" nothing_left
mkdir /run/second && mount -t bpf bpf /run/second
observe=$(image self 's/version: 1/version: 2/') &&
	enforce=$(image self 's/version: 1/version: 2/' 's/observe/enforce/') &&
	weaker=$(image self 's/version: 1/version: 3/' '' '') &&
	again=$(image self 's/version: 1/version: 3/' 's/observe/enforce/' '' '') &&
	older=$(image self 's/version: 1/version: 1/' 's/observe/enforce/' '' '' '') &&
	empty=$(image self 's/version: 1/version: 4/' 's/observe/enforce/' \
		's/name: victim/name: other/' '' '' '') &&
	wider=$(image self 's/version: 1/version: 4/' 's/observe/enforce/' \
		's/unit victim.service/any/' '' '' '' '') || exit 1

need "holdfastd starts" daemon_start
need "the guard comes up to observe, and prints a secret" guard_up "$observe"
check "the secret is there" secret_shown
check "the host keeps no secret" secret_not_kept
check "the guard enforces after a reload" holdfast guard reload "$enforce"
check "the mode is enforce" mode_is enforce
need "the victim and its neighbour start" targets_start
operator
second_bpffs
daemon
proof
check "the guard goes down by the operator" guard_down
check "and leaves nothing behind" nothing_left
check "the log is complete, by the first of its keys" log_verified
check "M01 the attack works again" exits 0 probe map-update
check "F05 and so does the one on the mount point" mountpoint_taken
exit $failed
