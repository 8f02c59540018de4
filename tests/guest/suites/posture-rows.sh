#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What each check of `holdfast posture` says it opens: with the weak setting the act of the row goes
# through, with the strong one it does not, and the check says which of them it is. No guard is up:
# this is about the ground itself. The table of docs/posture.md has a line for each pair here, by
# the same words. What needs the kernel's command line has boots of its own, with one side each.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

sysctl=/proc/sys/kernel
kprobes=/sys/kernel/debug/kprobes/enabled
tracing=/sys/kernel/tracing
module=$(find /lib/modules/ -name dummy.ko)
pins=/sys/fs/bpf/rows
weak=$work/weak
look='--root /'
item=
mkdir -p $weak

# ---- a pair of a check and a row

# what is loaded is looked at where it counts: it is most of what a look costs
take() {
	holdfast posture check --json $look >$work/json 2>$work/err
	[ $? -le 1 ] && return
	cat $work/err
	return 1
}

# found CHECK: its status; where one task is meant, whether that is among what was found
found() {
	if [ "$item" ]; then
		if grep -q "$item" $work/json; then echo weak; else echo good; fi
		return
	fi
	awk -F '"' -v id="$1" '$2 == "id" { here = $4 == id } here && $2 == "status" { print $4 }' \
		$work/json
}

# What cannot be closed on this kernel is never called good, and goes through.
agree() {
	status=$(found $1) wanted=$2
	shift 2
	code=0
	"$@" >$work/act 2>&1 || code=$?
	# a refusal that is an error's name is that error
	case $code/$wanted in
	1/E[A-Z]*) grep -qw "$wanted" $work/act || code=other ;;
	esac
	case $side/$status/$code in
	weak/weak/0 | weak/bad/0 | strong/good/1) ;;
	*/absent/0) closable= ;;
	*)
		echo "$side: the check says '$status', and $* ended with $code: $(cat $work/act)"
		return 1
		;;
	esac
}

# pair CHECK ROW THROUGH REFUSED CMD...: CMD is the act, and exits 0 if it went through, 1 if it was
# refused. One line when both sides have been seen, or the only one of this boot.
pair() {
	named="$1-$2" says="$1 opens $2: $3 | $4" through="$1 opens $2: $3" refused="$1 closes $2: $4"
	what=$1 answer=$4 closable=yes
	shift 4
	agree $what "$answer" "$@" >$work/said || { not_ok "$says"; sed 's/^/# /' $work/said; return; }
	[ $closable ] || says="$through, and this kernel cannot close it"
	case $sides/$side in
	both/weak) : >$weak/$named ;;
	both/strong) [ ! -e $weak/$named ] || ok "$says" ;;
	one/weak) ok "$through" ;;
	one/strong) if [ $closable ]; then ok "$refused"; else ok "$says"; fi ;;
	esac
}

# not_here CHECK ROW WHY CMD...: the act that this kernel knows nothing of; it is refused as it is
not_here() {
	says="$1 has no $2 here: $3"
	shift 3
	[ $side = weak ] || return 0
	check "$says" exits 1 "$@"
}

# flip PAIRS WEAKEN STRENGTHEN: both sides of some pairs
flip() {
	sides=both side=weak
	need "weak for $1" $2
	need "a look at what is weak" take
	$1
	side=strong
	need "strong for $1" $3
	need "a look at what is strong" take
	$1
}

# one SIDE PAIRS...: what this boot has of them
one() {
	sides=one side=$1
	shift
	for pairs; do
		$pairs
	done
}

# as in lib.sh, and silent: every line is a pair
need() {
	needed=$1
	shift
	"$@" >$work/out 2>&1 && return
	not_ok "$needed"
	sed 's/^/# /' $work/out
	exit 1
}

# ---- somebody who stays

# begin ACT [ARGUMENT]...
begin() {
	$here/ground "$@" >$work/$1.said 2>&1 &
	echo $! >$work/$1.pid
	guest-ctl until 20 grep -q . $work/$1.said && grep '^ready' $work/$1.said && return
	cat $work/$1.said
	return 1
}

