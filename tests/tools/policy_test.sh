#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: grille policy tells what a policy means, what changed in it and what it makes of a document; adds a set without
# touching anything else; and refuses what is no policy with a place and a reason.
. tests/support/cases.sh

grille=$PWD/tools/grille/grille
synthetic=$PWD/tests/attest/synthetic
document=$synthetic/ok_untagged.cose
at=2026-01-01T12:00:00Z
cd "$scratch" || exit 1

hex() { printf "$1%.0s" {1..48}; }
pcr0=$("$grille" attest show --json "$document" | sed 's/.*"pcrs":{"0":"\([0-9a-f]*\)".*/\1/')
pcr4=$("$grille" attest show --json "$document" | sed 's/.*"4":"\([0-9a-f]*\)".*/\1/')

{
    echo "-----BEGIN CERTIFICATE-----"
    base64 -w 64 "$synthetic/test_root.der"
    echo "-----END CERTIFICATE-----"
} >root.pem
"$grille" identity new ca ca >out

cat >policy.yaml <<YAML
# whom we trust
peers:
  - name: parent
    kind: x509
    ca: ca/ca.pem
    names: ["spiffe://acme.example/parent", host.example]
    may_call: ["/acme.v1.Cryptor/*"]
  - name: tokenizer   # the first build
    kind: nitro
    pcr0: $(hex 12)   # of build 7
    role: arn:aws:iam::123456789012:role/tokenizer
    # belongs to tokenizer
  # for all

# the end
max_age: 10m
YAML

measured() {
    printf '{\n  "Measurements": {\n    "HashAlgorithm": "Sha384 { ... }",\n'
    printf '    "PCR0": "%s",\n    "PCR1": "%s",\n    "PCR2": "%s"%s\n  }\n}\n' "$(hex "$1")" "$(hex 4f)" "$(hex 5f)" "${2-}"
}
measured 3f >measurements.json

check_names_sets() {
    try "$grille" policy check policy.yaml
    expect_status 0 && expect_out 'policy.yaml: OK, 2 sets' && expect_out 'x509      parent' &&
        expect_out 'nitro     tokenizer' && expect_same "standard error" "$(cat err)" ""
}

# bare FILE LINES…: a policy of one set.
bare() {
    local file=$1
    shift
    printf 'peers:\n  - name: bare\n    kind: nitro\n' >"$file"
    printf '    %s\n' "$@" >>"$file"
}

check_warns() {
    bare image.yaml "pcr0: $(hex 12)" && bare signer.yaml "pcr8: $(hex 12)" || return 1
    for file in image signer; do
        try "$grille" policy check $file.yaml
        expect_status 0 && expect_out OK && expect_err "warning: $file.yaml:2:5: set \"bare\"" || return 1
        try "$grille" policy check --strict $file.yaml
        expect_status 4 && expect_err "warning: " || return 1
    done
    try "$grille" policy check --strict policy.yaml
    expect_status 0
}

# The digest is SHA-384 of the text where no file is named, and of digest and file for each that is.
check_tells_the_digest() {
    { echo 'version: 7' && cat image.yaml; } >numbered.yaml
    try "$grille" policy check numbered.yaml
    expect_out "digest    $(sha384sum <numbered.yaml | cut -d' ' -f1)" && expect_out 'version   7' || return 1
    try "$grille" policy check policy.yaml
    expect_out "digest    $( (sha384sum <policy.yaml | cut -d' ' -f1 | tr a-f A-F | basenc -d --base16 && cat ca/ca.pem) |
        sha384sum | cut -d' ' -f1)"
}

# refused TEXT PLACE WORDS…
refused() {
    local word
    printf '%b' "$1" >bad.yaml
    try "$grille" policy check bad.yaml
    expect_status 2 && expect_err "$2" && { [ ! -s out ] || complain "prints to standard output"; } || return 1
    shift 2
    for word in "$@"; do expect_err "$word" || return 1; done
}

