#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs the packages of packages.list that this machine lacks, through its own apt
# configuration. When nothing is missing it costs one dpkg-query. It never upgrades or removes
# anything.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$here/packages.list")

if ! command -v dpkg-query >/dev/null; then
	echo "setup: this is no Debian system: install the equivalents of tools/packages.list" >&2
	exit 1
fi

have=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2>/dev/null |
	sed -n 's/ installed$//p') || true

missing=()
for package in "${wanted[@]}"; do
	case $'\n'$have$'\n' in
	*$'\n'"$package"$'\n'*) ;;
	*) missing+=("$package") ;;
	esac
done

if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
	echo "setup: missing packages; as root: apt-get install ${missing[*]}" >&2
	exit 1
fi

echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A machine whose lists were never fetched, or are stale, needs an update first: another
# repository of the machine being down is no reason to stop, the install decides.
apt-get -q -o DPkg::Lock::Timeout=300 update ||
	echo "setup: apt-get update failed in part, going on with the lists at hand" >&2
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}" </dev/null
