#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What the guard costs, in instructions of a guest (tests/guest/suites/cost.sh): a table for people,
and build/bench/guard-KERNEL.json with each figure and the targets, met or not.

usage: cost.py BUILD [KERNEL...]       in a guest each; 6.12 and 7.x
       cost.py --console FILE KERNEL   of a guest that ran: the JSON, to stdout

Exits 0 if the figures are whole, whatever they are: a target that is missed is said to be. 1 if a
guest failed, 2 if its console lacks something.
"""

import json
import os
import re
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KERNELS = ("6.12", "7.x")
BPF = ("map_update", "map_lookup", "map_create", "prog_load", "link_create")
# runs without a guard: before there was one, and two after it
NONE = ("none stranger", "again stranger", "last stranger")
# in the order of the tables
STATES = ("none stranger", "floor stranger", "small stranger", "small agent", "large stranger",
          "large agent")
ROUGH = 0.01 # of a median: if runs without a guard differ by more, it says nothing
DEADLINE = 2400
# events by one task, counted together from the 65th of a second on; and by many, each with its
# line, at half that rate and at the whole
FLOODS = ("one", "half", "many")
FLOOD = ("made", "ms", "call", "daemon", "idle", "lost")
DOMAINS, RULES = 64, 10000 # of the suite's largest policy


class Broken(Exception):
    """The console does not hold what the suite prints."""


def console_of(text):
    """({"STATE WHO": {operation: (median, least)}}, {name: what else was said}), of what was said
    more than once the median"""
    raw, said, runs = {}, {}, {}
    for line in text.split("\n"):
        words = line.split()
        if words[:2] == ["#", "cost"] and len(words) == 8:
            state, operation = " ".join(words[2:4]), words[4]
            if operation in raw.setdefault(state, {}):
                raise Broken("%s has %s twice" % (state, operation))
            raw[state][operation] = (int(words[5]), int(words[6]))
        elif len(words) >= 3 and words[0] == "#" and words[1].startswith("cost-"):
            said[" ".join(words[1:-1])] = words[-1]
            runs.setdefault(" ".join(words[1:-1]), []).append(words[-1])
    for state in NONE + STATES[1:]:
        if state not in raw:
            raise Broken("there is nothing of: " + state)
        lacks = set(raw[STATES[0]]) ^ set(raw[state])
        if lacks:
            raise Broken("%s has other operations: %s" % (state, ", ".join(sorted(lacks))))
    for name in ("kernel", "policy small", "armed", "bare", "floor", "rss small", "rss large",
                 "call", "start", "run domains", "run rules",
                 *("events %s-%s" % (f, m) for f in FLOODS for m in FLOOD)):
        if "cost-" + name not in said:
            raise Broken("there is no cost-" + name)
    for name in ("cost-start", "cost-run domains", "cost-run rules"):
        said[name] = statistics.median_low(int(n) for n in runs[name])
    return raw, said


def spread_of(raw, operation):
    medians = [raw[state][operation][0] for state in NONE]
    return max(medians) / min(medians) - 1


def figures_of(raw):
    """{"STATE WHO": {operation: instructions}}: medians, or where they are rough, what it takes at
    least; without a guard the lowest of the runs, so that no chance is to the guard's favour"""
    figures = {state: {} for state in STATES}
    for operation in raw[STATES[0]]:
        which = int(spread_of(raw, operation) > ROUGH)
        for state in STATES[1:]:
            figures[state][operation] = raw[state][operation][which]
        figures[STATES[0]][operation] = min(raw[state][operation][which] for state in NONE)
    return figures


def least_of(raw):
    return {state: {o: raw[state][o][1] for o in raw[state]} for state in raw}


def ratio(figures, operation, state, base="none stranger"):
    return figures[state][operation] / figures[base][operation]


def added_of(figures, operation, state):
    return figures[state][operation] - figures["none stranger"][operation]


def worst(figures, operations, state, base):
    """(how much, of which operation)"""
    return max((ratio(figures, o, state, base), o) for o in operations)


