#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: grille bench measures with processes of its own, says on what, publishes only what means something, names what
# went wrong, and leaves nothing behind.
. tests/support/cases.sh

grille=$PWD/tools/grille/grille
export TMPDIR=$scratch/tmp
mkdir -p "$TMPDIR"
quick=(--rounds 1 --seconds 0.05 --warmup 0.01 --placement free --quiet)

nothing_left() {
    [ -z "$(ls -A "$TMPDIR")" ] || complain "left behind: $(find "$TMPDIR")"
}

wrong_command_lines() {
    refuses_all "$grille" "bench --rowz raw" "bench --rows" "bench --rows rwa" "bench --patterns pingpong" "bench --seconds 0" "bench --bytes 0" \
        "bench --idle-connections x" "bench --patterns connect --idle-connections 1" "bench --seed x" "bench --rounds 0" "bench --target unix:x" "bench --target unix:x --identity y" "bench --policy x" \
        "bench --quiet --quiet" "bench --quiet=1" "bench --peer x" "bench sevre" "bench compare" "bench compare a" "bench compare a b c" \
        "bench compare --max-regress much a b" "bench compare --max-regress -1% a b" "bench serve" "bench serve --listen unix:x" \
        "bench serve --listen unix:x --identity y --policy z --loops many" "bench serve --listen unix:x --identity y --policy z w" \
        "bench agent" "bench agent load" "bench agent load row" "bench agent load raw --pattern pingpong" || return 1
    try "$grille" bench --rowz raw
    expect_err 'there is no option "--rowz"; the nearest is --rows' || return 1
    try "$grille" bench --patterns pingpong
    expect_err 'there is no --patterns "pingpong"; the nearest is ping-pong' || return 1
    try "$grille" bench compair
    expect_err 'there is no "compair"; the nearest is compare' && nothing_left
}

help_is_no_error() {
    local verb
    for verb in "" serve compare; do
        # shellcheck disable=SC2086 # one word or none
        try "$grille" bench $verb --help
        expect_status 0 && expect_out "usage: grille bench $verb" || return 1
    done
}

a_table_comes_out() {
    try "$grille" bench "${quick[@]}" --patterns ping-pong --rows raw,rpc-attested
    expect_status 0 && expect_out raw && expect_out rpc-attested && expect_out syscalls && expect_out 'Client and server share' &&
        expect_out TLS13- && expect_same "standard error" "$(cat "$scratch/err")" "" && nothing_left || return 1
    [ -e /dev/nitro_enclaves ] || [ -e /dev/nsm ] || expect_out "NOT A NITRO NUMBER" || return 1
    try "$grille" bench "${quick[@]}" --patterns stream --rows raw,tls --bytes 1Ki,16Ki --no-counts
    expect_status 0 && expect_out stream-up && expect_out stream-down && expect_out tls && nothing_left
}

connections_stand_beside_calls() {
    try "$grille" bench "${quick[@]}" --patterns ping-pong --rows raw,tls,rpc-attested --idle-connections 0,40 --no-counts
    expect_status 0 && expect_out "idle conns" && expect_same "standard error" "$(cat "$scratch/err")" "" && nothing_left || return 1
    [ "$(grep -cE '^(raw|tls|rpc-attested) +40 ' "$scratch/out")" = 3 ] || complain "not three rows beside 40: $(cat "$scratch/out")"
}

