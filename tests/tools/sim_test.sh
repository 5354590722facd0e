#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: grille sim init makes a simulated NSM for its user alone, once; grille sim show tells what it says of itself.
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
        expect_same "files" "$(ls "$dir/nsm" | xargs)" "insecure-module.yaml insecure-root-key.pem insecure-root.pem" &&
        expect_same "mode of the settings" "$(mode_of "$dir/nsm/insecure-module.yaml")" 600
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
    for file in insecure-root-key.pem insecure-root.pem insecure-module.yaml; do
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

# sha384_hex: of standard input
sha384_hex() { openssl dgst -sha384 -r | cut -d' ' -f1; }
# extended HEX…: SHA384 of 48 zero bytes and these bytes
extended() { (head -c 48 /dev/zero && echo "$1" | xxd -r -p) | sha384_hex; }

role=arn:aws:iam::123456789012:role/Webserver
zeros=$(printf '00%.0s' {1..48})
ones=$(printf '11%.0s' {1..48})

# show_json DIR: what it shows goes to $scratch/fields too, a line "name value" for each field
show_json() {
    try "$grille" sim show --json "$1"
    /usr/bin/python3 -c 'import json, sys
def lines(prefix, value):
    for name, inner in value.items():
        if isinstance(inner, dict): lines(name + " ", inner)
        else: print(prefix + name, inner if isinstance(inner, str) else json.dumps(inner))
lines("", json.load(sys.stdin))' <"$scratch/out" >"$scratch/fields"
}

# field NAME…
field() { sed -n "s|^$* ||p" "$scratch/fields"; }

chosen_and_computed() {
    cp /bin/true "$dir/an enclave"
    try "$grille" sim init "$dir/chosen" --role "$role" --instance i-0123456789abcdef0 --pcr 8="$ones" --pcr=31="$ones" \
        --executable "$dir/an enclave" --region eu-test-9
    expect_status 0 && expect_err INSECURE || return 1
    show_json "$dir/chosen"
    expect_status 0 && expect_err INSECURE &&
        expect_same root "$(field root_sha256)" \
            "$(openssl x509 -in "$dir/chosen/insecure-root.pem" -outform der | sha256sum | cut -d' ' -f1)" &&
        expect_same until "$(field root_not_after_ms)" \
            "$(date -u -d "$(openssl x509 -in "$dir/chosen/insecure-root.pem" -noout -enddate | cut -d= -f2)" +%s)000" &&
        expect_same region "$(field region)" eu-test-9 && expect_same role "$(field role)" "$role" &&
        expect_same instance "$(field instance_id)" i-0123456789abcdef0 &&
        expect_same executable "$(field executable)" "$dir/an enclave" && expect_same debug "$(field debug)" false &&
        expect_same insecure "$(field insecure)" true &&
        expect_same PCR0 "$(field pcrs 0)" "$(extended "$(sha384_hex <"$dir/an enclave")")" &&
        expect_same PCR1 "$(field pcrs 1)" "$(field pcrs 0)" &&
        expect_same PCR2 "$(field pcrs 2)" "$(extended "$(sha384_hex </dev/null)")" &&
        expect_same PCR3 "$(field pcrs 3)" "$( (head -c 48 /dev/zero && printf %s "$role") | sha384_hex)" &&
        expect_same PCR4 "$(field pcrs 4)" "$( (head -c 48 /dev/zero && printf i-0123456789abcdef0) | sha384_hex)" &&
        expect_same PCR8 "$(field pcrs 8)" "$ones" && expect_same PCR31 "$(field pcrs 31)" "$ones" &&
        expect_same PCR16 "$(field pcrs 16)" "$zeros" || return 1
    try "$grille" sim show "$dir/chosen"
    expect_status 0 && expect_out "instance     i-0123456789abcdef0" && expect_out "PCR31        $ones" &&
        expect_out "$role" && ! grep -q '^PCR16' "$scratch/out" || complain "the table is wrong"
}

