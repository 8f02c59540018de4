#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The drill's catalogue is whole and its techniques are of it; and what makes the matrix of a console
(tests/drill/assemble.py) calls no row covered that is not.
"""

import json
import os
import re
import subprocess
import sys

from check import TOP, Tap, read

sys.path.insert(0, os.path.join(TOP, "tests", "drill"))

import assemble

BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
FAMILIES = {"M": 23, "P": 24, "L": 21, "F": 14, "I": 21, "A": 21, "T": 10, "K": 18}


def listed():
    done = subprocess.run([os.path.join(BUILD, "holdfast"), "drill", "--list", "--json"],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["rows"]


def catalogue_wrong(rows):
    ids = [row["id"] for row in rows]
    wanted = ["%s%02d" % (f, i) for f, n in FAMILIES.items() for i in range(1, n + 1)]
    for number in sorted(set(ids) ^ set(wanted)):
        yield "%s: in the catalogue or in its numbering, not in both" % number
    for number in sorted({i for i in ids if ids.count(i) > 1}):
        yield "%s: twice" % number
    for row in rows:
        if row["class"] not in ("S", "S*", "T", "D", "X", "-"):
            yield "%s: of no class: %s" % (row["id"], row["class"])


def techniques_wrong(rows):
    """Each row of a table of src/drill is listed below a row of the catalogue, once."""
    names = [t["technique"] for row in rows for t in row["techniques"]]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield "%s: twice" % name
    folder = os.path.join(TOP, "src", "drill")
    for file in sorted(f for f in os.listdir(folder) if f.endswith(".c")):
        for name in re.findall(r'^\t\{"[A-Z]\d\d", "([a-z][a-z0-9-]+)",\s', read("src/drill/" + file), re.M):
            if name not in names:
                yield "%s: %s is in no row of the list" % (file, name)


def attempt(verdict, ok=True, neighbour=False, errno=None, absent=None, name="t"):
    return {"technique": name, "neighbour": neighbour, "verdict": verdict, "errno": errno,
            "events": "", "as_demanded": ok, "reason": "r", "absent": absent}


def row(verdict, *techniques, neighbour="not-attempted"):
    return {"id": "M01", "family": "maps", "class": "S", "verdict": verdict,
            "neighbour": neighbour, "reason": "r", "techniques": list(techniques)}


def refused():
    allowed = row("allowed", attempt("allowed"))
    return {"none": allowed, "observe": allowed, "down": allowed,
            "enforce": row("refused", attempt("refused", errno="EPERM"),
                           attempt("allowed", neighbour=True), neighbour="allowed")}


def console(phases, rows_told=1):
    lines = ["# drill-kernel 6.0", "# drill-policy " + "0" * 64]
    for phase in assemble.PHASES:
        lines += ["# drill-begin " + phase, "# drill-row " + json.dumps(phases[phase]),
                  "# drill-end %s %d" % (phase, rows_told)]
    return "\n".join(lines + ["holdfast-guest: exit 0 splats 0"])


def judged(**changes):
    try:
        made, ok = assemble.matrix(console(dict(refused(), **changes)), "default")
    except assemble.Broken:
        return "broken", False
    return made["rows"][0]["covered"], ok


def covers_wrong(rows, table):
    """What the table says of a row is shown where it says, and is for rows without a technique."""
    known = {row["id"]: row for row in rows}
    for number, entry in table.items():
        row = known.get(number)
        if row is None:
            yield "%s: no row of the catalogue" % number
        elif row["techniques"]:
            yield "%s: the drill has a technique of it" % number
        elif entry["cover"] != "property" and row["class"] in ("S", "S*"):
            yield "%s: of class %s, which can be refused" % (number, row["class"])
        if not os.path.exists(os.path.join(TOP, entry["file"])):
            yield "%s: there is no %s" % (number, entry["file"])
        elif entry["text"] not in read(entry["file"]):
            yield "%s: %s does not say '%s'" % (number, entry["file"], entry["text"])
        if (entry["file"] == "SECURITY.md") != (entry["cover"] == "named"):
            yield "%s: what is named is named in SECURITY.md, and nothing else is" % number


def covers_samples_wrong():
    def answers(**changes):
        entry = dict({"cover": "named", "file": "SECURITY.md", "text": "**The boot**",
                      "sentence": "s"}, **changes.pop("entry", {}))
        row = dict({"id": "K13", "class": "T", "techniques": []}, **changes)
        return list(covers_wrong([row], {"K13": entry}))

    samples = (("as it should be", answers(), 0), ("no such row", answers(id="K12"), 1),
               ("a technique", answers(techniques=["t"]), 1),
               ("one that can be refused", answers(**{"class": "S*"}), 1),
               ("no such text", answers(entry={"text": "nothing of the kind"}), 1),
               ("no such file", answers(entry={"file": "nowhere", "cover": "property"}), 1),
               ("named elsewhere", answers(entry={"cover": "detected"}), 1))
    for what, found, wanted in samples:
        if len(found) != wanted:
            yield "%s: %s" % (what, found)


def broken(text):
    try:
        assemble.matrix(text, "default")
    except assemble.Broken:
        return True
    return False


def verdicts_wrong():
    """(what, answer, wanted)"""
    no, yes = row("refused", attempt("refused", ok=False)), row("allowed", attempt("allowed"))
    kernel = row("refused", attempt("refused", errno="EOPNOTSUPP"))
    beside = attempt("allowed", neighbour=True)
    enforce = lambda *t, n="allowed": row(t[0]["verdict"], *t, neighbour=n)
    lost = attempt("refused", errno="ENOENT", absent="no f", name="u")
    gone, unproven = row("refused", lost), row("refused", attempt("refused", errno="ENOENT"))
    nowhere = dict.fromkeys(assemble.PHASES, gone)
    beside_lost = {p: dict(r, techniques=r["techniques"] + [lost]) for p, r in refused().items()}
    held = attempt("refused", errno="EPERM", name="u")
    beside_held = {p: dict(r, techniques=r["techniques"] + [held]) for p, r in refused().items()}
    beside_some = dict(beside_held, down=dict(refused()["down"], techniques=[
        attempt("allowed"), attempt("refused", errno="EACCES", name="u")]))
    untried = row("not-attempted", attempt("not-attempted"))
    samples = (
        ("absent in each phase", judged(**nowhere), ("absent", True)),
        ("absent without a guard only", judged(**dict(nowhere, enforce=row(
            "refused", attempt("refused", errno="EPERM", name="u")))), ("open", True)),
        ("absent and not as it should be", judged(**dict(nowhere, down=row("refused", dict(
            lost, as_demanded=False)))), ("open", False)),
        ("absent, and nothing was looked for", judged(**dict.fromkeys(assemble.PHASES, unproven)),
         ("kernel-refuses", True)),
        ("absent beside what is refused", judged(**beside_lost), ("refused", True)),
        ("the kernel refuses one of two", judged(**beside_held), ("refused", True)),
        ("and only in one phase", judged(**dict(beside_held, down=dict(
            beside_some["down"], verdict="refused"))), ("open", True)),
        ("passed over in each phase", judged(**dict.fromkeys(assemble.PHASES, untried)),
         ("open", True)),
        ("all as it should be", judged(), ("refused", True)),
        ("no positive control", judged(none=no), ("open", False)),
        ("refused without the guard afterwards", judged(down=no), ("open", False)),
        ("went through", judged(enforce=enforce(attempt("allowed", ok=False), beside)),
         ("open", False)),
        ("events missing", judged(enforce=enforce(attempt("refused", ok=False), beside)),
         ("open", False)),
        ("no neighbour", judged(enforce=enforce(attempt("refused"), n="not-attempted")),
         ("open", True)),
        ("neighbour refused", judged(enforce=enforce(
            attempt("refused"), attempt("refused", ok=False, neighbour=True), n="refused")),
         ("open", False)),
        ("the kernel refuses", judged(none=kernel, down=kernel, enforce=kernel, observe=kernel),
         ("kernel-refuses", True)),
        ("the guard alone is attacked", judged(none=row("not-attempted"),
                                               down=row("not-attempted")), ("open", True)),
        ("no such verdict", judged(enforce=row("fine", attempt("fine"))), ("broken", False)),
        ("never tried", judged(none=row("not-attempted"), enforce=row("not-attempted"),
                               observe=row("not-attempted"), down=row("not-attempted")),
         ("open", True)),
    )
    for what, answer, wanted in samples:
        if answer != wanted:
            yield "%s: %s, wanted %s" % (what, answer, wanted)
    table = {"M01": {"cover": "property", "file": "f", "text": "t", "sentence": "s"}}
    for what, phases, entry, wanted in (
            ("what a property is", dict.fromkeys(assemble.PHASES, row("not-attempted")),
             table["M01"], "property"),
            ("and not of what was tried", refused(), table["M01"], None),
            ("nor a refusal that is only told", dict.fromkeys(
                assemble.PHASES, row("not-attempted")), dict(table["M01"], cover="named"), None)):
        found = assemble.by_table(row("not-attempted"), phases, entry)
        if (found or {}).get("covered") != wanted:
            yield "%s: %s" % (what, found)
    once, never = refused()["enforce"], row("not-attempted")
    for what, first, second, wanted in (("in the second block", never, once, once),
                                        ("in the first block", once, never, once),
                                        ("in none", never, never, never),
                                        ("in both", once, once, None)):
        try:
            found = assemble.merged({"M01": first}, {"M01": second})["M01"]
        except assemble.Broken:
            found = None
        if found != wanted:
            yield "attempted %s: %s" % (what, found)
    whole = console(refused())
    for what, text in (("a row lost", console(refused(), rows_told=2)),
                       ("a phase lost", whole.replace("# drill-begin down", "")),
                       ("a line cut", whole.replace('"verdict"', '"verd', 1)),
                       ("no last word", whole.rsplit("\n", 1)[0])):
        if not broken(text):
            yield "%s: not noticed" % what
    if broken(whole) or yes["techniques"] == []:
        yield "a whole console is taken for a broken one"


def main():
    tap = Tap()
    rows = listed()
    tap.clean("the drill's catalogue has each of %d rows once" % sum(FAMILIES.values()),
              catalogue_wrong(rows))
    tap.clean("each technique is of a row of the catalogue, and its name is its own",
              techniques_wrong(rows))
    tap.clean("the table of other covers tells its samples apart", covers_samples_wrong())
    tap.clean("what no technique has is shown where the table says",
              covers_wrong(rows, assemble.covers()))
    tap.clean("the matrix calls nothing covered that is not", verdicts_wrong())
    return tap.done()


sys.exit(main())
