#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Who includes whom is the table of docs/architecture.md: a row for each room, the headers it may
include, the libraries it may use. A file belongs to the longest room that its path begins with.
"""

import fnmatch
import os
import re
import sys

from check import Tap, read, tree_files

# header, the library it belongs to; what is not here is libc's or the kernel's
LIBRARIES = (("openssl/", "libcrypto"), ("yaml.h", "libyaml"), ("cyaml/", "libcyaml"),
             ("jansson.h", "jansson"), ("curl/", "libcurl"), ("libelf.h", "libelf"), ("gelf.h", "libelf"),
             ("zlib.h", "zlib"), ("bpf/", "libbpf"), ("cmocka.h", "cmocka"), ("seccomp.h", "libseccomp"),
             ("cap-ng.h", "libcap-ng"), ("sqlite3.h", "sqlite3"), ("microhttpd.h", "libmicrohttpd"))


def table_of(text):
    """{room: (headers, libraries)} from the section's rows `| room | headers | libraries |`."""
    rows = {}
    for line in text.partition("\n## Who may include whom\n")[2].partition("\n## ")[0].split("\n"):
        cells = [re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and len(cells[0]) == 1 and cells[0][0].endswith("/"):
            rows[cells[0][0]] = (cells[1], cells[2])
    return rows


def broken(table, name, text):
    rooms = [room for room in table if name.startswith(room)]
    if not rooms:
        yield "%s:1: the table has no row for it" % name
        return
    room = max(rooms, key=len)
    headers, libraries = table[room]
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)', line)
        if not match:
            continue
        header = match.group(2)
        if header.startswith("../"):
            place = os.path.normpath(os.path.join(os.path.dirname(name), header))
            header = os.path.basename(place) if place.startswith(room) else header
        if match.group(1) == '"':
            if not any(fnmatch.fnmatchcase(header, h) and
                       ("/" in h or "/" not in header) for h in headers):
                yield "%s:%d: %s is not for this room" % (name, number, header)
            continue
        for prefix, library in LIBRARIES:
            if header.startswith(prefix) and library not in libraries:
                yield "%s:%d: <%s>, of %s, is not for this room" % (name, number, header, library)


def samples_told():
    table = table_of("\n## Who may include whom\n| `a/` | `a/*.h`, `b/x.h` | `jansson` |\n| `a/b/` | `*.h` | |\n| c | d | e |\n"
                     "\n## After\n| `c/` | `*.h` | |")
    good = (("a/f.c", '#include <stdio.h>\n#include "a/g.h"\n#include "b/x.h"'),
            ("a/f.c", "#include <jansson.h>"), ("a/b/f.c", '#include "near.h"'),
            ("a/b/c/f.c", '#include "../near.h"'))
    bad = (("a/f.c", '#include "b/y.h"'), ("a/f.c", "# include <yaml.h>"), ("c/f.c", ""),
           ("a/b/f.c", '#include "a/g.h"'), ("a/b/f.c", '#include "../g.h"'),
           ("a/b/f.c", "#include <jansson.h>"))
    return not any(list(broken(table, *s)) for s in good) and \
        all(list(broken(table, *s)) for s in bad)


def main():
    tap = Tap()
    table = table_of(read("docs/architecture.md"))
    files = [f for f in tree_files() if f.endswith((".c", ".h")) and
             f.split("/")[0] in ("src", "tests", "include", "bench", "examples")]
    tap.ok(samples_told(), "the include check tells its samples apart")
    tap.clean("each file includes what the table of docs/architecture.md allows its room",
              [b for f in files for b in broken(table, f, read(f))])
    rooms = {f.rsplit("/", 1)[0] + "/" for f in files}
    tap.clean("each row of the include table is of a room that exists",
              ["%s: no file is in it" % r for r in table if not any(x.startswith(r) for x in rooms)])
    headers = {f.split("/", 1)[1] for f in files if f.startswith(("src/", "include/"))}
    near = {"/".join(f.split("/")[-n:]) for f in files if f.startswith("tests/") for n in (1, 2)}
    tap.clean("each header that the include table names exists",
              ["%s: %s" % (room, h) for room, (allowed, _) in table.items() for h in allowed
               if not any(fnmatch.fnmatchcase(x, h) for x in headers | near)])
    return tap.done()


sys.exit(main())
