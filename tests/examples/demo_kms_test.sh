#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the demo of a key service shows what it says: the enclave that was built gets the data key and answers every
# record, by both ways out; every other one, and every lie of the parent, is refused for its own reason.
. tests/support/cases.sh

export GRILLE_BIN=$PWD
demo=examples/kms/demo.sh
programs=examples/kms
pcr0() { sed -n 's/.*"PCR0": "\(.*\)".*/\1/p' "$1"; }

# The folders that the demos of this test make, one a line, told from those of anybody else's: they find this mktemp first.
mkdir "$scratch/bin"
cat >"$scratch/bin/mktemp" <<SH
#!/bin/sh
made=\$(/usr/bin/mktemp "\$@") && echo "\$made" >>"$scratch/made" && echo "\$made"
SH
chmod +x "$scratch/bin/mktemp"
export PATH=$scratch/bin:$PATH

left_nothing_behind() {
    local left
    [ -s "$scratch/made" ] || { complain "no demo made a folder"; return; }
    left=$(while read -r folder; do [ ! -e "$folder" ] || echo "$folder"; done <"$scratch/made")
    [ -z "$left" ] || complain "left behind: $left"
}

# after TITLE TEXT: a line with the text comes before the next title.
after() {
    sed -n "/^== $1/,/^== /p" "$scratch/out" | sed 1d | grep -v '^== ' | grep -qF -- "$2" ||
        complain "below \"$1\" there is no: $2"
}

# The case runs once; the others look at what it printed.
the_sample() {
    try "$demo"
    cp "$scratch/out" "$scratch/sample"
    expect_status 0 && expect_out 'Ada Abel,glucose,5.1' && expect_out 'done: one data key for one enclave'
}

sample_printed() {
    cp "$scratch/sample" "$scratch/out"
    : >"$scratch/err"
}

the_report() {
    sample_printed
    after 'an enclave of that image' 'peer: nitro i-0123456789abcdef0-enc' &&
        after 'an enclave of that image' 'accepted by set "records", under a DEVELOPMENT root' &&
        after 'an enclave of that image' 'glucose,4,4.8,5.643,7.25' && after 'an enclave of that image' 'potassium,3,3.9,4.15,4.45' &&
        after 'an enclave of that image' '12 records, 2 bad' &&
        after 'an enclave of that image' 'record 9: the value is no decimal number with at most three places' &&
        after 'an enclave of that image' 'record 11: there are fewer than 3 fields: patient,test,value'
}

the_taps_saw_nothing() {
    sample_printed
    after 'what taps on both' 'records, patients and the data key searched in ' && expect_out ' bytes: 0 hits' &&
        after 'what taps on both' "the parent's secret access key and session token searched there and in all logs: 0 hits" &&
        expect_same "bytes that the taps saw" "$(sed -n 's/.*(last bytes of \([0-9]*\) and \([0-9]*\))$/\1 \2/p' \
            "$scratch/out" | awk '{ print ($1 > 3000 && $2 > 3000) }')" 1
}

the_policy_pins_the_build() {
    sample_printed
    after "the key's policy" "$(pcr0 $programs/measurements.json)"
}

the_service_notes_the_image() {
    sample_printed
    after 'what the service noted' 'Decrypt by arn:aws:sts::111122223333:assumed-role/Records/' &&
        after 'what the service noted' 'attestationDocumentEnclaveImageDigest' &&
        after 'the same without a relay' 'Decrypt by arn:aws:sts::111122223333:assumed-role/Records/' &&
        after 'the same without a relay' 'peer: nitro'
}

# refused_for TITLE REASON
refused_for() {
    sample_printed
    after "$1" 'records_parent: refused: PERMISSION_DENIED: no data key: ' && after "$1" AccessDeniedException && after "$1" "$2"
}

its_parent_is_refused() {
    sample_printed
    after 'the parent asks the service itself' 'An error occurred (AccessDeniedException) when calling the Decrypt operation'
}

other_accounts() {
    sample_printed
    after 'a hostile parent brings credentials' AccessDeniedException &&
        after 'a hostile parent brings credentials' 'assumed-role/Mallory'
}

other_keys() {
    sample_printed
    after 'it brings records and a data key' 'INVALID_ARGUMENT: no data key: ' &&
        after 'it brings records and a data key' IncorrectKeyException
}

data_of_its_own() {
    sample_printed
    after 'it has the service wrap its data key' AccessDeniedException
}

other_contexts() {
    sample_printed
    after 'it passes the data set off' 'INVALID_ARGUMENT: no data key: ' &&
        after 'it passes the data set off' InvalidCiphertextException
}

a_record_left_out() {
    sample_printed
    after 'it leaves out the last record' \
        'INVALID_ARGUMENT: record 11 of data set "2026-11" was not sealed with this data key as the last one'
}

another_service() {
    sample_printed
    after 'it leads the way out to a key service of its own' 'UNAUTHENTICATED: no data key: ATTEST-CERT-SIGNATURE'
}

