#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The guard's self-proof forgets no hook: each program of src/bpf/ has an act that it must refuse, or
is named among those that only label. A variant for other kernels (`_compat`) goes with its base.
"""

import re
import sys

from check import Tap, c_code, read, tree_files

TABLE = "src/guard/proof-acts.c"
TAKE_OVER = "src/bpf/succession.bpf.c"  # gone before its guard decides anything


def programs(text):
    return {re.sub(r"_compat$", "", n) for n in re.findall(r"\bBPF_PROG\((\w+)", c_code(text))}


def named(text):
    acts = set(re.findall(r'^\t\{"(\w+)", ', text, re.M))
    labellers = text.partition("proof_labellers[] = {")[2].partition("}")[0]
    return acts, set(re.findall(r'"(\w+)"', labellers))


def findings(hooks, acts, labellers):
    for name in sorted(hooks - acts - labellers):
        yield "%s: no act of the proof makes %s refuse" % (TABLE, name)
    for name in sorted((acts | labellers) - hooks):
        yield "%s: there is no program %s" % (TABLE, name)
    for name in sorted(acts & labellers):
        yield "%s: %s refuses, and only labels" % (TABLE, name)


def main():
    tap = Tap()
    sample = named('\t{"a_b", "x", PROOF_OURS, EPERM, f},\nproof_labellers[] = {\n\t"c_d", NULL,\n};')
    tap.ok(programs("int BPF_PROG(a_b_compat, int x)") == {"a_b"} and
           sample == ({"a_b"}, {"c_d"}) and not list(findings({"a_b", "c_d"}, *sample)) and
           len(list(findings({"a_b", "e_f"}, *sample))) == 2,
           "the check of the proof tells its samples apart")
    hooks = set()
    for name in tree_files():
        if name.startswith("src/bpf/") and name.endswith(".bpf.c") and name != TAKE_OVER:
            hooks |= programs(read(name))
    tap.clean("each hook of the guard is in its self-proof", findings(hooks, *named(read(TABLE))))
    return tap.done()


sys.exit(main())
