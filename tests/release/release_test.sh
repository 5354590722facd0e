#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# release_test.sh DEVELOPMENT_ENCLAVE RELEASED…: nothing that a release ships has a symbol with insecure_ or simulated, or
# does what only development may; the development build shows that the search finds them. With the command among what is
# released, what it refuses is looked at, too.
. tests/support/cases.sh

development=$1
shift
released=("$@")

# unsafe_symbols FILE: names, one a line.
unsafe_symbols() { nm -A --defined-only "$1" 2>/dev/null | grep -E 'insecure_|simulated'; }

has_symbols() { [ "$(nm "$1" 2>/dev/null | grep -cE " [TtDdRr] ")" -gt 0 ] || complain "$1 has no symbols to look at"; }

find_program() {
    local one
    for one in "${released[@]}"; do
        [ "${one##*/}" != "$1" ] || { echo "$one" && return; }
    done
}

is_clean() {
    unsafe_symbols "$1" >"$scratch/out"
    [ ! -s "$scratch/out" ] || complain "$1 has unsafe symbols"
    has_symbols "$1"
}

the_search_finds_them() { [ "$(unsafe_symbols "$development" | wc -l)" -gt 10 ] || complain "none in $development"; }

all_are_looked_at() {
    expect_same "programs" "$(for name in {census,cryptor,greeter}_enclave_nitro.linked; do find_program $name; done | wc -l)" 3 &&
        { [ "$(printf '%s\n' "${released[@]}" | grep -c '\.a$')" -ge 25 ] || complain "libraries: ${released[*]}"; }
}

sim_is_not_there() {
    try "$(find_program grille)" sim init "$scratch/nsm"
    expect_status 2 && expect_err 'this is a release build' && { [ ! -e "$scratch/nsm" ] || complain "it made one"; }
}

a_development_root_is_refused() {
    printf 'insecure_development_root: root.pem\npeers:\n  - name: e\n    kind: nitro\n    pcr0: %s\n' \
        "$(printf '12%.0s' {1..48})" >"$scratch/policy.yaml"
    try "$(find_program grille)" policy explain "$scratch/policy.yaml"
    [ "$status" -ne 0 ] && expect_err 'insecure_development_root is refused by this release build' &&
        expect_err 'policy.yaml:1:' || complain "it is read, status $status"
}

# Enclave programs stop before they read a policy where there is no NSM: they have the text of what refuses.
enclaves_refuse_it_too() {
    local one
    for one in {census,cryptor,greeter}_enclave_nitro.linked; do
        grep -qaF 'insecure_development_root is refused by this release build' "$(find_program "$one")" ||
            complain "$one takes a development root" || return 1
    done
    ! grep -qaF 'is refused by this release build' "$development" || complain "a development build has the text"
}

another_root_is_refused() {
    try "$(find_program grille)" attest verify --root tests/attest/synthetic/test_root.der \
        --at 2026-01-01T12:00:00Z tests/attest/synthetic/ok_untagged.cose
    expect_status 2 && expect_err 'the only root that this release build trusts' &&
        { [ ! -s "$scratch/out" ] || complain "prints to standard output"; } || return 1
    try "$(find_program grille)" attest verify --json --at 2026-01-01T12:00:00Z tests/attest/synthetic/ok_untagged.cose
    expect_status 4 && expect_out '"failed":["ATTEST-ROOT-MISMATCH"]'
}

check "the search finds unsafe symbols where they are" the_search_finds_them
check "libraries and programs are looked at" all_are_looked_at
for file in "${released[@]}"; do check "no unsafe symbol in ${file##*/}" is_clean "$file"; done
check "enclave programs refuse a development root" enclaves_refuse_it_too
if [ -n "$(find_program grille)" ]; then
    check "grille sim is not in a release" sim_is_not_there
    check "a development root is refused" a_development_root_is_refused
    check "another root is refused" another_root_is_refused
fi
finish
