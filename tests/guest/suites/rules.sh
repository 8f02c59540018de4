#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Admission by more than types: what the limits of a rule hold its tool to, each with what is within
# and what is beyond; the same for who has no rule; and what a load costs with 10 rules and 10,000.
#
# usage: rules.sh [PART]...; `price` wants a guest of the profile `counted`, `race` one of `two`
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

# bpf(2): types of programs and of maps, attach types, helpers
sockfilter=1 kprobe=2 tracepoint=5 xdp=6 device=15 tracing=26 lsm=29
hash=1 array=2 percpu_array=6 lru_hash=9 ringbuf=27 task_storage=29
fentry=24 fexit=25 lsm_mac=27 on_xdp=37 on_devmap=33
ktime=5 random=7
rcu=bpf_rcu_read_lock,bpf_rcu_read_unlock
preempt=bpf_preempt_disable,bpf_preempt_enable

# What `make prog ... -` loads, and the same with a call before it.
plain='\267\0\0\0\0\0\0\0\225\0\0\0\0\0\0\0'

variants_make() {
	for name in loader caller known lister; do
		cp $here/probe $here/$name && echo $name >>$here/$name || return 1
	done
	cp $here/loader $work/changed && printf 'X' >>$work/changed || return 1
	# shellcheck disable=SC2059 # it is a format: sh has no other way to bytes
	sha256=$(printf "$plain" | sha256sum | cut -d ' ' -f 1)
	# shellcheck disable=SC2059
	tag=$(printf "$plain" | sha1sum | cut -c 1-16)
}

policy() {
	image rules "$@" "s/SHA256/$sha256/; s/TAG/$tag/; s/LIMITS//; s/DEFAULT/ordinary/" \
		"s/PERCPU/$((8 + 16 * cpus))/; s/KFUNCS/$rcu/"
}

reload() {
	img=$(policy "$@") && holdfast guard reload "$img" --secret-fd 3 3<"$secret"
}

loads() {
	exits 0 "$@"
}

refuses() {
	exits 1 "$@"
}

# told ROW ACT: the log has a refusal by that row, of that act
told() {
	guest-ctl until 10 sh -c \
		"grep -e '\"row\":\"$1\"' $log | grep -e '\"$2\"' | grep -e '\"refused\"' | grep loader"
}

# beyond LIMIT ACT: the newest refusal of that act is for that limit
beyond() {
	guest-ctl until 10 sh -c "grep -e '\"act\":\"$2\"' $log | grep -e '\"refused\"' |
		tail -n 1 | grep -e '\"limit\":\"$1\"'"
}

# explained LIMIT PLACE: in sentences
explained() {
	grep -e "\"limit\":\"$1\"" $log | tail -n 1 |
		holdfast guard explain - --policy $work/rules-3.yaml >$work/explained || return 1
	cat $work/explained
	grep "^where .*rules-3.yaml:[0-9]*: the limits.$1, of $2" $work/explained
}

# blind LIMIT [TOOL]: status says that the limit permits nothing here, in words and as JSON
blind() {
	said="this kernel cannot judge limits.$1, and permits nothing by it: $here/$2"
	holdfast guard status | grep -F "weak      $said" &&
		holdfast guard status --json | grep -F "\"$said"
}

sighted() {
	! holdfast guard status | grep "this kernel cannot judge"
}

prog() {
	tool=$1
	shift
	"$tool" as make prog "$@"
}

map() {
	tool=$1
	shift
	"$tool" as make map "$@"
}

# the place, the name and the arguments of an admitted tool, and other content
spoofed() {
	unshare -m sh -c "mount --bind $work/changed $here/loader &&
		exec $here/loader as make prog $lsm $lsm_mac inode_getxattr -"
}

preloaded() {
	echo $here/libvictim-evil.so >/etc/ld.so.preload
	refuses spoofed
	code=$?
	rm /etc/ld.so.preload
	return $code
}

