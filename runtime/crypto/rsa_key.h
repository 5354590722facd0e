/* SPDX-License-Identifier: Apache-2.0
 * Part of rsa.h's implementation. */
#ifndef GRILLE_CRYPTO_RSA_KEY_H
#define GRILLE_CRYPTO_RSA_KEY_H

#include "crypto/rsa.h"

/* grille_rsa.key_read */
GRILLE_MUST_USE grille_reason grille_rsa_key_read(grille_bytes spki, grille_rsa_key *key);
/* The numbers of a key against their limits: CRYPTO_BAD_KEY or CRYPTO_RSA_LIMIT. */
GRILLE_MUST_USE grille_reason grille_rsa_key_check(const grille_rsa_key *key);

#endif
