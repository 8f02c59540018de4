#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Identity: who is a task of the domain, and who only looks like one. Asked of the kernel each time:
# a task of the domain gets an fd of the victim's map, a stranger does not.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

variants_make() {
	cp $here/victim-dyn $work/stranger && echo stranger >>$work/stranger || return 1
	for name in any child held; do
		cp $here/victim $here/$name && echo $name >>$here/$name || return 1
	done
	mkdir -p ${launcher%/*} && cp $here/probe $launcher && echo launcher >>$launcher || return 1
	cp $here/libvictim-evil.so $here/plugin.so
	echo plugin >>$here/plugin.so
}

# labelled CMD..., strange CMD...: the exit codes of `victim peek`
labelled() {
	exits 0 "$@"
}

strange() {
	exits 1 "$@"
}

# From a unit's cgroup, by PID 1: in_unit UNIT CMD...
in_unit() {
	unit=$1
	shift
	pid=$(guest-ctl spawn "system.slice/$unit" "$@") || return 3
	return "$(guest-ctl wait "$pid")"
}

# the victim's own child does it
by_victim() {
	said=$(probe as ask victim "$@") || return 3
	return "$said"
}

evil() {
	"$@" 2>&1 | grep 'evil code ran'
}

no_evil() {
	! evil "$@"
}

genuine() {
	"$@" | grep -qx 'library genuine'
}

# known_by HOW: where the kernel hashes, content is known wherever it lies; where it does not, only
# the files that holdfastd has measured and sealed
known_by() {
	elsewhere=strange
	if [ "$1" = ima ]; then
		elsewhere=labelled
	fi
	holdfast guard status --json | grep "\"identity\": *\"$1\""
}

# ---- launch

launch_rules() {
	check "I12 the unit's own start gives the label" labelled in_unit victim.service $here/victim peek "$id"
	check "I12 the trusted tool run by root is a stranger" strange $here/victim peek "$id"
	check "I12 PID 1 in another unit's cgroup gives no label" strange in_unit other.service $here/victim peek "$id"
	check "I12 an orphan that moved into the unit's cgroup gets no label" \
		strange probe as orphan system.slice/victim.service $here/victim peek "$id"
	check "I12 the unit's own start by PID 1's launcher gives the label" labelled by_launcher peek "$id"
	check "I12 the launcher run by root leads to a stranger" \
		strange $launcher as argv0 victim $here/victim peek "$id"
	check "I12 nor does an orphan get there by the launcher" strange probe as orphan \
		system.slice/victim.service $launcher as argv0 victim $here/victim peek "$id"
	check "I12 the launcher with other code in it leads to a stranger" \
		strange in_unit victim.service $launcher as mapped $here/victim peek "$id"
	check "I12 launch any: every exec gives the label" labelled $here/any peek "$id"
	check "I12 launch parent: a stranger's exec does not" strange $here/child peek "$id"
	check "I12 launch parent: a task of the domain's does" labelled by_victim exec $here/child peek "$id"
	check "I12 launch holdfast: root's own exec does not" strange $here/held peek "$id"
	check "I12 launch holdfast: holdfast run with the secret does" labelled held_run peek "$id"
	check "I12 holdfast run without the secret is refused" \
		refused 'secret' holdfast run victim -- $here/held peek "$id"
	check "I12 holdfast run of another domain's tool is refused" \
		refused 'not an executable of the domain' run_secret victim /usr/bin/true
}

# what PID 1 of systemd 254 and later executes first
launcher=/usr/lib/systemd/systemd-executor

by_launcher() {
	in_unit victim.service $launcher as argv0 victim $here/victim "$@"
}

run_secret() {
	domain=$1
	shift
	holdfast run "$domain" --secret-fd 3 -- "$@" 3<"$secret"
}

held_run() {
	run_secret victim $here/held "$@"
}

# ---- the label's life

life() {
	check "I04 fork keeps the label" labelled by_victim fork
	check "I04 exec of the domain's own keeps it" labelled by_victim exec $here/victim peek "$id"
	check "I04 exec of anything else drops it" strange by_victim exec $here/probe as peek "$id"
	check "I04 a shell of the domain's drops it for all it starts" \
		strange by_victim exec /bin/sh $work/peek.sh
}

# ---- looks

looks() {
	check "I09 comm is no identity" strange probe as comm victim "$id"
	check "I09 argv[0] is no identity" strange probe as argv0 $here/victim $here/probe as peek "$id"
	check "I09 neither does it hide one" labelled probe as argv0 stranger $here/any peek "$id"
	check "I10 PR_SET_MM_EXE_FILE gives no label" strange probe as exe $here/any "$id"
	check "I17 traced from birth gets no label" strange probe as traced $here/any peek "$id"
	check "I09 a bind mount over the path gives no label" strange bind_over
	check "I09 a chroot with that path gives no label" strange in_chroot
	check "I09 the path is not asked for: a copy elsewhere is known by content, if it can be" \
		$elsewhere copied
	check "I09 one bit of it changed, and it has none" strange one_bit
	check "I09 so is content in a memfd" $elsewhere probe as memory $here/any peek "$id"
	check "I09 other content in a memfd has none" strange probe as memory $here/probe as peek "$id"
	check "I16 a script run by the tool gives no label" strange by_shebang
	check "I16 a binfmt_misc interpreter gets no label" strange by_binfmt
}

bind_over() {
	unshare -m sh -c "mount --bind $here/probe $here/any && exec $here/any as peek $id"
}

in_chroot() {
	mkdir -p $work/jail$here && cp $here/probe $work/jail$here/any || return 3
	chroot $work/jail $here/any as peek "$id"
}

copied() {
	cp $here/any $work/copy && $work/copy peek "$id"
}

one_bit() {
	cp $here/any $work/bit || return 3
	# past the end of what is loaded: it runs as before
	printf 'X' | dd of=$work/bit bs=1 seek=$(($(wc -c <$work/bit) - 1)) conv=notrunc 2>/dev/null
	$work/bit peek "$id"
}

# The kernel runs `any peek ID`, ID being the script's own name.
by_shebang() {
	printf '#!%s peek\n' $here/any >"$work/$id" && chmod +x "$work/$id" || return 3
	(cd $work && PATH=. "$id")
}

by_binfmt() {
	mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>/dev/null ||
		{ modprobe binfmt_misc && mount -t binfmt_misc none /proc/sys/fs/binfmt_misc; } ||
		return 3
	echo ":evil:E::trusted::$here/probe:" >/proc/sys/fs/binfmt_misc/register || return 3
	cp $here/any $work/any.trusted
	$work/any.trusted as peek "$id"
	code=$?
	echo -1 >/proc/sys/fs/binfmt_misc/evil
	return $code
}

# ---- code in the process

libraries() {
	dyn=$here/victim-dyn
	check "I11 the dynamic tool runs, with its label" labelled $dyn peek "$id"
	check "I11 LD_PRELOAD puts nothing in" no_evil env LD_PRELOAD=$here/libvictim-evil.so $dyn peek "$id"
	check "I11 LD_AUDIT puts nothing in" no_evil env LD_AUDIT=$here/libvictim-evil.so $dyn peek "$id"
	check "I11 LD_LIBRARY_PATH leads nowhere" genuine library_path
	check "I11 /etc/ld.so.preload puts nothing in" preload_file
	check "I11 but into a stranger it does: the attack works" evil_preload_stranger
	check "I11 a replaced library is not mapped" no_evil replaced
	check "I11 a mapped library cannot be written" busy
	check "I11 nor truncated" busy_truncate
	check "I11 an executable mapping of memory is refused" exits 1 by_victim map anon
	check "I11 the kernel's own mapping of a page at 0 does no harm" \
		labelled probe as zero $here/any peek "$id"
	check "I11 memory that was writable cannot become executable" exits 1 by_victim map change
	check "I11 an executable mapping of untrusted content is refused" \
		exits 1 by_victim map $here/libvictim-evil.so
	check "I11 one of trusted content is not" exits 0 by_victim map $here/libvictim.so
}

# What the C library loads of its own accord, and a tool changed into another by the usual editor.
other_code() {
	modules=$(ldd_folder)/gconv
	gconv_make $work/gconv
	check "I11 GCONV_PATH puts nothing in" no_evil convert $dyn
	check "I11 nor does GCONV_PATH cost it its label" labelled convert $dyn
	gconv_make $modules
	check "I11 a module named in the host's gconv-modules is not mapped" \
		no_evil $dyn peek "$id" EVIL
	check "I11 and the tool goes on, with its label" labelled $dyn peek "$id" EVIL
	check "I11 the mapping was refused by the guard" refused_mapping libvictim-evil.so
	check "I11 but into a stranger it is: the attack works" evil $work/stranger peek "$id" EVIL
	rm -r $modules
	check "I11 so does GCONV_PATH" evil convert $work/stranger
	check "I11 patchelf adds a library, and the tool is a stranger" strange patched $dyn
	check "I11 which runs the evil code: the attack works" evil patched $dyn
	check "I11 patchelf changes the interpreter, and the tool is a stranger" \
		strange reinterpreted $dyn
	check "I11 the tool itself is what it was" labelled $dyn peek "$id"
}

# where the dynamic linker of this system has what is of one architecture
ldd_folder() {
	for folder in /usr/lib/*-linux-gnu; do
		echo $folder
	done
}

gconv_make() {
	mkdir -p "$1" &&
		echo "module INTERNAL EVIL// $here/libvictim-evil 1" >"$1/gconv-modules"
}

convert() {
	env GCONV_PATH=$work/gconv "$1" peek "$id" EVIL
}

refused_mapping() {
	guest-ctl until 10 sh -c "grep '\"act\":\"map_executable\"' $log | grep '\"$1\"' |
		grep -q '\"verdict\":\"refused\"'" || { tail -n 3 $log; return 1; }
}

# Each changes the file at the tool's own path, runs that, and puts the tool back: its inode, not a
# copy, which nobody has measured.
instead() {
	mv $dyn $dyn.kept && mv $work/patched $dyn || return 3
	code=0
	$dyn peek "$id" || code=$?
	mv $dyn.kept $dyn
	return $code
}

patched() {
	patchelf --add-needed libvictim-evil.so --output $work/patched "$1" || return 3
	instead
}

reinterpreted() {
	cp "$(patchelf --print-interpreter "$1")" $work/interpreter &&
		patchelf --set-interpreter $work/interpreter --output $work/patched "$1" || return 3
	instead
}

library_path() {
	mkdir -p $work/lib && cp $here/libvictim-evil.so $work/lib/libvictim.so
	env LD_LIBRARY_PATH=$work/lib $here/victim-dyn peek "$id"
}

preload_file() {
	echo $here/libvictim-evil.so >/etc/ld.so.preload
	no_evil $here/victim-dyn peek "$id"
	code=$?
	rm /etc/ld.so.preload
	return $code
}

evil_preload_stranger() {
	evil env LD_PRELOAD=$here/libvictim-evil.so /usr/bin/rm --version
}

replaced() {
	mv $here/libvictim.so $here/libvictim.good
	cp $here/libvictim-evil.so $here/libvictim.so
	$here/victim-dyn peek "$id"
	mv $here/libvictim.good $here/libvictim.so
}

busy() {
	$here/victim-dyn peek "$id" >/dev/null || return 1
	! sh -c "echo x >>$here/libvictim.so" 2>$work/err || return 1
	cat $work/err
	grep -q 'Text file busy' $work/err
}

busy_truncate() {
	! truncate -s 100 $here/libvictim.so 2>$work/err || return 1
	cat $work/err
	grep -q 'Text file busy' $work/err
}

policy_upgrade() {
	# as a package manager does: written beside, renamed over
	check "F12 the tool is replaced as by a package manager" replace_tool
	check "F12 and the new one is a stranger" strange $here/any peek "$id"
}

replace_tool() {
	cp $here/any $here/any.dpkg-new && echo upgraded >>$here/any.dpkg-new &&
		mv $here/any.dpkg-new $here/any
}

check "the variants of the victim are made" variants_make
img=$(image identity) || exit 1
need "holdfastd starts" daemon_start
need "the guard comes up to enforce" guard_up "$img"
case " $* " in
*" measured "*) how=measured ;;
*) how=ima ;;
esac
check "the status says how files are known: $how" known_by $how
need "the victim and its neighbour start" targets_start
id=$(state map)
printf '#!/bin/sh\nexec %s as peek %s\n' $here/probe "$id" >$work/peek.sh
launch_rules
life
looks
libraries
other_code
policy_upgrade
check "the guard goes down by the operator" guard_down
check "I12 without a guard anybody gets the map" labelled $here/victim peek "$id"
check "I12 and so does an orphan: the attack works" \
	labelled probe as orphan system.slice/victim.service $here/victim peek "$id"
exit $failed
