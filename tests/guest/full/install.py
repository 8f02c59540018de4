#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The package on a Debian with systemd, from installation to purge: nothing starts by itself, a
reboot ends in a guard that enforces before any ordinary service, a locked-out host comes back by
the boot prompt, the guard gives way to another build, nothing removes the package under one that
enforces, and nothing stays.

install.py --kernel KERNEL --log FILE     prints TAP
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from guest import BUILD, TOP, Guest, GuestError

sys.path.append(os.path.join(TOP, "tests/check"))
from check import Tap  # pylint: disable=wrong-import-position

UNIT = """[Unit]
Description=an agent that knows nothing of any guard
[Service]
ExecStart=/usr/sbin/execsnoop
StandardOutput=null
ProtectSystem=strict
PrivateTmp=yes
[Install]
WantedBy=multi-user.target
"""
POLICY = """apiVersion: holdfast/v1
kind: Policy
metadata: { name: edge, version: %d }
mode: %s
domains:
  - name: execsnoop
    executables:
      - { path: /usr/sbin/execsnoop, launch: unit execsnoop.service }
"""
# another build of the agent's package, and an hour's work of xz left out
OTHER = ("cd /root && dpkg-deb -R /srv/debs/libbpf-tools_*.deb other && "
         "sed -i 's/^Version: .*/&+other/' other/DEBIAN/control && echo >>other/usr/sbin/execsnoop && "
         "dpkg-deb -Znone -b other other.deb && rm -r other")
# what a stranger does to the agent; it leaves no trace
ATTACK = "p=$(systemctl show -P MainPID execsnoop) && kill -STOP $p && kill -CONT $p"
# the same, as fast as it can
HAMMER = ("p=$(pidof execsnoop); while :; do echo >>/run/tries; "
          "kill -STOP $p 2>/dev/null && echo through >>/run/through; done")
# how much longer than without a guard a shutdown may take, on a loaded host
SHUTDOWN_SECONDS = 15


class Host:
    """The guest as its engineer has it, and what he has noted: the operator's secret."""

    def __init__(self, args, disk):
        self.tap, self.secret, self.shutdowns = Tap(), "", []
        self.guest = Guest(args.kernel, disk, args.profile, fresh=True, log=args.log)

    def run(self, command, deadline=300):
        return self.guest.run(command, deadline)

    def check(self, name, command, wanted=0, says=""):
        code, out = self.run(command)
        good = code == wanted if wanted is not None else code != 0
        good = good and re.search(says, out, re.M) is not None
        self.tap.ok(good, name, [] if good else ["exit code %d: %s" % (code, command), out])
        return out

    def fails(self, name, command, says=""):
        return self.check(name, command, None, says)

    def operator(self, command):
        return "%s --secret-fd 3 3<<E\n%s\nE" % (command, self.secret)

    def reboot(self, append=""):
        self.guest.append = append
        self.run("sync")
        start = time.monotonic()
        self.guest.power_off(verb="reboot")
        self.shutdowns.append(time.monotonic() - start)
        self.guest.boot(180)

    def image(self, mode, version, path):
        """Writes, locks and compiles a policy in the guest."""
        text = POLICY % (version, mode)
        self.check("a policy that is to %s is compiled" % mode,
                   "cd /root && cat >p.yaml <<E\n%s\nE\nholdfast policy lock p.yaml && "
                   "holdfast policy compile p.yaml -o %s" % (text, path))


def install(host):
    host.check("the package is installed by apt", "apt-get -y install /root/holdfast.deb",
               says="Setting up holdfast")
    host.check("nothing is started", "systemctl is-active holdfastd", 3, "^inactive")
    host.check("nothing is enabled", "systemctl is-enabled holdfastd", 1, "^disabled")
    host.check("no guard is up", "test ! -e /sys/fs/bpf/holdfast && ! holdfast guard status")
    host.check("an agent runs", "cat >/etc/systemd/system/execsnoop.service <<E\n%s\nE\n"
               "systemctl daemon-reload && systemctl enable --now execsnoop" % UNIT)
    host.reboot()
    host.check("the service is enabled and starts",
               "systemctl enable --now holdfastd && systemctl is-active holdfastd")
    host.check("it has armed nothing", "holdfast guard status", 1, "^guard +down")


