#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# form_test.sh AGAIN PROGRAM…: what grille_enclave_binary makes, stripped, and as it was linked (*.linked). AGAIN is
# greeter_enclave_nitro built a second time; exchange.linked asks a key service, the other programs do not.
. tests/support/cases.sh

again=$1
shift
programs=()
linked=()
asking=
for file in "$@"; do
    case $file in
    */exchange.linked) asking=$file ;;
    *.linked) linked+=("$file") ;;
    *) programs+=("$file") ;;
    esac
done

# All that runs in the enclave but its kernel. About five percent above what it took when this was last set.
most_bytes=1030000

all_are_looked_at() { expect_same "programs and linked ones" "${#programs[@]} ${#linked[@]}" "3 3"; }

is_small() {
    local bytes
    bytes=$(stat -L -c %s "$1")
    echo "$1: $bytes bytes; at most $most_bytes"
    [ "$bytes" -le "$most_bytes" ] || complain "$1 has grown: $bytes bytes"
}

# Nothing of the machine that it runs on is loaded.
is_static() {
    readelf -lW "$1" >"$scratch/out" && grep -q 'GNU_STACK' "$scratch/out" || complain "no program headers" || return 1
    ! grep -q 'INTERP' "$scratch/out" || complain "$1 asks for a loader" || return 1
    ! readelf -dW "$1" | grep 'NEEDED' || complain "$1 asks for libraries"
}

is_hardened() {
    readelf -hW "$1" | grep -q 'Type:.*DYN' || complain "not position independent" || return 1
    readelf -lW "$1" >"$scratch/out"
    grep -q 'GNU_RELRO' "$scratch/out" || complain "relocations stay writable" || return 1
    ! grep -q 'RWE' "$scratch/out" || complain "writable and executable" || return 1
    grep -qE 'GNU_STACK.* 0x0*800000 RW ' "$scratch/out" || complain "threads have another stack than 8 MiB"
}

has_no_symbols() { [ -z "$(nm "$1" 2>/dev/null)" ] || complain "$1 has symbols"; }

# Names of musl's own are there: the search sees something.
is_of_musl_alone() {
    nm --defined-only "$1" | awk '{print $3}' >"$scratch/out"
    grep -qx '__libc_start_main' "$scratch/out" || complain "no start of a C library" || return 1
    ! grep -xE '_IO_file_jumps|_dl_start|__nss_.*|__gconv.*|_dl_relocate_static_pie' "$scratch/out" || complain "glibc" || return 1
    ! grep -qaE 'GNU C Library|GLIBC_' "$1" || complain "glibc's texts"
}

# What glibc warns of when it is linked statically, as it reads files of the machine or asks a network.
unfit_functions() {
    local archive
    archive=$(gcc -print-file-name=libc.a) && [ -r "$archive" ] || return 1
    readelf -SW "$archive" | grep -oE '\.gnu\.warning\.[a-z_0-9]+' | sed 's/.*\.//' | sort -u
}

needs_nothing_else() {
    unfit_functions >"$scratch/unfit" && grep -qx getaddrinfo "$scratch/unfit" && grep -qx dlopen "$scratch/unfit" ||
        complain "the list of such functions is not there" || return 1
    nm --defined-only "$1" | awk '{print $3}' | sort -u | comm -12 - "$scratch/unfit" >"$scratch/out"
    [ ! -s "$scratch/out" ] || complain "linked, and will not work in an enclave"
}

# Neither where nor when it was built.
tells_nothing_of_the_build() {
    ! grep -aoE "$PWD|/(home|root|tmp|build)/[[:graph:]]*|bazel-out[[:graph:]]*|_bazel_[[:graph:]]*" "$1" || complain "paths" || return 1
    ! grep -aoE "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9][0-9] 20[0-9]{2}" "$1" || complain "dates"
}

# RSA, and names of services, come with TLS towards services: the program that has it shows one name of it, and what it
# takes for RSA keys is local.
names_of_services='grille_tls_of_services.*|grille_rsa_.*|grille_(private_)?numbers_.*|.*(wc_Rsa|Rsa[A-Z]|_RSA|UseSNI|TLSX_SNI).*'

asks_by_one_name() {
    nm "$asking" >"$scratch/out"
    grep -q ' t wc_RsaPSS_' "$scratch/out" && grep -q ' t wolfSSL_connect_TLSv13' "$scratch/out" || complain "no TLS, or no RSA" ||
        return 1
    awk '$2 ~ /[A-Z]/ { print $3 }' "$scratch/out" >"$scratch/names"
    expect_same "names that others see" \
        "$(grep -xE 'grille_tls_of_services.*|.*(wc_Rsa|Rsa[A-Z]|TLSX_|UseSNI).*|wolfSSL_(CTX_new|new|connect.*)' "$scratch/names")" \
        grille_tls_of_services
}

knows_no_rsa() {
    nm "$1" | awk '{print $3}' >"$scratch/out"
    grep -qx wolfSSL_connect "$scratch/out" || complain "no TLS" || return 1
    ! grep -xE "$names_of_services" "$scratch/out" || complain "RSA, or a service's name"
}

has_the_same_bytes_again() {
    local one
    for one in "${programs[@]}"; do
        [ "${one##*/}" != greeter_enclave_nitro ] || { cmp "$one" "$again" && return; }
    done
    complain "built twice, two programs"
}

wants_the_device() {
    [ ! -e /dev/nsm ] || return 0
    try "$1" "unix:$scratch/s" "$scratch/policy.yaml"
    expect_status 5 && expect_err 'boot guard: BOOT-NO-NSM: ' && expect_err '/dev/nsm'
}

check "programs and their symbols are looked at" all_are_looked_at
for file in "${programs[@]}"; do
    check "${file##*/} is small" is_small "$file"
    check "${file##*/} is static" is_static "$file"
    check "${file##*/} is hardened" is_hardened "$file"
    check "${file##*/} has no symbols" has_no_symbols "$file"
    check "${file##*/} tells nothing of the build" tells_nothing_of_the_build "$file"
    check "${file##*/} wants the device" wants_the_device "$file"
done
for file in "${linked[@]}"; do
    check "${file##*/} has no part of glibc" is_of_musl_alone "$file"
    check "${file##*/} needs nothing else" needs_nothing_else "$file"
    check "${file##*/} knows no RSA" knows_no_rsa "$file"
done
check "who asks a key service has one name of its TLS" asks_by_one_name
check "and needs nothing else" needs_nothing_else "$asking"
check "built twice, the same bytes" has_the_same_bytes_again
finish
