/* SPDX-License-Identifier: Apache-2.0
 * RSA-2048 keys that are always the same, and messages encrypted for them, right and wrong ones. Everything asserts. */
#ifndef GRILLE_TESTS_OAEP_FORGE_H
#define GRILLE_TESTS_OAEP_FORGE_H

#include "crypto/rsa_private.h"

/* What is wrong in the encoded message (RFC 8017 7.1.1). */
typedef enum oaep_forge_defect {
    OAEP_FORGE_RIGHT,
    OAEP_FORGE_FIRST_BYTE, /* 01 in place of 00: what Manger's attack asks for */
    OAEP_FORGE_LABEL,      /* the hash of another label */
    OAEP_FORGE_LABEL_LAST_BIT,
    OAEP_FORGE_PADDING,      /* a byte that is not 0 before the separator */
    OAEP_FORGE_SEPARATOR,    /* 02 */
    OAEP_FORGE_NO_SEPARATOR, /* zeros to the end */
    OAEP_FORGE_SHA1,         /* SHA-1's sizes */
    OAEP_FORGE_ALL_WRONG,
    OAEP_FORGE_DEFECTS
} oaep_forge_defect;

/* Randomness that a number decides: context is an oaep_forge_stream. */
typedef struct oaep_forge_stream {
    uint64_t seed;
    uint64_t at;  /* blocks that were drawn */
    size_t draws; /* calls */
    size_t most;  /* calls before it fails; 0: never */
} oaep_forge_stream;

grille_reason oaep_forge_fill(void *context, uint8_t *out, size_t len);

/* The key of a seed; the stream must outlive it. */
grille_rsa_private_key *oaep_forge_key(oaep_forge_stream *stream, uint64_t seed);

/* Encrypts for a key's SubjectPublicKeyInfo DER. */
void oaep_forge_encrypt(grille_bytes spki, oaep_forge_defect defect, grille_bytes message,
                        uint8_t ciphertext[GRILLE_RSA_PRIVATE_BYTES]);
/* The same for a modulus. */
void oaep_forge_encrypt_for(const uint8_t modulus[GRILLE_RSA_PRIVATE_BYTES], oaep_forge_defect defect,
                            grille_bytes message, uint8_t ciphertext[GRILLE_RSA_PRIVATE_BYTES]);

#endif
