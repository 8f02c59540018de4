#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A guard that takes signed policies only: what is not signed, not by that key, not what was signed,
# or not newer stays out, whoever asks and whatever secret he has; and so it is after a restart, an
# upgrade and a boot.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

trust=$here/keys.d
boot=/etc/holdfast

# policy VERSION [SED-EXPRESSION]...: an image of it, in $work/VERSION.img
policy() {
	version=$1
	shift
	made=$(image rows "s/version: 1/version: $version/" "$@") && mv $made $work/$version.img
}

# signed VERSION KEY [SED-EXPRESSION]...
signed() {
	name=$2
	number=$1
	shift 2
	policy $number "$@" && holdfast policy sign --key $trust/$name.key --cert $trust/$name.pem \
		$work/$number.img
}

up() {
	holdfast guard up --trust $trust/$1.pem $work/$2.img >$work/up 2>$work/err || {
		cat $work/err
		return 1
	}
	sed -n 's/^secret: \([^ ]*\)$/\1/p' $work/up >$work/new-secret
	[ ! -s $work/new-secret ] || cp $work/new-secret $secret
}

reload() {
	holdfast guard reload $work/$1.img --secret-fd 3 3<$secret
}

# keeps VERSION TEXT CMD...: it is refused, says TEXT, and that version stays in force
keeps() {
	kept=$1
	shift
	refused "$@" || return 1
	[ "$(status_number version)" = $kept ] || { holdfast guard status; return 1; }
}

in_force() {
	[ "$(status_number version)" = $1 ] && armed
}

# Nothing is left of a guard that did not come up.
stays_down() {
	refused "$@" && [ ! -e /sys/fs/bpf/holdfast ] && ! armed
}

make_policies() {
	signed 1 trusted && signed 2 other && policy 3 && signed 4 trusted && signed 5 trusted &&
		cp $work/4.img.p7s $work/3.img.p7s && policy 60 && signed 61 other &&
		policy 62 's,/sys/fs/bpf/victim,/sys/fs/bpf/elsewhere,' &&
		grep -q elsewhere $work/62.img &&
		signed 7 trusted && signed 8 trusted &&
		signed 9 curve && signed 20 trusted "s/observe/enforce/" &&
		signed 21 trusted && signed 22 trusted
}

# Refused before anything is done for it: its folder of pins is not made.
leaves_no_trace() {
	keeps 1 'no signature' reload 62 && [ ! -e /sys/fs/bpf/elsewhere ]
}

cut_short() {
	head -c 100 $work/5.img.p7s >$work/short && cp $work/5.img $work/10.img &&
		cp $work/short $work/10.img.p7s
}

# The whole of holdfastd is new, the guard's object is the same.
other_daemon() {
	cp $daemon $work/other && echo other >>$work/other && over $work/other
}

# ... and here the guard in the kernel is another one, and takes over.
other_guard() {
	over $here/holdfastd-relayout
}

restarted() {
	killed && guest-ctl until 60 holdfast guard status >/dev/null
}

# boots: holdfastd as at boot, without --wait
boots() {
	guest-ctl service system.slice/holdfastd.service $daemon >/dev/null
	guest-ctl until 60 holdfast guard status >/dev/null
}

boot_needs_signature() {
	mkdir -p $boot && cp $work/21.img $boot/policy.img &&
		cp $trust/trusted.der $boot/trust.der || return 1
	boot_refuses 'says that policies are signed'
}

older_stays_down() {
	daemon_stop
	daemon_start && stays_down 'version 20 has been in force here' up trusted 8
}

# boot_refuses TEXT
boot_refuses() {
	daemon_stop
	guest-ctl service system.slice/holdfastd.service $daemon >/dev/null
	guest-ctl until 20 grep -q "$1" /run/guest/holdfastd.service.log && ! armed
}

# Signed as well as any other, and older than what was in force before the boot.
boot_remembers() {
	cp $work/8.img $boot/policy.img && cp $work/8.img.p7s $boot/policy.img.p7s &&
		boot_refuses 'version 20 has been in force here'
}

boot_takes_signed() {
	daemon_stop
	cp $work/21.img $boot/policy.img && cp $work/21.img.p7s $boot/policy.img.p7s && boots &&
		in_force 21
}

need "policies are made and signed" make_policies
check "a signature is cut short" cut_short
need "holdfastd starts" daemon_start
check "an image without a signature does not come up" \
	stays_down 'no signature' up trusted 60
check "nor one that another has signed" stays_down 'not signed by the key' up trusted 2
check "nor one with the signature of another image" stays_down 'not what was signed' up trusted 3
if uname -r | grep -q '^6\.1\.'; then
	check "this kernel takes no certificate of a curve" stays_down 'RSA' up curve 9
else
	check "an image that is signed by a key of a curve comes up" up curve 9
	check "and goes down" holdfast guard down
	need "holdfastd starts again" daemon_start
fi
need "an image that the trusted key has signed comes up" up trusted 1
check "the status says that policies are signed" \
	sh -c 'holdfast guard status | grep -q "^trust  *a policy must be signed$"'
check "an unsigned one does not come into force" keeps 1 'no signature' reload 60
check "nor does it leave a trace" leaves_no_trace
check "nor one that another has signed" keeps 1 'not signed by the key' reload 2
check "nor one with another's signature" keeps 1 'not what was signed' reload 3
check "nor one whose signature is cut short" keeps 1 'no CMS message' reload 10
check "nor the one that is in force, again" keeps 1 'not above' reload 1
check "a signed one does" reload 4
check "and is in force" in_force 4
check "an older one does not, signed or not" keeps 4 'raise metadata.version' reload 1
check "after holdfastd was killed" restarted
check "an unsigned one does not come into force" keeps 4 'no signature' reload 60
check "and a signed one does" reload 5
check "with another holdfastd" other_daemon
check "an unsigned one does not come into force" keeps 5 'no signature' reload 60
check "and a signed one does" reload 7
check "when a guard of another build has taken over" other_guard
check "an unsigned one does not come into force" keeps 7 'no signature' reload 60
check "nor one that another has signed" keeps 7 'not signed by the key' reload 61
check "and a signed one does" reload 8
check "one that enforces comes into force by its signature" reload 20
check "the guard goes down by the operator" guard_down
check "an older one does not come up again" older_stays_down
check "at boot an image without its signature is none, where a certificate lies" \
	boot_needs_signature
check "nor is one that is older than what was in force" boot_remembers
check "one that is newer is, with its signature" boot_takes_signed
check "and then an unsigned one does not come into force" keeps 21 'no signature' reload 60
check "but a signed one does" reload 22
check "and the status says from where on versions count" \
	sh -c 'holdfast guard status | grep -q "^versions  none below 22 at a boot either"'
exit $failed
