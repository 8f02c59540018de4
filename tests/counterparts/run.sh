#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Logs of our writer read by programs that are not ours, and theirs by `holdfast log`: all have to
# say the same, of good logs and of damaged ones. x/mod has to be there; what is in Debian unstable
# alone is skipped, by name, where it cannot be had. On loopback only. TAP.
#
# usage: run.sh BUILD
set -u

build=$(realpath "$1")
top=$(realpath "$(dirname "$0")/../..")
holdfast=$build/holdfast
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
count=0
failed=0

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
		return
	fi
	echo "not ok $count - $2"
	head -n 20 out | sed 's/^/# /'
	failed=$((failed + 1))
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # skip Debian unstable does not have it today: $(tail -n 1 unstable.log)"
}

if ! stable=$("$top/tools/fetch-counterparts.sh" stable 2>stable.log); then
	cp stable.log out
	result 1 "golang.org/x/mod is there: the machine's mirror has golang-go and its library"
	echo "1..$count"
	exit 1
fi
unstable=$("$top/tools/fetch-counterparts.sh" unstable 2>unstable.log) || unstable=
cat "$stable/versions" ${unstable:+"$unstable/versions"} | sort -u | sed 's/^/# /'

# ---- who judges a log: judge WHO DIR VKEY

judges=(holdfast x/mod ${unstable:+Tessera})

judge() {
	case $1 in
	holdfast) "$holdfast" log verify "$2" --key "$3" ;;
	x/mod) "$stable/xmod" log "$2" "$3" ;;
	# of some damages the library waits for ever
	Tessera) timeout 10 "$unstable/unstable" fsck "$2" "$3" ;;
	esac >>out 2>&1
}

# agree good|bad DIR VKEY NAME: all of them
agree() {
	local who wrong=0

	: >out
	for who in "${judges[@]}"; do
		if judge "$who" "$2" "$3"; then
			[ "$1" = good ] || { wrong=1 && echo "$who: accepted" >>out; }
		else
			[ "$1" = bad ] || { wrong=1 && echo "$who: refused" >>out; }
		fi
	done
	result $wrong "$4"
}

make_log() {
	"$build/tests/counterparts/make-log" "$@"
}

for n in 0 1 2 255 256 257 70000; do
	key=$(make_log "log.$n" "$n")
	agree good "log.$n" "$key" "a log of $n entries is good"
done
make_log grown 200 >out && make_log grown 257 >out
cmp -s grown/checkpoint log.257/checkpoint
result $? "a log that has grown is the one that was written at once"
agree good grown "$key" "and as good"

# ---- damages

# flip FILE OFFSET: one bit; from the end if it is negative
flip() {
	python3 - "$1" "$2" <<-'EOS'
		import sys
		data = bytearray(open(sys.argv[1], "rb").read())
		data[int(sys.argv[2])] ^= 1
		open(sys.argv[1], "wb").write(data)
	EOS
}

swap() {
	mv "$1" swapped && mv "$2" "$1" && mv swapped "$2"
}

# damaged SIZE NAME COMMAND...: in a copy of the log of that size, without what is the writer's own
damaged() {
	local of=$1 name=$2
	shift 2

	rm -rf bad
	mkdir bad
	cp -r "log.$of/checkpoint" "log.$of/tile" bad/
	if ! (cd bad && "$@"); then
		result 1 "of $of entries: $name"
		return
	fi
	agree bad bad "$key" "of $of entries: $name"
}

damaged 257 "the size is another" sed -i 's/^257$/256/' checkpoint
damaged 257 "a bit of the root is another" \
	python3 -c 'lines = open("checkpoint").read().split("\n")
