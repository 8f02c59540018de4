#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The BPF objects of some files, of those that have any, as holdfast sees them and as bpftool and
LLVM's tools do: programs with their sections, lengths and helpers, maps with their types and sizes.
TAP, one line for each file, with each difference.

usage: object-compare.py HOLDFAST FILE...
"""

import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from multiprocessing.pool import ThreadPool


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def objects_in(path):
    """The objects of a file: each from its beginning to the file's end."""
    with open(path, "rb") as file:
        data = file.read()
    if data[18:20] == b"\xf7\x00":
        return [data]
    starts = [m.start() for m in re.finditer(rb"\x7fELF\x02\x01", data)
              if data[m.start() + 18:m.start() + 20] == b"\xf7\x00"]
    return [data[start:] for start in starts]


@functools.lru_cache(maxsize=None)
def builtins(group):
    return run("bpftool", "feature", "list_builtins", group).split()


class Witness:
    """What the other tools say of an object."""

    def __init__(self, path):
        self.path = path
        self.sections = {}
        for line in run("llvm-readelf", "-S", "-W", path).split("\n"):
            match = re.match(r"\s*\[ *(\d+)\] (\S.*?)\s+(PROGBITS|NOBITS)\s+\S+ \S+ (\S+) \S+ +(\w*)",
                             line)
            if match:
                self.sections[int(match[1])] = (match[2], int(match[4], 16), match[5])
        self.functions = []
        for line in run("llvm-readelf", "-s", "-W", path).split("\n"):
            match = re.match(r"\s*\d+: (\w+)\s+(\d+) FUNC\s+(\w+)\s+\w+\s+(\d+) (\S+)", line)
            if match:
                self.functions.append((match[5], self.sections[int(match[4])][0],
                                       int(match[1], 16), int(match[2]), match[3]))
        self.skeleton = run("bpftool", "gen", "skeleton", path, "name", "x")
        self.types = {t["id"]: t for t in
                      json.loads(run("bpftool", "-j", "btf", "dump", "file", path))["types"]}
        self.helper_names = builtins("helpers")
        self.map_names = builtins("map_types")
        self.direct, self.calls = {}, {}
        self.read_code()

    def function_at(self, section, offset):
        for name, where, start, size, _ in self.functions:
            if where == section and start <= offset < start + size:
                return name, where
        return None

    def callee(self, section, offset, insn, target):
        imm = int.from_bytes(insn[4:8], "little", signed=True)
        if insn[0] == 0x18:
            imm = imm // 8 - 1
        elif insn[1] >> 4 != 1:
            return None
        if target is None:
            return self.function_at(section, offset + (imm + 1) * 8) if insn[0] == 0x85 else None
        for name, where, _, _, _ in self.functions:
            if name == target:
                return name, where
        if target in {s[0] for s in self.sections.values() if "X" in s[2]}:
            return self.function_at(target, (imm + 1) * 8)
        return None

    def read_code(self):
        section, pending = None, None

        def finish(target):
            if pending is None:
                return
            offset, insn = pending
            here = self.function_at(section, offset)
            if insn[0] == 0x85 and insn[1] >> 4 == 0:
                number = int.from_bytes(insn[4:8], "little")
                self.direct.setdefault(here, set()).add(self.helper_names[number][4:])
            elif insn[0] in (0x85, 0x18):
                callee = self.callee(section, offset, insn, target)
                if callee:
                    self.calls.setdefault(here, set()).add(callee)

        for line in run("llvm-objdump", "-d", "-r", self.path).split("\n"):
            match = re.match(r"Disassembly of section (.*):", line)
            if match:
                finish(None)
                section, pending = match[1], None
                continue
            match = re.match(r"\s+(\d+):\t((?:[0-9a-f]{2} ){7}[0-9a-f]{2})", line)
            if match:
                finish(None)
                pending = int(match[1]) * 8, bytes.fromhex(match[2])
                continue
            match = re.match(r"\s+[0-9a-f]+:\s+R_BPF\S+\s+(\S+)", line)
            if match:
                finish(match[1])
                pending = None
        finish(None)

    def helpers(self, function):
        todo, seen = [function], set()
        while todo:
            one = todo.pop()
            if one not in seen:
                seen.add(one)
                todo += self.calls.get(one, ())
        return set().union(*(self.direct.get(f, set()) for f in seen))

    def programs(self):
        """As libbpf makes them: the skeleton names them, the symbols say where they are."""
        names = re.findall(r"\tstruct bpf_program \*(\w+);", self.skeleton)
        return {name: (where, size, self.helpers((name, where)))
                for name, where, _, size, _ in self.functions if name in names}, set(names)

    def map_names_made(self):
        return set(re.findall(r"\tstruct bpf_map \*(\w+);", self.skeleton))

    def bare(self, number):
        while self.types.get(number, {}).get("kind") in ("TYPEDEF", "CONST", "VOLATILE"):
            number = self.types[number]["type_id"]
        return self.types.get(number, {})

    def size_of(self, number):
        kind = self.bare(number)
        if kind["kind"] == "ARRAY":
            return kind["nr_elems"] * self.size_of(kind["type_id"])
        return 8 if kind["kind"] == "PTR" else kind["size"]

    def maps(self):
        """Of .maps: {name: (type, entries, key size, value size)}, None for what is not said."""
        found = {}
        for section in (t for t in self.types.values()
                        if t["kind"] == "DATASEC" and t["name"] == ".maps"):
            for place in section["vars"]:
                variable = self.types[place["type_id"]]
                said = {}
                for member in self.bare(variable["type_id"])["members"]:
                    pointer = self.bare(member["type_id"])
                    if member["name"] in ("key", "value"):
                        said[member["name"] + "_size"] = self.size_of(pointer["type_id"])
                    elif pointer["kind"] == "PTR":
                        array = self.bare(pointer["type_id"])
                        said[member["name"]] = array.get("nr_elems")
                found[variable["name"]] = (self.map_names[said["type"]], said.get("max_entries"),
                                           said.get("key_size"), said.get("value_size"))
        return found


