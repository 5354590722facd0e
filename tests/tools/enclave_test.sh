#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Goal: the same files become the same image, measured as Nitro does; a wrong file is refused with its place.
. tests/support/cases.sh

grille=tools/grille/grille
world=$scratch/world

# A kernel that boots nothing but says that it is one (Linux Documentation/arch/x86/boot.rst), and what runs on it.
make_world() {
    mkdir -p "$world/root/app/data"
    head -c 514 /dev/zero >"$world/kernel"
    printf 'HdrS and more of a kernel' >>"$world/kernel"
    printf '#!init' >"$world/init"
    printf 'module' >"$world/nsm.ko"
    printf 'serve' >"$world/root/app/server"
    printf 'data' >"$world/root/app/data/file"
    ln -s data/file "$world/root/app/link"
    chmod 755 "$world/init" "$world/root/app/server"
}

# build OUTPUT OPTION…
build() {
    local output=$1
    shift
    try "$grille" enclave build --output "$output" --kernel "$world/kernel" --init "$world/init" "$@"
}

whole() {
    build "$1" --module "$world/nsm.ko" --root "$world/root" --file "/etc/motd=$world/nsm.ko" --env A=b --env C= \
        --name acme --version 1.2 -- /app/server vsock:any:5000 'two words'
}

the_same_files_become_the_same_image() {
    whole "$scratch/a.eif" && expect_status 0 || return 1
    cp "$scratch/out" "$scratch/a.json"
    # Another place, other times, another order in the folder, other permissions of the group.
    mkdir -p "$scratch/copy/root/app/data"
    cp "$world/root/app/data/file" "$scratch/copy/root/app/data/"
    ln -s data/file "$scratch/copy/root/app/link"
    cp "$world/root/app/server" "$scratch/copy/root/app/"
    cp "$world"/{kernel,init,nsm.ko} "$scratch/copy/"
    chmod 700 "$scratch/copy/root" "$scratch/copy/root/app/server"
    chmod 600 "$scratch/copy/root/app/data/file"
    touch -d 2001-01-01 "$scratch/copy/root/app/server"
    (
        umask 077
        world=$scratch/copy
        whole "$scratch/b.eif"
    )
    cmp "$scratch/a.eif" "$scratch/b.eif" || complain "the images differ"
}

measurements_are_a_policys() {
    try "$grille" enclave measure "$scratch/a.eif"
    expect_status 0 && cmp "$scratch/out" "$scratch/a.json" || return 1
    printf 'peers:\n  - name: other\n    kind: nitro\n    pcr0: %s\n' "$(printf '12%.0s' {1..48})" >"$scratch/p.yaml"
    try "$grille" policy add "$scratch/p.yaml" --name acme --measurements "$scratch/a.json"
    expect_status 0 && grep -qF "$(sed -n 's/.*"PCR0": "\(.*\)".*/\1/p' "$scratch/a.json")" "$scratch/p.yaml"
}

describe_tells_all() {
    try "$grille" enclave describe "$scratch/a.eif"
    expect_status 0 && expect_out 'EIF version 4, x86_64' && expect_out 'reboot=k panic=30 pci=off' &&
        expect_out 'acme 1.2, built by grille at 1970-01-01T00:00:00Z' && expect_out 'none: PCR8 will be zero' &&
        expect_out "PCR0         $(sed -n 's/.*"PCR0": "\(.*\)".*/\1/p' "$scratch/a.json")" &&
        expect_same ramdisks "$(grep -c ramdisk "$scratch/out")" 3 || return 1
    try "$grille" enclave describe --json "$scratch/a.eif"
    expect_status 0 && /usr/bin/python3 - "$scratch/out" "$scratch/a.json" <<'PY'
import json, sys
told, built = (json.load(open(path)) for path in sys.argv[1:])
assert told["Measurements"] == built["Measurements"], told
assert (told["EifVersion"], told["IsSigned"], told["CheckCRC"]) == (4, False, True), told
assert told["ImageName"] == "acme" and told["Metadata"]["BuildMetadata"]["BuildTool"] == "grille", told
assert [one["Type"] for one in told["Sections"]] == ["kernel", "cmdline", "metadata", "ramdisk", "ramdisk"], told
PY
}

# What is in the ramdisks, read by another program.
ramdisks_have_the_layout() {
    /usr/bin/python3 - "$scratch/a.eif" <<'PY'
import struct, sys
image = open(sys.argv[1], "rb").read()
count, = struct.unpack_from(">H", image, 26)
offsets = struct.unpack_from(">%dQ" % count, image, 28)
ramdisks = []
for offset in offsets:
    kind, _, size = struct.unpack_from(">HHQ", image, offset)
    if kind == 3:
        ramdisks.append(image[offset + 12:offset + 12 + size])

def files(archive):
    found, at = {}, 0
    while True:
        assert archive[at:at + 6] == b"070701", at
        field = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + 110:at + 109 + field[11]].decode()
        at += (110 + field[11] + 3) // 4 * 4
        if name == "TRAILER!!!":
            assert at == len(archive)
            return found
        assert field[5] == 0 and field[2] == field[3] == 0, name
        found[name] = (oct(field[1]), archive[at:at + field[6]])
        at += (field[6] + 3) // 4 * 4

