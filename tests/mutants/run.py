#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
A test that no error turns red proves nothing. Each patch here breaks one thing and names the test
that has to notice: this applies them one by one in copies of the tree, builds, runs the named test
alone, and wants it red. Without the patches it has to be green. The working tree is not touched.

usage: run.py [--list] [--changed | --part=K/N | NAME...]

NAME is a patch without .patch; if none is given, all of them. --changed takes those that differ
from HEAD themselves, or break a file that does; --part those whose names fall into the K'th of N
parts, from 0. --list says what they are and runs nothing.

A patch begins with these two lines, then what `git diff` prints:
  Breaks: what no longer holds
  Test: unit MESON-TEST NAME         a test of tests/unit, and the one in it
  Test: guest SUITE[@KERNEL][:ARG] NAME  a row of tests/guest/suites.list, the kernel if no other
                                     would notice, what its command is given to do no more than
                                     this, and how the name of the result begins

KERNEL=NAME  of the guests that may have any (6.12)
JOBS=N       mutants at a time (as many as processors)
"""

import glob
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "check"))

from check import TOP, tree_files

KERNEL = os.environ.get("KERNEL") or "6.12"
UNIT_SECONDS = 120
RESULT = re.compile(r"^(not )?ok\b *\d* *(?:- *)?(.*?)\s*$")


class Broken(Exception):
    """Something that should work did not: the text says what, the output ends with why."""

    def __init__(self, what, output=""):
        super().__init__(what)
        self.tail = output.rstrip("\n").split("\n")[-12:] if output else []


class Mutant:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)[:-len(".patch")]
        with open(path, encoding="utf-8") as file:
            text = file.read()
        head = text.split("\n", 2)
        self.touches = {os.path.relpath(path, TOP)} | set(re.findall(r"^\+\+\+ b/(\S+)", text, re.M))
        breaks = re.fullmatch(r"Breaks: (.+)", head[0])
        test = re.fullmatch(r"Test: (unit|guest) (\S+) (.+)", head[1])
        if not breaks or not test:
            raise Broken("%s: the first two lines are not `Breaks:` and `Test:`" % path)
        self.breaks = breaks.group(1)
        self.kind, where, self.result = test.groups()
        self.where, _, argument = where.partition(":")
        self.arguments = [argument] if argument else []

    def shortest(self):
        """The least that makes its test run: of the suite rows one phase, if it is about that."""
        one = self.where == "rows" and " in enforce" in self.result
        return (["phase=enforce"] if one else []) + self.arguments


class Tree:
    """A copy of the tree with a build of its own."""

    def __init__(self, folder):
        self.top, self.build = os.path.join(folder, "tree"), os.path.join(folder, "tree", "build")
        os.makedirs(self.top)
        for name in tree_files():
            target = os.path.join(self.top, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(os.path.join(TOP, name), target, follow_symlinks=False)
        self.run("the copy is configured", ["meson", "setup", "build", "-Dproof=false"])
        self.units = {t["name"]: t for t in self.introspect("--tests")}
        targets = self.introspect("--targets")
        self.files = {t["id"]: [os.path.relpath(f, self.build) for f in t["filename"]]
                      for t in targets}
        # what a guest carries: everything but the tests of the host
        self.carried = [f for t in targets if t["build_by_default"] for f in self.files[t["id"]]
                        if not f.startswith(("tests/unit/", "tests/fuzz/"))]

    def run(self, what, command, **options):
        done = subprocess.run(command, cwd=self.top, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              errors="replace", **options)
        if done.returncode:
            raise Broken("not so: " + what, done.stdout)
        return done.stdout

    def introspect(self, what):
        return json.loads(self.run("the copy says what it has",
                                   ["meson", "introspect", what, "build"]))

    def apply(self, mutant, back=()):
        # the copy is in no repository, so that git takes its paths as they are
        self.run("the patch applies%s" % (" backwards" if back else ""),
                 ["git", "apply", "-C1", *back, mutant.path],
                 env=dict(os.environ, GIT_CEILING_DIRECTORIES=os.path.dirname(self.top)))

    def results(self, kind, where, arguments):
        """{name: passed} of a unit test or a guest's suite."""
        output = self.unit(where) if kind == "unit" else self.guest(where, arguments)
        found = {}
        for line in output.split("\n"):
            match = RESULT.match(line)
            if match:
                name = match.group(2)
                found[name] = found.get(name, True) and not match.group(1)
        return found, output

    def unit(self, where):
        test = self.units.get(where)
        if not test:
            raise Broken("there is no unit test %s" % where)
        needed = [f for target in test["depends"] for f in self.files[target]]
        self.run("it builds", ["ninja", "-C", "build", *needed])
        try:
            done = subprocess.run(test["cmd"], cwd=self.build, stdin=subprocess.DEVNULL, text=True,
                                  env=dict(os.environ, **test["env"]), stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, timeout=UNIT_SECONDS,
                                  errors="replace")
        except subprocess.TimeoutExpired as late:
            raise Broken("the unit test ends within %d seconds" % UNIT_SECONDS) from late
        return done.stdout

    def guest(self, where, arguments):
        self.run("it builds", ["ninja", "-C", "build", *self.carried])
        self.run("the guest's image is packed", ["tests/guest/image.sh", "build"])
        name, _, kernel = where.partition("@")
        profile, deadline, command = suite(name)
        log = os.path.join(self.build, "mutant.log")
        if os.path.exists(log):
            os.remove(log)
        # it boots its guests itself, and says on the host what they did
        if command.startswith("boots/"):
            return subprocess.run(["tests/guest/" + command, "--kernel", kernel or KERNEL,
                                   "--log", log, *arguments],
                                  cwd=self.top, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, text=True,
                                  env={k: v for k, v in os.environ.items() if k != "BUILD"}).stdout
        subprocess.run(["tests/guest/run.sh", "--kernel", kernel or KERNEL,
                        "--profile", profile, "--initramfs", "build/guest.cpio",
                        "--deadline", deadline, "--quiet", "--log", log,
                        "--run", " ".join([command] + arguments)],
                       cwd=self.top, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        if not os.path.exists(log):
            raise Broken("the guest did not start")
        with open(log, encoding="utf-8", errors="replace") as file:
            return file.read()


def changed():
    """The files that differ from HEAD, or are new."""
    names = set()
    for command in (["diff", "--name-only", "HEAD"], ["ls-files", "--others", "--exclude-standard"]):
        names |= set(subprocess.run(["git", *command], cwd=TOP, capture_output=True, text=True,
                                    check=True).stdout.split("\n"))
    return names


def suite(name):
    """First profile, deadline and command of a row of suites.list."""
    with open(os.path.join(TOP, "tests/guest/suites.list"), encoding="utf-8") as file:
        for line in file:
            cells = line.split(None, 4)
            if len(cells) == 5 and cells[0] == name:
                return cells[1].split(",")[0], cells[2], cells[4].strip()
    raise Broken("there is no guest suite %s" % name)


def named(found, mutant):
    """The results that a mutant means: units by their name, guests' by how theirs begins."""
    if mutant.kind == "unit":
        return [n for n in found if n == mutant.result]
    return [n for n in found if n.startswith(mutant.result)]


class Run:
    def __init__(self, mutants):
        self.mutants, self.failed, self.count = mutants, 0, 0
        self.lock = threading.Lock()

    def tell(self, good, name, notes=()):
        with self.lock:
            self.count += 1
            self.failed += not good
            print("%sok %d - %s" % ("" if good else "not ", self.count, name))
            for note in notes:
                print("# " + note)
            sys.stdout.flush()

    def baseline(self, tree, job):
        """What the named tests say of the tree as it is."""
        wanted = [m for m in self.mutants if (m.kind, m.where) == job]
        try:
            found, output = tree.results(*job, sorted({a for m in wanted for a in m.arguments}))
        except Broken as broken:
            self.tell(False, "%s %s runs: %s" % (*job, broken), broken.tail)
            return
        absent = [m.result for m in wanted if not named(found, m)]
        red = [n for m in wanted for n in named(found, m) if not found[n]]
        self.tell(not absent and not red, "%s %s is green without a mutant" % job,
                  ["absent: " + n for n in absent] + ["red: " + n for n in red] +
                  (output.split("\n")[-12:] if absent else []))

    def mutant(self, tree, mutant):
        name = "mutant %s turns '%s' red" % (mutant.name, mutant.result)
        begun = time.monotonic()
        try:
            tree.apply(mutant)
        except Broken as broken:
            self.tell(False, name, ["%s: does not apply any more, make it again" % mutant.path] +
                      broken.tail)
            return
        try:
            found, output = tree.results(mutant.kind, mutant.where, mutant.shortest())
            red = [n for n in named(found, mutant) if not found[n]]
            notes = ["%d seconds: %s" % (time.monotonic() - begun, mutant.breaks)]
            if not red:
                notes += ["it stays green" if named(found, mutant) else "it did not run"]
                notes += output.rstrip("\n").split("\n")[-12:]
            # a guest in which nothing works shows nothing
            elif mutant.kind == "guest" and not any(found.values()):
                red, notes = [], notes + ["every other result is red as well"]
            self.tell(bool(red), name, notes)
        except Broken as broken:
            self.tell(False, name, [str(broken)] + broken.tail)
        finally:
            tree.apply(mutant, ["--reverse"])

    def work(self, folder, jobs):
        try:
            tree = Tree(folder)
        except Broken as broken:
            self.tell(False, "a copy of the tree builds: %s" % broken, broken.tail)
            return
        while True:
            try:
                job = jobs.get_nowait()
            except queue.Empty:
                return
            (self.mutant if isinstance(job, Mutant) else self.baseline)(tree, job)

    def all(self):
        jobs = queue.Queue()
        # guests first: they take longest
        tests = sorted({(m.kind, m.where) for m in self.mutants})
        for job in tests + sorted(self.mutants, key=lambda m: (m.kind, m.where)):
            jobs.put(job)
        with tempfile.TemporaryDirectory(prefix="holdfast-mutants-") as folder:
            workers = [threading.Thread(target=self.work, args=(os.path.join(folder, str(i)), jobs))
                       for i in range(int(os.environ.get("JOBS") or os.cpu_count() or 1))]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        planned = len(tests) + len(self.mutants)
        print("1..%d" % max(planned, self.count))
        return 1 if self.failed or self.count < planned else 0


def main(arguments):
    try:
        mutants = [Mutant(p) for p in sorted(glob.glob(os.path.join(HERE, "*.patch")))]
    except Broken as broken:
        print("Bail out! %s" % broken)
        return 1
    names = [a for a in arguments if not a.startswith("-")]
    unknown = set(names) - {m.name for m in mutants}
    parts = [re.fullmatch(r"--part=(\d+)/([1-9]\d*)", a) for a in arguments]
    part = next((p for p in parts if p), None)
    rest = set(arguments) - set(names) - {"--list", "--changed", part and part.group(0)}
    if unknown or rest:
        print("run.py: no mutant '%s'" % ", ".join(sorted(unknown)) if unknown else __doc__,
              file=sys.stderr)
        return 2
    mutants = [m for m in mutants if not names or m.name in names]
    if part:
        which, of = int(part.group(1)), int(part.group(2))
        mutants = [m for m in mutants if zlib.crc32(m.name.encode()) % of == which % of]
    if "--changed" in arguments:
        files = changed()
        mutants = [m for m in mutants if m.touches & files]
        if not mutants:
            print("1..0 # SKIP no mutant, and no file that one breaks, differs from HEAD")
            return 0
    if "--list" in arguments:
        for m in mutants:
            print("%s: %s %s '%s': %s" % (m.name, m.kind, m.where, m.result, m.breaks))
        return 0
    return Run(mutants).all()


sys.exit(main(sys.argv[1:]))
