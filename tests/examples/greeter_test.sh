#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# greeter_test.sh [ENCLAVE]: the smallest programs work over each transport that a laptop has, end well, and say what is
# wrong.
. tests/support/cases.sh

enclave=${1:-examples/greeter/greeter_enclave}
parent=examples/greeter/greeter_parent
dir=$scratch/w
pid=

grille() { tools/grille/grille "$@" >"$scratch/grille.log" 2>&1; }

set_up() {
    mkdir "$dir" && grille sim init "$dir/nsm" && grille identity new ca "$dir/ca" &&
        grille identity new x509 "$dir/parent" --ca "$dir/ca" --name spiffe://acme.example/parent &&
        grille identity new ca "$dir/other-ca" --name "another CA" &&
        grille identity new x509 "$dir/stranger" --ca "$dir/other-ca" --name spiffe://acme.example/parent &&
        grille identity new ca "$dir/cloned-ca" &&
        grille identity new x509 "$dir/cloned" --ca "$dir/cloned-ca" --name spiffe://acme.example/parent &&
        grille identity new x509 "$dir/other" --ca "$dir/ca" --name spiffe://acme.example/other &&
        tools/measure/grille_measure $enclave >"$dir/measurements.json" || return 1
    printf 'insecure_development_root: nsm/insecure-root.pem\npeers:\n  - name: greeter\n    kind: nitro\n    measurements: measurements.json\n' \
        >"$dir/parent.yaml"
    printf 'peers:\n  - name: parent\n    kind: x509\n    ca: ca/ca.pem\n    names: ["spiffe://acme.example/parent"]\n' >"$dir/deny.yaml"
    { cat "$dir/deny.yaml" && echo '    may_call: ["/acme.greeter.v1.Greeter/*"]'; } >"$dir/enclave.yaml"
}

# listens ADDRESS: without a connection to it, but for tcp.
listens() {
    case $1 in
    unix:*) [ -S "${1#unix:}" ] ;;
    unix-abstract:*) grep -q "@${1#unix-abstract:}\$" /proc/net/unix ;;
    tcp:*) (exec 3<>"/dev/tcp/127.0.0.1/${1##*:}") 2>/dev/null ;;
    esac
}

# start ADDRESS POLICY: until it listens.
start() {
    local tries
    $enclave "$1" "$2" "$dir/nsm" >>"$scratch/enclave.log" 2>&1 &
    pid=$!
    for tries in {1..500}; do
        ! listens "$1" || return 0
        kill -0 $pid || return 1
        sleep 0.02
    done
    return 1
}

# The parent waits for an enclave that is about to come up: it has till the end of this test.
call_nobody() {
    $parent "unix:$dir/nobody" "$dir/parent.yaml" "$dir/parent/identity.pem" "$dir/parent/identity.key" Ada \
        >"$scratch/nobody.out" 2>"$scratch/nobody.err" &
    nobody=$!
}

nobody_answers() {
    wait $nobody && complain "the call went well"
    grep -q 'greeter_parent: DEADLINE_EXCEEDED' "$scratch/nobody.err" && grep -q 'is the server running' "$scratch/nobody.err" ||
        complain "$(cat "$scratch/nobody.err")"
}

# end SIGNAL: its status goes to $status.
end() {
    status=0
    kill "-$1" $pid
    wait $pid || status=$?
}

# call ADDRESS [WHO] [NAME]
call() { try $parent "$1" "$dir/parent.yaml" "$dir/${2:-parent}/identity.pem" "$dir/${2:-parent}/identity.key" "${3-Ada}"; }

greets_over() {
    local good=0
    start "$1" "$dir/enclave.yaml" || complain "the enclave does not start: $(cat "$scratch/enclave.log")" || return 1
    call "$1" && expect_status 0 && expect_out "Hello, Ada!" && call "$1" parent "Zoë 😀" && expect_status 0 &&
        expect_out "Hello, Zoë 😀!" && call "$1" parent "" && expect_status 0 && expect_out "Hello, !" &&
        call "$1" parent "$(printf 'n%.0s' {1..100000})" && expect_status 0 &&
        expect_same "bytes" "$(wc -c <"$scratch/out")" 100009 || good=1
    end "${2:-TERM}"
    expect_status 0 && return $good
}