boot, application = map(files, ramdisks)
assert boot == {"init": ("0o100755", b"#!init"), "modules": ("0o40755", b""),
                "modules/01-nsm.ko": ("0o100644", b"module")}, boot
folder = ("0o40755", b"")
assert application == {
    "cmd": ("0o100644", b"/app/server\nvsock:any:5000\ntwo words\n"), "env": ("0o100644", b"A=b\nC=\n"),
    "rootfs": folder, "rootfs/app": folder, "rootfs/app/data": folder, "rootfs/etc": folder,
    "rootfs/app/data/file": ("0o100644", b"data"), "rootfs/app/link": ("0o120777", b"data/file"),
    "rootfs/app/server": ("0o100755", b"serve"), "rootfs/etc/motd": ("0o100644", b"module")}, application
PY
}

metadata_is_not_measured() {
    SOURCE_DATE_EPOCH=1700000000 whole "$scratch/c.eif"
    expect_status 0 && cmp "$scratch/out" "$scratch/a.json" || return 1
    ! cmp -s "$scratch/a.eif" "$scratch/c.eif" || complain "the time is not in it"
    try "$grille" enclave describe "$scratch/c.eif"
    expect_out 2023-11-14T22:13:20Z
}

# signer NAME CURVE
signer() {
    openssl req -x509 -newkey ec -pkeyopt "ec_paramgen_curve:$2" -nodes -subj "/CN=$1" -days 30 \
        -keyout "$scratch/$1.key" -out "$scratch/$1.pem" 2>/dev/null
}

# Its certificate ended yesterday.
late_signer() {
    /usr/bin/python3 - "$scratch/late" <<'PY'
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key, now = ec.generate_private_key(ec.SECP384R1()), datetime.datetime.utcnow()
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "late")])
made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - datetime.timedelta(9),
                               now - datetime.timedelta(1)).sign(key, hashes.SHA384())
open(sys.argv[1] + ".pem", "wb").write(made.public_bytes(serialization.Encoding.PEM))
open(sys.argv[1] + ".key", "wb").write(key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
PY
}

signed_by() {
    build "$scratch/signed.eif" --root "$world/root" --private-key "$scratch/$1.key" \
        --signing-certificate "$scratch/$2.pem" -- /app/server
}

signatures_hold() {
    local curve certificate
    for curve in P-256 P-384; do
        signer "by-$curve" "$curve" && signed_by "by-$curve" "by-$curve" && expect_status 0 || return 1
        # PCR8 = SHA384(0^48 ‖ SHA384(certificate)), by another program.
        certificate=$(openssl x509 -in "$scratch/by-$curve.pem" -outform DER | openssl sha384 -binary |
            cat <(head -c 48 /dev/zero) - | openssl sha384 -r | cut -d' ' -f1)
        expect_out "\"PCR8\": \"$certificate\"" || return 1
        try "$grille" enclave describe "$scratch/signed.eif"
        expect_status 0 && expect_out "holds; CN=by-$curve" && expect_out "PCR8         $certificate" || return 1
    done
}

wrong_signers_are_refused() {
    signer other P-384 && signed_by other by-P-384 && expect_status 2 && expect_err 'not that of the signing' &&
        late_signer && signed_by late late && expect_status 2 && expect_err 'not valid now' &&
        signer odd P-521 && signed_by odd odd && expect_status 2 && expect_err 'not on P-256 or P-384' || return 1
    signed_by by-P-384 by-P-384
    # The signature of another image: its section over ours.
    /usr/bin/python3 - "$scratch/a.eif" "$scratch/signed.eif" "$scratch/mixed.eif" <<'PY'
import struct, sys, zlib
image, signed = (bytearray(open(path, "rb").read()) for path in sys.argv[1:3])
count, = struct.unpack_from(">H", signed, 26)
section = signed[struct.unpack_from(">Q", signed, 28 + 8 * (count - 1))[0]:]
count, = struct.unpack_from(">H", image, 26)
struct.pack_into(">H", image, 26, count + 1)
struct.pack_into(">Q", image, 28 + 8 * count, len(image))
struct.pack_into(">Q", image, 284 + 8 * count, len(section) - 12)
image += section
struct.pack_into(">I", image, 544, zlib.crc32(image[548:], zlib.crc32(image[:544])))
open(sys.argv[3], "wb").write(image)
PY
    try "$grille" enclave describe "$scratch/mixed.eif"
    expect_status 4 && expect_err "EIF-SIGNATURE: what is signed is not this image's PCR0"
}

