#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Puts what a second bench has found into the file of a first.

usage: join.py FILE.json OTHER.json
"""

import json
import sys

with open(sys.argv[1], encoding="ascii") as file:
    found = json.load(file)
with open(sys.argv[2], encoding="ascii") as file:
    found.update(json.load(file))
with open(sys.argv[1], "w", encoding="ascii") as file:
    json.dump(found, file, indent=1)
    file.write("\n")
