#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: what grille identity makes is right for policies, for programs and for OpenSSL; nothing is ever overwritten, and
# every wrong command line is refused with what to write instead.
. tests/support/cases.sh

grille=tools/grille/grille
load=tests/tools/load
dir=$scratch/made
mkdir "$dir"

make() {
    try "$grille" identity new "$@"
    expect_status 0
}

mode_of() { stat -c %a "$1"; }

# days_until CERTIFICATE: whole days from now to its end.
days_until() {
    local end
    end=$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)
    echo $((($(date -d "$end" +%s) - $(date +%s) + 43200) / 86400))
}

text_of() { openssl x509 -in "$1" -noout -text; }

has_text() { text_of "$1" | grep -qF -- "$2" || complain "$1 lacks $2"; }

a_ca() {
    (umask 0 && "$grille" identity new ca "$dir/ca" >"$scratch/out" 2>"$scratch/err") || complain "failed"
    expect_out "$dir/ca/ca.pem and $dir/ca/ca.key made" && expect_same "mode of the folder" "$(mode_of "$dir/ca")" 700 &&
        expect_same "mode of the key" "$(mode_of "$dir/ca/ca.key")" 600 &&
        expect_same "mode of the certificate" "$(mode_of "$dir/ca/ca.pem")" 644 &&
        openssl verify -check_ss_sig -CAfile "$dir/ca/ca.pem" "$dir/ca/ca.pem" >"$scratch/out" 2>&1 &&
        has_text "$dir/ca/ca.pem" "CA:TRUE, pathlen:0" && has_text "$dir/ca/ca.pem" "Certificate Sign" &&
        has_text "$dir/ca/ca.pem" "Subject: CN = grille development CA" && has_text "$dir/ca/ca.pem" "NIST CURVE: P-256" &&
        expect_same "days" "$(days_until "$dir/ca/ca.pem")" 365 &&
        expect_same "key" "$(openssl pkey -in "$dir/ca/ca.key" -pubout)" "$(openssl x509 -in "$dir/ca/ca.pem" -noout -pubkey)"
}

a_ca_with_name_and_days() {
    make ca "$dir/long" --name "Our (own) CA, of Acme" --days 36500 &&
        has_text "$dir/long/ca.pem" "Our (own) CA, of Acme" && expect_same "days" "$(days_until "$dir/long/ca.pem")" 36500 &&
        openssl verify -CAfile "$dir/long/ca.pem" "$dir/long/ca.pem" >"$scratch/out" 2>&1
}

# is_identity FOLDER CA: OpenSSL and Grille take it, for both ends of a connection.
is_identity() {
    local purpose
    for purpose in sslclient sslserver; do
        openssl verify -purpose $purpose -CAfile "$2/ca.pem" "$1/identity.pem" >"$scratch/out" 2>&1 ||
            complain "openssl verify -purpose $purpose" || return 1
    done
    try "$load" identity "$1/identity.pem" "$1/identity.key"
    expect_status 0 && expect_out accepted && expect_same "mode of the key" "$(mode_of "$1/identity.key")" 600 &&
        expect_same "mode of the chain" "$(mode_of "$1/identity.pem")" 644 &&
        expect_same "mode of the folder" "$(mode_of "$1")" 700 &&
        expect_same "certificates" "$(grep -c 'BEGIN CERTIFICATE' "$1/identity.pem")" 1 &&
        has_text "$1/identity.pem" "CA:FALSE"
}

an_identity_with_a_uri() {
    make x509 "$dir/uri" --ca "$dir/ca" --name spiffe://acme.example/parent && is_identity "$dir/uri" "$dir/ca" &&
        has_text "$dir/uri/identity.pem" "URI:spiffe://acme.example/parent" &&
        has_text "$dir/uri/identity.pem" "Subject: CN = grille identity"
}

a_uri_without_slashes() {
    make x509 "$dir/urn" --ca "$dir/ca" --name urn:acme:parent && is_identity "$dir/urn" "$dir/ca" &&
        has_text "$dir/urn/identity.pem" "URI:urn:acme:parent"
}

an_identity_with_a_dns_name() {
    make x509 "$dir/dns" --name admin-1.acme.example --days 30 --ca "$dir/ca" && is_identity "$dir/dns" "$dir/ca" &&
        has_text "$dir/dns/identity.pem" "DNS:admin-1.acme.example" &&
        has_text "$dir/dns/identity.pem" "Subject: CN = admin-1.acme.example" &&
        expect_same "days" "$(days_until "$dir/dns/identity.pem")" 30
}