end() {
	kill "$(cat $work/$1.pid)"
	guest-ctl until 20 test ! -e /proc/"$(cat $work/$1.pid)"
}

# the kernel lets go of programs when nobody can be in them any more
nothing_loaded() {
	guest-ctl until 30 sh -c "! { bpftool prog; bpftool link; bpftool map; } | grep -q ."
}

as_it_is() { :; }

set_to() {
	echo $2 >/proc/sys/$1
}

# ---- settings that are a number

address_pairs() {
	pair kptr-restrict K17 "a user sees where modules lie" "he sees zeros" ground modules
	pair kptr-restrict K07 "a user reads addresses in /proc/kallsyms" "he reads zeros" ground symbols
}
addresses_shown() { set_to kernel/kptr_restrict 0; }
addresses_hidden() { set_to kernel/kptr_restrict 1; }

perf_pairs() {
	pair perf-paranoid K17 "a user samples the kernel" "EACCES" ground count-kernel
}
perf_open() { set_to kernel/perf_event_paranoid 1; }
perf_shut() { set_to kernel/perf_event_paranoid 2; }

yama_pairs() {
	pair yama K17 "a user's process writes another's memory" "EPERM" ground write-own
	pair yama I02 "a user's process traces another of his" "EPERM" ground trace-own
}
yama_open() { set_to kernel/yama/ptrace_scope 0; }
yama_shut() { set_to kernel/yama/ptrace_scope 1; }

all_keys_pairs() {
	pair sysrq K17 "with all keys on, one of the console kills a process" "it does nothing" \
		ground key-kills
}
signal_keys_pairs() {
	pair sysrq A04 "with 64 alone, a key of the console kills a process" "it does nothing" \
		ground key-kills
}
all_keys() { set_to kernel/sysrq 1; }
signal_keys() { set_to kernel/sysrq 64; }
other_keys() { set_to kernel/sysrq 438; }
no_keys() { set_to kernel/sysrq 0; }

constant_pairs() {
	pair jit-harden K17 "a number that root chose is in a program's machine code" "it is not" \
		ground constant
	pair jit-harden P20 "a number that a user chose is in a program's machine code" "it is not" \
		ground constant-by-user
}
constants_plain() { set_to net/core/bpf_jit_harden 0; }
constants_blinded() { set_to net/core/bpf_jit_harden 2; }

ring_pairs() {
	pair io-uring K17 "a user makes an io_uring" "EPERM" ground ring
	pair io-uring T08 "a file is opened, and no system call has opened it" "EPERM" ground ring-opens
	pair io-uring I15 "a thread of the kernel's opens a file" "EPERM" ground ring-poller
}
rings_open() { [ ! -e $sysctl/io_uring_disabled ] || set_to kernel/io_uring_disabled 0; }
rings_shut() { [ ! -e $sysctl/io_uring_disabled ] || set_to kernel/io_uring_disabled 2; }

namespace_pairs() {
	pair user-namespaces K11 "a user mounts a file system" "ENOSPC" ground user-mounts tmpfs
	if grep -q bpf_token_create /proc/kallsyms; then
		pair user-namespaces F14 "a program is loaded in a user's namespace, by a token" "ENOSPC" \
			ground token $work/token
		umount $work/token 2>/dev/null
	else
		not_here user-namespaces F14 "there are no tokens" ground token $work/token
	fi
}
namespaces_open() { mkdir -p $work/token && set_to user/max_user_namespaces 1000; }
namespaces_shut() { set_to user/max_user_namespaces 0; }

# ---- what programs hang on

kept_pairs() {
	if [ $ftrace_fixed ]; then
		not_here ftrace L15 "it cannot be turned off" ground switch-off
	else
		pair ftrace L15 "a guard that is there is not asked any more" "it is asked, and refuses" \
			ground ask
	fi
}
ftrace_off_under_guard() {
	ftrace_fixed=
	begin stay-refusing || return 1
	set_to kernel/ftrace_enabled 0 2>/dev/null || ftrace_fixed=yes
}
ftrace_on() { set_to kernel/ftrace_enabled 1; }