lines[2] = ("B" if lines[2][0] == "A" else "A") + lines[2][1:]
open("checkpoint", "w").write("\n".join(lines))'
damaged 257 "a bit of the signature is another" flip checkpoint -20
damaged 257 "there is no checkpoint" rm checkpoint
for n in 257 70000; do
	damaged $n "a bit of a full tile" flip tile/0/000 4000
	damaged $n "the last bit of one" flip tile/0/000 -1
	damaged $n "a bit of the tile above" flip "tile/1/000$([ $n = 70000 ] || echo .p/1)" 5
	damaged $n "a bit of an entry" flip tile/entries/000 600
	damaged $n "a bit of an entry's length" flip tile/entries/000 1
	damaged $n "a tile that is cut short" truncate -s -32 tile/0/000
	damaged $n "a tile without its last byte" truncate -s -1 tile/0/000
	damaged $n "a bundle without its last byte" truncate -s -1 tile/entries/000
	damaged $n "a bundle of nothing" truncate -s 0 tile/entries/000
	damaged $n "a tile that is gone" rm tile/0/000
	damaged $n "a bundle that is gone" rm tile/entries/000
done
damaged 70000 "two tiles that are swapped" swap tile/0/001 tile/0/002
damaged 70000 "two bundles that are swapped" swap tile/entries/001 tile/entries/272
damaged 70000 "the last tile of the second level" flip tile/1/001.p/17 -1
damaged 70000 "the root's own tile" flip tile/2/000.p/1 0
for at in 1 511 1024 2047 3333 5120 6001 8190; do
	damaged 257 "the bit at $at of the tile" flip tile/0/000 $at
done
other=$(openssl genpkey -algorithm ed25519 -outform DER | tail -c 32 | python3 -c '
import base64, hashlib, sys
name, key = sys.argv[1], b"\1" + sys.stdin.buffer.read()
print("%s+%s+%s" % (name, hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8],
                    base64.b64encode(key).decode()))' "${key%%+*}")
agree bad log.257 "$other" "signed by another key"

# ---- proofs

