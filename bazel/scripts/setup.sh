# Sourced by `run`: what must be on the machine before Bazel can start.

package_list=$root/bazel/scripts/packages.txt

# Packages of the list that are not installed, one a line.
missing_packages() {
    local wanted installed
    wanted=$(sed 's/#.*//' "$package_list" | awk 'NF { print $1 }' | LC_ALL=C sort -u)
    installed=$(xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' <<<"$wanted" 2>/dev/null |
        awk '$1 == "installed" { print $2 }' | LC_ALL=C sort -u)
    LC_ALL=C comm -23 <(echo "$wanted") <(echo "$installed")
}

# install_packages NAME…: apt's words go to standard output.
install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    local apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
    "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"
}

# Installs what is missing, or ends with one line that names it.
ensure_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this needs Debian 12: there is no dpkg-query and apt-get here"
    [ -e /proc/self ] || die "/proc is not mounted, and Java and Bazel need it: mount -t proc proc /proc"
    local missing log
    missing=$(missing_packages | tr '\n' ' ')
    missing=${missing% }
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] ||
        die "Debian packages are missing and only root can install them: apt-get install --no-install-recommends $missing"
    note "installing Debian packages: $missing"
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of names
    if ! install_packages $missing >"$log" 2>&1 </dev/null; then
        local reason
        reason=$(grep -m1 '^E:' "$log" || tail -n 1 "$log")
        rm -f "$log"
        die "cannot install the Debian packages $missing: $reason"
    fi
    rm -f "$log"
    missing=$(missing_packages | tr '\n' ' ')
    [ -z "$missing" ] || die "apt installed everything, yet these packages are not there: $missing"
}

# Bazel keeps its files below the home folder; a chroot or a service account may name none.
ensure_home() {
    [ -n "${HOME:-}" ] || HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
    if ! [ -d "$HOME" ] || ! [ -w "$HOME" ]; then
        HOME=$root/.cache/home
        mkdir -p "$HOME"
    fi
    export HOME
}
