#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Each header compiles alone: as C17 with two compilers, and as C++ if user space outside of this tree
or another language may read it. What kernel and user space share has no hidden padding.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from check import TOP, Tap, tree_files

WARN = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-Isrc", "-D_GNU_SOURCE"]
C17 = ["-x", "c", "-std=c17", "-pedantic", "-Wstrict-prototypes"] + WARN
# user space includes the kernel's fixed widths before it
TYPES = "#include <linux/types.h>\n"
SHARED_TYPES = ("src/policy/image.h",)


def shared(name):
    return name.endswith("-api.h") or name in SHARED_TYPES


def for_kernel(name):
    return name.startswith("src/bpf/") and not shared(name)


def ways(name):
    """(what, compiler and its options) of each way in which a header has to compile."""
    if for_kernel(name):
        multiarch = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True,
                                   check=True).stdout.strip()
        yield "for BPF", ["clang", "-target", "bpf", "-mcpu=v3", "-O2", "-x", "c", "-Wno-unused",
                          "-D__TARGET_ARCH_x86", "-I/usr/include/" + multiarch] + WARN
        return
    yield "by gcc as C17", ["gcc"] + C17
    yield "by clang as C17", ["clang"] + C17
    if shared(name) or name.startswith("include/"):
        yield "as C++", ["clang", "-x", "c++", "-std=c++17"] + WARN
    if shared(name):
        yield "without padding", ["gcc", "-Wpadded"] + C17


def compile_text(command, text):
    run = subprocess.run(command + ["-"], input=text, cwd=TOP, capture_output=True, text=True,
                         check=False)
    return "" if run.returncode == 0 else next(
        (line for line in run.stderr.split("\n") if "error:" in line), run.stderr[:200])


def alone(name):
    lead = TYPES if shared(name) else ""
    found = []
    for what, command in ways(name):
        # twice: the second must be empty
        wrong = compile_text(command, lead + '#include "%s"\n' % os.path.join(TOP, name) * 2)
        if wrong:
            found.append("%s: not alone %s: %s" % (name, what, wrong))
    return found


def samples_told():
    plain, as_cxx, padded = (dict(ways("src/x-api.h"))[w] for w in
                             ("by gcc as C17", "as C++", "without padding"))
    good = "#include <linux/types.h>\nstruct a {\n\t__u32 b, c;\n};\n"
    return not any(compile_text(c, good) for c in (plain, as_cxx, padded)) and \
        compile_text(plain, "size_t f(void);\n") and \
        compile_text(as_cxx, "struct a {\n\tint class;\n};\n") and \
        compile_text(padded, "#include <linux/types.h>\nstruct a {\n\t__u32 b;\n\t__u64 c;\n};\n")


def main():
    tap = Tap()
    headers = [f for f in tree_files() if f.endswith(".h") and f.startswith(("src/", "include/"))]
    tap.ok(bool(samples_told()), "the header check tells its samples apart")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [f for result in pool.map(alone, headers) for f in result]
    tap.clean("each of %d headers compiles alone, the shared ones without padding, and as C++"
              % len(headers), found)
    return tap.done()


sys.exit(main())
