#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: each agent of another framework counts exactly and measures what it says: bench/peers/check.sh [OUTPUT_FOLDER].
# Not part of the gate: it needs packages that nothing else does.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

output=${1:-}
if [ -z "$output" ]; then
    output=$(mktemp -d "${TMPDIR:-/tmp}/grille-peers.XXXXXX")
    trap 'rm -rf "$output"' EXIT
fi
mapfile -t peers < <("$here/build.sh" "$output")
[ ${#peers[@]} -gt 0 ] || exit 1
/usr/bin/python3 "$here/check.py" "${peers[@]}"
