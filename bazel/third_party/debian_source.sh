#!/usr/bin/env bash
# Usage: debian_source.sh PACKAGE UPSTREAM_VERSION SUITE FOLDER
# Unpacks a Debian source package into FOLDER.
set -euo pipefail

package=$1 upstream_version=$2 suite=$3 folder=$4

fail() {
    echo "cannot fetch Debian's source of $package $upstream_version ($suite): $*" >&2
    exit 1
}

. "$(dirname "${BASH_SOURCE[0]}")/debian_apt.sh"

need dpkg-source dpkg-dev
open_private_apt deb-src "$suite"
version=$(apt-get -qq --only-source --print-uris source "$package" 2>/dev/null | sed -n 's/.* \([^ ]*\)\.dsc .*/\1/p') || true
case $version in
"${package}_${upstream_version}-"*) ;;
*) fail "the suite has ${version:-no such source package}, and only $upstream_version is known to build" ;;
esac
(cd "$private/unpacked" && apt-get -qq --only-source source "$package") >"$private/log" 2>&1 ||
    fail "apt-get source failed: $(grep -m1 -E '^(E|dpkg-source: error):' "$private/log" || tail -n 1 "$private/log")"
mkdir -p "$folder"
cp -a "$private/unpacked/$package-$upstream_version/." "$folder/"
