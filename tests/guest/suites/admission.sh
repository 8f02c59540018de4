#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Admission: who may load which programs. Debian's XDP tools, which replace functions of their own
# dispatcher, under a rule of the policy; the same tools in an attacker's hands; and each key of the
# policy, changed, with the decision of the kernel that changes with it.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

evil=$here/libvictim-evil.so
object=$(echo /usr/lib/*/bpf/xdpfilt_alw_all.o)

variants_make() {
	for name in loader agent by-digest; do
		cp $here/probe $here/$name && echo $name >>$here/$name || return 1
	done
	cp $here/loader $work/changed && printf 'X' >>$work/changed || return 1
	digest=$(sha256sum $here/by-digest | cut -d ' ' -f 1)
	size=$(wc -c <$here/by-digest)
}

# policy [SED-EXPRESSION]...: an image of policies/admission.yaml, with the digest in its place
policy() {
	image admission "s/DIGEST/$digest/; s/SIZE/$size/" "$@"
}

# reload [SED-EXPRESSION]...: puts it in force
reload() {
	img=$(policy "$@") && holdfast guard reload "$img" --secret-fd 3 3<"$secret"
}

loads() {
	exits 0 "$@"
}

refuses() {
	exits 1 "$@"
}

# Two programs on one interface need the dispatcher, whose functions are replaced.
dispatched() {
	"$@" load -m skb own $object
	xdp-loader status own | tee $work/status | grep -q xdp_dispatcher
	code=$?
	cat $work/status
	xdp-loader unload own --all
	return $code
}

not_dispatched() {
	! dispatched "$@" || return 1
}

# noted ACT NAME: the log has a note of that act, with that name
noted() {
	guest-ctl until 10 sh -c "grep -e '\"$1\"' $log | grep -e '\"noted\"' | grep -e '\"$2\"'"
}

# ---- tools under a rule

tools() {
	check "P01 xdp-loader, admitted, uses its dispatcher" dispatched xdp-loader
	check "P01 the log notes it" noted prog_load xdp-loader
	check "P01 xdp-filter, admitted, loads" loads xdp-filter load -m skb own
	check "P01 and is attached through the dispatcher" \
		sh -c "xdp-loader status own | grep xdp_dispatcher"
	check "P01 xdp-filter unloads" loads xdp-filter unload own
	check "P01 one byte changed, and the tool is a stranger" byte_changed
	check "I17 run under strace it is a stranger" not_dispatched strace -o /dev/null -f xdp-loader
	check "I11 with /etc/ld.so.preload it is a stranger" preloaded
	check "I11 the log says why" noted map_executable libvictim-evil.so
	check "I11 LD_PRELOAD puts nothing in, it stays the tool" \
		dispatched env LD_PRELOAD=$here/libvictim-evil.so xdp-loader
	check "P11 a tool of the site's own loads what its rule says" loads loader as load load-signal
	check "P05 and the other kind of its rule" loads loader as load load-lsm
	check "P01 and no other" refuses loader as load load-ext
	check "P19 a rule does not reach the guard's own hooks" refuses loader as load load-slot
	check "P04 nor around them" refuses loader as load load-around
	check "M14 a tool known by its digest" loads by-digest as load load-syscall
	check "P11 one byte changed, and it loads nothing" refuses $work/changed as load load-signal
	check "P11 a copy elsewhere is the same tool" copied
	check "M01 no rule gives access to an agent's map" refuses loader as peek "$id"
	check "A03 it takes no agent's control group" group_kept
}

# run in the victim's group, which the victim itself may still write
group_kept() {
	group=/sys/fs/cgroup/system.slice/victim.service
	sh -c "echo 0 >$group/cgroup.procs && exec $here/loader as load load-signal" &&
		[ "$(probe as ask victim write $group/cgroup.freeze 0)" = 0 ]
}

byte_changed() {
	cp /usr/sbin/xdp-loader $work/xdp-loader && echo >>$work/xdp-loader || return 1
	not_dispatched $work/xdp-loader
}

preloaded() {
	echo $here/libvictim-evil.so >/etc/ld.so.preload
	not_dispatched xdp-loader
	code=$?
	rm /etc/ld.so.preload
	return $code
}

copied() {
	cp $here/loader $work/copy && loads $work/copy as load load-signal
}

# ---- the life of an admission

life() {
	check "P11 fork keeps it" loads loader as after fork load-signal
	check "I02 attached to by another it is lost" refuses loader as after attach load-signal
	check "I17 traced by another's leave it is lost" refuses loader as after traceme load-signal
	check "I11 an executable mapping of memory loses it" refuses loader as after map load-signal
	check "I11 memory made executable loses it" refuses loader as after protect load-signal
	check "I11 memory that is shared loses it" refuses loader as after share load-signal
	check "I04 exec of anything else loses it" refuses loader as after exec load-signal
	check "I17 traced from birth it never gets it" \
		refuses probe as traced $here/loader as load load-signal
}

# ---- strangers

strangers() {
	check "P11 a stranger loads no such program" refuses probe as load load-signal
	check "P11 nor one of many instructions" refuses probe as load very-long
	check "P11 nor one of a million" refuses probe as load longest
	check "P08 nor one that overrides what functions return" no_override
	check "M12 a map of an agent's is not bound to a stranger's program" \
		by_victim 1 leave $here/probe as bind 9
	check "P22 struct_ops: refuse" refuses probe as load struct-ops
	check "a type that the guard does not know is refused" refuses probe as load unknown-type
	check "so is such an attach type" refuses probe as load unknown-attach
	check "ordinary programs load" loads probe as load ordinary
	check "ip sets a program of an object file" \
		loads ip link set dev own xdpgeneric obj $object sec xdp
	check "and takes it off" loads ip link set dev own xdpgeneric off
	if [ -n "$snooped" ]; then
		check "execsnoop runs, of no domain" snoops
	fi
	check "P05 a task of a domain loads what it likes" loads agent as load load-lsm
	check "P08 that too" loads agent as load load-override
	check "P04 but nothing around the guard's hooks" refuses agent as load load-around
}

# Debian's kernels are built without the helper: who refuses first is who decides.
no_override() {
	if [ -n "$late" ]; then
		exits 3 probe as load override
	else
		refuses probe as load override
	fi
}

by_victim() {
	wanted=$1
	shift
	said=$(probe as ask victim "$@") || return 3
	[ "$said" -eq "$wanted" ] || { echo "said $said"; return 1; }
}

snoops() {
	execsnoop >$work/snoop 2>&1 &
	snoop=$!
	guest-ctl until 20 sh -c "busybox true; grep -q busybox $work/snoop"
	code=$?
	kill $snoop
	cat $work/snoop
	return $code
}

# ---- each key of the policy

keys() {
	check "reload: struct_ops: admit" reload 's/struct_ops: refuse/struct_ops: admit/'
	check "P22 struct_ops: admit admits them" loads probe as load struct-ops
	check "reload: programs changed" reload 's/send_signal, lsm/ext/'
	check "P11 what a rule no longer says is refused" refuses loader as load load-signal
	check "P01 what it says now is not" loads loader as load load-ext
	check "reload: programs: unknown" reload 's/send_signal, lsm/unknown/'
	check "a rule lets the kernel judge unknown types" exits 3 loader as load unknown-type
	check "reload: executable changed" reload 's,/opt/tests/loader,/opt/tests/probe,'
	check "P11 the tool that the rule no longer names" refuses loader as load load-signal
	check "P11 the tool that it names now" loads probe as load load-signal
	check "reload: digest changed" reload "s/$digest/$(echo $digest | tr 0-9a-f 1-9a-f0)/"
	check "M14 the content that the rule no longer names" refuses by-digest as load load-syscall
	check "reload: size changed" reload "s/size: $size/size: $((size + 4096))/"
	check "M14 nor of that size" refuses by-digest as load load-syscall
	check "reload: libraries" reload "s,xdp-loader,&\, libraries: [{ path: $evil }],"
	check "I11 a library that the rule names does not lose it" preloaded_rightly
	check "reload: default: deny" reload 's/default: ordinary/default: deny/'
	check "default: deny refuses a socket filter" refuses probe as load socket_filter
	check "default: deny refuses a cgroup's program" refuses probe as load cgroup_device
	check "default: deny admits the one that a rule names" loads loader as load cgroup_device
	check "default: deny leaves a domain alone" loads agent as load socket_filter
	check "P05 default: deny admits what a rule names" loads loader as load load-lsm
	check "reload: as it was" reload
	check "default: ordinary lets a socket filter pass" loads probe as load socket_filter
	check "admitting more needs the secret" \
		refused secret holdfast guard reload "$(policy 's/struct_ops: refuse/struct_ops: admit/')"
	check "admitting less does not" \
		holdfast guard reload "$(policy 's/default: ordinary/default: deny/')"
	check "reload: as the other parts need it" reload
}

preloaded_rightly() {
	echo $here/libvictim-evil.so >/etc/ld.so.preload
	dispatched xdp-loader
	code=$?
	rm /etc/ld.so.preload
	return $code
}

check "the tools are made" variants_make
img=$(policy) || exit 1
late= # the kernel has no hook before the verifier
bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q "'bpf_lsm_bpf_prog_load'" || late=yes
need "holdfastd starts" daemon_start
ip link add own type dummy
check "P01 without a guard any copy uses the dispatcher" dispatched xdp-loader
check "P22 without a guard struct_ops load" loads probe as load struct-ops
check "P11 without a guard the one of many instructions loads" loads probe as load very-long
# under lockdown the kernel refuses it helpers
snooped=$(snoops >/dev/null && echo yes)
need "the guard comes up to enforce" guard_up "$img"
need "the victim and its neighbour start" targets_start
id=$(state map)
[ $# -gt 0 ] || set -- tools life strangers keys
for part; do
	$part
done
check "the guard goes down by the operator" guard_down
check "P11 after that anybody loads it" loads probe as load load-signal
check "M12 and binds a map that he was left: the attack works" \
	by_victim 0 leave $here/probe as bind 9
exit $failed
