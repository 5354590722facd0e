#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: grille_measure prints what a policy pins, and says what is wrong.
. tests/support/cases.sh

measure=tools/measure/grille_measure

a_policy_takes_it() {
    try "$measure" "$measure"
    expect_status 0 && cp "$scratch/out" "$scratch/measurements.json" &&
        printf 'peers:\n  - name: e\n    kind: nitro\n    measurements: measurements.json\n' >"$scratch/policy.yaml" || return 1
    try tests/tools/load policy "$scratch/policy.yaml"
    expect_status 0
}

files_that_cannot_be_measured() {
    try "$measure" "$scratch/none"
    expect_status 1 && expect_err 'No such file' && expect_same "output" "$(cat "$scratch/out")" "" || return 1
    try "$measure" "$scratch"
    expect_status 1 && expect_same "output" "$(cat "$scratch/out")" ""
}

check "a policy takes it" a_policy_takes_it
check "files that cannot be measured" files_that_cannot_be_measured
check "wrong arguments" refuses_all "$measure" "" "a b"
finish
