#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast policy` from outside: what it prints, what it writes, what it exits with. TAP.
#
# usage: policy.sh HOLDFAST POLICIES
# shellcheck disable=SC2016 # backquotes are what holdfast prints
set -u

holdfast=$(realpath "$1")
policies=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
count=0
failed=0

# ok NAME COMMAND...: the command's success is the result
ok() {
	local name=$1
	shift

	count=$((count + 1))
	if "$@" >ok.log 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' ok.log
		failed=$((failed + 1))
	fi
}

# gives NAME CODE STDOUT STDERR ARGUMENT...: one run of holdfast, to the byte
gives() {
	local name=$1 code=$2 out=$3 err=$4 got
	shift 4

	"$holdfast" "$@" >out 2>err
	got=$?
	count=$((count + 1))
	if [ "$got" = "$code" ] && [ "$(cat out)" = "$out" ] && [ "$(cat err)" = "$err" ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		{
			echo "exit code $got instead of $code; stdout and stderr, expected and got:"
			diff <(echo "$out") out
			diff <(echo "$err") err
		} | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# fails NAME STDERR ARGUMENT...: a refusal
fails() {
	local name=$1 err=$2
	shift 2

	gives "$name" 1 '' "$err" "$@"
}

# head_of NAME: what every policy begins with
head_of() {
	printf 'apiVersion: holdfast/v1\nkind: Policy\n'
	printf 'metadata: {name: %s, version: 7}\nmode: observe\n' "$1"
}

# policy FILE PATH: one domain with one executable
policy() {
	{
		head_of edge
		printf 'domains:\n  - name: tool\n    executables: [{path: %s, launch: any}]\n' "$2"
	} >"$1"
}

# ---- a host to lock: one dynamic program and what it needs, below root/

tool=$(realpath "$(type -P true)")
mkdir -p root/usr/bin root/etc
cp "$tool" root/usr/bin/tool
# Each library at the path by which the linker asks for it: a real host links some of these.
ldd "$tool" | sed -n 's/^\(.* \|\t\)\(\/[^ ]*\) (0x.*/\2/p' >libraries
while read -r library; do
	mkdir -p "root$(dirname "$library")"
	cp -L "$library" "root$library"
done <libraries
printf '#!/bin/sh\n' >root/usr/bin/script
ln -s tool root/usr/bin/link
ln -s loop root/usr/bin/loop
mkdir root/usr/bin/folder
mkfifo root/usr/bin/pipe
: >root/usr/bin/empty
echo text >root/usr/bin/text
truncate -s 1073741825 root/usr/bin/large
digest=$(sha256sum <root/usr/bin/tool | cut -d ' ' -f 1)

# content FILE: as a lock has it, by tools that are not ours
content() {
	echo "sha256:$(sha256sum <"$1" | cut -d ' ' -f 1) fsverity:$(fsverity digest --compact "$1")" \
		"$(stat -c %s "$1")"
}

policy edge.yaml /usr/bin/tool

# ---- the line from YAML to image

gives 'check says that there is no lock yet' 0 \
	'edge.yaml: policy edge, version 7, observe: valid
edge.lock: not there yet, `holdfast policy lock edge.yaml` makes it' '' \
	policy check edge.yaml
fails 'compile wants a lock' \
	'edge.lock: there is no lock: `holdfast policy lock edge.yaml` makes it' \
	policy compile edge.yaml
ok 'compile without a lock writes nothing' test ! -e edge.img
n=$(wc -l <libraries)
gives 'lock reads the root' 0 "edge.lock: executables 1, libraries 0, needed by them $n" '' \
	policy lock --root root edge.yaml
ok 'the lock has the digests that sha256sum and fsverity compute' \
	grep -qx "executable tool $(content root/usr/bin/tool) /usr/bin/tool" edge.lock
{
	while read -r library; do
		echo "needed tool $(content "root$library") $library"
	done <libraries
} | LC_ALL=C sort -k 6 >needed
ok 'the lock has what ldd lists, by the digests that sha256sum and fsverity compute' \
	diff needed <(grep '^needed' edge.lock)
cp edge.lock first.lock
"$holdfast" policy lock --root root/ edge.yaml >/dev/null
ok 'a second reading gives the same bytes' cmp edge.lock first.lock
gives 'check says that the lock agrees' 0 'edge.yaml: policy edge, version 7, observe: valid
edge.lock: agrees with the policy' '' policy check edge.yaml

mv root moved
"$holdfast" policy compile edge.yaml >out 2>err
ok 'compile reads no file of the host' test $? = 0
line="edge.img: policy edge, version 7, observe; domains 1, executables 1, trusted $((n + 1)),"
line="$line pins and files 0; $(stat -c %s edge.img) bytes, sha256:"
ok 'compile names what it wrote' grep -qx "${line}[0-9a-f]\{64\}" out
named=$(sed 's/.*sha256://' out)
computed=$({
	head -c 128 edge.img
	head -c 32 /dev/zero
	tail -c +161 edge.img
} | sha256sum | cut -d ' ' -f 1)
ok 'the image has the digest it names' test "$computed" = "$named"
"$holdfast" policy compile -o again.img edge.yaml >/dev/null
ok 'a second compilation gives the same bytes' cmp edge.img again.img
mv moved root

# ---- a lock that does not fit

again='run `holdfast policy lock` again'
sed 's/^policy edge/policy other/' first.lock >edge.lock
fails 'the lock of another policy is refused' \
	"edge.lock:2: the lock is of the policy \"other\", not \"edge\": $again" \
	policy compile edge.yaml
grep -v '^executable' first.lock >edge.lock
fails 'a lock without an entry is refused' \
	"edge.yaml:7:19: the lock has no executable /usr/bin/tool: $again" \
	policy compile edge.yaml
{ cat first.lock; echo "needed zz sha256:$digest 1 /x"; } >edge.lock
fails 'a lock with an entry too many is refused' \
	"edge.lock:$(wc -l <edge.lock): the policy does not name, for that domain, /x: $again" \
	policy compile edge.yaml
head -c 100 first.lock >edge.lock
fails 'a lock that is cut off is refused' \
	"edge.lock: the lock is empty, cut off or no text: $again" \
	policy check edge.yaml
cp first.lock edge.lock
ok 'an image survives all these' cmp edge.img again.img

# ---- what PID 1 executes before a unit's program, where it does

launcher=/usr/lib/systemd/systemd-executor
mkdir -p root/usr/lib/systemd
{ cat "$tool"; echo launcher; } >root$launcher
gives 'lock reads the launcher' 0 \
	"edge.lock: executables 2, libraries 0, needed by them $((2 * n))" '' \
	policy lock --root root edge.yaml
ok 'the lock has it' grep -qx \
	"executable admission:launcher $(content root$launcher) $launcher" edge.lock
"$holdfast" policy compile edge.yaml >/dev/null
ok 'the image has it' grep -qF $launcher edge.img
"$holdfast" policy diff again.img edge.img >out
ok 'it weakens the policy' grep -qx \
	"weakens '$launcher' is taken for PID 1's own, before a unit's program" out
rm root$launcher
ln -s other root$launcher
fails 'a launcher that is a symlink is refused' \
	"$launcher is a symlink to \"other\": name the file itself" policy lock --root root edge.yaml
rm root$launcher
cp first.lock edge.lock
"$holdfast" policy compile edge.yaml >/dev/null

# ---- files that cannot be locked

refused() {
	local name=$1 path=$2 text=$3

	policy bad.yaml "$path"
	fails "$name" "bad.yaml:7:19: domains[0].executables[0].path: $path $text" \
		policy lock --root root bad.yaml
}

refused 'a missing file' /usr/bin/none 'does not exist: install it or correct the path'
refused 'a symlink' /usr/bin/link 'is a symlink to "tool": name the file itself'
refused 'a loop of symlinks' /usr/bin/loop/x 'is a loop of symlinks: correct the path'
refused 'a directory' /usr/bin/folder 'is a directory: name a file'
refused 'a pipe' /usr/bin/pipe 'is not a regular file: name one'
refused 'an empty file' /usr/bin/empty 'is empty'
refused 'a file that is no ELF' /usr/bin/text 'is not an ELF file'
refused 'a script' /usr/bin/script \
	'is a script: a label goes by the ELF file that runs, name that one'
refused 'a file that is too large' /usr/bin/large \
	'has 1073741825 bytes, the limit is 1073741824'
ok 'nothing was written for any of them' test ! -e bad.lock
fails 'a root that is not there' \
	'none cannot be used as the root: No such file or directory' \
	policy lock --root none edge.yaml

# ---- policies that are refused

{
	head_of edge
	printf 'domains:\n  - name: tool\n    executables: [{path: /x, launch: foo}]\n'
} >bad.yaml
forms='"any", "holdfast", "unit NAME.service" or "parent DOMAIN"'
fails 'an error names file, line, column, what was expected and what is there' \
	"bad.yaml:7:38: domains[0].executables[0].launch: expected $forms, got \"foo\"" \
	policy check bad.yaml
policy bad.yaml /usr/bin/tool
echo '    on_violation: kill' >>bad.yaml
fails 'a key that is not built yet is refused by name' \
	'bad.yaml:8:5: domains[0].on_violation: not built yet in this version, remove it' \
	policy check bad.yaml
printf 'a: &a [x]\nb: *a\n' >bad.yaml
fails 'an anchor is refused' \
	"bad.yaml:1:4: '&a' is an anchor: these are not accepted, remove it" \
	policy check bad.yaml
printf 'kind: Policy\nkind: Policy\n' >bad.yaml
fails 'a key that is there twice is refused' \
	"bad.yaml:2:1: the key 'kind' is here twice, first in line 1: keep one of them" \
	policy check bad.yaml
printf 'kind: \377\n' >bad.yaml
fails 'what is not UTF-8 is refused' \
	'bad.yaml:1:7: not UTF-8 (byte 0xff): save the file as UTF-8' \
	policy check bad.yaml
{
	head_of edge
	echo 'domains:'
	for i in $(seq 10000); do
		echo "  - {name: d$i, executables: [{path: /usr/bin/$i, launch: any}]}"
	done
} >bad.yaml
fails 'ten thousand domains are one error' \
	'bad.yaml:70:5: domains: expected 1 to 64 domains, got 10000' \
	policy check bad.yaml
head -c 4194305 /dev/zero >bad.yaml
fails 'a file above 4 MiB is refused' \
	'bad.yaml: the file has more than 4194304 bytes: that is no policy' \
	policy check bad.yaml
fails 'a policy that is not there' \
	'none.yaml: cannot read the policy: No such file or directory' \
	policy check none.yaml
fails 'a policy that is a directory' \
	'/: cannot read the policy: Is a directory' \
	policy check /

# ---- where files go

# A pipe stands for /dev/null: a build that is broken here would replace the real one.
mkfifo pipe
fails 'what is no regular file is not replaced' \
	'pipe: not a regular file: it is not replaced, name another one' \
	policy compile -o pipe edge.yaml
ok 'it is still there' test -p pipe
fails 'the policy is not overwritten' \
	'holdfast: edge.yaml is an input: name another file with -o' \
	policy compile -o edge.yaml edge.yaml
fails 'a folder that is not there' \
	'none/x.img: cannot write it: No such file or directory' \
	policy compile -o none/x.img edge.yaml
cp edge.yaml plain
gives 'a policy without .yaml has its files beside it too' 0 \
	'plain: policy edge, version 7, observe: valid
plain.lock: not there yet, `holdfast policy lock plain` makes it' '' policy check plain
ok 'no half-written file is left' test -z "$(find . -name '*.??????' ! -name '*.*.*')"

# ---- JSON

python3 - "$holdfast" <<'EOF' >json.log 2>&1
import json, subprocess, sys

def check(path, code):
    run = subprocess.run([sys.argv[1], "policy", "check", "--json", path],
                         capture_output=True, text=True)
    assert run.returncode == code and run.stderr == "", (run.returncode, run.stderr)
    return json.loads(run.stdout)

good = check("edge.yaml", 0)
assert good["ok"] is True and good["errors"] == [] and good["lock"] == "agrees", good
assert good["policy"]["name"] == "edge" and good["policy"]["version"] == 7, good
assert [d["name"] for d in good["policy"]["domains"]] == ["tool"], good
open("bad.yaml", "w").write("kind: \"a\\e\\\"b\"\n")
bad = check("bad.yaml", 1)
assert bad["ok"] is False and bad["policy"] is None and bad["lock"] is None, bad
assert set(bad) == set(good), bad
assert bad["errors"] == [{"file": "bad.yaml", "line": 1, "column": 7,
                          "text": "kind: expected \"Policy\", got \"a?\"b\""}], bad
assert check("none.yaml", 1)["errors"][0]["file"] == "none.yaml"
EOF
json=$?
ok 'check --json says the same as one JSON object' sh -c "cat json.log; exit $json"

# ---- who would be locked out

# denying ADMISSION: a policy with that section
denying() {
	{
		policy denied.yaml /usr/bin/tool && cat denied.yaml
		echo "admission: {$1}"
	} >denying.yaml
}

pid1='allow /usr/lib/systemd/systemd with cgroup_device, cgroup_skb, cgroup_sock_addr and, where'
pid1="$pid1 programs are signed, unsigned; or check with --force pid1"
valid='denying.yaml: policy edge, version 7, observe: valid
denying.lock: not there yet, `holdfast policy lock denying.yaml` makes it'
could="denying.yaml:8:12: admission: process 1 could not load the programs of its units"

denying 'default: deny'
fails 'default: deny locks process 1 out' "$could (cgroup_skb): $pid1" policy check denying.yaml
gives 'unless that is meant' 0 "$valid" '' policy check --force pid1 denying.yaml
fails 'what else is meant changes nothing' "$could (cgroup_skb): $pid1" \
	policy check --force self denying.yaml
denying 'signature: required'
fails 'so do signatures' "$could (unsigned): $pid1" policy check denying.yaml
denying 'limits: {digests: []}'
fails 'and limits' "$could (limits): $pid1" policy check denying.yaml
rule='executable: /usr/lib/systemd/systemd, reason: units, programs: [cgroup_device, cgroup_skb,'
denying "default: deny, limits: {maps: []}, allow: [{$rule cgroup_sock_addr]}]"
gives 'a rule for process 1 lets it in, and has limits of its own' 0 "$valid" '' \
	policy check denying.yaml
denying "default: deny, signature: required, allow: [{$rule cgroup_sock_addr, unsigned]}]"
gives 'with signatures, if it is for unsigned programs' 0 "$valid" '' policy check denying.yaml
denying "default: deny, allow: [{$rule unsigned]}]"
fails 'and if it has all of them' "$could (cgroup_skb): $pid1" policy check denying.yaml
policy denying.yaml /usr/sbin/holdfastd
fails 'the guard is no agent' "denying.yaml:7:19: domains[0].executables[0]: \
/usr/sbin/holdfastd is the guard's own, and no agent: a task of the domain 'tool' could not do \
what it is for; remove it, or check with --force self" policy check denying.yaml
gives 'unless that is meant as well' 0 "$valid" '' policy check --force pid1,self denying.yaml
policy denying.yaml /usr/lib/systemd/systemd
ok 'nor is process 1' sh -c \
	"! '$holdfast' policy check denying.yaml 2>log && grep -q \"process 1's\" log"

# ---- usage

usage='holdfast: `holdfast policy help` says how it is used'
gives 'no policy is a wrong command line' 2 '' \
	"holdfast: an argument is missing: policy lock POLICY.yaml
$usage" policy lock
gives 'who can be locked out has a name' 2 '' "holdfast: --force nobody: of pid1 and self
$usage" policy check --force nobody edge.yaml
gives 'an unknown option is a wrong command line' 2 '' "holdfast: unknown option --rot
$usage" policy lock --rot x edge.yaml
verbs='check, lock, compile, sign, sign-file, verify, learn, diff, admit'
gives 'an unknown verb is a wrong command line' 2 '' \
	"holdfast: unknown verb \"lint\": $verbs" \
	policy lint edge.yaml
gives 'a verb may be cut' 0 'edge.yaml: policy edge, version 7, observe: valid
edge.lock: agrees with the policy' '' pol ch edge.yaml
gives 'an ambiguous verb names its choices' 2 '' \
	'holdfast: ambiguous verb "c": check, compile' policy c edge.yaml

gives 'learn wants to know of whom' 2 '' "holdfast: name either a --unit or a --pid
$usage" policy learn --for 1s
gives 'learn takes a time that a person can wait for' 2 '' \
	"holdfast: \"8000000m\" is no time: as 30s, 10m or 2h, up to a week
$usage" policy learn --pid 4 --for 8000000m

# ---- diff

"$holdfast" policy compile edge.yaml >out 2>&1
gives 'a policy and its own image are the same' 0 '' '' policy diff edge.yaml edge.img
sed 's/version: 7/version: 8/; s/mode: observe/mode: enforce/' edge.yaml >eight.yaml
cp edge.lock eight.lock
gives 'a difference is exit code 1, and told' 1 \
	"        the policy's version goes up from 7 to 8
        the policy's mode goes from observe to enforce
        the mode of the domain 'tool' goes from observe to enforce
a reload from the first to the second asks for no secret" '' policy diff edge.yaml eight.yaml
back="the policy's version goes down from 8 to 7: raise metadata.version and compile again"
gives 'what weakens is marked' 1 \
	"weakens $back
weakens the policy's mode goes from enforce to observe
weakens the mode of the domain 'tool' goes from enforce to observe
a guard that enforces the first refuses the second: its version is lower" '' \
	policy diff eight.yaml edge.img
gives 'trouble is exit code 2' 2 '' 'holdfast: none.yaml: No such file or directory' \
	policy diff edge.yaml none.yaml
gives 'one policy alone is a wrong command line' 2 '' \
	"holdfast: name two policies, or one and --running
$usage" policy diff edge.yaml
"$holdfast" policy diff --json edge.yaml eight.yaml >json.log
ok 'diff --json is one object' python3 -c 'import json
d = json.load(open("json.log"))
assert d["same"] is False and d["weakens"] is False and d["secret"] is False, d
assert len(d["changes"]) == 3 and d["changes"][0]["times"] == 1, d'

# ---- what is shipped

for file in "$policies"/*.yaml "$policies"/templates/*.yaml; do
	ok "the policy $(basename "$file") is valid" "$holdfast" policy check "$file"
done

echo "1..$count"
exit $((failed > 0))
