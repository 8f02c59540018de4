#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Executables and libraries that are known by their signature: for one domain, by the key that
# policies are signed by, over the digest that fs-verity holds them to. Asked of the kernel each
# time, as in identity.sh.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

keys=$here/keys.d
disk=/run/disk
at=/srv/v

disk_make() {
	modprobe loop 2>/dev/null
	dd if=/dev/zero of=$disk bs=1M count=24 2>/dev/null &&
		mke2fs -q -t ext4 -b 4096 -O verity $disk && mkdir -p $at &&
		mount -t ext4 -o loop $disk $at
}

# sign KEY DOMAIN FILE
sign() {
	holdfast policy sign-file --key $keys/$1.key --cert $keys/$1.pem --domain $2 $at/$3
}

# file NAME FROM: a content of its own
file() {
	cp $2 $at/$1 && echo $1 >>$at/$1
}

files_make() {
	for name in good unsigned forged foreign bare changed; do
		file $name $here/victim || return 1
	done
	for name in plugin.so unsigned.so foreign.so; do
		file $name $here/libvictim.so || return 1
	done
	sign trusted victim good && sign other victim forged && sign trusted other foreign &&
		sign trusted victim bare && sign trusted victim changed &&
		sign trusted victim plugin.so && sign trusted other foreign.so || return 1
	echo changed >>$at/changed
	for name in good unsigned forged foreign changed plugin.so unsigned.so foreign.so; do
		fsverity enable $at/$name || return 1
	done
}

policy_make() {
	img=$(image signers "s/version: 1/version: $1/") && holdfast policy sign \
		--key $keys/trusted.key --cert $keys/trusted.pem $img
}

up() {
	holdfast guard up "$@" $img >$work/up 2>&1 || { cat $work/up; return 1; }
	sed -n 's/^secret: \([^ ]*\)$/\1/p' $work/up >$work/new-secret
	[ ! -s $work/new-secret ] || cp $work/new-secret $secret
}

# labelled CMD..., strange CMD...: the exit codes of `victim peek`
labelled() {
	exits 0 "$@"
}

strange() {
	exits 1 "$@"
}

by_victim() {
	said=$(probe as ask victim "$@") || return 3
	return "$said"
}

victim_starts() {
	guest-ctl spawn system.slice/victim.service $here/victim victim >/dev/null
	guest-ctl until 20 probe as ask victim state || return 1
	id=$(state map)
}

# what runs by its signature is shown as such
shown() {
	$at/good second >/dev/null &
	guest-ctl until 20 probe as ask second state >/dev/null || return 3
	holdfast guard status >$work/status
	probe as ask second clear
	wait $!
	grep 'executables that are signed' $work/status
	[ "$(grep -c 'executables that are signed (launch: any), content known by signature$' \
		$work/status)" = 1 ] &&
		[ "$(grep -c 'executables that are signed (launch: any)$' $work/status)" = 1 ]
}

weak() {
	holdfast guard status | grep "^weak .*$1"
}

files() {
	check "I12 what is signed for the domain gives its label" labelled $at/good peek "$id"
	check "status says so" shown
	check "I09 what is not signed is a stranger" strange $at/unsigned peek "$id"
	check "I09 nor what another has signed" strange $at/forged peek "$id"
	check "I09 what is signed for another domain is not this one's" strange $at/foreign peek "$id"
	check "I09 nor what fs-verity does not hold" strange $at/bare peek "$id"
	check "I09 nor what was changed after it was signed" strange $at/changed peek "$id"
	check "I11 a library that is signed for the domain is mapped" by_victim map $at/plugin.so
	check "I11 one that is not, is not" exits 1 by_victim map $at/unsigned.so
	check "I11 nor one that is for another domain" exits 1 by_victim map $at/foreign.so
}

need "an ext4 is made" disk_make
need "files are signed, and held by fs-verity" files_make
need "the policy is made and signed" policy_make 1
need "holdfastd starts" daemon_start
need "the guard comes up with a key to trust" up --trust $keys/trusted.pem
ip link add victim type dummy
ip link add second type dummy
need "the victim starts" victim_starts
if grep -qw bpf_get_file_xattr /proc/kallsyms; then
	files
else
	check "a kernel that shows no attributes says so" weak 'shows no attributes of files'
	check "I09 and what is signed is a stranger" strange $at/good peek "$id"
fi
need "the guard goes down by the operator" guard_down
check "I09 without a guard anybody gets the map" labelled $at/unsigned peek "$id"
probe as ask victim clear
need "a guard comes up that has no key to trust" up
need "the victim starts" victim_starts
check "status says that nothing is signed there" weak 'has no key to trust'
check "I09 what is signed by somebody is a stranger then" strange $at/good peek "$id"
check "the guard goes down again" guard_down
exit $failed
