/* SPDX-License-Identifier: Apache-2.0
 * RSA-2048 private keys by wolfCrypt's RSA, which is none of the library's (private_numbers.h). */
#include "crypto/rsa_private.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/writer.h"
#include "bazel/third_party/wolfssl/private_numbers.h"
#include "crypto/der.h"

_Static_assert(GRILLE_RSA_PRIVATE_BYTES == GRILLE_PRIVATE_NUMBERS_BYTES, "one size of keys");
_Static_assert(GRILLE_RSA_PRIVATE_MESSAGE_MOST == GRILLE_RSA_PRIVATE_BYTES - 2 * GRILLE_SHA256_BYTES - 2,
               "RFC 8017 7.1.1");

struct grille_rsa_private_key {
    grille_rsa_random random;
    uint8_t spki[GRILLE_RSA_PRIVATE_SPKI_BYTES];
    uint8_t spki_sha256[GRILLE_SHA256_BYTES];
    pthread_mutex_t lock; /* for `numbers` */
    alignas(max_align_t) unsigned char numbers[];
};

/* 1.2.840.113549.1.1.1 */
static const uint8_t oid_rsa_encryption[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t exponent[] = {0x01, 0x00, 0x01};
_Static_assert(GRILLE_PRIVATE_NUMBERS_EXPONENT == 0x010001, "the exponent above");

static size_t key_size(void) {
    return sizeof(grille_rsa_private_key) + grille_private_numbers_size();
}

static grille_private_numbers *numbers_of(grille_rsa_private_key *key) {
    return (grille_private_numbers *)(void *)key->numbers;
}

static int draw(void *context, unsigned char *out, size_t len) {
    const grille_rsa_random *random = context;
    return random->fill(random->context, out, len) == GRILLE_REASON_OK ? 0 : -1;
}

/* SubjectPublicKeyInfo with RSAPublicKey (RFC 3279 2.3.1, RFC 8017 A.1.1). */
static grille_reason write_spki(const uint8_t modulus[GRILLE_RSA_PRIVATE_BYTES],
                                uint8_t spki[GRILLE_RSA_PRIVATE_SPKI_BYTES]) {
    grille_writer writer = grille_writer_into(spki, GRILLE_RSA_PRIVATE_SPKI_BYTES);
    const size_t info = grille_der_begin(&writer, GRILLE_DER_SEQUENCE);
    const size_t algorithm = grille_der_begin(&writer, GRILLE_DER_SEQUENCE);
    size_t bits, key, len = 0;
    grille_reason reason;
    grille_der_write(&writer, GRILLE_DER_OID, grille_bytes_of(oid_rsa_encryption, sizeof oid_rsa_encryption));
    grille_der_write(&writer, GRILLE_DER_NULL, grille_bytes_of(NULL, 0));
    grille_der_end(&writer, algorithm);
    bits = grille_der_begin(&writer, GRILLE_DER_BIT_STRING);
    grille_write_u8(&writer, 0);
    key = grille_der_begin(&writer, GRILLE_DER_SEQUENCE);
    grille_der_write_unsigned(&writer, grille_bytes_of(modulus, GRILLE_RSA_PRIVATE_BYTES));
    grille_der_write_unsigned(&writer, grille_bytes_of(exponent, sizeof exponent));
    grille_der_end(&writer, key);
    grille_der_end(&writer, bits);
    grille_der_end(&writer, info);
    reason = grille_der_finish(&writer, &len);
    if (reason != GRILLE_REASON_OK) return reason;
    return len == GRILLE_RSA_PRIVATE_SPKI_BYTES ? GRILLE_REASON_OK : GRILLE_REASON_INTERNAL;
}

static grille_reason describe(grille_rsa_private_key *key) {
    uint8_t modulus[GRILLE_RSA_PRIVATE_BYTES];
    const grille_bytes spki = grille_bytes_of(key->spki, sizeof key->spki);
    grille_reason reason;
    if (grille_private_numbers_modulus(numbers_of(key), modulus) != 0) return GRILLE_REASON_CRYPTO_FAILED;
    reason = write_spki(modulus, key->spki);
    if (reason != GRILLE_REASON_OK) return reason;
    return grille_crypto_wolf()->hash(GRILLE_SHA256, &spki, 1, key->spki_sha256);
}

static void wipe_and_free(grille_rsa_private_key *key) {
    grille_wipe(key, key_size());
    free(key);
}

static void key_free(grille_rsa_private_key *key) {
    if (key == NULL) return;
    grille_private_numbers_end(numbers_of(key));
    pthread_mutex_destroy(&key->lock);
    wipe_and_free(key);
}

static grille_reason generate(grille_rsa_random random, grille_rsa_private_key **key) {
    grille_rsa_private_key *made = calloc(1, key_size());
    grille_reason reason;
    *key = NULL;
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    made->random = random;
    if (grille_private_numbers_make(numbers_of(made), draw, &made->random) != 0) {
        wipe_and_free(made);
        return GRILLE_REASON_CRYPTO_FAILED;
    }
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        grille_private_numbers_end(numbers_of(made));
        wipe_and_free(made);
        return GRILLE_REASON_OUT_OF_MEMORY;
    }
    reason = describe(made);
    if (reason == GRILLE_REASON_OK)
        *key = made;
    else
        key_free(made);
    return reason;
}

static grille_bytes spki(const grille_rsa_private_key *key) {
    return grille_bytes_of(key->spki, sizeof key->spki);
}

static grille_bytes spki_sha256(const grille_rsa_private_key *key) {
    return grille_bytes_of(key->spki_sha256, sizeof key->spki_sha256);
}

/* A message is what an opened block ends in, so that copying it takes the same steps whatever was found. */
static grille_reason open(grille_rsa_private_key *key, grille_bytes ciphertext, uint8_t *message, size_t len) {
    uint8_t block[GRILLE_RSA_PRIVATE_BYTES];
    unsigned keep;
    int found;
    if (len == 0 || len > GRILLE_RSA_PRIVATE_MESSAGE_MOST) return GRILLE_REASON_BAD_ARGUMENT;
    if (ciphertext.len != sizeof block) {
        memset(message, 0, len);
        return GRILLE_REASON_CRYPTO_NOT_AUTHENTIC;
    }
    memcpy(block, ciphertext.data, sizeof block);
    pthread_mutex_lock(&key->lock);
    found = grille_private_numbers_open(numbers_of(key), block);
    pthread_mutex_unlock(&key->lock);
    keep = 0u - (unsigned)(found == (int)len);
    for (size_t i = 0; i < len; i++)
        message[i] = (uint8_t)(block[sizeof block - len + i] & keep);
    grille_wipe(block, sizeof block);
    return keep != 0 ? GRILLE_REASON_OK : GRILLE_REASON_CRYPTO_NOT_AUTHENTIC;
}

const grille_rsa_private *grille_rsa_private_wolf(void) {
    static const grille_rsa_private wolf = {
        .generate = generate, .spki = spki, .spki_sha256 = spki_sha256, .open = open, .free = key_free};
    (void)grille_crypto_wolf(); /* initialises the library */
    return &wolf;
}