a_changed_image_is_refused() {
    cp "$scratch/a.eif" "$scratch/bad.eif"
    printf 'x' | dd of="$scratch/bad.eif" bs=1 seek=600 conv=notrunc status=none
    local verb
    for verb in describe measure; do
        try "$grille" enclave $verb "$scratch/bad.eif"
        expect_status 4 && expect_err 'bad.eif: EIF-CHECKSUM: the checksum at byte 544 is' || return 1
    done
    head -c 600 "$scratch/a.eif" >"$scratch/bad.eif"
    try "$grille" enclave describe "$scratch/bad.eif"
    expect_status 4 && expect_err 'EIF-MALFORMED: at byte 552: a section of' || return 1
    try "$grille" enclave describe "$world/kernel"
    expect_status 4 && expect_err 'at byte 539: the file ends within its header' || return 1
    try "$grille" enclave describe "$scratch/missing.eif"
    expect_status 2 && expect_err 'No such file'
}

# refused TEXT OPTION…: of a build; nothing is left behind.
refused() {
    local text=$1
    shift
    build "$scratch/none.eif" "$@"
    expect_status 2 && expect_err "$text" && { ! ls "$scratch"/none.eif* 2>/dev/null || complain "it left a file"; }
}

inputs_that_boot_nothing_are_refused() {
    local root=(--root "$world/root")
    refused 'needs its whole path' "${root[@]}" -- app/server || return 1
    refused 'the command is not in the image' "${root[@]}" -- /app/other &&
        refused 'the command is not executable' "${root[@]}" -- /app/data/file &&
        refused '--file is GUEST=HOST' --file /etc/motd -- /app/server &&
        refused 'no NAME=VALUE' "${root[@]}" --env PATH -- /app/server &&
        refused 'line break' "${root[@]}" --env $'A=b\nc' -- /app/server &&
        refused 'line break' "${root[@]}" -- /app/server $'a\nb' &&
        refused 'No such file' --root "$scratch/nowhere" -- /app/server &&
        refused 'line 1, column' "${root[@]}" --metadata "$world/init" -- /app/server &&
        SOURCE_DATE_EPOCH=today refused 'SOURCE_DATE_EPOCH' "${root[@]}" -- /app/server || return 1
    try "$grille" enclave build --output "$scratch/none.eif" --kernel "$world/init" --init "$world/init" \
        "${root[@]}" -- /app/server
    expect_status 2 && expect_err 'no bzImage of an x86 kernel' || return 1
    try "$grille" enclave build --output "$scratch/none.eif" --kernel "$world/kernel" --init "$world/nsm.ko" \
        "${root[@]}" -- /app/server
    expect_status 2 && expect_err 'it is not executable' || return 1
    build "$scratch/no/where.eif" "${root[@]}" -- /app/server
    expect_status 1 && expect_err "can't write"
}

misuse_is_told() {
    local needed="--output x --kernel x --init x"
    refuses_all "$grille" "enclave" "enclave bild" "enclave build" "enclave build --output x" \
        "enclave build --output x --kernel x" "enclave build $needed" "enclave build $needed --root x" \
        "enclave build $needed --rot x" "enclave build $needed --root x --private-key k -- /c" \
        "enclave build $needed --root x --arch riscv -- /c" "enclave describe" "enclave measure" "enclave measure a b"
}

published_vectors_agree() {
    local folder=${GRILLE_TESTDATA:-}/attestation/eif
    [ -d "$folder" ] || { echo "  0 images of others"; return 0; }
    /usr/bin/python3 - "$grille" "$folder" <<'PY'
import json, subprocess, sys
grille, folder = sys.argv[1:]
vectors = json.load(open(folder + "/vectors.json"))["vectors"]
for vector in vectors:
    told = json.loads(subprocess.run([grille, "enclave", "describe", "--json", folder + "/" + vector["file"]],
                                     stdout=subprocess.PIPE, check=True).stdout)
    measured = {name: value for name, value in told["Measurements"].items() if name.startswith("PCR")}
    assert measured == vector["pcrs"], (vector["file"], measured)
    assert [one["Offset"] for one in told["Sections"]] == [one["offset"] for one in vector["sections"]], told
print("  %d images of others" % len(vectors))
PY
}

make_world
check "the same files become the same image" the_same_files_become_the_same_image
check "measurements are a policy's" measurements_are_a_policys
check "describe tells all" describe_tells_all
check "ramdisks have the layout that the init expects" ramdisks_have_the_layout
check "metadata is not measured" metadata_is_not_measured
check "signatures hold" signatures_hold
check "wrong signers are refused" wrong_signers_are_refused
check "a changed image is refused" a_changed_image_is_refused
check "inputs that boot nothing are refused" inputs_that_boot_nothing_are_refused
check "misuse is told" misuse_is_told
check "published vectors agree" published_vectors_agree
finish
