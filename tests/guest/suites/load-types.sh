#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage: load-types.sh [tables]
#
# `holdfast object load` with a map of each type: what it is filled with and by whom it can still be
# written afterwards, or why not; and `object advise` on the same. The table below says what is to
# come of each, and where kernels differ.
# shellcheck disable=SC2046,SC2086 # bytes are words, and no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

pins=/sys/fs/bpf/types
subject=$pins/subject

case $(uname -r) in
7.*) kernel=7.x ;;
*) kernel=$(uname -r | cut -d . -f 1-2) ;;
esac

# type, and its number or what its object is called by
# kernels that make such a map; on others it is EINVAL
# advice of freezing, and of BPF_F_RDONLY_PROG
# text for the map; or, after a `-`, a part of why there can be none
# what bpftool dumps of the map so filled, without blanks; `each` of a key and of what each CPU has
#	for it, `peek` of what is taken next, `filter` of what a program says; and if no text fills
#	it, whether the kernel calls it frozen
keyed='entries: [{ key: 1, value: 7 }, { key: 2, value: 8 }]'

table() {
	cat <<-END
	hash|1|*|yes yes|$keyed|"key":2,"value":8
	array|2|*|yes yes|values: [7, 8]|{"key":1,"value":8},{"key":2,"value":0}
	array_to_be_mapped|mapped|*|no yes|values: [7, 8]|"key":1,"value":8
	prog_array|3|*|yes no|- file descriptors of programs|frozen
	perf_event_array|4|*|yes no|- file descriptors of perf events|open
	percpu_hash|5|*|yes yes|$keyed|each "key":2,"values" 8
	percpu_array|6|*|yes yes|values: [7, 8]|each "key":1,"values" 8
	stack_trace|7|*|yes no|- programs record stacks|open
	cgroup_array|8|*|yes no|- file descriptors of control groups|open
	lru_hash|9|*|yes yes|$keyed|"key":2,"value":8
	lru_percpu_hash|10|*|yes yes|$keyed|each "key":1,"values" 7
	lpm_trie|11|*|yes yes|entries: [{ key: 192.0.2.0/24, value: 7 }]|"address":[192,0,2,0]},"value":7
	array_of_maps|12|*|yes no|- its values are maps|frozen
	hash_of_maps|13|*|yes yes|- its values are maps|frozen
	devmap|14|*|yes no|entries: [{ key: 2, value: 1 }]|key:02000000value:01000000
	sockmap|15|*|yes no|- file descriptors of sockets|open
	cpumap|16|*|yes no|values: [192]|key:00000000value:c0000000
	xskmap|17|*|yes no|- file descriptors of sockets|open
	sockhash|18|*|yes no|- file descriptors of sockets|open
	cgroup_storage|19|*|yes yes|- the kernel makes its entries|open
	reuseport_sockarray|20|*|yes yes|- file descriptors of sockets|open
	percpu_cgroup_storage|21|*|yes yes|- the kernel makes its entries|open
	queue|22|*|yes yes|values: [7, 8]|peek value:0700000000000000
	stack|23|*|yes yes|values: [7, 8]|peek value:0800000000000000
	sk_storage|24|*|yes no|- what is alive in the kernel|open
	devmap_hash|25|*|yes no|entries: [{ key: 4711, value: 1 }]|key:67120000value:01000000
	struct_ops|26|*|no no|- a table of programs|open
	ringbuf|27|*|no no|- it passes records on|open
	inode_storage|28|*|yes no|- what is alive in the kernel|open
	task_storage|29|*|yes no|- what is alive in the kernel|open
	bloom_filter|30|*|yes yes|values: [7]|filter
	user_ringbuf|31|*|no no|- it passes records on|open
	cgrp_storage|32|6.12 6.18 7.x|yes no|- what is alive in the kernel|open
	arena|33|6.12 6.18 7.x|no no|- memory that programs and the agent lay out|open
	insn_array|34|7.x|yes no|- places in a program|open
	rhash|35|7.x|yes yes|$keyed|"key":2,"value":8
	36|36|none|no no|- nobody has tried|open
	END
}

# contents MAP TEXT: data.yaml, with TEXT for MAP
contents() {
	printf 'apiVersion: holdfast/v1\nkind: MapData\nmaps:\n  %s: { %s }\n' "$1" "$2" \
		>$work/data.yaml
}

loads() {
	rm -rf $pins && mkdir $pins && holdfast object load --pin $pins $object >$work/loaded
}

fills() {
	rm -rf $pins && mkdir $pins &&
		holdfast object load --config $work/data.yaml --pin $pins $object >$work/loaded
}

# says TEXT CMD...: it fails, says so, and nothing of it is there
says() {
	wanted_text=$1
	shift
	exits 1 "$@" 2>$work/said || return 1
	grep -qF "$wanted_text" $work/said && [ -z "$(ls $pins)" ] && return
	cat $work/said
	return 1
}