what_is_left_open() {
    show_json "$dir/nsm"
    expect_status 0 && expect_same PCR0 "$(field pcrs 0)" null && expect_same PCR1 "$(field pcrs 1)" null &&
        expect_same role "$(field role)" null && expect_same PCR3 "$(field pcrs 3)" "$zeros" || return 1
    try "$grille" sim show "$dir/nsm"
    expect_status 0 && expect_out 'PCR0         of the program that opens the folder' && expect_out 'role         none' &&
        expect_out 'debug        no'
}

a_debug_enclave() {
    local pcr
    try "$grille" sim init "$dir/debug" --debug --role "$role"
    expect_status 0 || return 1
    show_json "$dir/debug"
    expect_same debug "$(field debug)" true || return 1
    for pcr in 0 1 2 8; do expect_same PCR "$(field pcrs $pcr)" "$zeros" || return 1; done
    [ "$(field pcrs 3)" != "$zeros" ] && [ "$(field pcrs 4)" != "$zeros" ] || complain "PCR3 or PCR4 is zero"
}

no_more_secure_than_it_was() {
    chmod 640 "$dir/nsm/insecure-root-key.pem"
    try "$grille" sim show "$dir/nsm"
    expect_status 1 && expect_err "chmod 600 $dir/nsm/insecure-root-key.pem" || return 1
    chmod 600 "$dir/nsm/insecure-root-key.pem" && chmod 750 "$dir/nsm"
    try "$grille" sim show "$dir/nsm"
    expect_status 1 && expect_err "chmod 700 $dir/nsm" || return 1
    chmod 700 "$dir/nsm" && echo "colour: red" >>"$dir/nsm/insecure-module.yaml"
    try "$grille" sim show "$dir/nsm"
    expect_status 1 && expect_err "insecure-module.yaml:" && expect_err "the keys are" || return 1
    sed -i '$d' "$dir/nsm/insecure-module.yaml"
    try "$grille" sim show "$dir/nsm"
    expect_status 0 || return 1
    try "$grille" sim show "$dir/nowhere"
    expect_status 1 && expect_err 'grille sim init'
}

wrong_values() {
    local bad
    for bad in "--pcr 0" "--pcr 32=$ones" "--pcr 01=$ones" "--pcr 0=${ones}11" "--pcr 0=${ones%1}" "--pcr =$ones" \
        "--pcr -1=$ones" "--pcr 3=$ones --pcr 3=$zeros" "--debug --pcr 8=$ones" "--role admin" "--role" "--instance i-1" \
        "--region EU" "--executable $dir/nowhere" "--executable $dir" "--debug --debug" "--debug=yes" "--role a --role b" \
        "--colour red"; do
        # shellcheck disable=SC2086 # words
        expect_usage "$grille" sim init "$dir/wrong" $bad && [ ! -e "$dir/wrong" ] || {
            echo "  arguments: $bad"
            return 1
        }
    done
}

help() {
    try "$grille" sim --help
    expect_status 0 && expect_out 'sim show' || return 1
    try "$grille" sim init --help
    expect_status 0 && expect_out '--executable FILE' || return 1
    try "$grille" sim show --help
    expect_status 0 && expect_out '--json'
}

check "a root" a_root
check "OpenSSL takes it" openssl_takes_it
check "a policy takes it" a_policy_takes_it
check "roots differ" roots_differ
check "an empty folder of one's own" an_empty_folder_of_ones_own
check "existing files stay" existing_files_stay
check "a folder open to others" a_folder_open_to_others
check "places that cannot be" places_that_cannot_be
check "PCRs chosen and computed" chosen_and_computed
check "what is left open" what_is_left_open
check "a debug enclave" a_debug_enclave
check "refused when opened too" no_more_secure_than_it_was
check "wrong values" wrong_values
check "help" help
check "wrong arguments" refuses_all "$grille" "sim" "sim start" "sim init" "sim init $dir/a $dir/b" "sim show" \
    "sim show $dir/a $dir/b" "sim show --yaml $dir/nsm" "sim show --json"
check "an empty folder name" expect_usage "$grille" sim init ""
finish
