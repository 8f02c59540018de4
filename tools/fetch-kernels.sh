#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fetches the kernels of kernels.list as Debian packages and unpacks them into a cache outside the
# tree; nothing is installed. A second apt configuration with its own sources, lists and status is
# used, so that the machine's own is only read: its mirror, its proxy, its keyring.
#
# usage: fetch-kernels.sh [--refresh] [NAME...]      fetch, name each kernel on stdout
#        fetch-kernels.sh --path NAME                fetch if need be, print the kernel's folder
#        fetch-kernels.sh --list                     print the names of the matrix
#        fetch-kernels.sh --bpftool NAME             the same for its bpftool
#        fetch-kernels.sh --mirrors                  print the machine's mirror and security mirror
#
# A kernel's folder holds vmlinuz, config, release, package, and modules/ (its module tree).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
list=${HOLDFAST_KERNELS:-$here/kernels.list}
cache=${HOLDFAST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/holdfast}
apt=$cache/apt
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
max_age_minutes=1440
index=
# which suites are in the index: first, all, or bad when apt failed
index_state=
partial=

say() {
	echo "kernels: $*" >&2
}

rows() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$list"
}

# The machine's own mirrors, main archive and security archive. Once apt has its lists it knows what
# is Debian; before that there is only the suite's name, which other repositories use as well.
mirrors() {
	local codename

	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
	# shellcheck disable=SC2016 # apt's own placeholders
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' \
		'Created-By: Packages' |
		awk -v codename="$codename" '$3 != "main" { next }
			{ kind = $2 ~ /-security$/ ? "security" : "main"
			  score = $4 == "Debian" ? 4 : 0
			  if ($1 ~ /debian/) score += 2
			  if (index($2, codename) == 1 || $2 ~ /^(old|old-old)?stable/) score += 1
			  if (score >= 1 && score > best[kind]) {
				best[kind] = score; uri[kind] = $1 } }
			END { print uri["main"], uri["security"] }'
}

# Suites to read: `first`, what stands before each row's `|`, or `all`.
suites_of() {
	rows | awk -v which="$1" '{ if (which == "first") sub(/[|].*/, "", $4)
		gsub(/[|,]/, "\n", $4); print $4 }' | sort -u
}

write_sources() {
	local main sec suite

	read -r main sec < <(mirrors) || true
	if [ -z "${main:-}" ]; then
		say "the machine's apt configuration names no Debian archive with component main"
		return 1
	fi
	while read -r suite; do
		case $suite in
		*-security)
			if [ -n "${sec:-}" ]; then
				echo "deb [signed-by=$keyring] $sec $suite main"
			fi
			;;
		*) echo "deb [signed-by=$keyring] $main $suite main" ;;
		esac
	done < <(suites_of "$1") >"$apt/sources.list"
}

# Runs an apt command inside the isolated configuration.
isolated() {
	local command=$1
	shift

	"$command" \
		-o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State="$apt/state" -o Dir::State::Lists="$apt/lists" \
		-o Dir::State::status="$apt/state/status" -o Dir::Cache="$apt/cache" \
		-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
		-o APT::Architecture=amd64 -o APT::Architectures=amd64 \
		-o APT::Sandbox::User=root -o APT::Default-Release= \
		-o Acquire::Languages=none -o Acquire::Retries=2 "$@"
}

# Reads the package lists of the suites, unless that was done within the last minutes. Fails when
# apt reached none of them.
update_lists() {
	write_sources "$1" || return 1
	if [ -z "$refresh" ] && cmp -s "$apt/sources.list" "$apt/updated" &&
		[ -n "$(find "$apt/updated" -mmin -15)" ]; then
		return 0
	fi
	rm -f "$apt/updated"
	# apt calls it a success when it falls back to the lists of an earlier day: ask it not to.
	if isolated apt-get -q -o APT::Update::Error-Mode=any update >"$apt/update.log" 2>&1; then
		cp "$apt/sources.list" "$apt/updated"
		return 0
	fi
	say "apt could not read every suite:" \
		"$(grep -m1 '^[EW]:' "$apt/update.log" || echo "see $apt/update.log")"
	partial=yes
	grep -q '^\(Get\|Hit\)' "$apt/update.log"
}

# Fills $index with lines `PACKAGE VERSION SUITE` for every cloud kernel image of the suites,
# `first` or `all`, once a run.
load_index() {
	local which=$1 names version='[0-9]+\.[0-9]+\.[0-9].*'

	if [ "$index_state" = bad ]; then
		return 1
	fi
	if [ "$index_state" = all ] || [ "$index_state" = "$which" ]; then
		return 0
	fi
	index_state=bad
	mkdir -p "$apt/state" "$apt/lists/partial" "$apt/cache/archives/partial"
	: >"$apt/state/status"
	update_lists "$which" || return 1
	names=$(isolated apt-cache pkgnames linux- |
		grep -E "^linux-(image|binary)-(unsigned-)?$version-cloud-amd64(-unsigned)?\$") ||
		return 1
	# shellcheck disable=SC2086 # one word a name
	index=$(isolated apt-cache madison $names |
		awk -F ' *[|] *' '{ gsub(/ /, "", $1); n = split($3, w, " "); split(w[2], s, "/")
			print $1, $2, s[1] }')
	index_state=$which
}