def targets_of(figures, least, said):
    """{name: (value, limit, what is said with it)}"""
    def small(operation):
        return ratio(figures, operation, "small stranger")

    def added(operation, state):
        return added_of(figures, operation, state)

    everyday = [o for o in figures["none stranger"] if o not in BPF]
    most, which = worst(figures, everyday, "small stranger", "none stranger")
    # by the least: whether holdfastd runs meanwhile falls now to the one and now to the other
    scale, scales = max(worst(least, figures["none stranger"], "large " + who, "small " + who)
                        for who in ("stranger", "agent"))
    floor = added("map_update", "floor stranger")
    return {
        "map_update": (small("map_update"), 1.11, ""),
        "map_update_floor": (added("map_update", "small stranger") / floor if floor else 0, 1.15,
                             "of what empty programs add"),
        "open_ro": (small("open_ro"), 1.05, ""),
        "stat": (small("stat"), 1.00, ""),
        "open_rw": (small("open_rw"), 1.06, ""),
        "exec": (small("exec"), 1.03, ""),
        # the hooks are those of a fork; what copying its memory takes differs by twice the limit
        "fork": (added("vfork_exit", "small stranger"), 300, "instructions, of a vfork"),
        "kill0": (small("kill0"), 1.30, ""),
        "everyday_max": (most, 1.5, which),
        "scale": (scale - 1, 0.05, scales),
        "armed": (int(said["cost-armed"]) * 1e6 / int(said["cost-bare"]), 1.3, "of libbpf alone"),
        "rss": (max(int(said["cost-rss small"]), int(said["cost-rss large"])) / 1024, 12, "MiB"),
    }


def floors_of(figures):
    """{name of a target: what it is with empty programs}; of others there is nothing to say"""
    floors = {o: ratio(figures, o, "floor stranger")
              for o in ("map_update", "open_ro", "stat", "open_rw", "exec", "kill0")}
    floors["fork"] = added_of(figures, "vfork_exit", "floor stranger")
    return floors


def judged(figures, least, said):
    """The targets; what a kernel with empty programs does not reach is out of the guard's reach."""
    floors, targets = floors_of(figures), {}
    for name, (value, limit, of) in targets_of(figures, least, said).items():
        target = {"value": round(value, 4), "limit": limit, "met": value <= limit, "of": of}
        if name in floors:
            target["floor"] = round(floors[name], 4)
            target["reachable"] = floors[name] <= limit
        targets[name] = target
    return targets


