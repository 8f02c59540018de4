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
# what is known is searched for in the same way, beginning with nothing left; what is found for one
# is tried with all others. A technique of a line whose programs are `-` is not tried.
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

# What the drill calls before an act, and before anything is mended. What an act carried to a folder
# of its own is marked still, and goes as soon as it may.
cat >"$leave" <<-END
	#!/bin/sh
	wish() {
		"\$@" >$wishes
		holdfast guard status >/dev/null 2>&1
	}
	mend() {
		wish printf 'mounts_\\npins_\\n'
	}
	case \$1 in
	out) wish cat $wanted ;;
	mend) mend ;;
	back)
		if [ -e /sys/fs/bpf/probe ]; then
			mend
			rm -rf /sys/fs/bpf/probe
		fi
		wish true ;;
	esac
END
chmod +x "$leave"

# drill TECHNIQUE...: what became of each, one a line: TECHNIQUE VERDICT WHY
drill() {
	holdfast drill --disposable --start $here/start-unit.sh --leave "$leave" --restore \
		"holdfast guard reload $policy --secret-fd 3 3<$secret >/dev/null" -- "$@" \
		2>"$work/drill.err" | sed -nE 's/^[A-Z][0-9][0-9] +([a-z0-9-]*[a-z0-9]) *'\
'(allowed|refused|refused-otherwise|not-attempted) +/\1 \2 /p'
	sed 's/^/# /' "$work/drill.err" >&2
}

# through PROGRAMS TECHNIQUE...: which of these go through without those; what became of each is in
# $work/drilled, without those that only begin as one that was asked for
through() {
	printf '%s\n' $1 >"$wanted"
	shift
	[ $# -gt 0 ] || return 0
	printf '%s\n' "$@" >"$work/asked"
	drill "$@" | awk 'NR == FNR { asked[$1]; next } $1 in asked' "$work/asked" - \
		>"$work/drilled"
	awk '$2 == "allowed" { print $1 }' "$work/drilled"
}

# minus "A B C" "B": what is in the first and not in the second
minus() {
	printf '%s\n' $2 >"$work/second"
	printf '%s\n' $1 | grep -vxF -f "$work/second" | tr '\n' ' '
}

tell() {
	echo "# without $*"
}

# smallest TECHNIQUE PROGRAM...: it goes through without all of these; put back what can be, and
# print the others. In a shell of its own, so that no variable is anybody else's.
smallest() (
	technique=$1
	shift
	set=$*
	for part in $(printf '%s\n' $set | sed 's/_.*/_/' | sort -u) $set; do
		less=$(printf '%s\n' $set | grep -v "^$part" | tr '\n' ' ')
		[ -z "$less" ] || [ "$less" = "$set " ] || [ "$less" = "$set" ] ||
			[ -z "$(through "$less" "$technique")" ] || set=$less
	done
	echo $set
)

# without PROGRAMS TECHNIQUE...: tells those that go through without these, and adds them to $found
without() {
	set=$1
	shift
	came=$(through "$set" "$@")
	found="$found $came"
	for one in $set; do
		[ "$one" != "$set" ] || continue
		more=$(through "$(minus "$set" $one)" $came)
		came=$(minus "$came" "$more")
		for technique in $more; do
			tell $technique $(smallest $technique $(minus "$set" $one))
		done
	done
	for technique in $came; do
		tell $technique $set
	done
}

# narrow PROGRAMS TECHNIQUE...: tells without which of these they go through, if they do so without
# all; what is found for one is tried with the others
narrow() {
	among=$1
	shift
	came=$(through "$among" "$@")
	left=$came
	while [ -n "$left" ]; do
		first=${left%%[[:space:]]*}
		without "$(smallest $first $among)" $left
		echo "# $SECONDS s: without $set"
		left=$(minus "$left" "$found $first")
	done
}

# The techniques that without.known has for a set of programs
known_of() {
	awk -F '\t' -v set="$1" '$2 == set { print $1 }' "$table"
}

# known TECHNIQUE...: tells those that are as the table says
known() {
	cut -f 2 "$table" | sort -u >"$work/sets"
	while read -r set <&8; do
		[ -z "$(minus "$set" "$programs")" ] || continue
		without "$set" $(minus "$(printf '%s\n' $(known_of "$set") "$@" | sort | uniq -d)" \
			"$found")
	done 8<"$work/sets"
	echo "# $SECONDS s: what was known"
}

# search TECHNIQUE...: first without each room, for one that stays refused costs next to nothing;
# and without all of them last, for each that goes through waits for all to be put back.
search() {
	through "" "$@" >/dev/null
	open=$(minus "$(awk '/the act was denied/ { print $1 }' "$work/drilled")" "$(known_of -)")
	known $open
	open=$(minus "$open" "$found")
	[ -z "$open" ] || echo "# not as known: $open"
	for room in $(printf '%s\n' $programs | sed 's/_.*/_/' | sort -u); do
		open=$(minus "$open" "$found")
		narrow "$(printf '%s\n' $programs | grep "^$room")" $open
	done
	open=$(minus "$open" "$found")
	narrow "$programs" $open
	open=$(minus "$open" "$found")
	through "$programs" $open >/dev/null
	sed 's/^/# stays: /' "$work/drilled"
	for technique in $open; do
		tell $technique
	done
}

# under IMAGE TECHNIQUE...: with the guard up, by that policy
under() {
	policy=$1
	shift
	need "holdfastd starts" daemon_start
	need "the guard comes up to enforce" guard_up "$policy"
	found=
	programs=$(find $links -type f -exec basename {} \; | sort | tr '\n' ' ')
	$mode "$@"
}

# Techniques that only a strict policy refuses, as rows.sh has it: of_strict -e; the others: -v
of_strict() {
	printf '%s\n' $all | grep "$1" '^lock-\|^limit-\|^net-'
}

mode=$1
shift
all=$(holdfast drill --list | awk '/^ / { print $1 }')
[ $# = 0 ] || all=$*
unit='s/launch: any/launch: unit canary.service/'
enforcing='s/mode: observe/mode: enforce/'
listed='cgroup_inet_ingress, cgroup_inet_egress, cgroup_inet_sock_create, xdp, none'
strict='s/version: 1/version: 2/; s/marks,/marks, network,/'
strict="$strict; s/kexec: deny/kexec: deny, lockdown: confidentiality/"
strict="$strict; \$ a admission: { struct_ops: refuse, limits: { attach: [ $listed ] } }"
switches_prepare
need "two disks are there" disks_prepare
mkdir -p /etc/holdfast-canary/conf.d /etc/holdfast-neighbour/conf.d
under "$(image drill "$unit" "$enforcing")" $(of_strict -v)
check "the guard goes down for a strict policy" guard_down
# nobody makes them where the network is closed
for name in canary neighbour own; do
	ip link show $name >/dev/null 2>&1 || ip link add $name type dummy
done
under "$(image drill "$unit" "$strict" "$enforcing" '')" $(of_strict -e)
echo "# without-programs $programs"
exit $failed
