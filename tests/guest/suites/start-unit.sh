#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Starts what the drill asks for as a service of PID 1: start-unit.sh NAME EXECUTABLE; and has PID 1
# stop it: start-unit.sh --stop NAME
[ "$1" != --stop ] || exec guest-ctl stop "system.slice/$2.service"
exec guest-ctl spawn "system.slice/$1.service" "$2" "$1"
