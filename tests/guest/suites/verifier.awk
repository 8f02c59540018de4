# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Judges what the verifier takes for each program (tests/guest/cost/verifier.c) by the table of what
# it took (tests/bench/verifier.tsv). A rise by more than a tenth fails, if it is by more than 20
# instructions as well: what is small rises by a tenth when the compiler orders it otherwise. A fall
# by as much only says that the table is out of date; that fails nothing, but the next rise would
# be measured from too high.
#
# usage: awk -v release=RELEASE -f verifier.awk TABLE LINES
# Exits 0; 1, with a line for each program that is not as it should be; 2 without a column for this
# kernel: `6.12` is for the releases 6.12.*, `7.x` for 7.*.

function moved(from, to) {
	return to - from > 20 && (to - from) * 10 > from
}

function complain(text) {
	print text
	bad = 1
}

NR == FNR && /^#/ { next }
NR == FNR && $1 == "PROGRAM" {
	for (i = 2; i <= NF; i++) {
		series = $i
		sub(/x$/, "", series)
		sub(/\.?$/, ".", series)
		if (index(release, series) == 1) {
			column = i
			kernel = $i
		}
	}
	if (!column) {
		print "the table has no column for kernel " release ": take it anew, see verifier.py"
		code = 2
		exit code
	}
	next
}
NR == FNR {
	if ($column != "-")
		before[$1] = $column
	next
}
$1 == "#" && $2 == "verifier" {
	n++
	now = $4
	if (!($3 in before))
		complain($3 " on " kernel ": the verifier takes " now ", the table has nothing of it")
	else if (moved(before[$3], now))
		complain($3 " on " kernel ": the verifier took " before[$3] ", takes " now)
	else if (moved(now, before[$3]))
		print "fell: " $3 " on " kernel ": the verifier took " before[$3] ", takes " now \
			": take the table anew, see verifier.py"
	delete before[$3]
}
END {
	if (code)
		exit code
	for (name in before)
		complain(name " on " kernel ": is in the table, and is not loaded")
	if (!n)
		complain("nothing is loaded")
	exit bad
}
