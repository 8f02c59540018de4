#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Packs the modules of modules.list for one kernel, and its configuration where nobody looks
# (/opt/kernel-config), and prints the archive's path: modules.sh KERNEL-FOLDER (a folder of
# tools/fetch-kernels.sh). The archive lies beside the kernel and is packed again only when the list
# changes. run.sh puts it in front of the initramfs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
release=$(cat "$kernel/release")
mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$here/modules.list")
out=$kernel/modules-$(cat "$here/modules.list" "$0" | sha256sum | cut -c 1-16).cpio

if [ -s "$out" ]; then
	echo "$out"
	exit 0
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tree=$root/usr/lib/modules/$release
mkdir -p "$tree" "$root/depmod/lib/modules"
ln -s "$tree" "$root/depmod/lib/modules/$release"
ln -s usr/lib "$root/lib"

# Copies the module and, through its own list of dependencies, those it needs.
add_module() {
	local name=$1 file dest dep

	# a file may spell it with a dash where the kernel spells it with an underscore
	file=$(find "$kernel/modules/kernel" -name "${name//[-_]/[-_]}.ko*" -print -quit)
	if [ -z "$file" ]; then
		return
	fi
	dest=$tree/${file#"$kernel/modules/"}
	dest=${dest%%.ko*}.ko
	if [ -e "$dest" ]; then
		return
	fi
	mkdir -p "$(dirname "$dest")"
	case $file in
	*.xz) xz -dc "$file" >"$dest" ;;
	*) cp "$file" "$dest" ;;
	esac
	while read -r dep; do
		add_module "$dep"
	done < <(tr '\0' '\n' <"$dest" | sed -n 's/^depends=//p' | tr ',' '\n' | sed '/^$/d')
}

for module in "${wanted[@]}"; do
	add_module "$module"
done
cp "$kernel"/modules/modules.builtin* "$kernel"/modules/modules.order "$tree/" 2>/dev/null || true
busybox depmod -b "$root/depmod" "$release"
rm -r "${root:?}/depmod" "${root:?}/lib"
mkdir "$root/opt"
cp "$kernel/config" "$root/opt/kernel-config"

new=$(mktemp "$out.XXXXXX")
(cd "$root" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0) >"$new"
mv "$new" "$out"
echo "$out"
