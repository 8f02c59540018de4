#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What `make bench` says of the guard's cost is what its guest printed: a console that lacks a figure
says nothing, and a target is met only by what was measured.
"""

import os
import sys

from check import TOP, Tap

sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
import cost  # noqa: E402

SAID = ["# cost-kernel 6.0", "# cost-policy small " + "0" * 64, "# cost-armed 1200",
        "# cost-bare 1000000000", "# cost-floor 66", "# cost-rss small 8192",
        "# cost-rss large 12288", "# cost-call 100", "# cost-start 900",
        "# cost-run domains 640", "# cost-run rules 20640"]
SAID += ["# cost-events %s-%s %s" % (flood, member, figure) for flood in cost.FLOODS
         for member, figure in zip(cost.FLOOD, (1000, 500, 3100, 60000, 10000, 200))]
TARGETS = ("map_update map_update_floor open_ro stat open_rw exec fork kill0 everyday_max scale "
           "armed rss").split()
OPERATIONS = ("map_update", "open_ro", "stat", "open_rw", "exec", "exec_main", "vfork_exit",
              "kill0")


def console(changed=(), without=None, said=None):
    """Of a guard that costs nothing, but for {(state, operation): median, or (median, least)}."""
    changed = dict(changed)
    changed.setdefault(("floor stranger", "map_update"), 1100)
    lines = list(SAID if said is None else said)
    for state in cost.NONE + cost.STATES[1:]:
        for operation in OPERATIONS:
            if (state, operation) != without:
                figure = changed.get((state, operation), 1000)
                both = figure if isinstance(figure, tuple) else (figure, figure - 1)
                lines.append("# cost %s %s %d %d 31" % (state, operation, *both))
    return "\n".join(lines)


def met(**arguments):
    targets = cost.report_of(console(**arguments), "6.0")["targets"]
    return {name for name, target in targets.items() if target["met"]}


def broken(text):
    try:
        cost.report_of(text, "6.0")
    except cost.Broken:
        return True
    return False


def missed_by(state, operation, figure, targets):
    return met(changed=[((state, operation), figure)]) == set(TARGETS) - set(targets.split())


def reach(small, floor):
    """Of the target `fork`: is it met, what are empty programs, do they meet it?"""
    text = console(changed=[(("small stranger", "vfork_exit"), small),
                            (("floor stranger", "vfork_exit"), floor)])
    target = cost.report_of(text, "6.0")["targets"]["fork"]
    return target["met"], target["floor"], target["reachable"]


def rough(again, small, none=1000):
    """What counts of an operation that takes @small, and 1050 at least, under the small policy."""
    text = console(changed=[(("none stranger", "stat"), (none, 900)),
                            (("again stranger", "stat"), (again, 900)),
                            (("small stranger", "stat"), (small, 1050))])
    return cost.report_of(text, "6.0")["operations"]["stat"]["small stranger"]


def main():
    tap = Tap()
    tap.ok(met() == set(TARGETS), "a guard that costs nothing meets every target")
    tap.ok(missed_by("small stranger", "map_update", 1111, "map_update") and
           missed_by("small stranger", "map_update", 1116, "map_update map_update_floor") and
           missed_by("small stranger", "open_ro", 1051, "open_ro") and
           missed_by("small stranger", "stat", 1001, "stat") and
           missed_by("small stranger", "vfork_exit", 1301, "fork") and
           missed_by("small stranger", "kill0", 1501, "kill0 everyday_max"),
           "what costs a stranger more than its limit misses its target")
    tap.ok(missed_by("large stranger", "open_ro", 1051, "scale") and
           missed_by("large agent", "map_update", 1051, "scale"),
           "so does what costs more under a large policy, stranger or agent")
    tap.ok(rough(1009, 1100) == 1100 and rough(1011, 1100) == 1050 and
           rough(1009, 1100, 1005) == 1100 and rough(1020, 1100, 1010) == 1050 and
           missed_by("last stranger", "open_ro", 952, "open_ro"),
           "where runs without a guard differ, the least counts, and beside the lowest of them")
    tap.ok(met(said=SAID[:2] + ["# cost-armed 1301"] + SAID[3:6] + ["# cost-rss large 12289"] +
               SAID[7:]) ==
           set(TARGETS) - {"armed", "rss"}, "and what takes longer to arm, or more memory")
    tap.ok(reach(1400, 1301) == (False, 301, False) and reach(1400, 1300) == (False, 300, True) and
           reach(1200, 1301) == (True, 301, False),
           "one that empty programs miss as well is out of reach, and that alone meets nothing")
    said = cost.report_of(console(said=SAID + ["# cost-start 300", "# cost-start 1500",
                                               "# cost-run rules 40640", "# cost-run rules 9"]),
                          "6.0")["user_space"]
    tap.ok(said["start_to_armed"] == 900 and said["compile"]["per_domain"] == 10 and
           said["compile"]["per_rule"] == 2,
           "of what ran more than once it is the median")
    tap.ok(said["events"]["many"] == {"made": 1000, "per_second": 2000, "lost": 200,
                                      "kernel_per_event": 3000, "daemon_per_event": 62},
           "an event is what it adds to a call, and to what holdfastd does anyway")
    tap.ok(broken(console(without=("large agent", "stat"))) and
           all(broken(console(said=SAID[:i] + SAID[i + 1:])) for i in range(len(SAID))) and
           broken(console() + "\n# cost none stranger stat 1 1 31"),
           "a console that lacks a figure, or has one twice, says nothing")
    return tap.done()


sys.exit(main())
