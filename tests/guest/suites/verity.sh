#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How content is known on a real filesystem, an ext4 on a disk of its own: by fs-verity where a file
# has it, else by the kernel's hash (IMA), else by holdfastd's measurement and seal. Asked of the
# kernel each time, as in identity.sh; `status` says by what.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

disk=/run/disk
at=/srv/v

disk_make() {
	modprobe loop 2>/dev/null
	dd if=/dev/zero of=$disk bs=1M count=24 2>/dev/null &&
		mke2fs -q -t ext4 -b 4096 -O verity $disk && mkdir -p $at &&
		mount -t ext4 -o loop $disk $at
}

files_make() {
	cp $here/victim $here/victim-dyn $at/ && cp $here/victim $at/any && echo any >>$at/any &&
		cp $here/libvictim.so $at/plugin.so && echo plugin >>$at/plugin.so || return 1
	# the kernel takes no file for it that is open to be written
	for file in victim any plugin.so; do
		fsverity enable $at/$file || return 1
	done
	# the same content as `any`
	for name in plain moved salted long; do
		cp $at/any $at/$name || return 1
	done
	fsverity enable $at/moved || return 1
	fsverity enable --salt=0102 $at/salted || return 1
	# Debian's 6.1 has SHA-512 in a module: ENOPKG
	fsverity enable --hash-alg=sha512 $at/long 2>$work/err ||
		grep -q 'Package not installed' $work/err || return 1
	# of the size of what is known, and with fs-verity too
	for name in any plugin.so; do
		cp $at/$name $at/evil-$name && printf 'X' | dd of=$at/evil-$name bs=1 conv=notrunc \
			seek=$(($(wc -c <$at/$name) - 1)) 2>/dev/null || return 1
		fsverity enable $at/evil-$name || return 1
	done
	sync
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

# the digest in the lock is the one that the kernel has itself
lock_is_kernels() {
	for file in victim any plugin.so; do
		digest=$(fsverity measure $at/$file | sed 's/^sha256:\([0-9a-f]*\) .*/\1/')
		grep -q "fsverity:$digest .* $at/$file\$" ${img%.img}.lock || {
			echo "$file: not $digest"
			return 1
		}
	done
}

# known WAY FILE [NAME]: while it runs, `status` says that its content, the policy's NAME, is known
# by that
known() {
	$at/$2 second >/dev/null &
	guest-ctl until 20 probe as ask second state >/dev/null || return 3
	holdfast guard status --json >$work/status
	probe as ask second clear
	wait $!
	tr -d ' \n' <$work/status |
		grep -o '"path":"[^"]*","sha256":"[^"]*","signed":[a-z]*,"launch":"any",[^]]*]' |
		grep "$at/${3:-any}\"" | tee $work/known
	grep -qx ".*\"content\":\[\"$1\"\]" $work/known
}

status_of_unit() {
	holdfast guard status | tee $work/status
	grep -q "executable $at/victim (.*, launch: unit victim.service), content known by $1\$" \
		$work/status
}

ways() {
	check "what runs under fs-verity is known by it" known fs-verity any
	check "and so it is elsewhere" known fs-verity moved
	check "what has none is known by the $other" known $other victim-dyn victim-dyn
	if [ $other = seal ]; then
		check "where nobody hashes, a copy that has none is a stranger" \
			strange $at/plain peek "$id"
		return
	fi
	check "the same content without it is known by the hash" known hash plain
	check "with a salt, of which the policy knows nothing, by the hash" known hash salted
	check "with SHA-512, where the kernel has it, by the hash" known hash long
}

contents() {
	check "I12 the content that is known by fs-verity gives the label" labelled $at/any peek "$id"
	check "I09 one byte of it changed, fs-verity or not, and it is a stranger" \
		strange $at/evil-any peek "$id"
	check "I12 launch unit: root's own exec is a stranger" strange $at/victim peek "$id"
	check "I11 a library that is known by fs-verity is mapped" by_victim map $at/plugin.so
	check "I11 one byte of it changed, it is not" exits 1 by_victim map $at/evil-plugin.so
}

# behind FILE: a byte of it changed on the disk, and nothing of the file left in memory
behind() {
	sync
	block=$(debugfs -R "bmap $1 0" $disk 2>/dev/null)
	[ "$block" -gt 0 ] || return 3
	printf 'E' | dd of=$disk bs=1 seek=$((block * 4096 + 24)) conv=notrunc 2>/dev/null ||
		return 3
	echo 3 >/proc/sys/vm/drop_caches || return 3
}

reads() {
	cat $at/$1 >/dev/null 2>$work/err
	code=$?
	cat $work/err
	return $code
}

changed_behind() {
	check "F13 the disk is written under a file that has fs-verity" behind any
	check "F13 which nobody reads any more" exits 1 reads any
	check "F13 nor executes" exits 126 sh -c "$at/any peek $id"
	check "F13 under one that has none" behind plain
	check "F13 it is read: the attack works" reads plain
	check "F13 and it is a stranger" strange sh -c "$at/plain peek $id; test \$? -eq 0"
}

# The guard's own files on that disk, as on a host.
state_there() {
	mkdir -p $at/state /var/lib/holdfast && mount --bind $at/state /var/lib/holdfast
}

inodes() {
	awk '$1 == "ext4_inode_cache" { print $2 }' /proc/slabinfo
}

# what nobody holds leaves the kernel: it says itself how many there are
evicts() {
	mkdir $at/many && sh -c "cd $at/many && seq 400 | xargs touch" && sync || return 1
	before=$(inodes)
	echo 3 >/proc/sys/vm/drop_caches
	echo "inodes: $before, then $(inodes)"
	[ $((before - $(inodes))) -ge 300 ]
}

own_file_kept() {
	exits 2 sh -c ": >>/var/lib/holdfast/operator" &&
		guest-ctl until 10 grep -q '"act":"open_write".*"row":"F12"' $log
}

case " $* " in
*" measured "*) other="seal" ;;
*) other="hash" ;;
esac
need "an ext4 is made" disk_make
need "files under fs-verity are made" files_make
need "the state folder is on that disk" state_there
img=$(image verity) || exit 1
check "the lock has the digests that the kernel has" lock_is_kernels
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$img"
ip link add victim type dummy
ip link add second type dummy
guest-ctl spawn system.slice/victim.service $at/victim victim >/dev/null
need "the victim starts" guest-ctl until 20 probe as ask victim state
id=$(state map)
check "status says by what its executable is known" status_of_unit fs-verity
ways
contents
check "M19 inodes that nobody holds are evicted" evicts
check "M19 a file of the guard's that is read anew is its own" own_file_kept
check "M19 and what is known is known" labelled $at/any peek "$id"
changed_behind
check "the guard goes down by the operator" guard_down
check "I09 without a guard anybody gets the map" labelled $at/evil-any peek "$id"
exit $failed