def flood_of(said, name):
    """What an event takes: of the kernel beside a call that nobody is asked about, of holdfastd."""
    made, ms, call, daemon, idle, lost = (int(said["cost-events %s-%s" % (name, m)])
                                          for m in FLOOD)
    return {"made": made, "per_second": round(made * 1000 / ms), "lost": lost,
            "kernel_per_event": call - int(said["cost-call"]),
            "daemon_per_event": (daemon - idle) // max(made - lost, 1)}


def user_space_of(figures, said):
    domains, rules = said["cost-run domains"], said["cost-run rules"]
    return {
        "start_to_armed": said["cost-start"],
        "exec_to_label": {who: figures["small " + who]["exec_main"]
                          for who in ("stranger", "agent")},
        "rss_kib": {s: int(said["cost-rss " + s]) for s in ("small", "large")},
        "events": {name: flood_of(said, name) for name in FLOODS},
        "compile": {"domains": DOMAINS, "instructions": domains,
                    "per_domain": domains // DOMAINS,
                    "with_rules": RULES, "with_rules_instructions": rules,
                    "per_rule": (rules - domains) // RULES},
    }


def report_of(text, kernel):
    raw, said = console_of(text)
    figures, least = figures_of(raw), least_of(raw)
    return {
        "kernel": kernel,
        "release": said["cost-kernel"],
        "unit": "guest instructions, medians; the least where `spread` is above %g" % ROUGH,
        "policy": said["cost-policy small"],
        "floor_programs": int(said["cost-floor"]),
        "armed_instructions": int(said["cost-armed"]) * 1000000,
        "bare_instructions": int(said["cost-bare"]),
        "user_space": user_space_of(figures, said),
        "operations": {o: {s: figures[s][o] for s in STATES} for o in figures[STATES[0]]},
        "medians": {o: {s: raw[s][o][0] for s in raw} for o in figures[STATES[0]]},
        "least": {o: {s: least[s][o] for s in raw} for o in figures[STATES[0]]},
        "spread": {o: round(spread_of(raw, o), 5) for o in figures[STATES[0]]},
        "targets": judged(figures, least, said),
    }


def user_table(figures):
    compiled = figures["compile"]
    print("holdfastd, exec to armed            %14d" % figures["start_to_armed"])
    for who, figure in figures["exec_to_label"].items():
        print("exec to the first instruction, %-8s %10d" % (who, figure))
    print("holdfastd resident                  %14d KiB, %d under the large policy" % (
        figures["rss_kib"]["small"], figures["rss_kib"]["large"]))
    for name, flood in figures["events"].items():
        print("an event of %6d a second, %-5s     %10d in the kernel, %d of holdfastd, %d of %d lost" %
              (flood["per_second"], name, flood["kernel_per_event"], flood["daemon_per_event"],
               flood["lost"], flood["made"]))
    print("compile %d domains                  %14d, %d each" % (
        compiled["domains"], compiled["instructions"], compiled["per_domain"]))
    print("and %d rules                     %14d, %d each" % (
        compiled["with_rules"], compiled["with_rules_instructions"], compiled["per_rule"]))


def table(report):
    print("# %s (%s), policy %s, %d programs" % (
        report["kernel"], report["release"], report["policy"][:16], report["floor_programs"]))
    print("%-15s %10s %7s" % ("instructions", "none", "spread") +
          "".join("%17s" % s.replace("stranger", "str.") for s in STATES[1:]))
    for name, row in report["operations"].items():
        none = row[STATES[0]]
        print("%-15s %10d %6.2f%%" % (name, none, 100 * report["spread"][name]) +
              "".join("%10d %6.2f" % (row[s], row[s] / none) for s in STATES[1:]))
    targets = report["targets"].values()
    for name, target in report["targets"].items():
        print("%-17s %9.3f of %6.2f  %s  %8s  %s" % (
            name, target["value"], target["limit"], "met   " if target["met"] else "missed",
            "%.3f" % target["floor"] if "floor" in target else "-", target["of"]))
    user_table(report["user_space"])
    beyond = [t for t in targets if not t["met"] and not t.get("reachable", True)]
    print("%s: targets met %d of %d%s" % (
        report["kernel"], sum(t["met"] for t in targets), len(targets),
        ", %d beyond the reach of empty programs" % len(beyond) if beyond else ""))


def measured(build, kernel):
    """The console of a guest that has ended well; None if it has not."""
    log = os.path.join(build, "bench", "guard-%s.log" % kernel)
    done = subprocess.run(
        ["tests/guest/run.sh", "--kernel", kernel, "--profile", "counted",
         "--initramfs", os.path.join(build, "guest.cpio"), "--deadline", str(DEADLINE),
         "--quiet", "--log", log, "--run", "/opt/tests/cost.sh"], cwd=TOP, check=False)
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    for line in re.findall(r"^not ok.*", text, re.M):
        print("%s: %s" % (kernel, line))
    return None if done.returncode else text


def main(arguments):
    if arguments[:1] == ["--console"] and len(arguments) == 3:
        with open(arguments[1], encoding="utf-8", errors="replace") as file:
            json.dump(report_of(file.read(), arguments[2]), sys.stdout, indent=1)
        return 0
    if not arguments or arguments[0].startswith("-"):
        print(__doc__.split("usage: ")[1].split("\n\n")[0], file=sys.stderr)
        return 2
    build, failed = os.path.abspath(arguments[0]), 0
    os.makedirs(os.path.join(build, "bench"), exist_ok=True)
    subprocess.run(["tests/guest/image.sh", build], cwd=TOP, check=True,
                   stdout=subprocess.DEVNULL)
    kernels = arguments[1:] or KERNELS
    # a guest has one processor, and what else runs is in none of its figures
    with ThreadPoolExecutor(max_workers=2) as pool:
        consoles = list(pool.map(lambda kernel: measured(build, kernel), kernels))
    for kernel, text in zip(kernels, consoles):
        if text is None:
            failed = 1
            continue
        report = report_of(text, kernel)
        with open(os.path.join(build, "bench", "guard-%s.json" % kernel), "w",
                  encoding="ascii") as file:
            json.dump(report, file, indent=1)
            file.write("\n")
        table(report)
    return failed


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as error:
        print("cost.py: %s" % error, file=sys.stderr)
        sys.exit(2)
