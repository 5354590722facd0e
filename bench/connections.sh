#!/usr/bin/env bash
# Attested connections per second, parent x509 and enclave nitro (simulated NSM) in both directions, mutual nitro, and
# x509 for comparison: shuffled, in rounds, medians.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

rounds=${GRILLE_BENCH_ROUNDS:-5}
count=${GRILLE_BENCH_CONNECTIONS:-1000}
threads=4

bazel build -c opt --config=opt //bench:connections //tools/grille //tools/measure:grille_measure || {
    echo "bench: the build failed" >&2
    exit 1
}
bin=$(bazel info -c opt --config=opt bazel-bin 2>/dev/null)
work=$(mktemp -d "${TMPDIR:-/tmp}/grille-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$bin/tools/grille/grille" identity new ca "$work/ca" >/dev/null
"$bin/tools/grille/grille" sim init "$work/sim" >/dev/null 2>&1
"$bin/tools/measure/grille_measure" "$bin/bench/connections" >"$work/measurements.json"
for side in client server; do
    "$bin/tools/grille/grille" identity new x509 "$work/$side" --ca "$work/ca" --name "spiffe://bench/$side" >/dev/null
done
for pair in client:server server:client; do
    side=${pair%:*} peer=${pair#*:}
    printf 'peers:\n  - name: %s\n    kind: x509\n    ca: ca/ca.pem\n    names: [ "spiffe://bench/%s" ]\n' "$peer" "$peer" \
        >"$work/$side-trusts-x509.yaml"
    printf 'insecure_development_root: sim/insecure-root.pem\npeers:\n  - name: %s\n    kind: nitro\n    measurements: measurements.json\n' "$peer" \
        >"$work/$side-trusts-nitro.yaml"
done

for _ in $(seq "$rounds"); do
    for pair in "x509 x509" "nitro x509" "x509 nitro" "nitro nitro"; do echo "$pair"; done | shuf |
        while read -r server client; do
            "$bin/bench/connections" "$server" "$client" "$count" "$threads" "$work/socket" "$work"
        done
done >"$work/rows.json"
/usr/bin/python3 bench/connections.py "$work/rows.json"