def observe(host):
    host.image("observe", 1, "/root/observe.img")
    out = host.check("the guard comes up", "holdfast guard up /root/observe.img", 0, "^secret: ")
    found = re.search(r"^secret: (\S+)$", out, re.M)
    host.secret = found.group(1) if found else ""
    host.check("the agent that ran in its sandbox is adopted", "holdfast guard status", 0,
               "^domain +execsnoop, observe: tasks 1,")
    host.check("the agent starts again, with its label",
               "systemctl restart execsnoop && sleep 2 && holdfast guard status", 0,
               "^domain +execsnoop, observe: tasks 1,")
    host.check("the attack goes through", ATTACK)
    host.check("and is an event", "holdfast events", 0, "observed.*execsnoop")
    host.check("holdfastd that is killed is back, and goes on with the guard",
               "p=$(systemctl show -P MainPID holdfastd) && kill -9 $p && sleep 8 && "
               "test $(systemctl show -P MainPID holdfastd) -gt 0 && holdfast guard status && "
               "holdfast events --json | grep -c adopted")


def watchdog(host):
    drop = "/etc/systemd/system/holdfastd.service.d"
    host.check("with a short watchdog it is restarted, and the guard stays",
               "mkdir -p %s && printf '[Service]\\nWatchdogSec=20s\\n' >%s/short.conf && "
               "systemctl daemon-reload && systemctl restart holdfastd && holdfast guard status"
               % (drop, drop))
    host.check("its signs of life keep it",
               "p=$(pidof holdfastd) && sleep 30 && test $(pidof holdfastd) = $p")
    host.check("one that hangs is started again, and goes on with the guard",
               "p=$(pidof holdfastd) && kill -STOP $p && sleep 35 && "
               "test $(pidof holdfastd) != $p && holdfast guard status")
    host.check("the watchdog is as it was", "rm -r %s && systemctl daemon-reload && "
               "systemctl restart holdfastd && holdfast guard status" % drop)


def enforce(host):
    host.image("enforce", 2, "/root/enforce.img")
    host.check("it enforces until somebody confirms",
               "holdfast guard reload --confirm-within 60s /root/enforce.img")
    host.check("it is confirmed", host.operator("holdfast guard confirm"))
    host.fails("the attack is refused", ATTACK)
    host.check("the policy is the one for the boot", "mkdir -p /etc/holdfast && "
               "cp /root/enforce.img /etc/holdfast/policy.img")


def booted(host):
    host.check("after a reboot the guard enforces", "holdfast guard status", 0, "^mode +enforce")
    host.check("and the agent has its label", "holdfast guard status", 0,
               "^domain +execsnoop, enforce: tasks 1,")
    host.check("no ordinary service has started before it",
               "h=$(systemctl show -P ActiveEnterTimestampMonotonic holdfastd); test $h -gt 0 && "
               "for u in $(systemctl list-units --plain --no-legend --type=service --state=active "
               "| cut -d ' ' -f 1); do "
               "[ $(systemctl show -P DefaultDependencies $u) = yes ] || continue; "
               "t=$(systemctl show -P ExecMainStartTimestampMonotonic $u); "
               "[ $t -eq 0 ] || [ $t -gt $h ] || { echo $u; exit 1; }; n=$((n + 1)); done; "
               "test $n -ge 2")
    host.fails("the attack is refused", ATTACK)


def maintain(host):
    host.fails("a release without the secret is refused", "holdfast release execsnoop </dev/null",
               "secret")
    host.check("the operator releases the agent", host.operator("holdfast release --for 5m execsnoop"))
    host.check("it is stopped and started, and is itself again",
               "a=$(systemctl show -P MainPID execsnoop); systemctl restart execsnoop && sleep 2 && "
               "test $(systemctl show -P MainPID execsnoop) != $a && "
               "holdfast release --end execsnoop && holdfast guard status", 0,
               "^domain +execsnoop, enforce: tasks 1,")
    host.fails("the attack is refused again", ATTACK)


