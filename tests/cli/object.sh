#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `holdfast object inspect` on every object of xdp-tools and libbpf-tools on this machine, held
# against what bpftool and LLVM's tools say of them. TAP.
#
# usage: object.sh HOLDFAST
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin

# A file that is there twice by name is read once.
{
	dpkg -L xdp-tools libxdp1 | grep '\.o$'
	dpkg -L xdp-tools libbpf-tools | grep '/s\?bin/[^/]*$'
} | xargs realpath | sort -u | xargs "$here/object-compare.py" "$1"
