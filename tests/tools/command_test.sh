#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the grille command says what it can do, and what is wrong with a command line.
. tests/support/cases.sh

grille=tools/grille/grille

help_is_no_error() {
    local word
    for word in help --help; do
        try "$grille" "$word"
        expect_status 0 && expect_out 'grille attest verify' && expect_out 'grille identity new ca|x509' && expect_out 'grille sim init' &&
            expect_same "standard error" "$(cat "$scratch/err")" "" || return 1
    done
}

names_what_is_wrong() {
    expect_usage "$grille" && expect_err 'grille: what to do?' &&
        expect_usage "$grille" identify && expect_err 'there is no "identify"; the nearest is identity' &&
        expect_usage "$grille" polisy && expect_err 'the nearest is policy' &&
        expect_usage "$grille" frobnicate && expect_err 'grille: there is no "frobnicate"' && expect_no_err nearest &&
        expect_usage "$grille" help me && expect_usage "$grille" "" && expect_err 'there is no ""'
}

check "help" help_is_no_error
check "wrong words" names_what_is_wrong
finish
