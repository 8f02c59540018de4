#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs every test and counts: unit tests under sanitizers, the checks of the house rules, what a
# load and a look take (tests/bench), whether others read our logs as we do (tests/counterparts),
# the guest suites on each kernel of the matrix, and on one of them whether the tests notice what
# is broken: the guard without a room (sabotage) or a program (without), the tree with an error
# (mutants). The last line is `N passed, N failed, N skipped`; the exit code is 0 only if nothing
# failed. Logs are in build/test-logs/.
#
# QUICK=1       one kernel, only the suites and mutants whose rooms differ from HEAD, no sabotage,
#               no counterparts
# FULL=1        all of it. Otherwise the full guest is for one kernel, and commits take turns: each
#               runs boot on every kernel, and rows (whole on every other one, on the rest what
#               enforces), any other suite on one, and so with profiles
#               other than default, a quarter of the full guest's suites, an eighth of the rooms
#               left out and a 32nd of the mutants: four commits that follow each other run all of
#               the guests, 32 all of the rest; programs are left out with FULL=1 only
# KERNEL=NAME   only that kernel
# JOBS=N        guests at a time (as many as processors)
# TURN=N        as of the N'th commit
# LIST=1        only say what guests this run would have, one a line
#
# A test that never ran is a failure, whatever the reason; so is a skip on a required kernel.
set -eu

cd "$(dirname "$0")/.."
logs=$PWD/build/test-logs
results=$logs/results
jobs=${JOBS:-$(nproc)}
list=${HOLDFAST_SUITES:-tests/guest/suites.list}
kernels_list=${HOLDFAST_KERNELS:-tools/kernels.list}
# where the full guest is enough if not all are asked for: what Debian 12 gets by backports
full_kernel=6.12
started=$SECONDS
# whose turn it is: see FULL
turn=${TURN:-$(git rev-list --count --first-parent HEAD 2>/dev/null || echo 0)}

if [ -n "${LIST:-}" ]; then
	logs=$(mktemp -d)
	trap 'rm -rf "$logs"' EXIT
	results=$logs/results
fi
rm -rf "$logs"
mkdir -p "$logs/guests"
: >"$results"

# Adds one result to the count and prints it: record pass|fail|skip NAME; the name of a skip holds
# its reason after `# skip`.
record() {
	printf '%s\t%s\n' "$1" "$2" >>"$results"
	case $1 in
	pass) echo "ok - $2" ;;
	fail) echo "not ok - $2" ;;
	skip) echo "ok - $2" ;;
	esac
}

