#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
docs/freeze.md from what the guests said: tests/guest/freeze/KERNEL.txt, lines
`TYPE VARIANT ACT BEFORE AFTER` (tests/guest/freeze/main.c).

usage: freeze-doc.py                      the document on stdout
       freeze-doc.py --write              into docs/freeze.md
       freeze-doc.py --take KERNEL LOG    a kernel's table, from the log of `freeze.sh print`
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
DATA = os.path.join(HERE, "freeze")
DOC = os.path.join(TOP, "docs", "freeze.md")
HEAD = os.path.join(DATA, "introduction.md")
ROW = re.compile(r"# row ([a-z_]+ \S+ \S+ \S+ \S+)$")

VARIANTS = {
    "plain": "", "rdonly_prog": "RDONLY_PROG", "mmapable": "MMAPABLE",
    "mmapable+rdonly_prog": "MMAPABLE, RDONLY_PROG", "spin_lock": "with a bpf_spin_lock",
    "timer": "with a bpf_timer", "kptr": "with a kptr", "wq": "with a bpf_wq",
    "never-mapped": "never mapped", "-": "not tried",
}

# act: (in words, what a stranger tries of the kind: a row `guard stranger X`)
ACTS = {
    "create": ("make the map", None),
    "fill": ("put an element into it", None),
    "freeze": ("freeze", "map-freeze"),
    "freeze-again": ("freeze a second time", "map-freeze"),
    "freeze-read-only-fd": ("freeze by an fd that only reads", "map-freeze"),
    "freeze-mapped": ("freeze while it is mapped to write", "map-freeze"),
    "freeze-mapped-to-read": ("freeze while it is mapped to read", "map-freeze"),
    "freeze-unmapped": ("freeze when that mapping has gone", "map-freeze"),
    "update": ("update", "map-update"),
    "update-new-fd": ("update by a new fd", "map-update"),
    "delete": ("delete", "map-delete"),
    "delete-new-fd": ("delete by a new fd", "map-delete"),
    "take": ("lookup and delete", "map-take"),
    "update-batch": ("update in a batch", "map-update-batch"),
    "delete-batch": ("delete in a batch", "map-delete-batch"),
    "take-batch": ("lookup and delete in a batch", None),
    "inner-update": ("update the map in it", None),
    "inner-freeze": ("freeze the map in it", None),
    "mmap-write": ("map it to write, and write", "map-mmap"),
    "mmap-read": ("map it to read", "map-read"),
    "mprotect": ("make that mapping writable", "map-read"),
    "helper-update": ("a program updates", "map-program"),
    "helper-delete": ("a program deletes", "map-program"),
    "helper-push": ("a program pushes", "map-program"),
    "helper-pop": ("a program pops", "map-program"),
    "helper-output": ("a program puts out an event", "map-program"),
    "helper-drain": ("a program takes an event", "map-program"),
    "helper-socket": ("a program puts in a socket", "map-program"),
    "helper-stack": ("a program records a stack", "map-program"),
    "store": ("a program stores into the value", "map-program"),
    "store-direct": ("a program stores by the value's address", "map-program"),
    "store-arena": ("a program stores into a page", "map-program"),
    "store-storage": ("a program stores into its object's value", "map-program"),
    "store-group": ("a program stores into its group's value", "map-program"),
    "store-inode": ("a program stores into its file's value", "map-program"),
    "store-old": ("a program stores that was loaded before the freeze", "map-program"),
    "inner-helper": ("a program updates the map in it", "map-program"),
    "iterator": ("an iterator's program stores into the value", "map-iterator"),
}
RINGS = ("ringbuf", "user_ringbuf")


class Broken(Exception):
    """What a table says that nobody can have measured."""


