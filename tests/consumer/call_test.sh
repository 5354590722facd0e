#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# call_test.sh SERVER PARENT GRILLE MEASURE: programs of this workspace, in processes of their own, make attested calls.
set -euo pipefail

server=$1 parent=$2 grille=$3 measure=$4
dir=$(mktemp -d /tmp/consumer.XXXXXX)
pid=
clean_up() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    rm -rf "$dir"
}
trap clean_up EXIT

"$grille" sim init "$dir/nsm"
"$grille" identity new ca "$dir/ca"
"$grille" identity new x509 "$dir/parent" --ca "$dir/ca" --name parent.shop.example
"$measure" "$server" >"$dir/measurements.json"
cat >"$dir/parent.yaml" <<'YAML'
insecure_development_root: nsm/insecure-root.pem
peers:
  - name: shop
    kind: nitro
    measurements: measurements.json
YAML
cat >"$dir/server.yaml" <<'YAML'
peers:
  - name: parent
    kind: x509
    ca: ca/ca.pem
    names: [parent.shop.example]
    may_call: ["/shop.v1.Shop/Buy", "/shop.v1.Shop/Deliver", "/shop.v1.Shop/Collect"]
YAML

"$server" "unix:$dir/s" "$dir/server.yaml" "$dir/nsm" &
pid=$!
"$parent" "unix:$dir/s" "$dir/parent.yaml" "$dir/parent/identity.pem" "$dir/parent/identity.key"

echo "[ RUN      ] the server ends on SIGTERM"
kill -TERM "$pid"
wait "$pid"
pid=
echo "[       OK ] the server ends on SIGTERM"