late_pairs() {
	if [ $ftrace_fixed ]; then
		not_here ftrace K14 "it cannot be turned off" ground write $sysctl/ftrace_enabled 0
	else
		pair ftrace K14 "a guard that attaches then is not asked" "it is asked, and refuses" \
			ground pass-guard
	fi
}
ftrace_off() {
	end stay-refusing && nothing_loaded || return 1
	[ $ftrace_fixed ] || set_to kernel/ftrace_enabled 0
}

hits() {
	awk '$1 == "rows" { print $2 }' $tracing/kprobe_profile
}

# A probe that counts files opened, of which awk is one
probe_planted() {
	echo 'p:rows do_sys_openat2' >$tracing/kprobe_events &&
		echo 1 >$tracing/events/kprobes/rows/enable || return 1
	before=$(hits)
	[ "$(hits)" -gt "$before" ] || { echo "the probe counts nothing"; return 1; }
}
probe_removed() {
	echo 0 >$tracing/events/kprobes/rows/enable && echo >$tracing/kprobe_events
}

disarm() {
	ground write $kprobes 0
	r=$?
	before=$(hits)
	after=$(hits)
	[ $r = 0 ] || { [ "$before" -lt "$after" ] && return $r; return 2; }
	echo 1 >$kprobes
	[ "$before" = "$after" ]
}

debugfs_pairs() {
	pair debugfs L14 "one write to kprobes/enabled, and a probe counts no more" "ENOENT" disarm
	pair debugfs K10 "the kernel's state is written through debugfs" "ENOENT" \
		ground write /sys/kernel/debug/clear_warn_once 1
}
debugfs_away() { umount /sys/kernel/debug; }

# ---- files

bpffs_pairs() {
	pair bpffs M21 "a user pins a map under an agent's name" "EACCES" ground user-pins $work/bpffs/agent
}
bpffs_open() {
	set_to kernel/unprivileged_bpf_disabled 0 && mkdir -p $work/bpffs &&
		mount -t bpf -o mode=1777 bpf $work/bpffs
}
bpffs_shut() {
	umount $work/bpffs && mount -t bpf -o mode=0700 bpf $work/bpffs
}

token_pairs() {
	act=stay-keeping
	[ $side = strong ] || act=stay-delegating
	pair bpffs F14 "a token of it loads a program in a user's namespace" "ENOENT" \
		ground load-by-token $work/token "$(sed -n 's/^ready //p' $work/$act.said)"
}
rights_delegated() {
	umount $work/bpffs && begin stay-delegating $work/token
}
rights_kept() {
	umount $work/token && end stay-delegating && begin stay-keeping $work/token
}

unrecorded() {
	dmesg -c >/dev/null
	bpftool prog >/dev/null
	! dmesg | grep -q 'syscall=321 '
}

audit_pairs() {
	pair audit-rules T02 "bpf(2) is called, and only a guard's own log could tell" \
		"the kernel's audit has a record" unrecorded
}
audit_rule() {
	rules=/etc/audit/audit.rules
	mkdir -p /etc/audit && echo '-a always,exit -F arch=b64 -S bpf -k bpf' >$rules &&
		ground audit-rule add
}

# ---- what is loaded, and who could load

# as ACT...: by somebody who has the capabilities, or has given them up
as() {
	if [ $side = weak ]; then ground "$@"; else ground without "$@"; fi
}

loads() {
	as "$@"
	r=$?
	ground unload-module dummy >/dev/null 2>&1
	return $r
}

