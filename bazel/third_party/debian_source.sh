#!/usr/bin/env bash
# Usage: debian_source.sh PACKAGE UPSTREAM_VERSION SUITE FOLDER
# Unpacks a Debian source package into FOLDER. apt downloads and verifies it, with a private set of apt folders whose only
# source line is derived from the sources of this machine, so that its mirror, proxy and credentials are used.
set -euo pipefail

package=$1 upstream_version=$2 suite=$3 folder=$4
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "cannot fetch Debian's source of $package $upstream_version ($suite): $*" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || fail "$1 is missing; install the package $2"
}

# The archive that this machine's own release comes from; "main" of it carries every suite.
archive_address() {
    local own_release
    own_release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    apt-get indextargets --no-release-info --format '$(COMPONENT) $(RELEASE) $(REPO_URI)' |
        awk -v own="$own_release" '
            $1 == "main" && ($2 == own || $2 ~ /^(old)*stable$/) { print $3; found = 1; exit }
            END { exit !found }'
}

need apt-get apt
need dpkg-source dpkg-dev
[ -r "$keyring" ] || fail "$keyring is missing; install the package debian-archive-keyring"
address=$(archive_address) || fail "apt has no source with Debian's own release in component main"

private=$(mktemp -d)
trap 'rm -rf "$private"' EXIT
mkdir -p "$private"/{lists/partial,cache/archives/partial,unpacked}
echo "deb-src [signed-by=$keyring] $address $suite main" >"$private/sources.list"
cat >"$private/apt.conf" <<CONF
Dir::Etc::sourcelist "$private/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::State::lists "$private/lists";
Dir::Cache "$private/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "";
APT::Update::Post-Invoke-Success "";
APT::Update::Post-Invoke "";
CONF
export APT_CONFIG=$private/apt.conf

apt-get -qq update --error-on=any >"$private/log" 2>&1 ||
    fail "apt-get update failed (no network?): $(grep -m1 '^E:' "$private/log" || tail -n 1 "$private/log")"
version=$(apt-get -qq --only-source --print-uris source "$package" 2>/dev/null | sed -n 's/.* \([^ ]*\)\.dsc .*/\1/p') || true
case $version in
"${package}_${upstream_version}-"*) ;;
*) fail "the suite has ${version:-no such source package}, and only $upstream_version is known to build" ;;
esac
(cd "$private/unpacked" && apt-get -qq --only-source source "$package") >"$private/log" 2>&1 ||
    fail "apt-get source failed: $(grep -m1 -E '^(E|dpkg-source: error):' "$private/log" || tail -n 1 "$private/log")"
mkdir -p "$folder"
cp -a "$private/unpacked/$package-$upstream_version/." "$folder/"
