#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Two matrices of the drill, of the same kernel and policy, must say the same of every row.

usage: compare.py ONE.json OTHER.json
"""

import json
import sys


def told(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def differences(one, other):
    for key in ("kernel", "profile", "policy_digest"):
        if one[key] != other[key]:
            yield "%s: %s, %s" % (key, one[key], other[key])
    ours, theirs = ({row["id"]: row for row in m["rows"]} for m in (one, other))
    for number in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(number, {}), theirs.get(number, {})
        for key in sorted(a.keys() | b.keys()):
            if a.get(key) != b.get(key):
                yield "%s: %s: %s, %s" % (number, key, a.get(key), b.get(key))


def main():
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    found = list(differences(told(sys.argv[1]), told(sys.argv[2])))
    for line in found:
        print(line)
    if not found:
        print("%s and %s say the same" % (sys.argv[1], sys.argv[2]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
