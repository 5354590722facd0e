#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the agents of other frameworks: bench/peers/build.sh OUTPUT_FOLDER. Prints NAME=PATH for each that is there
# then; what can't be had is said on standard error and left out. Packages that are missing are installed, as root.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/bench/peers

die() {
    echo "peers: $*" >&2
    exit 1
}

note() {
    echo "peers: $*" >&2
}

# shellcheck source=bazel/scripts/setup.sh
. "$root/bazel/scripts/setup.sh"

declare -A packages=(
    [grpc_cpp]="g++ libabsl-dev libgrpc++-dev libprotobuf-dev libssl-dev openssl protobuf-compiler protobuf-compiler-grpc"
    [ttrpc_go]="golang-go golang-github-containerd-ttrpc-dev openssl"
)

[ $# -eq 1 ] || die "usage: bench/peers/build.sh OUTPUT_FOLDER"
output=$(realpath -m "$1")
case $output/ in
"$root"/.cache/*) ;;
"$root"/*) die "the output folder is in the source tree: $output" ;;
esac
mkdir -p "$output"

# have PACKAGE…: installs what is not there.
have() {
    local package missing=()
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "only root can install them: apt-get install --no-install-recommends ${missing[*]}"
        return 1
    fi
    note "installing Debian packages: ${missing[*]}"
    install_packages "${missing[@]}" </dev/null
}

# is_new PROGRAM FOLDER: nothing in the folder, nor this script, has changed since the program was built.
is_new() {
    [ -x "$1" ] && [ -z "$(find "$2" "${BASH_SOURCE[0]}" -newer "$1" -print -quit)" ]
}

# certificate NAME USAGE: of one side, for mutual TLS.
certificate() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key.pem"
    openssl req -new -key "$1.key.pem" -subj "/CN=$1" -out "$1.csr"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key.pem -CAcreateserial -days 30 -sha256 -out "$1.pem" -extfile <(
        echo "subjectAltName=DNS:$1.peers.bench"
        echo "basicConstraints=critical,CA:FALSE"
        echo "keyUsage=critical,digitalSignature"
        echo "extendedKeyUsage=$2"
    )
}

# P-256 on both sides, signed by a CA of their own whose key is forgotten; made again when they end within a day.
make_certificates() {
    local folder=$output/certificates
    if openssl x509 -in "$folder/client.pem" -noout -checkend 86400 >/dev/null 2>&1; then return 0; fi
    rm -rf "$folder"
    mkdir -p "$folder"
    cd "$folder"
    umask 077
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key.pem
    openssl req -x509 -new -key ca.key.pem -sha256 -days 30 -subj "/CN=peers bench CA" -out ca.pem \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign
    certificate server serverAuth
    certificate client clientAuth # last: is_new looks at it
    rm -f ca.key.pem ca.srl ./*.csr
}

build_grpc_cpp() {
    local work=$output/grpc_cpp.work source compiler compilers=()
    rm -rf "$work"
    mkdir -p "$work"
    protoc -I "$here/grpc_cpp" --cpp_out="$work" --grpc_out="$work" \
        --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" "$here/grpc_cpp/echo.proto"
    for source in "$here"/grpc_cpp/*.cc "$work"/*.cc; do
        while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do sleep 0.1; done
        g++ -std=c++17 -O2 -Wall -Wextra -I "$here/grpc_cpp" -I "$work" -c "$source" \
            -o "$work/$(basename "$source" .cc).o" &
        compilers+=($!)
    done
    for compiler in "${compilers[@]}"; do wait "$compiler"; done
    # handshake.cc must be found before OpenSSL.
    g++ -o "$work/grpc_cpp" "$work"/*.o -Wl,--export-dynamic-symbol=SSL_do_handshake \
        -lgrpc++ -lgrpc -lgpr -lprotobuf -labsl_synchronization -lssl -lcrypto -ldl -pthread
    mv "$work/grpc_cpp" "$output/grpc_cpp"
    rm -rf "$work"
}

build_ttrpc_go() {
    cd "$here/ttrpc_go"
    GO111MODULE=off GOPATH=/usr/share/gocode GOPROXY=off GOFLAGS='' CGO_ENABLED=0 GOCACHE=$output/ttrpc_go.cache \
        go build -o "$output/ttrpc_go.new" .
    mv "$output/ttrpc_go.new" "$output/ttrpc_go"
}

# The whole of one peer; `set -e` holds in it, because nobody asks for its status.
make_peer() {
    # shellcheck disable=SC2086 # a list of names
    have ${packages[$1]}
    (make_certificates)
    is_new "$output/$1" "$here/$1" || "build_$1"
}

# peer PROGRAM NAME
peer() {
    local log=$output/$1.log status=0
    set +e
    (
        set -e
        make_peer "$1"
    ) >"$log" 2>&1
    status=$?
    set -e
    if [ $status -eq 0 ]; then
        echo "$2=$output/$1"
        built=$((built + 1))
    else
        note "no $2: $(grep -m1 -E '^E: |error:|only root|cannot|undefined' "$log" || tail -n 1 "$log") (all of it: $log)"
    fi
}

built=0
peer grpc_cpp grpc-cpp-mtls
peer ttrpc_go ttrpc-go-mtls
[ $built -gt 0 ] || die "no peer could be built"
