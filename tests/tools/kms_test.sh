#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: grille kms prints key policies for what a build measured, tells where credentials come from without telling them,
# and answers wrong arguments. No service is asked here but those on loopback.
. tests/support/cases.sh

grille=$PWD/tools/grille/grille
cd "$scratch" || exit 1
export HOME=$scratch
for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CREDENTIAL_EXPIRATION AWS_PROFILE \
    AWS_REGION AWS_DEFAULT_REGION AWS_SHARED_CREDENTIALS_FILE; do
    unset "$name"
done

key=arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
role=arn:aws:iam::111122223333:role/team/Host
hex() { printf "$1%.0s" {1..48}; }
measured() {
    printf '{"Measurements":{"HashAlgorithm":"Sha384 { ... }","PCR0":"%s","PCR1":"%s","PCR2":"%s"%s}}\n' \
        "$(hex "$1")" "$(hex 4f)" "$(hex 5f)" "${2-}"
}
measured 3f >unsigned.json
measured 3e >second.json
measured 3f ",\"PCR8\":\"$(hex 8f)\"" >signed.json
"$grille" identity new ca ca >out || exit 1

policy() { try "$grille" kms policy --key "$key" --role "$role" "$@"; }
# statement SID KEY: a condition's value in what was printed, by another reader of JSON.
value() { /usr/bin/python3 -c '
import json, sys
for statement in json.load(open("out"))["Statement"]:
    if statement["Sid"] == sys.argv[1]:
        for keys in statement["Condition"].values():
            if sys.argv[2] in keys: print(json.dumps(keys[sys.argv[2]]))
' "$1" "$2"; }
condition=kms:RecipientAttestation

pins_a_build() {
    policy unsigned.json
    expect_status 0 && expect_same image "$(value AttestedEnclave $condition:ImageSha384)" "\"$(hex 3f)\"" &&
        expect_same denied "$(value NobodyElseByItsImage $condition:ImageSha384)" "\"$(hex 3f)\"" &&
        expect_same signer "$(value AttestedEnclave $condition:PCR8)" "" &&
        expect_err 'these builds and no others' && expect_err 'signer (PCR8): not pinned' &&
        expect_err 'Whoever may kms:PutKeyPolicy' && expect_no_err warning
}

pins_two_builds() {
    policy unsigned.json second.json
    expect_status 0 &&
        expect_same images "$(value AttestedEnclave $condition:ImageSha384)" "[\"$(hex 3f)\", \"$(hex 3e)\"]"
}

pins_a_signed_build() {
    policy signed.json
    expect_status 0 && expect_same image "$(value AttestedEnclave $condition:ImageSha384)" "\"$(hex 3f)\"" &&
        expect_same signer "$(value AttestedEnclave $condition:PCR8)" "\"$(hex 8f)\"" &&
        expect_err 'images signed with this certificate'
}

pins_a_signer_only() {
    policy --release signed.json
    expect_status 0 && expect_same image "$(value AttestedEnclave $condition:ImageSha384)" "" &&
        expect_same signer "$(value NobodyElseByItsSigner $condition:PCR8)" \
            "\"$(hex 8f)\"" && expect_err 'NOT pinned: every build of the signer'
}

# PCR3 and PCR4 as AWS documents their formulas; PCR8 of a certificate's DER.
pins_role_instance_and_certificate() {
    local expected
    policy --pcr3 arn:aws:iam::123456789012:role/Webserver --pcr4 i-0123456789abcdef0 --pcr8 ca/ca.pem unsigned.json
    expected=$(/usr/bin/python3 -c '
import hashlib, ssl
zeros = bytes(48)
der = ssl.PEM_cert_to_DER_cert(open("ca/ca.pem").read())
print(hashlib.sha384(zeros + b"arn:aws:iam::123456789012:role/Webserver").hexdigest(),
      hashlib.sha384(zeros + b"i-0123456789abcdef0").hexdigest(),
      hashlib.sha384(zeros + hashlib.sha384(der).digest()).hexdigest())')
    expect_status 0 && expect_same PCRs "$(value AttestedEnclave $condition:PCR3 | tr -d '"') $(
        value AttestedEnclave $condition:PCR4 | tr -d '"'
    ) $(value AttestedEnclave $condition:PCR8 | tr -d '"')" "$expected" || return 1
    case $expected in 78fce75db17cd4e0*) ;; *) complain "PCR3 of AWS's own example is another one" ;; esac
    /usr/bin/python3 -c 'import ssl, sys; sys.stdout.buffer.write(ssl.PEM_cert_to_DER_cert(open("ca/ca.pem").read()))' >ca.der
    expected=$(value AttestedEnclave $condition:PCR8)
    policy --pcr8 ca.der signed.json
    expect_status 0 && expect_same "PCR8 of DER" "$(value AttestedEnclave $condition:PCR8)" "$expected"
}