capability_pairs() {
	pair capabilities M01 "who has them writes a map by its number" "EPERM" as update ground_rules
	pair capabilities P04 "who has them has a hook's result modified" "EPERM" as modify
	pair capabilities K01 "who has them loads a module" "EPERM" loads signed-module $module
	pair capabilities I02 "who has them traces a process that has them" "EPERM" \
		as trace "$(cat $work/stay.pid)"
	pair capabilities L08 "who has them takes an XDP program off" "EPERM" as xdp-off
}
stranger_with() {
	cp $here/ground $work/stranger && unfrozen_there && ground xdp-on || return 1
	$here/ground stay &
	echo $! >$work/stay.pid
	$work/stranger stay &
	echo $! >$work/stranger.pid
	guest-ctl until 20 sh -c "readlink /proc/$!/exe | grep -q stranger"
}
stranger_without() {
	end stranger
	# what was taken off is put back
	ground xdp-on || return 1
	$work/stranger without stay &
	echo $! >$work/stranger.pid
	all=$(grep CapPrm /proc/1/status)
	guest-ctl until 20 sh -c "grep -q CapPrm /proc/$!/status && ! grep -q '$all' /proc/$!/status"
}

unfrozen_there() {
	mkdir -p $pins && bpftool prog loadall $here/calls.test.bpf.o $pins pinmaps $pins &&
		bpftool map update name ground_calls key 0 0 0 0 value pinned $pins/second &&
		bpftool map update name ground_rules key 0 0 0 0 value 1 0 0 0
}

unfrozen_pairs() {
	pair unfrozen-maps M01 "a rule is written by the map's number" "EPERM" \
		ground update ground_rules
	pair unfrozen-maps M02 "a rule is deleted" "EPERM" ground delete ground_rules
	pair unfrozen-maps M05 "a program is taken out of the chain" "EPERM" ground delete ground_calls
	pair unfrozen-maps M23 "a switch is turned" "EPERM" ground update ground_switch
}
maps_frozen() {
	for map in rules calls switch; do
		bpftool map freeze name ground_$map || return 1
	done
}

owner_pairs() {
	pair owners K15 "a program from before refuses everybody" "there is none" ground kept-from-asking
	pair owners M09 "a mapping from before writes a map, and keeps it from being frozen" \
		"there is none" ground held
	pair foreign-programs P06 "a foreign program refuses everybody" "there is none" \
		ground kept-from-asking
}
ownerless_there() {
	rm -r $pins && nothing_loaded && begin stay-refusing && begin stay-mapped
}
ownerless_gone() {
	end stay-refusing && end stay-mapped && nothing_loaded
}

modifying_pairs() {
	pair foreign-programs P04 "a foreign program has the kernel skip a guard" \
		"the guard is asked, and refuses" ground pass-guard
}
modifying_there() { begin stay-modifying; }
modifying_gone() { end stay-modifying && nothing_loaded; }

# The guard comes before the program that answers for it, or alone.
positive_pairs() {
	if [ $side = strong ]; then
		pair foreign-programs P05 "a foreign program answers 1, and a guard is not asked" \
			"the guard is asked, and refuses" ground pass-guard
	elif [ $answered ]; then
		pair foreign-programs P05 "a foreign program answers 1, and a guard is not asked" \
			"the guard is asked, and refuses" ground ask
	else
		not_here foreign-programs P05 "no such program can be loaded" ground stay-positive
	fi
}
positive_there() {
	answered=
	begin stay-refusing && { ! begin stay-positive || answered=yes; }
}
positive_gone() {
	[ ! $answered ] || end stay-positive
	end stay-refusing && nothing_loaded
}

filling_pairs() {
	pair foreign-programs P19 "foreign programs leave no room on a hook" "there is room" \
		ground kept-from-hanging
}
filling_there() { begin stay-filling; }
filling_gone() { end stay-filling && nothing_loaded; }

# ---- what the kernel's command line says

memory_pairs() {
	pair dev-mem K05 "registers of a device in use are mapped to write" "EPERM" ground device-memory
}

constants_of_others_pairs() {
	pair proc-mem I02 "a page that is mapped read-only is written" "EIO" ground write-constant
}

disk_pairs() {
	pair mounted-writes F13 "a disk that is mounted is written" "EBUSY" ground disk-write /dev/loop0
}
disk_mounted() {
	modprobe loop && busybox dd if=/dev/zero of=$work/disk bs=1M count=4 2>/dev/null &&
		mke2fs -q -t ext4 $work/disk && busybox losetup /dev/loop0 $work/disk &&
		mount -t ext4 /dev/loop0 /srv
}