check_refuses() {
    refused 'peers:\n  - name: a\n    kind: nitro\n    pcr00: 1\n' 'bad.yaml:4:5: ' 'pcr0' POLICY-UNKNOWN-KEY &&
        refused 'pers:\n  - name: a\n' 'bad.yaml:1:1: ' 'peers' &&
        refused "peers:\n  - name: a\n    kind: nitro\n    pcr0: $(hex 00)\n" 'bad.yaml:4:11: ' POLICY-ZERO-PCR &&
        refused "peers:\n  - name: a\n    name: b\n" 'bad.yaml:' && refused '' 'bad.yaml:1:1: ' POLICY-EMPTY &&
        refused 'peers: [' 'bad.yaml:' POLICY-SYNTAX &&
        refused "peers:\n  - name: a\n    kind: nitro\n    pcr4: $(hex 12)\n" 'bad.yaml:2:5: ' POLICY-WEAK-SET
}

files_that_cannot_be_read() {
    local verb
    for verb in check explain "add --name a --measurements measurements.json" "diff policy.yaml"; do
        # shellcheck disable=SC2086 # words
        expect_usage "$grille" policy $verb no-such-file && expect_err 'No such file' &&
            expect_usage "$grille" policy $verb . && expect_err 'regular file' || return 1
    done
    expect_usage "$grille" policy explain --document no-such-file policy.yaml && expect_err 'No such file' &&
        expect_usage "$grille" policy explain --document . policy.yaml && expect_err 'Is a directory' &&
        expect_usage "$grille" policy add policy.yaml --name a --measurements no-such-file &&
        expect_usage "$grille" policy add policy.yaml --name a --measurements . &&
        expect_usage "$grille" policy sign --key no-such-file policy.yaml &&
        expect_usage "$grille" policy sign --key ca/ca.key no-such-file
}

explain_says_who_and_what_is_open() {
    local text
    try "$grille" policy explain policy.yaml
    expect_status 0 || return 1
    for text in '"tokenizer" accepts an enclave' "pcr0: $(hex 12)  # image" 'role of the parent instance' \
        'may call: nothing of ours' 'NOT checked:' 'on which instance it runs' 'who signed the image' \
        '"parent" accepts whoever has the key' 'names: host.example' '/acme.v1.Cryptor/*' 'revocation' \
        'AWS Nitro Enclaves root G1' 'no older than 10 min' 'CN=grille development CA'; do
        expect_out "$text" || return 1
    done
    bare signer.yaml "pcr8: $(hex 12)"
    try "$grille" policy explain signer.yaml
    expect_out 'every image that this signer ever signed passes' && expect_out "in which account" || return 1
    printf 'insecure_allow_debug: true\ninsecure_development_root: root.pem\n' >>signer.yaml
    try "$grille" policy explain signer.yaml
    expect_out 'INSECURE: debug enclaves pass' && expect_out 'INSECURE: documents of enclaves end at a development root'
}

explain_judges_a_document() {
    bare good.yaml "pcr0: $pcr0" && bare late.yaml "pcr0: $pcr0" "not_after: 2025-12-31T00:00:00Z" &&
        bare claims.yaml "pcr0: $pcr0" "min_build: 7" "refuse: [logs]" && bare other.yaml "pcr0: $(hex 12)" "pcr4: $pcr4" "pcr16: $(hex 13)"
    for file in good late claims other; do echo 'insecure_development_root: root.pem' >>$file.yaml; done
    try "$grille" policy explain --document "$document" --at $at good.yaml
    expect_status 0 && expect_out 'the document itself is good' && expect_out 'accepts it' || return 1
    try "$grille" policy explain --document "$document" --at $at late.yaml
    expect_status 4 && expect_out 'ended 2025-12-31T00:00:00Z' || return 1
    try "$grille" policy explain --document "$document" --at $at claims.yaml
    expect_status 0 && expect_out 'claims build 7' &&
        expect_out 'other claims fit too (refuse)' || return 1
    try "$grille" policy explain --document "$document" --at $at other.yaml
    expect_status 4 && expect_out "PCR0 differs (image)" && expect_out "observed $pcr0" && expect_out "expected $(hex 12)" &&
        expect_out "PCR16 differs" && expect_out "observed none" && { ! grep -q PCR4 out || complain "PCR4 is the same"; } || return 1
    try "$grille" policy explain --document "$document" good.yaml
    expect_status 4 && expect_out 'REFUSED' && expect_out 'ATTEST-CERT-EXPIRED' && expect_out 'its measurements pass' || return 1
    try "$grille" policy explain --document "$synthetic/pol_debug.cose" --at $at good.yaml
    expect_status 4 && expect_out ATTEST-DEBUG || return 1
    try "$grille" policy explain --document "$synthetic/bad_truncated.cose" --at $at good.yaml
    expect_status 4 && expect_out 'REFUSED'
}

