/* SPDX-License-Identifier: Apache-2.0
 * RSA keys and signatures made to order for tests, right and wrong ones. Everything asserts; keys are made at random,
 * of many short primes, so that a key of 4,096 bits takes a moment. */
#ifndef GRILLE_TESTS_RSA_FORGE_H
#define GRILLE_TESTS_RSA_FORGE_H

#include "crypto/rsa.h"

#define RSA_FORGE_MAX 520

typedef struct rsa_forge_key {
    unsigned long exponent;
    size_t len; /* of the modulus */
    uint8_t modulus[RSA_FORGE_MAX];
    uint8_t secret[RSA_FORGE_MAX];
} rsa_forge_key;

/* What is wrong in the message that is signed (RFC 8017 9.2). */
typedef enum rsa_forge_padding {
    RSA_FORGE_RIGHT,
    RSA_FORGE_GARBAGE_AFTER,      /* little padding, bytes after the digest (Bleichenbacher 2006) */
    RSA_FORGE_SHORT_PADDING,      /* seven bytes, zeros after the digest */
    RSA_FORGE_NO_NULL,            /* DigestInfo without parameters */
    RSA_FORGE_GARBAGE_PARAMETERS, /* bytes in place of NULL */
    RSA_FORGE_LONG_LENGTH,        /* BER: a length of DigestInfo that is not minimal */
    RSA_FORGE_INDEFINITE,         /* BER: DigestInfo of indefinite length */
    RSA_FORGE_NO_INFO,            /* the digest alone */
    RSA_FORGE_OTHER_DIGEST,       /* one bit */
    RSA_FORGE_OTHER_HASH,         /* SHA-256's name before a digest of another length, or SHA-384's */
    RSA_FORGE_SHA1_INFO,          /* SHA-1's name */
    RSA_FORGE_TYPE_2,             /* block type of encryption */
    RSA_FORGE_TYPE_0,
    RSA_FORGE_ZERO_IN_PADDING,
    RSA_FORGE_NO_SEPARATOR,
    RSA_FORGE_PADDINGS
} rsa_forge_padding;

const char *rsa_forge_padding_name(rsa_forge_padding padding);

void rsa_forge_key_make(unsigned bits, unsigned long exponent, rsa_forge_key *key);
/* SubjectPublicKeyInfo DER: its length. */
size_t rsa_forge_spki(const rsa_forge_key *key, uint8_t *out, size_t capacity);
/* A signature of key->len bytes. */
void rsa_forge_sign(const rsa_forge_key *key, grille_rsa_hash hash, rsa_forge_padding padding, grille_bytes message,
                    uint8_t *signature);
/* encoded ^ secret: key->len bytes both. */
void rsa_forge_sign_encoded(const rsa_forge_key *key, const uint8_t *encoded, uint8_t *signature);

#endif
