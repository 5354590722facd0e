/* SPDX-License-Identifier: Apache-2.0
 * Sealing data to an attested key, beside the channel: an owner of data checks an enclave's document (grille/attest.h),
 * seals a data key to the public key in it, and whoever carries the bytes learns nothing. All functions: any thread. */
#ifndef GRILLE_SEAL_H
#define GRILLE_SEAL_H

#include "grille/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GRILLE_SEAL_PUBLIC_MAX      120 /* SubjectPublicKeyInfo DER of a sealing key: 91 bytes */
#define GRILLE_SEAL_ENCAPSULATED    65
#define GRILLE_SEAL_TAG_BYTES       16
#define GRILLE_DATA_KEY_BYTES       32
#define GRILLE_DATA_OVERHEAD_BYTES  28 /* nonce before and tag behind the data */
#define GRILLE_DATA_FINGERPRINT_MAX 32

/* A private key that opens what was sealed to its public half: HPKE (RFC 9180) with DHKEM(P-256, HKDF-SHA256),
 * HKDF-SHA256, AES-256-GCM. */
typedef struct grille_sealing_key grille_sealing_key;

/* A fresh random key; the caller's. INTERNAL or RESOURCE_EXHAUSTED (no memory); *key is then NULL. */
GRILLE_MUST_USE grille_code grille_sealing_key_new(grille_sealing_key **key, grille_error *error);
/* Wipes it; NULL is ignored. */
void grille_sealing_key_free(grille_sealing_key *key);
/* Its public half, for the public_key field of a document; lives as long as the key. */
grille_bytes grille_sealing_key_public(const grille_sealing_key *key);

/* Seals `plain` to the public half `spki`. `info` names the purpose and must be the same when opened. `sealed` holds
 * plain.len + GRILLE_SEAL_TAG_BYTES. INVALID_ARGUMENT: no P-256 key, too little room. */
GRILLE_MUST_USE grille_code grille_seal(grille_bytes spki, grille_bytes info, grille_bytes plain,
                                        uint8_t encapsulated[GRILLE_SEAL_ENCAPSULATED], uint8_t *sealed,
                                        size_t capacity, size_t *len, grille_error *error);

/* Opens it into at least sealed.len - GRILLE_SEAL_TAG_BYTES. UNAUTHENTICATED whatever does not fit. */
GRILLE_MUST_USE grille_code grille_sealing_key_open(const grille_sealing_key *key, grille_bytes encapsulated,
                                                    grille_bytes info, grille_bytes sealed, uint8_t *plain,
                                                    size_t capacity, size_t *len, grille_error *error);

/* Random bytes, for a data key or a nonce of the application's own. */
GRILLE_MUST_USE grille_code grille_random(uint8_t *out, size_t len, grille_error *error);

/* Encrypts with a data key: a fresh random nonce of 12 bytes, then AES-256-GCM (SP 800-38D). `purpose` is authenticated
 * and must be the same when opened. One key seals at most 2^32 messages. */
GRILLE_MUST_USE grille_code grille_data_seal(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes purpose,
                                             grille_bytes plain, uint8_t *sealed, size_t capacity, size_t *len,
                                             grille_error *error);
/* UNAUTHENTICATED whatever does not fit; nothing of the plain text is then left in `plain`. */
GRILLE_MUST_USE grille_code grille_data_open(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes purpose,
                                             grille_bytes sealed, uint8_t *plain, size_t capacity, size_t *len,
                                             grille_error *error);

/* A keyed fingerprint of data, the same for the same key, purpose and data: HMAC-SHA256 under a key that HKDF derives
 * for the purpose, cut to `len` of at most GRILLE_DATA_FINGERPRINT_MAX bytes. */
GRILLE_MUST_USE grille_code grille_data_fingerprint(const uint8_t key[GRILLE_DATA_KEY_BYTES], grille_bytes purpose,
                                                    grille_bytes data, uint8_t *out, size_t len, grille_error *error);

#ifdef __cplusplus
}
#endif
#endif
