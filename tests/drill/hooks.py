#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Which programs of the guard refuse each technique: tests/drill/hooks.tsv, held against what a guest
found that left them out (tests/drill/without.sh).

usage: hooks.py --ask KERNEL [K/N]       a guest's table for that kernel, of the K'th of N parts
       hooks.py --judge KERNEL CONSOLE OUT.json [K/N]
       hooks.py --take OUT.json...       what was found, into hooks.tsv in place of its lines

A line of the table is a technique, its programs, and nothing or a reason. All of the programs are
left out and it goes through; all but one, and it does not. Kernels differ: a technique may have
several lines, and any of them will do. Programs `-`: it is not tried, and the reason says why; if
that is "not found yet", it is by a search.

--judge exits 1 if a technique that the kernel's matrix has as refused by the guard goes through
without none of the sets that the table has for it, and 2 if the console is not whole. Without a
part every technique has to be there, with whatever was found.
"""

import json
import os
import re
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "hooks.tsv")
PROGRAM = r"[a-z][a-z0-9_]*"
OPEN = "not found yet"


class Broken(Exception):
    """A table or a console is not as it should be."""


def read(text, name=TABLE):
    """{technique: {programs: reason}}; programs: a sorted tuple, empty: `-`"""
    found = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        fields = (line + "\t").split("\t")[:3]
        programs = tuple(fields[1].split()) if fields[1] != "-" else ()
        sets = found.setdefault(fields[0], {})
        if not re.fullmatch(r"[a-z][a-z0-9-]*", fields[0]) or programs in sets or \
                programs != tuple(sorted(set(programs))) or bool(fields[2]) == bool(programs) or \
                not all(re.fullmatch(PROGRAM, p) for p in programs):
            raise Broken("%s: not as its reader says: %s" % (name, line))
        sets[programs] = fields[2]
    return found


def table():
    with open(TABLE, encoding="utf-8") as file:
        return read(file.read())


def write(found):
    with open(TABLE, encoding="utf-8") as file:
        head = [line for line in file if line.startswith("#")]
    with open(TABLE, "w", encoding="utf-8") as file:
        file.writelines(head)
        for technique in sorted(found):
            for programs, reason in sorted(found[technique].items()):
                file.write("%s\t%s%s\n" % (technique, " ".join(programs) or "-",
                                           "\t" + reason if reason else ""))


def refused(matrix):
    """The techniques that a guard refuses on this kernel, and the kernel by itself does not."""
    names = set()
    for line in matrix.splitlines():
        fields = line.split("\t")
        if line.startswith("\t") and fields[4] == "refused" and fields[9] == "-" and \
                fields[2] == fields[5] and fields[2] in ("allowed", "not-attempted"):
            names.add(fields[1])
    return names


def matrix_of(kernel):
    with open(os.path.join(HERE, "matrix", kernel + ".tsv"), encoding="utf-8") as file:
        return refused(file.read())


def part_of(names, part):
    if not part:
        return set(names)
    which, of = (int(number) for number in part.split("/"))
    return {name for name in names if zlib.crc32(name.encode()) % of == which % of}


def told(console):
    """({technique: programs}, the guard's programs)"""
    found, programs, whole = {}, None, False
    for line in console.splitlines():
        words = line.split()
        if words[:2] == ["#", "without"] and len(words) > 2:
            if words[2] in found or not all(re.fullmatch(PROGRAM, p) for p in words[3:]):
                raise Broken("the console says: %s" % line)
            found[words[2]] = tuple(sorted(words[3:]))
        elif words[:2] == ["#", "without-programs"]:
            programs = set(words[2:])
        whole |= re.fullmatch(r"holdfast-guest: exit 0 splats 0", line) is not None
    if not programs or not whole:
        raise Broken("the guest did not come to a good end")
    return found, programs


def wrong(demanded, found, programs, known, searched):
    """What of the demanded techniques is not as the table has it."""
    for technique in sorted(demanded):
        sets = {s for s in known.get(technique, {}) if set(s) <= programs}
        have, reason = found.get(technique), known.get(technique, {}).get(())
        if have is None and reason and not (searched and reason == OPEN):
            continue
        if have is None:
            yield "%s: not let through without %s" % (technique, " or ".join(
                " ".join(s) for s in sorted(sets)) or "anything: hooks.tsv has no line for it")
        elif have not in sets:
            yield "%s: %s, and hooks.tsv has no such line" % (technique, (
                "goes through without " + " ".join(have)) if have else
                "stays refused whatever is left out")
    if searched:
        for technique in sorted(set(found) - set(demanded)):
            yield "%s: is refused, and the kernel's matrix does not say so" % technique


def of_techniques(names, known, programs=None):
    """The programs that refuse any of these, sorted."""
    return sorted({program for name in names for s in known.get(name, {}) for program in s
                   if programs is None or set(s) <= programs})


def main():
    args = sys.argv[1:]
    try:
        if args[:1] == ["--ask"] and len(args) in (2, 3):
            names = part_of(matrix_of(args[1]), args[2] if len(args) == 3 else None)
            for technique, sets in sorted(table().items()):
                for programs in sorted(sets) if technique in names else ():
                    if sets[programs] != OPEN:
                        print("%s\t%s" % (technique, " ".join(programs) or "-"))
            return 0
        if args[:1] == ["--judge"] and len(args) in (4, 5):
            part = args[4] if len(args) == 5 else None
            with open(args[2], encoding="utf-8", errors="replace") as file:
                found, programs = told(file.read())
            findings = list(wrong(part_of(matrix_of(args[1]), part), found, programs, table(),
                                  part is None))
            with open(args[3], "w", encoding="utf-8") as file:
                json.dump({"kernel": args[1], "part": part, "techniques": found}, file, indent=1)
                file.write("\n")
            for finding in findings:
                print("not ok - %s: %s" % (args[1], finding))
            print("%sok - %s: %d techniques go through without what refuses them" % (
                "not " if findings else "", args[1], sum(bool(s) for s in found.values())))
            return 1 if findings else 0
        if args[:1] == ["--take"] and len(args) > 1:
            known, fresh = table(), {}
            for name in args[1:]:
                with open(name, encoding="utf-8") as file:
                    for technique, programs in json.load(file)["techniques"].items():
                        reason = known.get(technique, {}).get(tuple(programs)) or \
                            ("" if programs else OPEN)
                        fresh.setdefault(technique, {})[tuple(programs)] = reason
            write({**known, **fresh})
            return 0
    except (Broken, OSError, ValueError, KeyError) as error:
        print("hooks.py: %s" % error, file=sys.stderr)
        return 2
    print(__doc__.strip(), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