# entry_of DIR INDEX: its bytes, from a full bundle or the last one
entry_of() {
	python3 - "$@" <<-'EOS'
		import glob, struct, sys
		index = int(sys.argv[2])
		[name] = glob.glob("%s/tile/entries/%03d" % (sys.argv[1], index // 256)) or \
		    glob.glob("%s/tile/entries/%03d.p/*" % (sys.argv[1], index // 256))
		data = open(name, "rb").read()
		for _ in range(index % 256):
		    data = data[2 + struct.unpack(">H", data[:2])[0]:]
		sys.stdout.buffer.write(data[2:2 + struct.unpack(">H", data[:2])[0]])
	EOS
}

printf 'log %s\nquorum none\n' "$key" >policy
entry_of log.70000 1 >entry.other
for index in 0 255 256 49 65535 69999; do
	entry_of log.70000 $index >entry
	"$holdfast" log prove log.70000 $index -o proof >out 2>&1 &&
		"$stable/xmod" included proof "$key" entry >>out 2>&1
	result $? "x/mod takes our proof of entry $index"
	! "$stable/xmod" included proof "$key" entry.other >out 2>&1
	result $? "and takes no other entry"
	if [ "$unstable" ]; then
		"$unstable/unstable" proof policy proof entry >out 2>&1 &&
			! "$unstable/unstable" proof policy proof entry.other >>out 2>&1
		result $? "torchwood says the same of $index"
	else
		skip "torchwood says the same of $index"
	fi
done
for n in 1 2 255 256 257 70000; do
	"$holdfast" log prove log.70000 --since $n -o since >out 2>&1 &&
		"$stable/xmod" continues since "$key" log.$n/checkpoint >>out 2>&1 &&
		"$holdfast" log check since --policy policy --since log.$n/checkpoint >>out 2>&1
	result $? "70000 entries continue $n, for x/mod and for us"
done
make_log forked 257 3 >out
agree good forked "$key" "a second history is as good a log"
"$holdfast" log prove log.70000 --since 257 -o since >out 2>&1
! "$stable/xmod" continues since "$key" forked/checkpoint >>out 2>&1 &&
	! "$holdfast" log check since --policy policy --since forked/checkpoint >>out 2>&1 &&
	grep -q "forked, or the proof" out
result $? "but not continued by the first, for x/mod and for us"

# ---- what others write

if [ "$unstable" ]; then
	for n in 1 256 700; do
		"$unstable/unstable" write "theirs.$n" $n >"key.$n" 2>out
		agree good "theirs.$n" "$(cat "key.$n")" "Tessera's log of $n entries is good"
	done
	flip theirs.700/tile/entries/001 300
	agree bad theirs.700 "$(cat key.700)" "and bad when a bit is another"
else
	for n in 1 256 700; do
		skip "Tessera's log of $n entries is good"
	done
	skip "Tessera's fsck judges each log above"
fi

# ---- a witness that is not ours

tool() {
	"$unstable/ld-linux-x86-64.so.2" --library-path "$unstable" "$unstable/$1" "${@:2}"
}

# reached COMMAND...: within some seconds, as long as the last process that was started lives
reached() {
	local end=$((SECONDS + 10))

	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] && kill -0 "${pids[-1]}" || return 1
	done
}

listens() {
	(exec 3<>"/dev/tcp/localhost/$port")
}

start_witness() {
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("localhost", 0))
print(s.getsockname()[1])')
	tool ssh-keygen -q -t ed25519 -N "" -C witness -f id &&
		{ tool ssh-agent -D -a "$work/agent" >agent.log 2>&1 & } && pids+=($!) &&
		reached test -S agent &&
		SSH_AUTH_SOCK=$work/agent tool ssh-add -q id &&
		tool witnessctl add-log -db w.db -origin "${key%%+*}" &&
		tool witnessctl add-key -db w.db -origin "${key%%+*}" -key "$key" &&
		{ tool litewitness -name witness.example/w -db w.db -ssh-agent "$work/agent" \
			-key "$(tool ssh-keygen -lf id.pub | cut -d ' ' -f 2)" \
			-listen "localhost:$port" >witness.log 2>&1 & } && pids+=($!) &&
		reached listens
}

# asked CODE PATTERN NAME DIR: `holdfast log witness`
asked() {
	local got

	"$holdfast" log witness --policy policy.w --output cosigned --log "$4" >out 2>&1
	got=$?
	grep -Eq "$2" out
	[ "$?$got" = "0$1" ]
	result $? "$3"
}

witness_tests=("litewitness cosigns our checkpoint" "and the next one, from the size that it has"
	"a proof with its cosignature is taken by torchwood" "and by us"
	"litewitness refuses a fork (422), and we say so"
	"litewitness refuses a rollback (409), and we say so"
	"what it does not know it does not cosign (404)")
if [ -z "$unstable" ]; then
	for name in "${witness_tests[@]}"; do
		skip "$name"
	done
elif ! start_witness >out 2>&1; then
	cat witness.log >>out
	result 1 "litewitness starts"
else
	vkey=$(sed -n 's/.*vkey=//p' witness.log | head -n 1)
	printf 'log %s\nwitness w %s http://localhost:%s\nquorum w\n' "$key" "$vkey" "$port" \
		>policy.w
	asked 0 "checkpoint of 256 entries is cosigned" "${witness_tests[0]}" log.256
	asked 0 "checkpoint of 257 entries is cosigned" "${witness_tests[1]}" log.257
	entry_of log.257 200 >entry
	"$holdfast" log prove log.257 200 --checkpoint cosigned -o proof >out 2>&1 &&
		"$unstable/unstable" proof policy.w proof entry >>out 2>&1
	result $? "${witness_tests[2]}"
	"$holdfast" log check proof --policy policy.w --entry entry >out 2>&1
	result $? "${witness_tests[3]}"
	make_log forked 300 3 >out
	asked 1 "witness w: forked: .*\(422\)" "${witness_tests[4]}" forked
	asked 1 "witness w: rolled back: it has seen 257 entries" "${witness_tests[5]}" log.255
	sed "s|^log .*|log $(cat key.256)|" policy.w >policy.theirs
	! "$holdfast" log witness --policy policy.theirs --log theirs.256 >out 2>&1 &&
		grep -q "(404)" out
	result $? "${witness_tests[6]}"
fi

echo "1..$count"
[ "$failed" = 0 ]
