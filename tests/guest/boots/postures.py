#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots the small guest into one posture after the other, and wants exactly the findings expected.

    postures.py --kernel K [--profile P] --log FILE [NAME...]       # all if none is named

Runs on the host, as the suites of the full guest do: what differs is the kernel's command line.
The table says what each posture changes of the plain boot; all that it does not name has to be as
there, status and value. A setting that this kernel does not have, or does not let go, changes
nothing: its configuration and the plain boot say which these are.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../.."))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(TOP, "build")))
DEADLINE = 60

# What a Debian cloud kernel says in a guest without systemd, TPM and UEFI.
PLAIN = """
lockdown            bad     none
module-signatures   bad     not enforced
modules-disabled    weak    0
kexec               weak    0
kexec-signatures    weak    not for kexec_load
dev-mem             good    strict
msr                 weak    not loaded
hibernation         weak    possible
proc-mem            weak    always
mounted-writes      weak    allowed
bpf-lsm             good    in the list
lsm-order           good    bpf after the others
secure-boot         absent  no UEFI
command-line        good    nothing that weakens
escape              good    not used
tpm                 absent  none
unit-order          absent  no systemd
unprivileged-bpf    weak    2
jit-harden          weak    0
kptr-restrict       weak    0
perf-paranoid       good    3
yama                weak    0
sysrq               good    438
io-uring            weak    0
user-namespaces     weak    open to every user
ftrace              good    1
fault-injection     good    not built in
kprobe-override     good    not built in
debugfs             weak    mounted on /sys/kernel/debug
ima                 good    there
fs-verity           good    there
bpffs               good    1, root's alone
audit-rules         weak    no rules
capabilities        weak    1 tasks of 1 kinds
owners              good    none
foreign-programs    good    none
unfrozen-maps       good    none
"""

LOCKED = """
module-signatures   good    not enforced
kexec-signatures    good    not for kexec_load
msr                 good    not loaded
hibernation         good    not possible
debugfs             good    mounted on /sys/kernel/debug
"""

ALLOW_LIST = ("guest-ctl spawn system.slice/allow-list.service /opt/tests/allow-list 127.0.0.0/8 && "
              "guest-ctl until 20 grep -q 'enforces 1 networks' /run/guest/allow-list.service.log")


def rows(text):
    """{check: (status, value)} of lines as above."""
    return {line.split()[0]: tuple(line.split(None, 2)[1:]) for line in text.strip().splitlines()}


class Posture:
    """What is appended to the command line, done first in the guest, and another than plain then.

    config: what to change of the kernel's configuration; None leaves it out of the guest
    """

    def __init__(self, name, append="", changes="", first=":", config=()):
        self.name, self.append, self.first, self.config = name, append, first, config
        self.changes = rows(changes) if changes else {}