def kernels():
    with open(os.path.join(TOP, "tools", "kernels.list"), encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return [row[0] for row in rows if row[2] == "required"]


def table(kernel, text):
    """{(type, variant, act): (before, after)}, in the order of the program."""
    rows = {}
    for number, line in enumerate(text.split("\n")[:-1], 1):
        words = line.split(" ")
        if len(words) != 5 or tuple(words[:3]) in rows:
            raise Broken("%s.txt:%d: not a row, or twice: %s" % (kernel, number, line))
        if words[0] != "guard" and (words[2] not in ACTS or words[1] not in VARIANTS):
            raise Broken("%s.txt:%d: an act or a variant without a name: %s" % (kernel, number, line))
        rows[tuple(words[:3])] = tuple(words[3:])
    return rows


def said(row):
    if row is None:
        return ""
    if row[0] == "absent":
        return "unknown"
    cells = [{"0": "yes", "unchanged": "nothing is written"}.get(w, w.replace("@load", " at load"))
             for w in row if w != "-"]
    return cells[0] if len(set(cells)) == 1 else "%s, then %s" % tuple(cells)


def guarded(name, act, rows):
    """What the guard made of it on each kernel; the act on somebody else's map is the control."""
    verb = "ring-consume" if act == "mmap-write" and name in RINGS else ACTS[act][1]
    found = {rows[kernel].get(("guard", "stranger", verb)) for kernel in rows}
    if verb is None:
        return ""
    return "refused" if found == {("allowed", "refused")} else "**not refused everywhere**"


def columns(cells, names):
    """Kernels that answer alike in each row of a table share a column: [[kernel]]."""
    groups = []
    for kernel in names:
        for group in groups:
            if all(row[kernel] == row[group[0]] for row in cells):
                group.append(kernel)
                break
        else:
            groups.append([kernel])
    return groups


def section(name, rows):
    order = list(VARIANTS)
    keys = sorted({k for kernel in rows for k in rows[kernel] if k[0] == name},
                  key=lambda k: (order.index(k[1]), list(ACTS).index(k[2])))
    cells = [{kernel: said(rows[kernel].get(k)) for kernel in rows} for k in keys]
    groups = columns(cells, list(rows))
    yield "### %s\n" % name
    yield "| map | act | %s | with the guard |" % " | ".join(
        "all" if len(groups) == 1 else ", ".join(g) for g in groups)
    yield "| --- " * (3 + len(groups)) + "|"
    shown = None
    for key, row in zip(keys, cells):
        yield "| %s | %s | %s | %s |" % (
            VARIANTS[key[1]] if key[1] != shown else "", ACTS[key[2]][0],
            " | ".join(row[g[0]] for g in groups), guarded(name, key[2], rows))
        shown = key[1]
    yield ""


def document(introduction, rows):
    names = dict.fromkeys(k[0] for kernel in rows for k in rows[kernel] if k[0] != "guard")
    lines = [introduction]
    for name in names:
        lines += section(name, rows)
    return "\n".join(lines)


def read_all():
    rows = {}
    for kernel in kernels():
        with open(os.path.join(DATA, kernel + ".txt"), encoding="utf-8") as file:
            rows[kernel] = table(kernel, file.read())
    return rows


def made():
    with open(HEAD, encoding="utf-8") as file:
        return document(file.read(), read_all())


def take(kernel, log):
    with open(log, encoding="utf-8", errors="replace") as file:
        rows = [m.group(1) + "\n" for m in map(ROW.match, file.read().split("\n")) if m]
    if not rows:
        raise Broken("%s: no row in it; was it freeze.sh print?" % log)
    table(kernel, "".join(rows))
    with open(os.path.join(DATA, kernel + ".txt"), "w", encoding="utf-8") as file:
        file.writelines(rows)


def main(arguments):
    if len(arguments) == 3 and arguments[0] == "--take":
        take(*arguments[1:])
    elif arguments == ["--write"]:
        with open(DOC, "w", encoding="utf-8") as file:
            file.write(made())
    elif not arguments:
        sys.stdout.write(made())
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as error:
        sys.exit("freeze-doc: %s" % error)