def restart(host, name, tasks):
    host.check(name, host.operator("holdfast release --for 5m execsnoop") +
               "\nsystemctl restart execsnoop && sleep 2 && holdfast release --end execsnoop && "
               "holdfast guard status", 0, "^domain +execsnoop, enforce: tasks %d," % tasks)


def replace(host):
    """By apt, and nobody has admitted the new file."""
    host.check("another build of the agent is at hand", OTHER)
    host.check("it is installed over the agent that runs", "apt-get -y install /root/other.deb")
    host.check("which is an event", "holdfast events --json | grep '\"act\":\"rename\".*execsnoop'",
               0, '"row":"F12"')
    host.check("who runs already is the agent still", "holdfast guard status", 0,
               "^domain +execsnoop, enforce: tasks 1,")
    host.fails("the attack on it is refused", ATTACK)
    restart(host, "the new file is a stranger", 0)
    host.check("for whom nothing is refused", ATTACK)
    host.check("the file of before comes back", "apt-get -y --allow-downgrades install "
               "/srv/debs/libbpf-tools_*.deb")
    restart(host, "and is the agent", 1)
    host.fails("the attack on it is refused, too", ATTACK)


def stop(host):
    """systemd gives the units up, for it can signal nobody in them."""
    host.check("systemctl stop does not stop the agent",
               "p=$(pidof execsnoop) && systemctl stop execsnoop; sleep 1; "
               "test \"$(pidof execsnoop)\" = \"$p\" && holdfast guard status", 0, "tasks 1,")
    host.check("nor holdfastd", "p=$(pidof holdfastd) && systemctl stop holdfastd; sleep 1; "
               "test \"$(pidof holdfastd)\" = \"$p\" && holdfast guard status")
    host.fails("kill -9 of holdfastd is refused", "kill -9 $(pidof holdfastd)", "not permitted")


def keep(host):
    for command in ("dpkg -r holdfast", "dpkg -P holdfast", "dpkg -i /root/holdfast.deb"):
        host.fails("%s is refused, and says what to do" % command, command, "holdfast guard down")
    host.check("the package is whole", "dpkg -V holdfast; dpkg -l holdfast", 0, "^ii +holdfast")
    host.check("the guard still enforces", "holdfast guard status", 0, "^mode +enforce")


def over(host, package, how=""):
    """The change to another build, in the words of holdfast-guard(1)."""
    host.check("the operator admits the holdfastd of %s" % package,
               "dpkg-deb --fsys-tarfile /root/%s | tar -xO ./usr/sbin/holdfastd >/root/next\n%s"
               % (package, host.operator("holdfast guard upgrade /root/next")))
    host.check("somebody attacks the agent all the while",
               "rm -f /run/tries /run/through && systemd-run --unit=hammer sh -c '%s'" % HAMMER)
    host.check("%s goes in" % package, "apt-get -y %s install /root/%s" % (how, package))
    host.check("its holdfastd has taken over",
               "d=$(sha256sum /usr/sbin/holdfastd | cut -d ' ' -f 1); for i in $(seq 60); do "
               "holdfast guard status --json | grep -q '\"daemon\": \"'$d && break; sleep 1; done; "
               "test $i -lt 60 && holdfast guard status", 0, "^mode +enforce")
    host.check("the agent has its label", "holdfast guard status", 0,
               "^domain +execsnoop, enforce: tasks 1,")
    host.check("not one attack went through",
               "systemctl stop hammer; cat /run/through; test ! -e /run/through && "
               "test $(wc -l </run/tries) -gt 20")
    host.check("nothing of the guard before is left", "test ! -e /sys/fs/bpf/holdfast-next")


def upgrade(host):
    host.fails("the package of another build is refused, and says what to do",
               "apt-get -y install /root/next.deb", "holdfast guard upgrade")
    over(host, "next.deb")
    over(host, "holdfast.deb", "--allow-downgrades")


