#!/usr/bin/env bash
# Encrypted processing of a file of card transactions, end to end: owner, parent, enclave. `./run demo [--vm] [FILE]` builds
# the programs and calls this with GRILLE_BIN, where they are. With --vm the enclave is an image in a virtual machine.
set -euo pipefail

usage() {
    echo "usage: demo.sh [--vm] [FILE]"
    echo "         --vm   the enclave boots from its image in a virtual machine, and from one with a byte changed"
    echo "         FILE   lines of card number,merchant,amount (default: the sample)"
    echo "       with GRILLE_BIN, the folder of the built programs; ./run demo [FILE] sets it"
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
file=${1:-$here/sample.csv}
[ -f "$file" ] && [ -r "$file" ] || {
    echo "demo: cannot read the file $file" >&2
    exit 1
}
# A Unix socket's path has at most 107 bytes: /tmp, wherever TMPDIR points.
work=$(mktemp -d /tmp/cryptor-demo.XXXXXX)
started=()
grille=$bin/tools/grille/grille
export XDG_RUNTIME_DIR=$work

clean_up() {
    local pid
    [ $place = laptop ] || "$grille" enclave terminate --all >/dev/null 2>&1 || true
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

die() {
    echo "demo: $*" >&2
    exit 1
}

die_with_log() {
    [ ! -s "$work/enclave.log" ] || { echo "demo: the enclave said:" && cat "$work/enclave.log"; } >&2
    die "$@"
}

title() { printf '\n== %s\n' "$*"; }

# wait_for_socket PATH PID: until the process listens there, or has ended.
wait_for_socket() {
    local tries
    for tries in {1..500}; do
        [ ! -S "$1" ] || return 0
        kill -0 "$2" 2>/dev/null || die_with_log "the program that listens on $1 has ended"
        sleep 0.02
    done
    die_with_log "nobody listens on $1 after $tries tries"
}

prepare() {
    mkdir "$work/owner" "$work/blobs"
    "$grille" sim init "$work/nsm" >"$work/setup.log" 2>&1 || die "$(cat "$work/setup.log")"
    cp "$here/parent.policy.yaml" "$work/"
    prepare_$place
    chmod -R u+w "$work"
}

prepare_laptop() {
    "$grille" identity new ca "$work/ca" >/dev/null
    "$grille" identity new x509 "$work/parent" --ca "$work/ca" --name spiffe://acme.example/parent >/dev/null
    cp "$here/enclave.policy.yaml" "$bin/examples/cryptor/measurements.json" "$work/"
}

# The image holds the enclave's policy, and the CA of its callers.
prepare_vm() {
    install -m 700 -d "$work/parent"
    install -m 600 "$bin"/examples/identities/parent/identity.* "$work/parent/"
    cp "$bin/examples/cryptor/cryptor_image.measurements.json" "$work/measurements.json"
}

start_laptop() {
    "$bin/examples/cryptor/cryptor_enclave" "unix:$work/enclave" "$work/enclave.policy.yaml" "$work/nsm" \
        >"$work/enclave.log" 2>&1 &
    started+=($!)
    wait_for_socket "$work/enclave" $!
}

# boot IMAGE: as enclave "cryptor"
boot() {
    "$grille" enclave run --name cryptor --image "$1" --cpus 2 --memory 256 --accel tcg --insecure-nsm "$work/nsm" \
        >"$work/boot.json" || die "the image does not boot"
}

start_vm() {
    title "the image, and what is measured of it"
    "$grille" enclave describe "$bin/examples/cryptor/cryptor_image.eif"
    title "the image boots in a virtual machine"
    boot "$bin/examples/cryptor/cryptor_image.eif"
    "$grille" enclave list
    "$grille" relay --listen "unix:$work/enclave" --to nitro:cryptor:5000 >"$work/relay.log" 2>&1 &
    started+=($!)
    wait_for_socket "$work/enclave" $!
}

start_enclave() {
    start_$place
    "$bin/examples/cryptor/cryptor_tap" "$work/tap" "$work/enclave" "$work/tapped" &
    started+=($!)
    wait_for_socket "$work/tap" $!
}

# parent_at ADDRESS WHAT
parent_at() {
    "$bin/examples/cryptor/cryptor_parent" "$2" "$1" "$work/parent.policy.yaml" "$work/parent/identity.pem" \
        "$work/parent/identity.key" "$work/blobs"
}

parent() { parent_at "unix:$work/tap" "$1" || die_with_log "the parent failed"; }

# A byte of the enclave's own policy: the machine boots as before.
refuse_changed() {
    title "the same image with one byte changed: it boots, and the parent refuses it"
    "$grille" enclave terminate cryptor >/dev/null || die "the machine does not end"
    "$bin/examples/cryptor/change_byte" "$bin/examples/cryptor/cryptor_image.eif" "$work/changed.eif" \
        "What the enclave accepts" || die "no byte is changed"
    boot "$work/changed.eif"
    if parent_at nitro:cryptor:5000 attest >"$work/refused" 2>&1; then die "the parent takes a changed enclave"; fi
    cat "$work/refused"
    grep -q 'ATTEST-PCR-MISMATCH: PCR0 differs' "$work/refused" || die "it was refused for another reason"
    title "refused: what booted is not what was built"
}

owner() { "$bin/examples/cryptor/cryptor_owner" "$@"; }

# show FILE: at most 24 lines, without what a terminal would take as a command.
show() {
    head -n 24 "$1" | { iconv -c -f UTF-8 -t UTF-8 2>/dev/null || true; } |
        LC_ALL=C.UTF-8 sed -e 's/[^[:print:]\t]/?/g' -e 's/^\(.\{150\}\).*/\1…/'
    local lines
    lines=$(wc -l <"$1")
    [ "$lines" -le 24 ] || echo "… $((lines - 24)) more lines"
}

prepare
title "the file, seen by its owner only: $file"
show "$file"
start_enclave
begin=$(date +%s%N)
title "the enclave proves what it is; its measurements must be those of the build"
owner challenge "$work/blobs" "$work/owner" || die "no challenge"
parent attest
owner seal "$work/blobs" "$work/owner" "$work/parent.policy.yaml" "$file" || die "the owner gives nothing away"
parent tokenize
owner open "$work/blobs" "$work/owner" >"$work/result" || die "the owner can't open the result"
end=$(date +%s%N)
title "the same file as a tap on the parent's socket saw it (last bytes of $(stat -c %s "$work/tapped"))"
tail -c 96 "$work/tapped" | od -A n -t x1z
owner search "$work/owner" "$file" "$work/tapped" || die "the tap saw a card number or the data key"
title "the result, opened by the owner"
show "$work/result"
sed 1,24d "$work/result" | sed -n '/^[0-9]* lines, [0-9]* answered/,$p' | sed -n 1,20p
title "done in $(((end - begin) / 1000000)) ms: two attested connections, two calls"
[ $place = laptop ] || refuse_changed
