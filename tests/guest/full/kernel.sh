#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a kernel needs to boot the full guest: kernel.sh KERNEL-FOLDER makes an image of its modules
# and an initramfs that finds the disks, and prints both paths. They lie beside the kernel.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
kernel=$1
release=$(cat "$kernel/release")
sum=$(cat "$0" "$here/init" "$here/agent" "$here/agent.service" | sha256sum | cut -c 1-16)
modules=$kernel/full-$sum-modules.ext4
initramfs=$kernel/full-$sum.cpio
# in this order: what a disk and the driver's port hang on, where they are not built in
early=(virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk
	virtio_console)

decompress() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

make_modules() {
	local tree=$work/modules/usr/lib/modules/$release

	mkdir -p "$tree"
	ln -s usr/lib "$work/modules/lib"
	cp -a "$kernel/modules/." "$tree/"
	depmod -b "$work/modules" "$release"
	truncate -s 512M "$work/modules.ext4"
	mke2fs -q -t ext4 -O ^has_journal -d "$tree" "$work/modules.ext4"
}

make_initramfs() {
	local root=$work/initramfs name file number=10

	mkdir -p "$root"/{bin,dev,proc,sys,new,modules,agent}
	cp "$(command -v busybox)" "$root/bin/busybox"
	install -m 755 "$here/init" "$root/init"
	install -m 755 "$here/agent" "$root/agent/agent"
	install -m 644 "$here/agent.service" "$root/agent/"
	for name in "${early[@]}"; do
		file=$(find "$kernel/modules/kernel" -name "$name.ko*" -print -quit)
		if [ -n "$file" ]; then
			decompress "$file" >"$root/modules/$number-$name.ko"
			number=$((number + 1))
		fi
	done
	(cd "$root" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0) \
		>"$work/initramfs.cpio"
}

exec 9>"$kernel/full-lock"
flock 9
if [ ! -s "$initramfs" ]; then
	work=$(mktemp -d "$kernel/full-work.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	make_modules >&2
	make_initramfs
	mv "$work/modules.ext4" "$modules"
	mv "$work/initramfs.cpio" "$initramfs"
fi
echo "$initramfs $modules"
