#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
docs/threats.md: the catalogue and its techniques as `holdfast drill --list` has them, what became
of each on each kernel (tests/drill/matrix/KERNEL.tsv), and what no technique has (covers.tsv).

usage: threats-doc.py                      the document on stdout
       threats-doc.py --write              into docs/threats.md
       threats-doc.py --take KERNEL JSON   a kernel's table, from what `make drill` left
"""

import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DATA = os.path.join(HERE, "matrix")
DOC = os.path.join(TOP, "docs", "threats.md")
HEAD = os.path.join(DATA, "introduction.md")
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))

sys.path.insert(0, HERE)

import assemble
import hooks

COLUMNS = ("technique", "without_guard", "observe", "enforce", "after_down", "neighbour", "errno",
           "events", "absent")
FAMILIES = {"maps": "Maps", "programs": "Programs", "links": "Links and attachments",
            "files": "Pins, mounts, files", "identity": "Fds, identity, trust",
            "agent": "The agent's life", "telemetry": "Telemetry", "kernel": "Kernel and boot"}


class Broken(Exception):
    """A table is not as --take writes it."""


def listed():
    done = subprocess.run([os.path.join(BUILD, "holdfast"), "drill", "--list", "--json"],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["rows"]


def taken(matrix):
    """The lines of a kernel's table."""
    yield "kernel\t%s\n" % matrix["kernel"]
    for row in matrix["rows"]:
        yield "%s\t%s\n" % (row["id"], row["covered"])
        for technique in row["techniques"]:
            yield "\t%s\n" % "\t".join(str(technique[c] or "-") for c in COLUMNS)


def table(name, text):
    """{"kernel": release, "rows": {id: (covered, {technique: {column: value}})}, "by_guard": {...}}

    by_guard: the techniques that the guard refuses and the kernel by itself does not"""
    kernel, rows, row = None, {}, None
    for line in text.splitlines():
        fields = line.split("\t")
        if fields[0] == "kernel" and len(fields) == 2 and kernel is None:
            kernel = fields[1]
        elif fields[0] and len(fields) == 2 and fields[0] not in rows and \
                fields[1] in assemble.COVERS:
            row = {}
            rows[fields[0]] = (fields[1], row)
        elif not fields[0] and len(fields) == len(COLUMNS) + 1 and row is not None and \
                fields[1] not in row:
            row[fields[1]] = dict(zip(COLUMNS, fields[1:]))
        else:
            raise Broken("%s: %r" % (name, line))
    if kernel is None:
        raise Broken("%s: of no kernel" % name)
    return {"kernel": kernel, "rows": rows, "by_guard": hooks.refused(text)}


def read_all():
    made = {}
    for file in sorted(f for f in os.listdir(DATA) if f.endswith(".tsv")):
        with open(os.path.join(DATA, file), encoding="utf-8") as stream:
            made[file.removesuffix(".tsv")] = table(file, stream.read())
    return dict(sorted(made.items(), key=lambda item: [
        int(part) if part.isdigit() else 999 for part in item[0].split(".")]))


def stale(rows, kernels):
    """What a table says and the catalogue does not, or the other way round."""
    for name, told in kernels.items():
        for row in rows:
            if row["id"] not in told["rows"]:
                yield "%s: no %s" % (name, row["id"])
                continue
            ours = {t["technique"] for t in row["techniques"]}
            theirs = set(told["rows"][row["id"]][1])
            for technique in sorted(theirs - ours):
                yield "%s: %s has no technique %s" % (name, row["id"], technique)
            for technique in sorted(ours - theirs):
                yield "%s: %s of %s was not run" % (name, technique, row["id"])
        for number in sorted(set(told["rows"]) - {row["id"] for row in rows}):
            yield "%s: %s is in no catalogue" % (name, number)


def programs():
    """Those of the guard, by the source."""
    found = set()
    for file in glob.glob(os.path.join(TOP, "src", "bpf", "*.bpf.c")):
        with open(file, encoding="utf-8") as stream:
            found |= set(re.findall(r'^SEC\("[^"]+"\)\nint (?:BPF_PROG\()?(\w+)',
                                    stream.read(), re.M))
    return found


