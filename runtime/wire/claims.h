/* SPDX-License-Identifier: Apache-2.0
 * What a peer says of itself inside its evidence: wire.proto Claims. Pure functions, any thread. */
#ifndef GRILLE_WIRE_CLAIMS_H
#define GRILLE_WIRE_CLAIMS_H

#include "wire/message.h"

#define GRILLE_POLICY_DIGEST_BYTES 48

typedef struct grille_claims {
    uint64_t build;             /* number of the build; rises; 0: not told */
    grille_bytes policy_digest; /* SHA-384 of the policy in force, or empty: not told */
} grille_claims;

/* WIRE_BAD_MESSAGE, or WIRE_LIMIT over GRILLE_LIMIT_CLAIMS_BYTES; *claims is only written on success and borrows. */
GRILLE_MUST_USE grille_reason grille_claims_decode(grille_bytes encoded, grille_claims *claims);
void grille_claims_write(grille_writer *writer, const grille_claims *claims);

#endif
