#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What comes up first where the kernel's command line names it: posture-rows.sh.
echo >/other-init && exec /init
