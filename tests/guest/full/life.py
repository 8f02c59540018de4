#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of a protected host under attack without pause: from the first moments of the boot, over
reloads and holdfastd being killed at random moments, to a power cut in the middle of that, and the
boot after it. Not one attack goes through, no event is missing from the log.

LIFE_KILLS=N      so often (6)
LIFE_SEED=N       the moments, as the test's first line says them
"""
import json
import os
import random
import re
import subprocess
import time

from guest import BUILD, TOP
from suite import run_suite

KILLS = int(os.environ.get("LIFE_KILLS", "6"))
SEED = int(os.environ.get("LIFE_SEED", str(random.randrange(1 << 32))))
NOT_STARTED = 3
ATTACKS = ("map-update", "stop", "link-detach", "pin-unlink")
VICTIM = """[Unit]
StartLimitIntervalSec=0
[Service]
Type=exec
ExecStartPre=-/usr/sbin/ip link add victim type dummy
ExecStart=/opt/tests/victim victim
Restart=always
[Install]
WantedBy=multi-user.target
"""
# before anything that is ordinary, it waits for its victim
ATTACKER = """[Unit]
DefaultDependencies=no
[Service]
ExecStart=/bin/sh -c 'until [ -e /run/enough ] || /opt/tests/probe as ask victim state; \\
    do sleep 0.1; done; \\
    for a in %s; do /opt/tests/probe as hammer /run/enough $a >/run/$a 2>&1 & done; wait'
StandardOutput=null
StandardError=null
[Install]
WantedBy=sysinit.target
""" % " ".join(ATTACKS)
POLICY = """apiVersion: holdfast/v1
kind: Policy
metadata: { name: life, version: %d }
mode: enforce
domains:
  - name: victim
    executables:
      - { path: /opt/tests/victim, launch: unit victim.service }
    pins:
      - /sys/fs/bpf/victim
"""
# what an attack leaves is not for the next one
ATTACKED = """/opt/tests/probe %s; c=$?
systemctl kill -s KILL victim
until /opt/tests/probe as ask victim state >/dev/null 2>&1; do sleep 0.2; done
exit $c"""
# The way that nobody can close to who owns the machine: no memory for its group. It is killed there
# and then, wherever it is, and PID 1 starts it again after a second.
KILL = """
group=/sys/fs/cgroup/system.slice/holdfastd.service
p=$(systemctl show -P MainPID holdfastd)
[ "$p" -gt 0 ] || exit %d
echo 0 >$group/memory.max
for i in $(seq 100); do
	[ -e /proc/$p ] || break
	sleep 0.05
