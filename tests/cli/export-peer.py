#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Entries as holdfastd writes them, and what is exported of them held against them: by this file
alone, which shares nothing with what it reads.

generate FIRST COUNT EACH    entries, an empty line after each EACH of them
line FILE ENTRIES            `holdfast events --json`
ocsf FILE ENTRIES            `holdfast events --ocsf`
syslog FILE ENTRIES          what a receiver wrote: structured data, a blank, the message
prometheus|openmetrics FILE ENTRIES [FIRST]    the counters are those of the entries from FIRST on
careless closes|ends         receives, and closes without having read all, or ends its own direction
                             and reads nothing; prints its port
fetch URL ACCEPT             the body; its content type goes to standard error
"""

import base64
import collections
import hashlib
import json
import re
import socket
import sys
import urllib.request

ORIGIN = "host.example/decisions"
ACTS = ("map_fd", "prog_fd", "bpf", "exec", "signal", "unlink", "mount")
ROWS = ("M01", "M02", "P01", None, "F12")
VERDICTS = ("refused", "observed", "noted")
NAMES = ("plain", "a\\\\xff\\\"b", "\u00e4\u00f6", "x" * 200)
BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600, 86400, 604800)


def entry(index):
    time = "2026-11-%02dT14:%02d:%02d.%09dZ" % (1 + index % 28, index % 60, index * 7 % 60,
                                             index * 7919 % 1000000000)
    if index % 41 == 0:
        said = {"abi": 1, "note": ("up", "down", "secret")[index % 3], "text": "policy 'x'",
                "time": time, "pid": index + 1, "uid": 0}
    elif index % 97 == 3:
        said = {"abi": 1, "lost": 5, "first": index, "last": index + 4, "time": time}
    else:
        act = ACTS[index % len(ACTS)]
        said = {"abi": 1, "seq": index, "time": time, "boot_ns": index * 1000, "act": act,
                "command": "MAP_CREATE" if act == "bpf" else None,
                "detect_ns": index * index * 4999 % 9000000000, "limit": None,
                "verdict": VERDICTS[index % 3], "row": ROWS[index % 5], "errno": "EPERM",
                "task": {"pid": index, "tgid": index, "uid": index % 2000, "comm": "rogue",
                         "exe": {"name": NAMES[index % 4], "dev": "8:1", "ino": 77},
                         "label": "stranger"},
                "object": {"kind": "map", "id": index % 9, "name": "secrets", "ino": 3,
                           "owner": "edge"}}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def lines_of(name):
    with open(name, encoding="utf-8", newline="\n") as file:
        return file.read().split("\n")[:-1]


def leaf(text):
    return base64.b64encode(hashlib.sha256(b"\0" + text.encode()).digest()).decode()


def check(right, what):
    if not right:
        sys.exit("wrong: %s" % (what,))


def generate(first, count, each):
    for index in range(int(first), int(first) + int(count)):
        print(entry(index))
        if (index + 1) % int(each) == 0:
            print()


def line(name, entries):
    have, want = lines_of(name), lines_of(entries)
    check(len(have) == len(want), (len(have), len(want)))
    for index, (one, text) in enumerate(zip(have, want)):
        check(one == '{"event":%s,"index":%d,"leaf":"%s","origin":"%s"}'
              % (text, index, leaf(text), ORIGIN), one)
        check(json.loads(one)["event"] == json.loads(text), one)


# of each class, beside what every event has to have
REQUIRED = {2004: ("finding_info",), 6002: ("app",), 1008: ("log_name",)}


def ocsf_event(event, index, text):
    said = json.loads(text)
    for key in ("activity_id", "category_uid", "class_uid", "severity_id", "time", "type_uid"):
        check(isinstance(event[key], int), key)
    check(event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], event)
    check(event["category_uid"] == event["class_uid"] // 1000, event)
    check(re.fullmatch(r"1\.\d+\.\d+", event["metadata"]["version"]), event)
    check({"name", "vendor_name"} <= set(event["metadata"]["product"]), event)
    check(all(event[key] for key in REQUIRED[event["class_uid"]]), event)
    check(event["metadata"]["uid"] == "%s#%d" % (ORIGIN, index), event)
    check(event["unmapped"] == {"origin": ORIGIN, "index": index, "leaf_hash": leaf(text),
                                "entry": said}, event)
    check(event["class_uid"] == (2004 if "act" in said else 6002 if "note" in said else 1008), event)
    if event["class_uid"] == 2004:
        check({"uid", "title"} <= set(event["finding_info"]), event)
        check(event["metadata"]["profiles"] == ["security_control"], event)
        check((event["action_id"], event["disposition_id"]) ==
              {"refused": (2, 2), "observed": (1, 15), "noted": (1, 17)}[said["verdict"]], event)


def ocsf(name, entries):
    have, want = lines_of(name), lines_of(entries)
    check(len(have) == len(want), (len(have), len(want)))
    for index, (one, text) in enumerate(zip(have, want)):
        ocsf_event(json.loads(one), index, text)
    check(len({json.loads(one)["metadata"]["uid"] for one in have}) == len(want), "uids")


def syslog(name, entries):
    want, seen = lines_of(entries), collections.Counter()
    for one in lines_of(name):
        match = re.fullmatch(r'\[holdfast@32473 index="(\d+)" leaf="(\S+)" origin="(\S+)"\] (.*)', one)
        check(match, one)
        index = int(match.group(1))
        check(match.group(4) == want[index] and match.group(2) == leaf(want[index]) and
              match.group(3) == ORIGIN, one)
        seen[index] += 1
    check(set(seen) == set(range(len(want))), "%d of %d have come" % (len(seen), len(want)))
    print("%d messages, %d of them again" % (sum(seen.values()), sum(seen.values()) - len(seen)))


def samples_of(name, form):
    if form == "openmetrics":
        from prometheus_client.openmetrics.parser import text_fd_to_metric_families as parse
    else:
        from prometheus_client.parser import text_fd_to_metric_families as parse
    with open(name, encoding="utf-8") as file:
        return {(s.name, tuple(sorted(s.labels.items()))): s.value
                for family in parse(file) for s in family.samples}


def metrics(form, name, entries, first=0):
    have, want = samples_of(name, form), collections.Counter()
    texts = lines_of(entries)
    detects = []
    for said in map(json.loads, texts[int(first):]):
        if "act" in said:
            labels = {"act": said["act"], "row": said["row"] or "none", "verdict": said["verdict"]}
            want["holdfast_decisions_total", tuple(sorted(labels.items()))] += 1
            detects.append(said["detect_ns"])
        elif "note" in said:
            want["holdfast_log_notes_total", (("note", said["note"]),)] += 1
        else:
            want["holdfast_events_lost_total", ()] += said["lost"]
    for bucket in BUCKETS:
        want["holdfast_event_detect_seconds_bucket", (("le", str(float(bucket))),)] = \
            sum(ns <= round(bucket * 1e9) for ns in detects)
    want["holdfast_event_detect_seconds_bucket", (("le", "+Inf"),)] = len(detects)
    want["holdfast_event_detect_seconds_count", ()] = len(detects)
    want["holdfast_tlog_size", ()] = len(texts)
    want["holdfast_log_entries_pruned_total", ()] = int(first)
    want["holdfast_tlog_info", (("origin", ORIGIN),)] = 1
    for key, value in want.items():
        check(have.get(key) == value, (key, have.get(key), value))
    check({k for k in have if k[0] == "holdfast_decisions_total"} ==
          {k for k in want if k[0] == "holdfast_decisions_total"}, "series")
    check(abs(have["holdfast_event_detect_seconds_sum", ()] - sum(detects) / 1e9) < 1e-3, "sum")
    check(have["holdfast_tlog_last_checkpoint_timestamp_seconds", ()] > 1.7e9, "time")
    check(any(k[0] == "holdfast_build_info" for k in have), "build")


def careless(how):
    held = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        if how == "ends":
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            if how == "ends":
                connection.shutdown(socket.SHUT_WR)
                held.append(connection)
                continue
            with connection:
                connection.recv(1000)
                # not before there is something that it leaves behind
                connection.recv(1, socket.MSG_PEEK)


def fetch(url, accept):
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        print(answer.headers["Content-Type"], file=sys.stderr)
        sys.stdout.write(answer.read().decode())


verb, arguments = sys.argv[1], sys.argv[2:]
if verb in ("prometheus", "openmetrics"):
    metrics(verb, *arguments)
else:
    {"generate": generate, "line": line, "ocsf": ocsf, "syslog": syslog, "fetch": fetch,
     "careless": careless}[verb](*arguments)