all_kinds_have_words() {
    "$grille" identity new psk --id gate-1 --role initiator -o gate.psk >out && cat >kinds.yaml <<YAML
version: 7
reattest: 1h
peers:
  - name: twin
    kind: nitro
    peer: self
    refuse: [logs, debug]
    policy_digest: [$(hex 9d)]
  - name: gate
    kind: psk
    psk: gate.psk
  - name: visitors
    kind: anonymous
    may_call: ["/acme.v1.Info/Version"]
YAML
    try "$grille" policy explain kinds.yaml
    expect_status 0 || return 1
    for text in 'peer: self  # PCR0, 1 and 2 are those of the enclave' 'refuse: debug' 'refuse: logs' \
        "policy_digest: $(hex 9d)" 'psk: gate-1, initiator, key ' 'who else has a copy of the key' \
        '"visitors" accepts anybody' '/acme.v1.Info/Version' 'version: 7' 'reattest: 3600000ms'; do
        expect_out "$text" || return 1
    done
    try "$grille" policy explain --document "$document" --at $at kinds.yaml
    expect_status 4 && expect_out 'only there can this be told' && expect_out 'is of kind psk' || return 1
    sed -e 's/peer: self/pcr0: '"$(hex 12)"'/' -e 's/\[logs, debug\]/[logs]/' -e 's/version: 7/version: 8/' kinds.yaml >later.yaml
    "$grille" identity new psk --id gate-1 --role initiator -o other.psk >out && sed -i 's/gate.psk/other.psk/' later.yaml
    try "$grille" policy diff kinds.yaml later.yaml
    expect_status 1 && expect_out '- peer: self' && expect_out "+ pcr0: $(hex 12)" && expect_out '- refuse: debug' &&
        expect_out '+ version: 8' && expect_out '- psk: gate-1, initiator' && expect_out '+ psk: gate-1, initiator' &&
        { ! grep -q 'pcr0: 0' out || complain "zero PCRs"; } || return 1
    try "$grille" policy add kinds.yaml --name build --measurements measurements.json
    expect_status 0
}

diff_finds_nothing() {
    printf 'max_age: 600s\npeers:\n' >same.yaml
    sed -n '8,12p;3,7p' policy.yaml >>same.yaml
    try "$grille" policy diff policy.yaml same.yaml
    expect_status 0 && expect_same "output" "$(cat out err)" ""
}

diff_finds_all() {
    sed -e "s/$(hex 12)/$(hex 13)/" -e 's/host.example/other.example/' -e 's/max_age: 10m/max_age: 9m/' \
        -e 's/Cryptor/Admin/' policy.yaml >changed.yaml
    printf 'insecure_allow_debug: true\n' >>changed.yaml
    sed -i '3i\  - name: third\n    kind: nitro\n    not_after: 2027-01-31T00:00:00Z\n    pcr0: '"$(hex 77)" changed.yaml
    try "$grille" policy diff policy.yaml changed.yaml
    expect_status 1 || return 1
    for text in 'changed for all sets' '- max_age: 600000ms' '+ max_age: 540000ms' '+ insecure_allow_debug: true' \
        'changed set "parent"' '- names: host.example' '+ names: other.example' '- may_call: /acme.v1.Cryptor/*' \
        'changed set "tokenizer"' "- pcr0: $(hex 12)" "+ pcr0: $(hex 13)" 'added set "third"' \
        '+ not_after: 2027-01-31T00:00:00Z'; do
        expect_out "$text" || return 1
    done
    try "$grille" policy diff changed.yaml policy.yaml
    expect_status 1 && expect_out 'removed set "third"' && expect_out "- pcr0: $(hex 77)" || return 1
    try "$grille" policy diff policy.yaml bad.yaml
    expect_status 2
}

