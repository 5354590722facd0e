#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: grille sim init makes a development root for its user alone, once.
. tests/support/cases.sh

grille=tools/grille/grille
load=tests/tools/load
dir=$scratch/made
mkdir "$dir"

mode_of() { stat -c %a "$1"; }

a_root() {
    (umask 0 && "$grille" sim init "$dir/nsm" >"$scratch/out" 2>"$scratch/err") || complain "failed"
    expect_out "$dir/nsm/insecure-root.pem" && expect_out 'It proves nothing' && expect_err 'INSECURE' &&
        expect_same "mode of the folder" "$(mode_of "$dir/nsm")" 700 &&
        expect_same "mode of the key" "$(mode_of "$dir/nsm/insecure-root-key.pem")" 600 &&
        expect_same "mode of the certificate" "$(mode_of "$dir/nsm/insecure-root.pem")" 644 &&
        expect_same "files" "$(ls "$dir/nsm" | xargs)" "insecure-root-key.pem insecure-root.pem"
}

openssl_takes_it() {
    openssl verify -check_ss_sig -CAfile "$dir/nsm/insecure-root.pem" "$dir/nsm/insecure-root.pem" >"$scratch/out" 2>&1 &&
        openssl x509 -in "$dir/nsm/insecure-root.pem" -noout -text | grep -q 'NIST CURVE: P-384' &&
        expect_same "key" "$(openssl pkey -in "$dir/nsm/insecure-root-key.pem" -pubout)" \
            "$(openssl x509 -in "$dir/nsm/insecure-root.pem" -noout -pubkey)" || complain "not for OpenSSL"
}

a_policy_takes_it() {
    printf 'insecure_development_root: nsm/insecure-root.pem\npeers:\n  - name: e\n    kind: nitro\n    pcr0: %s\n' \
        "$(printf '12%.0s' {1..48})" >"$dir/policy.yaml"
    try "$load" policy "$dir/policy.yaml"
    expect_status 0 && expect_out accepted
}

roots_differ() {
    try "$grille" sim init "$dir/other"
    expect_status 0 || return 1
    ! cmp -s "$dir/nsm/insecure-root.pem" "$dir/other/insecure-root.pem" || complain "the same root twice"
}

an_empty_folder_of_ones_own() {
    mkdir -m 700 "$dir/empty"
    try "$grille" sim init "$dir/empty"
    expect_status 0
}

existing_files_stay() {
    local before file
    before=$(cat "$dir/nsm/"*)
    try "$grille" sim init "$dir/nsm"
    expect_status 1 && expect_err 'File exists' && expect_same "root" "$(cat "$dir/nsm/"*)" "$before" || return 1
    for file in insecure-root-key.pem insecure-root.pem; do
        mkdir -m 700 "$dir/has-$file" && echo mine >"$dir/has-$file/$file"
        try "$grille" sim init "$dir/has-$file"
        expect_status 1 && expect_same "$file" "$(cat "$dir/has-$file/$file")" mine &&
            expect_same "files" "$(ls "$dir/has-$file")" "$file" || return 1
    done
}

a_folder_open_to_others() {
    mkdir -m 755 "$dir/open"
    try "$grille" sim init "$dir/open"
    expect_status 1 && expect_err "chmod 700 $dir/open" && expect_same "files" "$(ls "$dir/open")" ""
}

places_that_cannot_be() {
    try "$grille" sim init "$dir/no/such/folder"
    expect_status 1 && expect_err 'cannot make the folder: No such file or directory' || return 1
    try "$grille" sim init "$dir/policy.yaml"
    expect_status 1 && expect_err 'Not a directory'
}

check "a root" a_root
check "OpenSSL takes it" openssl_takes_it
check "a policy takes it" a_policy_takes_it
check "roots differ" roots_differ
check "an empty folder of one's own" an_empty_folder_of_ones_own
check "existing files stay" existing_files_stay
check "a folder open to others" a_folder_open_to_others
check "places that cannot be" places_that_cannot_be
check "wrong arguments" refuses_all "$grille" "sim" "sim start" "sim init" "sim init $dir/a $dir/b"
check "an empty folder name" expect_usage "$grille" sim init ""
finish
