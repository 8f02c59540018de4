#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast object advise` on what is loaded: an object with each way in which this kernel's
# verifier puts a lookup in place of a call, against what is said of its file; the example agent;
# and what a guard lets nobody see.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

object=$here/loaded.test.bpf.o

# answers: name, writers and read_only of each map of the JSON
answers() {
	sed -n 's/^      "\(name\|writers\|read_only\)": \(".*"\),*$/\2/p' | paste -d ' ' - - - | sort
}

each_as_in_file() {
	holdfast object advise --json $object | answers >$work/file &&
		advice --all && answers <$work/json >$work/loaded &&
		[ "$(wc -l <$work/file)" = 17 ] && diff $work/file $work/loaded
}

# advice ARGUMENT...: for says
advice() {
	holdfast object advise --json "$@" >$work/json
}

# says MAP KEY TEXT: of the one map of that name, whose member KEY has TEXT
says() {
	map=$1 key=$2 text=$3
	awk -v name="$map" '/^      "name": / { mine = $2 == "\"" name "\","; found += mine }
		mine { print } END { if (found != 1) print found, "of that name" }' \
		$work/json >$work/map
	grep "\"$key\": " $work/map | grep -F -- "$text" && ! grep 'of that name' $work/map &&
		return
	cat $work/json
	return 1
}

agent_runs() {
	guest-ctl spawn system.slice/allow-list.service $here/allow-list 127.0.0.0/8 >$work/pid &&
		guest-ctl until 20 grep -q 'enforces 1 networks' /run/guest/allow-list.service.log
}

sealed() {
	advice "$@" && says allowed frozen true && says allowed freeze already &&
		says allowed read_only already && says allow_li.data frozen true
}

open() {
	says allow_li.bss frozen false && says allow_li.bss freeze_why EBUSY &&
		says allow_li.bss read_only_why 'the function allow_connect (program ' &&
		says allow_li.bss read_only_why 'stores into its value'
}

hidden_written() {
	advice --all && says hash_read read_only_why 'where it may be written'
}

mkdir -p /sys/fs/bpf/loaded
need "the object is loaded" bpftool prog loadall $object /sys/fs/bpf/loaded/programs \
	pinmaps /sys/fs/bpf/loaded
check "each of its maps is spoken of as in its file" each_as_in_file
check "a map of maps names what is in it" says outer name in_slot
echo 2 >/proc/sys/kernel/kptr_restrict
check "where the kernel hides what is called, a map may be written" \
	hidden_written
check "and that is said" grep '"calls_hidden": true' $work/json
echo 0 >/proc/sys/kernel/kptr_restrict
rm -r /sys/fs/bpf/loaded

need "the example agent runs" agent_runs
for whose in "--pid $(cat $work/pid)" '--unit allow-list' '--unit allow-list.service' '--all'; do
	check "with $whose what it has sealed is sealed" sealed $whose
	check "with $whose what its program writes is not, and why" open
done
check "a map that is not frozen yet" bpftool map create /sys/fs/bpf/later type hash key 4 value 4 \
	entries 1 name later
advice --all
check "may be" says later freeze yes
bpftool map freeze pinned /sys/fs/bpf/later
advice --all
check "until it is" says later freeze already
advice --unit allow-list
check "and is nobody's who does not hold it" exits 1 says later id ""

targets_start
enforce=$(image rows 's/mode: observe/mode: enforce/') || exit 1
need "holdfastd is a service" daemon_start
need "the guard comes up to enforce" guard_up "$enforce"
check "of a guarded agent a stranger learns that he is one" refused 'a guard keeps it' \
	holdfast object advise --unit victim
check "its neighbour's maps are told" holdfast object advise --unit neighbour
check "and that they are not all" sh -c \
	'holdfast object advise --all | grep -q "or a guard hides them"'
check "what the agent has sealed is told as before" sealed --unit allow-list
guard_down >/dev/null
exit $failed