frozen() {
	bpftool map show pinned $1 >$work/shown && grep -qw frozen $work/shown && return
	cat $work/shown
	return 1
}

# bytes N FIRST: of a key or value; 1 is a value for all of them, and each has a key of 0
bytes() {
	echo $2 $(yes 0 | head -n $(($1 - 1)))
}

# write PIN: an element as the text may have it. To take one out is a write as well, and can be said
# of those whose values cannot.
write() {
	key=$(bpftool map show pinned $1 | sed -n 's/.*key \([0-9]*\)B.*/\1/p')
	value=$(bpftool map show pinned $1 | sed -n 's/.*value \([0-9]*\)B.*/\1/p')
	case $name in
	*_array | *_of_maps) [ $1 = $pins/in_slot ] || [ $name = percpu_array ] || {
		bpftool map delete pinned $1 key $(bytes $key 0)
		return
	} ;;
	esac
	if [ $key = 0 ]; then
		bpftool map push pinned $1 value $(bytes $value 1)
	else
		bpftool map update pinned $1 key $(bytes $key 0) value $(bytes $value 1)
	fi
}

# not_permitted PIN: by bpf_map_freeze(), which says EPERM, whatever else there is to say
not_permitted() {
	! write $1 >$work/said 2>&1 && grep -q 'not permitted' $work/said && return
	cat $work/said
	return 1
}

# Of each possible CPU its own, and each the one that the text has.
each_cpu() {
	possible=$(sed 's/.*-//' /sys/devices/system/cpu/possible)
	values=$(grep -F "$1" $work/flat | sed "s/.*$1:\[\([^]]*\)\].*/\1/")
	for cpu in $(seq 0 $possible); do
		case $values in
		*"{\"cpu\":$cpu,\"value\":$2}"*) ;;
		*) echo "$cpu of $possible: $values"; return 1 ;;
		esac
	done
}

# A program of its object says what is in it, while the object is loaded.
filter_has() {
	holdfast object load $2 $object >$work/held &
	holder=$!
	guest-ctl until 10 grep -q 'in force' $work/held
	head -c 64 /dev/zero >$work/packet
	bpftool prog run name has_seven data_in $work/packet repeat 1 >$work/ran 2>&1
	kill $holder
	wait $holder 2>/dev/null
	grep -q "Return value: $1," $work/ran && return
	cat $work/ran
	return 1
}

shown() {
	case $1 in
	peek*) bpftool map peek pinned $subject ;;
	*) bpftool map dump pinned $subject ;;
	esac | tr -d ' \n' >$work/flat
	case $1 in
	filter) filter_has 1 "--config $work/data.yaml" && filter_has 0 ;;
	each*) each_cpu ${1#each } ;;
	*) grep -qF -- "${1#peek }" $work/flat ;;
	esac && return
	cat $work/flat
	return 1
}

advised() {
	holdfast object advise --json $object | grep -A 9 '"name": "subject"' >$work/advice
	grep -q "\"freeze\": \"$1\"" $work/advice && grep -q "\"read_only\": \"$2\"" $work/advice &&
		return
	cat $work/advice
	return 1
}

# Where its values are kept otherwise, the loader must have said so.
is_open() {
	! frozen $subject && grep -q '^    not frozen    .' $work/loaded
}

fillable() {
	contents subject "$text"
	check "$name: without a text it is loaded" loads
	check "$name: and anybody writes it" write $subject
	check "$name: with one it is filled" fills
	check "$name: as the text has it" shown "$shows"
	check "$name: it is frozen" frozen $subject
	check "$name: and a write fails with EPERM" not_permitted $subject
}

unfillable() {
	contents subject 'entries: [{ key: 1, value: 3 }]'
	check "$name: a text cannot fill it, and why" says "${text#- }" fills
	check "$name: without one it is loaded" loads
	if [ "$shows" = frozen ]; then
		check "$name: what its definition has in its slots stays: frozen" frozen $subject
		check "$name: and a write fails with EPERM" not_permitted $subject
	else
		check "$name: it is not frozen, and why" is_open
	fi
	# what has no link would stay
	[ $name != struct_ops ] || bpftool map delete pinned $subject key 0 0 0 0
}

# row: its fields are in name, number, kernels, advice, text and shows
row() {
	object=$here/load-type-$number.test.bpf.o
	check "$name: what is advised" advised $advice
	case " $kernels " in
	*' * '* | *" $kernel "*) ;;
	*)
		check "$name: the kernel makes none, which is said with its errno" says \
			"load: map 'subject': failed to create: Invalid argument" loads
		check "$name: and that its type is the reason" grep -q 'its type, ' $work/said
		return
		;;
	esac
	case $text in
	-*) unfillable ;;
	*) fillable ;;
	esac
}

