#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What each check of `holdfast posture` opens is shown, or it is said why not: the tables of
docs/posture.md have each pair of a check and a row of its once, and what is in the first of them
are the lines of tests/guest/suites/posture-rows.sh, by the same words.
"""

import json
import os
import re
import subprocess
import tempfile

from check import TOP, Tap, read

BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
SUITE = "tests/guest/suites/posture-rows.sh"
PAIR = re.compile(r'^\s*pair ([a-z-]+) ([A-Z]\d\d) "([^"]*)"\s+"([^"]*)"', re.M)
NOT_HERE = re.compile(r'^\s*not_here ([a-z-]+) ([A-Z]\d\d) ', re.M)
ROW = r"^\| `([a-z-]+)` \| ([A-Z]\d\d) \| "


def claimed():
    with tempfile.TemporaryDirectory() as root:
        done = subprocess.run([os.path.join(BUILD, "holdfast"), "posture", "check", "--json", "--root", root],
                              capture_output=True, text=True, check=False)
    return [(check["id"], row) for check in json.loads(done.stdout)["checks"] for row in check["threats"]]


def section(text, title):
    return text.partition("\n## %s\n" % title)[2].partition("\n## ")[0]


def shown_in(text):
    """Of each pair what goes through, what refuses it, and on which kernels."""
    cells = re.findall(ROW + r"([^|]*) \| ([^|]*) \| ([^|]*) \|$", section(text, "What shows it"), re.M)
    return [((check, row), rest) for check, row, *rest in cells]


def not_shown_in(text):
    return re.findall(ROW + r"[^|]+ \|$", section(text, "What shows it"), re.M)


def acts_in(text):
    """The same word for word, of the suite: a pair may be told twice, by the same words."""
    text = text.replace("\\\n", " ")
    return [((check, row), [weak, strong]) for check, row, weak, strong in PAIR.findall(text)]


def pairs_wrong(pairs, text):
    told = [pair for pair, _ in shown_in(text)] + not_shown_in(text)
    for check, row in sorted(set(pairs) ^ set(told)):
        yield "%s %s: of a check or of docs/posture.md, not of both" % (check, row)
    for check, row in sorted({pair for pair in told if told.count(pair) > 1}):
        yield "%s %s: told twice" % (check, row)


def words_wrong(text, suite):
    acts = acts_in(suite)
    for pair, cells in shown_in(text):
        mine = [words for other, words in acts if other == pair]
        if not mine:
            yield "%s %s: said to be shown, and no line of the suite" % pair
        for words in mine:
            if words != cells[:2]:
                yield "%s %s: the suite says %s" % (*pair, " | ".join(words))
    for pair in sorted({pair for pair, _ in acts} - {pair for pair, _ in shown_in(text)}):
        yield "%s %s: a line of the suite, and not said to be shown" % pair


def kernels_wrong(text, suite):
    """Who leaves out a kernel says so on both sides."""
    left_out = set(NOT_HERE.findall(suite))
    for pair, (_, _, kernels) in shown_in(text):
        if pair in left_out and kernels == "all":
            yield "%s %s: not on all kernels, says the suite" % pair


PAIRS = [("yama", "I02"), ("tpm", "K13")]
TEXT = """
## What shows it

| `yama` | I02 | it is traced | EPERM | all |

| `tpm` | K13 | takes a chip |

## And more

| `yama` | I02 | it is traced | EPERM | all |
"""
LINES = '\tpair yama I02 "it is traced" "EPERM" ground trace\n'


def samples_wrong():
    for name, wanted, found in (
            ("a table that fits", 0, list(pairs_wrong(PAIRS, TEXT))),
            ("a row that a check has lost", 1, list(pairs_wrong(PAIRS[:1], TEXT))),
            ("a row that the table does not have", 1, list(pairs_wrong(PAIRS + [("ima", "F12")], TEXT))),
            ("a pair told twice", 1, list(pairs_wrong(PAIRS, TEXT.replace("`tpm` | K13", "`yama` | I02")[:-1]))[1:]),
            ("lines that fit", 0, list(words_wrong(TEXT, LINES))),
            ("other words", 1, list(words_wrong(TEXT, LINES.replace("it is", "he is")))),
            ("a continued line", 0, list(words_wrong(TEXT, LINES.replace('" "', '" \\\n\t\t"')))),
            ("a line that is gone", 1, list(words_wrong(TEXT, ""))),
            ("a line more", 1, list(words_wrong(TEXT, LINES + LINES.replace("I02", "K17")))),
            ("kernels that fit", 0, list(kernels_wrong(TEXT.replace("all", "6.1"), "\tnot_here yama I02 x\n"))),
            ("a kernel left out", 1, list(kernels_wrong(TEXT, "\tnot_here yama I02 x\n")))):
        if len(found) != wanted:
            yield "%s: %d findings instead of %d: %s" % (name, len(found), wanted, found)


def main():
    tap = Tap()
    pairs, text, suite = claimed(), read("docs/posture.md"), read(SUITE)
    tap.clean("the samples are told apart", samples_wrong())
    tap.clean("each row that a check opens is in a table of docs/posture.md", pairs_wrong(pairs, text))
    tap.clean("what is said to be shown is a line of posture-rows.sh", words_wrong(text, suite))
    tap.clean("kernels left out by the suite are left out by the table", kernels_wrong(text, suite))
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
