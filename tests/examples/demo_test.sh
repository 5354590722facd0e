#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the demo answers every line of whatever file it gets, or says clearly why it gives nothing away.
. tests/support/cases.sh

export GRILLE_BIN=$PWD
demo=examples/cryptor/demo.sh
programs=examples/cryptor

# luhn_numbers COUNT: so many valid card numbers of 16 digits.
luhn_numbers() {
    awk -v count="$1" 'BEGIN {
        for (n = 0; n < count; n++) {
            digits = sprintf("4%014d", n * 7919)
            sum = 0
            for (at = 1; at <= 15; at++) {
                d = substr(digits, at, 1)
                if (at % 2 == 1) d = d > 4 ? 2 * d - 9 : 2 * d
                sum += d
            }
            print digits (10 - sum % 10) % 10
        }
    }'
}

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

the_sample() {
    try "$demo"
    expect_status 0 && expect_out '4111 1111 1111 1111,Blue Bottle Books,24.90' &&
        expect_out 'accepted by set "cryptor" under a DEVELOPMENT root' &&
        expect_out "  PCR0 $(sed -n 's/.*"PCR0": "\(.*\)".*/\1/p' $programs/measurements.json)" &&
        expect_out '11 card numbers and the data key searched in' && expect_out ' bytes: 0 hits' &&
        expect_out '2,411111******1111,tok_' && expect_out '"Harbour Tea, Est. 1871",1,7.50' &&
        expect_out 'Blue Bottle Books,2,86.05' && expect_out 'Corner Pharmacy,2,0.00' &&
        expect_out '13 lines, 9 answered, 4 bad; line 1 names the columns' && expect_out 'line 7: the card number fails the Luhn check' &&
        expect_out 'line 14: there are fewer than 3 fields' && expect_out 'done in '
}

# The same number is the same token, whatever separates its digits, and another number another token.
tokens_are_stable() {
    printf '4111 1111 1111 1111,A,1\n4111-1111-1111-1111,B,2\n4111111111111111,C,3\n5105105105105100,D,4\n' \
        >"$scratch/tokens.csv"
    try "$demo" "$scratch/tokens.csv"
    expect_status 0 &&
        expect_same "tokens of one number" "$(grep -o '^[123],411111.*tok_[0-9a-f]*' "$scratch/out" | grep -o 'tok_.*' |
            sort -u | wc -l)" 1 &&
        expect_same "tokens in all" "$(grep -o 'tok_[0-9a-f]\{32\}' "$scratch/out" | sort -u | wc -l)" 2
}

three_thousand_lines() {
    luhn_numbers 3000 | awk '{ printf "%s,Merchant %d,%d.%02d\n", $1, NR % 40, NR % 977, NR % 100 }' >"$scratch/big.csv"
    local cents
    cents=$(awk 'NR % 40 == 7 { cents += (NR % 977) * 100 + NR % 100 } END { printf "%d.%02d", cents / 100, cents % 100 }' \
        "$scratch/big.csv")
    sed -i '1i card,merchant,amount' "$scratch/big.csv"
    try listed_whole "$scratch/big.csv"
    expect_status 0 && expect_out '3000 card numbers and the data key searched in' && expect_out ' bytes: 0 hits' &&
        expect_out '3000 lines, 3000 answered, 0 bad; line 1 names the columns' && expect_out "Merchant 7,75,$cents" &&
        expect_same "answered lines" "$(grep -c '^[0-9]*,4[0-9]\{5\}\*\{6\}[0-9]\{4\},tok_' "$scratch/out")" 3000 &&
        expect_same "tokens" "$(grep -o 'tok_[0-9a-f]*' "$scratch/out" | sort -u | wc -l)" 3000
}

# The demo with its listing cut at 100,000 lines instead of 24.
listed_whole() {
    sed 's/\b24\b/100000/g' "$demo" >"$scratch/demo.sh"
    cp $programs/*.yaml "$scratch/"
    bash "$scratch/demo.sh" "$1"
}

a_binary_file() {
    head -c 100000 "$programs/cryptor_enclave" >"$scratch/binary"
    local lines
    lines=$(tr -d '\n' <"$scratch/binary" | wc -c)
    lines=$((100000 - lines))
    try "$demo" "$scratch/binary"
    expect_status 0 && expect_out ' 0 answered, ' && expect_out 'the line holds a zero byte' &&
        expect_same "control characters shown" "$(tr -d '\n\t' <"$scratch/out" | LC_ALL=C tr -cd '\000-\037\177' | wc -c)" 0 &&
        expect_same "lines taken or empty" "$(($(sed -n 's/^\([0-9]*\) lines, .*/\1/p' "$scratch/out") <= lines + 1))" 1
}

