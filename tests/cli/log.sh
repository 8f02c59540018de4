#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast log` on logs that log-peer.py has written, which verifies what it proves as well. TAP.
#
# usage: log.sh HOLDFAST
set -u

holdfast=$(realpath "$1")
peer=$(realpath "$(dirname "$0")/log-peer.py")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
name=holdfast.example/log
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
	head -n 20 err | sed 's/^/# err: /'
	failed=$((failed + 1))
}

# gives CODE PATTERN NAME ARGUMENT...: the exit code, and a line of stdout or stderr, or no line
gives() {
	local code=$1 pattern=$2 name=$3 got
	shift 3

	"$holdfast" log "$@" >out 2>err </dev/null
	got=$?
	cat out err | grep -Eq -- "$pattern" || [ ! "$pattern$(cat out err)" ]
	[ "$?$got" = "0$code" ]
	result $? "$name"
	[ "$got" = "$code" ] || echo "# exit code $got instead of $code"
}

# says NAME PYTHON: of the JSON in out, as d
says() {
	python3 -c "import json
d = json.load(open('out'))
assert ($2), d" 2>err
	result $? "$1"
}

# peer NAME ARGUMENT...: log-peer.py agrees
peer() {
	local said=$1
	shift

	"$peer" "$@" >out 2>err
	result $? "$said"
}

# differs NAME ARGUMENT...: log-peer.py does not
differs() {
	local said=$1
	shift

	! "$peer" "$@" >out 2>err
	result $? "$said"
}

key=$("$peer" key $name 1 log.pem)
other=$("$peer" key $name 1 other.pem)
alice=$("$peer" key alice.example 4 alice.pem)
bob=$("$peer" key bob.example 4 bob.pem)
for n in 0 1 256 700 70000; do
	"$peer" write log.$n $n log.pem $name
done

for n in 1 256 700 70000; do
	gives 0 "^$name: $n entries, verified from 0 to $((n - 1))\$" \
		"a log of $n entries is verified" verify log.$n --key "$key"
done
gives 0 "^$name: 0 entries" "a log of no entry is verified" verify log.0 --key "$key"
gives 0 '"verified": true' "and told to machines" verify log.700 --key "$key" --json
says "with all of it" "d['origin'] == '$name' and d['size'] == 700 and d['first'] == 0 and
	d['n_damages'] == 0 and d['damages'] == [] and len(d['root']) == 44"

cp -r log.700 bad
printf 'X' | dd of=bad/tile/entries/001 bs=1 seek=5 conv=notrunc 2>err
gives 1 "^bad/tile/entries/001: entry 256: tile/0/001 has other hashes" \
	"an entry that was changed is named" verify bad --key "$key"
gives 1 '"verified": false' "to machines as well" verify bad --key "$key" --json
says "with its file and index" "d['n_damages'] == 1 and
	d['damages'][0]['file'] == 'tile/entries/001' and d['damages'][0]['first'] == 256 and
	d['damages'][0]['entries'] == 1"
gives 1 "bad: its files do not give the checkpoint's root" "nothing is proven of it" \
	prove bad 256
gives 0 "^c2sp.org/tlog-proof@v1" "another entry is" prove bad 257
rm bad/tile/0/000 bad/tile/entries/000
cp log.700/tile/entries/001 bad/tile/entries/001
gives 1 "tile/0/000: entries 0 to 255: it is not there" "a tile that is gone is named" \
	verify bad --key "$key"
gives 0 "verified from 256 to 699" "unless it may be" verify bad --key "$key" --from 256
gives 1 "tile/0/000" "up to its last entry" verify bad --key "$key" --from 255
gives 1 "none from 701 on" "a log cannot be pruned beyond its end" verify bad --key "$key" \
	--from 701
sed 's/^700$/699/' log.700/checkpoint >bad/checkpoint
gives 1 "bad/checkpoint: the signature by $name is not its own" "a changed checkpoint is refused" \
	verify bad --key "$key"
