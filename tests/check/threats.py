#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
docs/threats.md is what tests/drill/threats-doc.py makes of the catalogue and of the tables of
tests/drill/matrix, and these have each row and each technique.
"""

import difflib
import importlib.util
import os
import sys

from check import TOP, Tap, read

SCRIPT = os.path.join(TOP, "tests", "drill", "threats-doc.py")
spec = importlib.util.spec_from_file_location("threats_doc", SCRIPT)
threats_doc = importlib.util.module_from_spec(spec)
spec.loader.exec_module(threats_doc)

LINES = "kernel\t6.0\nM01\trefused\n" \
    "\tt\tallowed\tallowed\trefused\tallowed\tallowed\tEPERM\tM01\t-\n"
ROWS = [{"id": "M01", "family": "maps", "class": "S", "title": "write", "techniques": [
    {"technique": "t", "what": "by id", "neighbour": "its own", "guest_only": False}]}]


def refuses(text):
    try:
        threats_doc.table("6.0", text)
    except threats_doc.Broken:
        return True
    return False


def samples_wrong():
    told = {"6.0": threats_doc.table("6.0", LINES)}
    page = threats_doc.document("", ROWS, told, {})
    for line in ("| M01 | S | write | refused: EPERM |",
                 "| M01 | `t`: by id | goes through | its own | M01 |",
                 "| 6.0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |"):
        if line not in page:
            yield "not in the page: %s" % line
    if list(threats_doc.stale(ROWS, told)):
        yield "a table that fits is taken for one that does not"
    other = [dict(ROWS[0], techniques=[dict(ROWS[0]["techniques"][0], technique="u")])]
    if len(list(threats_doc.stale(other, told))) != 2:
        yield "a technique that was not run, and one that is not there, are not both found"
    if len(list(threats_doc.stale([dict(ROWS[0], id="M02")], told))) != 2:
        yield "a row without a result, and one of no catalogue, are not both found"
    for what, text in (("cut", LINES + "\tt\n"), ("twice", LINES + "M01\topen\n"),
                       ("of no cover", LINES.replace("refused\n", "fine\n", 1)),
                       ("of no kernel", LINES.split("\n", 1)[1])):
        if not refuses(text):
            yield "a table that is %s is taken" % what


def different(have, want):
    return [line for line in difflib.unified_diff(have.split("\n"), want.split("\n"),
                                                  "docs/threats.md", "made", lineterm="", n=0)]


def main():
    tap = Tap()
    rows, kernels = threats_doc.listed(), threats_doc.read_all()
    tap.clean("the catalogue's samples are told apart", samples_wrong())
    tap.clean("each kernel's table has each row and technique, and no other",
              threats_doc.stale(rows, kernels))
    tap.clean("docs/threats.md is what the script makes", different(
        read("docs/threats.md"), threats_doc.whole()))
    return tap.done()


sys.exit(main())
