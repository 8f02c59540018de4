#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast events` and `holdfast export` on logs of the library that holdfastd writes its own with:
# what rsyslogd takes, promtool and a strict parser of OpenMetrics read, and export-peer.py
# recomputes of the entries. TAP.
#
# usage: export.sh HOLDFAST MAKE-LOG
set -u

holdfast=$(realpath "$1")
make_log=$(realpath "$2")
top=$(realpath "$(dirname "$0")/../..")
peer=$top/tests/cli/export-peer.py
origin=host.example/decisions
# in memory if that can be: each checkpoint is synced
work=$(mktemp -d -p /dev/shm 2>/dev/null) || work=$(mktemp -d)
running=()
trap 'kill "${running[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
chmod 755 "$work"
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
	head -n 20 out | cut -c 1-300 | sed 's/^/# out: /'
	head -n 20 err | cut -c 1-300 | sed 's/^/# err: /'
	failed=$((failed + 1))
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# gives CODE PATTERN NAME COMMAND...: the exit code, and a line of stdout or stderr, or no line
gives() {
	local code=$1 pattern=$2 name=$3 got
	shift 3

	timeout 60 "$@" >out 2>err </dev/null
	got=$?
	cat out err | grep -Eq -- "$pattern" || [ ! "$pattern$(cat out err)" ]
	[ "$?$got" = "0$code" ]
	result $? "$name"
	[ "$got" = "$code" ] || echo "# exit code $got instead of $code"
}

# peer NAME ARGUMENT...: export-peer.py agrees
peer() {
	local said=$1
	shift

	"$peer" "$@" >out 2>err
	result $? "$said"
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift

	until "$@" 2>/dev/null; do
		[ $SECONDS -lt $end ] || return 1
		read -rt 0.1 <> <(:) || :
	done
}

size=0
key=

# grow COUNT EACH: so many entries more, a checkpoint after each EACH
grow() {
	"$peer" generate $size "$1" "$2" >new
	key=$("$make_log" log $origin <new 2>err) || result 1 "a log is made"
	grep -v '^$' new >>entries
	size=$((size + $1))
}

# ---- events

gives 1 "no-log: there is no log: no guard was ever up" "without a log there are no events" \
	"$holdfast" events --log no-log
grow 3000 700
gives 0 '^\{"event":' "events are printed for machines" "$holdfast" events --json --log log
cp out lines
peer "each with the bytes that were hashed, and its place" line lines entries
gives 0 '"class_uid":2004' "and as events of OCSF" "$holdfast" events --ocsf --log log --key "$key"
cp out ocsf
peer "each with what its class requires" ocsf ocsf entries
gives 0 "refused +M01" "and for people" "$holdfast" events --log log
[ "$(wc -l <out)" = 3001 ]
result $? "each on a line"
gives 0 '"index":2990,' "from an index on" "$holdfast" events --json --log log --from 2990
[ "$(wc -l <out)" = 10 ]
result $? "and none before"
gives 2 "is no index" "an index is a number" "$holdfast" events --log log --from x
gives 2 "two forms" "of two forms one is asked for" "$holdfast" events --log log --json --ocsf
gives 1 "no key that is known" "what another has signed is not shown" \
	"$holdfast" events --log log --key "$("$make_log" other other.example </dev/null)"
"$holdfast" events --json --log log --from 1 | head -n 1 >line
head -n 2 entries | tail -n 1 >bare
"$holdfast" guard explain - <line >out 2>err && cp out explained
"$holdfast" guard explain - <bare >out 2>err
grep -q "^tried" explained && cmp out explained >>err
result $? "a line with its place is explained as its entry is"
gives 0 " of 28[0-9][0-9] events" "a policy is held against the log" \
	"$holdfast" events --log log --replay "$top/policies/xdp-filter.yaml"

"$holdfast" events -f --json --log log >followed 2>err &
running+=($!)
until_true 20 grep -q '"index":2999,' followed
result $? "what is followed begins with what was there"
[ "$(wc -l <followed)" = 10 ]
result $? "the last ten of it"
grow 20 7
until_true 20 grep -q '"index":3019,' followed
result $? "and goes on with what comes"
"$holdfast" events --json --log log --from 2990 | cmp - followed >out 2>err
result $? "each once"

