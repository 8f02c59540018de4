#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian 13, whose PID 1 executes a launcher before a unit's program: the agent gets its label by
`launch: unit` all the same, holdfastd is itself again when it is started again, and who puts
himself into the launcher's place gets nothing."""
import os

os.environ["HOLDFAST_DEBIAN"] = "trixie"

from suite import run_suite  # pylint: disable=wrong-import-position

DAEMON = """[Service]
Type=notify
ExecStart=/usr/local/sbin/holdfastd
Restart=always
KillMode=process
"""
AGENT = """[Service]
Type=exec
ExecStart=/usr/sbin/execsnoop-libbpf
StandardOutput=null
"""
POLICY = """apiVersion: holdfast/v1
kind: Policy
metadata: { name: launcher, version: %d }
mode: enforce
domains:
  - name: execsnoop
    executables:
      - { path: /usr/sbin/execsnoop-libbpf, launch: unit execsnoop.service }
"""
COMPILED = """cat >p.yaml <<'E'
%sE
holdfast policy lock p.yaml && holdfast policy compile p.yaml"""
START = "systemctl start execsnoop; sleep 2; holdfast guard status"
TASKS = "domain    execsnoop, enforce: tasks %d,"
KILL = """group=/sys/fs/cgroup/system.slice/holdfastd.service; p=$(pidof holdfastd)
echo 0 >$group/memory.max; while [ -e /proc/$p ]; do sleep 0.1; done; echo max >$group/memory.max
for i in $(seq 60); do holdfast guard status && exit; sleep 0.5; done"""


def started(suite, what, drop_in, row):
    """The unit with these lines besides: what the log says of its last exec. It need not live."""
    suite.command(what, "mkdir -p $d && printf '[Service]\\n%s\\n' >$d/x.conf && "
                  "systemctl daemon-reload; systemctl stop execsnoop; systemctl start execsnoop; "
                  "sleep 2; rm $d/x.conf; systemctl daemon-reload; "
                  "holdfast events --json | grep '\"act\":\"exec\"' | tail -n 1"
                  .replace("$d", "/run/systemd/system/execsnoop.service.d") % drop_in,
                  '"row":%s,' % row)


def other_code(suite):
    """What the launcher is made to load for a unit, and the lock does not have."""
    started(suite, "with User= it has its label, where names are in files", "User=daemon", "null")
    suite.command("a name service module", "cd /usr/lib/x86_64-linux-gnu && cp libz.so.1 "
                  "libnss_other.so.2 && echo >>libnss_other.so.2 && "
                  "sed -i.files 's/^passwd:.*/passwd: other files/' /etc/nsswitch.conf")
    started(suite, "with User= and that module it has none", "User=daemon", '"I12"')
    suite.command("the module is gone", "mv /etc/nsswitch.conf.files /etc/nsswitch.conf")
    started(suite, "with PAMName= it has none", "User=root\\nPAMName=other", '"I12"')


def main(suite):
    suite.put_build()
    suite.put({"/etc/systemd/system/holdfastd.service": DAEMON,
               "/etc/systemd/system/execsnoop.service": AGENT})
    suite.need("its PID 1 has a launcher", "systemctl daemon-reload && "
               "ls /usr/lib/systemd/systemd-executor && systemctl start holdfastd")
    suite.need("a policy is locked and compiled", COMPILED % (POLICY % 1))
    suite.command("the lock has the launcher and what it loads",
                  "grep admission:launcher p.lock", "executable admission:launcher sha256:")
    suite.need("a guard that knows of no launcher comes up",
               "sed -i.whole /admission:launcher/d p.lock && holdfast policy compile p.yaml && "
               "holdfast guard up p.img | tee up", "secret: ")
    suite.command("the agent starts, and is a stranger", START, TASKS % 0)
    suite.command("the next policy knows of it", "systemctl stop execsnoop && mv p.lock.whole p.lock && "
                  "sed -i 's/version: 1/version: 2/' p.yaml && holdfast policy compile p.yaml")
    suite.command("to trust it is to permit more", "holdfast guard reload p.img", "secret", code=1)
    suite.need("the operator does", "sed -n 's/^secret: //p' up >secret && "
               "holdfast guard reload p.img --secret-fd 3 3<secret")
    suite.command("who has a library loaded into the launcher gets no label",
                  "cp /usr/lib/x86_64-linux-gnu/libz.so.1 evil.so && echo >>evil.so && "
                  "echo /root/evil.so >/etc/ld.so.preload && " + START, TASKS % 0)
    suite.command("the library is gone", "rm /etc/ld.so.preload && systemctl stop execsnoop")
    other_code(suite)
    suite.command("without any of it the agent starts and has its label",
                  "systemctl stop execsnoop; " + START, TASKS % 1)
    suite.refused("a stranger does not stop it", "kill -STOP $(pidof execsnoop-libbpf)",
                  "Operation not permitted")
    suite.command("holdfastd that was killed is itself again", KILL, TASKS % 1)
    suite.command("who starts it himself gets no label",
                  "(execsnoop-libbpf >/dev/null & p=$!; sleep 3; kill $p) && holdfast guard status",
                  TASKS % 1)


if __name__ == "__main__":
    run_suite(main)
