#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Programs that have to be signed: what the kernel finds of their signatures, whose keyrings count,
# and what a signed loader program may load. Kernels that verify nothing take nothing for signed.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

objects=$here/signed.d
trust=$here/keys.d/trusted
key="--key $trust.der"
loaders=/sys/fs/bpf/loaders

tools_make() {
	for name in loader tool agent; do
		cp $here/signed-load $here/$name && echo $name >>$here/$name || return 1
	done
	mkdir $loaders
}

# policy VERSION [SED-EXPRESSION]...: signed, in $work/VERSION.img
policy() {
	number=$1
	shift
	made=$(image verdict "s/version: 1/version: $number/" "$@") && mv $made $work/$number.img &&
		holdfast policy sign --key $trust.key --cert $trust.pem $work/$number.img
}

up() {
	holdfast guard up --trust $trust.pem $work/1.img >$work/up || return 1
	sed -n 's/^secret: \([^ ]*\)$/\1/p' $work/up >$secret
	keyring=$(status_number keyring)
	[ "$keyring" -gt 0 ]
}

# reload VERSION [SED-EXPRESSION]...
reload() {
	policy "$@" && holdfast guard reload $work/$1.img
}

# fails TEXT CMD...: not by us, TEXT is what the kernel says
fails() {
	said=$1
	shift
	exits 3 "$@" >$work/said || { cat $work/said; return 1; }
	grep -q "$said" $work/said || { cat $work/said; return 1; }
}

# logged ROW ERRNO: the log has a load that failed so; asked for after what makes it
logged() {
	guest-ctl until 10 sh -c "grep -e '\"prog_load\"' $log | grep -e '\"$1\"' | grep -qe '\"$2\"'"
}

loads() {
	exits 0 "$@"
}

refuses() {
	exits 1 "$@"
}

# ---- whatever the kernel

unsigned() {
	check "P24 an unsigned program is refused" refuses signed-load none program $objects/plain
	check "P24 the log says so" logged P24 EPERM
	check "P24 the tool whose rule says unsigned loads it" loads tool none program $objects/plain
	check "P24 a rule that does not say it is not enough" \
		refuses loader none program $objects/plain
	check "P24 a task of a domain loads what it likes" loads agent none program $objects/plain
	[ -z "$confined" ] || return
	check "P24 an unsigned loader program loads what it likes, by the tool's rule" \
		loads tool --keep $loaders/unsigned none skeleton $objects/skeleton
	check "P24 and in a stranger's hands nothing" exits 1 signed-load none run $loaders/unsigned
}

# ---- kernels that verify

bad() {
	check "P07 other bytes than were signed: the kernel refuses" \
		fails 'Key was rejected' signed-load $key session program $objects/altered
	check "P07 and the log has it, though no hook was asked" logged P07 EKEYREJECTED
	check "P24 another key" \
		fails 'Required key not available' signed-load $key session program $objects/other
	check "P24 the log has it" logged P24 ENOKEY
	check "P24 a signature cut short" fails 'Bad message' signed-load $key session program $objects/cut
	check "P24 the log has that as well" logged P24 EBADMSG
	check "P24 the kernel's keyrings do not have the key" \
		fails 'Required key not available' signed-load builtin program $objects/plain
	check "P24 a keyring that is not there" \
		fails 'Invalid argument' signed-load 7 program $objects/plain
}

keyrings() {
	check "P24 signed by a key of the caller's own keyring is not signed" \
		refuses signed-load $key session program $objects/plain
	check "P24 but for the tool whose rule says unsigned" \
		loads tool $key session program $objects/plain
	check "P24 signed by the guard's keyring it loads" \
		loads signed-load $keyring program $objects/plain
	check "P24 nobody has to possess that" loads signed-load $key $keyring program $objects/plain
	check "P07 other bytes do not pass there" \
		fails 'Key was rejected' signed-load $keyring program $objects/altered
	check "P24 nor does another key" \
		fails 'Required key not available' signed-load $keyring program $objects/other
}

# The form that this kernel takes: by Debian's bpftool of the newest one, or by its own rule.
skeletons() {
	check "M14 a signed loader program still needs a rule for its type" \
		refuses signed-load $keyring $1 $objects/$1
	if [ -n "$confined" ]; then
		check "under confidentiality no verifier takes a light skeleton's loader program" \
			fails 'Invalid argument' loader $keyring $1 $objects/$1
	else
		check "P24 with one it loads, and what it loads is as good as it" \
			loads loader --keep $loaders/signed $keyring $1 $objects/$1
		check "P24 in anybody's hands" loads signed-load none run $loaders/signed
	fi
	check "P24 then nothing more that is unsigned" refuses loader none program $objects/plain
	check "P24 signed by the caller's own keyring it does not load" \
		refuses loader $key session $1 $objects/$1
	check "P07 the form of another kernel is a bad signature" \
		fails 'Key was rejected' loader $keyring $1 $objects/$2
}

words() {
	check "signature: trusted comes into force" reload 2 's/required/trusted/'
	check "signature: trusted: the guard's keyring counts" \
		loads signed-load $keyring program $objects/plain
	check "signature: trusted: the caller's own does not" \
		refuses signed-load $key session program $objects/plain
	check "signature: optional comes into force" reload 3 's/required/optional/'
	check "signature: optional: the caller's own will do" \
		loads signed-load $key session program $objects/plain
	check "signature: optional: so will none" loads signed-load none program $objects/plain
	check "signature: optional: a bad one does not" \
		fails 'Key was rejected' signed-load $key session program $objects/altered
	check "signature: required comes into force again" reload 4
	check "signature: required: none is not enough" \
		refuses signed-load none program $objects/plain
}

nothing_is_signed() {
	holdfast guard status | grep -q 'verifies no signature of a program'
}

says_whose() {
	holdfast guard status | grep -q "^signature required: .* keyring $keyring\$"
}

verifies() {
	bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q "'keyring_id'"
}

keeps_verdict() {
	bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q "'keyring_serial'"
}

check "the tools are made" tools_make
check "P24 without a guard an unsigned program loads" \
	loads signed-load none program $objects/plain
confined= # it reads kernel memory, which lockdown keeps from programs
if grep -q '\[confidentiality\]' /sys/kernel/security/lockdown; then
	confined=yes
else
	check "P24 without a guard an unsigned loader program loads what it likes" \
		loads signed-load none skeleton $objects/skeleton
fi
if verifies; then
	check "P24 without a guard one signed by the caller's own key loads" \
		loads signed-load $key session program $objects/plain
fi
check "the policy is made" policy 1
need "holdfastd starts" daemon_start
need "the guard comes up" up
unsigned
check "guard status says whose signature is needed" says_whose
if verifies; then
	check "guard status does not say that nothing is signed" exits 1 nothing_is_signed
	bad
	keyrings
	if keeps_verdict; then
		skeletons skeleton loader
	else
		skeletons loader skeleton
	fi
	words
else
	check "guard status says that nothing is signed" nothing_is_signed
	check "P24 a signature is more than the kernel knows of a load" \
		fails 'Argument list too long' signed-load $key session program $objects/plain
	check "P24 signature: optional comes into force" reload 2 's/required/optional/'
	check "P24 then an unsigned program loads" loads signed-load none program $objects/plain
fi
check "the guard goes down by the operator" guard_down
check "P24 after that an unsigned program loads" loads signed-load none program $objects/plain
exit $failed
