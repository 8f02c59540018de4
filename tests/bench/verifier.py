#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the kernels' verifiers take for each of the guard's programs, in instructions that they follow:
the table that the suite `boot` judges by (tests/bench/verifier.tsv).

usage: verifier.py --take BUILD [KERNEL...]   in a guest each; every kernel, if none is given: the
                                              others' columns stay
       verifier.py --table KERNEL=FILE...     of consoles of `boot` that are there: to stdout

Exits 0; 1 if a guest failed, and the table stays as it was; 2 if a console says nothing of
programs.
"""

import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLE = os.path.join(TOP, "tests", "bench", "verifier.tsv")
HEAD = """\
# What each kernel's verifier took for each program of the guard (bpf_prog_info.verified_insns).
# `-`: that kernel has another program for it, or none. Taken by `tests/bench/verifier.py --take
# build`; judged by tests/guest/suites/verifier.awk.
"""


class Broken(Exception):
    """A console, or the table, does not hold what it should."""


def kernels():
    with open(os.path.join(TOP, "tools", "kernels.list"), encoding="ascii") as file:
        return [line.split()[0] for line in file if line.strip() and line[0] != "#"]


def counts_of(text):
    """{program: instructions}"""
    counts = {}
    for line in text.replace("\r", "").split("\n"):
        words = line.split()
        if words[:2] == ["#", "verifier"] and len(words) == 4:
            if counts.setdefault(words[2], int(words[3])) != int(words[3]):
                raise Broken("%s is there twice, with two counts" % words[2])
    if not counts:
        raise Broken("there is no program")
    return counts


def columns_of(text):
    """{kernel: {program: instructions}}, as table_of() has put it"""
    rows = [line.split("\t") for line in text.split("\n") if line and line[0] != "#"]
    if not rows or rows[0][0] != "PROGRAM":
        raise Broken("the table has no line that begins with PROGRAM")
    return {kernel: {row[0]: int(row[i]) for row in rows[1:] if row[i] != "-"}
            for i, kernel in enumerate(rows[0]) if i}


def table_of(columns):
    names = sorted({name for counts in columns.values() for name in counts})
    lines = ["\t".join(["PROGRAM", *columns])]
    for name in names:
        lines.append("\t".join([name, *(str(c.get(name, "-")) for c in columns.values())]))
    return HEAD + "\n".join(lines) + "\n"


def taken(build, kernel):
    """The console of a guest that has loaded them; None if it could not."""
    log = os.path.join(build, "bench", "verifier-%s.log" % kernel)
    done = subprocess.run(
        ["tests/guest/run.sh", "--kernel", kernel, "--initramfs",
         os.path.join(build, "guest.cpio"), "--quiet", "--log", log, "--run",
         "/opt/tests/verifier"], cwd=TOP, check=False)
    if done.returncode:
        return None
    with open(log, encoding="utf-8", errors="replace") as file:
        return file.read()


def take(build, wanted):
    columns = {}
    if os.path.exists(TABLE):
        with open(TABLE, encoding="ascii") as file:
            columns = columns_of(file.read())
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    subprocess.run(["tests/guest/image.sh", build], cwd=TOP, check=True,
                   stdout=subprocess.DEVNULL)
    for kernel in wanted:
        text = taken(build, kernel)
        if text is None:
            return 1
        columns[kernel] = counts_of(text)
        print("%s: %d programs, %d instructions" % (kernel, len(columns[kernel]),
                                                    sum(columns[kernel].values())))
    with open(TABLE, "w", encoding="ascii") as file:
        file.write(table_of({k: columns[k] for k in kernels() if k in columns}))
    return 0


def main(arguments):
    if arguments[:1] == ["--take"] and len(arguments) > 1:
        return take(os.path.abspath(arguments[1]), arguments[2:] or kernels())
    if arguments[:1] == ["--table"] and len(arguments) > 1:
        columns = {}
        for argument in arguments[1:]:
            kernel, _, path = argument.partition("=")
            with open(path, encoding="utf-8", errors="replace") as file:
                columns[kernel] = counts_of(file.read())
        sys.stdout.write(table_of(columns))
        return 0
    print(__doc__.split("usage: ")[1].split("\n\n")[0], file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as error:
        print("verifier.py: %s" % error, file=sys.stderr)
        sys.exit(2)
