#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast drill` from outside, as far as it goes without attacking anybody. TAP.
#
# usage: drill.sh HOLDFAST
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
	sed 's/^/# out: /' out
	sed 's/^/# err: /' err
	failed=$((failed + 1))
}

# gives CODE STDERR NAME ARGUMENT...: the exit code, and all of what is said
gives() {
	local code=$1 said=$2 name=$3 got
	shift 3

	"$holdfast" "$@" >out 2>err </dev/null
	got=$?
	[ "$got" = "$code" ] && [ "$(cat err)" = "$said" ]
	result $? "$name"
	[ "$got" = "$code" ] || echo "# exit code $got instead of $code"
}

usage='holdfast: `holdfast drill help` says how it is used'
gives 0 '' 'the list is printed without a guard, a canary, or root' drill --list
[ "$(grep -cE '^[MPLFIATK][0-9]{2} ' out)" = 152 ]
result $? 'it has each row of the catalogue'
grep -qx 'M01  S   maps     write a value into somebody.s map, reached by its id' out
result $? 'a row has its class, family and title'
grep -qx '         map-update           map update by id' out
result $? 'its techniques stand below it'
grep -q '^         umount  .*(guest only)$' out
result $? 'what endangers the host is marked'
grep -q '^K11 .*(open)$' out && ! grep -q '^M01 .*(open)$' out
result $? 'a row without a technique is open'
gives 0 '' 'the list as JSON' drill --list --json
python3 - <<-'EOF' >err 2>&1
	import json
	rows = json.load(open("out"))["rows"]
	assert len(rows) == 152, len(rows)
	assert all(set(r) == {"id", "family", "class", "title", "techniques"} for r in rows)
	first = rows[0]["techniques"][0]
	assert set(first) == {"technique", "what", "neighbour", "guest_only"}, first
EOF
result $? 'it has the keys that the manual names'
gives 2 "holdfast: the catalogue has no row 'X99'
$usage" 'a row that is not there is a wrong command line' drill --only X99
gives 2 "holdfast: unknown option --attack
$usage" 'an unknown option is a wrong command line' drill --attack
if [ "$(id -u)" = 0 ]; then
	unshare --user "$holdfast" drill >out 2>err </dev/null
else
	"$holdfast" drill >out 2>err </dev/null
fi
[ $? = 1 ] && [ "$(cat err)" = 'holdfast: the drill attacks as root does: run it as root' ]
result $? 'who is not root attacks nobody'

echo "1..$count"
exit $((failed > 0))
