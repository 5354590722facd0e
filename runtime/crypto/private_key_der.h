/* SPDX-License-Identifier: Apache-2.0
 * The DER of an elliptic curve private key: ECPrivateKey (RFC 5915 3), alone or inside OneAsymmetricKey (PKCS#8, RFC
 * 5958 2, no attributes). Pure; whether scalar and point fit each other is the caller's check. */
#ifndef GRILLE_CRYPTO_PRIVATE_KEY_DER_H
#define GRILLE_CRYPTO_PRIVATE_KEY_DER_H

#include "crypto/crypto.h"

/* SEC1 DER of a P-384 key with curve and point: 167 bytes. */
#define GRILLE_PRIVATE_KEY_DER_MAX 176

/* Views into the DER. */
typedef struct grille_private_key_parts {
    grille_curve curve;
    grille_bytes scalar;       /* exactly the curve's width */
    grille_bytes point;        /* of ECPrivateKey; empty when absent */
    grille_bytes second_point; /* of OneAsymmetricKey; empty when absent */
} grille_private_key_parts;

/* CRYPTO_BAD_KEY for anything but strict DER of a P-256 or P-384 key. */
GRILLE_MUST_USE grille_reason grille_private_key_der_read(grille_bytes der, grille_private_key_parts *parts);

/* Writes ECPrivateKey with curve and point. NO_SPACE when it does not fit. */
GRILLE_MUST_USE grille_reason grille_private_key_der_write(grille_curve curve, grille_bytes scalar, grille_bytes point,
                                                           uint8_t *out, size_t capacity, size_t *len);

#endif