POSTURES = [
    Posture("plain"),
    Posture("lockdown-integrity", "lockdown=integrity", LOCKED + "lockdown good integrity"),
    Posture("lockdown-confidentiality", "lockdown=confidentiality",
            LOCKED + "lockdown good confidentiality"),
    Posture("without-bpf", "lsm={without-bpf}", """
            bpf-lsm bad not in the list
            lsm-order absent no bpf
            command-line bad lsm={without-bpf}"""),
    Posture("bpf-first", "lsm=bpf,{without-bpf}", "lsm-order weak {first-refusing} after bpf"),
    Posture("few-modules", "lsm=integrity,bpf", "yama absent not there"),
    Posture("signed-modules", "module.sig_enforce=1 nohibernate", """
            module-signatures good enforced
            hibernation good not possible"""),
    Posture("weak-words", "lockdown=none module.sig_enforce=0 mitigations=off init=/bin/sh",
            "command-line weak init=/bin/sh, and more"),
    Posture("innocent-words", "iommu=pt audit=1 init=/sbin/init lsm.debug lockdown.x=none "
            "holdfast.trace=off sysctl.kernel.randomize_va_space=2"),
    Posture("strong-settings", "sysctl.kernel.kptr_restrict=2 sysctl.kernel.yama.ptrace_scope=1 "
            "sysctl.kernel.io_uring_disabled=2 sysctl.kernel.unprivileged_bpf_disabled=1 "
            "sysctl.net.core.bpf_jit_harden=2 sysctl.user.max_user_namespaces=0", """
            kptr-restrict good 2
            yama good 1
            io-uring good 2
            unprivileged-bpf good 1
            jit-harden good 2
            user-namespaces good user/max_user_namespaces = 0"""),
    Posture("weak-settings", "sysctl.kernel.sysrq=1 sysctl.kernel.perf_event_paranoid=1 "
            "sysctl.kernel.unprivileged_bpf_disabled=0 proc_mem.force_override=always", """
            proc-mem weak always
            sysrq weak 1
            perf-paranoid weak 1
            unprivileged-bpf bad 0"""),
    Posture("ratchets", "sysctl.kernel.modules_disabled=1 sysctl.kernel.kexec_load_disabled=1 "
            "debugfs=off", """
            debugfs good not mounted
            modules-disabled good 1
            kexec good 1"""),
    Posture("ftrace-off", "sysctl.kernel.ftrace_enabled=0", """
            ftrace bad 0
            command-line bad sysctl.kernel.ftrace_enabled=0"""),
    Posture("memory-and-disks", "proc_mem.force_override=never bdev_allow_write_mounted=0", """
            proc-mem good never
            mounted-writes good refused"""),
    Posture("escape-off", "holdfast=off", "escape bad holdfast=off"),
    Posture("registers", "msr.allow_writes=on holdfast=observe", """
            msr bad on
            escape bad holdfast=observe""", first="modprobe msr"),
    Posture("files", "", """
            audit-rules good a rule for bpf
            bpffs weak /mnt: others may write
            debugfs good not mounted""",
            first="umount /sys/kernel/debug && mount -t bpf bpf /mnt && mkdir /etc/audit && "
                  "echo '-a always,exit -F arch=b64 -S bpf' >/etc/audit/audit.rules"),
    Posture("foreign-program", "", """
            capabilities weak 2 tasks of 2 kinds
            owners weak 1 programs, 3 maps, 1 links
            foreign-programs weak 'allow_connect' on bpf_lsm_socket_connect""", first=ALLOW_LIST),
    Posture("no-configuration", "", """
            kexec-signatures unknown -
            dev-mem unknown -
            proc-mem unknown -
            mounted-writes unknown -
            fault-injection unknown -
            kprobe-override unknown -""", config=None),
    Posture("another-configuration", "", """
            kexec-signatures good demanded
            dev-mem bad all of memory
            fault-injection weak built in
            kprobe-override weak built in
            msr good not built in""",
            config=("KEXEC=n", "KEXEC_SIG_FORCE=y", "STRICT_DEVMEM=n", "FAULT_INJECTION=y",
                    "BPF_KPROBE_OVERRIDE=y", "X86_MSR=n")),
]

# Modules that refuse access, as docs/posture.md has them.
REFUSING = ("selinux", "apparmor", "smack", "tomoyo", "landlock", "yama", "loadpin", "safesetid")


