#!/usr/bin/env bash
# A data key that a key service gives to one attested enclave and to nobody else, end to end: producer, key service (the
# emulator), relay, parent, enclave; then everybody who is refused. `./run demo --kms [--vm] [FILE]` builds the programs
# and calls this with GRILLE_BIN, where they are. With --vm the enclaves are images in virtual machines.
set -euo pipefail

usage() {
    echo "usage: demo.sh [--vm] [FILE]"
    echo "         --vm   the enclaves boot from images in virtual machines"
    echo "         FILE   lines of patient,test,value (default: the sample)"
    echo "       with GRILLE_BIN, the folder of the built programs; ./run demo --kms [FILE] sets it"
}

misuse() {
    echo "demo: $*" >&2
    usage >&2
    exit 2
}

place=laptop
if [ "${1:-}" = --vm ]; then
    place=vm
    shift
fi
[ $# -le 1 ] || misuse "one file, not $#"
[ -n "${GRILLE_BIN:-}" ] || misuse "GRILLE_BIN is not set"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$GRILLE_BIN
programs=$bin/examples/kms
file=${1:-$here/sample.csv}
[ -f "$file" ] && [ -r "$file" ] || {
    echo "demo: cannot read the file $file" >&2
    exit 1
}
# A Unix socket's path has at most 107 bytes: /tmp, wherever TMPDIR points.
work=$(mktemp -d /tmp/records-demo.XXXXXX)
started=()
enclave=
grille=$bin/tools/grille/grille
emulator=$bin/tools/kms_emulator/kms-emulator
export XDG_RUNTIME_DIR=$work

region=eu-central-1
account=111122223333
role=arn:aws:iam::$account:role/Records
instance=i-0123456789abcdef0
producer=arn:aws:iam::$account:role/Producer
dataset=2026-11

clean_up() {
    local pid
    [ $place = laptop ] || "$grille" enclave terminate --all >/dev/null 2>&1 || true
    for pid in $enclave "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

die() {
    echo "demo: $*" >&2
    exit 1
}

die_with_logs() {
    local log
    for log in "$work"/*.log; do
        [ ! -s "$log" ] || { echo "demo: $(basename "$log" .log) said:" && tail -n 20 "$log"; } >&2
    done
    die "$@"
}

title() { printf '\n== %s\n' "$*"; }

# wait_for PID WHAT COMMAND…: until the command succeeds, or the process has ended.
wait_for() {
    local tries pid=$1 what=$2
    shift 2
    for tries in {1..1000}; do
        ! "$@" >/dev/null 2>&1 || return 0
        kill -0 "$pid" 2>/dev/null || die_with_logs "$what has ended"
        sleep 0.02
    done
    die_with_logs "$what is not there after $tries looks"
}

# shown FILE LINES: its first lines, without what a terminal would take as a command.
show() {
    head -n "$2" "$1" | { iconv -c -f UTF-8 -t UTF-8 2>/dev/null || true; } |
        LC_ALL=C.UTF-8 sed -e 's/[^[:print:]\t]/?/g' -e 's/^\(.\{150\}\).*/\1…/'
    local lines
    lines=$(wc -l <"$1")
    [ "$lines" -le "$2" ] || echo "… $((lines - $2)) more lines"
}

# quiet COMMAND…: what it prints only when it fails.
quiet() { "$@" >"$work/quiet" 2>&1 || { cat "$work/quiet" >&2 && die "$1 failed"; }; }

# ---- before anything runs: keys, identities, images, the key's policy ----

# A caller of the key service, known to it by this name; what AWS's programs want to know of it in a file.
add_caller() {
    quiet "$emulator" add-credentials "$work/kms" "$1" --principal "$2" "${@:3}"
    "$emulator" show-credentials "$work/kms" "$1" >"$work/$1.aws"
}

# as CALLER COMMAND…: with its credentials in the environment, as AWS's programs take them.
as() {
    local caller=$1
    shift
    (
        set -a
        # shellcheck source=/dev/null
        . "$work/$caller.aws"
        "$@"
    )
}

prepare() {
    mkdir "$work/owner" "$work/mallory"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes -keyout "$work/signer.key" -days 30 \
        -out "$work/signer.pem" -subj /CN=acme-signer 2>"$work/quiet" || die "$(cat "$work/quiet")"
    cp "$here"/*.yaml "$work/"
    chmod u+w "$work"/*.yaml
    make_nsm
    prepare_identities_$place
    quiet "$emulator" init "$work/kms" --listen 127.0.0.1:0 --region $region --account $account \
        --root "$work/nsm/insecure-root.pem"
    add_caller producer $producer --no-kms
    add_caller parent $role --no-kms
    add_caller mallory arn:aws:iam::444455556666:role/Mallory
    key=$("$emulator" create-key "$work/kms" --alias records)
    prepare_$place
}

# PCR8 is the signer's certificate, as Nitro hashes it. On a laptop nothing is signed: the simulated NSM is told.
make_nsm() {
    local pcr8 options=(--role "$role" --instance "$instance")
    pcr8=$({ head -c 48 /dev/zero && openssl x509 -in "$work/signer.pem" -outform DER | openssl dgst -sha384 -binary; } |
        openssl dgst -sha384 -r | cut -d ' ' -f 1)
    [ $place = vm ] || options+=(--pcr "8=$pcr8")
    quiet "$grille" sim init "$work/nsm" "${options[@]}"
}

# nsm_like NAME SED: a copy of the simulated NSM with something else in it, under the same root.
nsm_like() {
    cp -r "$work/nsm" "$work/$1"
    sed -i -e "$2" "$work/$1/insecure-module.yaml"
}

prepare_identities_laptop() {
    quiet "$grille" identity new ca "$work/ca"
    quiet "$grille" identity new x509 "$work/parent" --ca "$work/ca" --name spiffe://acme.example/parent
}

prepare_identities_vm() {
    install -m 700 -d "$work/parent"
    install -m 600 "$bin"/examples/identities/parent/identity.* "$work/parent/"
    mkdir "$work/ca"
    cp "$bin/examples/identities/ca.pem" "$work/ca/"
}

# On a laptop the executable is what is measured; one with another last byte does the same, and is another one.
prepare_laptop() {
    cp "$programs/records_enclave" "$work/records_enclave"
    cp "$programs/records_enclave" "$work/changed_enclave"
    chmod u+w "$work/changed_enclave"
    echo >>"$work/changed_enclave"
    cp "$programs/measurements.json" "$work/measurements.json"
    cp "$programs/measurements.json" "$work/unsigned.measurements.json"
    "$bin/tools/measure/grille_measure" "$work/changed_enclave" >"$work/changed.measurements.json"
}

# build_image NAME POLICY [OPTION…]: an image, and NAME.measurements.json.
build_image() {
    local name=$1 policy=$2 modules=() module
    shift 2
    for module in "$work"/boot/module-*.ko; do modules+=(--module "$module"); done
    "$grille" enclave build --output "$work/$name.eif" --kernel "$work/boot/kernel" --init "$work/boot/init" \
        "${modules[@]}" --cmdline "$(cat "$work/boot/cmdline")" --name records "$@" \
        --file "/app/records_enclave=$programs/records_enclave_nitro" \
        --file "/etc/records/enclave.policy.yaml=$policy" --file "/etc/records/ca/ca.pem=$work/ca/ca.pem" \
        --file "/etc/records/service.pem=$work/kms/ca.pem" \
        -- /app/records_enclave --listen vsock:any:5000 --policy /etc/records/enclave.policy.yaml \
        --key "$key" --region $region --ca /etc/records/service.pem --egress vsock:parent:8000 \
        >"$work/$name.measurements.json" 2>"$work/quiet" || die "$(cat "$work/quiet")"
}

# The key's ARN and the service's CA are in the image: they are measured with everything else.
prepare_vm() {
    local signed=(--private-key "$work/signer.key" --signing-certificate "$work/signer.pem")
    mkdir "$work/boot"
    tar -C "$work/boot" -xf "$programs/boot.tar"
    build_image records "$work/enclave.policy.yaml" "${signed[@]}"
    build_image unsigned "$work/enclave.policy.yaml"
    sed 's/What the enclave accepts/what the enclave accepts/' "$work/enclave.policy.yaml" >"$work/changed.policy.yaml"
    build_image changed "$work/changed.policy.yaml" "${signed[@]}"
    cp "$work/records.measurements.json" "$work/measurements.json"
}

# ---- what runs ----

# start_service FOLDER: its port is in $port.
start_service() {
    "$emulator" serve "$work/$1" >"$work/$1.ready" 2>"$work/$1.log" &
    started+=($!)
    wait_for $! "the key service" grep -q 'https://' "$work/$1.ready"
    port=$(sed -n 's|.*https://127\.0\.0\.1:\([0-9]*\).*|\1|p' "$work/$1.ready")
}

# start_tap NAME: connections to NAME.tap go on to NAME, and NAME.tapped keeps what passes.
start_tap() {
    "$bin/examples/cryptor/cryptor_tap" "$work/$1.tap" "$work/$1" "$work/$1.tapped" 2>"$work/$1.tap.log" &
    started+=($!)
    wait_for $! "the tap" test -S "$work/$1.tap"
}

# The way out of enclaves: to one address, through a tap.
start_relay() {
    cat >"$work/relay.yaml" <<YAML
peers: [{name: enclaves, unix: [any]}]
targets: [{name: service, tcp: [127.0.0.1], ports: [$port]}]
YAML
    "$grille" relay --allow "$work/relay.yaml" --listen "unix:$work/out" --to "tcp:127.0.0.1:$port" \
        >/dev/null 2>"$work/relay.log" &
    relay=$!
    started+=($relay)
    wait_for $relay "the relay" test -S "$work/out"
}

# start_enclave NSM PROGRAM [relay|call]: and its way out, by the relay or by a call back through the parent's channel.
start_enclave_laptop() {
    local way=(--egress "unix:$work/out.tap")
    [ "${3:-relay}" = relay ] || way=(--host localhost --port "$port")
    "$work/${2}_enclave" --listen "unix:$work/in" --policy "$work/enclave.policy.yaml" --key "$key" --region $region \
        --ca "$work/kms/ca.pem" --nsm "$work/$1" "${way[@]}" >"$work/enclave.log" 2>&1 &
    enclave=$!
    wait_for $enclave "the enclave" test -S "$work/in"
}

stop_enclave_laptop() { :; }

stop_enclave() {
    [ -z "$enclave" ] || { kill "$enclave" && wait "$enclave"; } 2>/dev/null || true
    enclave=
    stop_enclave_$place
    rm -f "$work/in"
}

# parent POLICY ENCLAVE DATASET [OPTION…]: the report is in REPORT of the same name.
parent() {
    local policy=$1 address=$2 sealed=$3
    shift 3
    "$programs/records_parent" --enclave "unix:$work/$address" --policy "$work/$policy" \
        --identity "$work/parent/identity" "$@" "$work/$sealed" "$work/$sealed.report"
}

producer() { "$programs/records_producer" "$@"; }

# start_enclave NSM IMAGE [OPTION…]: in a virtual machine. Its vsock is a socket here, where the relay of the parent
# listens for port 8000; the parent's calls come in by its name.
start_enclave_vm() {
    local nsm=$1 image=$2 path
    shift 2
    "$grille" enclave run --name records --image "$work/$image.eif" --cpus 2 --memory 256 --accel tcg \
        --insecure-nsm "$work/$nsm" "$@" >"$work/boot.json" 2>"$work/boot.log" || die_with_logs "the image does not boot"
    path=$(sed -n 's/.*"Address": "hybrid:\(.*\)".*/\1/p' "$work/boot.json")
    "$grille" relay --listen "hybrid:$path:8000" --to "unix:$work/out.tap" --listen "unix:$work/in" \
        --to nitro:records:5000 >"$work/vsock.ready" 2>"$work/vsock.log" &
    enclave=$!
    wait_for $enclave "the relay to the machine" test -S "$work/in"
}

stop_enclave_vm() {
    "$grille" enclave terminate records >/dev/null || die "the machine does not end"
}

# ---- the story ----

# wrap CALLER KEY FOLDER: the folder's data key, by the service.
wrap() {
    as "$1" "$grille" kms encrypt --key "$2" --to "tcp:127.0.0.1:$port" --ca "$work/kms/ca.pem" \
        --context purpose=acme-records-1 --context dataset=$dataset -o "$3/wrapped" "$3/data-key" ||
        die_with_logs "the key is not wrapped"
}

write_policy() {
    title "the key's policy, from what the build measured: who may open, and for which enclave only"
    "$grille" kms policy "$work/measurements.json" --key "$key" --role $role --pcr3 $role --pcr4 $instance \
        --pcr8 "$work/signer.pem" --producer $producer --context purpose=acme-records-1 --quiet >"$work/policy.json" ||
        die "there is no policy"
    sed -n '/"AttestedEnclave"/,$p' "$work/policy.json" >"$work/policy.shown"
    show "$work/policy.shown" 40
    quiet "$emulator" put-policy "$work/kms" "$key" "$work/policy.json"
}

seal_records() {
    title "the producer seals them; the key service wraps the data key"
    producer key "$work/owner"
    wrap producer "$key" "$work/owner"
    producer seal "$work/owner" $dataset "$work/owner/wrapped" "$file" "$work/sealed" || die "nothing is sealed"
}

# process ENCLAVE [OPTION…]: by the enclave that was built.
process() {
    local address=$1
    shift
    as parent parent parent.policy.yaml "$address" sealed "$@" || die_with_logs "the parent failed"
    producer open "$work/owner" $dataset "$work/sealed.report" >"$work/report" || die "the report does not open"
}

# What the service noted of the latest use of the key.
noted() {
    tail -n 1 "$work/kms/events.jsonl" | /usr/bin/python3 -c '
import json, sys
event = json.load(sys.stdin)
print(event["eventName"], "by", event["userIdentity"]["arn"])
for name, value in sorted(event.get("additionalEventData", {}).get("recipient", {}).items()):
    print("  %s %s" % (name, value if len(str(value)) < 50 else value[:16] + "…"))'
}

# The secret and the token go through the attested channel and nowhere else; what signs requests stays in the enclave.
search_credentials() {
    local word words=()
    mapfile -t words < <(sed -n "s/^AWS_\(SECRET_ACCESS_KEY\|SESSION_TOKEN\)='\(.*\)'\$/\2/p" "$work/parent.aws")
    [ ${#words[@]} -eq 2 ] || die "the parent's credentials are not what they were"
    for word in "${words[@]}"; do
        ! grep -qaF -e "$word" "$work/in.tapped" "$work/out.tapped" "$work"/*.log || die "the parent's credentials were seen"
    done
    echo "the parent's secret access key and session token searched there and in all logs: 0 hits"
}

# refused CALLER DATASET TEXT [OPTION…]: as a parent that takes any of the demo's enclaves; the text is why.
refused() {
    local caller=$1 sealed=$2 text=$3
    shift 3
    if as "$caller" parent hostile.policy.yaml in "$sealed" "$@" >"$work/refused" 2>&1; then
        die "it was not refused"
    fi
    grep 'refused:' "$work/refused" || die_with_logs "the parent failed: $(cat "$work/refused")"
    grep -qF -- "$text" "$work/refused" || die "it was refused for another reason than $text"
}

# other_enclave TEXT NSM IMAGE [OPTION…]
other_enclave() {
    local text=$1
    shift
    stop_enclave
    start_enclave_$place "$@"
    refused parent sealed "$text"
}

# The client is AWS's own, boto3.
ask_without_document() {
    title "the parent asks the service itself, with the same credentials and AWS's own client: refused"
    as parent /usr/bin/python3 - "$key" "$work/owner/wrapped" $dataset "https://localhost:$port" <<'PY' || die "it was not refused"
import sys
import boto3
import botocore.exceptions
key, wrapped, dataset, endpoint = sys.argv[1:]
try:
    boto3.client("kms", endpoint_url=endpoint).decrypt(
        KeyId=key, CiphertextBlob=open(wrapped, "rb").read(),
        EncryptionContext={"purpose": "acme-records-1", "dataset": dataset})
except botocore.exceptions.ClientError as refused:
    print(refused)
    sys.exit(refused.response["Error"]["Code"] != "AccessDeniedException")
sys.exit(1)
PY
}

# What the hypervisor and the NSM say of an enclave can't be chosen by its parent; here we choose it.
other_enclaves() {
        nsm_like role "s/^role:.*/role: arn:aws:iam::$account:role\/Other/"
    nsm_like instance 's/^instance_id:.*/instance_id: i-0fedcba9876543210/'
    title "another image, with one byte changed: refused"
    other_enclave NobodyElseByItsImage nsm changed
    title "the right image in debug mode, whose memory its parent reads: refused"
    if [ $place = laptop ]; then
        nsm_like debug 's/^debug:.*/debug: true/; /^pcr8:/d'
        other_enclave NobodyElseByItsImage debug records
    else
        other_enclave NobodyElseByItsImage nsm records --debug
    fi
    title "the right image, its instance has another role (PCR3): refused"
    other_enclave NobodyElseByItsRole role records
    title "the right image on another instance (PCR4): refused"
    other_enclave NobodyElseByItsInstance instance records
    title "the same program in an image that nobody signed (PCR8): refused"
    if [ $place = laptop ]; then
        nsm_like unsigned '/^pcr8:/d'
        other_enclave NobodyElseByItsSigner unsigned records
    else
        other_enclave NobodyElseByItsSigner nsm unsigned
    fi
}

create_mallorys_key() {
    as mallory /usr/bin/python3 -c '
import sys, boto3
print(boto3.client("kms", endpoint_url=sys.argv[1]).create_key()["KeyMetadata"]["Arn"])' "https://localhost:$port"
}

# The lines of the file, as the producer takes them.
lines() { LC_ALL=C sed 's/\r$//' "$file" | LC_ALL=C grep -a .; }

# A record is its length of 4 bytes, then 28 bytes more than its line.
leave_out_the_last() {
    head -c -$((4 + 28 + $(lines | tail -n 1 | wc -c) - 1)) "$work/sealed" >"$work/shortened"
    shortened_text="was not sealed with this data key as the last one"
    [ "$(lines | wc -l)" -gt 1 ] || shortened_text="there are no records"
}

# The enclave is the right one now, and its parent hostile.
hostile_parent() {
    local others_key
    stop_enclave
    start_enclave_$place nsm records
    title "a hostile parent brings credentials of an account of its own: refused"
    refused mallory sealed AccessDeniedException
    title "it brings records and a data key of its own, wrapped under a key of its own: refused"
    others_key=$(create_mallorys_key) || die_with_logs "there is no other key"
    producer key "$work/mallory"
    wrap mallory "$others_key" "$work/mallory"
    producer seal "$work/mallory" $dataset "$work/mallory/wrapped" "$file" "$work/forged"
    refused parent forged IncorrectKeyException
    title "it has the service wrap its data key under the right key, as only the producer may: refused"
    if as parent "$grille" kms encrypt --key "$key" --to "tcp:127.0.0.1:$port" --ca "$work/kms/ca.pem" \
        --context purpose=acme-records-1 --context dataset=$dataset "$work/mallory/data-key" 2>"$work/refused"; then
        die "it was not refused"
    fi
    grep AccessDeniedException "$work/refused" || die "it was refused for another reason: $(cat "$work/refused")"
    title "it passes the data set off as next month's: refused"
    sed "s/$dataset/2026-12/" "$work/sealed" >"$work/renamed"
    refused parent renamed InvalidCiphertextException
    title "it leaves out the last record: refused by the enclave"
    leave_out_the_last
    refused parent shortened "$shortened_text"
    title "it leads the way out to a key service of its own, which is called the same: refused by the enclave"
    quiet "$emulator" init "$work/false" --listen 127.0.0.1:0 --region $region --account $account
    start_service false
    kill $relay && wait $relay || true
    rm -f "$work/out"
    start_relay
    refused parent sealed "UNAUTHENTICATED: no data key: "
}

prepare
title "the records, seen by their producer only: $file"
show "$file" 24
start_service kms
write_policy
seal_records
ask_without_document
start_relay
start_tap out
title "an enclave of that image, role and instance: it gets the data key, the parent gets a sealed report"
start_enclave_$place nsm records
start_tap in
begin=$(date +%s%N)
process in.tap
end=$(date +%s%N)
show "$work/report" 24
title "what the service noted"
noted
title "what taps on both of the parent's sockets saw (last bytes of $(stat -c %s "$work/in.tapped") and $(stat -c %s "$work/out.tapped"))"
tail -c 48 "$work/in.tapped" | od -A n -t x1z
tail -c 48 "$work/out.tapped" | od -A n -t x1z
producer search "$work/owner" "$file" "$work/in.tapped" "$work/out.tapped" || die "a tap saw a record or the data key"
search_credentials
if [ $place = laptop ]; then
    title "the same without a relay: the enclave reaches the service by a call back through its parent's channel"
    stop_enclave
    start_enclave_laptop nsm records call
    process in --egress-to "tcp:localhost:$port" --egress-to "tcp:127.0.0.1:$port"
    noted
fi
other_enclaves
hostile_parent
stop_enclave
title "done: one data key for one enclave ($(((end - begin) / 1000000)) ms from connecting to the report), none for anybody else"
