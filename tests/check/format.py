#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""C is formatted as .clang-format has it. `format.py --fix` formats the tree in place."""

import difflib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from check import TOP, Tap, read, tree_files

TOOL = "clang-format"


def formatted(name, text):
    # --assume-filename finds .clang-format from a file's own folder upwards
    run = subprocess.run([TOOL, "--style=file", "--assume-filename=" + name], input=text, cwd=TOP,
                         capture_output=True, text=True, check=True)
    return run.stdout


def findings(name):
    text = read(name)
    ours, theirs = text.split("\n"), formatted(name, text).split("\n")
    changes = [c for c in difflib.SequenceMatcher(None, ours, theirs, False).get_opcodes()
               if c[0] != "equal"]
    if not changes:
        return []
    return ["%s:%d: the formatter changes %d lines" % (
        name, changes[0][1] + 1, sum(max(c[2] - c[1], c[4] - c[3]) for c in changes))]


def main():
    tap = Tap()
    files = [f for f in tree_files() if f.endswith((".c", ".h"))]
    if sys.argv[1:] == ["--fix"]:
        return subprocess.run([TOOL, "--style=file", "-i"] + files, cwd=TOP, check=False).returncode
    good = "int f(void)\n{\n\tif (a)\n\t\treturn 0;\n\treturn b;\n}\n"
    told = formatted("src/sample.c", good.replace("if (a)", "if(a)")) == good
    with ThreadPoolExecutor() as pool:
        found = [f for result in pool.map(findings, files) for f in result]
    tap.ok(told and formatted("src/sample.c", good) == good, "the formatter tells its samples apart")
    tap.clean("C is formatted as .clang-format has it", found)
    return tap.done()


sys.exit(main())
