#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast posture` from outside, on a tree of files that stands for a host. TAP.
#
# usage: posture.sh HOLDFAST SOURCE-ROOT
# shellcheck disable=SC2016 # the quotes of what holdfast says
set -u

holdfast=$(realpath "$1")
top=$(realpath "$2")
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

	"$holdfast" posture check "$@" >out 2>err </dev/null
	got=$?
	[ "$got" = "$code" ] && [ "$(cat err)" = "$said" ]
	result $? "$name"
	[ "$got" = "$code" ] || echo "# exit code $got instead of $code"
}

# says NAME PYTHON: of the JSON in out, as d
says() {
	python3 -c "import json
d = json.load(open('out'))
c = {x['id']: x for x in d.get('checks', [])}
assert ($2)" 2>err
	result $? "$1"
}

mkdir -p root/proc/self root/proc/sys/kernel root/sys/kernel/security root/etc
echo 'none [integrity] confidentiality' >root/sys/kernel/security/lockdown
echo 'lockdown,yama,bpf' >root/sys/kernel/security/lsm
echo quiet >root/proc/cmdline
echo 1 >root/proc/sys/kernel/ftrace_enabled
echo 2 >root/proc/sys/kernel/kptr_restrict
: >root/proc/self/mountinfo

usage='holdfast: `holdfast posture help` says how it is used'
gives 0 '' 'what can be read of a host is said' --root root
grep -qE '^  ftrace +1: hooks ask their programs$' out
result $? 'a line has the check, what was found, and what it means'
grep -qE '^  dev-mem +the kernel' out && ! grep -q K05 out
result $? 'what cannot be read is named, and what is no weakness opens nothing'
awk '/^(bad|weak|unknown|absent|good)$/' out | tr '\n' ' ' | grep -qx 'weak unknown absent good '
result $? 'the worst comes first'
gives 0 '' 'as JSON' --root root --json
says 'it has the checks, each with the keys that the manual names' \
	"len(c) == 37 and all(set(x) == {'id','title','group','status','fails','value','reason',
	'threats','fix','mend','reads','source','items','items_dropped'} for x in c.values())"
says 'a check has its status, value and threats' \
	"(c['lockdown']['status'], c['lockdown']['value']) == ('good', 'integrity') and
	'K05' in c['lockdown']['threats'] and c['lockdown']['mend']['one_way']"
python3 - "$top" <<-'EOF' >err 2>&1
	import json, re, sys
	ids = [c["id"] for c in json.load(open("out"))["checks"]]
	for name, form in (("docs/posture.md", r"^\| `([a-z-]+)` \|"),
	                   ("man/holdfast-posture.1", r"^\.It ([a-z-]+)$")):
	    text = open(sys.argv[1] + "/" + name).read()
	    text = text.partition(".Sh CHECKS")[2].partition(".Sh ")[0] or text
	    found = re.findall(form, text.partition("\n## ")[0], re.M)
	    assert found == ids, (name, sorted(set(found) ^ set(ids)))
EOF
result $? 'docs/posture.md and the manual have each check, in this order'
gives 0 '' 'as SARIF' --root root --sarif
says 'a rule and a result for each check, and levels for what fails alone' \
	"d['version'] == '2.1.0' and len(d['runs'][0]['tool']['driver']['rules']) == 37 and
	len(d['runs'][0]['results']) == 37 and
	all((r['kind'] == 'fail') == (r['level'] != 'none') for r in d['runs'][0]['results'])"
gives 0 '' 'one check is explained' --root root --explain ftrace
grep -qx '  L15  .*' out && grep -qx 'fix: sysctl kernel.ftrace_enabled=1, .*' out
result $? 'with the rows that it opens, and how to mend it'

gives 1 'holdfast: 1 required check fails: tpm' 'what is demanded has to be good' \
	--root root --require ftrace,tpm
gives 0 '' 'and is enough' --root root --require ftrace,lockdown
gives 0 '' 'a baseline that is not there is made' --root root --baseline base
gives 0 '' 'and compared with, when it is' --root root --baseline base
grep -qx 'nothing has changed' out
result $? 'nothing has changed then'
echo 0 >root/proc/sys/kernel/kptr_restrict
echo 0 >root/proc/sys/kernel/ftrace_enabled
gives 1 'holdfast: 1 required check fails: ftrace' 'what is bad fails without being asked for' \
	--root root
gives 1 'holdfast: 2 checks are worse than in base' 'what is worse than before fails' \
	--root root --baseline base
grep -qx 'worse   ftrace             good (1) -> bad (0)' out
result $? 'and is said'
gives 1 'holdfast: 2 checks are worse than in base' 'the same as JSON' \
	--root root --baseline base --json
says 'with what it was and is' "[x['id'] for x in d['changes']] == ['kptr-restrict', 'ftrace'] and
	all(x['worse'] for x in d['changes'])"
cp base worse
sed -i 's/"good"/"bad"/' worse
echo 1 >root/proc/sys/kernel/ftrace_enabled
echo 2 >root/proc/sys/kernel/kptr_restrict
gives 0 '' 'what is better than before does not' --root root --baseline worse
echo '{' >broken
gives 1 'holdfast: broken: it is not what --baseline or --json has written' \
	'a file that is none is refused' --root root --baseline broken

gives 2 "holdfast: there is no check 'lock'
$usage" 'a check that is not there is a wrong command line' --require ftrace,lock
gives 2 "holdfast: there is no check ''
$usage" 'and so is none' --require ''
gives 2 "holdfast: --explain takes one check
$usage" 'one is explained at a time' --explain ftrace,tpm
gives 2 "holdfast: --json, --sarif and --explain go with no other, and --baseline with --json alone
$usage" 'one form at a time' --json --sarif
gives 1 'holdfast: nowhere: No such file or directory' 'a root has to be there' --root nowhere
wanted='give the file that `holdfast policy compile` wrote'
gives 1 "holdfast: base: not a policy image (magic 20200a7b): $wanted" 'an image has to be one' \
	--root root --policy base

"$holdfast" posture check --json >out 2>err
[ $? -le 1 ]
result $? 'the host itself is looked at'
if [ "$(id -u)" = 0 ]; then
	setpriv --reuid 65534 --regid 65534 --clear-groups "$holdfast" posture check --json >out 2>err
	[ $? -le 1 ]
	result $? 'without any right, too'
fi

echo "1..$count"
exit $((failed > 0))