# What is in a slot is a map of the object like any other.
inner() {
	object=$here/load-type-$number.test.bpf.o
	contents in_slot 'values: [7, 8]'
	check "$name: the map in its slot is filled" fills
	check "$name: as the text has it" sh -c \
		"bpftool map dump pinned $pins/in_slot | tr -d ' \n' | grep -F '\"key\":1,\"value\":8'"
	for pin in in_slot subject; do
		check "$name: $pin is frozen" frozen $pins/$pin
		check "$name: a write to $pin fails with EPERM" not_permitted $pins/$pin
	done
	check "$name: which holds it" holds_inner
}

holds_inner() {
	id=$(bpftool map show pinned $pins/in_slot | sed -n 's/^\([0-9]*\):.*/\1/p')
	printf 'key:01000000value:%02x%02x0000' $((id % 256)) $((id / 256)) >$work/slot
	bpftool map dump pinned $subject | tr -d ' \n' | grep -qF "$(cat $work/slot)"
}

# Tables of struct_ops: what the kernel says of them is in a list of names.
listed() {
	grep -qw holdfast_test /proc/sys/net/ipv4/tcp_available_congestion_control
}

unlisted() {
	! listed
}

# The kernel takes its time after the last reference.
until_unlisted() {
	guest-ctl until 10 sh -c \
		'! grep -qw holdfast_test /proc/sys/net/ipv4/tcp_available_congestion_control'
}

# held OBJECT: without pins it is registered as long as the command runs, and no longer
held() {
	holdfast object load $1 >$work/held &
	holder=$!
	guest-ctl until 10 grep -q 'in force' $work/held
	listed
	was=$?
	kill $holder
	wait $holder 2>/dev/null
	[ $was = 0 ] && until_unlisted
}

refused_by_pin() {
	rm -rf $pins && mkdir -p $pins/$1
	exits 1 holdfast object load --pin $pins $object 2>$work/said || return 1
	grep -qF "$pins/$1 " $work/said && [ "$(ls $pins)" = $1 ] && until_unlisted && return
	cat $work/said
	ls $pins
	return 1
}

says_plan() {
	holdfast object load --dry-run $object >$work/plan && grep -qF "registered    $1" $work/plan
}

is_linked() {
	bpftool link show pinned $pins/subject_link >$work/shown 2>&1
	grep -qE 'struct_ops|type 9' $work/shown && return
	cat $work/shown
	return 1
}

unpinned() {
	rm $pins/subject_link && until_unlisted
}

tables() {
	object=$here/load-type-26.test.bpf.o
	check "struct_ops: it is registered" loads
	check "struct_ops: which is said" grep -q '^registered: subject' $work/loaded
	check "struct_ops: by its name" listed
	check "struct_ops: until its element is deleted" bpftool map delete pinned $subject key 0 0 0 0
	check "struct_ops: and then it is not" until_unlisted
	check "struct_ops: a dry run says so" says_plan 'until its element is deleted'
	check "struct_ops: and registers nothing" unlisted
	check "struct_ops: without pins it ends with the command" held $object
	check "struct_ops: a failure at the last step takes it out again" refused_by_pin subject
	object=$here/load-type-lacking.test.bpf.o
	check "struct_ops: what the kernel does not take is said with its errno" \
		says "subject: Invalid argument" loads
	object=$here/load-type-both.test.bpf.o
	check "struct_ops: tables of both kinds are refused" says "move all to one of them" loads
	object=$here/load-type-linked.test.bpf.o
	check "struct_ops.link: a dry run says so" says_plan 'as long as its link is there'
	if [ $kernel = 6.1 ]; then
		check "struct_ops.link: 6.1 has none, which is said with its errno" \
			says "failed to create: Invalid argument" loads
		check "struct_ops.link: and with the reason" grep -q 'in Linux since 6.4' $work/said
		return
	fi
	check "struct_ops.link: it is registered" loads
	check "struct_ops.link: by its name" listed
	check "struct_ops.link: and held by a link" is_linked
	check "struct_ops.link: which it goes with" unpinned
	check "struct_ops.link: without pins it ends with the command" held $object
	check "struct_ops.link: a name that is taken leaves nothing" refused_by_pin subject_link
	check "struct_ops.link: and so does one of a map" refused_by_pin subject
}

# only those, for who works on them
if [ "${1:-}" = tables ]; then
	tables
	exit $failed
fi
ip link set lo up
table >$work/table
while IFS='|' read -r name number kernels advice text shows; do
	row
done <$work/table
for name in array_of_maps hash_of_maps; do
	number=$(sed -n "s/^$name|\([0-9]*\)|.*/\1/p" $work/table)
	inner
done

tables

object=$here/load-refused.test.bpf.o
check "a program that the verifier refuses is named with the errno" says \
	"load: prog 'reads_anywhere': BPF program load failed: Permission denied" loads
check "and with the end of the verifier's log" \
	grep "the verifier: .*invalid mem access 'scalar'$" $work/said
check "in one line" [ "$(wc -l <$work/said)" = 1 ]
rm -rf $pins
exit $failed