cp -r log bad
printf X | dd of=bad/tile/entries/001 bs=1 seek=9 conv=notrunc 2>err
gives 1 "bad/tile/entries/001" "what is not in the tree is not shown" \
	"$holdfast" events --json --log bad --key "$key" --from 300
cp -r log pruned
"$make_log" pruned $origin 1000 </dev/null >out 2>err
gives 0 "entries 0 to 767 were pruned" "what was asked for and pruned is said" \
	"$holdfast" events --json --log pruned --from 0
gives 0 '"index":768,' "and the rest is shown" "$holdfast" events --json --log pruned
if [ "$(id -u)" = 0 ]; then
	cp "$holdfast" reader
	cp -r log grouped
	chgrp -R 54321 grouped && chmod -R o= grouped
	nobody=(setpriv --reuid 65534 --regid 65534 --inh-caps=-all)
	gives 0 '"index":3019' "a reader needs the group of the log alone" \
		"${nobody[@]}" --groups 54321 ./reader events --json --log grouped
	gives 1 "grouped.*Permission denied" "and that he needs" \
		"${nobody[@]}" --clear-groups ./reader events --log grouped
fi

# ---- peers

peers=$("$top/tools/fetch-peers.sh" 2>err) || peers=
libraries=$peers/usr/lib/$(uname -m)-linux-gnu
export PYTHONPATH=$peers/usr/lib/python3/dist-packages

# ---- metrics

gives 0 "^holdfast_tlog_size 3020" "counters are printed" "$holdfast" export metrics --log log
"$holdfast" export metrics --log log --key "$key" --openmetrics >open 2>err
"$holdfast" export metrics --log log --output text 2>err
if [ -n "$peers" ]; then
	"$peers/usr/bin/promtool" check metrics <text >out 2>err
	result $? "promtool finds nothing in the text"
	sed 's/_total//' text >wrong
	! "$peers/usr/bin/promtool" check metrics <wrong >out 2>err
	result $? "and finds what is wrong"
	peer "the text has the entries' counts" prometheus text entries
	peer "so has OpenMetrics" openmetrics open entries
	"$holdfast" export metrics --log pruned --openmetrics >open 2>err
	peer "of a pruned log what is there counts, and what is not" openmetrics open entries 768
	grep -v '# EOF' open >cut.open
	! "$peer" openmetrics cut.open entries 768 >out 2>err
	result $? "a text that is cut is none"
else
	skip "metrics are read by others" "promtool and its library cannot be had"
fi
gives 2 "leave out" "who listens has no file" \
	"$holdfast" export metrics --listen 127.0.0.1:0 --output x
gives 2 "not HOST:PORT" "an address has a port" "$holdfast" export metrics --listen 127.0.0.1
gives 1 "no-such-address" "which has to be one" \
	"$holdfast" export metrics --listen no-such-address:1 --log log

"$holdfast" export metrics --log log --key "$key" --listen 127.0.0.1:0 >where 2>err.server &
running+=($!)
until_true 20 grep -q "^listening on" where
url=http://$(sed 's/listening on //' where)/metrics
answered() {
	"$peer" fetch "$url" "$1" >out 2>err
}
until_true 20 answered ""
result $? "metrics are served"
grep -q "^text/plain; version=0.0.4" err
result $? "as text, unless asked"
cp out served
[ -z "$peers" ] || peer "with the entries' counts" prometheus served entries
answered "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
cp out served
grep -q "^application/openmetrics-text; version=1.0.0; charset=utf-8" err
result $? "or OpenMetrics"
[ -z "$peers" ] || peer "with the same counts" openmetrics served entries
grow 100 30
grown() {
	answered "" && grep -q "^holdfast_tlog_size $size\$" out
}
until_true 20 grown
result $? "counts go on with the log"
cp out served
[ -z "$peers" ] || peer "and are its" prometheus served entries
"$peer" fetch "${url%metrics}other" "" >out 2>err
grep -q 404 err
result $? "nothing else is served"

# ---- syslog

gives 2 "name the receiver" "a receiver has to be named" "$holdfast" export syslog --log log
gives 1 "Connection refused" "once is once, without a receiver" \
	"$holdfast" export syslog --to 127.0.0.1:9 --log log --once --state state
