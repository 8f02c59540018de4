#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast guard`, `run` and `events` from outside, with a holdfastd whose guard is a fake one, in
# a mount namespace of its own. TAP.
#
# usage: guard.sh HOLDFAST FAKE-HOLDFASTD MAKE-IMAGE
# shellcheck disable=SC2016,SC2317 # commands expand it, and functions are called by others
set -u

if [ "${1:-}" != inside ]; then
	if ! unshare --user --map-root-user --mount --pid --fork true 2>/dev/null; then
		echo "1..0 # SKIP this host does not allow user namespaces"
		exit 0
	fi
	exec unshare --user --map-root-user --mount --pid --fork --mount-proc --kill-child \
		"$0" inside "$(realpath "$1")" "$(realpath "$2")" "$(realpath "$3")"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mount -t tmpfs run /run && mount -t tmpfs lib /var/lib || exit 1
# beside each other, as they are installed; the fake one under its right name
cp "$2" holdfast && cp "$3" holdfastd || exit 1
make_image=$4
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

# gives CODE PATTERN NAME COMMAND...: the exit code, and a line of what is printed
gives() {
	local code=$1 pattern=$2 name=$3 got
	shift 3

	"$@" >out 2>err </dev/null
	got=$?
	[ "$got" = "$code" ] && cat out err | grep -q -e "$pattern"
	result $? "$name"
	[ "$got" = "$code" ] || echo "# exit code $got instead of $code"
}

# with SECRET COMMAND...: the secret on descriptor 3
with() {
	local secret=$1
	shift

	"$@" --secret-fd 3 3<<<"$secret"
}

run_with() {
	local secret=$1
	shift

	./holdfast run --secret-fd 3 "$@" 3<<<"$secret"
}

# until_line FILE PATTERN: waits for a line that a program in the background prints
until_line() {
	timeout 20 tail -n +1 -f "$1" 2>/dev/null | grep -q -m 1 -e "$2"
}

"$make_image" 2 7 2 >a.img
"$make_image" 2 8 3 >weaker.img
"$make_image" 2 6 1 >older.img
"$make_image" 2 9 1 >stricter.img
echo garbage >garbage.img
head -c 500 a.img >cut.img
no=0000-0000-0000-0000-0000-0000-0000-0000

gives 1 "guard     down, holdfastd not running" "status of nothing" ./holdfast guard status
gives 1 "holdfastd is not running" "down of nothing" ./holdfast guard down
gives 1 "no guard was ever up on this host" "events of nothing" ./holdfast events
gives 1 "garbage.img: .*too few" "an image of garbage is refused, by name" ./holdfast guard up garbage.img
gives 1 "cut.img: .*truncated" "an image that is cut off is refused" ./holdfast guard up cut.img
gives 1 "No such file" "an image that is missing is refused" ./holdfast guard up missing.img
gives 1 "directory" "an image that is a directory is refused" ./holdfast guard up /
gives 1 "there is no /etc/holdfast/policy.img" "up without any image says which is missing" ./holdfast guard up
gives 2 "unknown option" "a secret among the arguments is no option" ./holdfast guard down --secret "$no"
gives 0 "^armed in 42 ms" "up starts holdfastd and arms" ./holdfast guard up a.img
secret=$(sed -n 's/^secret: //p' out)
[ ${#secret} = 39 ] && grep -q "^weak: the fake guard refuses nothing" out
result $? "up prints the secret, and what is weak"
gives 1 "up already" "a second up is refused" ./holdfast guard up a.img
gives 3 "another holdfastd is running" "a second holdfastd is refused" ./holdfastd
gives 2 "usage:" "holdfastd takes no policy from its arguments" ./holdfastd a.img
gives 0 "/usr/bin/agent1 (sha256:020000000000..., launch: holdfast)" "status shows executables" \
	./holdfast guard status
gives 0 '"holdfastd": true' "status as JSON" ./holdfast guard status --json
gives 1 "no terminal to ask at" "down without a secret or a terminal is refused" \
	setsid --wait ./holdfast guard down
gives 1 "not the operator's secret" "down with a wrong secret is refused" \
	with "$no" ./holdfast guard down
gives 1 "raise metadata.version" "a rollback is refused even with the secret" \
	with "$secret" ./holdfast guard reload older.img
gives 1 "permits more\|no terminal" "a weaker policy without the secret is refused" \
	setsid --wait ./holdfast guard reload weaker.img
gives 0 "new policy is in force" "a weaker policy with the secret is taken" \
	with "$secret" ./holdfast guard reload weaker.img
gives 0 "new policy is in force" "a stricter policy needs no secret" ./holdfast guard reload stricter.img
gives 7 "hello of $work" "run hands over folder, output and exit code" \
	run_with "$secret" agent -- sh -c 'echo "hello of $(pwd)"; exit 7'
gives 137 "killed" "run ends as its command was ended" \
	run_with "$secret" agent -- sh -c 'echo killed; kill -9 $$'
gives 1 "did not start: No such file" "run says what is missing" run_with "$secret" agent -- missing
gives 1 "not an executable of the domain 'agent'" "run says what is no executable" \
	run_with "$secret" agent -- ./a.img
gives 1 "has no domain 'other'" "run says which domain is missing" run_with "$secret" other -- true
gives 1 "no terminal" "run without the secret is refused" setsid --wait ./holdfast run agent -- true
gives 2 'before "--"' "run without -- is a usage error" ./holdfast run agent true
gives 0 "^[0-9][0-9]*$" "run --detach prints the process id" run_with "$secret" --detach agent -- true

./holdfast run --secret-fd 3 agent -- sh -c 'trap "exit 5" INT; echo ready; sleep 60 & wait' \
	3<<<"$secret" </dev/null >signalled 2>err &
run=$!
until_line signalled ready
kill -INT "$run"
wait "$run"
[ $? = 5 ]
result $? "an interrupt reaches the command, and its exit code comes back"

gives 0 "reload: policy 'test' version 9" "events shows what happened" ./holdfast events
gives 0 '"note":"secret"' "events as JSON are the log's own lines" ./holdfast events --json
./holdfast events -f >followed 2>err &
follow=$!
until_line followed "version 9"
with "$no" ./holdfast guard down >out 2>err
until_line followed "wrong operator's secret, 2 since start"
result $? "events -f shows a line as it comes"
kill "$follow"

gives 0 "the guard is down" "down with the secret" with "$secret" ./holdfast guard down
[ ! -e /run/holdfast ]
result $? "down leaves no runtime folder"
gives 1 "guard     down" "status after down" ./holdfast guard status
gives 0 "an earlier .guard up. printed" "the next up keeps the secret" ./holdfast guard up a.img
gives 0 "the guard is down" "which is the same" with "$secret" ./holdfast guard down

echo "1..$count"
exit $((failed > 0))
