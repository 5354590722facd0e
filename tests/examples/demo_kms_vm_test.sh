#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the demo of a key service with images in virtual machines: the signed image of this build gets the data key, over
# a real vsock and a relay, and every other image, machine and parent is refused.
. tests/support/cases.sh

export GRILLE_BIN=$PWD

after() {
    sed -n "/^== $1/,/^== /p" "$scratch/out" | sed 1d | grep -v '^== ' | grep -qF -- "$2" ||
        complain "below \"$1\" there is no: $2"
}

refused_for() { after "$1" AccessDeniedException && after "$1" "NobodyElseByIts$2"; }

images_in_machines() {
    try examples/kms/demo.sh --vm
    expect_status 0 && after 'an enclave of that image' 'accepted by set "records", under a DEVELOPMENT root' &&
        after 'an enclave of that image' '12 records, 2 bad' && after 'what taps on both' ' bytes: 0 hits' &&
        after 'what the service noted' attestationDocumentEnclaveImageDigest &&
        refused_for 'another image, with one byte changed' Image &&
        refused_for 'the right image in debug mode' Image &&
        refused_for 'the right image, its instance has another role' Role &&
        refused_for 'the right image on another instance' Instance &&
        refused_for 'the same program in an image that nobody signed' Signer &&
        after 'a hostile parent brings credentials' AccessDeniedException &&
        after 'it brings records and a data key' IncorrectKeyException &&
        after 'it passes the data set off' InvalidCiphertextException &&
        after 'it leaves out the last record' 'was not sealed with this data key as the last one' &&
        after 'it leads the way out to a key service of its own' 'UNAUTHENTICATED: no data key: '
}

check "images in machines" images_in_machines
finish
