#!/usr/bin/env bash
# `./run bench`: unary ping-pong beside the raw ceilings on the same transport, shuffled, in rounds; medians at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${GRILLE_BENCH_ROUNDS:-5}
calls=${GRILLE_BENCH_CALLS:-50000}
bytes=64

bazel build -c opt --config=opt //bench:pingpong //bench:verify //tools/grille || {
    echo "bench: the build failed" >&2
    exit 1
}
bin=$(bazel info -c opt --config=opt bazel-bin 2>/dev/null)
work=$(mktemp -d "${TMPDIR:-/tmp}/grille-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$bin/tools/grille/grille" identity new ca "$work/ca" >/dev/null
for side in client server; do
    "$bin/tools/grille/grille" identity new x509 "$work/$side" --ca "$work/ca" --name "spiffe://bench/$side" >/dev/null
done
policy() { # PEER EXTRA
    printf 'peers:\n  - name: %s\n    kind: x509\n    ca: ca/ca.pem\n    names: [ "spiffe://bench/%s" ]\n%s' "$1" "$1" "$2"
}
policy client '    may_call: [ "/grille.bench.v1.Echo/*" ]
' >"$work/server.policy.yaml"
policy server '' >"$work/client.policy.yaml"

placements="same free"
[ "$(nproc)" -lt 2 ] || placements="same split free"
for _ in $(seq "$rounds"); do
    for mode in raw tls grille; do
        for placement in $placements; do echo "$mode $placement"; done
    done | shuf | while read -r mode placement; do
        "$bin/bench/pingpong" "$mode" "$placement" "$bytes" "$calls" "$work/socket" "$work"
    done
done >"$work/rows.json"
/usr/bin/python3 bench/report.py "$work/rows.json"

echo
echo "attestation documents verified, by CPU time"
"$bin/bench/verify"
