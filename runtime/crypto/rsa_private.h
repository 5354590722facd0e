/* SPDX-License-Identifier: Apache-2.0
 * RSA-2048 private keys, for messages that others encrypt for an enclave. A seam of its own, beside crypto.h's: a
 * program that uses none links none. All functions may be called from any thread; operations with one key wait for
 * each other. Making and opening take 80 KiB of stack, of which nothing is left. */
#ifndef GRILLE_CRYPTO_RSA_PRIVATE_H
#define GRILLE_CRYPTO_RSA_PRIVATE_H

#include "crypto/crypto.h"

/* Of the modulus, and of each ciphertext. */
#define GRILLE_RSA_PRIVATE_BYTES 256
/* SubjectPublicKeyInfo DER with the exponent 65537. */
#define GRILLE_RSA_PRIVATE_SPKI_BYTES 294
/* The longest message of RSAES-OAEP with SHA-256. */
#define GRILLE_RSA_PRIVATE_MESSAGE_MOST 190

/* Owner: whoever made it; ended and wiped by free. */
typedef struct grille_rsa_private_key grille_rsa_private_key;

/* Where randomness comes from: from a generator, since a key takes some hundred pieces of 128 bytes and more. Called
 * by the thread that uses the key; `context` and what it points to must outlive the key. */
typedef struct grille_rsa_random {
    grille_reason (*fill)(void *context, uint8_t *out, size_t len);
    void *context;
} grille_rsa_random;

typedef struct grille_rsa_private {
    /* A fresh key: two primes of 1,024 bits, the exponent 65537. Takes as long as some hundred signatures: for a
     * worker, ahead of need. *key is the caller's. OUT_OF_MEMORY; CRYPTO_FAILED when there is no randomness, or it
     * repeats itself. */
    grille_reason (*generate)(grille_rsa_random random, grille_rsa_private_key **key);

    /* SubjectPublicKeyInfo DER (RFC 3279 2.3.1) and its SHA-256: views that live as long as the key. */
    grille_bytes (*spki)(const grille_rsa_private_key *key);
    grille_bytes (*spki_sha256)(const grille_rsa_private_key *key);

    /* RSAES-OAEP-DECRYPT (RFC 8017 7.1.2) with SHA-256, MGF1 of SHA-256 and an empty label, of a message of exactly
     * `len` bytes, at most GRILLE_RSA_PRIVATE_MESSAGE_MOST. CRYPTO_NOT_AUTHENTIC for whatever is wrong with the
     * ciphertext, of whatever length: `message` is zeros then, and time does not tell what was wrong with the padding.
     * No heap. */
    grille_reason (*open)(grille_rsa_private_key *key, grille_bytes ciphertext, uint8_t *message, size_t len);

    /* Wipes and frees; NULL is ignored. */
    void (*free)(grille_rsa_private_key *key);
} grille_rsa_private;

/* wolfCrypt's. Never NULL; static storage. Its room is //runtime/crypto:rsa_private. */
const grille_rsa_private *grille_rsa_private_wolf(void);

#endif
