#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A holdfastd that somebody has taken over (hijack.c): it puts no policy in force that nobody has
# signed, and where the policy is sealed it does not end the guard either.
# shellcheck disable=SC2086 # no path of ours has a space in it
# shellcheck disable=SC2317 # the functions are called through check
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

trust=$here/keys.d
tries=/run/guest/hijack.log

# bpf(2)'s kprobe, and functions that one of its programs may call
kprobe=2
functions=bpf_rcu_read_lock,bpf_rcu_read_unlock
others=bpf_preempt_disable,bpf_preempt_enable

# policy VERSION MODE [FUNCTIONS]: an image of it, in $work/VERSION.img
policy() {
	rule="{ executable: $here/lister, programs: [ kprobe ], limits: { kfuncs: [ ${3:-$functions} ] } }"
	made=$(image rows "s/version: 1/version: $1/" "s/observe/$2/" \
		"\$aadmission: { allow: [ $rule ] }") && mv $made $work/$1.img
}

signed() {
	policy $1 $2 &&
		holdfast policy sign --key $trust/trusted.key --cert $trust/trusted.pem $work/$1.img
}

make_policies() {
	cp $here/probe $here/lister && echo lister >>$here/lister || return 1
	signed 1 enforce && policy 2 observe $others && signed 3 sealed &&
		policy 4 observe $others && policy 60 sealed && signed 5 enforce && signed 6 sealed
}

hijacked_start() {
	guest-ctl service system.slice/holdfastd.service $here/holdfastd-hijacked --wait >/dev/null
	guest-ctl until 20 test -S /run/holdfast/control.sock
}

up() {
	holdfast guard up --trust $trust/trusted.pem $work/$1.img >$work/up || return 1
	sed -n 's/^secret: \([^ ]*\)$/\1/p' $work/up >$secret
}

reload() {
	holdfast guard reload $work/$1.img --secret-fd 3 3<$secret
}

in_force() {
	[ "$(status_number version)" = $1 ] && armed
}

# refused_in VERSION: the image that nobody has signed is refused as of an honest holdfastd, and
# that version is in force
refused_in() {
	rm -f $tries
	refused 'no signature' reload $2 && in_force $1
}

# came_to RESULT ACT...: that is what came of each of these
came_to() {
	wanted=$1
	shift
	for act; do
		grep -qx "$act $wanted" $tries || { cat $tries; return 1; }
	done
}

sealed_status() {
	holdfast guard status | grep -qx 'mode      sealed'
}

# Where the kernel says what programs call.
lists() {
	bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q "'bpf_lsm_bpf_prog_load'" || return 0
	exits 0 lister as make prog $kprobe 0 - $functions
}

forgeries='force-unsigned force-unjudged write-bank write-state write-trust other-keys'
ends='unlink-link rename-over-link unmount unmount-elsewhere detach-link replace-program kill-agent
	learn admit-another be-another arm-again disarm'

need "policies are made and signed" make_policies
need "a holdfastd starts that somebody has taken over" hijacked_start
# Debian mounts / so that mounts spread
need "mounts spread" mount --make-rshared /
check "no sealed policy comes up where none is signed" \
	refused 'guard up --trust' holdfast guard up $work/60.img
need "a signed policy comes up" up 1
need "the victim starts" targets_start
check "a program loads that calls what its rule lists" lists
check "one that nobody has signed does not come into force" refused_in 1 2
check "by none of its ways" came_to EPERM $forgeries
check "nor does it change what a rule lists" lists
check "a signed one that is sealed does" reload 3
check "and the status says so" sealed_status
check "the operator cannot take it down" refused 'policy is sealed' guard_down
check "nor release a domain" refused 'policy is sealed' \
	holdfast release victim --for 60s --secret-fd 3 3<$secret
check "nor admit another holdfastd" refused 'policy is sealed' admit $daemon
check "nor does one that is sealed wait for a confirmation" refused 'does not end by itself' \
	holdfast guard reload $work/6.img --confirm-within 60s --secret-fd 3 3<$secret
victim=$(guest-ctl status system.slice/victim.service | awk '{ print $2 }')
echo "$victim" >/run/guest/hijack.victim
check "one that nobody has signed does not come into force" refused_in 3 4
check "by none of its ways" came_to EPERM $forgeries
check "nor does it change what a rule lists" lists
check "nor does the guard end, whatever its holdfastd tries" came_to EPERM $ends
check "and respites count for nothing" exits 1 probe map-read
check "and the victim is there" kill -0 "$victim"
check "a signed policy that is not sealed comes into force" reload 5
rm -f $tries
check "that nobody has signed another is heard as before" refused 'no signature' reload 60
check "but then it ends what is the guard's own" came_to through unlink-link disarm
exit $failed