[ ! -e state ]
result $? "and nothing counts as taken"
printf 'holdfast position 1\nother.example/log\n3\n' >strange
gives 1 "strange: it is of the log 'other.example/log'" "a state is of one log" \
	"$holdfast" export syslog --to 127.0.0.1:9 --log log --once --state strange
printf 'holdfast position 1\n%s\n99999\n' $origin >strange
gives 1 "it was set back" "which only grows" \
	"$holdfast" export syslog --to 127.0.0.1:9 --log log --once --state strange

# One that does not read all it gets: our socket has taken it, and nothing else has.
# careless HOW STATE: a receiver that does, and what is said of it
careless() {
	rm -f careless.port
	"$peer" careless "$1" >careless.port 2>err.careless &
	running+=($!)
	until_true 20 test -s careless.port
	timeout 60 "$holdfast" export syslog --to "127.0.0.1:$(cat careless.port)" --log log \
		--once --state "$2" >out 2>err
	[ $? = 1 ] && grep -Eq "reset by peer|Broken pipe" err
}

careless closes state
result $? "what was not read was not taken"
[ ! -e state ]
result $? "and is sent again"
# so few that all are on their way before the reset comes: whichever call is next is told
printf 'holdfast position 1\n%s\n%d\n' $origin $((size - 5)) >few
cp few position
told=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	careless closes few || told=1
done
result $told "nor the last few"
careless ends few
result $? "nor what comes after the receiver's end"
cmp few position >out 2>err
result $? "and they are sent again, too"

# receiver PORT: rsyslogd, writing to taken; its pid is in $receiver, its port in $port
receiver() {
	cat >rsyslog.conf <<-END
		global(workDirectory="$work" maxMessageSize="128k")
		module(load="imtcp")
		input(type="imtcp" address="127.0.0.1" port="$1" listenPortFileName="$work/port")
		template(name="all" type="string" string="%structured-data% %msg:::drop-last-lf%\n")
		action(type="omfile" file="$work/taken" template="all" asyncWriting="off")
	END
	rm -f port
	LD_LIBRARY_PATH=$libraries "$peers/usr/sbin/rsyslogd" -n -f rsyslog.conf -i "$work/pid" \
		-M "$libraries/rsyslog" >rsyslog.log 2>&1 &
	receiver=$!
	running+=("$receiver")
	[ "$1" = 0 ] && until_true 20 test -s port && port=$(cat port)
	until_true 20 listens
}

listens() {
	(: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

taken_to() {
	[ "$(sed -n 3p state)" = "$1" ]
}

if [ -n "$peers" ]; then
	: >taken
	receiver 0
	"$holdfast" export syslog --to "127.0.0.1:$port" --log log --state state >out 2>err &
	running+=($!)
	sender=$!
	until_true 30 taken_to $size
	result $? "a receiver takes all of the log"
	# it goes while entries come, and comes back while they do
	grow 1000 50
	kill "$receiver"
	grow 1000 50
	wait "$receiver" 2>/dev/null
	grow 2000 100
	receiver "$port"
	grow 1000 100
	until_true 60 taken_to $size
	result $? "and goes on where it was after a restart"
	kill "$sender" "$receiver"
	wait "$receiver" 2>/dev/null
	peer "each entry has come, as it is in the log" syslog taken entries
	sed 's/^/# rsyslogd: /' out
	receiver "$port"
	grow 10 10
	gives 0 "" "who is asked once ends when all is taken" \
		"$holdfast" export syslog --to "127.0.0.1:$port" --log log --state state --once
	kill "$receiver"
	wait "$receiver" 2>/dev/null
	peer "and it is" syslog taken entries
	receiver "$port"
	: >taken
	gives 0 "entries 0 to 767 were pruned and are not sent" "what was pruned is said" \
		"$holdfast" export syslog --to "127.0.0.1:$port" --log pruned --once
	kill "$receiver"
	wait "$receiver" 2>/dev/null
	[ "$(wc -l <taken)" = $((3020 - 768)) ]
	result $? "and the rest is sent"
else
	skip "a receiver takes all of the log" "rsyslogd cannot be had"
fi

echo "1..$count"
[ "$failed" = 0 ]
