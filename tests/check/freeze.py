#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/freeze.md is what tests/guest/freeze-doc.py makes of the tables of tests/guest/freeze."""

import difflib
import importlib.util
import os
import sys

from check import TOP, Tap, read

SCRIPT = os.path.join(TOP, "tests", "guest", "freeze-doc.py")
spec = importlib.util.spec_from_file_location("freeze_doc", SCRIPT)
freeze_doc = importlib.util.module_from_spec(spec)
spec.loader.exec_module(freeze_doc)

GUARD = "".join("guard stranger %s allowed refused\n" % verb
                for verb in ("map-freeze", "map-update", "map-iterator"))
LINES = "array plain freeze 0 -\narray plain update 0 EPERM\narray plain iterator 0 0\n"


def page(first, second):
    return freeze_doc.document("", {"6.0": freeze_doc.table("6.0", first + GUARD),
                                    "7.0": freeze_doc.table("7.0", second + GUARD)})


def refuses(text):
    try:
        freeze_doc.table("6.0", text)
    except freeze_doc.Broken:
        return True
    return False


def samples_wrong():
    same, other = page(LINES, LINES), page(LINES, LINES.replace("0 EPERM", "0 0"))
    open_to_all = freeze_doc.document("", {"6.0": freeze_doc.table(
        "6.0", LINES + GUARD.replace("update allowed refused", "update allowed allowed"))})
    if "|  | update | yes, then EPERM | refused |" not in same or same.count("### array") != 1:
        yield "one column for what all kernels answer, and one table for a type"
    if "| 6.0 | 7.0 |" not in other or "| yes, then EPERM | yes | refused |" not in other:
        yield "a column each where they differ"
    if "**not refused everywhere**" not in open_to_all:
        yield "what the guard lets through is said"
    for what, text in (("cut", LINES + "array plain\n"), ("twice", LINES + LINES),
                       ("of no name", "array plain jump 0 0\n")):
        if not refuses(text):
            yield "a row that is %s is refused" % what


def stale(have, want):
    return [line for line in difflib.unified_diff(have.split("\n"), want.split("\n"),
                                                  "docs/freeze.md", "made", lineterm="", n=0)]


def main():
    tap = Tap()
    tap.clean("the tables' samples are told apart", samples_wrong())
    rows = freeze_doc.read_all()
    tap.clean("each required kernel's table has the guard's rows and each kind of act",
              ["%s: %s" % (kernel, act) for kernel, found in rows.items()
               for act in list(freeze_doc.ACTS)[:1] + ["guard"]
               if not any(act in key for key in found)])
    tap.clean("no type of map is untried", ["%s: %s" % (kernel, key[0]) for kernel, found in
                                            rows.items() for key, row in found.items()
                                            if "untried" in row or "unfilled" in row])
    tap.ok(stale("a\n", "b\n") and not stale("a\n", "a\n"), "a stale document is told from a fresh one")
    tap.clean("docs/freeze.md is made from the tables: tests/guest/freeze-doc.py --write",
              stale(read("docs/freeze.md"), freeze_doc.made()))
    return tap.done()


sys.exit(main())
