#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An agent in a container, by runc and by crun, on an overlay as its root: it has its label, and root
on the host, in another container and in its own is a stranger."""
import json
import os

from guest import BUILD
from suite import run_suite

UNIT = """[Service]
Type=notify
ExecStart=/usr/local/sbin/holdfastd
Restart=always
KillMode=process
"""
POLICY = """apiVersion: holdfast/v1
kind: Policy
metadata: { name: containers, version: 1 }
mode: enforce
domains:
  - name: victim
    executables:
      - { path: /opt/tests/victim, launch: any }
    pins:
      - /sys/fs/bpf/victim
"""
TESTS = os.path.join(BUILD, "tests/guest")
CAPABILITIES = ["CAP_" + name for name in """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL
    SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
    SYS_CHROOT SYS_PTRACE SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME MKNOD SETFCAP MAC_ADMIN
    SYSLOG PERFMON BPF""".split()]
# the layer below is the host's root; what is above must not lie in it
ROOT = """modprobe overlay; for name in agent other; do b=/run/c/$name
mkdir -p $b/upper $b/work $b/rootfs && mount -t overlay overlay $b/rootfs \
	-o lowerdir=/,upperdir=$b/upper,workdir=$b/work || exit 1; done
for name in victim neighbour own; do ip link add $name type dummy; done
cd /opt/tests && cp victim changed && echo >>changed && chmod 755 *"""
STARTED = "for i in $(seq 50); do /opt/tests/probe as ask %s state >/dev/null && exit; sleep 0.2; done; exit 1"
PROBE = "/opt/tests/probe "
ID = "$(%sas ask victim state | tr ' ' '\\n' | sed -n s/^map=//p)" % PROBE
# one of each kind: a map, a program, the task, an fd out of it, a pin, a signal
TECHNIQUES = ("map-read", "prog-run", "ptrace-attach", "pidfd-getfd", "pin-unlink", "kill")
ALLOWED, DENIED = 0, 1


def config(*command):
    """As privileged as a container can be, with the host's processes and network."""
    sets = ("bounding", "effective", "permitted", "inheritable")
    return json.dumps({
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "process": {"args": command, "cwd": "/", "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                    "user": {"uid": 0, "gid": 0},
                    "capabilities": {name: CAPABILITIES for name in sets}},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
            {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "rw"]},
        ],
        "linux": {"namespaces": [{"type": "mount"}, {"type": "ipc"}, {"type": "uts"}]},
    })


def set_up(suite):
    suite.put_build()
    suite.put({"/etc/systemd/system/holdfastd.service": UNIT,
               "/root/p.yaml": POLICY,
               "/opt/tests/victim": open(os.path.join(TESTS, "victim"), "rb"),
               "/opt/tests/probe": open(os.path.join(TESTS, "probe"), "rb")})
    suite.need("two roots on overlays are made", ROOT)
    suite.put({"/run/c/agent/config.json": config("/opt/tests/victim", "victim"),
               "/run/c/other/config.json": config("/usr/bin/sleep", "infinity")})


def guard_up(suite):
    suite.need("the policy is compiled", "holdfast policy lock p.yaml && holdfast policy compile p.yaml")
    suite.need("PID 1 starts holdfastd", "systemctl daemon-reload && systemctl start holdfastd",
               deadline=180)
    suite.need("the guard comes up to enforce", "holdfast guard up p.img >up; cat up; "
               "sed -n 's/^secret: \\([^ ]*\\)$/\\1/p' up >secret; holdfast guard status", deadline=180)


def start(suite, runtime):
    run = runtime + " run -d --bundle /run/c/%s %s </dev/null >/run/c/log 2>&1; cat /run/c/log"
    suite.need(runtime + " starts another container", run % ("other", "other") +
               "; %s exec other true" % runtime)
    suite.need(runtime + " starts the agent in a container", run % ("agent", "agent") +
               "; " + STARTED % "victim")
    suite.need(runtime + " starts a changed copy of it in the same container",
               "(%s exec agent /opt/tests/changed neighbour </dev/null >/dev/null 2>&1 &); "
               % runtime + STARTED % "neighbour")


def end(suite, runtime):
    suite.command(runtime + ": the agent ends, of itself", PROBE + "as ask victim quit; "
                  "for i in $(seq 50); do %s state agent | grep -q stopped && exit; sleep 0.2; done; exit 1"
                  % runtime)
    suite.command(runtime + " takes the containers away",
                  "{0} delete --force agent && {0} delete --force other".format(runtime))


def labels(suite, runtime):
    inside = runtime + " exec agent "
    suite.command(runtime + ": the container's root is an overlay", inside + "stat -f -c %T /",
                  "overlayfs")
    suite.command(runtime + ": the agent in the container is the domain's", "holdfast guard status",
                  "victim, enforce: tasks 1, maps 4,")
    suite.command(runtime + ": its program has the label there", inside + "/opt/tests/victim peek " + ID)
    suite.command(runtime + ": a changed copy has none", inside + "/opt/tests/changed peek " + ID, code=1)
    suite.command(runtime + ": nor has anything else there", inside + PROBE + "as peek " + ID, code=1)
    suite.refused(runtime + ": the file in the layer below is not written",
                  "echo >>/opt/tests/victim", "Text file busy")
    suite.command(runtime + ": one beside it is", "echo >>/opt/tests/changed.log")


def attacks(suite, runtime):
    places = (("the host", ""), ("another container", runtime + " exec other "),
              ("its own container", runtime + " exec agent "))
    for technique in TECHNIQUES:
        for where, prefix in places:
            suite.command("%s: %s from %s is refused" % (runtime, technique, where),
                          prefix + PROBE + technique, code=DENIED)
    suite.refused(runtime + ": nor does the runtime kill it", runtime + " kill agent KILL")
    suite.command(runtime + ": it is what it was", STARTED % "victim")
    for where, prefix in places:
        suite.command("%s: map-read from %s on the changed copy is not refused" % (runtime, where),
                      prefix + PROBE + "map-read neighbour", code=ALLOWED)
    suite.command(runtime + ": nor is its end", PROBE + "kill neighbour", code=ALLOWED)


def main(suite):
    set_up(suite)
    guard_up(suite)
    for runtime in ("runc", "crun"):
        start(suite, runtime)
        labels(suite, runtime)
        attacks(suite, runtime)
        end(suite, runtime)
    suite.command("the guard goes down by the operator", "holdfast guard down --secret-fd 3 3<secret")
    start(suite, "runc")
    for technique in TECHNIQUES:
        suite.command("without it %s from another container goes through" % technique, "runc exec other "
                      + PROBE + technique, code=ALLOWED)


if __name__ == "__main__":
    run_suite(main)
