#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the tree says of the world around it: no package mirror, no folder of somebody's machine, no
path that leads out of it; and its commits have short subjects.
"""

import os
import re
import subprocess
import sys

from check import TOP, Tap, read, tree_files

# hosts that a text may name; packages come from wherever the machine's own apt has them
HOSTS = ("spdx.org", "json-schema.org", "docs.kernel.org", "www.kernel.org", "example.org",
         "localhost")
MIRROR = r"\b(?:deb|ftp\d?|security|snapshot|mirrors?|archive)\.[\w-]+\.[\w.-]+"
SUBJECT = 72


def strange_hosts(name, text, mirrors):
    for number, line in enumerate(text.split("\n"), 1):
        for host in re.findall(r"\b(?:https?|ftp|rsync)://([\w.-]+\w)", line):
            if host not in HOSTS:
                yield "%s:%d: %s" % (name, number, host)
        for host in mirrors:
            if re.search(r"(?<![\w.-])%s(?![\w-])" % re.escape(host), line):
                yield "%s:%d: %s, which apt uses on this machine" % (name, number, host)
        for host in re.findall(MIRROR, line):
            yield "%s:%d: %s" % (name, number, host)


def mirrors_here():
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"],
                          capture_output=True, text=True, check=False)
    return sorted(set(re.findall(r"^\w+://(?:[^@/]*@)?([\w.-]+\.\w+)", done.stdout, re.M)))


def leads_out(name, text):
    """A path that begins with ../ or at somebody's home, and means a file that is not of ours."""
    for number, line in enumerate(text.split("\n"), 1):
        for path in re.findall(r"(?<![\w./$})\"'])((?:\.\./)+[a-z][\w./-]*)", line):
            places = (os.path.join(TOP, os.path.dirname(name), path), os.path.join(TOP, path))
            inside = [p for p in places if os.path.exists(p) and
                      os.path.realpath(p).startswith(TOP + os.sep)]
            if not inside and not re.search(r"\bln -s", line):
                yield "%s:%d: %s leads out of the tree" % (name, number, path)
        for path in re.findall(r"(?<![\w.*$}])/(?:work|home/\w+|root/\w+)/[\w./-]*", line):
            yield "%s:%d: %s is of somebody's machine" % (name, number, path)


def subjects_wrong(log):
    for line in log.split("\n"):
        commit, _, subject = line.partition(" ")
        if len(subject) > SUBJECT:
            yield "%s: %d characters, %d are allowed: %s" % (commit, len(subject), SUBJECT, subject)
        if subject.endswith("."):
            yield "%s: ends with a full stop: %s" % (commit, subject)


def samples_told():
    leads = (("src/a.c", "/* see ../Makefile */"), ("docs/a.md", "(../Makefile)"),
             ("a.sh", 'cd "$here/../up"'))
    strays = (("docs/a.md", "see ../elsewhere/style.md"), ("a.c", "/* /home/" + "me/a */"))
    hosts = ("https://" + "example.net/a", "mirror" + ".example.org/debian", "at apt.local:3142")
    return not any(list(leads_out(*s)) for s in leads) \
        and all(list(leads_out(*s)) for s in strays) \
        and not list(strange_hosts("a", "https://spdx.org/x", ["apt.local"])) \
        and all(list(strange_hosts("a", h, ["apt.local"])) for h in hosts) \
        and not list(subjects_wrong("a " + "b" * SUBJECT)) \
        and list(subjects_wrong("a " + "b" * (SUBJECT + 1))) != []


def main():
    tap = Tap()
    tap.ok(samples_told(), "the checks of the tree tell their samples apart")
    files = [f for f in tree_files() if f != "tests/check/tree.py"]
    mirrors = mirrors_here()
    tap.clean("no host that packages come from is written down",
              [s for f in files for s in strange_hosts(f, read(f), mirrors)])
    tap.clean("no text leads out of the tree", [s for f in files for s in leads_out(f, read(f))])
    log = subprocess.run(["git", "log", "--format=%h %s"], cwd=TOP, capture_output=True, text=True,
                         check=False)
    if log.returncode == 0:
        tap.clean("commit subjects have at most %d characters" % SUBJECT,
                  subjects_wrong(log.stdout.rstrip("\n")))
    else:
        tap.ok(True, "commit subjects have at most %d characters # SKIP no git here" % SUBJECT)
    return tap.done()


sys.exit(main())
