#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the demo in a virtual machine shows what it says: the image of this build is attested by the measurements of its
# build and does the work; with one byte changed it is refused.
. tests/support/cases.sh

export GRILLE_BIN=$PWD
pcr() { sed -n "s/.*\"PCR$1\": \"\(.*\)\".*/\1/p" examples/cryptor/cryptor_image.measurements.json; }

the_image_of_the_build() {
    try examples/cryptor/demo.sh --vm
    expect_status 0 && expect_out "PCR0         $(pcr 0)  image" && expect_out 'cryptor              RUNNING' &&
        expect_out 'accepted by set "cryptor" under a DEVELOPMENT root' && expect_out "  PCR0 $(pcr 0)" &&
        expect_out "  PCR1 $(pcr 1)" && expect_out "  PCR2 $(pcr 2)" &&
        expect_out '11 card numbers and the data key searched in' && expect_out '13 lines, 9 answered, 4 bad' &&
        expect_out 'of the last ramdisk is changed' &&
        expect_out 'cryptor_parent: attest: UNAUTHENTICATED: ATTEST-PCR-MISMATCH: PCR0 differs: observed' &&
        expect_out 'refused: what booted is not what was built' && expect_out "expected $(pcr 0) by set \"cryptor\""
}

# Processes whose command line names a folder of the demo.
machines() { grep -lE '/tmp/cryptor-demo[.][^/]*/grille/enclaves' /proc/[0-9]*/cmdline 2>/dev/null; }

it_leaves_no_machine_behind() {
    local seen tries left
    (exec -a /tmp/cryptor-demo.test/grille/enclaves sleep 100) &
    for tries in {1..500}; do
        seen=$(machines)
        [ -z "$seen" ] || break
        sleep 0.02
    done
    kill %%
    wait %% 2>/dev/null
    [ -n "$seen" ] || complain "this test would not see one, in $tries looks" || return 1
    left=$(machines)
    [ -z "$left" ] || complain "left behind: $left"
}

misuse() {
    try examples/cryptor/demo.sh --vm one two
    expect_status 2 && expect_err 'demo: one file, not 2' && expect_err 'usage: demo.sh [--vm] [FILE]'
}

check "the image of the build" the_image_of_the_build
check "it leaves no machine behind" it_leaves_no_machine_behind
check "arguments" misuse
finish
