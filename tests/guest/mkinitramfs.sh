#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Packs the initramfs of a test guest: init, busybox, the host's own tools with the libraries they
# load, and whatever the caller lays over it. Debian's layout (merged /usr), so that a path in the
# guest is the path on a Debian host.
#
# usage: mkinitramfs.sh OUT.cpio[.gz] [--init BINARY] [--overlay DIR]... [--with-binary PATH]...
#                       [--file SOURCE:DESTINATION]...
#
# --overlay DIR       copies DIR over the root (symlinks bin, sbin, lib, lib64 are followed)
# --with-binary PATH  a program of the host, at the same path
# --file SRC:DEST     one file or folder at another path
#
# The libraries of every dynamic executable are added, overlays included. A name that ends in .gz
# is compressed; packing and unpacking are quicker without.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

usage() {
	sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
	exit 2
}

init=${BUILD:-$top/build}/tests/guest/guest-init
# sh is Debian's own, not busybox's: that one runs its own ip, mount or rm whatever PATH holds.
binaries=(/usr/bin/sh /usr/bin/bash /usr/sbin/bpftool /usr/sbin/ip /usr/bin/strace /usr/bin/mount
	/usr/bin/umount /usr/bin/rm /usr/bin/rmdir /usr/bin/mv /usr/bin/chmod /usr/bin/kill
	/usr/bin/unshare /usr/bin/nsenter /usr/sbin/xdp-filter /usr/sbin/xdp-loader
	/usr/sbin/execsnoop /usr/bin/patchelf /usr/sbin/mke2fs /usr/sbin/debugfs /usr/bin/fsverity)
overlays=()
files=()
out=${1:-}
case $out in '' | -*) usage ;; esac
shift
while [ $# -gt 0 ]; do
	[ $# -gt 1 ] || usage
	case $1 in
	--init) init=$2 ;;
	--overlay) overlays+=("$2") ;;
	--with-binary) binaries+=("$2") ;;
	--file) files+=("$2") ;;
	*) usage ;;
	esac
	shift 2
done

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# The guest sees usr/ only; the links make /bin and its like work.
make_layout() {
	local dir

	mkdir -p "$root"/{dev,proc,sys,run,tmp,root,mnt,opt,srv,var/lib,var/log,etc/holdfast-guest}
	for dir in bin sbin lib lib64; do
		mkdir -p "$root/usr/$dir"
		ln -s "usr/$dir" "$root/$dir"
	done
	ln -s ../run "$root/var/run"
	echo 'root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin' >"$root/etc/passwd"
	echo 'root:x:0:
nogroup:x:65534:' >"$root/etc/group"
	echo '127.0.0.1 localhost guest' >"$root/etc/hosts"
	cp "$here/splats.allow" "$root/etc/holdfast-guest/"
}

# Copies PATH of the host to the same place of the guest; a symlink stays one, as on the host: one
# content is one inode.
add_file() {
	local path=$1 real

	[ -e "$root$path" ] && return
	real=$(realpath "$path")
	mkdir -p "$root$(dirname "$real")" "$root$(dirname "$path")"
	[ -e "$root$real" ] || cp --preserve=mode "$real" "$root$real"
	[ -e "$root$path" ] || ln -s "$real" "$root$path"
}

# Adds what the dynamic linker would load for the executables given, and the linker itself.
add_libraries() {
	local library

	# a static program makes ldd fail, and is no failure here
	{ ldd "$@" 2>/dev/null || true; } |
		sed -n -e 's/.* => \(\/[^ ]*\) .*/\1/p' -e 's/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' |
		sort -u | while read -r library; do
		add_file "$library"
	done
}

add_busybox() {
	local applet

	cp "$(command -v busybox)" "$root/usr/bin/busybox"
	"$root/usr/bin/busybox" --list-full | while read -r applet; do
		applet=usr/${applet#usr/}
		# the real program of the same name, wherever it lies, is the one that is wanted
		if [ ! -e "$root/usr/bin/${applet##*/}" ] && [ ! -e "$root/usr/sbin/${applet##*/}" ]; then
			mkdir -p "$root/$(dirname "$applet")"
			ln -s /usr/bin/busybox "$root/$applet"
		fi
	done
}

list_executables() {
	find "$root/usr" "$root/opt" "$root/srv" -type f -perm -u+x ! -name '*.so*' ! -name '*.o'
}

for binary in "$init" "${binaries[@]}"; do
	if [ ! -x "$binary" ]; then
		echo "mkinitramfs: no $binary: run tools/setup.sh and build first" >&2
		exit 1
	fi
done

make_layout
cp "$init" "$root/init"
ln -s /init "$root/usr/bin/guest-ctl"
for binary in "${binaries[@]}"; do
	add_file "$(realpath "$binary")"
	if [ ! -e "$root$binary" ]; then
		ln -s "$(realpath "$binary")" "$root$binary"
	fi
done
# libxdp's dispatcher and xdp-filter's programs
for object in /usr/lib/*/bpf/*.o; do
	add_file "$object"
done
for overlay in ${overlays[@]+"${overlays[@]}"}; do
	# cp would refuse to lay a folder over the links of the merged /usr
	tar -C "$overlay" -c . |
		tar -C "$root" -x --no-same-owner --keep-directory-symlink
done
for file in ${files[@]+"${files[@]}"}; do
	mkdir -p "$root$(dirname "${file#*:}")"
	cp -a "${file%%:*}" "$root${file#*:}"
done
add_busybox
mapfile -t executables < <(list_executables)
add_libraries "${executables[@]}"
# libraries of the build may lie where the linker looks only if its cache says so
mkdir -p "$root/etc/ld.so.conf.d"
cp /etc/ld.so.conf "$root/etc/"
cp /etc/ld.so.conf.d/* "$root/etc/ld.so.conf.d/"
/usr/sbin/ldconfig -r "$root" -X 2>/dev/null

mkdir -p "$(dirname "$out")"
archive() {
	(cd "$root" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0)
}
# into place in one step: a guest may be starting from the last one
case $out in
*.gz) archive | gzip -1 >"$out.new" ;;
*) archive >"$out.new" ;;
esac
mv "$out.new" "$out"