def escape(host):
    host.reboot("holdfast=observe")
    host.check("holdfast=observe at the boot prompt: nothing is refused", ATTACK)
    host.check("the status says so", "holdfast guard status", 0, "^mode +observe; .*boot prompt.*K13")
    host.check("and the log", "holdfast events --json | grep boot-escape")
    host.reboot("holdfast=off")
    host.check("holdfast=off: no guard comes up", "holdfast guard status", 1, "^guard +down")
    host.reboot()
    host.check("without a word it enforces", "holdfast guard status", 0, "^mode +enforce")


def leave(host):
    host.check("the operator takes the guard down",
               host.operator("holdfast guard down") + "\nsleep 3; systemctl is-active holdfastd", 3,
               "^inactive")
    host.check("the package is purged", "dpkg -P holdfast")
    host.check("nothing of it is left",
               "rm -f /root/*; found=$(find / -xdev -name '*holdfast*' -not -path '/proc/*'; "
               "ls -d /sys/fs/bpf/holdfast /run/holdfast 2>/dev/null; "
               "systemctl list-unit-files | grep holdfast); echo \"$found\"; test -z \"$found\"")
    host.check("the agent runs, and is nobody's", "systemctl is-active execsnoop && " + ATTACK)


def leave_observing(host):
    host.guest.put(host.stage)
    host.check("it is installed again", "apt-get -y install /root/holdfast.deb && "
               "systemctl enable --now holdfastd")
    host.image("observe", 1, "/root/observe.img")
    host.check("and observes", "holdfast guard up /root/observe.img")
    host.check("purging takes a guard down that only observes",
               "dpkg -P holdfast && test ! -e /sys/fs/bpf/holdfast -a ! -e /var/lib/holdfast")


def another_build(package, folder):
    """The package once more, with a holdfastd whose labels lie otherwise."""
    root = os.path.join(folder, "next")
    subprocess.run(["dpkg-deb", "-R", package, root], check=True)
    daemon = os.path.join(root, "usr/sbin/holdfastd")
    subprocess.run(["strip", "-o", daemon,
                    os.path.join(BUILD, "tests/guest/holdfastd-relayout")], check=True)
    control = os.path.join(root, "DEBIAN/control")
    with open(control, encoding="utf-8") as file:
        text = re.sub(r"^Version: .*$", r"\g<0>+next", file.read(), flags=re.M)
    with open(control, "w", encoding="utf-8") as file:
        file.write(text)
    os.unlink(os.path.join(root, "DEBIAN/md5sums"))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root,
                    os.path.join(folder, "stage/root/next.deb")],
                   check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--profile", default="default")
    parser.add_argument("--log", required=True)
    args = parser.parse_args()
    package = subprocess.run([os.path.join(TOP, "dist/deb.sh")], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.strip()
    with tempfile.TemporaryDirectory(dir=os.path.join(TOP, "build")) as folder:
        stage = os.path.join(folder, "stage")
        os.makedirs(os.path.join(stage, "root"))
        shutil.copy(os.path.join(TOP, package), os.path.join(stage, "root/holdfast.deb"))
        another_build(os.path.join(TOP, package), folder)
        host = Host(args, os.path.join(folder, "disk.qcow2"))
        host.stage = stage
        try:
            host.guest.boot()
            host.guest.put(stage)
            for part in (install, observe, watchdog, enforce):
                part(host)
            host.reboot()
            for part in (booted, maintain, replace, upgrade, stop, keep, escape):
                part(host)
            without, *others = host.shutdowns
            host.tap.ok(max(others) < without + SHUTDOWN_SECONDS,
                        "a shutdown takes no longer with a protected agent",
                        ["%.1f s" % seconds for seconds in host.shutdowns])
            leave(host)
            leave_observing(host)
            host.guest.close()
        except GuestError as error:
            host.tap.ok(False, "the guest lives: %s" % error)
    return host.tap.done()


if __name__ == "__main__":
    sys.exit(main())
