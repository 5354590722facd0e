/* SPDX-License-Identifier: Apache-2.0
 * The seam to the cryptographic library. Everything else in the runtime sees keys, digests and signatures as bytes:
 * points are uncompressed X9.62 (0x04 ‖ X ‖ Y), signatures are fixed-width r ‖ s, big-endian. The only implementation
 * is wolfCrypt's (wolf_*.c); tests plug others in. All functions may be called from any thread. */
#ifndef GRILLE_CRYPTO_CRYPTO_H
#define GRILLE_CRYPTO_CRYPTO_H

#include <stdbool.h>

#include "grille/reasons.h"

typedef enum grille_hash_kind { GRILLE_SHA256, GRILLE_SHA384 } grille_hash_kind;
typedef enum grille_curve { GRILLE_P256, GRILLE_P384 } grille_curve;

#define GRILLE_SHA256_BYTES      32
#define GRILLE_SHA384_BYTES      48
#define GRILLE_HASH_MAX_BYTES    48
#define GRILLE_P256_POINT        65
#define GRILLE_P384_POINT        97
#define GRILLE_POINT_MAX         97
#define GRILLE_SCALAR_MAX        48
#define GRILLE_RAW_SIGNATURE_MAX 96
/* Subject public key info of a P-256 or P-384 key (RFC 5480): 91 or 120 bytes. */
#define GRILLE_SPKI_MAX 120

/* A private key. Owner: whoever made it; ended and wiped by key_free. Signing is safe from several threads. */
typedef struct grille_private_key grille_private_key;

typedef struct grille_crypto {
    /* Digest of the concatenated parts; `out` holds 32 or 48 bytes. */
    grille_reason (*hash)(grille_hash_kind kind, const grille_bytes *parts, size_t count, uint8_t *out);

    /* HMAC (RFC 2104) over the concatenated parts. */
    grille_reason (*hmac)(grille_hash_kind kind, grille_bytes key, const grille_bytes *parts, size_t count,
                          uint8_t *out);

    /* HKDF (RFC 5869); an empty salt means a salt of zeros. `out_len` at most 255 digests. */
    grille_reason (*hkdf_extract)(grille_hash_kind kind, grille_bytes salt, grille_bytes secret, uint8_t *prk);
    grille_reason (*hkdf_expand)(grille_hash_kind kind, grille_bytes prk, grille_bytes info, uint8_t *out,
                                 size_t out_len);

    /* ECDSA (FIPS 186-5) over a digest. The point is checked to be on its curve first (CRYPTO_BAD_KEY); r and s must
     * be in [1, n-1] and of the curve's width each, else CRYPTO_BAD_SIGNATURE. */
    grille_reason (*ecdsa_verify)(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw);

    /* Fresh key pair; *key is the caller's. */
    grille_reason (*key_generate)(grille_curve curve, grille_private_key **key);
    /* Key from its SEC1 or PKCS#8 DER (RFC 5915, RFC 5958), P-256 or P-384; the public part is recomputed and checked.
     */
    grille_reason (*key_import)(grille_bytes der, grille_private_key **key);
    /* SEC1 DER of the key; the buffer is the caller's to wipe. NO_SPACE when it does not fit. */
    grille_reason (*key_export)(const grille_private_key *key, uint8_t *out, size_t capacity, size_t *len);
    /* Wipes and frees; NULL is ignored. */
    void (*key_free)(grille_private_key *key);
    grille_curve (*key_curve)(const grille_private_key *key);
    /* The public point, GRILLE_P256_POINT or GRILLE_P384_POINT bytes. */
    grille_reason (*key_point)(const grille_private_key *key, uint8_t *out, size_t capacity, size_t *len);
    /* ECDSA signature r ‖ s (64 or 96 bytes) of a digest. */
    grille_reason (*key_sign)(const grille_private_key *key, grille_bytes digest, uint8_t *raw, size_t capacity,
                              size_t *len);

    /* AES-256-GCM (SP 800-38D) with a 12-byte nonce; the tag of 16 bytes follows the ciphertext. `out` must not overlap
     * the inputs. `aead_open` answers CRYPTO_NOT_AUTHENTIC and leaves nothing of the plaintext behind. */
    grille_reason (*aead_seal)(grille_bytes key, grille_bytes nonce, grille_bytes aad, grille_bytes plain, uint8_t *out,
                               size_t capacity, size_t *len);
    grille_reason (*aead_open)(grille_bytes key, grille_bytes nonce, grille_bytes aad, grille_bytes sealed,
                               uint8_t *out, size_t capacity, size_t *len);

    /* HPKE base mode (RFC 9180), single shot: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. `enc` is 65 bytes.
     * `hpke_open` answers CRYPTO_NOT_AUTHENTIC for any ciphertext, enc, info or aad that does not fit. */
    grille_reason (*hpke_seal)(grille_bytes recipient_point, grille_bytes info, grille_bytes aad, grille_bytes plain,
                               uint8_t enc[GRILLE_P256_POINT], uint8_t *out, size_t capacity, size_t *len);
    grille_reason (*hpke_open)(const grille_private_key *recipient, grille_bytes enc, grille_bytes info,
                               grille_bytes aad, grille_bytes sealed, uint8_t *out, size_t capacity, size_t *len);

    /* Random bytes from the process's seeded generator (getrandom(2) or, in an enclave, the NSM as well). */
    grille_reason (*random)(uint8_t *out, size_t len);
} grille_crypto;

/* The wolfCrypt implementation. Initialises the library once; never NULL. Static storage. */
const grille_crypto *grille_crypto_wolf(void);

/* Mixes `seed` into every generator seeded from now on (an enclave feeds NSM randomness before its first key). */
GRILLE_MUST_USE grille_reason grille_crypto_add_entropy(grille_bytes seed);

/* Bytes of a digest, of a coordinate, of a point. */
size_t grille_hash_len(grille_hash_kind kind);
size_t grille_curve_scalar_len(grille_curve curve);
size_t grille_curve_point_len(grille_curve curve);

#endif
