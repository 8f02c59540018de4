#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes the disk of the full guest and prints its path: a Debian 12 with systemd and the BPF tools
# that Debian has, no kernel, from the machine's own mirror. It lies in the cache, named by a digest
# of this file, and is made once; guests write to overlays of it.
#
# HOLDFAST_DEBIAN=trixie   another release, for tests by hand: Debian 13
#
# Its one package source is /srv/debs, with the packages of the tools to install again; a test that
# adds others there runs /srv/debs/index.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
cache=${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/holdfast}
release=${HOLDFAST_DEBIAN:-bookworm}
out=$cache/full/$release-$(sha256sum <"$0" | cut -c 1-16).ext4

system=(systemd systemd-sysv udev dbus apt iproute2 procps kmod iputils-ping)
tools=(xdp-tools libbpf-tools bpftool bpftrace runc crun strace)
# what mends a host, or is compared with: none of it starts of itself
hosts=(lynis auditd grub-common grub2-common)
libraries=(libxdp1 libbpf1 libyaml-0-2 libjansson4 libfsverity0 libcap-ng0)
if [ "$release" != bookworm ]; then
	libraries+=(libelf1t64 libssl3t64 libmicrohttpd12t64)
else
	libraries+=(libelf1 libssl3 libmicrohttpd12)
fi
# what a guest without a network and without a user waits for in vain
masked=(apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
	e2scrub_reap.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
	systemd-timesyncd.service systemd-networkd.service systemd-logind.service getty@tty1.service
	serial-getty@ttyS0.service systemd-hwdb-update.service systemd-pstore.service
	systemd-journal-flush.service auditd.service lynis.timer grub-common.service)

# The machine's proxy, where its apt has one.
proxy_options() {
	apt-config dump Acquire::http::Proxy
	apt-config dump Acquire::https::Proxy
}

bootstrap() {
	local root=$1 main sec

	read -r main sec < <("$top/tools/fetch-kernels.sh" --mirrors)
	proxy_options >"$root.conf"
	# shellcheck disable=SC2016 # the hooks' own $1
	mmdebstrap --quiet --variant=minbase --aptopt="$root.conf" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$(IFS=,; echo "${system[*]},${hosts[*]},${tools[*]},${libraries[*]}")" \
		--customize-hook='mkdir -p "$1/srv/debs"' \
		--customize-hook="chroot \"\$1\" sh -c 'cd /srv/debs && apt-get -qq \
			-o APT::Sandbox::User=root download \
			${tools[*]} ${libraries[*]}'" \
		"$release" "$root" "deb $main $release main" \
		${sec:+"deb $sec $release-security main"}
}

# A repository needs one file: what dpkg says of each package, and where it lies.
write_index() {
	cat >"$1/srv/debs/index" <<-'EOS'
		#!/bin/sh
		# lists the packages of this folder for apt
		cd /srv/debs || exit 1
		for deb in *.deb; do
			dpkg-deb -f "$deb"
			echo "Filename: ./$deb"
			echo "Size: $(stat -c %s "$deb")"
			echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
			echo
		done >Packages
	EOS
	chmod 755 "$1/srv/debs/index"
	chroot "$1" /srv/debs/index
	echo 'deb [trusted=yes] file:/srv/debs ./' >"$1/etc/apt/sources.list"
	chroot "$1" apt-get -qq update
}

configure() {
	local root=$1 unit

	write_index "$root"
	# a known id: with none, systemd takes each boot for the first
	echo 00000000000000000000000000000001 >"$root/etc/machine-id"
	echo guest >"$root/etc/hostname"
	printf '127.0.0.1 localhost guest\n' >"$root/etc/hosts"
	: >"$root/etc/resolv.conf"
	for unit in "${masked[@]}"; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
}

mkdir -p "$cache/full"
exec 9>"$cache/full/lock"
flock 9
if [ ! -s "$out" ]; then
	work=$(mktemp -d "$cache/full/work.XXXXXX")
	trap 'rm -rf --one-file-system "$work"' EXIT
	bootstrap "$work/root" >&2
	configure "$work/root" >&2
	truncate -s 3G "$work/new"
	mke2fs -q -t ext4 -L root -E root_owner=0:0,lazy_itable_init=1,lazy_journal_init=1 \
		-d "$work/root" "$work/new"
	mv "$work/new" "$out"
fi
echo "$out"
