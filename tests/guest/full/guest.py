#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drives the full guest: a Debian with systemd on a disk that outlives a reboot and a power cut.

    guest = Guest("6.12", "/tmp/x.qcow2", fresh=True)
    guest.boot()                            # returns when multi-user.target is reached
    code, out = guest.run("systemctl is-system-running")
    guest.put("stage")                      # lays a folder over the guest's root
    guest.reboot()                          # through systemd; cut() is the power cut, then boot()
    guest.close()                           # ends it; raises if the kernel log has a splat

By hand: guest.py run --kernel 6.12 --disk /tmp/x.qcow2 [--fresh] [--profile P] [--deadline N]
                      [--append ARGS] [--log FILE] [--put DIR]... --run CMD
It exits with CMD's code; 1 if the kernel log has a splat, 124 past the deadline, 125 when the
guest ends of itself. The disk stays as CMD left it.
"""
import argparse
import base64
import os
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../../.."))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(TOP, "build")))
KERNELS = os.environ.get("HOLDFAST_KERNELS", os.path.join(TOP, "tools/kernels.list"))
PROFILES = {"default": "", "confidentiality": "lockdown=confidentiality"}
# the time that a loaded host may take beyond what a test allows for
ALLOWANCE = 60


class GuestError(Exception):
    """The guest does not answer, or has ended of itself."""


class Splat(GuestError):
    """The kernel log has a report of its own."""


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def cpu_of(kernel):
    for line in open(KERNELS):
        words = line.split()
        if words and words[0] == kernel:
            return words[4]
    raise GuestError("no kernel %s" % kernel)


class Guest:
    def __init__(self, kernel, disk, profile="default", fresh=False, log=None, append="", mem=1024):
        self.folder = output_of(os.path.join(TOP, "tools/fetch-kernels.sh"), "--path", kernel)
        self.release = open(os.path.join(self.folder, "release")).read().strip()
        self.initramfs, self.modules = output_of(
            os.path.join(HERE, "kernel.sh"), self.folder).split()
        self.cpu, self.disk, self.mem = cpu_of(kernel), disk, mem
        self.append = " ".join((PROFILES[profile], append))
        self.log = log or os.path.join(TOP, "build/guest-logs/full-%s-%d.log" % (kernel, os.getpid()))
        self.qemu = None
        os.makedirs(os.path.dirname(os.path.realpath(self.log)), exist_ok=True)
        open(self.log, "w").close()
        if fresh or not os.path.exists(disk):
            base = output_of(os.path.join(HERE, "root.sh"))
            output_of("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, disk)

    # ---- power

    def command_line(self, sockets):
        # as run.sh does, and says why
        args = ("console=ttyS0 panic=-1 no_timer_check watchdog_thresh=60 loglevel=5 "
                "systemd.show_status=0 systemd.log_target=journal " + self.append)
        line = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", self.cpu, "-m", str(self.mem),
                "-no-reboot", "-nodefaults", "-display", "none",
                "-kernel", os.path.join(self.folder, "vmlinuz"), "-initrd", self.initramfs,
                "-append", args,
                "-drive", "if=virtio,format=qcow2,file=" + self.disk,
                "-drive", "if=virtio,format=raw,readonly=on,file=" + self.modules,
                "-chardev", "file,id=log,append=on,path=" + self.log, "-serial", "chardev:log",
                "-device", "virtio-serial-pci"]
        for name, path in sockets.items():
            line += ["-chardev", "socket,id=%s,path=%s" % (name, path),
                     "-device", "virtserialport,chardev=%s,name=%s" % (name, name)]
        return line

    def boot(self, deadline=180):
        """Starts the guest and returns when everything of multi-user.target has started."""
        with tempfile.TemporaryDirectory() as folder:
            listeners, paths = {}, {}
            for name in ("commands", "data"):
                paths[name] = os.path.join(folder, name)
                listeners[name] = socket.socket(socket.AF_UNIX)
                listeners[name].bind(paths[name])
                listeners[name].listen(1)
                listeners[name].settimeout(ALLOWANCE)
            self.qemu = subprocess.Popen(self.command_line(paths), stdin=subprocess.DEVNULL)
            self.commands = listeners["commands"].accept()[0]
            self.data = listeners["data"].accept()[0]
            for listener in listeners.values():
                listener.close()
        self.data.settimeout(ALLOWANCE)
        self.pending = b""
        self.boot_id = self.line(deadline).split()[1]

    def cut(self):
        """The power cut: what the guest has not written to its disk is lost."""
        if self.qemu:
            self.qemu.kill()
            self.ended(ALLOWANCE)

    def ended(self, deadline):
        try:
            self.qemu.wait(deadline)
        except subprocess.TimeoutExpired:
            self.cut()
            raise GuestError("the guest does not go down within %d seconds" % deadline)
        self.commands.close()
        self.data.close()
        self.qemu = None

    def power_off(self, deadline=60, verb="poweroff"):
        """Shuts down through systemd."""
        self.send("systemctl --no-block %s" % verb, 30)
        self.ended(deadline + ALLOWANCE)

    def reboot(self, deadline=180):
        """Shuts down and starts again through systemd."""
        self.power_off(deadline, "reboot")
        self.boot()

    def close(self):
        """Ends the guest, however it is, and judges its kernel log."""
        self.cut()
        self.judge()

    def judge(self):
        judge = subprocess.run(
            [os.path.join(BUILD, "tests/guest/guest-init"), "splats",
             os.path.join(TOP, "tests/guest/splats.allow"), self.release],
            stdin=open(self.log), stdout=subprocess.PIPE, text=True)
        if judge.returncode != 0:
            raise Splat("%s\nthe kernel log has a splat: %s" % (judge.stdout.strip(), self.log))

    # ---- commands

    def line(self, deadline):
        """The next line that the guest's agent says."""
        self.commands.settimeout(deadline + ALLOWANCE)
        while b"\n" not in self.pending:
            try:
                got = self.commands.recv(65536)
            except socket.timeout:
                self.cut()
                raise GuestError("no answer within %d seconds" % (deadline + ALLOWANCE))
            except ConnectionError:
                got = b""
            if not got:
                self.ended(ALLOWANCE)
                raise GuestError("the guest has ended: see %s" % self.log)
            self.pending += got
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode()

    def send(self, command, deadline):
        encoded = base64.b64encode(command.encode()).decode()
        self.commands.sendall(("%d %s\n" % (deadline, encoded)).encode())

    def run(self, command, deadline=180):
        """Runs a shell command as root: (its exit code, what it said). 124: past the deadline."""
        self.send(command, deadline)
        return self.result(deadline)

    def result(self, deadline):
        output = []
        while True:
            line = self.line(deadline)
            if line.startswith("exit "):
                return int(line.split()[1]), base64.b64decode("".join(output)).decode(
                    errors="backslashreplace")
            output.append(line)

    def put(self, folder):
        """Lays a folder of the host over the guest's root; all of it becomes root's."""
        archive = subprocess.run(
            ["tar", "-C", folder, "--owner=0", "--group=0", "--numeric-owner", "-c", "."],
            check=True, stdout=subprocess.PIPE).stdout
        self.send("head -c %d $data | tar -C / --keep-directory-symlink --no-overwrite-dir -x"
                  % len(archive), 60)
        self.data.sendall(archive)
        code, out = self.result(60)
        if code != 0:
            raise GuestError("put %s: %s" % (folder, out))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["run"])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--disk", required=True)
    parser.add_argument("--profile", default="default", choices=PROFILES)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--deadline", type=int, default=60)
    parser.add_argument("--append", default="")
    parser.add_argument("--log")
    parser.add_argument("--put", action="append", default=[])
    parser.add_argument("--run", required=True)
    args = parser.parse_args()
    code = 0
    guest = Guest(args.kernel, args.disk, args.profile, args.fresh, args.log, args.append)
    try:
        guest.boot()
        for folder in args.put:
            guest.put(folder)
        code, out = guest.run(args.run, args.deadline)
        print(out, end="", flush=True)
        guest.power_off()
        guest.close()
    except GuestError as error:
        print("guest.py: %s" % error, file=sys.stderr)
        code = (code or 1) if isinstance(error, Splat) else 125
    return code


if __name__ == "__main__":
    sys.exit(main())