names_up_to_the_limit() {
    local longest
    longest=spiffe://acme.example/$(printf 'p%.0s' {1..233})
    make x509 "$dir/longest" --ca "$dir/ca" --name "$longest" && is_identity "$dir/longest" "$dir/ca" &&
        has_text "$dir/longest/identity.pem" "URI:$longest" &&
        expect_usage "$grille" identity new x509 "$dir/none" --ca "$dir/ca" --name "${longest}p" &&
        make ca "$dir/ca64" --name "$(printf 'c%.0s' {1..64})" && make x509 "$dir/under64" --ca "$dir/ca64" --name a.b &&
        is_identity "$dir/under64" "$dir/ca64" &&
        expect_usage "$grille" identity new ca "$dir/none" --name "$(printf 'c%.0s' {1..65})"
}

an_identity_ends_with_its_ca() {
    make ca "$dir/short" --days 3 && make x509 "$dir/under-short" --ca "$dir/short" --name a.b &&
        expect_same "end" "$(openssl x509 -in "$dir/under-short/identity.pem" -noout -enddate)" \
            "$(openssl x509 -in "$dir/short/ca.pem" -noout -enddate)"
}

serials_and_keys_differ() {
    make x509 "$dir/one" --ca "$dir/ca" --name a.b && make x509 "$dir/two" --ca "$dir/ca" --name a.b || return 1
    [ "$(openssl x509 -in "$dir/one/identity.pem" -noout -serial -pubkey)" != \
        "$(openssl x509 -in "$dir/two/identity.pem" -noout -serial -pubkey)" ] || complain "the same twice"
}

a_policy_takes_them() {
    printf 'peers:\n  - name: parent\n    kind: x509\n    ca: ca/ca.pem\n    names: ["spiffe://acme.example/parent"]\n' \
        >"$dir/policy.yaml"
    try "$load" policy "$dir/policy.yaml"
    expect_status 0 && expect_out accepted
}

an_openssl_ca_takes_part() {
    mkdir "$dir/openssl" &&
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj "/CN=made elsewhere" -days 9 \
            -addext "keyUsage=critical,keyCertSign" -keyout "$dir/openssl/key" -out "$dir/openssl/ca.pem" 2>"$scratch/err" &&
        openssl ec -in "$dir/openssl/key" -out "$dir/openssl/ca.key" 2>"$scratch/err" || complain "openssl"
    make x509 "$dir/under-openssl" --ca "$dir/openssl" --name a.b && is_identity "$dir/under-openssl" "$dir/openssl"
}

existing_files_stay() {
    local before file
    for file in ca.key ca.pem; do
        mkdir "$dir/has-$file" && echo mine >"$dir/has-$file/$file"
        try "$grille" identity new ca "$dir/has-$file"
        expect_status 1 && expect_err "can't make the new file $dir/has-$file/$file: File exists" &&
            expect_same "$file" "$(cat "$dir/has-$file/$file")" mine &&
            expect_same "files" "$(ls "$dir/has-$file")" "$file" || return 1
    done
    before=$(cat "$dir/uri/"*)
    try "$grille" identity new x509 "$dir/uri" --ca "$dir/ca" --name a.b
    expect_status 1 && expect_err "File exists" && expect_same "identity" "$(cat "$dir/uri/"*)" "$before"
}

a_link_is_not_followed() {
    mkdir "$dir/link" && ln -s "$dir/victim" "$dir/link/ca.key"
    try "$grille" identity new ca "$dir/link"
    expect_status 1 && { [ ! -e "$dir/victim" ] || complain "written through a link"; }
}

places_that_cannot_be() {
    try "$grille" identity new ca "$dir/no/such/folder"
    expect_status 1 && expect_err "can't make the folder $dir/no/such/folder: No such file or directory" || return 1
    try "$grille" identity new ca "$dir/policy.yaml"
    expect_status 1 && expect_err 'Not a directory' || return 1
    try "$grille" identity new ca "$dir/$(printf 'long/%.0s' {1..1000})"
    expect_status 1 && expect_err 'is too long' || return 1
    try "$grille" identity new ca /dev/full
    expect_status 1
}

# unfit_ca FOLDER TEXT: no identity under such a CA.
unfit_ca() {
    try "$grille" identity new x509 "$dir/none" --ca "$dir/$1" --name a.b
    expect_status 1 && expect_err "$2" && { [ ! -e "$dir/none" ] || complain "something was made"; }
}

