#!/usr/bin/env bash
# `./run bench`: everything that is measured, beside the raw ceilings on the same transport, in an optimised build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
    echo "bench: $*" >&2
    exit 1
}

usage() {
    cat <<'TEXT'
usage: ./run bench [--full] [--peers] [OPTION of grille bench]…
         measures, in about three minutes: calls one at a time, 100 in flight and of 1 MiB, connections attested both
         ways, memory of idle connections, calls beside many connections and streams; then attestation documents
         --full   five rounds of a second, and sweeps over sizes, streams and directions: about half an hour
         --peers  gRPC C++ and Go's ttrpc beside ours; their Debian packages are installed (as root)
         other options go on to grille bench: which patterns, sizes and transports; --json FILE, --html FILE …
TEXT
}

plan=standard
with_peers=
options=()
for argument; do
    case $argument in
    --full) plan=full ;;
    --peers) with_peers=1 ;;
    --help)
        usage
        exit 0
        ;;
    *) options+=("$argument") ;;
    esac
done

bazel build --config=opt //tools/grille //bench/insecure:agent //bench:verify >&2 || die "the build failed"
bin=$(bazel info --config=opt bazel-bin 2>/dev/null)

if [ -n "$with_peers" ]; then
    mapfile -t peers < <(bench/peers/build.sh "$PWD/.cache/peers")
    [ ${#peers[@]} -gt 0 ] || die "none of the peers could be built"
    for peer in "${peers[@]}"; do options+=(--peer "$peer"); done
fi

status=0
"$bin/tools/grille/grille" bench --plan "$plan" --insecure-agent "$bin/bench/insecure/agent" \
    ${options[@]+"${options[@]}"} || status=$?
[ "$status" -le 1 ] || exit "$status"

echo
echo "attestation documents verified, by CPU time"
"$bin/bench/verify" || status=1
exit "$status"
