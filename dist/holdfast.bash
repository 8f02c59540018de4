# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2207 # no word of ours has a blank
#
# Completion for holdfast(1); tests/check/text.py holds it against the command line's own help.

# _holdfast_words OBJECT: its verbs, then after a colon its options
_holdfast_words() {
	case $1 in
	guard) echo "up down reload confirm upgrade status explain : --confirm-within --secret-fd --trust --json" \
		"--policy" ;;
	run) echo ": --detach --secret-fd" ;;
	release) echo ": --for --end --secret-fd" ;;
	policy) echo "check lock compile sign sign-file verify learn diff admit : --json --force --root --output --key" \
		"--cert --domain --signature --unit --pid --for --running --deb --prune" ;;
	events) echo ": --follow --from --json --key --log --ocsf --replay" ;;
	export) echo "syslog metrics : --key --listen --log --once --openmetrics --output --state --to" ;;
	object) echo "inspect advise load : --json --object --config --dry-run --pin --all --pid --unit" ;;
	posture) echo "check fix : --baseline --explain --json --policy --require --root --sarif --undo --yes" ;;
	log) echo "verify prove check status witness : --from --json --key --output --since --entry --policy" \
		"--checkpoint --log --every --once --state" ;;
	drill) echo ": --list --only --json --disposable --start --restore --leave --soak --tap" ;;
	"") echo "guard run release policy events drill object posture log export help version :" ;;
	help) echo "guard run release policy events drill object posture log export :" ;;
	esac
}

_holdfast() {
	local cur=${COMP_WORDS[COMP_CWORD]} words

	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$(_holdfast_words "")
		COMPREPLY=($(compgen -W "${words%%:*}" -- "$cur"))
		return
	fi
	words=$(_holdfast_words "${COMP_WORDS[1]}")
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "${words#*:}" -- "$cur"))
	elif [ "$COMP_CWORD" -eq 2 ] && [ -n "${words%%:*}" ]; then
		COMPREPLY=($(compgen -W "${words%%:*} help" -- "$cur"))
	else
		COMPREPLY=($(compgen -f -- "$cur"))
	fi
}

complete -o filenames -F _holdfast holdfast