programs() {
	check "P05 an LSM program within the limits loads" \
		loads prog loader $lsm $lsm_mac inode_getxattr -
	check "P19 fentry within them loads" loads prog loader $tracing $fentry vfs_statx -
	check "XDP loads, named or not" loads prog loader $xdp $on_xdp - -
	check "XDP loads without an attach type" loads prog loader $xdp 0 - -
	check "P20 XDP for a map of devices is another attach type" \
		refuses prog loader $xdp $on_devmap - -
	check "P20 the log says so" told P20 prog_load
	check "P20 and which limit that is" beyond attach prog_load
	check "P19 fexit on the same function is another attach type" \
		refuses prog loader $tracing $fexit vfs_statx -
	check "P19 fentry on another function" refuses prog loader $tracing $fentry vfs_read -
	check "P19 the log says so" told P19 prog_load
	check "P19 and which limit that is" beyond targets prog_load
	check "P05 an LSM program on another hook" \
		refuses prog loader $lsm $lsm_mac inode_setxattr -
	check "P05 the log says so" told P05 prog_load
	check "P01 another type" refuses loader as load load-ext
	check "P05 who has no rule" refuses prog probe $lsm $lsm_mac inode_getxattr -
	check "P05 other content by the same name in the same place" refuses spoofed
	check "P05 nor with a library before it" preloaded
	check "P05 a tool with another rule" refuses prog caller $lsm $lsm_mac inode_getxattr -
	check "P19 who has no limits hangs where he likes" \
		loads prog probe $tracing $fexit vfs_read -
}

maps() {
	check "a map within the limits is made" loads map loader $hash 8 16 100 0
	check "with the flag that is listed" loads map loader $hash 8 16 100 1
	check "what is not limited is free" loads map loader $array 4 4096 1 1024
	check "M21 another type" refuses map loader $task_storage 4 4 0 1
	check "M21 the log says so" told M21 map_create
	check "M21 and which limit that is" beyond maps map_create
	check "M21 and where it is, in sentences" explained maps "an admission rule"
	check "M21 more entries" refuses map loader $hash 8 16 101 0
	check "M21 a longer key" refuses map loader $hash 9 16 100 0
	check "M21 a longer value" refuses map loader $hash 8 17 100 0
	check "M21 another flag" refuses map loader $hash 8 16 100 128
	check "M21 the limits of one type are not another's" refuses map loader $array 4 4 100 0
	check "who has no limits makes any" loads map probe $hash 9 17 101 128
	check "a map that takes what it may is made" loads map loader $lru_hash 5 9 66 0
	check "M21 one entry more is too much" refuses map loader $lru_hash 5 9 67 0
	check "M21 a byte more in each value is too much" refuses map loader $lru_hash 5 17 66 0
	check "M21 more than a number can say is too much" \
		refuses map loader $lru_hash -1 -1 -2147483648 0
	check "a ring of as many bytes is made" loads map loader $ringbuf 0 0 8192 0
	check "M21 a larger ring is not" refuses map loader $ringbuf 0 0 16384 0
	check "a value for each processor counts" loads map loader $percpu_array 4 16 1 0
	check "M21 a byte more for each does not fit" refuses map loader $percpu_array 4 17 1 0
}

# Where the kernel asks nobody before the verifier, calls are addresses when the guard sees them.
helpers() {
	if [ -n "$late" ]; then
		check "a limit that this kernel cannot judge admits nothing" \
			refuses prog caller $kprobe 0 - $ktime
		check "P20 other helpers neither" refuses prog caller $kprobe 0 - $random
		check "P20 the log says for which limit" beyond helpers prog_load
		check "status says that this kernel cannot judge it" blind helpers caller
		check "status says so of functions of the kernel" blind kfuncs ''
	else
		check "a program of the helper that is listed loads" \
			loads prog caller $kprobe 0 - $ktime
		check "one without any loads" loads prog caller $kprobe 0 - -
		check "status has no limit that this kernel cannot judge" sighted
		check "P20 one with another does not" refuses prog caller $kprobe 0 - $random
		check "P20 the log says for which limit" beyond helpers prog_load
		check "P20 nor one with a function of the kernel" \
			refuses prog caller $kprobe 0 - bpf_rcu_read_lock
		check "the kernel judges that, where nobody did before" \
			exits 3 prog probe $kprobe 0 - bpf_rcu_read_lock
	fi
	check "who has no limits calls it" loads prog probe $kprobe 0 - $random
}

