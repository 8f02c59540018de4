#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The full guest itself: what every other suite of it takes for granted."""
from suite import run_suite

UNIT = """[Unit]
Before=multi-user.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'cat /proc/self/cgroup >/run/here'
[Install]
WantedBy=multi-user.target
"""


def units(suite):
    suite.put({"/etc/systemd/system/here.service": UNIT})
    suite.command("a unit that was put in starts",
                  "systemctl daemon-reload && systemctl enable --now here.service && cat /run/here",
                  says="0::/system.slice/here.service")
    suite.command("a unit that fails degrades the system",
                  "systemd-run --wait --unit=fails false; systemctl is-system-running",
                  says="degraded", code=1)
    suite.command("until it is reset",
                  "systemctl reset-failed && systemctl is-system-running", says="running")


def packages(suite):
    suite.command("apt installs xdp-tools again, without a network",
                  "touch /root/before && apt-get -y -qq install --reinstall xdp-tools && "
                  "find /usr/sbin/xdp-loader -cnewer /root/before", says="xdp-loader", deadline=180)
    suite.command("apt upgrades to a package that was put in",
                  "dpkg-deb -R /srv/debs/strace_*.deb strace && "
                  "sed -i 's/^Version: .*/&+test/' strace/DEBIAN/control && "
                  "dpkg-deb -b strace /srv/debs/strace_test.deb && /srv/debs/index && "
                  "apt-get -qq update && apt-get -y -qq upgrade && "
                  "dpkg-query -W strace", says="+test", deadline=180)


def power(suite):
    guest = suite.guest
    guest.run("echo kept >/root/kept")
    first = guest.boot_id
    guest.reboot()
    suite.check("a reboot is another boot", guest.boot_id != first, first)
    suite.command("a file outlives a reboot", "cat /root/kept", says="kept")
    suite.command("an enabled unit starts of itself", "cat /run/here", says="here.service")
    guest.run("echo synced >/root/synced && sync -f /root/synced; echo late >/root/late")
    guest.cut()
    guest.boot()
    suite.command("what was written out outlives a power cut", "cat /root/synced", says="synced")
    suite.command("what was not does not", "cat /root/late", says="No such file", code=1)
    suite.command("the system is whole after it", "systemctl is-system-running --wait",
                  says="running")


def main(suite):
    suite.command("PID 1 is systemd", "readlink /proc/1/exe", says="/lib/systemd/systemd")
    suite.command("the system is running, nothing failed", "systemctl is-system-running --wait",
                  says="running")
    suite.command("bpf is among the security modules", "cat /sys/kernel/security/lsm", says="bpf")
    suite.command("lockdown is as the profile says", "cat /sys/kernel/security/lockdown",
                  says="[confidentiality]" if suite.profile == "confidentiality" else "[none]")
    suite.command("modules of the kernel load", "modprobe dummy && lsmod", says="dummy")
    suite.command("a command's exit code comes back", "exit 7", code=7)
    suite.command("a command is ended at its deadline", "sleep 60", code=124, deadline=1)
    units(suite)
    packages(suite)
    power(suite)


run_suite(main)
