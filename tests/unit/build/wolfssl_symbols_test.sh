#!/usr/bin/env bash
# wolfssl_symbols_test.sh LIBRARY…: what the wolfSSL library defines and what it asks of the system.
set -euo pipefail

library=
service=
numbers=()
for file in "$@"; do
    case $file in
    */libwolfssl.a | */libwolfssl.lo) library=$file ;;
    */lib*numbers.a | */lib*numbers.lo) numbers+=("$file") ;;
    */libtls_service.a | */libtls_service.lo) service=$file ;;
    esac
done
[ "${#numbers[@]}" = 2 ] || { echo "not two libraries of numbers among: $*"; exit 1; }
[ -r "$service" ] || { echo "no libtls_service.a among: $*"; exit 1; }
[ -r "$library" ] || { echo "no libwolfssl.a among: $*"; exit 1; }

defined=$(nm --defined-only "$library" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
needed=$(nm --undefined-only "$library" 2>/dev/null | awk 'NF == 2 { print $2 }' | sort -u)
failures=0

# absent CASE SYMBOLS PATTERN: no line of SYMBOLS matches.
absent() {
    local found
    echo "[ RUN      ] $1"
    found=$(grep -xE "$3" <<<"$2" | tr '\n' ' ' || true)
    if [ -n "$found" ]; then
        echo "found: $found"
        echo "[  FAILED  ] $1"
        failures=$((failures + 1))
    else
        echo "[       OK ] $1"
    fi
}

# present CASE SYMBOL…
present() {
    local name=$1 symbol missing=
    shift
    echo "[ RUN      ] $name"
    for symbol in "$@"; do
        grep -qxF "$symbol" <<<"$defined" || missing+=" $symbol"
    done
    if [ -n "$missing" ]; then
        echo "missing:$missing"
        echo "[  FAILED  ] $name"
        failures=$((failures + 1))
    else
        echo "[       OK ] $name"
    fi
}

absent "no session tickets" "$defined" '.*(SessionTicket|session_ticket|ticket_enc_cb|DoTls13NewSessionTicket|SetTicket).*'
absent "no session cache" "$defined" '.*(AddSession|AddSessionToCache|TlsSessionCache|save_session_cache|CTX_set_session_cache_mode|set_session|SetSession)'
absent "no PSK" "$defined" '.*(_psk_(client|server|identity)|PreSharedKey|psk_callback|set_psk).*'
absent "no early data" "$defined" '.*(early_data|EarlyData|0RTT).*'
absent "no post-handshake authentication" "$defined" '.*(post_handshake|request_certificate|CertReqCtx).*'
absent "no renegotiation" "$defined" '.*(Rehandshake|SecureRenegotiat|SecureResume).*'
absent "no trusted-peer certificates" "$defined" '.*(trust_peer|TrustedPeer|AddTrustedPeer).*'
absent "no secret callbacks" "$defined" '.*(secret_cb|keylog).*'
absent "no OpenSSL layer" "$defined" 'wolfSSL_(EVP|BIO|PEM|BN|RSA|EC_KEY|X509_STORE_(add|set)|X509_verify).*'
absent "no TLS 1.2 and older, no DTLS" "$defined" 'wolf(TLSv1(_[012])?|SSLv[23]|DTLS.*)_(client|server)_method'
absent "no RSA, DH, SHA-1, MD5, RC4, DES" "$defined" 'wc_(Rsa|RSA|Dh|(Init)?Sha([A-Z_]|$)|(Init)?Md5|Arc4|Des).*'
absent "no clock" "$needed" '(time|gettimeofday|clock_gettime|gmtime|gmtime_r|localtime|mktime)'
absent "no files" "$needed" '(open|open64|fopen|fopen64|read|write|getrandom|opendir|stat)'
absent "no sockets" "$needed" '(socket|connect|accept|bind|recv|recvfrom|send|sendto|getaddrinfo|select|poll)'
absent "no environment" "$needed" '(getenv|secure_getenv)'

if [ "$(uname -m)" = x86_64 ]; then
    present "AES-GCM in assembly" AES_GCM_encrypt_aesni AES_GCM_encrypt_avx1 AES_GCM_encrypt_avx2 \
        AES_GCM_decrypt_aesni AES_GCM_decrypt_avx1 AES_GCM_decrypt_avx2 AES_128_Key_Expansion_AESNI
    present "P-256 in assembly" sp_256_mont_mul_4 sp_256_mont_mul_avx2_4 sp_256_mont_sqr_avx2_4
    present "P-384 in assembly" sp_384_mul_6 sp_384_mul_avx2_6 sp_384_sqr_avx2_6
fi
present "what the project calls" wolfSSL_export_keying_material wolfSSL_update_keys wolfSSL_UseALPN \
    wolfSSL_SetAllocators wc_SetSeed_Cb wc_HpkeSealBase wc_HpkeOpenBase wc_ChaCha20Poly1305_Encrypt wc_ecc_check_key

# Their sources are the library's, once more: a name of its own would stand for either. Sanitizers have names, too.
global_names() {
    nm --defined-only "$@" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' | grep -vE '^(__)?(asan|odr_asan|tsan|ubsan)' | sort -u
}
own=$(global_names "${numbers[@]}")
for name in grille_numbers_power grille_private_numbers_open; do
    grep -qxF "$name" <<<"$own" || { echo "no $name in ${numbers[*]}"; exit 1; }
done
absent "numbers are named as ours" "$(grep -v '^grille_' <<<"$own")" '.+'
absent "numbers take no heap, no files, no clock" "$(nm --undefined-only "${numbers[@]}" 2>/dev/null | awk 'NF == 2 { print $2 }')" \
    '(malloc|calloc|realloc|free|wolfSSL_(Malloc|Free|Realloc)|open|read|getrandom|time)'

# TLS towards services: one function, and tables that no program shows as global.
own=$(global_names "$service")
hidden=$(readelf -sW "$service" | awk '$5 == "GLOBAL" && $6 == "HIDDEN" && $7 != "UND" { print $8 }' | sort -u)
grep -qxF grille_tls_of_services <<<"$own" || { echo "no grille_tls_of_services in $service"; exit 1; }
grep -qxF grille_tls_of_services_ecc_sets <<<"$hidden" || { echo "no hidden tables in $service"; exit 1; }
absent "services' TLS is named as such" "$(grep -v '^grille_tls_of_services' <<<"$own")" '.+'
absent "and has one name that other programs see" "$(grep -vxF -e grille_tls_of_services -e "$hidden" <<<"$own")" '.+'
# What it takes of the library: only what is the same with either settings (shared_structs.h), or has no struct.
taken=$(nm --undefined-only "$service" 2>/dev/null | awk 'NF == 2 { print $2 }' | grep -E '^(wc_|wolf|sp_|mp_|fp_|ecc|Rsa|TLSX|Tls|ssl)' | sort -u)
grep -qxF wc_AesGcmDecrypt <<<"$taken" || { echo "takes no AES of the library"; exit 1; }
absent "numbers, curves and certificates are its own" \
    "$(grep -vE '^wc_(Aes|Chacha|Poly1305|Hmac|(Init)?Sha(256|384|512)|Hash|Tls13_HKDF_|curve25519_|(Init|Free)Rng|RNG_)|^wc_(GenerateSeed|GetErrorString|strtok)$|^wc_(Init|Free|Lock|UnLock)Mutex$|^wolfCrypt_(Init|Cleanup)$|^wolfSSL_(Malloc|Free|Realloc|Ref(Init|Free|Inc|Dec))$' <<<"$taken")" '.+'

exit "$((failures != 0))"
