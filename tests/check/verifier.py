#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the suite `boot` says of the verifier's work, by tests/guest/suites/verifier.awk: a rise is
told by name, and neither a program nor a line of the table is passed over. And the table is one
that verifier.py has written, for every kernel of the matrix.
"""

import os
import subprocess
import sys
import tempfile

from check import TOP, Tap, read

sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
import verifier  # noqa: E402

JUDGE = os.path.join(TOP, "tests", "guest", "suites", "verifier.awk")
TABLE = verifier.table_of({"6.1": {"big": 5000, "small": 100, "old": 7},
                           "6.12": {"big": 1000, "small": 100, "new": 20},
                           "7.x": {"big": 1}})
AS_IT_WAS = {"big": 1000, "small": 100, "new": 20}


def judged(counts, release="6.12.99+deb13-cloud-amd64", table=TABLE):
    """(exit code, what it says)"""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("table", "counts")]
        lines = "".join("# verifier %s %d\n" % item for item in counts.items())
        for path, text in zip(paths, (table, lines)):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        done = subprocess.run(["awk", "-v", "release=" + release, "-f", JUDGE, *paths],
                              capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.rstrip("\n")


def says(counts, code, *words, **arguments):
    got, text = judged(counts, **arguments)
    return got == code and all(word in text for word in words)


def broken(function, *arguments):
    try:
        function(*arguments)
    except verifier.Broken:
        return True
    return False


def main():
    tap = Tap()
    tap.ok(judged(AS_IT_WAS) == (0, "") and judged({"big": 1}, "7.3.4") == (0, "") and
           judged({"big": 5000, "small": 100, "old": 7}, "6.1.0-56") == (0, ""),
           "what is as it was, in its kernel's column, needs no word")
    tap.ok(says({**AS_IT_WAS, "big": 1101}, 1, "big on 6.12", "1000", "1101") and
           judged({**AS_IT_WAS, "big": 1100}) == (0, ""),
           "a rise by more than a tenth fails, with the program, the kernel and both counts")
    tap.ok(judged({**AS_IT_WAS, "small": 120}) == (0, "") and
           says({**AS_IT_WAS, "small": 121}, 1, "small on 6.12") and
           judged({**AS_IT_WAS, "new": 40}) == (0, ""),
           "of something small it is one by more than 20 instructions")
    tap.ok(says({**AS_IT_WAS, "big": 890}, 0, "fell: big on 6.12", "anew") and
           judged({**AS_IT_WAS, "big": 910}) == (0, ""),
           "a fall asks for a new table, and fails nothing")
    tap.ok(says({**AS_IT_WAS, "more": 1}, 1, "more on 6.12", "nothing of it") and
           says({"big": 1000, "small": 100}, 1, "new on 6.12", "not loaded") and
           says({}, 1, "nothing is loaded"),
           "a program that the table lacks fails, and so does a line without a program")
    tap.ok(says(AS_IT_WAS, 2, "no column", release="6.18.1") and
           says(AS_IT_WAS, 2, "no column", release="6.120.1"),
           "so does a kernel without a column")
    console = "x\r\n# verifier big 12\r\n# verifier new 3\r\n"
    tap.ok(verifier.counts_of(console) == {"big": 12, "new": 3} and
           verifier.columns_of(TABLE)["6.12"] == AS_IT_WAS and
           broken(verifier.counts_of, "nothing") and
           broken(verifier.counts_of, console + "# verifier big 13\n"),
           "a console is read whole, and a table as it was written")
    columns = verifier.columns_of(read("tests/bench/verifier.tsv"))
    tap.ok(list(columns) == verifier.kernels() and
           verifier.table_of(columns) == read("tests/bench/verifier.tsv"),
           "the table has a column for each kernel, and is as verifier.py writes it",
           sorted(set(verifier.kernels()) ^ set(columns)))
    return tap.done()


sys.exit(main())