sealed_pairs() {
	pair fs-verity F12 "no kernel here is built without it" "EPERM" ground write /mnt/sealed x
}
file_sealed() {
	busybox truncate -s 24M $work/sealed && mke2fs -q -t ext4 -b 4096 -O verity $work/sealed &&
		busybox losetup /dev/loop1 $work/sealed && mount -t ext4 /dev/loop1 /mnt &&
		cp /etc/passwd /mnt/sealed && fsverity enable /mnt/sealed
}

image_pairs() {
	pair hibernation K08 "an image of memory can be put in place of memory" "EPERM" \
		ground hibernation-image
}

lsm_pairs() {
	pair bpf-lsm K14 "a guard attaches, and is not asked" "it is asked, and refuses" ground pass-guard
	pair command-line K14 "with lsm= a guard attaches, and is not asked" "it is asked, and refuses" \
		ground pass-guard
}

words_pairs() {
	if [ $side = weak ] && [ "$(cat $sysctl/ftrace_enabled)" = 1 ]; then
		not_here command-line L15 "the word does nothing" ground pass-guard
	else
		pair command-line L15 "with sysctl.kernel.ftrace_enabled=0 a guard is not asked" \
			"it is asked, and refuses" ground pass-guard
	fi
	pair command-line K13 "with rdinit= something else comes up first" "it does not" test -e /other-init
}

# ---- no way back

kernel_without_pairs() {
	sides=one
	pair fault-injection A14 "no kernel here is built so" "ENOENT" \
		ground write /proc/self/make-it-fail 1
	pair kprobe-override P08 "no kernel here is built so" "EINVAL" ground override
}

back_pairs() {
	pair unprivileged-bpf K17 "root turns it on again" "EPERM" \
		ground write $sysctl/unprivileged_bpf_disabled 0
}
user_pairs() {
	pair unprivileged-bpf P20 "a user loads a program" "EPERM" ground load-by-user
}


# two weak sides, and one way to close both
unprivileged_bpf() {
	sides=both side=weak
	need "bpf(2) is off, not for good" set_to kernel/unprivileged_bpf_disabled 2
	need "a look at it" take
	back_pairs
	flip user_pairs bpf_on bpf_off
	back_pairs
}
bpf_on() { set_to kernel/unprivileged_bpf_disabled 0; }
bpf_off() { set_to kernel/unprivileged_bpf_disabled 1; }

kexec_pairs() {
	pair kexec K04 "another kernel is put in place" "EPERM" ground other-kernel
}
kexec_off() { set_to kernel/kexec_load_disabled 1; }

module_pairs() {
	[ $side = strong ] || ground unload-module dummy >/dev/null
	pair modules-disabled K01 "a module without a signature is loaded" "EPERM" \
		ground unsigned-module $module
	[ $side = strong ] || ground unload-module dummy >/dev/null
	pair modules-disabled K02 "a module with a signature is loaded" "EPERM" \
		ground signed-module $module
	pair modules-disabled L18 "a module is unloaded" "EPERM" ground unload-module dummy
}
modules_off() { ground signed-module $module && set_to kernel/modules_disabled 1; }

signature_pairs() {
	pair module-signatures K01 "a module without a signature is loaded" "EKEYREJECTED" \
		unsigned
}
unsigned() {
	ground unsigned-module $module
	r=$?
	ground unload-module dummy >/dev/null
	return $r
}
signatures_on() { echo Y >/sys/module/module/parameters/sig_enforce; }

msr_pairs() {
	pair msr K06 "the register of system calls is written" "EPERM" ground entry-register
}
msr_open() { modprobe msr && echo on >/sys/module/msr/parameters/allow_writes; }
msr_shut() { echo off >/sys/module/msr/parameters/allow_writes; }

