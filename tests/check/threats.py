#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
docs/threats.md is what tests/drill/threats-doc.py makes of the catalogue and of the tables of
tests/drill/matrix, and these have each row and each technique; tests/drill/hooks.tsv has which
programs of the guard refuse it.
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
    known = threats_doc.hooks.read("t\ta b\nt\tc\n", "sample")
    page = threats_doc.document("", ROWS, told, {}, known)
    for line in ("| M01 | S | write | refused: EPERM |",
                 "| M01 | `t`: by id | goes through | its own | M01 | `a` and `b`; or `c` |",
                 "| 6.0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |"):
        if line not in page:
            yield "not in the page: %s" % line
    if threats_doc.refusing("u", {"u": {(): "why"}}) != "why":
        yield "a reason is not in the page"
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


def hooks_wrong():
    """What hooks.tsv's reader and judge make of samples, where it is not as it should be."""
    hooks = threats_doc.hooks

    def broken(text):
        try:
            hooks.read(text, "sample")
        except hooks.Broken:
            return True
        return False

    told = {"6.0": threats_doc.table("6.0", LINES)}
    known = hooks.read("t\ta b\nt\tc\nu\t-\twhy\nw\t-\tnot found yet\n", "sample")
    of = lambda found, searched=True, names=("t",), guard="abc": len(list(hooks.wrong(
        set(names), found, set(guard), known, searched)))
    stale = lambda table, guard: len(list(threats_doc.stale_hooks(ROWS, told, table, guard)))
    good = "# without t a b\n# without-programs a b\nholdfast-guest: exit 0 splats 0"
    samples = (
        ("as it should be", broken("t\ta b\n"), False),
        ("programs not sorted", broken("t\tb a\n"), True),
        ("the same line twice", broken("t\ta\nt\ta\n"), True),
        ("no reason for none", broken("t\t-\n"), True),
        ("a reason for some", broken("t\ta\twhy\n"), True),
        ("let through by what the table says", of({"t": ("a", "b")}), 0),
        ("and by its other line", of({"t": ("c",)}), 0),
        ("by a program that the table does not have", of({"t": ("a",)}), 1),
        ("not let through", of({}), 1),
        ("refused whatever is left out", of({"t": ()}), 1),
        ("which is known", of({"u": ()}, names=("u",)), 0),
        ("not tried in a part", of({}, False, ("u",)), 0),
        ("nor in a search", of({}, True, ("u",)), 0),
        ("searched for in vain", of({}, True, ("w",)), 1),
        ("which a part does not try", of({}, False, ("w",)), 0),
        ("by programs of another kernel", of({"t": ("a", "b")}, guard="c"), 1),
        ("of no technique that the matrix has", of({"t": ("c",), "v": ("c",)}), 1),
        ("a whole console", hooks.told(good), ({"t": ("a", "b")}, {"a", "b"})),
        ("refused by the guard", hooks.refused(LINES), {"t"}),
        ("and not by the kernel alone", hooks.refused(LINES.replace("allowed", "refused")), set()),
        ("nothing stale", stale({"t": {("a",): ""}}, {"a"}), 0),
        ("no line for what is refused", stale({}, {"a"}), 1),
        ("no such program", stale({"t": {("a",): ""}}, {"b"}), 1),
        ("no such technique", stale({"t": {("a",): ""}, "v": {}}, {"a"}), 1),
    )
    for what, answer, wanted in samples:
        if answer != wanted:
            yield "%s: %s, wanted %s" % (what, answer, wanted)
    for what, text in (("a lost end", good.rsplit("\n", 1)[0]), ("a splat", good[:-1] + "1"),
                       ("a technique twice", good.replace("\n", "\n# without t c\n", 1)),
                       ("no list of programs", good.replace("-programs", ""))):
        try:
            hooks.told(text)
            yield "a console with %s is taken" % what
        except hooks.Broken:
            pass


def different(have, want):
    return [line for line in difflib.unified_diff(have.split("\n"), want.split("\n"),
                                                  "docs/threats.md", "made", lineterm="", n=0)]


def main():
    tap = Tap()
    rows, kernels = threats_doc.listed(), threats_doc.read_all()
    tap.clean("the catalogue's samples are told apart", samples_wrong())
    tap.clean("each kernel's table has each row and technique, and no other",
              threats_doc.stale(rows, kernels))
    tap.clean("hooks are told apart in samples", hooks_wrong())
    tap.clean("each technique that the guard refuses has the programs that do",
              threats_doc.stale_hooks(rows, kernels, threats_doc.hooks.table(),
                                      threats_doc.programs()))
    tap.clean("docs/threats.md is what the script makes", different(
        read("docs/threats.md"), threats_doc.whole()))
    return tap.done()


sys.exit(main())