class Kernel:
    """What one kernel of the matrix is, asked of itself."""

    def __init__(self, name):
        folder = subprocess.run([os.path.join(TOP, "tools/fetch-kernels.sh"), "--path", name],
                                check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.name = name
        self.release = open(os.path.join(folder, "release")).read().strip()
        self.config = open(os.path.join(folder, "config")).read()
        modules = re.search(r'^CONFIG_LSM="(.*)"$', self.config, re.M).group(1).split(",")
        without = [m for m in modules if m != "bpf"]
        self.words = {"without-bpf": ",".join(without)}
        self.files, self.ftrace_goes = "", False

    def knows(self, option):
        return re.search(r"^(# )?CONFIG_%s[ =]" % option, self.config, re.M) is not None

    def has(self, option):
        return "CONFIG_%s=y\n" % option in self.config

    def fill(self, text):
        for word, value in self.words.items():
            text = text.replace("{%s}" % word, value)
        return text

    def configured(self, changes):
        """The text of its configuration with some options of another kernel's."""
        text = self.config
        for change in changes:
            name, value = change.split("=")
            text = re.sub(r"^(# )?CONFIG_%s[ =].*\n" % name, "", text, flags=re.M)
            text += ("# CONFIG_%s is not set\n" % name if value == "n" else
                     "CONFIG_%s=%s\n" % (name, value))
        return text

    def started(self, output):
        """What its files say, from the plain boot."""
        self.files, modules, ftrace = re.search(
            r"^FILES (.*)\nMODULES (.*)\nFTRACE (.*)$", output, re.M).groups()
        self.ftrace_goes = ftrace == "0"
        # of those that are compared with bpf's place, the first that this machine has up
        self.words["first-refusing"] = next(m for m in modules.split(",") if m in REFUSING)

    def expected(self, posture):
        """{check: (status, value)} after that boot."""
        plain = rows(PLAIN)
        fixed = {}
        if "io_uring_disabled" not in self.files:
            fixed["io-uring"] = ("absent", "not there")
        if not self.ftrace_goes:
            fixed["ftrace"] = ("good", "1")
        if not self.knows("BLK_DEV_WRITE_MOUNTED"):
            fixed["mounted-writes"] = ("absent", "allowed")
        if not self.knows("PROC_MEM_ALWAYS_FORCE"):
            fixed["proc-mem"] = ("absent", "always")
        elif self.has("PROC_MEM_NO_FORCE"):
            plain["proc-mem"] = ("good", "never")
        elif self.has("PROC_MEM_FORCE_PTRACE"):
            plain["proc-mem"] = ("good", "ptrace")
        changes = {check: (status, self.fill(value))
                   for check, (status, value) in posture.changes.items()}
        # without the configuration nobody knows that a kernel does not have a setting
        if posture.config is None:
            return {**plain, **fixed, **changes}
        return {**plain, **changes, **fixed}


def packed(folder, kernel, posture):
    """The archive that is laid over the guest's: the kernel's configuration, where it belongs."""
    root = os.path.join(folder, posture.name)
    os.makedirs(os.path.join(root, "boot"))
    if posture.config is not None:
        with open(os.path.join(root, "boot/config-" + kernel.release), "w") as file:
            file.write(kernel.configured(posture.config))
    with open(root + ".cpio", "wb") as archive:
        subprocess.run("find boot | cpio --quiet -o -H newc -R 0:0", shell=True, cwd=root,
                       stdout=archive, check=True)
    return root + ".cpio"


COMMAND = """{ %s; } >/run/first 2>&1 || { cat /run/first; exit 3; }
holdfast posture check --json >/run/json 2>/run/err; r=$?
(echo 0 >/proc/sys/kernel/ftrace_enabled) 2>/run/first
echo FILES $(ls /proc/sys/kernel); echo MODULES $(cat /sys/kernel/security/lsm)
echo FTRACE $(cat /proc/sys/kernel/ftrace_enabled)
cat /run/json; [ $r -le 1 ] || cat /run/err; [ $r -le 1 ]"""


def boot(folder, kernel, posture, log):
    """The guest's answer, {check: (status, value)}, and its console; None if there is none."""
    with open(log, "a+") as console:
        one = os.path.join(folder, posture.name + ".log")
        done = subprocess.run(
            [os.path.join(TOP, "tests/guest/run.sh"), "--kernel", kernel.name,
             "--initramfs", os.path.join(BUILD, "guest.cpio"), "--quiet", "--log", one,
             "--deadline", str(DEADLINE), "--overlay", packed(folder, kernel, posture),
             "--append", kernel.fill(posture.append), "--run", COMMAND % posture.first],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        output = open(one, errors="replace").read() if os.path.exists(one) else ""
        console.write("---- %s\n%s" % (posture.name, output))
    if done.returncode:
        return None, output + done.stdout
    answer = json.JSONDecoder().raw_decode(output, output.index("\n{\n") + 1)[0]
    return {c["id"]: (c["status"], c["value"] or "-") for c in answer["checks"]}, output


def differing(expected, found):
    return ["%s: %s, wanted %s" % (check, " ".join(found.get(check, ("no answer",))),
                                   " ".join(expected.get(check, ("none",))))
            for check in {**expected, **found} if expected.get(check) != found.get(check)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--profile", default="default", choices=["default"])
    parser.add_argument("--log", required=True)
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    unknown = set(args.names) - {p.name for p in POSTURES}
    if unknown:
        parser.error("no posture %s" % ", ".join(sorted(unknown)))
    chosen = [p for p in POSTURES if not args.names or p.name in args.names + ["plain"]]
    kernel, failed = Kernel(args.kernel), False
    open(args.log, "w").close()
    print("1..%d" % len(chosen), flush=True)
    with tempfile.TemporaryDirectory(prefix="holdfast-postures-") as folder:
        for posture in chosen:
            found, output = boot(folder, kernel, posture, args.log)
            if found is None:
                notes = ["the guest failed:"] + output.splitlines()[-12:]
            else:
                if posture.name == "plain":
                    kernel.started(output)
                notes = differing(kernel.expected(posture), found)
            failed = failed or bool(notes)
            print("%sok - %s" % ("not " if notes else "", posture.name))
            for note in notes:
                print("# " + note)
            sys.stdout.flush()
            if notes and posture.name == "plain" and found is None:
                print("Bail out! no plain boot to compare with")
                break
    return failed


if __name__ == "__main__":
    sys.exit(main())
