/* SPDX-License-Identifier: Apache-2.0
 * The certificate of one TLS connection: a fresh P-256 key, signed by itself. It proves possession of its key and
 * nothing more; the gate decides who the peer is. */
#ifndef GRILLE_SECURE_LEAF_H
#define GRILLE_SECURE_LEAF_H

#include "crypto/certificate.h"

/* SEC1 DER of a P-256 key with curve and public point has 121 bytes (RFC 5915). */
#define GRILLE_LEAF_KEY_MAX 160

/* Caller's storage; the key is wiped by grille_leaf_wipe_key, as soon as TLS has it. */
typedef struct grille_leaf {
    uint8_t certificate[GRILLE_CERTIFICATE_MAX];
    size_t certificate_len;
    uint8_t spki[GRILLE_SPKI_MAX];
    size_t spki_len;
    uint8_t key[GRILLE_LEAF_KEY_MAX];
    size_t key_len;
} grille_leaf;

/* Makes a key and its certificate, valid a day around `wall_ms`. Errors of the crypto seam; *leaf is then wiped. */
GRILLE_MUST_USE grille_reason grille_leaf_make(const grille_crypto *crypto, grille_wall_ms wall_ms, grille_leaf *leaf);
void grille_leaf_wipe_key(grille_leaf *leaf);

/* Reads the peer's: one strict X.509 v3 certificate of at most GRILLE_CERTIFICATE_MAX bytes, its own issuer, with a
 * P-256 key, valid at `wall_ms`; TLS has checked that the peer holds the key. *spki is a view into `der`.
 * TLS_BAD_CERTIFICATE or TLS_CERTIFICATE_TIME. */
GRILLE_MUST_USE grille_reason grille_leaf_read(grille_bytes der, grille_wall_ms wall_ms, grille_bytes *spki,
                                               grille_error *error);

#endif
