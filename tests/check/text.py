#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scripts by shellcheck, spelling by codespell, JSON by its parser, the manual by mandoc."""

import json
import os
import re
import subprocess
import sys
import tempfile

from check import TOP, Tap, read, tree_files

BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
# words that are right here: a macro of the manual's, and what a test cuts short
WORDS = "nam,nd"


def run(command, text=None):
    done = subprocess.run(command, cwd=TOP, input=text, capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).split("\n") if line] \
        if done.returncode else []


def shellcheck(names):
    # SC2317 calls dead what a test calls by a name in a variable
    return run(["shellcheck", "--exclude=SC2317", "--format=gcc"] + list(names)) if names else []


def codespell(names):
    return run(["codespell", "--ignore-words-list=" + WORDS] + list(names))


def mandoc(names):
    return run(["mandoc", "-T", "lint", "-W", "warning"] + list(names)) if names else []


def json_wrong(name, text):
    def once(pairs):
        keys = [k for k, _ in pairs]
        if len(keys) != len(set(keys)):
            raise ValueError("a key is there twice: %s" % keys)
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=once)
    except ValueError as error:
        yield "%s: %s" % (name, error)


def scripts(files):
    return [f for f in files if f.endswith(".sh") or
            re.match(r"#!\s*/\S*(?:env )?(?:ba|da)?sh\b", read(f)[:80])]


def verbs():
    """["guard", "up"] and so on, from the help of the command line itself."""
    done = subprocess.run([os.path.join(BUILD, "holdfast"), "help"], capture_output=True, text=True,
                          check=True)
    for line in done.stdout.split("\n\n")[1].split("\n"):
        yield line[2:20].split()


def options(words):
    done = subprocess.run([os.path.join(BUILD, "holdfast"), "help", words[0]], capture_output=True,
                          text=True, check=True)
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", done.stdout)))


def plain(names):
    """The manual as a reader sees it, blanks and hyphens made one."""
    text = subprocess.run(["mandoc", "-T", "utf8"] + names, cwd=TOP, capture_output=True, text=True,
                          check=False).stdout
    text = re.sub(".\b", "", text)
    return re.sub(r"\s+", " ", re.sub("[\u2010\u2011\u2212]", "-", text))


def undocumented(pages):
    text = plain(pages)
    for words in verbs():
        if "holdfast " + " ".join(words) not in text:
            yield "holdfast %s: no page of man/ names it" % " ".join(words)
        for option in options(words):
            if not re.search(re.escape(option) + r"(?![\w-])", text):
                yield "holdfast %s: no page of man/ names %s" % (words[0], option)


def completion(words=None):
    """What the completion has, as {(object, word)}; `words` in place of its own table."""
    table = re.sub(r'" \\\n\t+"', " ", words or read("dist/holdfast.bash"))
    return {(name, word) for name, line in re.findall(r'^\s(\w+)\) echo "(.*)" ;;$', table, re.M)
            for word in line.split() if word != ":" and name != "help"}


def completed(have):
    """How the completion and the help of the command line differ."""
    want = {tuple(words) for words in verbs() if len(words) > 1}
    names = {words[0] for words in verbs()}
    want |= {(name, option) for name in names for option in options([name])}
    return ["%s: %s" % ("missing" if pair in want else "unknown", " ".join(pair))
            for pair in sorted(want ^ have)]


def told(check, name, good, bad):
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for text in (good, bad):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            answers.append(bool(check([path])))
        return answers == [False, True]


PAGE = ".Dd November 1, 2026\n.Dt A 8\n.Os\n.Sh NAME\n.Nm a\n.Nd b\n.Sh DESCRIPTION\nText.\n"


def main():
    tap = Tap()
    files = tree_files()
    sh = scripts(files)
    tap.ok(told(shellcheck, "a.sh", "#!/bin/sh\necho \"$1\"\n", "#!/bin/sh\necho $1\n"),
           "shellcheck tells its samples apart")
    tap.clean("shellcheck finds nothing in %d scripts" % len(sh), shellcheck(sh))
    tap.ok(told(codespell, "a.txt", "receive\n", "rec" + "ieve\n"), "codespell tells its samples apart")
    tap.clean("codespell finds nothing", codespell(files))
    tap.ok(not list(json_wrong("a", '{"a": 1}')) and list(json_wrong("a", '{"a": 1, "a": 2}')) != [],
           "the JSON check tells its samples apart")
    tap.clean("JSON files are JSON, and no key is there twice",
              [w for f in files if f.endswith(".json") for w in json_wrong(f, read(f))])
    pages = [f for f in files if re.match(r"man/.*\.[1-9]$", f)]
    tap.ok(told(mandoc, "a.8", PAGE, PAGE.replace(".Sh NAME\n", ".Sh NAME\n.Xx b\n")),
           "mandoc tells its samples apart")
    tap.clean("mandoc finds nothing in the manual", mandoc(pages))
    tap.clean("the manual names each verb and option of the command line",
              undocumented(pages) if pages else ["man/ has no page"])
    have = completion()
    tap.ok(completion('\ta) echo "b : --c" ;;') == {("a", "b"), ("a", "--c")} and
           completed(have - {("guard", "up")}) and completed(have | {("guard", "upp")}),
           "the check of the completion tells its samples apart")
    tap.clean("the completion has each verb and option, and no others", completed(have))
    return tap.done()


sys.exit(main())