add_touches_nothing_else() {
    cp policy.yaml grown.yaml && chmod 640 grown.yaml && ln -s grown.yaml link.yaml
    try "$grille" policy add link.yaml --name 'the "second" build' --measurements measurements.json \
        --not-after 2027-01-31T00:00:00Z --may-call '/acme.v1.Cryptor/Seal,/acme.v1.Admin/*'
    expect_status 0 && expect_out 'added to link.yaml' && expect_err 'warning: ' &&
        expect_same mode "$(stat -c %a grown.yaml)" 640 && { [ -L link.yaml ] || complain "the link is gone"; } || return 1
    diff policy.yaml grown.yaml >changes && complain "nothing added"
    ! grep -q '^<' changes || complain "something is gone" || return 1
    expect_same "lines above" "$(sed -n '/second/{x;p;d};h' grown.yaml)" "    # belongs to tokenizer" &&
        expect_same "lines below" "$(tail -n 4 grown.yaml)" "$(tail -n 4 policy.yaml)" || return 1
    try "$grille" policy diff policy.yaml grown.yaml
    expect_same "changes" "$(cat out)" "added set \"the \"second\" build\"
  + kind: nitro
  + may_call: /acme.v1.Admin/*
  + may_call: /acme.v1.Cryptor/Seal
  + not_after: 2027-01-31T00:00:00Z
  + pcr0: $(hex 3f)
  + pcr1: $(hex 4f)
  + pcr2: $(hex 5f)" && expect_same "files" "$(ls grown.yaml*)" grown.yaml
}

add_fits_each_style() {
    measured 3f ", \"PCR8\": \"$(hex 8f)\"" >signed.json
    printf 'peers:\n- name: a\n  kind: nitro\n  pcr0: %s' "$(hex 12)" >style1.yaml
    printf 'peers:\n- {name: a, kind: nitro, pcr0: %s}\n\nmax_age: 1m\n' "$(hex 12)" >style2.yaml
    {
        printf 'max_age: 1m\npeers:\n    -   kind: x509\n        names:\n        - a.b\n        name: a\n        ca: |\n'
        sed 's/^/          /' ca/ca.pem
        printf '\n\nclock_skew: 1s\n'
    } >style3.yaml
    printf '{peers: [{name: a, kind: nitro, pcr0: %s}]}\n' "$(hex 12)" >style4.yaml
    for file in style1 style2 style3; do
        cp $file.yaml before.yaml
        try "$grille" policy add --measurements signed.json $file.yaml --name=b
        expect_status 0 || return 1
        try "$grille" policy diff before.yaml $file.yaml
        expect_same "changes of $file" "$(cat out)" "added set \"b\"
  + kind: nitro
  + pcr0: $(hex 3f)
  + pcr1: $(hex 4f)
  + pcr2: $(hex 5f)
  + pcr8: $(hex 8f)" || return 1
    done
    cp style4.yaml before.yaml
    try "$grille" policy add style4.yaml --name b --measurements measurements.json
    expect_status 2 && expect_err 'without brackets' && cmp style4.yaml before.yaml
}

# not_added WORDS ARGUMENTS…: the file stays as it is.
not_added() {
    local words=$1
    shift
    cp policy.yaml kept.yaml
    try "$grille" policy add kept.yaml "$@"
    expect_status 2 && expect_err "$words" && cmp policy.yaml kept.yaml && expect_same "files" "$(ls kept.yaml*)" kept.yaml
}

add_refuses() {
    measured 00 >debug.json
    sed 's/PCR1/PCR5/' measurements.json >short.json
    echo '[{"Measurements": {}}]' >live.json
    base64 "$document" >document.txt
    not_added 'names are unique' --name tokenizer --measurements measurements.json &&
        not_added 'what a running enclave says of itself' --name b --measurements "$document" &&
        not_added 'what a running enclave says of itself' --name b --measurements document.txt &&
        not_added 'debug.json: PCR0 is all zero' --name b --measurements debug.json &&
        not_added 'short.json: the measurements file has no Measurements.PCR1' --name b --measurements short.json &&
        not_added 'live.json: the measurements file' --name b --measurements live.json &&
        not_added 'usage: ' --name b && not_added 'usage: ' --measurements measurements.json &&
        not_added 'usage: ' --name b --measurements measurements.json --not-after tomorrow &&
        not_added 'usage: ' --name b --measurements measurements.json --may-call '/a.B/C d' &&
        not_added 'POLICY-METHOD' --name b --measurements measurements.json --may-call '/a/' &&
        not_added 'usage: ' --name $'b\nc' --measurements measurements.json &&
        not_added 'printable' --name 'café' --measurements measurements.json
}

sign_makes_an_update() {
    openssl ecparam -name prime256v1 -genkey -noout -out update.key 2>err && openssl pkey -in update.key -pubout -out update.pub
    { printf 'version: 2\nupdate_key: |\n' && sed 's/^/  /' update.pub && printf 'peers:\n  - name: a\n    kind: nitro\n    pcr0: %s\n' "$(hex 12)"; } >next.yaml
    try "$grille" policy sign --key update.key next.yaml
    expect_status 0 && { [ "$(stat -c %s out)" -gt "$(stat -c %s next.yaml)" ] || complain "too short"; } &&
        { grep -qaF 'kind: nitro' out || complain "the text is not in it"; } || return 1
    sed '/^version/d' next.yaml >unversioned.yaml
    try "$grille" policy sign --key update.key unversioned.yaml
    expect_status 2 && expect_err 'version' && { [ ! -s out ] || complain "something was signed"; } || return 1
    try "$grille" policy sign --key update.pub next.yaml
    expect_status 2 && expect_err 'policy sign: ' || return 1
    try "$grille" policy sign --key update.key policy.yaml
    expect_status 2
}

helps() {
    local verb
    try "$grille" policy --help
    expect_status 0 && expect_out 'usage: grille policy check' || return 1
    for verb in check explain diff add sign; do
        try "$grille" policy $verb --help
        expect_status 0 && expect_out "usage: grille policy $verb" && expect_out "exit status" || return 1
    done
}

nearest_words() {
    expect_usage "$grille" policy chek && expect_err 'the nearest is check' &&
        expect_usage "$grille" policy explain --docment x && expect_err 'the nearest is --document' &&
        expect_usage "$grille" policy add --measurement x && expect_err 'the nearest is --measurements'
}

check "check names the sets" check_names_sets
check "check warns of what is open" check_warns
check "check tells the digest" check_tells_the_digest
check "check refuses with a place" check_refuses
check "files that cannot be read" files_that_cannot_be_read
check "explain says who, and what is open" explain_says_who_and_what_is_open
check "explain judges a document" explain_judges_a_document
check "all kinds have words" all_kinds_have_words
check "diff finds nothing" diff_finds_nothing
check "diff finds all" diff_finds_all
check "add touches nothing else" add_touches_nothing_else
check "add fits each style" add_fits_each_style
check "add refuses" add_refuses
check "sign makes an update" sign_makes_an_update
check "help" helps
check "nearest words" nearest_words
check "wrong words" refuses_all "$grille" "policy" "policy show" "policy check" "policy check a b" "policy check --strict" \
    "policy check --strict --strict policy.yaml" "policy diff policy.yaml" "policy diff a b c" "policy explain" \
    "policy explain --at 1 policy.yaml" "policy explain --document $document --at yesterday policy.yaml" "policy add" \
    "policy add policy.yaml" "policy sign policy.yaml" "policy sign --key k"
finish