gives 1 "not signed by $name" "another key is not believed" verify log.700 --key "$other"
gives 1 "no-such-log: No such file" "a folder that is not there" verify no-such-log --key "$key"
gives 2 "name the log's public key" "a key has to be named" verify log.700
gives 2 "key: the id of the key" "and be one" verify log.700 --key "${key/+/x+}"
gives 2 "is no index" "an index is a number" verify log.700 --key "$key" --from -1

for index in 0 255 256 699; do
	"$peer" entry $index >entry.$index
	gives 0 "" "entry $index is proven" prove log.700 $index -o proof.$index
	peer "and verified by the peer" included proof.$index "$key" entry.$index
done
"$holdfast" log prove log.70000 65536 >proof.65536
"$peer" entry 65536 >entry.65536
peer "one of a larger log as well" included proof.65536 "$key" entry.65536
differs "the peer takes no other entry" included proof.255 "$key" entry.256
gives 1 "none of index 700" "an entry that is not there" prove log.700 700
gives 0 '"index": 699' "a proof for machines" prove log.700 699 --json
says "with its hashes" "d['size'] == 700 and len(d['hashes']) > 2 and
	d['checkpoint'] == open('log.700/checkpoint').read()"
for n in 0 1 256 700; do
	gives 0 "" "70000 entries continue $n" prove log.70000 --since $n -o since.$n
	peer "and the peer agrees" continues since.$n "$key" log.$n
done
differs "the peer takes no other earlier log" continues since.256 "$key" log.700
gives 1 "it never had 701" "a log continues none that is larger" prove log.700 --since 701
gives 2 "INDEX of an entry, or --since" "one of both is asked for" prove log.700 3 --since 2
gives 2 "INDEX of an entry, or --since" "not none" prove log.700

cat >policy <<-EOF
	# whom we trust
	log $key https://example.org/log
	witness alice $alice
	witness bob $bob https://example.org/bob
	group both all alice bob
	quorum both
EOF
sed 's/^quorum.*/quorum none/' policy >policy.none
gives 0 "^entry 255 of $name, which had 700 entries\$" "a proof is checked" \
	check proof.255 --policy policy.none --entry entry.255
gives 1 "proof.255: the quorum 'both' is not met: 0 of 2" "witnesses may have to have cosigned" \
	check proof.255 --policy policy --entry entry.255
"$peer" cosign proof.255 alice.pem alice.example 1700000000
gives 1 "1 of 2" "all of them" check proof.255 --policy policy --entry entry.255
"$peer" cosign proof.255 bob.pem bob.example 1700000001
gives 0 "^cosigned by bob at 1700000001" "who and when is told" \
	check proof.255 --policy policy --entry entry.255
gives 0 '"verified": true' "to machines as well" check proof.255 --policy policy \
	--entry entry.255 --json
says "with the witnesses" "[w['name'] for w in d['witnesses']] == ['alice', 'bob'] and
	d['witnesses'][0]['time'] == 1700000000 and d['index'] == 255"
gives 1 "not shown that this is entry 255" "another entry is not shown" \
	check proof.255 --policy policy --entry entry.256
sed 's/^index 255/index 254/' proof.255 >proof.wrong
gives 1 "not shown that this is entry 254" "nor at another index" \
	check proof.wrong --policy policy --entry entry.255
sed "s|^log .*|log $other|" policy.none >policy.other
gives 1 "not signed by the key that the policy has" "a log of another key is not trusted" \
	check proof.255 --policy policy.other --entry entry.255
sed 's/^group.*/group both 3 alice bob/' policy >policy.wrong
gives 1 "policy.wrong:5: '3' is neither all, any nor a number from 1 to 2" \
	"a policy's error has its line" check proof.255 --policy policy.wrong --entry entry.255
gives 1 "policy:1: this is no proof" "what is no proof" \
	check policy --policy policy --entry entry.255
gives 2 "name whom to trust" "a policy has to be named" check proof.255 --entry entry.255

echo "1..$count"
[ "$failed" = 0 ]
