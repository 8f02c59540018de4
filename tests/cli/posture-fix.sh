#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast posture fix` from outside, on a tree of files that stands for a host. TAP.
#
# usage: posture-fix.sh HOLDFAST
# shellcheck disable=SC2016 # the quotes of what holdfast says
set -u

holdfast=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
		return
	fi
	echo "not ok $count - $2"
	head -n 20 out | sed 's/^/# out: /'
	sed 's/^/# err: /' err
	failed=$((failed + 1))
}

# gives CODE STDERR NAME ARGUMENT...: the exit code, and all of what is said on stderr
gives() {
	local code=$1 said=$2 name=$3 got
	shift 3

	"$holdfast" posture fix "$@" >out 2>err </dev/null
	got=$?
	[ "$got" = "$code" ] && [ "$(cat err)" = "$said" ]
	result $? "$name"
	[ "$got" = "$code" ] || echo "# exit code $got instead of $code"
}

# line TEXT NAME: one line of what was said is that
line() {
	grep -qxF -- "$1" out
	result $? "$2"
}

# words LINUX DEFAULT: what a host boots with, as grub-mkconfig puts it together
words() {
	GRUB_CMDLINE_LINUX=$1 GRUB_CMDLINE_LINUX_DEFAULT=$2 sh -ec \
		'. ./root/etc/default/grub.d/holdfast-posture.cfg
		echo "$GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT"'
}

mkdir -p root/proc/self root/proc/sys/kernel root/sys/kernel/security root/etc root/usr/sbin
echo '[none] integrity confidentiality' >root/sys/kernel/security/lockdown
echo 'lockdown,capability,yama,bpf,apparmor' >root/sys/kernel/security/lsm
echo quiet holdfast=observe >root/proc/cmdline
echo 0 >root/proc/sys/kernel/kptr_restrict
: >root/proc/self/mountinfo
: >root/usr/sbin/update-grub
cp -a root before

usage='holdfast: `holdfast posture help` says how it is used'
later='kernel.kptr_restrict = 1, in /etc/sysctl.d/zz-holdfast-posture.conf'
gives 0 '' 'what would be done is said' --root root
line "planned  kptr-restrict      later: $later" 'with what is written, and where'
line 'one-way  lockdown           one way: name it to have it done' 'what is one way is not meant'
line 'nothing was changed: --yes does it' 'and that nothing was done'
diff -r before root >err 2>&1
result $? 'and it was not'
gives 0 '' 'it is done' --root root --yes
line "done     kptr-restrict      later: $later" 'and said so'
line 'what is marked reboot counts from the next boot' 'with what waits for a reboot'
[ "$(words 'quiet' 'splash')" = 'quiet lsm=lockdown,yama,apparmor,bpf splash' ]
result $? 'the command line gets lsm=, with bpf at its end'
[ "$(words 'lsm=a lsm=b holdfast=off x' 'lsm=c holdfast=observe lsm=d y lsm=e')" = \
	'x lsm=lockdown,yama,apparmor,bpf y' ]
result $? 'in place of what is there, and the escape is taken away'
[ "$(words 'xlsm=1 lsmx=2 a.lsm=3' '')" = 'xlsm=1 lsmx=2 a.lsm=3 lsm=lockdown,yama,apparmor,bpf ' ]
result $? 'and other words are left'
gives 0 '' 'a one-way check that is named is done' --root root --yes --json lockdown
python3 -c "import json
c = json.load(open('out'))['checks']
assert [(x['id'], x['outcome'], x['one_way'], x['now']) for x in c] == \
	[('lockdown', 'done', True, None)], c
assert set(c[0]) == {'id', 'outcome', 'one_way', 'now', 'later', 'why'}" 2>err
result $? 'as JSON, with the keys that the manual names'
[ "$(words '' '')" = ' lsm=lockdown,yama,apparmor,bpf lockdown=integrity ' ]
result $? 'and what was mended before stays'
[ "$(stat -c %a root/etc/holdfast/posture-undo.json)" = 600 ]
result $? 'the record is nobody else'"'"'s'
gives 1 'holdfast: 1 check has failed: mounted-writes' 'what cannot be judged is not mended' \
	--root root --yes mounted-writes
gives 2 "holdfast: there is no check 'lock'
$usage" 'a check that is not there is a wrong command line' --root root lock
gives 0 '' 'one is taken back' --root root --undo kptr-restrict
[ ! -e root/etc/sysctl.d/zz-holdfast-posture.conf ] && [ -e root/etc/holdfast/posture-undo.json ]
result $? 'and the others stay'
echo '# mine' >>root/etc/default/grub.d/holdfast-posture.cfg
gives 1 'holdfast: 3 checks have failed: lockdown, lsm-order, escape' \
	'a file that somebody has changed is left' --root root --undo
rm root/etc/default/grub.d/holdfast-posture.cfg
gives 0 '' 'all is taken back' --root root --undo
find root -type d -empty -delete
mkdir -p root/etc
diff -r before root >err 2>&1
result $? 'and the host is as it was'
gives 0 '' 'nothing is left to be taken back' --root root --undo
line 'nothing to take back' 'which is said'
mkdir -p root/etc/holdfast
echo '{}' >root/etc/holdfast/posture-undo.json
not='it is not an object of version 1 and checks: nothing was changed'
gives 1 "holdfast: root/etc/holdfast/posture-undo.json: $not" 'a record that is none is refused' --root root --yes
gives 1 'holdfast: nowhere: No such file or directory' 'a root has to be there' --root nowhere
rm -r root/etc/holdfast root/usr
gives 1 'holdfast: 2 checks have failed: lsm-order, escape' 'without update-grub' --root root --yes
grep -q 'later: boot with lsm=lockdown,yama,apparmor,bpf.*: tell the boot loader yourself$' out
result $? 'the words for the boot loader are said'

echo "1..$count"
exit $((failed > 0))
