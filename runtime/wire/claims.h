/* SPDX-License-Identifier: Apache-2.0
 * What a peer says of itself inside its evidence: wire.proto Claims. Pure functions, any thread. */
#ifndef GRILLE_WIRE_CLAIMS_H
#define GRILLE_WIRE_CLAIMS_H

#include "wire/message.h"

#define GRILLE_POLICY_DIGEST_BYTES 48

/* Numbers are those of wire.proto. */
typedef enum grille_feature_state {
    GRILLE_FEATURE_STATE_NOT_TOLD = 0,
    GRILLE_FEATURE_STATE_OFF = 1,
    GRILLE_FEATURE_STATE_ON = 2
} grille_feature_state;

typedef struct grille_claims {
    uint64_t build;             /* number of the build; rises; 0: not told */
    grille_bytes policy_digest; /* SHA-384 of the policy in force, or empty: not told */
    grille_feature_state logs;  /* lines leave the program */
    grille_feature_state metrics;
    grille_feature_state reflection;
    grille_feature_state debug;
} grille_claims;

/* What the longest claims need: build, digest, four features. */
#define GRILLE_CLAIMS_MAX_BYTES (11 + 2 + GRILLE_POLICY_DIGEST_BYTES + 4 * 2)

/* WIRE_BAD_MESSAGE (a feature's state that is not one of the three, too), or WIRE_LIMIT over GRILLE_LIMIT_CLAIMS_BYTES;
 * *claims is only written on success and borrows. */
GRILLE_MUST_USE grille_reason grille_claims_decode(grille_bytes encoded, grille_claims *claims);
void grille_claims_write(grille_writer *writer, const grille_claims *claims);

#endif
