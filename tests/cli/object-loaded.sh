#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast object advise` on what this kernel has loaded: an object of the tests, whose file is
# advised on as well, and a process that holds it. Needs root, and no guard. TAP.
#
# usage: object-loaded.sh HOLDFAST LOADED.bpf.o
set -u

PATH=$PATH:/usr/sbin
if [ "${1:-}" != inside ]; then
	if ! unshare --mount bpftool prog show >/dev/null 2>&1; then
		echo "1..0 # SKIP who runs this may not ask for programs"
		exit 0
	fi
	exec unshare --mount "$0" inside "$(realpath "$1")" "$(realpath "$2")"
fi

holdfast=$2
object=$3
work=$(mktemp -d)
holder=
trap 'kill $holder 2>/dev/null; umount "$work/bpf"; rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

# check NAME CMD...: one result; what CMD says only if it fails
check() {
	count=$((count + 1))
	if "${@:2}" >said 2>&1; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		sed 's/^/# /' said
		failed=$((failed + 1))
	fi
}

# exits CODE TEXT CMD...: and says TEXT
exits() {
	local got=0

	"${@:3}" >out 2>&1 || got=$?
	[ "$got" = "$1" ] && grep -qF -- "$2" out && return
	cat out
	return 1
}

advise() {
	"$holdfast" object advise --json "$@"
}

# told MAP KEY VALUE: what loaded.json says of a map
told() {
	python3 - "$@" <<'EOF'
import json, sys
name, key, value = sys.argv[1:]
maps = [m for m in json.load(open("loaded.json"))["maps"] if m["name"] == name]
print(maps)
sys.exit(len(maps) != 1 or value not in json.dumps(maps[0][key]))
EOF
}

# Of each map of the file: who writes it, and whether it can be read-only to programs.
same() {
	python3 - <<'EOF'
import json, sys
def of(path):
    return {m["name"]: (m["writers"], m["read_only"]) for m in json.load(open(path))["maps"]}
file, loaded = of("file.json"), of("loaded.json")
wrong = ["%s: %s in the file, %s loaded" % (n, file[n], loaded.get(n))
         for n in sorted(file) if file[n] != loaded.get(n)]
print("\n".join(wrong))
sys.exit(bool(wrong) or len(file) < 17)
EOF
}

first_is_name() {
	python3 -c 'import json
maps = json.load(open("loaded.json"))["maps"]
assert maps and all(list(m)[0] == "name" for m in maps)'
}

load() {
	mkdir bpf && mount -t bpf bpf bpf && mkdir bpf/maps &&
		bpftool prog loadall "$object" bpf/programs pinmaps bpf/maps &&
		bpftool map freeze pinned bpf/maps/filled &&
		for pin in bpf/maps/*; do bpftool map show pinned "$pin"; done |
			sed -n 's/^\([0-9]*\): .*/\1/p' >ids
}

# Of all maps those that are pinned here: others may have the like of them.
ours() {
	"$holdfast" object advise --json --all >all.json && python3 -c 'import json
told = json.load(open("all.json"))
ids = {int(i) for i in open("ids")}
told["maps"] = [m for m in told["maps"] if m["id"] in ids]
json.dump(told, open("loaded.json", "w"))'
}

# Ends with the line that says so, or with the process.
held() {
	mkfifo pipe
	"$holdfast" object load "$object" >pipe 2>&1 &
	holder=$!
	grep -m 1 'in force' pipe
}

check 'the object is loaded' load
advise "$object" >file.json
check 'all maps are advised on' ours
check 'in the words that the file gets' same
check 'with names first' first_is_name
check 'a frozen map is' told filled frozen true
check 'and need not be frozen' told filled freeze already
check 'another is not' told array_read frozen false
check 'nor is one with a lock to be' told with_lock freeze_why bpf_spin_lock
check 'a store is told with its place' told hash_stored read_only_why \
	'the function stores (program '
check 'who reads it learns when the flag is given' told hash_read read_only_why \
	'only who creates it can give it the flag'
check 'a map of maps names them' told outer inner in_slot
check 'which may be written unseen' told in_slot read_only_why 'without naming it'
check 'the text has the same' exits 0 'array_stored (map ' "$holdfast" object advise --all
check 'with what is in a map of maps' grep -q 'maps in it  *in_slot (map ' out

check 'who holds nothing has no maps' exits 0 'no maps' "$holdfast" object advise --pid $$
check 'a process holds the object' held
advise --pid "$holder" >loaded.json
check 'its maps are advised on' told hash_read read_only yes
check "and nobody else's" told hash_stored read_only no
check 'by the other process they are not there' sh -c "'$holdfast' object advise --pid $$ |
	grep -q 'no maps'"

check 'a process that is not there is named' exits 1 'there is no process 999999999' \
	"$holdfast" object advise --pid 999999999
check 'so is a unit in which nothing runs' exits 1 'nothing-here.service' \
	"$holdfast" object advise --unit nothing-here
check 'who may not ask learns what is missing' exits 1 'it needs CAP_SYS_ADMIN' \
	setpriv --bounding-set=-sys_admin "$holdfast" object advise --all
check 'one of the four is asked for' exits 2 'name one of' \
	"$holdfast" object advise --all --pid 1
check 'and not none' exits 2 'name a FILE' "$holdfast" object advise
check 'a number is a number' exits 2 'no process' "$holdfast" object advise --pid 1x
check 'a unit has a name' exits 2 'no unit' "$holdfast" object advise --unit a/../b

echo "1..$count"
exit $((failed > 0))
