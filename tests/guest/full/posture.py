#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`holdfast posture fix` on a Debian with systemd and grub: a host whose settings were weakened, and
that boots without bpf among the security modules, is mended, stays so after a reboot with the
command line that update-grub has written, and is as it was after --undo and another reboot."""
import json
import re

from guest import GuestError
from suite import run_suite

LSM = "lockdown,yama,apparmor"
FILES = {
    "/etc/sysctl.d/50-weak.conf": "\n".join((
        "kernel.kptr_restrict = 0", "kernel.yama.ptrace_scope = 0", "net.core.bpf_jit_harden = 0",
        "kernel.perf_event_paranoid = 1", "kernel.sysrq = 1",
        "kernel.unprivileged_bpf_disabled = 2", "")),
    "/etc/modules-load.d/weak.conf": "msr\n",
    "/etc/default/grub": "GRUB_CMDLINE_LINUX=holdfast=observe\n"
                         "GRUB_CMDLINE_LINUX_DEFAULT='quiet lsm=%s'\n" % LSM,
    # what grub has an entry for
    "/boot/vmlinuz-guest": "none\n",
}
OURS = ("/etc/sysctl.d/zz-holdfast-posture.conf", "/etc/modprobe.d/holdfast-posture.conf",
        "/etc/default/grub.d/holdfast-posture.cfg", "/etc/systemd/system/holdfast-posture.service",
        "/etc/systemd/system/multi-user.target.wants/holdfast-posture.service",
        "/etc/systemd/system/sys-kernel-debug.mount", "/etc/holdfast/posture-undo.json")
# weak in the first boot, each by another kind of mend
WEAKENED = ("lockdown", "module-signatures", "modules-disabled", "kexec", "msr", "bpf-lsm", "escape",
            "unprivileged-bpf", "jit-harden", "kptr-restrict", "perf-paranoid", "yama", "sysrq",
            "debugfs", "unit-order")
LATE = "for i in $(seq 60); do systemctl is-active -q multi-user.target && " \
       "! systemctl list-jobs | grep -q holdfast-posture && break; sleep 1; done; " \
       "systemctl --failed --no-legend"


def said(suite, command):
    """What a command of ours says as JSON."""
    _, out = suite.guest.run("holdfast posture %s --json 2>/dev/null" % command, 120)
    try:
        return {check["id"]: check for check in json.loads(out)["checks"]}
    except ValueError as error:
        raise GuestError("%s: %s: %s" % (command, error, out)) from error


def reboot(suite, base):
    """With the words that grub would boot with."""
    _, config = suite.guest.run("cat /boot/grub/grub.cfg")
    words = re.search(r"^\s*linux\s+/boot/vmlinuz-guest root=\S+ ro (.*)$", config, re.M)
    if not words:
        raise GuestError("update-grub wrote no entry:\n" + config)
    suite.guest.append = " ".join((base, words.group(1)))
    suite.guest.reboot()
    suite.guest.run(LATE, 120)


def modules(suite):
    return suite.guest.run("cat /sys/kernel/security/lsm")[1].strip().split(",")


def found(checks):
    return {name: (check["status"], check["value"]) for name, check in checks.items()
            if check["mend"]}


def weak(checks):
    return {name for name, (status, _) in found(checks).items() if status in ("weak", "bad")}


def mend(suite, first):
    """For the kernel that runs: all that is not one way, then that by name."""
    plan = said(suite, "fix")
    suite.check("without --yes nothing changes", found(said(suite, "check")) == found(first) and
                {check["outcome"] for check in plan.values()} == {"planned", "one-way"} and
                set(plan) == weak(first), plan)
    one_way = [name for name, check in plan.items() if check["outcome"] == "one-way"]
    suite.command("with it the rest is done", "holdfast posture fix --yes", "one way: name it")
    now = said(suite, "check")
    suite.check("what is one way is not done", set(one_way) <= weak(now), now)
    suite.command("by name it is", "holdfast posture fix --yes %s" % " ".join(one_way))
    left = weak(said(suite, "check"))
    reboots = {name for name in plan if first[name]["mend"]["kind"] == "parameter"}
    suite.check("what is left is the command line's", left <= reboots and "bpf-lsm" in left,
                sorted(left))


def main(suite):
    base = suite.guest.append
    suite.put_build()
    suite.put(FILES)
    suite.need("a host's settings are weakened", "mkdir -p /boot/grub && update-grub")
    reboot(suite, base)
    first, list_before = said(suite, "check"), modules(suite)
    suite.check("they are found weak", set(WEAKENED) <= weak(first) and "bpf" not in list_before,
                sorted(set(WEAKENED) - weak(first)))
    mend(suite, first)
    reboot(suite, base)
    after, list_after = said(suite, "check"), modules(suite)
    suite.check("after a reboot nothing that can be mended is weak", not weak(after),
                {name: after[name] for name in weak(after)})
    suite.check("bpf is in the list, and the others are in their order",
                "bpf" in list_after and [name for name in list_after if name != "bpf"] == list_before,
                "%s, before %s" % (list_after, list_before))
    suite.command("nothing is left to be mended", "holdfast posture fix --yes", "nothing to mend")
    suite.command("all of it is taken back", "holdfast posture fix --undo", "until the next boot")
    suite.command("no file of it is left", "ls -d %s 2>/dev/null" % " ".join(OURS), code=2)
    reboot(suite, base)
    last = found(said(suite, "check"))
    suite.check("after a reboot all is as at first", last == found(first) and
                modules(suite) == list_before,
                {name: (value, last[name]) for name, value in found(first).items()
                 if value != last[name]})


if __name__ == "__main__":
    run_suite(main)
