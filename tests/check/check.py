# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the checks share: the tree's own files, C without its comments and strings, and TAP. A check
that finds something prints where; one that has never been seen to fail proves nothing, so each
brings samples and says of them what it says of the tree.
"""

import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHOWN = 40  # findings of one check, the rest is counted


class Tap:
    """Prints results as they come; done() is the exit code."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, findings=()):
        self.count += 1
        self.failed += not good
        print("%sok %d - %s" % ("" if good else "not ", self.count, name))
        findings = list(findings)
        for finding in findings[:SHOWN]:
            print("# " + str(finding).replace("\n", "\n# "))
        if len(findings) > SHOWN:
            print("# and %d more" % (len(findings) - SHOWN))
        sys.stdout.flush()

    def clean(self, name, findings):
        findings = list(findings)
        self.ok(not findings, name, findings)

    def done(self):
        print("1..%d" % self.count)
        return 1 if self.failed else 0


def tree_files():
    """Every file that is or would be in the repository, sorted; in a tree without git, every file."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=TOP, capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.decode().split("\0")
    else:
        names = []
        for folder, folders, files in os.walk(TOP):
            folders[:] = [f for f in folders if f != ".git" and not f.startswith("build")]
            names += [os.path.relpath(os.path.join(folder, f), TOP) for f in files]
    return sorted({n for n in names if n and os.path.isfile(os.path.join(TOP, n))})


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8", errors="replace") as file:
        return file.read()


# what a C file is made of: a comment, a literal, or anything else, one character at a time
C_TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|.", re.DOTALL)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def c_code(text):
    """Comments and the inside of literals become spaces; lines and columns stay."""
    out = []
    for match in C_TOKEN.finditer(text):
        token = match.group()
        if token.startswith(("/*", "//")):
            out.append(blank(token))
        elif len(token) > 1:
            out.append(token[0] + blank(token[1:-1]) + token[-1])
        else:
            out.append(token)
    return "".join(out)


def c_line_comments(text):
    """Line numbers of comments that run to the end of their line."""
    return [text.count("\n", 0, m.start()) + 1
            for m in C_TOKEN.finditer(text) if m.group().startswith("//")]


def c_functions(text):
    """(line, name, number of parameters, number of lines) of each function that a file defines."""
    code = c_code(text)
    for match in re.finditer(r"^([A-Za-z_][^;{}#=]*?)\b(\w+)\(([^;{}]*)\)\s*\n\{\n", code, re.M):
        end = re.compile(r"^\}", re.M).search(code, match.end())
        if not end:
            continue
        depth, commas, parameters = 0, 0, match.group(3)
        for char in parameters:
            depth += (char in "([") - (char in ")]")
            commas += char == "," and not depth
        name, n = match.group(2), commas + 1
        if parameters.strip() in ("", "void"):
            n = 0
        if parameters.rstrip().endswith("..."):
            n -= 1
        if name == "BPF_PROG":
            name, n = parameters.split(",")[0].strip(), n - 1
        first = code.count("\n", 0, match.start()) + 1
        yield first, name, n, code.count("\n", match.start(), end.start()) + 1