pins_the_context() {
    policy --context App=cards --context 'of "who"=a\b' --quiet unsigned.json
    expect_status 0 && expect_same context "$(value AttestedEnclave kms:EncryptionContext:App)" '"cards"' &&
        expect_same quoted "$(value AttestedEnclave 'kms:EncryptionContext:of "who"')" '"a\\b"' &&
        expect_same "standard error" "$(cat err)" ""
}

says_what_is_wrong() {
    policy nowhere.json
    expect_status 2 && expect_err 'nowhere.json' || return 1
    policy ca/ca.pem
    expect_status 2 || return 1
    measured 00 >zeros.json
    policy zeros.json
    expect_status 2 && expect_err zeros.json || return 1
    policy --release unsigned.json
    expect_status 2 && expect_err 'PCR8 of unsigned.json is of no signed image' || return 1
    policy --pcr8 unsigned.json unsigned.json
    expect_status 2 && expect_err 'unsigned.json is not one certificate' || return 1
    try "$grille" kms policy --key arn:aws:kms:eu-central-1:111122223333:alias/a --role "$role" unsigned.json
    expect_status 2 && expect_err 'an alias can be pointed elsewhere' || return 1
    try "$grille" kms polcy
    expect_status 2 && expect_err 'policy'
}

refuses_wrong_arguments() {
    refuses_all "$grille" kms 'kms policy' 'kms policy unsigned.json' "kms policy --key $key unsigned.json" \
        "kms policy --role $role unsigned.json" "kms policy --key $key --role $role" \
        "kms policy --key x --role $role unsigned.json" "kms policy --key $key --role x unsigned.json" \
        "kms policy --key $key --role $role --pcr3 x unsigned.json" \
        "kms policy --key $key --role $role --pcr4 i-12345 unsigned.json" \
        "kms policy --key $key --role $role --pcr4 0123456789abcdef0 unsigned.json" \
        "kms policy --key $key --role $role --pcr8 nowhere.pem unsigned.json" \
        "kms policy --key $key --role $role --admin x unsigned.json" \
        "kms policy --key $key --role $role --producer x unsigned.json" \
        "kms policy --key $key --role $role --context x unsigned.json" \
        "kms policy --key $key --role $role --context =x unsigned.json" \
        "kms policy --key $key --role $role --relase unsigned.json" \
        "kms policy --key $key --key $key --role $role unsigned.json" \
        'kms credentials x' 'kms credentials --imds x' 'kms credentials --imds tcp:127.0.0.1:1 --profile a' \
        'kms credentials --imds' 'kms nothing' 'kms credentials --json'
}

gives_help() {
    try "$grille" kms --help
    expect_status 0 && expect_out 'grille kms policy' || return 1
    try "$grille" kms policy --help
    expect_status 0 && expect_out '--pcr8' || return 1
    try "$grille" kms credentials --help
    expect_status 0 && expect_out 'never the secret'
}

finds_credentials() {
    AWS_ACCESS_KEY_ID=ASIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI AWS_SESSION_TOKEN=FwoGZXIv \
        AWS_CREDENTIAL_EXPIRATION=2126-01-01T12:00:00Z AWS_REGION=eu-west-1 try "$grille" kms credentials
    expect_status 0 && expect_out 'the environment' && expect_out 'ASIA…MPLE' && expect_out '2126-01-01T12:00:00Z' &&
        expect_out 'eu-west-1' && expect_out 'session       yes' || return 1
    ! grep -qE 'wJal|FwoG|ASIAIOS' out err || complain "it tells them"
}

finds_them_in_a_file() {
    printf '[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI\n' >creds
    try "$grille" kms credentials --file creds
    expect_status 0 && expect_out 'profile default of creds' && expect_out 'keys that do not expire' || return 1
    try "$grille" kms credentials --file creds --profile other
    expect_status 1 && expect_err 'KMS-SOURCE-EMPTY: creds has no profile [other]' || return 1
    printf '[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n' >half
    try "$grille" kms credentials --file half
    expect_status 2 && expect_err 'KMS-CREDENTIALS' || return 1
    try env AWS_EC2_METADATA_DISABLED=true "$grille" kms credentials
    expect_status 1 && expect_err '.aws/credentials'
}

asks_a_metadata_service() {
    try "$grille" kms credentials --imds unix:nowhere
    expect_status 1 && expect_err 'asking for a token' && expect_err 'Likely this is no EC2 instance'
}

check "a build is pinned" pins_a_build
check "two builds are pinned" pins_two_builds
check "a signed build is pinned with its signer" pins_a_signed_build
check "a release pins its signer only" pins_a_signer_only
check "role, instance and certificate are pinned by AWS's formulas" pins_role_instance_and_certificate
check "pairs of the encryption context are pinned" pins_the_context
check "what can't be pinned is said" says_what_is_wrong
check "wrong arguments are answered" refuses_wrong_arguments
check "--help" gives_help
check "credentials are found in the environment and not told" finds_credentials
check "credentials are found in a file" finds_them_in_a_file
check "a metadata service that is not there is named" asks_a_metadata_service
finish
