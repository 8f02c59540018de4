#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules that are shipped, policies/tools.yaml, where they are meant for: Debian's tracers, XDP
tools, tc and ip, and the service manager's own programs work while the guard enforces; where a rule
decides, the same tool with other content is refused."""
import os
import subprocess

from guest import TOP
from suite import run_suite

UNIT = """[Service]
Type=notify
ExecStart=/usr/local/sbin/holdfastd
Restart=always
KillMode=process
"""

CLASSIFIER = """
int passed(void *skb) __attribute__((section("classifier")));
int passed(void *skb) { return 0; }
char terms[] __attribute__((section("license"))) = "GPL";
"""

OBJECT = "$(echo /usr/lib/*/bpf/xdpfilt_alw_all.o)"
OPENED = """'tracepoint:syscalls:sys_enter_openat /str(args->filename) == "/root/opened"/
	{ printf("pid %d opened %s\\n", pid, str(args->filename)); exit(); }'"""
SLEPT = """'kprobe:do_nanosleep,kprobe:hrtimer_nanosleep /comm == "sleep"/
	{ printf("%s slept\\n", comm); exit(); }'"""
COUNTED = """'kprobe:vfs_read { @reads[comm] = count(); } interval:s:3 { exit(); }'"""
KILLED = """--unsafe -e 'kprobe:do_nanosleep,kprobe:hrtimer_nanosleep /comm == "sleep"/
	{ signal("TERM"); printf("signalled\\n"); exit(); }'"""
OPERATOR = "holdfast run --secret-fd 3 bpftrace -- bpftrace %s 3</root/secret"
# the tracer takes its time to load: what it waits for goes on until it has ended
WHILE = "(while sleep 0.2; do cat /root/opened; done) >/dev/null 2>&1 & p=$!; %s; c=$?; kill $p; exit $c"
LOADED = ("%s load -m skb own " + OBJECT + "; xdp-loader status own >/root/status; cat /root/status; "
          "xdp-loader unload own --all; grep -q xdp_dispatcher /root/status")


def classifier(suite):
    path = os.path.join(suite.folder, "classifier.o")
    subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-x", "c", "-", "-c", "-o", path],
                   input=CLASSIFIER, text=True, check=True)
    return open(path, "rb")


def set_up(suite):
    suite.put_build()
    suite.put({"/etc/systemd/system/holdfastd.service": UNIT,
               "/root/tools.yaml": open(os.path.join(TOP, "policies/tools.yaml"), "rb"),
               "/root/classifier.o": classifier(suite),
               "/root/opened": "x"})
    suite.guest.run("ip link add own type dummy && ip link set own up; "
                    "cp /usr/sbin/xdp-loader /root/xdp-loader && echo >>/root/xdp-loader; "
                    "cp /usr/bin/bpftrace /root/bpftrace && echo >>/root/bpftrace")


def without(suite):
    suite.command("P01 without a guard a copy of xdp-loader uses the dispatcher",
                  LOADED % "/root/xdp-loader")
    suite.command("P11 without a guard a copy of bpftrace signals",
                  WHILE % ("timeout 60 /root/bpftrace " + KILLED), says="signalled", deadline=180)


def guard_up(suite):
    suite.need("the shipped rules are locked and compiled",
               "sed -i 's/^mode: observe/mode: enforce/' tools.yaml && holdfast policy lock tools.yaml"
               " && holdfast policy compile tools.yaml -o tools.img", deadline=180)
    suite.need("PID 1 starts holdfastd",
               "systemctl daemon-reload && systemctl start holdfastd", deadline=180)
    suite.need("the guard comes up to enforce",
               "holdfast guard up tools.img >up; cat up; "
               "sed -n 's/^secret: \\([^ ]*\\)$/\\1/p' up >secret; holdfast guard status", deadline=180)


