# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests here: cases with the lines that the gate counts, and what they look at.
set -uo pipefail

failures=0
scratch=$(mktemp -d /tmp/cases.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# check CASE COMMAND…: one case; it passes when the command succeeds.
check() {
    local name=$1
    shift
    echo "[ RUN      ] $name"
    if "$@"; then
        echo "[       OK ] $name"
    else
        echo "[  FAILED  ] $name"
        failures=$((failures + 1))
    fi
}

# try COMMAND…: its status goes to $status, what it prints to $scratch/out and $scratch/err.
try() {
    status=0
    "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
}

complain() {
    echo "  $*"
    [ ! -s "$scratch/out" ] || sed 's/^/  out: /' "$scratch/out" | sed -n 1,60p
    [ ! -s "$scratch/err" ] || sed 's/^/  err: /' "$scratch/err" | sed -n 1,60p
    return 1
}

expect_status() { [ "$status" -eq "$1" ] || complain "status $status, expected $1"; }
expect_out() { grep -qF -- "$1" "$scratch/out" || complain "standard output lacks: $1"; }
expect_err() { grep -qF -- "$1" "$scratch/err" || complain "standard error lacks: $1"; }
expect_no_err() { ! grep -qF -- "$1" "$scratch/err" || complain "standard error has: $1"; }

# expect_same WHAT OBSERVED EXPECTED
expect_same() { [ "$2" = "$3" ] || complain "$1 is \"$2\", expected \"$3\""; }

# expect_usage COMMAND…: status 2, and a usage line on standard error only.
expect_usage() {
    try "$@"
    expect_status 2 && expect_err "usage: " && { [ ! -s "$scratch/out" ] || complain "prints to standard output"; }
}

# refuses_all PROGRAM ARGUMENTS…: each further argument is one wrong command line, cut at spaces.
refuses_all() {
    local program=$1 line
    shift
    for line in "$@"; do
        # shellcheck disable=SC2086 # words
        expect_usage "$program" $line || {
            echo "  arguments: \"$line\""
            return 1
        }
    done
}

finish() { exit "$((failures != 0))"; }