release_of() {
	local name=$1

	name=${name#linux-image-}
	name=${name#linux-binary-}
	name=${name#unsigned-}
	echo "${name%-unsigned}"
}

# Prints the packages of the newest kernel of SERIES in SUITES (comma separated), likeliest first:
# several packages may go by the same release, and only one of them carries the image.
candidates() {
	local series=$1 suites=$2 package version suite release best='' best_release='' form

	while read -r package version suite; do
		case ,$suites, in *,"$suite",*) ;; *) continue ;; esac
		release=$(release_of "$package")
		case $release in "$series".*) ;; *) continue ;; esac
		if [ -z "$best" ] || dpkg --compare-versions "$version" gt "$best"; then
			best=$version
			best_release=$release
		fi
	done <<<"$index"
	if [ -z "$best" ]; then
		return 1
	fi
	for form in "linux-binary-$best_release" "linux-image-$best_release" \
		"linux-binary-unsigned-$best_release" "linux-image-$best_release-unsigned"; do
		if grep -q "^$form $best " <<<"$index"; then
			echo "$form $best"
		fi
	done
}

# Prints the candidates of the first group of SUITES that has SERIES. $index may hold no more than
# the first groups.
resolve() {
	local series=$1 suites=$2 group

	while read -r group; do
		if candidates "$series" "$group"; then
			return 0
		fi
	done < <(tr '|' '\n' <<<"$suites")
	return 1
}

# Downloads PACKAGE=VERSION and unpacks it into DIR.
unpack() {
	local package=$1 version=$2 dir=$3 deb

	deb=$(mktemp -d "$cache/deb.XXXXXX")
	if ! (cd "$deb" && isolated apt-get -qq download "$package=$version" >log 2>&1); then
		say "cannot download $package $version: $(tail -n 1 "$deb/log")"
		rm -rf "$deb"
		return 1
	fi
	dpkg-deb -x "$deb"/*.deb "$dir"
	rm -rf "$deb"
}

# Unpacks the first of the candidates (stdin) that carries an image, and what goes with it, into
# DIR, in the layout that this file's head describes.
build_folder() {
	local dir=$1 package version release image='' extra root=$1.root

	rm -rf "$dir" "$root"
	mkdir -p "$dir" "$root"
	while read -r package version; do
		unpack "$package" "$version" "$root" || continue
		image=$(find "$root" -type f -name 'vmlinuz*' -print -quit)
		if [ -n "$image" ]; then
			break
		fi
	done
	if [ -z "$image" ]; then
		rm -rf "$dir" "$root"
		return 1
	fi
	release=$(release_of "$package")
	for extra in linux-base linux-modules; do
		if [ -n "$(isolated apt-cache madison "$extra-$release")" ]; then
			unpack "$extra-$release" "$version" "$root"
		fi
	done
	mv "$image" "$dir/vmlinuz"
	find "$root" -type f \( -name "config-$release" -o -path "*/$release/config" \) \
		-exec mv {} "$dir/config" \; -quit
	for extra in "$root/usr/lib/modules/$release" "$root/lib/modules/$release"; do
		if [ -d "$extra/kernel" ] && [ ! -d "$dir/modules" ]; then
			mv "$extra" "$dir/modules"
		fi
	done
	rm -rf "$root"
	echo "$release" >"$dir/release"
	echo "$package $version" >"$dir/package"
}

cached() {
	[ -s "$1/vmlinuz" ] && [ -s "$1/config" ] && [ -s "$1/release" ] && [ -s "$1/package" ]
}

fresh() {
	cached "$1" && [ -z "$refresh" ] &&
		[ -n "$(find "$1/checked" -mmin "-$max_age_minutes" 2>/dev/null)" ]
}

name_kernel() {
	local name=$1 dir=$2 known=$3 note=$4 package

	package=$(cut -d ' ' -f 1 "$dir/package")
	if [ "$package" != "$known" ]; then
		if [ -n "$index" ] && ! grep -q "^$known " <<<"$index"; then
			note="$note; $known has left the archive, this is its successor"
		else
			note="$note; kernels.list knows $known"
		fi
	fi
	say "$name: $(cat "$dir/package") ($note)"
}

# What is left when the archive does not answer: an older day's kernel, said aloud, or a failure.
use_cache() {
	local name=$1 dir=$2 known=$3 reason=$4

	if ! cached "$dir"; then
		say "$name: $reason, and nothing is cached"
		return 1
	fi
	name_kernel "$name" "$dir" "$known" "$reason, using the cache"
}