# The least of some looks: a proof, or a connection that has ended, has fds for a moment.
daemon_fds() {
	for _ in 1 2 3 4 5; do
		holdfast guard status >/dev/null
		find /proc/$daemon_pid/fd -type l | wc -l
	done | sort -n | head -n 1
}

# One fd for each name of a module's function is what the kernel gives to whoever asks for it.
moduled() {
	modprobe veth || return 1
	bpftool btf dump file /sys/kernel/btf/veth | grep "FUNC 'veth_xmit'" || return 1
	fds=$(daemon_fds)
	reload 's/KFUNCS/veth_xmit/' && reload 's/KFUNCS/veth_xmit, veth_open/' || return 1
	ls -l /proc/$daemon_pid/fd
	[ "$fds" -gt 3 ] && [ "$(daemon_fds)" = "$fds" ]
}

# The kernel knows functions by ids alone: the guard finds out which are meant.
kfuncs() {
	if [ -n "$late" ]; then
		check "a list that this kernel cannot judge admits nothing" \
			refuses prog lister $kprobe 0 - -
		return
	fi
	check "a program that calls none loads" loads prog lister $kprobe 0 - -
	check "one of the functions that are listed loads" loads prog lister $kprobe 0 - $rcu
	check "P20 one with another does not" refuses prog lister $kprobe 0 - $preempt
	check "P20 the log says for which limit" beyond kfuncs prog_load
	check "P20 nor one that calls both" refuses prog lister $kprobe 0 - $rcu,$preempt
	check "P20 nor one of a module by the same id" \
		refuses prog lister $kprobe 0 - @bpf_rcu_read_lock
	check "who has no limits calls them" loads prog probe $kprobe 0 - $rcu,$preempt
	check "reload: other functions" reload "s/KFUNCS/$preempt, no_such_function/"
	check "P20 those of the policy before no longer" refuses prog lister $kprobe 0 - $rcu
	check "those of this one load" loads prog lister $kprobe 0 - $preempt
	check "a function of a module is no function of the kernel" moduled
	check "reload: one of two" reload 's/KFUNCS/bpf_rcu_read_lock/'
	check "P20 the other is not listed" refuses prog lister $kprobe 0 - $rcu
	check "reload: a word" reload 's/\[ KFUNCS \]/none/'
	check "P20 none is listed" refuses prog lister $kprobe 0 - $preempt
	check "admitting more needs the secret" \
		refused secret holdfast guard reload "$(policy)"
	check "reload: as it was" reload
	check "the names are asked for again" loads prog lister $kprobe 0 - $rcu
}

digests() {
	check "P05 a program by its digest loads" loads prog known $lsm $lsm_mac inode_getxattr -
	check "P05 another one does not" refuses prog known $lsm $lsm_mac inode_getxattr $ktime
	check "reload: the digest alone" reload 's/, "tag:TAG"//'
	if [ -n "$digest" ]; then
		check "P05 SHA-256 speaks for it" loads prog known $lsm $lsm_mac inode_getxattr -
	else
		check "P05 SHA-256 says nothing here" \
			refuses prog known $lsm $lsm_mac inode_getxattr -
		check "P05 the log says for which limit" beyond digests prog_load
		check "status says that this kernel cannot judge it" blind digests known
	fi
	check "reload: the tag alone" reload 's/"sha256:SHA256", //'
	if [ -n "$digest" ]; then
		check "P05 the tag says nothing here" \
			refuses prog known $lsm $lsm_mac inode_getxattr -
		check "P05 the log says for which limit" beyond digests prog_load
		check "status says that this kernel cannot judge it" blind digests known
	else
		check "P05 the tag speaks for it" loads prog known $lsm $lsm_mac inode_getxattr -
	fi
	check "reload: as it was" reload
}

# fetched FILE: by somebody else
fetched() {
	bpftool prog show pinned $1
}

