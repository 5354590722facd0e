/* SPDX-License-Identifier: Apache-2.0
 * RSASSA-PKCS1-v1_5 by wolfCrypt's big numbers and hashes. */
#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/hash.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "bazel/third_party/wolfssl/numbers.h"
#include "crypto/rsa_key.h"
#include "wire/limits.h"

enum { least_padding = 8, digest_most = 64, message_most = 1 << 30 };

_Static_assert(GRILLE_LIMIT_RSA_MOST_BITS == 8 * GRILLE_NUMBERS_BYTES, "numbers have the size of the longest key");

/* DigestInfo up to the digest (RFC 8017 9.2, note 1), by grille_rsa_hash. */
static const struct {
    uint8_t head[19];
    uint8_t digest_len;
} infos[] = {
    {{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
     32},
    {{0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30},
     48},
    {{0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40},
     64},
};

static grille_reason digest_of(grille_rsa_hash hash, grille_bytes message, uint8_t digest[digest_most]) {
    if (hash != GRILLE_RSA_SHA512)
        return grille_crypto_wolf()->hash(hash == GRILLE_RSA_SHA256 ? GRILLE_SHA256 : GRILLE_SHA384, &message, 1,
                                          digest);
    if (message.len > message_most) return GRILLE_REASON_BAD_ARGUMENT;
    return wc_Sha512Hash(message.data, (word32)message.len, digest) == 0 ? GRILLE_REASON_OK
                                                                         : GRILLE_REASON_CRYPTO_FAILED;
}

/* EMSA-PKCS1-v1_5 (RFC 8017 9.2): 00 01 ff … ff 00 DigestInfo, `len` bytes. */
static grille_reason encode(grille_rsa_hash hash, grille_bytes message, uint8_t *encoded, size_t len) {
    grille_writer writer = grille_writer_into(encoded, len);
    const size_t info_len = sizeof infos[0].head + infos[hash].digest_len;
    const size_t padding = len - info_len - 3;
    uint8_t digest[digest_most];
    grille_reason reason = digest_of(hash, message, digest);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_write_u8(&writer, 0x00);
    grille_write_u8(&writer, 0x01);
    for (size_t i = 0; i < padding; i++)
        grille_write_u8(&writer, 0xff);
    grille_write_u8(&writer, 0x00);
    grille_write_bytes(&writer, grille_bytes_of(infos[hash].head, sizeof infos[hash].head));
    grille_write_bytes(&writer, grille_bytes_of(digest, infos[hash].digest_len));
    return grille_writer_end(&writer);
}

_Static_assert(GRILLE_LIMIT_RSA_LEAST_BITS / 8 >= 3 + least_padding + 19 + digest_most, "any digest fits any key");

/* Step 2 b of 8.2.2: a signature of the modulus or more is another spelling of a smaller one. */
static bool is_below(grille_bytes signature, grille_bytes modulus) {
    return signature.len == modulus.len && memcmp(signature.data, modulus.data, modulus.len) < 0;
}

static grille_reason verify(const grille_rsa_key *key, grille_rsa_hash hash, grille_bytes message,
                            grille_bytes signature) {
    uint8_t expected[GRILLE_NUMBERS_BYTES], opened[GRILLE_NUMBERS_BYTES];
    const size_t len = key->modulus.len;
    grille_reason reason = grille_rsa_key_check(key);
    if (reason != GRILLE_REASON_OK) return reason;
    if (hash != GRILLE_RSA_SHA256 && hash != GRILLE_RSA_SHA384 && hash != GRILLE_RSA_SHA512)
        return GRILLE_REASON_BAD_ARGUMENT;
    if (!is_below(signature, key->modulus)) return GRILLE_REASON_CRYPTO_BAD_SIGNATURE;
    reason = encode(hash, message, expected, len);
    if (reason != GRILLE_REASON_OK) return reason;
    if (grille_numbers_power(signature.data, signature.len, key->exponent.data, key->exponent.len, key->modulus.data,
                             len, opened) != 0)
        return GRILLE_REASON_CRYPTO_FAILED;
    return grille_bytes_equal(grille_bytes_of(expected, len), grille_bytes_of(opened, len))
               ? GRILLE_REASON_OK
               : GRILLE_REASON_CRYPTO_BAD_SIGNATURE;
}

const grille_rsa *grille_rsa_wolf(void) {
    static const grille_rsa wolf = {.key_read = grille_rsa_key_read, .verify = verify};
    (void)grille_crypto_wolf(); /* initialises the library */
    return &wolf;
}
