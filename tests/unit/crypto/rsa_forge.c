/* SPDX-License-Identifier: Apache-2.0 */
#include "rsa_forge.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "crypto/der.h"
#include "rsa_forge_numbers.h"

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/hash.h>

static void must(bool condition) {
    if (!condition) abort();
}

void rsa_forge_key_make(unsigned bits, unsigned long exponent, rsa_forge_key *key) {
    (void)grille_crypto_wolf(); /* its generator's seed */
    *key = (rsa_forge_key){.exponent = exponent, .len = (bits + 7) / 8};
    must(key->len <= sizeof key->modulus);
    must(rsa_forge_numbers(bits, exponent, key->modulus, key->secret) == 0);
}

size_t rsa_forge_spki(const rsa_forge_key *key, uint8_t *out, size_t capacity) {
    grille_writer w = grille_writer_into(out, capacity);
    uint8_t exponent[8];
    size_t info, algorithm, bits, numbers;
    for (size_t i = 0; i < sizeof exponent; i++)
        exponent[i] = (uint8_t)(key->exponent >> 8 * (7 - i));
    info = grille_der_begin(&w, GRILLE_DER_SEQUENCE);
    algorithm = grille_der_begin(&w, GRILLE_DER_SEQUENCE);
    grille_der_write(&w, GRILLE_DER_OID, grille_bytes_of("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9));
    grille_der_write(&w, GRILLE_DER_NULL, grille_bytes_of(NULL, 0));
    grille_der_end(&w, algorithm);
    bits = grille_der_begin(&w, GRILLE_DER_BIT_STRING);
    grille_write_u8(&w, 0);
    numbers = grille_der_begin(&w, GRILLE_DER_SEQUENCE);
    grille_der_write_unsigned(&w, grille_bytes_of(key->modulus, key->len));
    grille_der_write_unsigned(&w, grille_bytes_of(exponent, sizeof exponent));
    grille_der_end(&w, numbers);
    grille_der_end(&w, bits);
    grille_der_end(&w, info);
    must(grille_writer_end(&w) == GRILLE_REASON_OK);
    return grille_written(&w).len;
}

const char *rsa_forge_padding_name(rsa_forge_padding padding) {
    static const char *const names[] = {
        [RSA_FORGE_RIGHT] = "right",
        [RSA_FORGE_GARBAGE_AFTER] = "garbage after the digest",
        [RSA_FORGE_SHORT_PADDING] = "padding of seven bytes",
        [RSA_FORGE_NO_NULL] = "no NULL",
        [RSA_FORGE_GARBAGE_PARAMETERS] = "garbage as parameters",
        [RSA_FORGE_LONG_LENGTH] = "a length that is not minimal",
        [RSA_FORGE_INDEFINITE] = "an indefinite length",
        [RSA_FORGE_NO_INFO] = "the digest alone",
        [RSA_FORGE_OTHER_DIGEST] = "another digest",
        [RSA_FORGE_OTHER_HASH] = "another hash's name",
        [RSA_FORGE_SHA1_INFO] = "SHA-1's name",
        [RSA_FORGE_TYPE_2] = "block type 2",
        [RSA_FORGE_TYPE_0] = "block type 0",
        [RSA_FORGE_ZERO_IN_PADDING] = "a zero in the padding",
        [RSA_FORGE_NO_SEPARATOR] = "no separator",
    };
    return names[padding];
}

/* What stands behind 00 01 ff … ff 00, for one way to be right or wrong. */
static void write_info(grille_writer *w, grille_rsa_hash hash, rsa_forge_padding padding, grille_bytes digest) {
    const bool other = padding == RSA_FORGE_OTHER_HASH;
    const char *oids[] = {"\x60\x86\x48\x01\x65\x03\x04\x02\x01", "\x60\x86\x48\x01\x65\x03\x04\x02\x02",
                          "\x60\x86\x48\x01\x65\x03\x04\x02\x03"};
    uint8_t bytes[160];
    grille_writer inner = grille_writer_into(bytes, sizeof bytes);
    size_t algorithm = grille_der_begin(&inner, GRILLE_DER_SEQUENCE);
    if (padding == RSA_FORGE_SHA1_INFO)
        grille_der_write(&inner, GRILLE_DER_OID, grille_bytes_of("\x2b\x0e\x03\x02\x1a", 5));
    else
        grille_der_write(&inner, GRILLE_DER_OID, grille_bytes_of(oids[other ? (hash + 1) % 3 : hash], 9));
    if (padding == RSA_FORGE_GARBAGE_PARAMETERS)
        grille_der_write(&inner, GRILLE_DER_OCTET_STRING, grille_bytes_of("garbage", 7));
    else if (padding != RSA_FORGE_NO_NULL)
        grille_der_write(&inner, GRILLE_DER_NULL, grille_bytes_of(NULL, 0));
    grille_der_end(&inner, algorithm);
    grille_der_write(&inner, GRILLE_DER_OCTET_STRING, digest);
    must(grille_writer_end(&inner) == GRILLE_REASON_OK);

    if (padding == RSA_FORGE_NO_INFO) {
        grille_write_bytes(w, digest);
    } else if (padding == RSA_FORGE_LONG_LENGTH) {
        grille_write_u8(w, GRILLE_DER_SEQUENCE);
        grille_write_u8(w, 0x81);
        grille_write_u8(w, (uint8_t)grille_written(&inner).len);
        grille_write_bytes(w, grille_written(&inner));
    } else if (padding == RSA_FORGE_INDEFINITE) {
        grille_write_u8(w, GRILLE_DER_SEQUENCE);
        grille_write_u8(w, 0x80);
        grille_write_bytes(w, grille_written(&inner));
        grille_write_u16(w, 0);
    } else {
        grille_der_write(w, GRILLE_DER_SEQUENCE, grille_written(&inner));
    }
}

static size_t digest_of(grille_rsa_hash hash, grille_bytes message, uint8_t *digest) {
    static const enum wc_HashType types[] = {WC_HASH_TYPE_SHA256, WC_HASH_TYPE_SHA384, WC_HASH_TYPE_SHA512};
    const size_t len = (size_t)wc_HashGetDigestSize(types[hash]);
    must(wc_Hash(types[hash], message.data, (word32)message.len, digest, (word32)len) == 0);
    return len;
}

static void write_padding(grille_writer *w, rsa_forge_padding padding, size_t count) {
    grille_write_u8(w, 0);
    grille_write_u8(w, padding == RSA_FORGE_TYPE_2 ? 2 : padding == RSA_FORGE_TYPE_0 ? 0 : 1);
    for (size_t i = 0; i < count; i++)
        grille_write_u8(w, padding == RSA_FORGE_ZERO_IN_PADDING && i == count / 2 ? 0 : 0xff);
    grille_write_u8(w, padding == RSA_FORGE_NO_SEPARATOR ? 0xff : 0);
}

void rsa_forge_sign(const rsa_forge_key *key, grille_rsa_hash hash, rsa_forge_padding padding, grille_bytes message,
                    uint8_t *signature) {
    uint8_t digest[64], info_bytes[256], encoded[RSA_FORGE_MAX];
    const size_t digest_len = digest_of(hash, message, digest);
    grille_writer info = grille_writer_into(info_bytes, sizeof info_bytes);
    grille_writer w = grille_writer_into(encoded, key->len);
    size_t room, count;
    if (padding == RSA_FORGE_OTHER_DIGEST) digest[digest_len / 2] ^= 1;
    write_info(&info, hash, padding, grille_bytes_of(digest, digest_len));
    room = key->len - grille_written(&info).len - 3;
    count = padding == RSA_FORGE_GARBAGE_AFTER ? 8 : padding == RSA_FORGE_SHORT_PADDING ? 7 : room;
    write_padding(&w, padding, count);
    grille_write_bytes(&w, grille_written(&info));
    while (grille_writer_end(&w) == GRILLE_REASON_OK && grille_written(&w).len < key->len)
        grille_write_u8(&w, padding == RSA_FORGE_SHORT_PADDING ? 0x00 : 0xa5);
    must(grille_writer_end(&w) == GRILLE_REASON_OK && grille_written(&w).len == key->len);
    rsa_forge_sign_encoded(key, encoded, signature);
}

void rsa_forge_sign_encoded(const rsa_forge_key *key, const uint8_t *encoded, uint8_t *signature) {
    must(rsa_forge_power(encoded, key->secret, key->modulus, (unsigned)key->len, signature) == 0);
}