cas_that_do_not_fit() {
    mkdir "$dir"/{mixed,leaf,garbage,nokey,rsa,deep,big}
    cp "$dir/ca/ca.pem" "$dir/mixed/" && cp "$dir/long/ca.key" "$dir/mixed/"
    cp "$dir/uri/identity.pem" "$dir/leaf/ca.pem" && cp "$dir/uri/identity.key" "$dir/leaf/ca.key"
    echo garbage >"$dir/garbage/ca.pem" && cp "$dir/ca/ca.key" "$dir/garbage/"
    cp "$dir/ca/ca.pem" "$dir/nokey/" && cp "$dir/ca/ca.pem" "$dir/nokey/ca.key"
    openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=r" -keyout "$dir/rsa/ca.key" -out "$dir/rsa/ca.pem" 2>"$scratch/err"
    openssl req -x509 -key "$dir/ca/ca.key" -subj "/O=o/CN=deep" -out "$dir/deep/ca.pem" && cp "$dir/ca/ca.key" "$dir/deep/"
    yes | head -c 20000 >"$dir/big/ca.pem"
    unfit_ca no-such-ca "can't open $dir/no-such-ca/ca.pem: No such file" &&
        unfit_ca mixed "is not the certificate of ca.key" && unfit_ca leaf "is no CA with a P-256 or P-384 key" &&
        unfit_ca garbage "$dir/garbage/ca.pem is no PEM file of a certificate" && unfit_ca nokey "ca.key is no PEM file of a P-256 or P-384 key" &&
        unfit_ca rsa "is no CA with a P-256 or P-384 key" && unfit_ca deep "more than a common name" &&
        unfit_ca big "has 16384 bytes or more"
}

