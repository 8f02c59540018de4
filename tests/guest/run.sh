#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Boots one guest, runs one command in it, and exits with that command's code. The console goes to
# stdout and to a log. A kernel splat fails the run even if the command does not. Never retries.
#
# usage: run.sh --kernel NAME --initramfs FILE (--run CMD | --shell) [OPTION]...
#
# --kernel NAME     a row of tools/kernels.list, fetched if need be
# --run CMD         what `sh -c` runs in the guest
# --shell           an interactive shell instead; leave it with `exit`, or kill QEMU with ^A x
# --profile P       default; confidentiality (lockdown=confidentiality); nobpf (lsm= without bpf);
#                   counted (default, with --icount, and all programs laid out alike), two
#                   (default, with --smp 2);
#                   loose, strict (words that weaken the kernel, or harden it: posture-rows.sh)
# --deadline S      seconds that CMD may take (60)
# --append "ARGS"   more kernel arguments
# --overlay FILE    one more cpio archive, unpacked over the initramfs
# --log FILE        where the console goes (build/guest-logs/...)
# --quiet           console to the log only
# --verbose         the kernel's messages on the console too
# --smp N, --mem M  processors (1), megabytes (768)
# --icount          the clock counts instructions: repeatable figures; one processor
#
# Exit codes: the command's; 1 when it passed but the kernel log has a splat; 124 past a deadline;
# 125 when the guest ended without a result.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# The time that a loaded host may take to boot and to power off; not part of a test's deadline.
boot_allowance=60
me=$0
invocation=("$@")

usage() {
	sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$me" >&2
	exit 2
}

kernel='' initramfs='' run='' shell='' profile=default deadline=60 append='' log='' quiet=''
verbose='' smp=1 mem=768 icount='' overlay=''
while [ $# -gt 0 ]; do
	case $1 in
	--shell | --quiet | --verbose | --icount) declare "${1#--}=yes" ;;
	--kernel | --initramfs | --run | --profile | --deadline | --append | --log | --smp | \
		--mem | --overlay)
		[ $# -gt 1 ] || usage
		declare "${1#--}=$2"
		shift
		;;
	*) usage ;;
	esac
	shift
done
if [ -z "$kernel" ] || [ -z "$initramfs" ] || { [ -z "$run" ] && [ -z "$shell" ]; }; then
	usage
fi

dir=$("$top/tools/fetch-kernels.sh" --path "$kernel")
cpu=$(awk -v name="$kernel" '$1 == name { print $5 }' "${HOLDFAST_KERNELS:-$top/tools/kernels.list}")

# The kernel's own list of security modules without bpf.
lsm_without_bpf() {
	sed -n 's/^CONFIG_LSM="\(.*\)"$/\1/p' "$dir/config" | tr ',' '\n' | grep -vx bpf | paste -sd, -
}

profile_args() {
	case $profile in
	default | two) ;;
	# how many page tables a fork copies hangs on where a program lies
	counted) echo "norandmaps" ;;
	confidentiality) echo "lockdown=confidentiality" ;;
	nobpf) echo "lsm=$(lsm_without_bpf)" ;;
	loose)
		echo "iomem=relaxed proc_mem.force_override=always bdev_allow_write_mounted=1" \
			"sysctl.kernel.ftrace_enabled=0 rdinit=/opt/tests/other-init.sh"
		;;
	strict)
		echo "proc_mem.force_override=never bdev_allow_write_mounted=0 nohibernate debugfs=off"
		;;
	*)
		echo "run.sh: no profile '$profile': default, confidentiality, nobpf, counted, two," \
			"loose, strict" >&2
		exit 2
		;;
	esac
}

# Makes the command one word of the kernel command line; init decodes it. Colons go too: the kernel
# logs its command line, and a `BUG:` in it would be taken for one.
encode() {
	local text=$1 i char

	for ((i = 0; i < ${#text}; i++)); do
		char=${text:i:1}
		case $char in
		[a-zA-Z0-9/._,+=-]) printf '%s' "$char" ;;
		*) printf '%%%02x' "'$char" ;;
		esac
	done
}

# a loaded host is late with the timer that the kernel would check, and keeps a processor waiting
# for longer than the kernel thinks sound
args="console=ttyS0 panic=-1 no_timer_check watchdog_thresh=60 $(profile_args)"
if [ -z "$verbose" ]; then
	args+=" quiet loglevel=3"
fi
if [ -n "$shell" ]; then
	args+=" holdfast.shell"
else
	args+=" holdfast.deadline=$deadline holdfast.run=$(LC_ALL=C encode "$run")"
fi
args+=" $append"
if [ ${#args} -ge 2048 ]; then
	echo "run.sh: command too long for the kernel command line (${#args} of 2047 bytes)" >&2
	exit 2
fi

[ "$profile" != two ] || smp=2
qemu=(qemu-system-x86_64 -accel tcg -cpu "$cpu" -smp "$smp" -m "$mem" -no-reboot
	-nodefaults -display none -serial mon:stdio -kernel "$dir/vmlinuz" -append "$args")
[ "$profile" != counted ] || icount=yes
if [ -n "$icount" ]; then
	qemu+=(-icount "shift=0,sleep=off")
fi

# The kernel unpacks archives that follow each other, the later over the earlier.
joined=$(mktemp)
trap 'rm -f "$joined"' EXIT
cat "$initramfs" "$("$here/modules.sh" "$dir")" ${overlay:+"$overlay"} >"$joined"
qemu+=(-initrd "$joined")

if [ -n "$shell" ]; then
	"${qemu[@]}"
	exit
fi

if [ -z "$log" ]; then
	log=$top/build/guest-logs/$kernel-$profile-$$.log
fi
mkdir -p "$(dirname "$log")"

# Runs the guest, its console into the log. Sets rc.
boot() {
	rc=0
	if [ -n "$quiet" ]; then
		timeout --foreground -k 5 "$((deadline + boot_allowance))" "${qemu[@]}" \
			</dev/null >"$log.raw" 2>&1 || rc=$?
	else
		set -o pipefail
		timeout --foreground -k 5 "$((deadline + boot_allowance))" "${qemu[@]}" </dev/null 2>&1 |
			tee "$log.raw" | tr -d '\r' || rc=$?
		set +o pipefail
	fi
	tr -d '\r' <"$log.raw" >"$log"
	rm -f "$log.raw"
}

boot
# seldom, at cmpxchg16b, and then it is the emulator that has failed and no kernel: it begins again
if "$here/impossible.sh" "$log"; then
	mv "$log" "$log.impossible"
	boot
	echo "# once more: the flags of the first time are no processor's, $log.impossible" |
		tee -a "$log"
fi

result=$(sed -n 's/^holdfast-guest: exit \([0-9]*\) splats \([0-9]*\)$/\1 \2/p' "$log" | tail -n 1)
if [ -n "$result" ]; then
	read -r code splats <<<"$result"
	why="exited $code, $splats kernel splats"
	if [ "$code" -eq 0 ] && [ "$splats" -gt 0 ]; then
		code=1
	fi
elif [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then
	code=124
	why="was killed: no result within $((deadline + boot_allowance)) seconds"
else
	code=125
	why="ended without a result (QEMU exited $rc)"
	if grep -q 'Kernel panic' "$log"; then
		why="panicked"
	fi
fi

if [ "$code" -ne 0 ]; then
	{
		echo "guest $kernel ($(cat "$dir/release")), profile $profile: $why"
		echo "  log:       $log"
		printf '  reproduce:'
		printf ' %q' "$me" "${invocation[@]}"
		echo
	} >&2
fi
exit "$code"
