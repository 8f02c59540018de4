#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast log check --since`, `log witness` and `log status`, on logs that log-peer.py has
# written, and with witness-peer.py as the witness, on loopback. TAP.
#
# usage: log-witness.sh HOLDFAST
set -u

holdfast=$(realpath "$1")
peer=$(realpath "$(dirname "$0")/log-peer.py")
witness=$(realpath "$(dirname "$0")/witness-peer.py")
work=$(mktemp -d)
pids=()
trap '[ ${#pids[@]} = 0 ] || kill "${pids[@]}"; rm -rf "$work"' EXIT
cd "$work" || exit 1
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
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

# gives CODE PATTERN NAME ARGUMENT...: the exit code, and a line of stdout or stderr
gives() {
	local code=$1 pattern=$2 name=$3 got
	shift 3

	"$holdfast" log "$@" >out 2>err </dev/null
	got=$?
	cat out err | grep -Eq -- "$pattern"
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

# serve NAME: starts a witness, its URL in $url
serve() {
	local port

	mkfifo "port.$1"
	"$witness" "port.$1" "$key" "$1.pem" "$1.example" 2>"served.$1" &
	pids+=($!)
	read -r port <"port.$1"
	url=http://localhost:$port
}

key=$("$peer" key $name 1 log.pem)
other=$("$peer" key $name 1 other.pem)
for who in alice bob; do
	declare "$who=$("$peer" key $who.example 4 $who.pem)"
done
for n in 0 1 256 300 700; do
	"$peer" write log.$n $n log.pem $name
done
# as if the host had a second history: another entry 3, all else alike
cp -r log.700 forked
python3 -B - "$peer" log.pem $name <<-'EOS'
	import importlib.machinery, importlib.util, sys
	loader = importlib.machinery.SourceFileLoader("peer", sys.argv[1])
	peer = importlib.util.module_from_spec(importlib.util.spec_from_loader("peer", loader))
	loader.exec_module(peer)
	right = peer.entry
	peer.entry = lambda index: b"another" if index == 3 else right(index)
	for n in 300, 700:
	    peer.write("forked.%d" % n, n, sys.argv[2], sys.argv[3])
EOS

# ---- check --since

printf 'log %s\nquorum none\n' "$key" >policy.none
printf 'log %s\nquorum none\n' "$other" >policy.other
gives 0 "^$name: the log of 700 entries continues the one that had 300\$" \
	"a log's folder continues an earlier checkpoint" \
	check log.700 --since log.300/checkpoint --policy policy.none
"$holdfast" log prove log.700 --since 300 >since.300
gives 0 "continues the one that had 300" "so does a proof of it" \
	check since.300 --since log.300/checkpoint --policy policy.none
gives 0 '"verified": true' "which machines are told" \
	check since.300 --since log.300/checkpoint --policy policy.none --json
says "with both sizes" "d['since'] == 300 and d['size'] == 700 and d['origin'] == '$name' and
	d['witnesses'] == [] and d['root'] != d['since_root']"
for n in 0 1 256 700; do
	gives 0 "continues the one that had $n\$" "700 entries continue $n" \
		check log.700 --since log.$n/checkpoint --policy policy.none
done
gives 1 "rolled back: the log had 700 entries, and a checkpoint that says to be later has 300" \
	"a log that was rolled back is refused" \
	check log.300 --since log.700/checkpoint --policy policy.none
gives 1 "forked: the first 300 entries of the log have another root now" \
	"a log with another past is refused" \
	check forked.700 --since log.300/checkpoint --policy policy.none
gives 1 "forked: the log has signed two checkpoints of 300 entries with different roots" \
	"so are two of one size" check forked.300 --since log.300/checkpoint --policy policy.none
"$holdfast" log prove forked.700 --since 300 >since.forked
gives 1 "since.forked: forked, or the proof is another one's" "a proof of that past shows nothing" \
	check since.forked --since log.300/checkpoint --policy policy.none
gives 1 "the proof begins at 300 entries, the earlier checkpoint has 256" \
	"a proof is of the size that it says" \
	check since.300 --since log.256/checkpoint --policy policy.none
gives 1 "not signed by the key that the policy has" "who signed is looked at" \
	check log.700 --since log.300/checkpoint --policy policy.other
sed "s/^300$/299/" log.300/checkpoint >changed
gives 1 "the signature by $name is not its own" "of the earlier checkpoint as well" \
	check log.700 --since changed --policy policy.none
gives 1 "log.300/checkpoint:1: this is no proof that a log continues" "what is no proof" \
	check log.300/checkpoint --since log.300/checkpoint --policy policy.none
gives 2 "or an earlier checkpoint, by --since" "an entry or an earlier checkpoint" \
	check since.300 --policy policy.none
gives 2 "or an earlier checkpoint, by --since" "not both" \
	check since.300 --since log.300/checkpoint --entry policy.none --policy policy.none
gives 2 "a proof has one" "a proof has its checkpoint" check since.300 \
	--since log.300/checkpoint --checkpoint log.700/checkpoint --policy policy.none

# ---- witness

serve alice
alice_url=$url
serve bob
# shellcheck disable=SC2154 # by declare
cat >policy <<-EOF
	log $key
	witness alice $alice $alice_url/ok/
	witness bob $bob $url/ok
	group both all alice bob
	quorum both
EOF
gives 1 "quorum 'both' is not met: 0 of 2" "nobody has cosigned yet" \
	status --log log.300 --policy policy
gives 0 "checkpoint of 300 entries is cosigned by the quorum" "witnesses cosign a checkpoint" \
	witness --log log.300 --policy policy --output cosigned.300 --state state
"$peer" entry 7 >entry.7
"$holdfast" log prove log.300 7 --checkpoint cosigned.300 -o proof.7
gives 0 "^cosigned by bob at 1[0-9]{9}\$" "a proof has their cosignatures" \
	check proof.7 --policy policy --entry entry.7
[ "$(cat state)" = "holdfast witness 1
$name
300 alice
300 bob" ]
result $? "what they have seen is kept"
gives 0 "cosigned by alice" "again, from where they are" \
	witness --log log.700 --policy policy --output cosigned.700 --state state
gives 0 "cosigned by alice" "and without knowing where that is" \
	witness --log log.700 --policy policy
gives 0 "continues the one that had 300" "a cosigned checkpoint is one to be checked" \
	check log.700 --checkpoint cosigned.700 --since cosigned.300 --policy policy
cp cosigned.700 log.700/checkpoint
gives 0 "^quorum +holds" "the state of a log says so" status --log log.700 --policy policy
cp cosigned.700 before
gives 1 "witness alice: forked: what it has seen of $name, with 700 entries" \
	"a fork is refused by the witnesses" \
	witness --log forked.700 --policy policy --output cosigned.700
gives 1 "quorum 'both' is not met: 0 of 2" "and no quorum met" \
	witness --log forked.700 --policy policy --output cosigned.700
cmp -s before cosigned.700
result $? "what was cosigned before stays"
gives 1 "witness bob: rolled back: it has seen 700 entries of $name, which has 300 now" \
	"a log that was rolled back is told" witness --log log.300 --policy policy
gives 1 "witness alice: rolled back: it has seen 700 entries" "without asking, by what was kept" \
	witness --log log.300 --policy policy --state state
printf 'holdfast witness 1\n%s\n300 alice\nbob 300\n' $name >state.bad
gives 1 "state.bad:4: the line has to be a number of entries" "what was kept is read strictly" \
	witness --log log.700 --policy policy --state state.bad

# misbehaves PATH PATTERN NAME
misbehaves() {
	cat >policy.bad <<-EOF
		log $key
		witness alice $alice $alice_url/$1
		quorum alice
	EOF
	gives 1 "$2" "$3" witness --log log.256 --policy policy.bad --output never
}
misbehaves behind "alice: it says another size each time" "a witness that is never content"
misbehaves elsewhere "alice: it sends us elsewhere \(307\)" "one that redirects is not followed"
misbehaves forged "alice: its answer is no cosignature of the checkpoint" \
	"one that signs another text"
misbehaves stranger "alice: it answers with cosignatures, none of them by its key" \
	"one that answers with another's"
misbehaves long "answer has more than 65536 bytes" "one that answers without end"
misbehaves mute "alice: its answer is no cosignature" "one that says nothing"
misbehaves deaf "alice: it does not understand" "one that understands nothing"
misbehaves nowhere "alice: it answers 500" "one that is out of order"
[ ! -e never ]
result $? "nothing is written for those"
sed "s|$alice_url/ok/|http://localhost:1/ok|; s/^group both all/group both any/" policy >policy.any
gives 0 "cosigned by bob" "one of two may be away if the quorum is met" \
	witness --log log.700 --policy policy.any
grep -q "witness alice: http://localhost:1/ok/add-checkpoint: " err
result $? "and it is said who"
sed "s|http://[^ ]*|ftp://localhost/|" policy >policy.ftp
gives 1 "neither http:// nor https://" "HTTP alone is spoken" \
	witness --log log.700 --policy policy.ftp
sed "s| http://[^ ]*||" policy >policy.mute
gives 1 "no witness has a URL" "somebody has to be asked" \
	witness --log log.700 --policy policy.mute
sed "s|^log .*|log $other|" policy >policy.stranger
gives 1 "log.700/checkpoint: the checkpoint is not signed by the key" \
	"nobody is asked to vouch for another's log" \
	witness --log log.700 --policy policy.stranger
gives 2 "name the witnesses" "a policy has to be named" witness --log log.700
gives 2 "every takes seconds" "seconds are a number" witness --log log.700 --policy policy \
	--every 0
gives 2 "one of both" "once is not every" witness --log log.700 --policy policy --every 1 --once
timeout 3 "$holdfast" log witness --log log.700 --policy policy --every 1 >out 2>err
[ "$(grep -c "is cosigned by the quorum" out)" -ge 2 ]
result $? "again and again if that is asked for"

# ---- status

gives 0 "^entries +700, kept from 0 on\$" "what a log has" status --log log.700
gives 0 "^log's signature holds" "who has signed it" status --log log.700 --key "$key"
gives 1 "^log's signature it is not signed by" "or has not" status --log log.700 --key "$other"
gives 0 '"quorum": true' "machines are told as well" status --log log.700 --policy policy --json
says "all of it" "d['origin'] == '$name' and d['size'] == 700 and d['signature'] is True and
	len(d['witnesses']) == 2 and d['unsigned'] is None and d['first'] == 0 and
	len(d['signatures']) == 3 and d['age'] >= 0"
printf '700\n256\n' >log.700/retention
gives 0 "^entries +700, kept from 256 on\$" "what was pruned" status --log log.700
echo x >log.700/retention
gives 1 "log.700/retention: it is not a size and the first index" "is read strictly" \
	status --log log.700
gives 2 "name one of both" "a key or a policy" status --log log.700 --key "$key" --policy policy

echo "1..$count"
[ "$failed" = 0 ]
