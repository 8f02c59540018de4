#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# impossible.sh LOG: has the kernel of this console ended with flags that no processor has? EFLAGS
# has nothing above bit 21. QEMU's emulation of cmpxchg16b leaves a part of a pointer there at
# times, which 6.18 and 7.x cannot do without (docs/kernels.md).
#
# Exits 0 if so; 1 if not.
set -eu

grep -q 'Kernel panic' "$1" || exit 1
while read -r flags; do
	if ((16#$flags > 16#3fffff)); then
		exit 0
	fi
done < <(sed -n 's/.* EFLAGS: \([0-9a-f]\{8\}\)\( .*\)\?$/\1/p' "$1")
exit 1
