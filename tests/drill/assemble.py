#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Makes the matrix of one kernel from the console of a guest that ran the drill through every phase.
The console is the only way out of a guest; whatever it has swallowed fails the run.

usage: assemble.py CONSOLE PROFILE OUT.json

What covers a row is computed from what ran, never written down:
  refused         went through without the guard and after it, was refused by it with its events,
                  and a neighbour's own passed
  kernel-refuses  the kernel refuses it without a guard, each technique with the same errno, and
                  that is known of this kernel; with the guard it is refused as well
  absent          no technique of it can be on this kernel: each has looked, in every phase, for
                  what it needs, and the act itself found it missing; `proof` says what. Such a
                  technique, or one that the kernel itself refuses, says nothing of a row that
                  has others
  property, detected, named
                  no technique of it is in the drill, and tests/drill/covers.tsv has it: what the
                  guard or an agent is like, an event that tells of it, or a limit that SECURITY.md
                  names. tests/check/drill.py holds that each is shown where the table says
  open            everything else; the reason says what is missing

`hooks` of a row are the programs of the guard without which its techniques go through, as
tests/drill/hooks.tsv has them.

A phase may be there in two blocks, under two policies: a row is attempted in one of them.

Exits 0 if every row that was attempted is as it should be, 1 if not, 2 if the console is not whole.
"""

import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import hooks

TABLE = os.path.join(HERE, "covers.tsv")

PHASES = ("none", "observe", "enforce", "down")
COLUMNS = {"none": "without_guard", "observe": "observe", "enforce": "enforce", "down": "after_down"}
VERDICTS = ("allowed", "refused", "refused-otherwise", "not-attempted")
COVERS = ("refused", "detected", "kernel-refuses", "property", "named", "absent", "open")
LINE_MAX, ROWS_MAX = 65536, 4096


class Broken(Exception):
    """The console does not hold what a drill prints."""


def text_of(value, most=256):
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise Broken("not a short text: %r" % (value,))
    return value


def one_of(value, allowed):
    if value not in allowed:
        raise Broken("%r is none of %s" % (value, ", ".join(allowed)))
    return value


def technique_of(raw):
    return {"technique": text_of(raw["technique"]), "neighbour": bool(raw["neighbour"]),
            "verdict": one_of(raw["verdict"], VERDICTS),
            "errno": None if raw["errno"] is None else text_of(raw["errno"], 32),
            "events": text_of(raw["events"]), "as_demanded": raw["as_demanded"] is True,
            "reason": text_of(raw["reason"], 512),
            "absent": None if raw["absent"] is None else text_of(raw["absent"])}


def row_of(line):
    if len(line) > LINE_MAX:
        raise Broken("a row of %d bytes" % len(line))
    try:
        raw = json.loads(line)
        if not re.fullmatch(r"[A-Z]\d\d", raw["id"]):
            raise Broken("no row: %r" % raw["id"])
        return {"id": raw["id"], "family": text_of(raw["family"], 32),
                "class": text_of(raw["class"], 8), "verdict": one_of(raw["verdict"], VERDICTS),
                "neighbour": one_of(raw["neighbour"], VERDICTS),
                "reason": text_of(raw["reason"], 512),
                "techniques": [technique_of(t) for t in raw["techniques"]]}
    except (ValueError, KeyError, TypeError) as error:
        raise Broken("a row is not as the drill prints it: %r" % error) from error


def covers():
    """{id: {cover, file, text, sentence}} of the table"""
    found = {}
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 5 or fields[0] in found or \
                    fields[1] not in ("property", "detected", "named"):
                raise Broken("%s: not as its head says: %s" % (TABLE, fields[0]))
            found[fields[0]] = dict(zip(("cover", "file", "text", "sentence"), fields[1:]))
    return found


def merged(old, new):
    """The rows of two blocks of a phase."""
    if sorted(old) != sorted(new):
        raise Broken("two blocks of a phase have other rows")
    twice = [number for number in old if old[number]["techniques"] and new[number]["techniques"]]
    if twice:
        raise Broken("attempted in two blocks of a phase: %s" % ", ".join(twice))
    return {number: new[number] if new[number]["techniques"] else old[number] for number in old}


def console_of(text):
    """(kernel, policy digest, splats, {phase: {id: row}})"""
    kernel = digest = splats = phase = None
    block, found = {}, {}
    for line in text.split("\n"):
        word, _, rest = line.removeprefix("# ").partition(" ")
        if word == "drill-kernel":
            kernel = text_of(rest)
        elif word == "drill-policy":
            digest = rest if re.fullmatch(r"[0-9a-f]{64}", rest) else None
        elif word == "drill-begin":
            if phase is not None:
                raise Broken("the phase %s has no end" % phase)
            phase, block = one_of(rest, PHASES), {}
        elif word == "drill-row":
            row = row_of(rest)
            if phase is None or row["id"] in block or len(block) >= ROWS_MAX:
                raise Broken("the row %s where none belongs" % row["id"])
            block[row["id"]] = row
        elif word == "drill-end":
            if rest != "%s %d" % (phase, len(block)):
                raise Broken("the phase %s has lost rows: %s" % (phase, rest))
            found[phase] = merged(found[phase], block) if phase in found else block
            phase = None
        match = re.fullmatch(r"holdfast-guest: exit \d+ splats (\d+)", line)
        if match:
            splats = int(match.group(1))
    if kernel is None or digest is None or splats is None or phase is not None:
        raise Broken("the kernel, the policy's digest, or the guest's last word is missing")
    if sorted(found) != sorted(PHASES) or len({tuple(sorted(p)) for p in found.values()}) != 1:
        raise Broken("not every phase is there with the same rows")
    return kernel, digest, splats, found


def acts(row, neighbour=False):
    return {t["technique"]: t for t in row["techniques"] if t["neighbour"] == neighbour}


def same_errno(*rows):
    """The one errno of every attempt, if the kernel refused each of them."""
    tried = [t for row in rows for t in acts(row).values()]
    errnos = {t["errno"] for t in tried}
    refused = all(t["verdict"] in ("refused", "refused-otherwise") for t in tried)
    return errnos.pop() if tried and refused and len(errnos) == 1 else None


def absent_of(phases):
    """{technique: what this kernel lacks} of those that were absent in every phase, as is known."""
    found = [{name: t["absent"] for name, t in acts(phases[p]).items()
              if t["absent"] and t["errno"] == "ENOENT" and t["as_demanded"]} for p in PHASES]
    return {name: proof for name, proof in found[0].items()
            if all(other.get(name) == proof for other in found)}


def by_kernel(none, down):
    """Techniques that the kernel refuses without a guard, by the same errno, as is known of it."""
    both = ((name, t, acts(down).get(name)) for name, t in acts(none).items())
    return [name for name, a, b in both
            if b and a["verdict"] == b["verdict"] == "refused" and a["errno"] == b["errno"] and
            a["as_demanded"] and b["as_demanded"]]


def without(row, names):
    return dict(row, techniques=[t for t in row["techniques"]
                                 if t["neighbour"] or t["technique"] not in names])


def covered_by(phases):
    """({covered, ...}, reason) of the four rows of one id."""
    absent = absent_of(phases)
    none, observe, enforce, down = (without(phases[p], absent) for p in PHASES)
    wrong = [(p, t) for p in PHASES for t in phases[p]["techniques"] if not t["as_demanded"]]
    if absent and not wrong and not any(acts(row) for row in (none, observe, enforce, down)):
        return {"covered": "absent", "proof": "; ".join(sorted(set(absent.values())))}, \
            "looked for in each phase, and every act failed for it"
    if not enforce["techniques"]:
        return {"covered": "open"}, enforce["reason"]
    if any(t["absent"] for row in (none, observe, enforce, down) for t in acts(row).values()):
        return {"covered": "open"}, "absent in one phase, and not in another"
    errno = same_errno(none, down)
    if errno and not wrong and enforce["verdict"] == "refused":
        return {"covered": "kernel-refuses", "errno": errno}, "without a guard as well"
    kernels = by_kernel(none, down)
    if not acts(without(none, kernels)):
        kernels = []
    none, observe, enforce, down = (without(row, kernels) for row in (none, observe, enforce, down))
    if wrong:
        return {"covered": "open"}, "%s: %s: %s" % (wrong[0][0], wrong[0][1]["technique"],
                                                    wrong[0][1]["reason"])
    if not acts(none) or not acts(down):
        return {"covered": "open"}, "only the guard's own was attacked (%s: %s), which has no " \
            "control without it; of an agent's nothing was tried" % (
                ", ".join(sorted(acts(enforce))), enforce["verdict"])
    if none["verdict"] == down["verdict"] == "allowed" and observe["verdict"] == "allowed" and \
            enforce["verdict"] == "refused" and enforce["neighbour"] == "allowed":
        return {"covered": "refused"}, "%d techniques refused, with their events%s%s" % (
            len(acts(enforce)), "; %d absent" % len(absent) if absent else "",
            "; %d refused by the kernel itself" % len(kernels) if kernels else "")
    if enforce["verdict"] != "not-attempted" and enforce["neighbour"] != "allowed":
        return {"covered": "open"}, "no neighbour was tried"
    return {"covered": "open"}, enforce["reason"]


def techniques_of(phases):
    """One entry for each technique, with its verdict in each phase."""
    names = []
    for p in PHASES:
        names += [n for n in acts(phases[p]) if n not in names]
    verdict = lambda found: found["verdict"] if found else "not-attempted"
    made = []
    for name in names:
        entry = {"technique": name}
        for p in PHASES:
            entry[COLUMNS[p]] = verdict(acts(phases[p]).get(name))
        entry["neighbour"] = verdict(acts(phases["enforce"], True).get(name))
        entry["absent"] = absent_of(phases).get(name)
        entry["events"] = " ".join(sorted(set(
            (acts(phases["enforce"]).get(name) or {}).get("events", "").split())))
        entry["errno"] = (acts(phases["enforce"]).get(name) or {}).get("errno")
        made.append(entry)
    return made


def by_table(row, phases, entry):
    """What the table says of a row that the drill has not attempted; None: nothing."""
    if not entry or any(phases[p]["techniques"] for p in PHASES):
        return None
    if entry["cover"] != "property" and row["class"] in ("S", "S*"):
        return None
    return {"covered": entry["cover"], "shown_by": "%s: %s" % (entry["file"], entry["text"])}


def matrix(console, profile):
    kernel, digest, splats, found = console_of(console)
    table, refusing = covers(), hooks.table()
    rows, as_demanded = [], True
    for number in sorted(found["none"], key=list(found["none"]).index):
        phases = {p: found[p][number] for p in PHASES}
        covered, reason = covered_by(phases)
        row = {"id": number, "family": phases["none"]["family"], "class": phases["none"]["class"]}
        row.update({COLUMNS[p]: phases[p]["verdict"] for p in PHASES})
        row["neighbour"] = phases["enforce"]["neighbour"]
        shown = by_table(row, phases, table.get(number)) if covered["covered"] == "open" else None
        if shown:
            covered, reason = shown, table[number]["sentence"]
        row.update(covered, reason=reason, techniques=techniques_of(phases))
        row["hooks"] = hooks.of_techniques(acts(phases["enforce"]), refusing) \
            if covered["covered"] == "refused" else []
        rows.append(row)
        as_demanded &= all(t["as_demanded"] for p in PHASES for t in phases[p]["techniques"])
    return {"kernel": kernel, "profile": profile, "policy_digest": digest, "splats": splats,
            "rows": rows}, as_demanded


def summary(rows):
    n = {c: sum(r["covered"] == c for r in rows) for c in COVERS}
    return ", ".join("%s %d" % (c, n[c]) for c in COVERS)


def main():
    if len(sys.argv) != 4:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
            made, as_demanded = matrix(file.read(), sys.argv[2])
    except (Broken, OSError) as error:
        print("%s: %s" % (sys.argv[1], error), file=sys.stderr)
        return 2
    with open(sys.argv[3], "w", encoding="utf-8") as file:
        json.dump(made, file, indent=1)
        file.write("\n")
    for row in made["rows"]:
        if row["covered"] == "open" and row["techniques"]:
            print("%s open: %s" % (row["id"], row["reason"]))
    print(summary(made["rows"]))
    return 0 if as_demanded and made["splats"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
