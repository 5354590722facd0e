#!/usr/bin/env bash
# Usage: debian_binary.sh SUITE FOLDER PACKAGE…
# Unpacks Debian packages into FOLDER, without installing them. "PACKAGE*" is the first dependency of PACKAGE: a
# package without files of its own, which names the newest of a kind.
set -euo pipefail

suite=$1 folder=$2
shift 2

fail() {
    echo "cannot fetch Debian's packages $* ($suite)" >&2
    exit 1
}

. "$(dirname "${BASH_SOURCE[0]}")/debian_apt.sh"

need dpkg-deb dpkg
open_private_apt deb "$suite"
for package; do
    case $package in
    *'*')
        meta=${package%?}
        package=$(apt-cache depends --no-recommends --no-suggests "$meta" | awk '$1 == "Depends:" { print $2; exit }')
        [ -n "$package" ] || fail "$meta names no package"
        ;;
    esac
    (cd "$private/unpacked" && apt-get -qq download "$package") >"$private/log" 2>&1 ||
        fail "$package: $(grep -m1 '^E:' "$private/log" || tail -n 1 "$private/log")"
done
mkdir -p "$folder"
for file in "$private"/unpacked/*.deb; do dpkg-deb -x "$file" "$folder"; done