anybody() {
	check "reload: limits for who has no rule" \
		reload 's/LIMITS/maps: [ { type: array } ], digests: []/'
	check "M21 he makes no other map" refuses map probe $hash 4 4 1 0
	check "he makes the one that is listed" loads map probe $array 4 4 1 0
	check "P20 he loads no program whose digest is not listed" \
		refuses prog probe $sockfilter 0 - -
	check "a rule has limits of its own" \
		loads prog loader $tracing $fentry vfs_statx - /sys/fs/bpf/made
	check "what its maker was admitted with is everybody's to look at" \
		fetched /sys/fs/bpf/made
	rm -f /sys/fs/bpf/made
	check "admitting more needs the secret" \
		refused secret holdfast guard reload "$(policy)"
	check "reload: as it was before" reload
	check "who has no rule loads a program" \
		loads prog probe $sockfilter 0 - - /sys/fs/bpf/made
	check "reload: default: deny" reload 's/DEFAULT/deny/'
	check "what was loaded before is everybody's to look at" fetched /sys/fs/bpf/made
	rm -f /sys/fs/bpf/made
	check "P20 who has no rule loads nothing" refuses prog probe $sockfilter 0 - -
	check "the rule's own types load" loads prog loader $device 6 - -
	check "reload: as it was before" reload
}

# more N: rules of tools by digests, as many as that
more() {
	awk -v n=$1 'BEGIN { for (i = 1; i <= n; i++) {
		high = i * 40503 % 65536
		printf "    - { digest: \"sha256:%04x%060x\", size: 1, programs: [ ext ], reason: r }\n",
			high, i } }'
}

# cost N: instructions of a load with so many rules
cost() {
	more $1 >$work/more
	reload 's/DEFAULT/deny/' "/# MORE/{
r $work/more
d
}" >&2 && for _ in 1 2 3 4 5; do
		loader as make cost || return 1
	done
}

# Some processes find memory that the one before has prepared, and pay two thirds: the dearest of
# five is one of the others.
dearest() {
	cost $1 >$work/cost && sort -n $work/cost | tail -n 1
}

# The same of both, five processes each, and whatever each of them says is shown.
costs() {
	cost 10 >/dev/null && few=$(dearest 10) && cp $work/cost $work/few &&
		many=$(dearest 10000) || return 1
	echo "# a load costs $few instructions with 10 rules, $many with 10,000;" \
		"all: $(tr '\n' ' ' <$work/few)and $(tr '\n' ' ' <$work/cost)" >$work/costs
	cat $work/costs
	[ "$few" -gt 1000 ] && [ "$many" -lt $((few * 105 / 100)) ]
}

# Others wait for the ids of programs that their maker's rule has not let through.
raced() {
	ids 20 $tracepoint >$work/ids &
	end=$(($(date +%s) + 18))
	while [ "$(date +%s)" -lt $end ]; do
		known as load load-signal 2>/dev/null && return 1
	done
	wait
	cat $work/ids
	read -r _ seen _ taken <$work/ids
	[ "$seen" -ge 20 ] && [ "$taken" = 0 ]
}

# Needs a guest of the profile `two`: one processor for him who waits.
race() {
	check "P11 he is refused it" refuses known as load load-signal
	check "P11 a program that its maker is refused nobody else gets by its id" raced
}

# Needs a guest whose clock counts instructions.
price() {
	check "10,000 rules cost a load no more than 10" costs && cat $work/costs
}

late= # the kernel has no hook before the verifier
bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q "'bpf_lsm_bpf_prog_load'" || late=yes
check "the tools are made" variants_make
digest= # the kernel takes SHA-256 of each program, and its beginning for the tag
if probe as make prog $sockfilter 0 - - /sys/fs/bpf/made; then
	bpftool prog show pinned /sys/fs/bpf/made | grep -q "tag $(echo $sha256 | cut -c 1-16)" &&
		digest=yes
	rm /sys/fs/bpf/made
fi
# As the kernel has it: a range from 0, or 0 alone.
cpus=$(($(sed 's/.*-//' /sys/devices/system/cpu/possible) + 1))
img=$(policy) || exit 1
need "holdfastd starts" daemon_start
daemon_pid=$(guest-ctl status system.slice/holdfastd.service | awk '{ print $2 }')
need "the guard comes up to enforce" guard_up "$img"
[ $# -gt 0 ] || set -- programs maps helpers kfuncs digests anybody
for part; do
	$part
done
check "the guard goes down by the operator" guard_down
check "M21 after that the tool makes any map" loads map loader $hash 9 17 101 128
exit $failed