the_socket_is_gone_afterwards() {
    [ ! -e "$dir/s" ] || complain "the enclave left its socket"
}

# refused WHO NAME: the enclave's log has the name, the peer learns nothing of it.
refused() {
    : >"$scratch/enclave.log"
    call "unix:$dir/s" "$1"
    expect_status 1 && expect_err 'greeter_parent: UNAUTHENTICATED' && expect_err 'GATE-REFUSED-BY-PEER' &&
        expect_no_err "$2" && { grep -q "$2" "$scratch/enclave.log" || complain "$(cat "$scratch/enclave.log")"; }
}

strangers_are_refused() {
    local good=0
    start "unix:$dir/s" "$dir/enclave.yaml"
    refused stranger ATTEST-CERT-UNKNOWN-ISSUER && refused cloned ATTEST-CERT-SIGNATURE &&
        refused other ATTEST-CERT-NAME && call "unix:$dir/s" && expect_status 0 || good=1
    end TERM
    expect_status 0 && return $good
}

a_call_that_no_policy_allows() {
    start "unix:$dir/s" "$dir/deny.yaml"
    call "unix:$dir/s"
    expect_status 1 && expect_err 'greeter_parent: PERMISSION_DENIED: this peer may not call /acme.greeter.v1.Greeter/Greet'
    local good=$?
    end INT
    expect_status 0 && return $good
}

the_enclave_says_what_is_wrong() {
    try $enclave "unix:$dir/s" "$dir/none.yaml" "$dir/nsm"
    expect_status 1 && expect_err 'greeter_enclave: ' && expect_err 'none.yaml' || return 1
    try $enclave "unix:$dir/s" "$dir/enclave.yaml" "$dir/none"
    expect_status 1 && expect_err 'grille sim init' || return 1
    try $enclave "nowhere" "$dir/enclave.yaml" "$dir/nsm"
    expect_status 1 && expect_err 'starts with no known scheme' || return 1
    try $enclave "unix:$dir/no/s" "$dir/enclave.yaml" "$dir/nsm"
    expect_status 1 && expect_err 'No such file' || return 1
    : >"$dir/empty.yaml"
    try $enclave "unix:$dir/s" "$dir/empty.yaml" "$dir/nsm"
    expect_status 1 && expect_err 'POLICY-'
}

the_parent_says_what_is_wrong() {
    try $parent "unix:$dir/s" "$dir/none.yaml" "$dir/parent/identity.pem" "$dir/parent/identity.key" Ada
    expect_status 1 && expect_err 'none.yaml' || return 1
    try $parent "unix:$dir/s" "$dir/parent.yaml" "$dir/none.pem" "$dir/parent/identity.key" Ada
    expect_status 1 && expect_err 'none.pem' || return 1
    try $parent "unix:$dir/s" "$dir/parent.yaml" "$dir/parent/identity.pem" "$dir/stranger/identity.key" Ada
    expect_status 1 && expect_err 'the key is not the one of the leaf certificate' || return 1
    call nowhere
    expect_status 1 && expect_err 'starts with no known scheme'
}

check "identities and policies" set_up
[ $# -gt 0 ] || call_nobody # once: it is about the parent, and waits
check "unix" greets_over "unix:$dir/s"
check "no socket is left" the_socket_is_gone_afterwards
check "unix, ended by SIGINT" greets_over "unix:$dir/s" INT
check "tcp" greets_over "tcp:127.0.0.1:$((20000 + RANDOM % 12000))"
check "unix-abstract" greets_over "unix-abstract:greeter-test-$$-$RANDOM"
check "strangers are refused" strangers_are_refused
check "a call that no policy allows" a_call_that_no_policy_allows
check "the enclave says what is wrong" the_enclave_says_what_is_wrong
check "the parent says what is wrong" the_parent_says_what_is_wrong
check "arguments of the enclave" refuses_all $enclave "" "unix:a" "unix:a b c d"
check "arguments of the parent" refuses_all $parent "" "a b c d" "a b c d e f"
[ $# -gt 0 ] || check "nobody answers" nobody_answers
finish
