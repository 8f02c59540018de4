#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast object` from outside: which object of a file is read, and what is said of those that
# cannot be. TAP.
#
# usage: object-choice.sh HOLDFAST AGENT.bpf.o BARE.bpf.o
set -u

holdfast=$(realpath "$1")
agent=$(realpath "$2")
bare=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

# gives NAME CODE TEXT ARGUMENT...: one run, its exit code, and a text on stdout or stderr
gives() {
	local name=$1 code=$2 text=$3 got
	shift 3

	"$holdfast" object "$@" >out 2>err
	got=$?
	count=$((count + 1))
	if [ "$got" = "$code" ] && grep -qF -- "$text" out err; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		{ echo "exit code $got instead of $code; no \"$text\" in:" && cat out err; } |
			sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# first NAME FILE KEY: the first member of each item of the JSON's arrays is the name
first() {
	local name=$1

	count=$((count + 1))
	if python3 -c '
import json, sys
got = json.loads(sys.stdin.read())
items = [i for key in sys.argv[1:] for i in got[key]]
sys.exit(not items or any(list(i)[0] != "name" for i in items))' "${@:2}" <out; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		failed=$((failed + 1))
	fi
}

# members NAME WHERE MEMBER...: what the JSON, or the items of an array of it, have at the least
members() {
	local name=$1

	count=$((count + 1))
	if python3 -c '
import json, sys
got, where, wanted = json.loads(sys.stdin.read()), sys.argv[1], set(sys.argv[2:])
lack = [wanted - set(i) for i in (got[where] if where else [got])]
sys.exit(not lack or any(lack))' "${@:2}" <out; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' out
		failed=$((failed + 1))
	fi
}

{ head -c 777 /dev/zero && cat "$agent" && head -c 33 /dev/zero && cat "$bare"; } >two
{ head -c 777 /dev/zero && cat "$agent"; } >one
head -c 3000 "$agent" >short
{ head -c 5 "$agent" && printf '\002' && tail -c +7 "$agent" | head -c 12 && printf '\000\367' &&
	tail -c +21 "$agent"; } >big
echo 'no object' >text

gives 'a file is asked for' 2 'FILE' inspect
gives 'a file that is not there is named' 1 'none: No such file' inspect none
gives 'a text is no object' 1 'text: neither a BPF object nor a program that carries one' \
	inspect text
gives 'an object that is cut off is refused' 1 'short: it is cut off' inspect short
gives 'a big-endian object is called so' 1 'big: it is a big-endian object' inspect big
gives 'nor is either loaded' 1 'short: it is cut off' load short
gives 'but told why not' 1 'big: it is a big-endian object' load big
gives 'what libbpf does not take is not loaded' 1 'libbpf does not take the object' load "$bare"
gives 'an object is read' 0 'tracepoint syscalls/sys_enter_execve' inspect "$agent"
gives 'a single object in a file is read' 0 'object 1 of 1, at byte 777' inspect one
gives 'of two, one must be chosen' 1 'two carries 2 objects, choose one with --object' inspect two
gives 'they are listed with a program' 1 'with the program enter' inspect two
gives 'by number' 0 'object 2 of 2' inspect two --object 2
gives 'by a program of it' 0 'object 2 of 2' inspect two --object only
gives 'not by a number that is too high' 1 'no object has the number "3"' inspect two --object 3
gives 'nor by 0' 1 'no object has the number "0"' inspect two --object 0
gives 'nor by half a number' 1 'no object has the number "1x"' inspect two --object 1x
gives 'advice comes with a reason' 0 'the kernel makes no map of this type with it' advise "$agent"
gives 'and with a patch' 0 '+	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG);' \
	advise "$agent"
gives 'inspect has JSON' 0 '"programs": [' inspect --json "$agent"
first 'with names first' programs maps
members 'whose form stays' '' offset bytes sha256 license btf programs maps features
members 'that of programs' programs name section type attach target sleepable autoload bytes \
	instructions sha256 helpers kfuncs maps
members 'that of maps' maps name type key_size value_size max_entries flags pinning writers \
	key_type value_type
members 'that of features' features kind name since
gives 'advise has JSON' 0 '"read_only_why": ' advise --json "$agent"
first 'with names first as well' maps
members 'and its form stays' '' sha256 maps patch
members 'that of maps as well' maps name type writers freeze freeze_why read_only read_only_why

echo "1..$count"
exit $((failed > 0))
