/* SPDX-License-Identifier: Apache-2.0
 * The envelope of a signed policy update (grille/policy.h makes and judges them; docs/policy.md has the layout). */
#ifndef GRILLE_ATTEST_POLICY_UPDATE_H
#define GRILLE_ATTEST_POLICY_UPDATE_H

#include "crypto/crypto.h"

/* The u8 algorithm. */
#define GRILLE_POLICY_UPDATE_P256 1 /* ECDSA on P-256 over SHA-256 */
#define GRILLE_POLICY_UPDATE_P384 2 /* ECDSA on P-384 over SHA-384 */

/* Views into the update. */
typedef struct grille_policy_update_parts {
    grille_curve curve;
    uint64_t version; /* above 0 */
    grille_bytes text;
    grille_bytes signature; /* r and s */
    grille_bytes is_signed; /* all that is before the signature */
} grille_policy_update_parts;

/* Reads an update that fills `encoded`; judges no signature and no text. POLICY_UPDATE_FORMAT; *parts is only written
 * on success. */
GRILLE_MUST_USE grille_reason grille_policy_update_decode(grille_bytes encoded, grille_policy_update_parts *parts);

#endif
