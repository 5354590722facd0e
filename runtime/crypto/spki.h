/* SPDX-License-Identifier: Apache-2.0
 * Shared by the writers and readers of keys: the algorithm identifier of an elliptic curve key (RFC 5480 2.1.1). */
#ifndef GRILLE_CRYPTO_SPKI_H
#define GRILLE_CRYPTO_SPKI_H

#include "crypto/crypto.h"
#include "crypto/der.h"

/* The content of the curve's object identifier: prime256v1 or secp384r1. */
grille_bytes grille_curve_oid(grille_curve curve);
/* False for any other identifier. */
GRILLE_MUST_USE bool grille_curve_of_oid(grille_bytes oid, grille_curve *curve);

/* SEQUENCE { id-ecPublicKey, curve }. Reading fails with CRYPTO_BAD_KEY. */
void grille_ec_algorithm_write(grille_writer *writer, grille_curve curve);
void grille_ec_algorithm_read(grille_reader *reader, grille_curve *curve);

#endif