an_expired_ca() {
    local faketime
    mkdir "$dir/expired" && cp "$dir/ca/ca.key" "$dir/expired/" || return 1
    faketime=$(date -u -d '2 days ago' +%Y%m%d%H%M%SZ)
    mkdir "$dir/expired/new" && : >"$dir/expired/index" &&
        openssl req -new -key "$dir/ca/ca.key" -subj "/CN=old" -out "$dir/expired/request" &&
        openssl ca -batch -selfsign -keyfile "$dir/ca/ca.key" -in "$dir/expired/request" -out "$dir/expired/ca.pem" \
            -startdate 20200101000000Z -enddate "$faketime" -notext -md sha256 -extensions ext \
            -config <(printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n[ext]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' \
                "$dir/expired/index" "$dir/expired/new") 2>"$scratch/err" || complain "openssl ca"
    unfit_ca expired "has expired"
}

a_shared_key() {
    (umask 0 && "$grille" identity new psk --id parent-1 --role initiator -o "$dir/parent.psk" >"$scratch/out" 2>"$scratch/err") ||
        complain "failed" || return 1
    expect_out "$dir/parent.psk made" && expect_same "mode" "$(mode_of "$dir/parent.psk")" 600 &&
        expect_same "lines" "$(sed 's/^key: [0-9a-f]\{64\}$/key/' "$dir/parent.psk")" "grille-psk 1
id: parent-1
role: initiator
key" || return 1
    make psk -o "$dir/enclave.psk" --role=responder --id=e && grep -qx 'role: responder' "$dir/enclave.psk" &&
        { [ "$(tail -n 1 "$dir/parent.psk")" != "$(tail -n 1 "$dir/enclave.psk")" ] || complain "the same key twice"; }
}

programs_take_shared_keys() {
    local file
    for file in parent enclave longest; do
        try "$load" psk "$dir/$file.psk"
        expect_status 0 && expect_out accepted || return 1
    done
    printf 'peers:\n  - name: parents\n    kind: psk\n    psk: [parent.psk, longest.psk]\n' >"$dir/psk.yaml"
    try "$load" policy "$dir/psk.yaml"
    expect_status 0 && expect_out accepted || return 1
    try "$grille" policy explain "$dir/psk.yaml"
    expect_status 0 && expect_out 'psk: parent-1, initiator, key ' &&
        { ! grep -qF "$(sed -n 's/^key: //p' "$dir/parent.psk")" "$scratch/out" || complain "the key itself is told"; }
}

shared_keys_stay() {
    local before
    before=$(cat "$dir/parent.psk")
    try "$grille" identity new psk --id x --role initiator -o "$dir/parent.psk"
    expect_status 1 && expect_err 'File exists' && expect_same "key" "$(cat "$dir/parent.psk")" "$before" || return 1
    ln -s "$dir/elsewhere" "$dir/link.psk"
    try "$grille" identity new psk --id x --role initiator -o "$dir/link.psk"
    expect_status 1 && { [ ! -e "$dir/elsewhere" ] || complain "written through a link"; } || return 1
    try "$grille" identity new psk --id x --role initiator -o "$dir"
    expect_status 1
}

# Nobody else can tell two ids apart that look alike.
ids_have_limits() {
    make psk --id "$(printf 'i%.0s' {1..255})" --role initiator -o "$dir/longest.psk" || return 1
    expect_usage "$grille" identity new psk --id "$(printf 'i%.0s' {1..256})" --role initiator -o "$dir/x.psk" &&
        expect_usage "$grille" identity new psk --id "a b" --role initiator -o "$dir/x.psk" &&
        expect_usage "$grille" identity new psk --id $'a\nkey: 0' --role initiator -o "$dir/x.psk" &&
        expect_usage "$grille" identity new psk --id "" --role initiator -o "$dir/x.psk" &&
        expect_usage "$grille" identity new psk --id café --role initiator -o "$dir/x.psk" &&
        { [ ! -e "$dir/x.psk" ] || complain "something was made"; }
}

helps() {
    local words
    for words in "identity --help" "identity new psk --help" "identity new ca --help"; do
        # shellcheck disable=SC2086 # words
        try "$grille" $words
        expect_status 0 && expect_out 'usage: grille identity new' || return 1
    done
}

check "a CA" a_ca
check "a CA with name and days" a_ca_with_name_and_days
check "an identity with a URI" an_identity_with_a_uri
check "a URI without slashes" a_uri_without_slashes
check "an identity with a DNS name" an_identity_with_a_dns_name
check "names up to the limit" names_up_to_the_limit
check "an identity ends with its CA" an_identity_ends_with_its_ca
check "serials and keys differ" serials_and_keys_differ
check "a policy takes them" a_policy_takes_them
check "a CA made by OpenSSL" an_openssl_ca_takes_part
check "existing files stay" existing_files_stay
check "a link is not followed" a_link_is_not_followed
check "places that cannot be" places_that_cannot_be
check "CAs that do not fit" cas_that_do_not_fit
check "an expired CA" an_expired_ca
check "a shared key" a_shared_key
check "shared keys stay" shared_keys_stay
check "ids have limits" ids_have_limits
check "help" helps
check "programs take shared keys" programs_take_shared_keys
check "wrong words for a shared key" refuses_all "$grille" "identity new psk --id a --role initiator" \
    "identity new psk --id a -o $dir/x" "identity new psk --role initiator -o $dir/x" \
    "identity new psk --id a --role both -o $dir/x" "identity new psk --id a --role initiator -o $dir/x $dir/y" \
    "identity new psk --ID a --role initiator -o $dir/x" "identity new psk --id a --id b --role initiator -o $dir/x"
check "wrong words" refuses_all "$grille" "identity" "identity old" "identity new" "identity new psk" "identity show ca $dir/x" \
    "identity new ca" "identity new x509" "identity new ca $dir/x $dir/y"
check "wrong options" refuses_all "$grille" "identity new ca $dir/x --name" "identity new ca $dir/x --days" \
    "identity new ca $dir/x --ca" "identity new ca $dir/x --ca $dir/ca" "identity new ca $dir/x --force yes" \
    "identity new ca $dir/x --name a --name b" "identity new ca $dir/x --days 1 --days 2" \
    "identity new x509 $dir/x" "identity new x509 $dir/x --ca $dir/ca" "identity new x509 $dir/x --name a.b" \
    "identity new x509 --ca $dir/ca --name a.b" "identity new x509 $dir/x --ca a --ca b --name a.b"
check "wrong days" refuses_all "$grille" "identity new ca $dir/x --days 0" "identity new ca $dir/x --days -1" \
    "identity new ca $dir/x --days +1" "identity new ca $dir/x --days 1d" "identity new ca $dir/x --days 36501" \
    "identity new ca $dir/x --days 99999999999999999999" "identity new ca $dir/x --days year"
check "wrong names" refuses_all "$grille" "identity new x509 $dir/x --ca $dir/ca --name .acme" \
    "identity new x509 $dir/x --ca $dir/ca --name acme." "identity new x509 $dir/x --ca $dir/ca --name a..b" \
    "identity new x509 $dir/x --ca $dir/ca --name -a.b" "identity new x509 $dir/x --ca $dir/ca --name a-.b" \
    "identity new x509 $dir/x --ca $dir/ca --name *.acme" "identity new x509 $dir/x --ca $dir/ca --name a_b" \
    "identity new x509 $dir/x --ca $dir/ca --name ://a" "identity new x509 $dir/x --ca $dir/ca --name 1a:b" \
    "identity new x509 $dir/x --ca $dir/ca --name café.example" "identity new ca $dir/x --name café"
names_the_nearest() {
    expect_usage "$grille" identity new ca "$dir/x" --nme a && expect_err 'the nearest is --name' &&
        expect_usage "$grille" identity nwe ca "$dir/x" && expect_err 'the nearest is new' &&
        expect_usage "$grille" identity new x508 "$dir/x" && expect_err 'the nearest is x509' &&
        expect_usage "$grille" identity new psk --rol initiator && expect_err 'the nearest is --role'
}
check "the nearest words" names_the_nearest
check "an empty name" expect_usage "$grille" identity new ca "$dir/x" --name ""
check "a name with a space" expect_usage "$grille" identity new x509 "$dir/x" --ca "$dir/ca" --name "spiffe://a b"
check "an empty folder" expect_usage "$grille" identity new ca ""
check "nothing was made by those" test ! -e "$dir/x"
finish