an_empty_file() {
    : >"$scratch/empty.csv"
    try "$demo" "$scratch/empty.csv"
    expect_status 0 && expect_out '0 lines, 0 answered, 0 bad' && expect_out '0 card numbers and the data key'
}

lines_end_as_on_windows() {
    printf 'card,merchant,amount\r\n4111111111111111,A,1.5\r\n\r\nbad\r\n' >"$scratch/crlf.csv"
    try "$demo" "$scratch/crlf.csv"
    expect_status 0 && expect_out '2,411111******1111,tok_' && expect_out ',A,1.50' && expect_out '2 lines, 1 answered, 1 bad' &&
        expect_out 'line 4: there are fewer than 3 fields'
}

# 1 MiB of the shortest bad lines: the longest answer that there is.
a_file_at_the_limit() {
    yes 7 | head -c 1048576 >"$scratch/limit.csv"
    try "$demo" "$scratch/limit.csv"
    expect_status 0 && expect_out '524288 lines, 0 answered, 524288 bad' && expect_out '… 524264 more lines' && expect_out 'line 19: there are fewer than 3'
}

a_file_over_the_limit() {
    yes 7 | head -c 1048577 >"$scratch/over.csv"
    try "$demo" "$scratch/over.csv"
    expect_status 1 && expect_err "$scratch/over.csv has more than 1048576 bytes, the most that is taken" &&
        expect_err 'demo: the owner gives nothing away'
}

a_missing_file() {
    try "$demo" "$scratch/no such file"
    expect_status 1 && expect_err "demo: cannot read the file $scratch/no such file" &&
        expect_same "lines of the message" "$(wc -l <"$scratch/err")" 1
}

a_folder() {
    try "$demo" "$scratch"
    expect_status 1 && expect_err "demo: cannot read the file $scratch"
}

demo_says_how() {
    expect_usage "$demo" a b && expect_usage env -u GRILLE_BIN "$demo"
}

# An enclave of another build than the one that was measured gets nothing: the parent refuses it.
another_build() {
    mkdir -p "$scratch/bin/tools/grille" "$scratch/bin/examples/cryptor"
    cp tools/grille/grille "$scratch/bin/tools/grille/"
    cp $programs/cryptor_* $programs/measurements.json "$scratch/bin/examples/cryptor/"
    printf 'x' >>"$scratch/bin/examples/cryptor/cryptor_enclave"
    try env GRILLE_BIN="$scratch/bin" "$demo"
    expect_status 1 && expect_err 'UNAUTHENTICATED' && expect_err 'PCR' && expect_err 'demo: the parent failed'
}

enclave_does_not_start() {
    mkdir -p "$scratch/none/tools/grille" "$scratch/none/examples/cryptor"
    cp tools/grille/grille "$scratch/none/tools/grille/"
    cp $programs/measurements.json "$scratch/none/examples/cryptor/"
    cp /bin/false "$scratch/none/examples/cryptor/cryptor_enclave"
    try env GRILLE_BIN="$scratch/none" "$demo"
    expect_status 1 && expect_err 'has ended'
}

check "the sample" the_sample
check "tokens are stable" tokens_are_stable
check "3,000 lines of one's own" three_thousand_lines
check "a binary file" a_binary_file
check "an empty file" an_empty_file
check "lines that end as on Windows" lines_end_as_on_windows
check "a file at the limit" a_file_at_the_limit
check "a file over the limit" a_file_over_the_limit
check "a missing file" a_missing_file
check "a folder" a_folder
check "the demo says how it is started" demo_says_how
check "an enclave of another build" another_build
check "an enclave that does not start" enclave_does_not_start
check "arguments of the enclave" refuses_all $programs/cryptor_enclave "" "unix:a" "unix:a b c d"
check "arguments of the parent" refuses_all $programs/cryptor_parent "" "attest a b c d" "attest a b c d e keep" \
    "attest a b c d e hold f" "give a b c d e"
check "arguments of the owner" refuses_all $programs/cryptor_owner "" "challenge a" "challenge a b c" "seal a b c" \
    "seal a b c d e" "open a" "open a b c" "search a b" "search a b c d" "give a b"
check "arguments of the tap" refuses_all $programs/cryptor_tap "" "a b" "a b c d"
check "nothing is left behind" left_nothing_behind
finish
