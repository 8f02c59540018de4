#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows of the catalogue by the tools that a person would use: ip, tc, mount, bpftool, kill,
systemctl and their like do to an agent what the drill does by system calls. Without a guard each of
them harms it; under one that enforces none does, its row is in the log, and the same is done to a
neighbour as before."""
import json

from suite import run_suite

DAEMON = """[Service]
Type=notify
ExecStart=/usr/local/sbin/holdfastd
Restart=always
KillMode=process
"""
AGENT = """[Service]
Type=exec
ExecStartPre=-/usr/sbin/ip link add %(name)s type dummy
ExecStart=/usr/local/libexec/holdfast-%(name)s %(name)s
Restart=always
RestartSec=200ms
TimeoutStopSec=1s
StandardOutput=null
"""
POLICY = """apiVersion: holdfast/v1
kind: Policy
metadata: { name: tools, version: 1 }
mode: enforce
switches: { open: [], close: [ audit, clock, log, resources, stats, uprobes ] }
kernel: { modules: deny }
domains:
  - name: agent
    executables:
      - { path: /usr/local/libexec/holdfast-canary, launch: unit canary.service }
    pins: [ /sys/fs/bpf/canary ]
    files: [ /etc/systemd/system/canary.service, /etc/systemd/system/canary.service.d ]
