#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Starts what the drill asks for as a service of PID 1: start-unit.sh NAME EXECUTABLE
exec guest-ctl spawn "system.slice/$1.service" "$2" "$1"