# Reads TAP on stdin, records each of its results under PREFIX, and fails what is not said aloud:
# no result at all, fewer results than planned, an exit code that no result explains.
# take_tap PREFIX EXIT-CODE SKIP-IS: the third is `fail` where nothing may be skipped
take_tap() {
	local prefix=$1 code=$2 skip_is=$3 verdict name

	while IFS=$'\t' read -r verdict name; do
		record "$verdict" "$prefix: $name"
	done < <(awk -v code="$code" -v skip_is="$skip_is" '
		/^1\.\.[0-9]+/ { plan = substr($1, 4) + 0; planned = 1
			if (plan == 0 && match($0, /# *[Ss][Kk][Ii][Pp].*/)) {
				n++; planned = 0
				if (skip_is == "fail") failed++
				print skip_is "\teverything skipped " substr($0, RSTART) } }
		/^Bail out!/ { print "fail\t" $0; failed++; n++ }
		/^(not )?ok( |$)/ {
			n++; verdict = /^not / ? "fail" : "pass"; name = $0
			sub(/^(not )?ok */, "", name); sub(/^[0-9]+ */, "", name)
			sub(/^- */, "", name)
			if (name == "") name = "test " n
			# some writers call a skip `not ok`, and put the name behind the word
			if (match(name, /# *[Ss][Kk][Ii][Pp]/)) {
				verdict = skip_is
				if (skip_is == "fail") name = name " (nothing may be skipped here)" }
			if (verdict == "fail") failed++
			print verdict "\t" name }
		END {
			if (planned && plan != n) { failed++
				print "fail\t" plan " results planned, " n + 0 " given" }
			else if (n == 0) { failed++; print "fail\tno result, exit code " code }
			if (code != 0 && !failed) print "fail\tno test failed, but the exit code is " code
		}')
}

# ---- which suites

# The rooms whose files differ from HEAD, one a line; `*` when a file belongs to no one room.
changed_rooms() {
	local rooms file base

	rooms=$(suites | awk '{ gsub(",", "\n", $4); print $4 }' | sort -u | grep -vxF '*' || true)
	if ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
		echo '*'
		return
	fi
	{ git diff --name-only HEAD; git ls-files --others --exclude-standard; } |
		while read -r file; do
			case $file in *.md | man/* | docs/*) continue ;; esac
			base=${file##*/}
			base=${base%%.*}
			base=${base%-api}
			if grep -qxF "$base" <<<"$rooms"; then
				echo "$base"
			else
				echo '*'
			fi
		done | sort -u
}

suites() {
	sed -e 's/^[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$list"
}

# The rows of suites.list that this run takes.
chosen_suites() {
	local changed

	if [ -z "${QUICK:-}" ]; then
		suites
		return
	fi
	# the full guest takes minutes
	changed=$(changed_rooms | paste -sd,)
	# nothing changed: no reason to believe that nothing needs a test
	suites | grep -v ' full/\|	full/' | awk -v changed=",${changed:-*}," '
		{ take = index(changed, ",*,") || $4 == "*"
		  n = split($4, r, ",")
		  for (i = 1; i <= n; i++) if (index(changed, "," r[i] ",")) take = 1
		  if (take) print }'
}

# The kernels of this run: QUICK takes the last row, where new verifiers and hooks show first.
chosen_kernels() {
	local all

	all=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$kernels_list" | awk '{ print $1, $3 }')
	if [ -n "${KERNEL:-}" ]; then
		awk -v name="$KERNEL" '$1 == name' <<<"$all"
	elif [ -n "${QUICK:-}" ]; then
		tail -n 1 <<<"$all"
	else
		echo "$all"
	fi
}

# ---- stages

build() {
	local dir=$1
	shift

	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$dir" "$@" || return 1
	fi
}

run_units() {
	local tap name

	echo "# unit tests, address and undefined behaviour sanitizers"
	if ! build build-asan -Db_sanitize=address,undefined -Db_lundef=false \
		>"$logs/unit-setup.log" 2>&1; then
		record fail "unit: build-asan is configured (build/test-logs/unit-setup.log)"
		return
	fi
	rm -f build-asan/meson-logs/testlog.json
	CMOCKA_MESSAGE_OUTPUT=TAP ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 \
		UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		meson test -C build-asan --suite unit --print-errorlogs >"$logs/unit.log" 2>&1 || true
	if [ ! -s build-asan/meson-logs/testlog.json ]; then
		record fail "unit: the tests build and run (build/test-logs/unit.log)"
		tail -n 30 "$logs/unit.log" | sed 's/^/# /'
		return
	fi
	mkdir -p "$logs/unit"
	python3 - build-asan/meson-logs/testlog.json "$logs/unit" <<-'EOF'
		import json, os, re, sys
		for line in open(sys.argv[1]):
		    test = json.loads(line)
		    name = re.sub(r"[^A-Za-z0-9_.-]", "_", test["name"].split(" / ")[-1])
		    out = test.get("stdout") or ""
		    if not re.search(r"^(not )?ok\b", out, re.M):
		        result = test["result"]
		        out += {"OK": "\nok - all\n", "SKIP": "\nok - all # skip by exit code\n"}.get(
		            result, "\nnot ok - %s\n" % result.lower())
		    # FAIL is in the TAP itself; the rest is what meson saw from outside
		    elif test["result"] not in ("OK", "SKIP", "FAIL", "EXPECTEDFAIL"):
		        out += "\nnot ok - meson says %s\n" % test["result"].lower()
		    with open(os.path.join(sys.argv[2], name + ".tap"), "w") as file:
		        file.write(out)
		    with open(os.path.join(sys.argv[2], name + ".code"), "w") as file:
		        file.write(str(test.get("returncode", 1)))
		    with open(os.path.join(sys.argv[2], name + ".err"), "w") as file:
		        file.write(test.get("stderr") or "")
	EOF
	for tap in "$logs"/unit/*.tap; do
		name=$(basename "$tap" .tap)
		take_tap "unit $name" "$(cat "${tap%.tap}.code")" skip <"$tap"
		sed 's/^/# /' "${tap%.tap}.err"
	done
}

run_checks() {
	local script name code

	echo "# checks of the house rules"
	for script in tests/check/*; do
		if [ ! -f "$script" ] || [ ! -x "$script" ]; then
			continue
		fi
		name=$(basename "${script%.*}")
		code=0
		BUILD=$PWD/build "$script" </dev/null >"$logs/check-$name.log" 2>&1 || code=$?
		take_tap "check $name" "$code" skip <"$logs/check-$name.log"
		grep '^#' "$logs/check-$name.log" || true
	done
}

# `measured` is a profile of the build, not of the kernel: the guard as on a kernel without IMA.
build_of() {
	case $1 in
	measured) echo build-without-ima ;;
	*) echo build ;;
	esac
}

# What a build's guests carry: packed PROFILE
packed() {
	local dir

	dir=$(build_of "$1")
	if [ "$dir" = build-without-ima ]; then
		build "$dir" -Dwithout_ima=true && ninja -C "$dir" || return 1
	fi
	tests/guest/image.sh "$dir"
}

guest_job() {
	local begun=$SECONDS

	guest_run "$@"
	printf '%s\t%s\n' $((SECONDS - begun)) "$2 on $1 $3" >>"$logs/guest-seconds"
}

guest_run() {
	local kernel=$1 suite=$2 profile=$3 deadline=$4 command=$5
	local base=$logs/guests/$kernel-$profile-$suite code=0

	if [ "$suite" = harness ]; then
		tests/guest/selftest.sh "$kernel" build/guest.cpio "$base" \
			>"$base.log" 2>"$base.err" || code=$?
		echo "$code" >"$base.code"
		return
	fi
	case $command in
	full/* | boots/*)
		timeout -k 5 "$deadline" tests/guest/"$command" --kernel "$kernel" \
			--profile "$profile" --log "$base.console" >"$base.log" 2>"$base.err" || code=$?
		echo "$code" >"$base.code"
		return
		;;
	esac
	if [ "$profile" = measured ]; then
		command+=" measured"
	fi
	tests/guest/run.sh --kernel "$kernel" --initramfs "$(build_of "$profile")/guest.cpio" \
		--profile "${profile/measured/default}" --deadline "$deadline" --quiet \
		--log "$base.log" --run "$command" \
		>/dev/null 2>"$base.err" || code=$?
	echo "$code" >"$base.code"
}

# Counts the results of a guest that has ended, and what it did besides its tests.
collect() {
	local kernel=$1 suite=$2 profile=$3 status=$4
	local base=$logs/guests/$kernel-$profile-$suite skip_is=skip prefix code told=0

	prefix="$suite on $kernel $profile"
	code=$(cat "$base.code")
	if [ "$status" = required ]; then
		skip_is=fail
	fi
	if grep -q '^holdfast-guest: exit [0-9]* splats [1-9]' "$base.log"; then
		record fail "$prefix: the kernel log has no report"
	elif [ "$code" -eq 124 ]; then
		record fail "$prefix: the guest ends before its deadline"
	elif [ "$code" -eq 125 ]; then
		record fail "$prefix: the guest ends with a result"
	else
		told=$code
	fi
	grep '^# once more: ' "$base.log" || true
	# what has been told above needs no second failure
	take_tap "$prefix" "$told" "$skip_is" <"$base.log"
	if [ "$code" -ne 0 ]; then
		grep '^#' "$base.log" || true
		sed 's/^/# /' "$base.err"
	fi
}

# of the full guest's suites, how many have been asked for
full_suites=0

# Does this run take the suite on this kernel?
# wanted KERNEL KERNEL-NUMBER SUITE SUITE-NUMBER PROFILE COMMAND
wanted() {
	if [ -n "${FULL:-}${KERNEL:-}" ]; then
		return 0
	fi
	case $6 in
	full/*)
		[ "$1" = "$full_kernel" ] || return 1
		full_suites=$((full_suites + 1))
		[ $(((full_suites + turn) % 4)) -eq 0 ]
		return
		;;
	esac
	[ -z "${QUICK:-}" ] || return 0
	case $5/$3 in
	default/boot | default/rows) ;;
	default/*) [ $((($2 + $4 + turn) % 4)) -eq 0 ] ;;
	*) [ $((($2 + turn) % 4)) -eq 0 ] ;;
	esac
}

# What of it the run takes there: the catalogue's rows are refused on every kernel; without a guard,
# observed, and after it they are tried on every other one.
# taken KERNEL-NUMBER SUITE PROFILE COMMAND
taken() {
	if [ -z "${FULL:-}${KERNEL:-}${QUICK:-}" ] && [ "$2/$3" = rows/default ] &&
		[ $((($1 + turn) % 2)) -ne 0 ]; then
		echo "$4 phase=enforce"
	else
		echo "$4"
	fi
}

queue=()
left=

# What this run has guests do, and what it leaves to others.
plan_guests() {
	local kernel status suite profiles deadline rooms command profile number=0 suite_number
	local taken

	while read -r kernel status; do
		number=$((number + 1))
		suite_number=0
		while read -r suite profiles deadline rooms command; do
			suite_number=$((suite_number + 1))
			for profile in ${profiles//,/ }; do
				if wanted "$kernel" "$number" "$suite" "$suite_number" "$profile" \
					"$command"; then
					taken=$(taken "$number" "$suite" "$profile" "$command")
					queue+=("$kernel $status $suite $profile $deadline $taken")
					[ "$taken" = "$command" ] ||
						left+=" $suite/$kernel/$profile(all but ${taken##* })"
				else
					left+=" $suite/$kernel/$profile"
				fi
			done
		done < <(chosen_suites)
	done < <(chosen_kernels)
}

# A kernel that is not there has no guests: without_kernel KERNEL
without_kernel() {
	local row
	local -a rest=()

	for row in "${queue[@]}"; do
		[ "${row%% *}" = "$1" ] || rest+=("$row")
	done
	queue=("${rest[@]}")
}

run_guests() {
	local kernel status profile

	echo "# guests"
	for profile in default $(chosen_suites | grep -ow -m 1 measured || true); do
		if ! packed "$profile" >"$logs/image-$profile.log" 2>&1; then
			record fail "guest: the initramfs is packed (build/test-logs/image-$profile.log)"
			tail -n 40 "$logs/image-$profile.log" | sed 's/^/# /'
			return
		fi
	done
	plan_guests
	while read -r kernel status; do
		if ! tools/fetch-kernels.sh "$kernel" 2>"$logs/kernel-$kernel.log"; then
			if [ "$status" = required ]; then
				record fail "guest $kernel: the kernel is there"
			else
				record skip "guest $kernel: the kernel is there # skip this row is not required"
			fi
			without_kernel "$kernel"
		fi
		sed 's/^/# /' "$logs/kernel-$kernel.log"
	done < <(chosen_kernels)

	[ -z "$left" ] || echo "# not this commit's turn, FULL=1 runs them:$left"

	# A harness that cannot fail proves nothing; one kernel is enough to see that it can. It
	# takes longest, so it starts first.
	if [ -z "${QUICK:-}" ] && [ ${#queue[@]} -gt 0 ]; then
		read -r kernel _ <<<"${queue[-1]}"
		queue=("$kernel required harness default 0 -" "${queue[@]}")
	fi
	if [ ${#queue[@]} -eq 0 ]; then
		record fail "guest: there is a suite and a kernel to run"
		return
	fi
	drain "${queue[@]}"
	wait
	echo "# the guests that took longest:"
	sort -rn "$logs/guest-seconds" | head -n 8 | sed 's/\t/ seconds: /; s/^/#   /'
}

# Runs the queued guests, $jobs at a time; results are printed in the order of the queue.
drain() {
	local kernel status suite profile deadline command next=0 running=0 collected=0
	local -a queue=("$@")

	while [ "$collected" -lt $# ]; do
		if [ "$next" -lt $# ] && [ "$running" -lt "$jobs" ]; then
			read -r kernel status suite profile deadline command <<<"${queue[next]}"
			guest_job "$kernel" "$suite" "$profile" "$deadline" "$command" &
			next=$((next + 1))
			running=$((running + 1))
			continue
		fi
		wait -n || true
		running=$((running - 1))
		while [ "$collected" -lt "$next" ]; do
			read -r kernel status suite profile deadline command <<<"${queue[collected]}"
			[ -s "$logs/guests/$kernel-$profile-$suite.code" ] || break
			collect "$kernel" "$suite" "$profile" "$status"
			collected=$((collected + 1))
		done
	done
}

# A script that speaks TAP by itself: run_script NAME COMMAND...
run_script() {
	local name=$1 code=0

	shift
	"$@" </dev/null >"$logs/$name.log" 2>&1 || code=$?
	take_tap "$name" "$code" skip <"$logs/$name.log"
	grep '^#' "$logs/$name.log" || true
}

# Are they as fast as they are said to be? Before the guests: nothing of ours runs beside it.
run_bench() {
	mkdir -p build/bench
	run_script bench build/tests/bench/bench-load build/tests/bench/load.bpf.o build/bench
	run_script bench-posture build/tests/bench/bench-posture build/holdfast
}

# Do readers and writers of logs that are not ours say the same as ours? The first time it fetches
# and builds them, which takes minutes.
run_counterparts() {
	run_script counterparts tests/counterparts/run.sh build
}

# Do the tests notice what they are for?
run_sabotage() {
	local which=

	[ -n "${FULL:-}" ] || which=--part=$turn/8
	echo "# sabotage: the guard without one of its rooms ${which#--}"
	run_script sabotage tests/sabotage.sh ${which:+"$which"}
}

# Is it the hooks that refuse what the drill says they do? Where hooks.tsv was taken, whatever
# kernel the guests are to have.
run_without() {
	echo "# without: attacks upon a guard that lacks what refuses them"
	KERNEL=6.12 run_script without tests/drill/without.sh --part=1/1
}

run_mutants() {
	local which=

	if [ -n "${QUICK:-}" ]; then
		which=--changed
	elif [ -z "${FULL:-}" ]; then
		which=--part=$turn/32
	fi
	echo "# mutants: one error each, and the test that has to notice ${which#--}"
	run_script mutants tests/mutants/run.py ${which:+"$which"}
}

# stage FUNCTION: says how long it took
stage() {
	local begun=$SECONDS

	"$1"
	echo "# ${1#run_}: $((SECONDS - begun)) seconds"
}

summary() {
	local passed failed skipped

	passed=$(grep -c '^pass	' "$results" || true)
	failed=$(grep -c '^fail	' "$results" || true)
	skipped=$(grep -c '^skip	' "$results" || true)
	echo "# $((SECONDS - started)) seconds, logs in build/test-logs/"
	if [ "$failed" -gt 0 ]; then
		echo "# failed:"
		sed -n 's/^fail	/#   /p' "$results"
	fi
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

if [ -n "${LIST:-}" ]; then
	plan_guests
	for row in "${queue[@]}"; do
		read -r kernel _ suite profile _ command <<<"$row"
		[[ $command == *phase=* ]] && suite+=:${command##*phase=}
		echo "$suite/$kernel/$profile"
	done
	exit 0
fi
echo "# build"
if build build >"$logs/build.log" 2>&1 && ninja -C build >>"$logs/build.log" 2>&1; then
	record pass "build"
	stage run_units
	stage run_checks
	stage run_bench
	[ -n "${QUICK:-}" ] || stage run_counterparts
	stage run_guests
	[ -n "${QUICK:-}" ] || stage run_sabotage
	[ -z "${FULL:-}" ] || stage run_without
	stage run_mutants
else
	record fail "build"
	tail -n 40 "$logs/build.log" | sed 's/^/# /'
fi
summary
