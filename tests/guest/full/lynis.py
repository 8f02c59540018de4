#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `holdfast posture check` and Debian's lynis say of the settings that both read.

Which these are, and what lynis wants of them, comes from its own profile; holdfast's part from what
its checks say that they read. Where the two differ, the table "Beside lynis" of docs/posture.md has
a row with the value, and every row of it has to be such a difference.
"""
import json
import os
import re

from guest import TOP, GuestError
from suite import run_suite

PROFILE = "/etc/lynis/default.prf"
# It takes minutes to read the profile that it comes with, ten programs for each line.
REST = "quick=yes\nskip-plugins=yes\nskip-upgrade-test=yes\ncolors=no\n"
LYNIS = ("rm -f /var/log/lynis*; lynis audit system --quick --quiet --no-colors "
         "--tests-from-group '%s' --tests '%s' >/run/lynis 2>&1; "
         "cat /var/log/lynis.log /var/log/lynis-report.dat")
SETTINGS = LYNIS % ("kernel_hardening", "KRNL-6000")
SECURE_BOOT = LYNIS % ("boot_services", "BOOT-5116")
# From weak to strong: each column is a state of the host, the last one lynis' own choice.
VALUES = {
    "kernel.kptr_restrict": ("0", "1"),
    "kernel.modules_disabled": ("0", "0"),
    "kernel.perf_event_paranoid": ("1", "2"),
    "kernel.sysrq": ("1", "438"),
    "kernel.unprivileged_bpf_disabled": ("0", "2"),
    "kernel.yama.ptrace_scope": ("0", "2"),
    "net.core.bpf_jit_harden": ("0", "1"),
}


def run(guest, command, deadline=60):
    code, out = guest.run(command, deadline)
    if code not in (0, 1):
        raise GuestError("exit code %d: %s\n%s" % (code, command, out[-2000:]))
    return out


def checks(guest):
    """{id: its part of the answer}, without BPF objects, which lynis does not read."""
    out = run(guest, "holdfast posture check --json --root / 2>/dev/null")
    return {c["id"]: c for c in json.loads(out)["checks"]}


def wanted_by_lynis(profile):
    """{setting: [values that it takes for good]}"""
    found = re.findall(r"^config-data=sysctl;([^;]+);([^;]+);", profile, re.M)
    return {key: values.split("|") for key, values in found}


def read_by_both(profile, answer):
    """{setting: the check that reads it}"""
    both = {}
    for key in wanted_by_lynis(profile):
        path = "/proc/sys/" + key.replace(".", "/")
        both.update({key: c["id"] for c in answer.values() if path in c["reads"].split(", ")})
    return both


def listed():
    """{(setting, value): who calls it good} of the table."""
    with open(os.path.join(TOP, "docs/posture.md"), encoding="utf-8") as file:
        section = file.read().split("\n## Beside lynis\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (\S+) \| (holdfast|lynis) \| \S.* \|$", section, re.M)
    return {(key, value): who for key, value, who in rows}


def lynis_judged(log):
    """{setting: whether it is as lynis wants it} of its log."""
    return {**{k: True for k in re.findall(r"sysctl key (\S+) contains equal expected", log)},
            **{k: False for k in re.findall(r"sysctl key (\S+) has a different value", log)}}


def state(suite, both, values):
    """Sets them and asks the two: [(setting, value, good to holdfast, good to lynis)]."""
    for key, value in values.items():
        run(suite.guest, "echo %s >/proc/sys/%s" % (value, key.replace(".", "/")))
    answer = checks(suite.guest)
    log = run(suite.guest, SETTINGS, 300)
    judged = lynis_judged(log)
    suite.check("lynis has judged each of them", set(judged) == set(both), log[-3000:])
    suite.check("and both found what was set",
                all(answer[both[k]]["value"] == v for k, v in values.items()),
                {k: answer[both[k]]["value"] for k in values})
    return [(k, v, answer[both[k]]["status"] == "good", judged.get(k)) for k, v in values.items()]


def main(suite):
    guest = suite.guest
    suite.put_build()
    profile = run(guest, "cat " + PROFILE)
    both = read_by_both(profile, checks(guest))
    suite.check("what both read is what is tried", set(both) == set(VALUES), sorted(both))
    short = "".join(line + "\n" for line in profile.splitlines()
                    if re.match(r"config-data=sysctl;([^;]+);", line) and
                    line.split(";")[1] in both)
    suite.put({PROFILE: REST + short})
    wanted = wanted_by_lynis(profile)
    states = [{k: v[i] for k, v in VALUES.items()} for i in (0, 1)]
    states.append({k: wanted[k][0] for k in VALUES})
    seen, table = {}, listed()
    for values in states:
        for key, value, ours, theirs in state(suite, both, values):
            seen[key, value] = (ours, theirs)
    for key, value in sorted(seen):
        ours, theirs = seen[key, value]
        said = table.get((key, value), "both or neither")
        found = "both or neither" if ours == theirs else "holdfast" if ours else "lynis"
        suite.check("%s = %s is good to: %s" % (key, value, said), found == said, found)
    suite.check("the table has no row that was not tried", set(table) <= set(seen),
                sorted(set(table) - set(seen)))
    log = run(guest, SECURE_BOOT, 300)
    suite.check("neither calls it Secure Boot", "boot_uefi_booted_secure=0" in log and
                checks(guest)["secure-boot"]["status"] == "absent", log[-3000:])
    agreed = sum(ours == theirs for ours, theirs in seen.values())
    print("# %d of %d judgements agree" % (agreed, len(seen)))
    suite.check("both call the weakest state weak, and lynis' own choice good",
                all(seen[k, v] == (False, False) for k, v in states[0].items()) and
                all(seen[k, v] == (True, True) for k, v in states[2].items()), seen)


run_suite(main)
