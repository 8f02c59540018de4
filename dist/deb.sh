#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds build-deb/holdfast_VERSION_ARCH.deb by dpkg-deb: `meson install` into a folder, the
# maintainer scripts of dist/debian beside it. The same commit, compiler and libraries give the same
# bytes: the time of everything is the commit's. Who comes while another builds waits for its turn.
#
# deb.sh [BUILD]    another build folder; standard output is the package's path
set -eu

cd "$(dirname "$0")/.."
top=$PWD
build=${1:-build-deb}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC

umask 022
mkdir -p "$build"
exec 9>"$build/lock"
flock 9
if [ ! -f "$build/build.ninja" ]; then
	meson setup "$build" --prefix=/usr --buildtype=debugoptimized \
		-Dc_args="-ffile-prefix-map=$top=.,-ffile-prefix-map=$top/$build=./build" \
		-Dc_link_args=-Wl,--build-id=none >&2
fi
ninja --quiet -C "$build" >&2

root=$PWD/$build/deb
rm -rf "$root"
DESTDIR=$root meson install -C "$build" --no-rebuild --strip >/dev/null

# ---- what Debian wants beside it

doc=$root/usr/share/doc/holdfast
version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" meson.build | head -n 1)
arch=$(dpkg --print-architecture)
maintainer="Holdfast <holdfast@example.org>"

mkdir -p "$doc" "$root/DEBIAN"
cp dist/debian/copyright "$doc/"
cp README.md SECURITY.md "$doc/"
{
	printf 'holdfast (%s) unstable; urgency=medium\n\n' "$version"
	printf '  * See the history of the source.\n\n'
	printf ' -- %s  %s\n' "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.gz"
gzip -9n "$root"/usr/share/man/man*/*

# which packages hold the libraries that the binaries name
depends() {
	local folder
	folder=$(mktemp -d)
	mkdir "$folder/debian"
	printf 'Source: holdfast\n\nPackage: holdfast\nArchitecture: any\n' >"$folder/debian/control"
	(cd "$folder" && dpkg-shlibdeps -O --warnings=0 "$root/usr/bin/holdfast" \
		"$root/usr/libexec/holdfast-metrics") |
		sed -n 's/^shlibs:Depends=//p'
	rm -rf "$folder"
}

needs=$(depends)
size=$(du -k -s --apparent-size "$root/usr" | cut -f 1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@MAINTAINER@/$maintainer/" \
	-e "s/@SIZE@/$size/" -e "s/@DEPENDS@/$needs/" dist/debian/control.in >"$root/DEBIAN/control"
for script in preinst postinst prerm postrm; do
	sed -e '/^@GUARD@$/{' -e 'r dist/debian/guard.sh' -e 'd' -e '}' "dist/debian/$script.in" \
		>"$root/DEBIAN/$script"
	chmod 755 "$root/DEBIAN/$script"
done
# the shared library's
echo "activate-noawait ldconfig" >"$root/DEBIAN/triggers"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod -R u=rwX,go=rX "$root"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

package=$build/holdfast_${version}_$arch.deb
# in one step: another may be reading the one that is there
dpkg-deb --build --root-owner-group -Zxz "$root" "$package.new" >/dev/null
mv "$package.new" "$package"
echo "$package"
