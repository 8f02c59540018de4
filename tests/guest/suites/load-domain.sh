#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# An object that `holdfast object load` loads as a domain, by the policy that is shipped for it:
# what it has pinned is the domain's when it has ended. Beside it lies the same object, loaded by
# root before the guard was there, on which each act succeeds; and they do on the domain's when the
# guard is down. Maps that programs write are not sealed: there only the guard refuses.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

pins=/sys/fs/bpf/loaded-object
own=/sys/fs/bpf/own
forger=/sys/fs/bpf/forger # and the folder's name
object=$here/allow-list.bpf.o
shipped=$(echo /usr/*/share/doc/holdfast/policies/templates/loaded-object.yaml)

# contents ENFORCE [ENTRY]: allow.yaml
contents() {
	printf 'apiVersion: holdfast/v1\nkind: MapData\nmaps:\n' >$work/allow.yaml
	printf '  .data: { variables: { enforce: %s } }\n' $1 >>$work/allow.yaml
	[ -z "${2-}" ] || printf '  allowed: { entries: [ %s ] }\n' "$2" >>$work/allow.yaml
}

in_domain() {
	holdfast run loaded-object --secret-fd 3 -- "$@" 3<"$secret"
}

# loads FOLDER [CMD...]: as CMD starts it
loads() {
	folder=$1
	shift
	"$@" holdfast object load --config $work/allow.yaml --pin $folder $object >$work/loaded
}

# denied CMD...: for want of a right, or it is as if there were nothing
denied() {
	! "$@" >$work/said 2>&1 || return 1
	grep -qiE 'not permitted|no such file' $work/said || { cat $work/said; return 1; }
}

# The kernel takes some time to free what nobody has any more.
counts_are() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		holdfast guard status >$work/status || true
		grep -q "^domain *loaded-object, enforce: tasks 0, $1\$" $work/status && return 0
		guest-ctl until 1 false
	done
	cat $work/status
	return 1
}

# ---- the acts: each on a folder, or an id

update() {
	bpftool map update $1 $2 key 0 0 0 0 value 0 0 0 0 0 0 0 0
}

list_add() {
	bpftool map update pinned $1/allowed key 32 0 0 0 192 0 2 1 value 1
}

list_delete() {
	bpftool map delete pinned $1/allowed key 32 0 0 0 192 0 2 1
}

dump() {
	bpftool map dump pinned $1/_bss
}

freeze() {
	bpftool map freeze pinned $1/_bss
}

forge() {
	bpftool iter pin $here/forger.test.bpf.o $forger-${1##*/} map pinned $1/_bss &&
		cat $forger-${1##*/}
}

# The kernel detaches no link of this type; who may not have it is told something else.
detach() {
	bpftool link detach "$@" 2>&1 | grep -q 'not supported'
}

# of the links a little older than the forger's, those that anybody may have
detach_ids() {
	last=$(bpftool link show pinned $forger-own | sed -n 's/^\([0-9]*\):.*/\1/p')
	for link in $(seq $((last - 20)) $((last - 1))); do
		detach id $link && echo $link
	done
}

links_open_are() {
	detach_ids >$work/ids
	[ "$(wc -l <$work/ids)" -eq "$1" ] || { cat $work/ids; return 1; }
}

progs_are() {
	bpftool prog show >$work/progs
	[ "$(grep -c ' name allow_connect ' $work/progs)" -eq "$1" ] || { cat $work/progs; return 1; }
}

# map_id NAME: of the youngest, as only a task of the domain is told
map_id() {
	in_domain holdfast object advise --all --json |
		sed -n "/\"name\": \"$1\"/,/\"id\"/s/.*\"id\": \([0-9]*\).*/\1/p" | tail -n 1
}

neighbour_acts() {
	check "the neighbour's map is written" update pinned $own/_bss
	check "its list is added to" list_add $own
	check "and taken from" list_delete $own
	check "its map is read" dump $own
	check "written by an iterator" forge $own
	check "and frozen" freeze $own
	check "its link is opened to be detached" detach pinned $own/allow_connect
	check "its pin is removed" rm $own/_bss
}

