#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# cryptor_test.sh ENCLAVE: the demo with this program as its enclave.
. tests/support/cases.sh

enclave=$PWD/$1
export GRILLE_BIN=$scratch/bin

# The demo's folder, with the enclave exchanged and measured.
set_up() {
    mkdir -p "$GRILLE_BIN/examples" && cp -rs "$PWD/examples/cryptor" "$GRILLE_BIN/examples/" && cp -rs "$PWD/tools" "$GRILLE_BIN/" &&
        ln -sf "$enclave" "$GRILLE_BIN/examples/cryptor/cryptor_enclave" &&
        tools/measure/grille_measure "$enclave" >"$scratch/measurements.json" &&
        ln -sf "$scratch/measurements.json" "$GRILLE_BIN/examples/cryptor/measurements.json"
}

the_sample() {
    try examples/cryptor/demo.sh
    expect_status 0 && expect_out "  PCR0 $(sed -n 's/.*"PCR0": "\(.*\)".*/\1/p' "$scratch/measurements.json")" &&
        expect_out '13 lines, 9 answered, 4 bad' && expect_out ' bytes: 0 hits'
}

a_long_file() {
    yes '4111111111111111,Blue Bottle Books,24.90' | sed 2500q >"$scratch/long.csv"
    try examples/cryptor/demo.sh "$scratch/long.csv"
    expect_status 0 && expect_out "2500 lines, 2500 answered, 0 bad"
}

check "the enclave is put in" set_up
check "the sample" the_sample
check "a file of 100 KB" a_long_file
finish