lockdown_pairs() {
	pair lockdown K05 "/dev/mem is mapped to write" "EPERM" ground firmware-memory
	pair lockdown K06 "the register of system calls is written" "EPERM" ground entry-register
	pair lockdown K08 "an image of memory can be put in place of memory" "EPERM" \
		ground hibernation-image
	pair lockdown K10 "the kernel's state is written through debugfs" "EPERM" \
		ground write /sys/kernel/debug/clear_warn_once 1
	pair lockdown L14 "one write to kprobes/enabled, and a probe counts no more" "EPERM" disarm
	pair kexec-signatures K04 "another kernel without a signature is put in place" "EPERM" \
		ground other-kernel
	image_pairs
}
lockdown_none() { msr_open && probe_planted; }
lockdown_integrity() { echo integrity >/sys/kernel/security/lockdown; }

# ---- the boots

settings() {
	need "modules are there" modprobe -a msr
	perf_open
	flip address_pairs addresses_shown addresses_hidden
	flip perf_pairs perf_open perf_shut
	flip yama_pairs yama_open yama_shut
	flip all_keys_pairs all_keys no_keys
	flip signal_keys_pairs signal_keys other_keys
	set_to kernel/unprivileged_bpf_disabled 0
	flip constant_pairs constants_plain constants_blinded
	flip ring_pairs rings_open rings_shut
	flip namespace_pairs namespaces_open namespaces_shut
	namespaces_open
	flip msr_pairs msr_open msr_shut
	flip bpffs_pairs bpffs_open bpffs_shut
	if grep -q bpf_token_create /proc/kallsyms; then
		flip token_pairs rights_delegated rights_kept
		end stay-keeping
	else
		side=weak
		not_here bpffs F14 "there are no tokens" ground token $work/token
	fi
	flip audit_pairs as_it_is audit_rule
	ground audit-rule del >/dev/null
	flip debugfs_pairs probe_planted debugfs_away
	probe_removed
}

objects() {
	item=$work/stranger
	flip capability_pairs stranger_with stranger_without
	item=
	end stranger
	end stay
	ground xdp-off >/dev/null
	look=
	flip unfrozen_pairs as_it_is maps_frozen
	flip owner_pairs ownerless_there ownerless_gone
	flip modifying_pairs modifying_there modifying_gone
	flip positive_pairs positive_there positive_gone
	flip filling_pairs filling_there filling_gone
	look='--root /'
}

# as Debian boots: the words that weaken are not there
usual_boot() {
	need "a look" take
	one strong lsm_pairs words_pairs memory_pairs kernel_without_pairs
	settings
	objects
	unprivileged_bpf
	flip kexec_pairs as_it_is kexec_off
	flip module_pairs as_it_is modules_off
	# last: what came and went with ftrace off the kernel takes ill when it is on again
	flip kept_pairs ftrace_off_under_guard ftrace_on
	flip late_pairs ftrace_off ftrace_on
}

loose_boot() {
	need "a disk is mounted" disk_mounted
	need "a look" take
	one weak words_pairs constants_of_others_pairs disk_pairs memory_pairs
	flip signature_pairs as_it_is signatures_on
}

# nothing here needs programs that are asked
deaf_boot() {
	need "a look" take
	one weak lsm_pairs
	flip lockdown_pairs lockdown_none lockdown_integrity
}

strict_boot() {
	need "a disk is mounted" disk_mounted
	need "a file is sealed" file_sealed
	need "a look" take
	one strong constants_of_others_pairs disk_pairs image_pairs sealed_pairs
	# why it is not said to close F11
	need "another file is mounted over a sealed one" mount --bind /etc/group /mnt/sealed
	umount /mnt/sealed && umount /mnt
	need "with debugfs=off root cannot mount it either" exits 32 mount -t debugfs none /mnt
}

# nobody is somebody who gets at what he is to try
chmod 755 /
mkdir -p /boot && cp /opt/kernel-config /boot/config-"$(uname -r)"
case $(cat /proc/cmdline) in
*iomem=relaxed*) loose_boot ;;
*nohibernate*) strict_boot ;;
*lsm=*) deaf_boot ;;
*) usual_boot ;;
esac
exit $failed
