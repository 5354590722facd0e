/* SPDX-License-Identifier: Apache-2.0
 * What the wolf_*.c files share. Only they include this file and wolfCrypt. */
#ifndef GRILLE_CRYPTO_WOLF_H
#define GRILLE_CRYPTO_WOLF_H

#include <wolfssl/wolfcrypt/settings.h>

#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#include "crypto/crypto.h"

/* Registers the seed callback; called once, before anything else of wolfCrypt. */
GRILLE_MUST_USE grille_reason grille_wolf_random_init(void);

/* Runs each algorithm once; called once, after grille_wolf_random_init and before any other thread uses wolfCrypt. */
GRILLE_MUST_USE grille_reason grille_wolf_warm_up(void);

/* Lends the calling thread's own generator, seeded when it is the first use, after a fork and after new entropy. Valid
 * until the next call on this thread. */
GRILLE_MUST_USE grille_reason grille_wolf_generator(WC_RNG **generator);

/* wolfCrypt's curve id. */
int grille_wolf_curve_id(grille_curve curve);

/* Makes `key` a public key of `point`, which must have the curve's width and lie on the curve (CRYPTO_BAD_KEY). On OK
 * the caller frees it with wc_ecc_free, otherwise it is freed. */
GRILLE_MUST_USE grille_reason grille_wolf_public_key(grille_curve curve, grille_bytes point, ecc_key *key);

/* Shared X coordinate of P-256 ECDH, 32 bytes. `point` is checked to be on the curve (CRYPTO_BAD_KEY). */
GRILLE_MUST_USE grille_reason grille_wolf_shared_secret(const grille_private_key *key, grille_bytes point,
                                                        uint8_t secret[32]);

/* The functions of the seam, by file. */
grille_reason grille_wolf_hash(grille_hash_kind kind, const grille_bytes *parts, size_t count, uint8_t *out);
grille_reason grille_wolf_hmac(grille_hash_kind kind, grille_bytes key, const grille_bytes *parts, size_t count,
                               uint8_t *out);
grille_reason grille_wolf_hkdf_extract(grille_hash_kind kind, grille_bytes salt, grille_bytes secret, uint8_t *prk);
grille_reason grille_wolf_hkdf_expand(grille_hash_kind kind, grille_bytes prk, grille_bytes info, uint8_t *out,
                                      size_t out_len);

grille_reason grille_wolf_ecdsa_verify(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw);

grille_reason grille_wolf_key_generate(grille_curve curve, grille_private_key **key);
grille_reason grille_wolf_key_from_scalar(grille_curve curve, grille_bytes scalar, grille_private_key **key);
grille_reason grille_wolf_key_import(grille_bytes der, grille_private_key **key);
grille_reason grille_wolf_key_export(const grille_private_key *key, uint8_t *out, size_t capacity, size_t *len);
void grille_wolf_key_free(grille_private_key *key);
grille_curve grille_wolf_key_curve(const grille_private_key *key);
grille_reason grille_wolf_key_point(const grille_private_key *key, uint8_t *out, size_t capacity, size_t *len);
grille_reason grille_wolf_key_sign(const grille_private_key *key, grille_bytes digest, uint8_t *raw, size_t capacity,
                                   size_t *len);

grille_reason grille_wolf_aead_seal(grille_bytes key, grille_bytes nonce, grille_bytes aad, grille_bytes plain,
                                    uint8_t *out, size_t capacity, size_t *len);
grille_reason grille_wolf_aead_open(grille_bytes key, grille_bytes nonce, grille_bytes aad, grille_bytes sealed,
                                    uint8_t *out, size_t capacity, size_t *len);

grille_reason grille_wolf_hpke_seal(grille_bytes recipient_point, grille_bytes info, grille_bytes aad,
                                    grille_bytes plain, uint8_t enc[GRILLE_P256_POINT], uint8_t *out, size_t capacity,
                                    size_t *len);
/* hpke_seal with a given ephemeral key, for the vectors of RFC 9180. The key must not be used twice. */
grille_reason grille_wolf_hpke_seal_with(const grille_private_key *ephemeral, grille_bytes recipient_point,
                                         grille_bytes info, grille_bytes aad, grille_bytes plain,
                                         uint8_t enc[GRILLE_P256_POINT], uint8_t *out, size_t capacity, size_t *len);
grille_reason grille_wolf_hpke_open(const grille_private_key *recipient, grille_bytes enc, grille_bytes info,
                                    grille_bytes aad, grille_bytes sealed, uint8_t *out, size_t capacity, size_t *len);

grille_reason grille_wolf_random(uint8_t *out, size_t len);

#endif