stranger_acts() {
	check "M01 root does not write the domain's map by its pin" denied update pinned $pins/_bss
	check "M01 nor by its id" denied update id $id
	check "M01 nor add to its list" denied list_add $pins
	check "M02 nor take from it" denied bpftool map delete pinned $pins/allowed key 8 0 0 0 127 0 0 0
	check "M12 nor read its map" denied dump $pins
	check "M12 nor by its id" denied bpftool map dump id $id
	check "M13 nor write it by an iterator" denied forge $pins
	check "M15 nor freeze it" denied freeze $pins
	check "L03 nor detach its link by the pin" \
		denied bpftool link detach pinned $pins/allow_connect
	check "F01 nor remove the pins" denied rm $pins/_bss
	check "F01 nor the link's" denied rm $pins/allow_connect
	check "F02 nor rename one" denied mv $pins/allowed $pins/other
	check "F02 nor the folder" denied mv $pins $pins-moved
	check "M21 nor put anything beside them" \
		denied bpftool map create $pins/mine type array key 4 value 4 entries 1 name mine
	check "P12 its program is opened by no id" progs_are 1
	check "L02 nor is its link, to be detached" links_open_are 0
}

works() {
	connects refused 127.0.0.1 && connects 'not permitted' 192.0.2.1
}

# ---- a name in the folder that is somebody else's

taken() {
	! loads $pins in_domain 2>$work/said || return 1
	grep -q "somebody else's" $work/said || { cat $work/said; return 1; }
}

nothing_left() {
	counts_are 'maps 1, programs 0, links 0' && [ "$(ls $pins)" = allowed ] &&
		connects unreachable 192.0.2.1
}

cp $shipped $here/policies/loaded-object.yaml || exit 1
policy=$(image loaded-object 's/^mode: observe/mode: enforce/' \
	"s|/usr/bin/holdfast|$(command -v holdfast)|") || exit 1
ip link set lo up
mkdir $own $pins || exit 1
contents 0
need "the neighbour's object is loaded" loads $own
bpftool map create $pins/allowed type array key 4 value 4 entries 1 name squatter
need "holdfastd starts" daemon_start
need "the guard comes up" guard_up "$policy"
contents 1 '{ key: 127.0.0.0/8, value: 1 }'
check "M21 where its pin's name is taken nothing is loaded" taken
check "M21 and nothing is left" nothing_left
need "the guard goes down" guard_down
rm -r $pins
need "it comes up again, and makes the folder" guard_up "$policy"
check "without the secret nothing is loaded" \
	refused secret holdfast run loaded-object -- holdfast object load --pin $pins $object
need "the object is loaded as the domain" loads $pins in_domain
check "its loader is gone, its maps, program and link are there" \
	counts_are 'maps 3, programs 1, links 1'
check "the list is in force" works
id=$(map_id loaded.bss)
check "the domain knows its map's id" test -n "$id"
neighbour_acts
stranger_acts
check "the list is in force still" works
check "and all of it is there" counts_are 'maps 3, programs 1, links 1'
check "what was refused is in the log" grep -q '"owner":"loaded-object"' $log
need "the guard goes down at last" guard_down
check "the list is in force without it" works
check "M01 but now root writes the map" update pinned $pins/_bss
check "M01 by its id as well" update id $id
check "M13 and by an iterator" forge $pins
check "P12 its program is opened" progs_are 2
check "L02 and its link, to be detached" links_open_are 1
check "F01 and with its pins it is gone" rm -r $pins
# its link waits for the guard's, which 6.12 lets go one after the other, in 12 seconds all
check "so that anybody connects" guest-ctl until 60 sh -c \
	"bash -c '</dev/tcp/192.0.2.1/9' 2>&1 | grep -q unreachable"
exit $failed