def tracers(suite):
    suite.command("bpftrace, of the operator, traces a tracepoint",
                  WHILE % (OPERATOR % ("-e " + OPENED)), says="opened /root/opened", deadline=180)
    suite.command("and a kprobe",
                  WHILE % (OPERATOR % ("-e " + SLEPT)), says="sleep slept", deadline=180)
    suite.command("and counts in a map",
                  WHILE % (OPERATOR % ("-e " + COUNTED)), says="@reads[cat]:", deadline=180)
    suite.command("P11 and signals, which the domain is for",
                  WHILE % (OPERATOR % KILLED), says="signalled", deadline=180)
    suite.command("bpftrace, of anybody, traces a kprobe",
                  WHILE % ("timeout 60 bpftrace -e " + SLEPT), says="sleep slept", deadline=180)
    for tool in ("execsnoop", "opensnoop"):
        suite.command("%s of libbpf-tools sees what runs" % tool,
                      WHILE % ("timeout -s INT 15 %s >seen 2>&1; cat seen; grep -qw cat seen" % tool))


def tools(suite):
    suite.command("P01 xdp-loader uses its dispatcher", LOADED % "xdp-loader")
    suite.command("xdp-filter loads, filters and unloads",
                  "xdp-filter load -m skb own && xdp-filter ip 192.0.2.1 && xdp-filter status && "
                  "xdp-filter unload own", says="192.0.2.1")
    suite.command("tc adds a classifier",
                  "tc qdisc add dev own clsact && "
                  "tc filter add dev own ingress bpf da obj classifier.o sec classifier && "
                  "tc filter show dev own ingress", says="direct-action")
    suite.command("ip sets an XDP program and takes it off",
                  "ip link set dev own xdpgeneric obj " + OBJECT + " sec xdp && ip link show own && "
                  "ip link set dev own xdpgeneric off", says="prog/xdp")


def service_manager(suite):
    unit = "systemd-run -q --wait --pipe -p %s "
    suite.command("a unit with IPAddressDeny= starts, and lets no packet pass",
                  unit % "IPAddressDeny=any" + "ping -c 1 -W 2 127.0.0.1", code=1, says="100% packet")
    suite.command("one that is allowed the address has it",
                  unit % "IPAddressDeny=any -p IPAddressAllow=localhost" + "ping -c 1 127.0.0.1",
                  says="1 received")
    suite.command("a unit with DevicePolicy=closed starts, and has no disk",
                  unit % "DevicePolicy=closed" + "head -c 1 /dev/vda", code=1,
                  says="Operation not permitted")
    suite.command("one with DeviceAllow= has it",
                  unit % "DevicePolicy=closed -p 'DeviceAllow=/dev/vda r'" +
                  "sh -c 'head -c 1 /dev/vda | wc -c'", says="1")
    # Debian 12 builds systemd without what makes this one a program of its own
    suite.command("a unit with RestrictFileSystems= starts",
                  unit % "RestrictFileSystems=ext4" + "true")


def strangers(suite):
    refusals = "holdfast events --json | grep '\"verdict\":\"refused\"'"
    suite.command("of all this the log has no refusal", "sleep 1; " + refusals, code=1)
    suite.refused("P01 xdp-loader with other content does not", LOADED % "/root/xdp-loader")
    suite.refused("P11 bpftrace with other content does not signal",
                  WHILE % ("timeout 60 /root/bpftrace " + KILLED), deadline=180)
    suite.refused("P11 nor Debian's own, without the operator",
                  WHILE % ("timeout 60 bpftrace " + KILLED), deadline=180)
    suite.refused("P11 nor is the copy started in the domain",
                  OPERATOR.replace("-- bpftrace", "-- /root/bpftrace") % KILLED)
    suite.refused("nor Debian's, with a secret that is wrong",
                  "echo wrong >wrong; " + OPERATOR.replace("/root/secret", "wrong") % KILLED)
    suite.command("the log has the refusals", "sleep 1; " + refusals, says="prog_load")


def main(suite):
    set_up(suite)
    without(suite)
    guard_up(suite)
    tracers(suite)
    tools(suite)
    service_manager(suite)
    strangers(suite)
    suite.command("the guard goes down by the operator",
                  "holdfast guard down --secret-fd 3 3</root/secret")
    suite.command("P11 after that a copy of bpftrace signals: the attack works",
                  WHILE % ("timeout 60 /root/bpftrace " + KILLED), says="signalled", deadline=180)


run_suite(main)
