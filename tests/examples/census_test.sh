#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# census_test.sh [ENCLAVE]: a handler's call back goes where the policies of both ends let it go, and nowhere else.
. tests/support/cases.sh

enclave=${1:-examples/census/census_enclave}
parent=examples/census/census_parent
dir=$scratch/w
pid=

grille() { tools/grille/grille "$@" >"$scratch/grille.log" 2>&1; }

# enclave_policy [SERVES]
enclave_policy() {
    printf 'peers:\n  - name: parent\n    kind: x509\n    ca: ca/ca.pem\n    names: ["spiffe://acme.example/parent"]\n    may_call: ["/acme.census.v1.Census/Count"]\n'
    [ -z "${1:-}" ] || printf '    serves: ["%s"]\n' "$1"
}

# parent_policy [MAY_CALL]
parent_policy() {
    printf 'insecure_development_root: nsm/insecure-root.pem\npeers:\n  - name: census\n    kind: nitro\n    measurements: measurements.json\n'
    [ -z "${1:-}" ] || printf '    may_call: ["%s"]\n' "$1"
}

set_up() {
    mkdir -p "$dir/files" && grille sim init "$dir/nsm" && grille identity new ca "$dir/ca" &&
        grille identity new x509 "$dir/parent" --ca "$dir/ca" --name spiffe://acme.example/parent &&
        tools/measure/grille_measure $enclave >"$dir/measurements.json" || return 1
    seq 100000 >"$dir/files/numbers"
    : >"$dir/files/empty"
    echo secret >"$dir/outside"
    ln -s ../outside "$dir/files/link"
    mkdir "$dir/files/folder"
}

# start NAME SERVES MAY_CALL: an enclave on a socket of this name, and the parent's policy.
start() {
    local tries
    enclave_policy "$2" >"$dir/$1.enclave.yaml"
    parent_policy "$3" >"$dir/$1.parent.yaml"
    $enclave "unix:$dir/$1" "$dir/$1.enclave.yaml" "$dir/nsm" >>"$scratch/enclave.log" 2>&1 &
    pid=$!
    for tries in {1..1000}; do
        [ ! -S "$dir/$1" ] || return 0
        kill -0 $pid || return 1
        sleep 0.02
    done
    return 1
}

end() {
    kill -TERM $pid
    wait $pid
}

# count NAME FILE
count() { try $parent "unix:$dir/$1" "$dir/$1.parent.yaml" "$dir/parent/identity.pem" "$dir/parent/identity.key" "$dir/files" "$2"; }

files_are_counted() {
    local good=0
    start a /acme.census.v1.Files/Read /acme.census.v1.Files/Read || return 1
    count a numbers && expect_status 0 && expect_out "588895 bytes, 100000 lines" && count a empty &&
        expect_status 0 && expect_out "0 bytes, 0 lines" || good=1
    end && return $good
}

only_plain_files_of_the_folder() {
    local good=0 name
    start b '/acme.census.v1.Files/*' '/acme.census.v1.Files/*' || return 1
    for name in ../outside link folder . .. none numbers/ "$dir/outside" ""; do
        count b "$name"
        expect_status 1 && expect_err "NOT_FOUND" || good=1
    done
    end && return $good
}

the_caller_must_list_it() {
    local good=0
    start c "" /acme.census.v1.Files/Read || return 1
    count c numbers
    expect_status 1 && expect_err "PERMISSION_DENIED" && expect_err "serves" || good=1
    end && return $good
}

the_callee_must_list_it() {
    local good=0
    start d /acme.census.v1.Files/Read "" || return 1
    count d numbers
    expect_status 1 && expect_err "PERMISSION_DENIED" && expect_err "may not call" || good=1
    end && return $good
}

wrong_arguments() {
    try $enclave
    expect_status 2 && expect_err "usage: census_enclave" || return 1
    try $parent a b
    expect_status 2 && expect_err "usage: census_parent"
}

check "set up" set_up
check "files are counted through the parent" files_are_counted
check "nothing but plain files of the folder" only_plain_files_of_the_folder
check "the caller's policy lists what its peer serves" the_caller_must_list_it
check "the callee's policy lists who may call" the_callee_must_list_it
check "arguments" wrong_arguments
finish
