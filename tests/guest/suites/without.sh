#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which programs of the guard refuse each technique: those without which it goes through. Needs a
# holdfastd that was built to leave programs out (meson's option `leave_out`), and is run by
# tests/drill/without.sh. A canary starts under the whole guard, and only the act meets one that
# lacks something: a program that gives labels is none of them.
#
# What is known is tried first: each line of without.known, a technique, a tab, the programs. Where
# they are several, it has to stay refused with all but one of them left out; if it does not, what
# remains is put back one by one as long as it still goes through. What does not go through without
# what is known is searched for in the same way, beginning with nothing left.
#
# usage: without.sh known | search [TECHNIQUE]...     known: no more than what without.known has
#
# Prints `# without TECHNIQUE PROGRAM...` for each; no program: it stays refused without any. And
# `# without-programs PROGRAM...`: all that this kernel's guard has.
#
# shellcheck disable=SC2046,SC2086 # lists are words
# shellcheck source-path=SCRIPTDIR source=lib.sh
. /opt/tests/lib.sh

wishes=/run/holdfast-leave-out
wanted=$work/without.wanted
leave=$work/leave
table=$here/without.known
links=/sys/fs/bpf/holdfast/links

# What the drill calls before an act, and before anything is mended.
cat >"$leave" <<-END
	#!/bin/sh
	case \$1 in
	out) cp $wanted $wishes ;;
	mend) printf 'mounts_\npins_\n' >$wishes ;;
	back) : >$wishes ;;
	esac
	holdfast guard status >/dev/null 2>&1
END
chmod +x "$leave"

# drill TECHNIQUE...: what became of each, one a line: TECHNIQUE VERDICT WHY
drill() {
	holdfast drill --disposable --start $here/start-unit.sh --leave "$leave" --restore \
		"holdfast guard reload $policy --secret-fd 3 3<$secret >/dev/null" -- "$@" \
		2>"$work/drill.err" | awk '$1 ~ /^[A-Z][0-9][0-9]$/ { $1 = ""; print substr($0, 2) }'
	sed 's/^/# /' "$work/drill.err" >&2
}

# through PROGRAMS TECHNIQUE...: which of these go through without those
through() {
	printf '%s\n' $1 >"$wanted"
	shift
	[ $# -gt 0 ] || return 0
	drill "$@" >"$work/drilled"
	printf '%s\n' "$@" >"$work/asked"
	awk 'NR == FNR { asked[$1]; next } $2 == "allowed" && $1 in asked { print $1 }' \
		"$work/asked" "$work/drilled"
}

# minus "A B C" "B": what is in the first and not in the second
minus() {
	printf '%s\n' $2 >"$work/second"
	printf '%s\n' $1 | grep -vxF -f "$work/second" | tr '\n' ' '
}

tell() {
	echo "# without $*"
}

# smallest TECHNIQUE PROGRAM...: it goes through without all of these; put back what can be. In a
# shell of its own, so that no variable is anybody else's.
smallest() (
	technique=$1
	shift
	set=$*
	for part in $(printf '%s\n' $set | sed 's/_.*/_/' | sort -u) $set; do
		less=$(printf '%s\n' $set | grep -v "^$part" | tr '\n' ' ')
		[ -z "$less" ] || [ -z "$(through "$less" "$technique")" ] || set=$less
	done
	tell $technique $set
)

# The techniques that without.known has for a set of programs
known_of() {
	awk -F '\t' -v set="$1" '$2 == set { print $1 }' "$table"
}

# known TECHNIQUE...: those that are as the table says; they are in $found then
known() {
	found=
	cut -f 2 "$table" | sort -u >"$work/sets"
	while read -r set <&8; do
		[ -z "$(minus "$set" "$programs")" ] || continue
		came=$(through "$set" $(printf '%s\n' $(known_of "$set") "$@" | sort | uniq -d))
		found="$found $came"
		for one in $set; do
			[ "$one" != "$set" ] || continue
			more=$(through "$(minus "$set" $one)" $came)
			came=$(minus "$came" "$more")
			for technique in $more; do
				smallest $technique $(minus "$set" $one)
			done
		done
		for technique in $came; do
			tell $technique $set
		done
	done 8<"$work/sets"
	echo "# $SECONDS s: what was known"
}

search() {
	through "" "$@" >/dev/null
	open=$(awk '/the act was denied/ { print $1 }' "$work/drilled")
	known $open
	open=$(minus "$open" "$found")
	[ -z "$open" ] || echo "# not as known: $open"
	came=$(through "$programs" $open)
	for technique in $came; do
		smallest $technique $programs
	done
	for technique in $(minus "$open" "$came"); do
		tell $technique
	done
}

# under IMAGE TECHNIQUE...: with the guard up, by that policy
under() {
	policy=$1
	shift
	need "holdfastd starts" daemon_start
	need "the guard comes up to enforce" guard_up "$policy"
	programs=$(find $links -type f -exec basename {} \; | sort | tr '\n' ' ')
	$mode "$@"
}

# Techniques that only a strict policy refuses, as rows.sh has it: of_strict -e; the others: -v
of_strict() {
	printf '%s\n' $all | grep "$1" '^lock-\|^limit-'
}

mode=$1
shift
all=$(holdfast drill --list | awk '/^ / { print $1 }')
[ $# = 0 ] || all=$*
unit='s/launch: any/launch: unit canary.service/'
enforcing='s/mode: observe/mode: enforce/'
listed='cgroup_inet_ingress, cgroup_inet_egress, cgroup_inet_sock_create, xdp, none'
strict='s/version: 1/version: 2/; s/kexec: deny/kexec: deny, lockdown: confidentiality/'
strict="$strict; \$ a admission: { struct_ops: refuse, limits: { attach: [ $listed ] } }"
switches_prepare
under "$(image drill "$unit" "$enforcing")" $(of_strict -v)
check "the guard goes down for a strict policy" guard_down
under "$(image drill "$unit" "$strict" "$enforcing" '')" $(of_strict -e)
echo "# without-programs $programs"
exit $failed
