/* SPDX-License-Identifier: Apache-2.0
 * RSA public keys and their signatures, for certificates of TLS servers outside of Grille's channels. A seam of its
 * own, beside crypto.h's: whoever isn't handed one knows no RSA, and a program that hands none on links none. All
 * functions may be called from any thread and take no heap. */
#ifndef GRILLE_CRYPTO_RSA_H
#define GRILLE_CRYPTO_RSA_H

#include "crypto/crypto.h"

typedef enum grille_rsa_hash { GRILLE_RSA_SHA256, GRILLE_RSA_SHA384, GRILLE_RSA_SHA512 } grille_rsa_hash;

/* Big-endian numbers without leading zeros, views into what they were read from. */
typedef struct grille_rsa_key {
    grille_bytes modulus;
    grille_bytes exponent;
} grille_rsa_key;

typedef struct grille_rsa {
    /* Reads SubjectPublicKeyInfo DER: rsaEncryption with NULL (RFC 3279 2.3.1) and RSAPublicKey (RFC 8017 A.1.1),
     * strict. CRYPTO_BAD_KEY for anything else, and an even modulus; CRYPTO_RSA_LIMIT for a modulus outside of
     * GRILLE_LIMIT_RSA_LEAST_BITS to GRILLE_LIMIT_RSA_MOST_BITS and for an exponent that is even, below
     * GRILLE_LIMIT_RSA_EXPONENT_LEAST or over GRILLE_LIMIT_RSA_EXPONENT_MOST_BITS. *key is set on OK only. */
    grille_reason (*key_read)(grille_bytes spki, grille_rsa_key *key);

    /* RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2) over the whole message. The encoded message is made anew and compared byte for
     * byte: nothing in the signature is ever parsed, and one encoding only is taken. CRYPTO_BAD_SIGNATURE; the reasons
     * of key_read for a key that it would not have read. */
    grille_reason (*verify)(const grille_rsa_key *key, grille_rsa_hash hash, grille_bytes message,
                            grille_bytes signature);
} grille_rsa;

/* wolfCrypt's numbers and hashes. Never NULL; static storage. Its room is //runtime/crypto:rsa. */
const grille_rsa *grille_rsa_wolf(void);

#endif