def plain(name):
    return name.lstrip(".").replace(".", "_").replace("-", "_")


def differences(got, witness):
    programs, names = witness.programs()
    mine = {p["name"]: (p["section"], p["bytes"], set(p["helpers"])) for p in got["programs"]}
    if set(mine) != names:
        yield "programs: %s instead of %s" % (sorted(mine), sorted(names))
    for name in set(mine) & set(programs):
        if mine[name] != programs[name]:
            yield "program %s: %s instead of %s" % (name, mine[name], programs[name])
    made = witness.map_names_made()
    if {plain(m["name"]) for m in got["maps"]} != made:
        yield "maps: %s instead of %s" % (sorted(plain(m["name"]) for m in got["maps"]),
                                          sorted(made))
    defined = witness.maps()
    for one in got["maps"]:
        want = defined.get(one["name"], ("array", 1, 4, None))
        have = (one["type"], one["max_entries"] or None, one["key_size"] or None,
                one["value_size"] or None)
        for what, a, b in zip(("type", "max_entries", "key_size", "value_size"), have, want):
            if a != b and b is not None:
                yield "map %s: %s is %s instead of %s" % (one["name"], what, a, b)


def compare(holdfast, path, number, data):
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "x.o")
        with open(copy, "wb") as file:
            file.write(data)
        try:
            got = json.loads(run(holdfast, "object", "inspect", "--json", "--object", str(number),
                                 path))
            return list(differences(got, Witness(copy)))
        except subprocess.CalledProcessError as error:
            return ["%s: %s" % (error.cmd, error.stderr)]


def main():
    holdfast, paths = sys.argv[1], sys.argv[2:]
    builtins("helpers"), builtins("map_types")
    jobs, seen = {}, {}
    with ThreadPool(4) as pool:
        for path in paths:
            for number, data in enumerate(objects_in(path), 1):
                digest = hashlib.sha256(data).digest()
                if digest not in seen:
                    seen[digest] = pool.apply_async(compare, (holdfast, path, number, data))
                jobs.setdefault(path, []).append(seen[digest])
        failed = 0
        for count, (path, results) in enumerate(jobs.items(), 1):
            wrong = ["object %d: %s" % (i, line) for i, result in enumerate(results, 1)
                     for line in result.get()]
            failed += bool(wrong)
            print("%sok %d - %s: %d objects as others see them" % (
                "not " if wrong else "", count, path, len(results)))
            for line in wrong:
                print("# " + line.replace("\n", "\n# "))
            sys.stdout.flush()
    print("1..%d" % len(jobs))
    return 1 if failed or not jobs else 0


sys.exit(main())
