#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The mutants still fit the tree: each names what it breaks and its test, and applies. Whether that
test turns red is for tests/mutants/run.py to say, which takes minutes.
"""

import os
import re
import subprocess
import sys

from check import TOP, Tap, read, tree_files

LEAST = 20


def headless(name, text):
    lines = text.split("\n")
    if len(lines) < 3 or not re.fullmatch(r"Breaks: .+", lines[0]) or \
            not re.fullmatch(r"Test: (?:unit|guest) \S+ .+", lines[1]):
        yield "%s: does not begin with `Breaks:` and `Test:`" % name


def misfit(name, text):
    done = subprocess.run(["git", "apply", "--check", "-C1", "-"], input=text, cwd=TOP,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        yield "%s: %s" % (name, done.stderr.strip())


def testless(name, text):
    """The named unit test is in the file of its module, or a script; a guest's suite in the list."""
    for kind, where, result in re.findall(r"^Test: (unit|guest) ([^\s:@]+)\S* (.+)$", text, re.M):
        script = "tests/%s.sh" % where.replace("-", "/", 1)
        if kind == "unit" and os.path.exists(os.path.join(TOP, script)):
            if '"%s"' % result not in read(script):
                yield "%s: %s has no '%s'" % (name, script, result)
        elif kind == "unit":
            path = "tests/unit/%s.c" % where.replace("-", "/", 1)
            if not os.path.exists(os.path.join(TOP, path)) or \
                    not re.search(r"^static void %s\(" % re.escape(result), read(path), re.M):
                yield "%s: %s has no %s()" % (name, path, result)
        elif not re.search(r"^%s\s" % re.escape(where), read("tests/guest/suites.list"), re.M):
            yield "%s: no suite %s in tests/guest/suites.list" % (name, where)


def samples_told():
    good = "Breaks: a\nTest: guest boot b\n"
    gone = "--- a/Makefile\n+++ b/Makefile\n@@ -1,1 +1,1 @@\n-never there\n+nor this\n"
    return not list(headless("a", good)) and list(headless("a", "Test: unit a b\n")) != [] and \
        list(misfit("a", gone)) != [] and not list(testless("a", good)) and \
        list(testless("a", "Test: guest nowhere b\n")) != [] and \
        list(testless("a", "Test: unit base-hex no_such_test\n")) != []


def main():
    tap = Tap()
    tap.ok(samples_told(), "the check of the mutants tells its samples apart")
    names = [f for f in tree_files() if f.startswith("tests/mutants/") and f.endswith(".patch")]
    tap.ok(len(names) >= LEAST, "there are %d mutants, at least %d" % (len(names), LEAST))
    texts = {name: read(name) for name in names}
    for what, check in (("each mutant says what it breaks and which test notices", headless),
                        ("each mutant applies to the tree", misfit),
                        ("the test that a mutant names is there", testless)):
        tap.clean(what, [f for name, text in texts.items() for f in check(name, text)])
    return tap.done()


sys.exit(main())