"""
PINS = "/sys/fs/bpf/$n"
UNIT = "/etc/systemd/system/$n.service"
GROUP = "/sys/fs/cgroup/system.slice/$n.service"
PID = "$(cat /run/$n.pid)"
# what each act is judged by: true if it has harmed $n, whatever the tool said of itself
ENDED = "! kill -0 %s" % PID
NO_XDP = "! ip link show dev $n | grep -q xdp"
NO_FILTER = "! tc filter show dev $n ingress | grep -q bpf"
READY = ("until systemctl show -P MainPID $n >/run/$n.pid && [ $(cat /run/$n.pid) -gt 1 ] && "
         "ls %s/link && ip link show dev $n | grep -q xdp; do sleep 0.1; done >/dev/null 2>&1"
         % PINS)
AGAIN = "systemctl reset-failed; systemctl restart $n; " + READY

# row, what is done, how, and the harm
ACTS = [
    ("L08", "ip takes XDP off", "ip link set dev $n xdpgeneric off", NO_XDP),
    ("L09", "ip deletes the interface", "ip link del dev $n", "! ip link show dev $n"),
    ("L09", "ip moves it into another namespace",
     "ip netns add other; ip link set dev $n netns other; ip netns del other",
     "! ip link show dev $n"),
    ("L10", "tc deletes the filter", "tc filter del dev $n ingress", NO_FILTER),
    ("L10", "tc deletes its qdisc", "tc qdisc del dev $n clsact", NO_FILTER),
    ("L03", "bpftool detaches the link", "bpftool link detach pinned %s/link" % PINS, None),
    ("M01", "bpftool writes the map by its pin",
     "bpftool map update pinned %s/map key 7 0 0 0 value 1 0 0 0 0 0 0 0" % PINS, None),
    ("P12", "bpftool pins the program again", "bpftool prog pin pinned %s/prog /sys/fs/bpf/$n-2; "
     "r=$?; rm -f /sys/fs/bpf/$n-2; exit $r" % PINS, None),
    ("F01", "rm removes the pin of the link", "rm -f %s/link" % PINS, "[ ! -e %s/link ]" % PINS),
    ("F02", "mv renames the pin of the link", "mv %s/link %s/other" % (PINS, PINS),
     "[ ! -e %s/link ]" % PINS),
    ("F02", "mv renames the folder of the pins", "mv %s %s-away" % (PINS, PINS),
     "[ ! -e %s/link ] && mv %s-away %s" % (PINS, PINS, PINS)),
    ("F07", "chmod opens the pin of the map", "chmod 666 %s/map" % PINS,
     "[ $(stat -c %%a %s/map) = 666 ]" % PINS),
    ("F06", "mount covers the pins", "mount -t tmpfs none %s" % PINS,
     "[ ! -e %s/link ] && umount %s" % (PINS, PINS)),
    ("F06", "mount --bind covers them", "mount --bind /run %s" % PINS,
     "[ ! -e %s/link ] && umount %s" % (PINS, PINS)),
    ("A01", "kill -STOP", "kill -STOP " + PID, "grep -q '^State:.*T' /proc/%s/status" % PID),
    ("A01", "kill -KILL", "kill -KILL %s; sleep 0.1" % PID, ENDED),
    ("A01", "pkill", "pkill -KILL -f libexec/holdfast-$n; sleep 0.1", ENDED),
    ("A02", "cgroup.kill", "echo 1 >%s/cgroup.kill; sleep 0.1" % GROUP, ENDED),
    ("A03", "cgroup.freeze", "echo 1 >%s/cgroup.freeze" % GROUP,
     "[ $(cat %s/cgroup.freeze) = 1 ] && echo 0 >%s/cgroup.freeze" % (GROUP, GROUP)),
    ("A03", "a move to another group", "echo %s >/sys/fs/cgroup/cgroup.procs" % PID,
     "[ \"$(cat /proc/%s/cgroup)\" = 0::/ ]" % PID),
    ("A05", "oom_score_adj", "echo 1000 >/proc/%s/oom_score_adj" % PID,
     "[ $(cat /proc/%s/oom_score_adj) = 1000 ]" % PID),
    ("A06", "prlimit", "prlimit --pid %s --nofile=3:3" % PID,
     "prlimit --pid %s --nofile --raw --noheadings | grep -q ' 3 3 '" % PID),
    ("A07", "renice", "renice -n 19 -p " + PID, "[ $(ps -o ni= -p %s) = 19 ]" % PID),
    ("A07", "chrt", "chrt -i -p 0 " + PID, "chrt -p %s | grep -q SCHED_IDLE" % PID),
    ("A07", "ionice", "ionice -c 3 -p " + PID, "ionice -p %s | grep -q idle" % PID),
    ("M18", "memory.high", "echo 1M >%s/memory.high" % GROUP,
     "[ $(cat %s/memory.high) != max ] && echo max >%s/memory.high" % (GROUP, GROUP)),
    ("F12", "a line in its unit", "echo '#' >>%s" % UNIT,
     "tail -n 1 %s | grep -qx '#' && sed -i '$d' %s" % (UNIT, UNIT)),
    ("M21", "a drop-in beside it", "echo '#' >%s.d/x.conf" % UNIT,
     "[ -e %s.d/x.conf ] && rm %s.d/x.conf" % (UNIT, UNIT)),
    ("I02", "strace -p", "timeout 2 strace -p %s 2>&1 | grep -q attached" % PID, None),
    # what PID 1 does for whoever asks it
    ("A01", "systemctl kill", "systemctl kill -s KILL $n; sleep 0.3", ENDED),
    ("A01", "systemctl stop", "systemctl stop $n; sleep 0.3", ENDED),
]

PARANOID = "kernel.perf_event_paranoid"
# of the host, not of the agent: how, and how a stranger's other wish of that kind looks
HOST = [
    ("L15", "sysctl switches ftrace off", "sysctl -q -w kernel.ftrace_enabled=0",
     "[ $(sysctl -n kernel.ftrace_enabled) = 0 ] && sysctl -q -w kernel.ftrace_enabled=1",
     "sysctl -q -w kernel.core_uses_pid=1"),
    ("A04", "sysrq-trigger", "echo 9 >/proc/sysrq-trigger", None, "cat /proc/sys/kernel/sysrq"),
    ("K01", "modprobe loads a module", "modprobe ifb", "lsmod | grep -q ^ifb", "lsmod"),
    ("K18", "sysctl has programs measured", "sysctl -q -w kernel.bpf_stats_enabled=1",
     "[ $(sysctl -n kernel.bpf_stats_enabled) = 1 ] && sysctl -q -w kernel.bpf_stats_enabled=0",
     "sysctl -n kernel.bpf_stats_enabled"),
    ("P15", "a uprobe in tracefs",
     "echo p:own /usr/local/libexec/holdfast-canary:0x1000 >/sys/kernel/tracing/uprobe_events",
     "grep -q own /sys/kernel/tracing/uprobe_events && echo >/sys/kernel/tracing/uprobe_events",
     "cat /sys/kernel/tracing/uprobe_events"),
    ("K17", "sysctl opens perf events to all", "sysctl -q -w %s=-1" % PARANOID,
     "[ $(sysctl -n %s) = -1 ] && sysctl -q -w %s=3" % (PARANOID, PARANOID),
     "sysctl -n " + PARANOID),
    ("T04", "dmesg clears the kernel's log", "dmesg -C", None, "dmesg -S"),
]


def done(suite, name, act, harm):
    """The act; True if it came to what was meant."""
    prefix = "n=%s; " % name
    code, out = suite.guest.run(prefix + act)
    if harm:
        code, more = suite.guest.run("sleep 0.1; " + prefix + harm)
        out += more
    return code == 0, out


def harmed(suite, what, name, wanted, acts):
    for row, text, act, harm in acts:
        got, out = done(suite, name, act, harm)
        suite.check("%s %s %s" % (row, text, what), got == wanted, out)
        if got:
            code, out = suite.guest.run("n=%s; %s" % (name, AGAIN))
            if code:
                suite.check("%s %s: %s is as before" % (row, text, name), False, out)


def logged(suite):
    """Each row has its refusal in the log."""
    _, out = suite.guest.run("sleep 2; holdfast events --json")
    rows = {e["row"] for e in (json.loads(l)["event"] for l in out.splitlines())
            if e.get("verdict") == "refused"}
    missing = {a[0] for a in ACTS + HOST} - rows
    suite.check("each row is in the log, refused", not missing, " ".join(sorted(missing)))


def main(suite):
    suite.put_build()
    suite.put({"/etc/systemd/system/holdfastd.service": DAEMON,
               "/etc/systemd/system/canary.service": AGENT % {"name": "canary"},
               "/etc/systemd/system/neighbour.service": AGENT % {"name": "neighbour"},
               "/root/p.yaml": POLICY})
    suite.need("the agent and its neighbour start",
               "cd /etc/systemd/system; mkdir canary.service.d neighbour.service.d; "
               "systemctl daemon-reload && systemctl start canary neighbour && "
               "for n in canary neighbour; do %s; done" % READY, deadline=300)
    harmed(suite, "without a guard", "canary", True, ACTS)
    host = [h[:4] for h in HOST if h[0] != "K01"]
    harmed(suite, "without a guard", "canary", True, host)
    suite.need("the guard enforces", "systemctl stop canary && systemctl start holdfastd && "
               "holdfast policy lock p.yaml && holdfast policy compile p.yaml && "
               "holdfast guard up p.img | sed -n 's/^secret: //p' >secret && "
               "systemctl start canary; n=canary; %s; sleep 1; holdfast guard status" % READY,
               "tasks 1,", deadline=120)
    harmed(suite, "is refused", "canary", False, ACTS)
    harmed(suite, "is refused", "canary", False, [h[:4] for h in HOST])
    suite.command("the agent is the one that it was", "kill -0 $(cat /run/canary.pid) && "
                  "holdfast guard status", "tasks 1,")
    logged(suite)
    harmed(suite, "passes against a neighbour", "neighbour", True, ACTS)
    for row, text, _, _, other in HOST:
        suite.command("%s beside '%s' a stranger's other wish passes" % (row, text), other)
    suite.command("the guard goes down by the operator",
                  "holdfast guard down --secret-fd 3 3<secret")
    harmed(suite, "after the guard", "canary", True, ACTS[:1])


if __name__ == "__main__":
    run_suite(main)
