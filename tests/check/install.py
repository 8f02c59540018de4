#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson install` puts where, and that the unit starts what is there."""

import os
import re
import subprocess
import sys
import tempfile

from check import TOP, Tap, read

BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
WANTED = (
    "bin/holdfast", "sbin/holdfastd", "libexec/holdfast-canary", "libexec/holdfast-neighbour",
    "libexec/holdfast-metrics", "lib/sysusers.d/holdfast.conf",
    "lib/systemd/system/holdfast-metrics.service", "lib/systemd/system/holdfast-syslog.service",
    "lib/systemd/system/holdfastd.service", "lib/tmpfiles.d/holdfast.conf",
    "share/bash-completion/completions/holdfast", "share/holdfast/holdfast-v1.schema.json",
    "include/holdfast/object.h", "LIB/libholdfast.a", "LIB/libholdfast.so", "LIB/libholdfast.so.0",
    "LIB/libholdfast.so.0.1.0", "LIB/pkgconfig/holdfast.pc",
    "share/holdfast/holdfast-mapdata-v1.schema.json",
)
# systemd.exec(5): each of these gives the service a mount namespace, or limits what it starts
UNIT_NEVER = r"^(Protect\w+|Private\w+|ReadOnly\w+|ReadWrite\w+|Inaccessible\w+|Temporary\w+|Bind\w+|" \
             r"RootDirectory|RootImage|MountAPIVFS|NoNewPrivileges|CapabilityBoundingSet|SystemCall\w+|" \
             r"Restrict\w+|LockPersonality|MemoryDenyWriteExecute|DynamicUser|User|PAMName|" \
             r"IPAddress\w+|Device\w+|ExecStartPre)="


def build_option(name):
    done = subprocess.run(["meson", "introspect", BUILD, "--buildoptions"], capture_output=True,
                          text=True, check=True)
    return re.search(r'"name": "%s", "value": "([^"]*)"' % name, done.stdout).group(1)


def differences(have, want):
    return ["missing: " + name for name in sorted(want - have)] + \
           ["nobody asked for: " + name for name in sorted(have - want)]


def unit_wrong(unit, sbin):
    yield from (line for line in unit.split("\n") if re.match(UNIT_NEVER, line))
    if "ExecStart=%s/holdfastd\n" % sbin not in unit:
        yield "it does not start %s/holdfastd" % sbin


def main():
    tap = Tap()
    pages = {"share/man/man%s/%s" % (name[-1], name)
             for name in re.findall(r"'([\w.-]+\.[1-9])'", read("man/meson.build"))}
    policies = {"share/doc/holdfast/" + os.path.relpath(os.path.join(folder, name), TOP)
                for folder, _, names in os.walk(os.path.join(TOP, "policies"))
                for name in names if name.endswith(".yaml")}
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root], check=True,
                       capture_output=True)
        top = root + build_option("prefix")
        have = {os.path.relpath(os.path.join(folder, file), top)
                for folder, _, files in os.walk(root) for file in files}
        with open(os.path.join(top, "lib/systemd/system/holdfastd.service"), encoding="utf-8") as file:
            unit = file.read()
    want = {name.replace("LIB", build_option("libdir")) for name in WANTED} | pages | policies
    tap.ok(differences(want - {"bin/holdfast"}, want) and differences(want | {"x"}, want) and
           list(unit_wrong("ProtectSystem=yes\nExecStart=/a/holdfastd\n", "/a")) and
           list(unit_wrong("ExecStart=/b/holdfastd\n", "/a")),
           "the check of what is installed tells its samples apart")
    tap.clean("everything that is installed is meant to be, and the other way round",
              differences(have, want))
    tap.clean("the unit starts what is installed, and limits nothing",
              unit_wrong(unit, build_option("prefix") + "/sbin"))
    return tap.done()


sys.exit(main())