# Makes the kernel of one row present in the cache.
fetch() {
	local name=$1 series=$2 suites=$3 known=$4 dir=$cache/kernels/$1 found

	if fresh "$dir"; then
		name_kernel "$name" "$dir" "$known" "cached"
		return 0
	fi
	if ! load_index first; then
		use_cache "$name" "$dir" "$known" "apt cannot be reached"
		return
	fi
	if ! found=$(resolve "$series" "$suites"); then
		# rare, and a whole suite's lists: only now
		load_index all || true
		if ! found=$(resolve "$series" "$suites"); then
			if [ -n "$partial" ]; then
				use_cache "$name" "$dir" "$known" "not found in the suites that could be read"
				return
			fi
			say "$name: series $series has left the archive (suites $suites)"
			return 1
		fi
	fi
	if cached "$dir" && grep -qxF "$(cat "$dir/package")" <<<"$found"; then
		touch "$dir/checked"
		name_kernel "$name" "$dir" "$known" "cached, still the newest"
		return 0
	fi
	if ! build_folder "$dir.new" <<<"$found"; then
		use_cache "$name" "$dir" "$known" "no image to be had from: $(tr '\n' ' ' <<<"$found")"
		return
	fi
	touch "$dir.new/checked"
	# two renames: a guest that starts meanwhile finds the old kernel or the new one
	rm -rf "$dir.old"
	if [ -d "$dir" ]; then
		mv "$dir" "$dir.old"
	fi
	mv "$dir.new" "$dir"
	rm -rf "$dir.old"
	name_kernel "$name" "$dir" "$known" "fetched"
}

# Debian's own bpftool of that kernel: what it signs is what the kernel verifies, and differs from
# release to release. It is newer than the machine, so its libraries come with it; run it by
# `DIR/ld-linux-x86-64.so.2 --library-path DIR DIR/bpftool`.
fetch_bpftool() {
	local name=$1 dir=$cache/bpftool/$1 root=$cache/bpftool/$1.root kernel version library
	local libraries=/usr/lib/x86_64-linux-gnu

	kernel=$(cut -d ' ' -f 2 "$cache/kernels/$name/package")
	if [ -x "$dir/bpftool" ] && [ "$(cat "$dir/kernel")" = "$kernel" ]; then
		return 0
	fi
	if ! load_index first; then
		say "bpftool of $name: apt cannot be reached"
		return 1
	fi
	version=$(isolated apt-cache madison bpftool | awk -F ' *[|] *' -v kernel="+$kernel" '
		{ at = length($2) - length(kernel)
		  if (at > 0 && substr($2, at + 1) == kernel) { print $2; exit } }')
	if [ -z "$version" ]; then
		say "bpftool of $name: no version for $kernel in the suites of tools/kernels.list"
		return 1
	fi
	# the tool comes last: without it the folder counts for nothing
	rm -rf "$dir" "$root"
	mkdir -p "$dir" "$root"
	unpack bpftool "$version" "$root" || return 1
	for library in libc6 libcap2 libelf1t64 libssl3t64 libzstd1 zlib1g; do
		unpack "$library" "$(isolated apt-cache madison "$library" |
			awk -F ' *[|] *' '{ print $2; exit }')" "$root" || return 1
	done
	for library in ld-linux-x86-64.so.2 libc.so.6 libcap.so.2 libcrypto.so.3 libelf.so.1 \
		libz.so.1 libzstd.so.1; do
		cp -L "$root$libraries/$library" "$dir/"
	done
	echo "$kernel" >"$dir/kernel"
	mv "$root/usr/sbin/bpftool" "$dir/"
	rm -rf "$root"
	say "bpftool of $name: $version (fetched)"
}

refresh=
path=
bpftool=
case ${1:-} in
--list)
	rows | awk '{ print $1 }'
	exit 0
	;;
--mirrors)
	mirrors
	exit 0
	;;
--refresh)
	refresh=yes
	shift
	;;
--path)
	path=yes
	shift
	;;
--bpftool)
	bpftool=yes
	shift
	;;
--*)
	say "unknown option $1"
	exit 2
	;;
esac

mkdir -p "$cache/kernels"
if [ -n "$path" ] && [ $# -eq 1 ] && cached "$cache/kernels/$1"; then
	echo "$cache/kernels/$1"
	exit 0
fi

# One fetch at a time: two guests started together must not unpack the same kernel twice.
exec 9>"$cache/lock"
flock 9

failed=0
seen=0
while read -r name series _ suites _ known; do
	if [ $# -gt 0 ]; then
		case " $* " in *" $name "*) ;; *) continue ;; esac
	fi
	seen=$((seen + 1))
	if ! fetch "$name" "$series" "$suites" "$known"; then
		failed=1
	elif [ -n "$path" ]; then
		echo "$cache/kernels/$name"
	elif [ -n "$bpftool" ]; then
		fetch_bpftool "$name" || failed=1
		echo "$cache/bpftool/$name"
	fi
done < <(rows)

if [ "$seen" -eq 0 ]; then
	say "no such kernel: $*; the matrix has: $(rows | awk '{ printf "%s ", $1 }')"
	exit 2
fi
exit $failed
