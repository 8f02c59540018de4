#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Content on overlayfs, as containers have it: known by what is behind it, which nobody changes
# while it is judged, nor when it runs. Asked of the kernel each time, as in identity.sh.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

layers=$work/layers

variants_make() {
	for name in any plain; do
		cp $here/victim $here/$name && echo $name >>$here/$name || return 1
	done
	# the kernel hashes page by page: what grows within the last one it sees
	truncate -s $((($(wc -c <$here/any) + 4095) / 4096 * 4096)) $here/any || return 1
	# evil, and of the size of what is trusted
	cp $here/libvictim.so $here/plugin.so && echo plugin >>$here/plugin.so || return 1
	one_byte $here/any $work/any.evil && one_byte $here/plugin.so $work/plugin.evil
}

# one_byte FROM TO: past the end of what is loaded, so that it runs as before
one_byte() {
	cp $1 $2 && printf 'X' |
		dd of=$2 bs=1 seek=$(($(wc -c <$2) - 1)) conv=notrunc 2>/dev/null
}

# overlay NAME [OPTION]...: makes $layers/NAME/{lower,upper,merged}; lower may be filled already
overlay() {
	at=$layers/$1
	shift
	mkdir -p $at/lower $at/upper $at/work $at/merged || return 3
	more=
	for option; do
		more=$more,$option
	done
	mount -t overlay overlay -o lowerdir=$at/lower,upperdir=$at/upper,workdir=$at/work$more \
		$at/merged
}

# fill NAME FILE...: into the lower layer
fill() {
	to=$layers/$1/lower
	shift
	mkdir -p $to && cp -a "$@" $to/
}

layers_make() {
	modprobe overlay 2>/dev/null
	mkdir -p $layers && mount -t tmpfs tmpfs $layers &&
		fill plain $here/victim $here/any $here/plain $here/plugin.so && overlay plain &&
		mkdir -p $layers/host/lower $layers/host/upper && host_overlay
}

