/* SPDX-License-Identifier: Apache-2.0
 * wolfCrypt without signatures: every one verifies, so that fuzzing gets behind them. */
#ifndef GRILLE_TESTS_FUZZ_ACCEPT_ANY_H
#define GRILLE_TESTS_FUZZ_ACCEPT_ANY_H

#include "crypto/rsa.h"

static grille_reason accept_any(grille_curve curve, grille_bytes point, grille_bytes digest, grille_bytes raw) {
    (void)curve;
    (void)point;
    (void)digest;
    (void)raw;
    return GRILLE_REASON_OK;
}

static inline const grille_crypto *crypto_that_accepts_any_signature(void) {
    static grille_crypto crypto;
    if (crypto.ecdsa_verify == NULL) {
        crypto = *grille_crypto_wolf();
        crypto.ecdsa_verify = accept_any;
    }
    return &crypto;
}

static inline grille_reason accept_any_rsa(const grille_rsa_key *key, grille_rsa_hash hash, grille_bytes message,
                                           grille_bytes signature) {
    grille_reason reason = grille_rsa_wolf()->verify(key, hash, message, signature);
    return reason == GRILLE_REASON_CRYPTO_BAD_SIGNATURE ? GRILLE_REASON_OK : reason;
}

/* Keys are read and verified by as they are; another reason than a wrong signature is a finding of the caller's. */
static inline const grille_rsa *rsa_that_accepts_any_signature(void) {
    static grille_rsa rsa;
    if (rsa.verify == NULL) rsa = (grille_rsa){.key_read = grille_rsa_wolf()->key_read, .verify = accept_any_rsa};
    return &rsa;
}

#endif