def stale_hooks(rows, kernels, known, guard):
    """What hooks.tsv says of no technique or program that is there, and what it does not say."""
    ours = {t["technique"] for row in rows for t in row["techniques"]}
    for technique in sorted(set(known) - ours):
        yield "hooks.tsv: no technique %s" % technique
    for technique in sorted(set().union(*(k["by_guard"] for k in kernels.values())) - set(known)):
        yield "hooks.tsv: nothing of %s, which the guard refuses" % technique
    for program in hooks.of_techniques(known, known):
        if program not in guard:
            yield "hooks.tsv: the guard has no program %s" % program


def shown(number, told, covers):
    covered, techniques = told["rows"][number]
    if covered == "kernel-refuses":
        errnos = sorted({t["errno"] for t in techniques.values()} - {"-"})
        return "the kernel refuses: %s" % ", ".join(errnos)
    if covered == "refused":
        errnos = sorted({t["errno"] for t in techniques.values()
                         if t["without_guard"] == "allowed"} - {"-"})
        return "refused: %s" % ", ".join(errnos)
    return covered


def control(techniques):
    """What a technique does without a guard, and after one."""
    kinds = set()
    for t in techniques:
        if t["absent"] != "-":
            kinds.add("absent: %s" % t["absent"])
        elif t["without_guard"] == t["after_down"] == "allowed":
            kinds.add("goes through")
        elif t["without_guard"] == "not-attempted":
            kinds.add("the guard is the target")
        else:
            kinds.add("the kernel: %s" % t["errno"])
    return "; ".join(sorted(kinds, key=lambda kind: (kind != "goes through", kind)))


def refusing(technique, known):
    """The programs without which it goes through, as kernels have them; why there are none."""
    return "; or ".join(" and ".join("`%s`" % p for p in programs) or reason
                        for programs, reason in sorted(known.get(technique, {}).items())) or "-"


def technique_line(row, technique, kernels, known):
    name = technique["technique"]
    told = [k["rows"][row["id"]][1][name] for k in kernels.values()
            if name in k["rows"][row["id"]][1]]
    events = sorted({e for t in told for e in t["events"].split() if e != "-"})
    return "| %s | `%s`: %s | %s | %s | %s | %s |" % (
        row["id"], name, technique["what"], control(told), technique["neighbour"] or "none",
        " ".join(events) or "none", refusing(name, known))


def family_lines(rows, kernels, covers, known):
    yield "| row | class | what is done | %s |" % " | ".join(kernels)
    yield "|%s" % ("---|" * (3 + len(kernels)))
    for row in rows:
        yield "| %s | %s | %s | %s |" % (row["id"], row["class"], row["title"], " | ".join(
            shown(row["id"], told, covers) for told in kernels.values()))
    yield ""
    if any(row["techniques"] for row in rows):
        yield "| row | probe | without a guard, and after it | neighbour that passes | event | " \
            "goes through without |"
        yield "|---|---|---|---|---|---|"
        for row in rows:
            for technique in row["techniques"]:
                yield technique_line(row, technique, kernels, known)
        yield ""
    for row in rows:
        entry = covers.get(row["id"])
        if entry and any(told["rows"][row["id"]][0] == entry["cover"] for told in kernels.values()):
            yield "- %s: %s `%s`: \"%s\"." % (row["id"], entry["sentence"], entry["file"],
                                             entry["text"].strip("*"))
    yield ""


def document(head, rows, kernels, covers, known):
    lines = [head.rstrip("\n"), "", "| kernel | %s |" % " | ".join(assemble.COVERS),
             "|%s" % ("---|" * (1 + len(assemble.COVERS)))]
    for told in kernels.values():
        found = [covered for covered, _ in told["rows"].values()]
        lines.append("| %s | %s |" % (told["kernel"], " | ".join(
            str(found.count(c)) for c in assemble.COVERS)))
    for family, title in FAMILIES.items():
        lines += ["", "## %s" % title, ""]
        lines += family_lines([r for r in rows if r["family"] == family], kernels, covers,
                              known)
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.rstrip("\n") + "\n"


def whole():
    with open(HEAD, encoding="utf-8") as file:
        head = file.read()
    return document(head, listed(), read_all(), assemble.covers(), hooks.table())


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "--take":
        with open(sys.argv[3], encoding="utf-8") as file:
            lines = list(taken(json.load(file)))
        with open(os.path.join(DATA, sys.argv[2] + ".tsv"), "w", encoding="utf-8") as file:
            file.writelines(lines)
        return 0
    if sys.argv[1:] == ["--write"]:
        text = whole()
        with open(DOC, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    if len(sys.argv) == 1:
        sys.stdout.write(whole())
        return 0
    print(__doc__.strip(), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