# a root as a container has it: everything on an overlay, the tool, the linker and its libraries
host_overlay() {
	mkdir -p $layers/host/work $layers/host/merged &&
		mount -t overlay overlay $layers/host/merged \
			-o lowerdir=/,upperdir=$layers/host/upper,workdir=$layers/host/work
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

busy() {
	! sh -c "$1" 2>$work/err || return 1
	cat $work/err
	grep -q 'Text file busy' $work/err
}

# ---- labels

known() {
	lower=$layers/plain/lower
	merged=$layers/plain/merged
	check "I09 without an overlay the tool is known by content" labelled $here/any peek "$id"
	check "I09 from the lower layer it is known" labelled $merged/any peek "$id"
	cp $here/any $merged/upper
	check "I09 from the upper layer it is known" labelled $merged/upper peek "$id"
	check "I09 from an overlay over the host's root it is known" \
		labelled chroot $layers/host/merged $here/any peek "$id"
	check "I11 with its linker and libraries on the overlay it runs, with its label" \
		labelled chroot $layers/host/merged $here/victim-dyn peek "$id"
	check "I09 what no policy names is a stranger" strange $merged/plain peek "$id"
	cp $work/any.evil $merged/changed
	check "I09 one byte of it changed, and it is a stranger" strange $merged/changed peek "$id"
	check "I12 launch unit: root's own exec is a stranger" strange $merged/victim peek "$id"
	fill inner $here/any && overlay inner && mkdir -p $layers/outer &&
		ln -s ../inner/merged $layers/outer/lower && overlay outer
	check "I09 an overlay upon an overlay gives no label" \
		strange $layers/outer/merged/any peek "$id"
	check "I09 the one below does" labelled $layers/inner/merged/any peek "$id"
}

# ---- what is behind

behind() {
	check "I11 the file behind, in the lower layer, is not written" busy "echo x >>$lower/any"
	check "I11 nor truncated" busy "truncate -s 100 $lower/any"
	check "I11 nor is the one in the upper layer" \
		busy "echo x >>$layers/plain/upper/upper"
	check "I11 nor by its name on the overlay" busy "echo x >>$merged/upper"
	check "I11 nor is the one that the agent runs from" busy "echo x >>$lower/victim"
	check "I11 a stranger's file behind is: the attack works" \
		sh -c "echo x >>$lower/plain && truncate -s 100 $lower/plain"
	check "I11 a file beside it is" sh -c "echo x >>$merged/other"
	check "F12 the file behind is replaced as by a package manager" \
		sh -c "cp $work/any.evil $lower/any.new && mv $lower/any.new $lower/any"
}

# held open for writing by somebody, while it is executed
written() {
	fill written $here/any && overlay written || return 3
	with_writer $layers/written/lower/any $layers/written/merged/any peek "$id"
}

unwritten() {
	$layers/written/merged/any peek "$id"
}

# overlayfs has seen its size, the file behind grows: the rest is beyond what the kernel hashes
grown() {
	fill grown $here/any && overlay grown || return 3
	exec 8<$layers/grown/merged/any
	[ "$1" = no ] || echo evil >>$layers/grown/lower/any || return 3
	$layers/grown/merged/any peek "$id"
	code=$?
	exec 8<&-
	return $code
}

# Executed again and again, it is written as often: once that falls into a judgement.
judged() {
	fill judged $work/any.evil && overlay judged || return 3
	rm -f $work/enough
	while [ ! -e $work/enough ]; do
		$layers/judged/merged/any.evil peek "$id" >/dev/null 2>&1
	done &
	code=1
	for i in $(seq 20000); do
		true >>$layers/judged/lower/any.evil 2>$work/err || { code=0; break; }
	done
	touch $work/enough
	wait $!
	cat $work/err
	return $code
}

races() {
	check "I11 with a writer of the file behind it is a stranger" strange written
	check "I11 without one it is known" labelled unwritten
	check "I11 grown behind the overlay's back it is a stranger" strange grown yes
	umount $layers/grown/merged
	check "I11 as it was it is known" labelled grown no
	check "I11 while it is judged it is not written" judged
	check "I11 but after that, since it is a stranger" \
		sh -c "echo x >>$layers/judged/lower/any.evil"
	check "F12 what was held and has ended holds nothing else" ended
}

# with_writer FILE CMD...: while somebody has the file open for writing
with_writer() {
	file=$1
	shift
	(exec 8<>$file && "$@")
}

# All that the dynamic tool needs, on an overlay of its own: what it maps is held by nobody.
linker_make() {
	linker=$(patchelf --print-interpreter $here/victim-dyn)
	needed=$($linker --list $here/victim-dyn | grep -o '/[^ ]*')
	for file in $needed $linker $here/victim-dyn; do
		mkdir -p $layers/linker/lower${file%/*} &&
			cp -L $file $layers/linker/lower$file || return 3
	done
	overlay linker
}

interpreters() {
	linker_make
	check "I11 with a writer of its linker's file behind the tool is a stranger" strange \
		with_writer $layers/linker/lower$linker \
		chroot $layers/linker/merged $here/victim-dyn peek "$id"
	check "I11 without one it is known" \
		labelled chroot $layers/linker/merged $here/victim-dyn peek "$id"
}

# Inodes that were held end; new ones lie at their addresses.
ended() {
	mkdir -p $layers/ended && mount -t tmpfs tmpfs $layers/ended || return 3
	for i in 1 2 3 4 5 6 7 8; do
		mkdir -p $layers/ended/lower && cp $here/any $layers/ended/lower/$i || return 3
	done
	overlay ended || return 3
	for i in 1 2 3 4 5 6 7 8; do
		$layers/ended/merged/$i peek "$id" || return 3
	done
	busy "echo x >>$layers/ended/lower/1" || return 3
	umount $layers/ended/merged && umount $layers/ended || return 3
	mkdir -p $layers/fresh && for i in $(seq 600); do
		echo x >$layers/fresh/$i || return 1
	done
}

# ---- copied up between open and mmap

# opened NAME CMD: the agent opens the library on that overlay, CMD runs, the agent maps it
opened() {
	rm -f $work/fifo && mkfifo $work/fifo || return 3
	opens=$layers/$1/merged/plugin.so
	by_victim map $opens $work/fifo &
	guest-ctl until 10 sh -c "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q $opens" || return 3
	sh -c "$2" || return 3
	: >$work/fifo
	wait $!
}

# library NAME FILE [OPTION]...: an overlay whose lower layer has that as plugin.so
library() {
	mkdir -p $layers/$1/lower && cp $2 $layers/$1/lower/plugin.so || return 3
	name=$1
	shift 2
	overlay $name "$@"
}

good_over() {
	echo "cat $here/plugin.so >$layers/$1/merged/plugin.so"
}

copies() {
	library calm $here/plugin.so && library evil $work/plugin.evil &&
		library late $here/plugin.so &&
		library meta $work/plugin.evil metacopy=on || return 3
	check "I11 a trusted library on the overlay is mapped" exits 0 opened calm :
	check "I11 an untrusted one is not" exits 1 opened evil :
	check "I11 an untrusted one that is open is not made trusted by a copy" \
		exits 1 opened evil "$(good_over evil)"
	check "I11 opened after that, the copy is mapped" exits 0 opened evil :
	check "I11 nor is a trusted one read from a copy" \
		exits 1 opened late "chmod 700 $layers/late/merged/plugin.so"
	# its metadata is copied, then forgotten: what is opened lies in the lower layer
	chmod 700 $layers/meta/merged/plugin.so && umount $layers/meta/merged &&
		overlay meta metacopy=on
	check "I11 nor by a copy of its data alone" exits 1 opened meta "$(good_over meta)"
	check "I11 which is mapped when opened after that" exits 0 opened meta :
}

# ---- IMA's own digests

# measured CMD: IMA has measured it on an overlay, CMD runs, it is executed
measured() {
	fill $1 $here/any && overlay $1 && cat $layers/$1/merged/any >/dev/null || return 3
	sh -c "$2" || return 3
	$layers/$1/merged/any peek "$id"
}

ima_policy() {
	echo 'measure func=FILE_CHECK mask=MAY_READ uid=0' >/sys/kernel/security/ima/policy
}

ima() {
	[ -d /sys/kernel/security/integrity/ima ] ||
		mount -t securityfs securityfs /sys/kernel/security
	fill unmeasured $here/any && overlay unmeasured
	check "root has IMA measure what is read" ima_policy
	check "I11 what IMA has a digest of, and was changed behind it, is a stranger" \
		strange measured stale "cat $work/any.evil >$layers/stale/lower/any"
	check "I11 what IMA has no digest of is known" labelled $layers/unmeasured/merged/any peek "$id"
}

# ---- holdfastd itself

# PID 1 starts what it finds there then.
started() {
	fill daemon /usr/local/sbin/holdfastd && overlay daemon &&
		mount --bind $layers/daemon/merged /usr/local/sbin && killed || return 3
	guest-ctl until 5 holdfast guard status >/dev/null
	code=$?
	# PID 1 goes on trying: it is always busy
	umount -l /usr/local/sbin || return 3
	return $code
}

self() {
	check "I12 holdfastd from an overlay is not itself" exits 1 started
	check "I12 from below it is" guest-ctl until 20 holdfast guard status
}

check "the variants of the victim are made" variants_make
need "the layers are made" layers_make
img=$(image overlay) || exit 1
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$img"
ip link add victim type dummy
case " $* " in
*" measured "*)
	guest-ctl spawn system.slice/victim.service $here/victim victim >/dev/null
	need "the victim starts" guest-ctl until 20 probe as ask victim state
	id=$(state map)
	check "I09 without an overlay the tool is known by measurement" labelled $here/any peek "$id"
	check "I09 where the kernel does not hash, an overlay gives no label" \
		strange $layers/plain/merged/any peek "$id"
	exit $failed
	;;
esac
guest-ctl spawn system.slice/victim.service $layers/plain/merged/victim victim >/dev/null
need "the victim starts from the overlay" guest-ctl until 20 probe as ask victim state
id=$(state map)
check "I12 the unit's own start from the overlay gives the label" labelled by_victim fork
known
behind
races
interpreters
copies
self
ima
check "the guard goes down by the operator" guard_down
check "I09 without a guard anybody gets the map" labelled $layers/plain/merged/changed peek "$id"
exit $failed