done
echo max >$group/memory.max
test ! -e /proc/$p
""" % NOT_STARTED
SETTLED = ("for i in $(seq 100); do holdfast guard status >/root/status 2>&1 && break; sleep 0.3; done; "
           "cat /root/status; systemctl is-active holdfastd || systemctl status holdfastd")
LOG = "holdfast events --json"


def set_up(suite):
    package = subprocess.run([os.path.join(TOP, "dist/deb.sh")], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.strip()
    suite.put({"/root/holdfast.deb": open(os.path.join(TOP, package), "rb"),
               "/opt/tests/victim": open(os.path.join(BUILD, "tests/guest/victim"), "rb"),
               "/opt/tests/probe": open(os.path.join(BUILD, "tests/guest/probe"), "rb"),
               "/etc/systemd/system/victim.service": VICTIM,
               "/etc/systemd/system/attacker.service": ATTACKER})
    suite.need("holdfast is installed",
               "chmod 755 /opt/tests/*; apt-get -y install /root/holdfast.deb && mkdir -p /etc/holdfast "
               "&& systemctl enable holdfastd attacker && systemctl enable --now victim && "
               "until /opt/tests/probe as ask victim state >/dev/null 2>&1; do sleep 0.2; done",
               deadline=180)
    for attack in ATTACKS:
        suite.command("without a guard %s goes through" % attack,
                      ATTACKED % attack)
    suite.need("the guard enforces", compiled(1) + " && systemctl start holdfastd && "
               "cp life.img /etc/holdfast/policy.img && holdfast guard up", "secret: ", deadline=180)


def compiled(version):
    return ("cat >life.yaml <<'E'\n%sE\nholdfast policy lock life.yaml && "
            "holdfast policy compile life.yaml" % (POLICY % version))


def as_should_be(suite, when):
    suite.need("%s the guard enforces and the victim has its label" % when, SETTLED,
                  "domain    victim, enforce: tasks 1,", deadline=180)
    suite.command("%s nothing is missing from what hangs in the kernel" % when,
                  "ls /sys/fs/bpf/holdfast/links | wc -l | tee /root/links-now; "
                  "[ -e /root/links ] || cp /root/links-now /root/links; cmp /root/links /root/links-now")


def reloads(suite):
    for version in range(2, 5):
        suite.command("reload to version %d" % version,
                      compiled(version) + " && holdfast guard reload life.img", deadline=180)


def kills(suite, number, moments):
    """So often it is found and killed; now and then PID 1 has not yet started it again."""
    failed, killed, tries = [], 0, 0
    while killed < number and tries < 3 * number:
        tries += 1
        time.sleep(moments.random() * 3)
        code, out = suite.guest.run(KILL)
        killed += code == 0
        if code not in (0, NOT_STARTED):
            failed.append("try %d: %d %s" % (tries, code, out))
    suite.check("holdfastd is killed %d times at random moments" % number,
                not failed and killed == number,
                "%d were killed\n%s" % (killed, "\n".join(failed)))
    print("# %d tries for %d kills" % (tries, killed), flush=True)


def attacked(suite, when):
    """Ends the attackers and judges what they saw."""
    suite.guest.run("touch /run/enough; systemctl is-active --wait attacker; "
                    "while pgrep -x probe; do sleep 0.2; done")
    for attack in ATTACKS:
        code, out = suite.guest.run("tail -n 1 /run/%s" % attack)
        found = re.search(r"(\d+) attacks, (\d+) refused, (\d+) went through", out)
        suite.check("%s every %s was refused" % (when, attack),
                    found and int(found.group(1)) == int(found.group(2)) > 100, out)
        print("# %s: %s" % (attack, out.strip()), flush=True)
    suite.guest.run("rm -f /run/enough")


def complete(suite):
    """Of each guard's events every number is there, or told as lost, which may be told later."""
    code, out = suite.guest.run(LOG, 120)
    guards, torn, lost = [], 0, 0
    for line in out.splitlines():
        try:
            entry = json.loads(line)["event"]
        except ValueError:
            torn += 1
            continue
        if entry.get("note") == "up" or not guards:
            guards.append(set())
        if "seq" in entry:
            guards[-1].add(entry["seq"])
        if "lost" in entry:
            lost += entry["lost"]
            guards[-1].update(range(entry["first"], entry["last"] + 1))
    events = sum(len(numbers) for numbers in guards)
    missing = [max(n) - min(n) + 1 - len(n) for n in guards if n]
    suite.check("the log is whole",
                code == 0 and not any(missing) and torn <= 1 and events - lost > 100,
                "of each guard are missing: %s; %d lines are torn" % (missing, torn))
    print("# %d guards, %d events, %d of them lost and told" % (len(guards), events, lost),
          flush=True)


def main(suite):
    print("# LIFE_SEED=%d" % SEED, flush=True)
    moments = random.Random(SEED)
    set_up(suite)
    suite.guest.reboot(120)
    as_should_be(suite, "after the boot")
    reloads(suite)
    as_should_be(suite, "after reloads")
    kills(suite, KILLS, moments)
    as_should_be(suite, "after kills")
    attacked(suite, "from boot to here")
    complete(suite)
    suite.command("the attackers begin again", "systemctl restart attacker")
    kills(suite, 2, moments)
    time.sleep(moments.random() * 3)
    suite.guest.cut()
    suite.guest.boot(180)
    as_should_be(suite, "after a power cut")
    attacked(suite, "since the power cut")
    complete(suite)


if __name__ == "__main__":
    run_suite(main)
