# SPDX-License-Identifier: Apache-2.0
# Sourced: apt with a private set of folders, whose only source line is derived from the sources of this machine, so that
# its mirror, proxy and credentials are used. apt downloads and verifies; nothing is installed. Whoever sources this has
# a function `fail`, which does not return.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

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

# open_private_apt deb|deb-src SUITE: makes $private, which goes with the script, and reads the suite's lists.
open_private_apt() {
    local address
    need apt-get apt
    [ -r "$keyring" ] || fail "$keyring is missing; install the package debian-archive-keyring"
    address=$(archive_address) || fail "apt has no source with Debian's own release in component main"
    private=$(mktemp -d)
    trap 'rm -rf "$private"' EXIT
    mkdir -p "$private"/{lists/partial,cache/archives/partial,unpacked}
    : >"$private/status"
    echo "$1 [signed-by=$keyring] $address $2 main" >"$private/sources.list"
    cat >"$private/apt.conf" <<CONF
Dir::Etc::sourcelist "$private/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::State::lists "$private/lists";
Dir::State::status "$private/status";
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
}
