#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast policy admit`: packages made here, for a host that is a folder. TAP.
#
# usage: admit.sh HOLDFAST
set -u

holdfast=$(realpath "$1")
work=$(mktemp -d)
export TMPDIR=$work/tmp
trap 'rm -rf "$work"' EXIT
chmod 711 "$work"
mkdir -m 1777 "$TMPDIR"
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

# says TEXT ARGUMENT...: admit exits 0 and says a line with that in it
says() {
	local text=$1
	shift

	"$holdfast" policy admit --root host "$@" >out 2>err || { cat err; return 1; }
	grep -F -- "$text" out || { cat out; return 1; }
}

# refuses TEXT ARGUMENT...: exit code 1, the text on stderr, and the lock is as it was
refuses() {
	local text=$1 code=0
	shift

	cp tool.lock before.lock
	"$holdfast" policy admit --root host "$@" >out 2>err || code=$?
	if [ "$code" != 1 ] || ! cmp tool.lock before.lock || ! grep -F -- "$text" err; then
		cat out err
		return 1
	fi
}

# deb NAME: packs NAME/, which has the files
deb() {
	mkdir -p "$1/DEBIAN"
	printf 'Package: tool\nVersion: 2\nArchitecture: all\nMaintainer: x <x@example.org>\n%s\n' \
		'Description: x' >"$1/DEBIAN/control"
	dpkg-deb --root-owner-group -Zgzip -b "$1" "$1.deb" >/dev/null
}

lines() {
	[ "$(grep -c "$2" "$1")" = "$3" ] || { cat "$1"; return 1; }
}

# ---- a host, its agent with a library of its own, and packages

mkdir -p host/usr/bin host/usr/lib src
echo 'int x(void) { return 1; }' >src/x.c
echo 'int y(void) { return 1; }' >src/y.c
echo 'int x(void); int main(void) { return x(); }' >src/main.c
cc -shared -fPIC -nostdlib -Wl,-soname,libx.so.1 -o host/usr/lib/libx.so.1.0 src/x.c
ln -s libx.so.1.0 host/usr/lib/libx.so.1
link=(-nostdlib -nostartfiles '-Wl,--entry=main,--no-dynamic-linker,--no-as-needed')
cc "${link[@]}" -o host/usr/bin/tool src/main.c host/usr/lib/libx.so.1.0

mkdir -p new/usr/bin new/usr/lib old/bin other/usr/bin text/usr/bin two/bin two/usr/bin cpu/usr/bin
cp host/usr/bin/tool new/usr/bin/tool && echo new >>new/usr/bin/tool
cp host/usr/lib/libx.so.1.0 new/usr/lib/libx.so.1.1 && echo new >>new/usr/lib/libx.so.1.1
ln -s libx.so.1.1 new/usr/lib/libx.so.1
cp new/usr/bin/tool old/bin/tool
cp new/usr/bin/tool other/usr/bin/unknown
echo 'no program' >text/usr/bin/tool
cp new/usr/bin/tool two/usr/bin/tool && cp host/usr/bin/tool two/bin/tool
cp new/usr/bin/tool cpu/usr/bin/tool
printf '\x28' | dd of=cpu/usr/bin/tool bs=1 seek=18 conv=notrunc 2>/dev/null
mkdir -p needs/usr/bin liby/usr/lib
cc -shared -fPIC -nostdlib -Wl,-soname,liby.so.1 -o liby/usr/lib/liby.so.1 src/y.c
cc "${link[@]}" -o needs/usr/bin/tool src/main.c host/usr/lib/libx.so.1.0 liby/usr/lib/liby.so.1
for package in new old other text two cpu needs liby; do
	deb "$package"
done
head -c 300 new.deb >cut.deb

printf '%s\n' 'apiVersion: holdfast/v1' 'kind: Policy' 'metadata: {name: t, version: 1}' \
	'mode: enforce' 'domains:' '  - name: tool' \
	'    executables: [{path: /usr/bin/tool, launch: any}]' >tool.yaml
ok 'the host is locked' "$holdfast" policy lock --root host tool.yaml
"$holdfast" policy compile tool.yaml -o one.img >/dev/null

# ---- admitting

ok 'a package without a file of the policy is refused' refuses "has none of the policy's" \
	--deb other.deb tool.yaml
ok 'a text in the place of a program is refused' refuses 'is no program or library' \
	--deb text.deb tool.yaml
ok 'two files for one path are refused' \
	refuses 'two files for /usr/bin/tool' --deb two.deb tool.yaml
ok 'another processor is refused' refuses "for another processor" --deb cpu.deb tool.yaml
ok 'a library that is nowhere is named' refuses 'needs the library "liby.so.1"' \
	--deb needs.deb tool.yaml
ok 'a damaged package is refused' refuses 'is it a whole .deb' --deb cut.deb tool.yaml
ok 'a package that is not there is refused' \
	refuses 'none.deb: No such file' --deb none.deb tool.yaml
ok 'the new program and the new library are admitted' says '2 lines added' --deb new.deb tool.yaml
ok 'beside the old program' lines tool.lock ' /usr/bin/tool$' 2
ok 'the library at its new path' lines tool.lock ' /usr/lib/libx.so.1.[01]$' 2
ok 'again: nothing more' says '0 lines added' --deb new.deb tool.yaml
ok 'a package from before the merge of /usr has the same program' \
	says '0 lines added' --deb old.deb tool.yaml
ok 'the policy and the lock agree' "$holdfast" policy check tool.yaml
ok 'the image is made' "$holdfast" policy compile tool.yaml -o both.img
"$holdfast" policy diff one.img both.img >diff.log
ok 'it has one executable more, which weakens' \
	grep -F "weakens the domain 'tool' gains the executable '/usr/bin/tool'" diff.log
ok 'and so asks for the secret' grep -F "asks for the operator's secret" diff.log

# ---- pruning

cp tool.lock admitted.lock
ok 'prune keeps what is in a package that is named' \
	says '0 lines dropped' --prune --deb new.deb tool.yaml
ok 'without it, it drops what was not installed' says '2 lines dropped' --prune tool.yaml
ok 'and nothing else' lines tool.lock ' /usr/bin/tool$' 1
cp admitted.lock tool.lock
dpkg-deb -x new.deb host && rm host/usr/lib/libx.so.1.0
ok 'after the upgrade it drops the old' says '2 lines dropped' --prune tool.yaml
cp tool.lock pruned.lock
ok 'as locking again would' "$holdfast" policy lock --root host tool.yaml
ok 'to the byte' cmp tool.lock pruned.lock
ok 'a library in a package of its own is found there' \
	says '2 lines added' --deb needs.deb liby.deb tool.yaml
mv host/usr/bin/tool away
cp pruned.lock tool.lock
ok 'a policy is not left without its program' refuses 'the lock has no executable /usr/bin/tool' \
	--prune tool.yaml

ok 'neither package nor prune is a wrong command line' sh -c "
	'$holdfast' policy admit tool.yaml; test \$? = 2"
ok 'nothing is left behind' sh -c "test -z \"\$(ls -A '$TMPDIR')\""

echo "1..$count"
exit $((failed > 0))
