# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Part of the maintainer scripts that dist/deb.sh puts together.

pins=/sys/fs/bpf/holdfast

running() {
	[ -d /run/systemd/system ]
}

# A guard that observes goes down unasked; one that enforces wants the operator's secret, which no
# script has: without a terminal it is not asked for. Without holdfastd nobody can take it down: it
# is started for that.
guard_down() {
	[ -e "$pins" ] || return 0
	if [ ! -S /run/holdfast/control.sock ] && running; then
		systemctl start holdfastd.service || :
	fi
	setsid -w holdfast guard down </dev/null && [ ! -e "$pins" ]
}

# The operator has named the holdfastd that comes next: it takes over by itself, and nothing is
# stopped or taken down.
admitted() {
	holdfast guard status --json 2>/dev/null | grep -q '"admitted": "'
}

guard_or_end() {
	guard_down && return 0
	cat >&2 <<END
holdfast: a guard is up, and is not taken down by this script: nothing has been
holdfast: changed. Do it by the operator's secret, then try again:
holdfast:     holdfast guard down
holdfast: or, for an upgrade that the guard stays up for,
holdfast:     holdfast guard upgrade NEW-HOLDFASTD     (see holdfast-guard(1))
END
	exit 1
}
