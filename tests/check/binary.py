#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was built: holdfastd is static and holds no parser; user space keeps no state in globals."""

import os
import re
import subprocess
import sys
import tempfile

from check import TOP, Tap

BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
# by what their symbols begin with
PARSERS = ("yaml_", "cyaml_", "json_", "jsonp_", "sqlite3_", "MHD_", "curl_")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def dynamic(path):
    """Why a binary is not static."""
    headers = output("readelf", "-lW", path)
    if re.search(r"^\s+(INTERP|DYNAMIC)\s", headers, re.M):
        yield "%s: has a program interpreter or a dynamic section" % path


def needs(path, library):
    """Whether a binary asks the loader for a library, before main()."""
    return bool(re.search(r"\(NEEDED\)\s.*\[%s[.\w-]*\.so" % library, output("readelf", "-dW", path)))


def functions(path):
    """The global functions that a binary or an archive defines."""
    return {line.split()[-1] for line in output("nm", path).split("\n")
            if re.search(r" T \w+$", line)}


def parsers(path, unprivileged=()):
    for symbol in sorted(functions(path)):
        if symbol.startswith(PARSERS) or symbol in unprivileged:
            yield "%s: %s()" % (path, symbol)


def variables(path):
    """What an object file keeps between calls; a table of constant pointers is no variable."""
    section = {}
    for line in output("readelf", "-SW", path).split("\n"):
        match = re.match(r"\s*\[\s*(\d+)\] (\S+)", line)
        if match:
            section[match.group(1)] = match.group(2)
    for line in output("readelf", "-sW", path).split("\n"):
        cells = line.split()
        if len(cells) == 8 and cells[3] == "OBJECT":
            held = section.get(cells[6], cells[6])
            if held.startswith((".data", ".bss", "COM")) and not held.startswith(".data.rel.ro"):
                yield "%s: %s" % (os.path.relpath(path, BUILD), cells[7])


# main()'s options, the log's level, what the drill's canary is there to have, and who listens to
# libbpf, which hands its callback nothing of the caller's; nothing else
ALLOWED = re.compile(r": arg_\w+(\.\d+)?$|src_guard_log\.c\.o: \w*level$|"
                     r"libloader\.a\.p/why\.c\.o: listening$|"
                     r"/holdfast-\w+\.p/canary\.c\.o: (canary|n_stops)$")


# What only a build for tests has, src/guard/leave-out.c: a file says what the guard is without.
LEAVE_OUT = b"/run/holdfast-leave-out"


def leaves_out(path):
    with open(path, "rb") as file:
        if LEAVE_OUT in file.read():
            yield "%s was built with leave_out=true: meson configure it with false" % path


def samples_told():
    with tempfile.TemporaryDirectory() as folder:
        source, made = os.path.join(folder, "a.c"), os.path.join(folder, "a")
        with open(source, "w", encoding="ascii") as file:
            file.write("static int kept;\nstatic const char *const table[] = {\"a\"};\n"
                       "int yaml_x(void)\n{\n\treturn kept++ + !table[kept];\n}\n"
                       "int main(void)\n{\n\treturn yaml_x();\n}\n")
        output("gcc", "-O0", "-fPIE", "-c", source, "-o", made + ".o")
        output("gcc", source, "-o", made)
        output("gcc", "-static", source, "-o", made + "-static")
        found = [f.split(": ")[1] for f in variables(made + ".o")]
        with open(made + ".left", "wb") as file:
            file.write(b"\0" + LEAVE_OUT + b"\0")
        if not list(leaves_out(made + ".left")) or list(leaves_out(made)):
            return False
        return found == ["kept"] and list(parsers(made)) and list(dynamic(made)) and \
            not list(dynamic(made + "-static"))


def objects():
    for folder, _, files in os.walk(BUILD):
        name = os.path.relpath(folder, BUILD)
        if name.split(os.sep)[0] in ("src", "holdfast.p", "holdfastd.p"):
            yield from (os.path.join(folder, f) for f in sorted(files)
                        if f.endswith(".c.o") and ".bpf." not in f)


def main():
    tap = Tap()
    daemon = os.path.join(BUILD, "holdfastd")
    if not os.path.exists(daemon):
        tap.ok(False, "holdfastd is built", [daemon + " is not there"])
        return tap.done()
    tap.ok(bool(samples_told()), "the checks of binaries tell their samples apart")
    tap.clean("holdfastd is static", dynamic(daemon))
    tap.clean("holdfastd leaves nothing of the guard out", leaves_out(daemon))
    command = os.path.join(BUILD, "holdfast")
    tap.ok(needs(command, "libjansson") and not needs(command, "libcurl"),
           "holdfast has no library of the network until it is asked to speak to somebody")
    policy = functions(os.path.join(BUILD, "src/policy/libpolicy.a"))
    tap.ok(len(policy) > 5, "the unprivileged side of the policy defines functions")
    tap.clean("holdfastd holds no parser of what a person wrote", parsers(daemon, policy))
    found = [v for path in objects() for v in variables(path)]
    tap.clean("user space keeps no state in globals", [f for f in found if not ALLOWED.search(f)])
    return tap.done()


sys.exit(main())