# What can't be sealed: the producer says why, and nothing is written that the parent could carry.
what_can_not_be_sealed() {
    mkdir "$scratch/owner"
    echo wrapped >"$scratch/wrapped"
    : >"$scratch/empty.csv"
    head -c 1025 /dev/zero | tr '\0' a >"$scratch/long.csv"
    try $programs/records_producer key "$scratch/owner"
    expect_status 0 || return
    try $programs/records_producer seal "$scratch/owner" a "$scratch/wrapped" "$scratch/empty.csv" "$scratch/sealed"
    expect_status 1 && expect_err 'records_producer: the file has no lines' || return
    try $programs/records_producer seal "$scratch/owner" a "$scratch/wrapped" "$scratch/long.csv" "$scratch/sealed"
    expect_status 1 && expect_err 'a record has more than 1,024 bytes' || return
    try $programs/records_producer seal "$scratch/owner" 'a b' "$scratch/wrapped" $programs/sample.csv "$scratch/sealed"
    expect_status 1 && expect_err 'no data set may be called "a b"' || return
    [ ! -e "$scratch/sealed" ] || complain "something is written"
}

# What the demo's search finds where it is: the key, a record, its patient, and a patient at the very end.
the_search_finds() {
    {
        head -c 5000 /dev/zero
        cat "$scratch/owner/data-key"
        printf 'xxAda Abel,glucose,5.1yyy'
        head -c 100 /dev/zero
        printf 'Kim Kolb'
    } >"$scratch/seen"
    try $programs/records_producer search "$scratch/owner" $programs/sample.csv "$scratch/seen"
    expect_status 1 && expect_out 'searched in 5165 bytes: 4 hits' || return
    try $programs/records_producer search "$scratch/owner" $programs/sample.csv "$scratch/empty.csv" "$scratch/long.csv"
    expect_status 0 && expect_out 'searched in 1025 bytes: 0 hits'
}

a_missing_file() {
    try "$demo" "$scratch/no such file"
    expect_status 1 && expect_err "demo: cannot read the file $scratch/no such file" &&
        expect_same "lines of the message" "$(wc -l <"$scratch/err")" 1
}

demo_says_how() { expect_usage "$demo" a b && expect_usage env -u GRILLE_BIN "$demo"; }

no_data_set() {
    echo 'no data set' >"$scratch/none"
    try $programs/records_parent --enclave unix:a --policy b --identity c "$scratch/none" d
    expect_status 1 && expect_err "records_parent: $scratch/none: it is no data set"
}

# What the enclave is told and can't use ends it at once, with what is wrong.
wrong_settings() {
    local enclave=$programs/records_enclave policy="$scratch/policy.yaml" sim="$scratch/nsm"
    local key=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    try tools/grille/grille sim init "$sim"
    try tools/grille/grille identity new ca "$scratch/ca"
    cp $programs/enclave.policy.yaml "$policy"
    told() {
        try $enclave --listen "unix:$scratch/socket" --policy "$policy" --nsm "$sim" "${@:2}"
        expect_status 1 && expect_err "$1"
    }
    head -c 65537 /dev/zero >"$scratch/large"
    told "records_enclave: --ca $scratch/no.pem: No such file or directory" --key $key --region eu-central-1 --ca "$scratch/no.pem" &&
        told 'it has more than 65,536 bytes' --key $key --region eu-central-1 --ca "$scratch/large" &&
        told 'ca_pem: certificate 1: a PEM block is malformed' --key $key --region eu-central-1 --ca "$policy" &&
        told "observed $key, expected arn:aws:kms:eu-west-1:ACCOUNT:key/ID" --key $key --region eu-west-1 --ca "$scratch/ca/ca.pem" &&
        told "observed alias/records, expected arn:aws:kms:eu-central-1:ACCOUNT:key/ID" --key alias/records --region eu-central-1 --ca "$scratch/ca/ca.pem"
}

check "the sample" the_sample
check "the report" the_report
check "the taps saw nothing" the_taps_saw_nothing
check "the policy pins the build" the_policy_pins_the_build
check "the service notes the image" the_service_notes_the_image
check "another image" refused_for 'another image, with one byte changed' NobodyElseByItsImage
check "a debug image" refused_for 'the right image in debug mode' NobodyElseByItsImage
check "another role" refused_for 'the right image, its instance has another role' NobodyElseByItsRole
check "another instance" refused_for 'the right image on another instance' NobodyElseByItsInstance
check "an unsigned image" refused_for 'the same program in an image that nobody signed' NobodyElseByItsSigner
check "the parent itself" its_parent_is_refused
check "credentials of another account" other_accounts
check "a data key of another key" other_keys
check "data that the parent makes up" data_of_its_own
check "a data set under another name" other_contexts
check "a record left out" a_record_left_out
check "another service in the place of the right one" another_service
check "what can't be sealed" what_can_not_be_sealed
check "the search finds what is there" the_search_finds
check "a missing file" a_missing_file
check "no data set" no_data_set
check "settings that the enclave can't use" wrong_settings
check "the demo says how it is started" demo_says_how
check "arguments of the enclave" refuses_all $programs/records_enclave "" "--listen a" "a b" \
    "--listen a --policy b --key c --region d --ca e f" "--listen a --policy b --key c --region d --ca e --port 0" \
    "--listen a --policy b --key c --region d --ca e --port 65536" "--listen a --policy b --key c --region d --ca e --port 1x"
check "arguments of the parent" refuses_all $programs/records_parent "" "--enclave a --policy b --identity c d" \
    "--enclave a --policy b d e" "--enclave a --policy b --identity c d e f" "--bogus --policy b --identity c d e"
check "arguments of the producer" refuses_all $programs/records_producer "" "key" "key a b" "seal a b c d" "open a b" \
    "search a b" "give a b"
check "nothing is left behind" left_nothing_behind
finish