# All but vsock, which not every machine has.
every_transport() {
    local transports=unix,unix-abstract,tcp,hybrid,inproc transport row
    try "$grille" bench "${quick[@]}" --patterns ping-pong,in-flight --rows raw,tls,rpc-attested --transport "$transports" --no-counts
    expect_status 0 && expect_same "standard error" "$(cat "$scratch/err")" "" && nothing_left || return 1
    for transport in ${transports//,/ }; do
        for row in raw tls rpc-attested; do
            [ "$(grep -cE "^$row +$transport +[0-9.]+[kM]? " "$scratch/out")" -ge 2 ] ||
                complain "$row over $transport is missing: $(cat "$scratch/out")" || return 1
        done
    done
}

every_kind_of_identity() {
    try "$grille" bench "${quick[@]}" --patterns connect --rows rpc-attested --server-kind x509,nitro,psk --client-kind x509,nitro,psk \
        --no-counts
    expect_status 0 && nothing_left || return 1
    local client server
    for client in x509 nitro psk; do
        for server in x509 nitro psk; do expect_out "rpc-attested $client>$server" || return 1; done
    done
}

what_fails_is_named() {
    try "$grille" bench "${quick[@]}" --patterns ping-pong --rows raw --peer broken=/bin/false --peer missing=/nowhere --no-counts
    expect_status 1 && expect_out raw && nothing_left &&
        expect_err "broken unix free ping-pong 64 B FAILED: server: it said nothing and ended with status 1" &&
        expect_err "missing unix free ping-pong 64 B FAILED: can't start /nowhere: No such file or directory"
}

# An unoptimised build writes nothing, and says so before it measures; an optimised one writes what was asked for.
files() {
    local kinds=(--json "$scratch/a.json" --csv "$scratch/a.csv" --html "$scratch/a.html" --hgrm "$scratch/hgrm") kind
    try "$grille" bench "${quick[@]}" --patterns ping-pong --rows raw
    if grep -qF 'DEBUG BUILD: not publishable' "$scratch/out"; then
        for kind in "--json $scratch/a.json" "--csv $scratch/a.csv" "--html $scratch/a.html" "--hgrm $scratch/hgrm"; do
            # shellcheck disable=SC2086 # two words
            expect_usage "$grille" bench $kind && expect_err "unoptimised build" || return 1
        done
        [ ! -e "$scratch/a.json" ] && [ ! -e "$scratch/hgrm" ]
        return
    fi
    try "$grille" bench "${quick[@]}" --patterns ping-pong --rows raw "${kinds[@]}"
    expect_status 0 && grep -q '"schema":"grille-bench/1"' "$scratch/a.json" && grep -q ping-pong "$scratch/a.csv" &&
        grep -q '<html' "$scratch/a.html" && grep -q Percentile "$scratch"/hgrm/raw-unix-free-ping-pong-64-1-1-0-0.hgrm || return 1
    try "$grille" bench compare "$scratch/a.json" "$scratch/a.json"
    expect_status 0 || return 1
    try "$grille" bench "${quick[@]}" --json /nowhere/a.json
    expect_status 2 && expect_err "can't write /nowhere/a.json" && nothing_left
}

# report P50: one row, as --json writes it.
report() {
    cat <<JSON
{"schema":"grille-bench/1",
"labels":{"machine":"m","kernel":"k","system":"s","compiler":"c","flags":"f","commit":"0","cipher":"none","date_utc":"2026-01-01T00:00:00Z",
"command":"bench","note":"","nitro":false,"optimised":true,"notice":"NOT A NITRO NUMBER"},
"rows":[
{"mode":"raw","transport":"unix","placement":"same","pattern":"ping-pong","bytes":64,"in_flight":1,"connections":1,"idle_streams":0,
"rate":0,"seconds":1,"spin_us":50,"loops":1,"rounds":3,"errors":0,"figures":{"p50_us":{"median":$1,"min":$1,"max":$1}},"latency_ns":[]}
]}
JSON
}

comparisons() {
    report 10 >"$scratch/before.json"
    report 10.5 >"$scratch/after.json"
    echo '{"schema":' >"$scratch/broken.json"
    try "$grille" bench compare "$scratch/before.json" "$scratch/after.json"
    expect_status 0 || return 1
    try "$grille" bench compare --max-regress 4% "$scratch/before.json" "$scratch/after.json"
    expect_status 1 && expect_out "p50" || return 1
    try "$grille" bench compare --max-regress=4 "$scratch/after.json" "$scratch/before.json"
    expect_status 0 || return 1
    try "$grille" bench compare "$scratch/before.json" "$scratch/broken.json"
    expect_status 2 && expect_err broken.json || return 1
    try "$grille" bench compare "$scratch/nowhere.json" "$scratch/before.json"
    expect_status 2 && expect_err nowhere.json
}

# wait_for COMMAND…: until it succeeds; the test's own time limit is the other end.
wait_for() {
    until "$@" 2>/dev/null; do sleep 0.01; done
}

# A server started by itself, and a load that finds it by its address.
server_elsewhere() {
    local folder=$scratch/elsewhere server kind options
    mkdir "$folder"
    "$grille" identity new ca "$folder/ca" >/dev/null || return 1
    for kind in server client; do
        "$grille" identity new x509 "$folder/$kind" --ca "$folder/ca" --name "spiffe://test/$kind" >/dev/null || return 1
    done
    printf 'peers:\n  - name: c\n    kind: x509\n    ca: ca/ca.pem\n    names: ["spiffe://test/client"]\n    may_call: ["/grille.bench.v1.Echo/*"]\n' \
        >"$folder/server.yaml"
    printf 'peers:\n  - name: s\n    kind: x509\n    ca: ca/ca.pem\n    names: ["spiffe://test/server"]\n' >"$folder/client.yaml"
    "$grille" bench serve --listen "unix:$folder/socket" --identity "$folder/server/identity" --policy "$folder/server.yaml" \
        >"$scratch/ready" 2>"$scratch/serve.err" </dev/null &
    server=$!
    wait_for grep -q "^ready unix:$folder/socket$" "$scratch/ready"
    options=(--target "unix:$folder/socket" --identity "$folder/client/identity" --policy "$folder/client.yaml")
    try "$grille" bench "${options[@]}" --patterns ping-pong,stream-up --rounds 1 --seconds 0.05 --quiet
    expect_status 0 && expect_out target && expect_out rpc-attested && expect_out "the server ran elsewhere" || return 1
    try "$grille" bench "${options[@]}" --patterns idle
    expect_status 2 || return 1
    try "$grille" bench --target "unix:$folder/socket" --identity "$folder/nobody" --policy "$folder/client.yaml"
    expect_status 2 && expect_err "$folder/nobody.pem" || return 1
    kill -TERM "$server"
    wait "$server" || complain "the server ended with $?"
    nothing_left
}

has_a_socket() {
    compgen -G "$TMPDIR/grille-bench.*/*.socket" >/dev/null
}

# Ctrl-C in the middle: no process, no folder.
interrupted() {
    local driver status=0
    "$grille" bench --rows rpc-attested --patterns ping-pong --seconds 1000 --placement free >"$scratch/out" 2>"$scratch/err" </dev/null &
    driver=$!
    wait_for has_a_socket
    expect_same "permissions of the folder" "$(stat -c %a "$TMPDIR"/grille-bench.*)" 700 || return 1
    expect_same "of its keys" "$(find "$TMPDIR" -name '*.key' -printf '%m\n' | sort -u)" 600 || return 1
    kill -TERM "$driver"
    wait "$driver" || status=$?
    expect_same status "$status" 130 && expect_err interrupted && nothing_left
}

if [ "${1:-}" = files ]; then
    check "files" files
    finish
fi
check "help" help_is_no_error
check "wrong command lines" wrong_command_lines
check "a table" a_table_comes_out
check "connections beside calls" connections_stand_beside_calls
check "transports" every_transport
check "identities" every_kind_of_identity
check "failures are named" what_fails_is_named
check "files" files
check "comparisons" comparisons
check "a server elsewhere" server_elsewhere
check "interrupted" interrupted
finish
