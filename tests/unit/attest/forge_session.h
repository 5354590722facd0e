/* SPDX-License-Identifier: Apache-2.0
 * A session's binding with made-up values, and a policy from printf. */
#ifndef GRILLE_TESTS_ATTEST_FORGE_SESSION_H
#define GRILLE_TESTS_ATTEST_FORGE_SESSION_H

#include "attest/evidence.h"

/* What both ends of one session agree on. Views point into it. */
typedef struct forge_session {
    uint8_t nonce[GRILLE_NONCE_BYTES];
    uint8_t prover_spki[91];
    uint8_t verifier_spki[91];
    uint8_t claims[256];
    grille_binding binding;
} forge_session;

/* Values that depend on `number` alone; no claims. */
void forge_session_init(forge_session *session, char prover_role, unsigned number);
void forge_session_claims(forge_session *session, uint64_t build, grille_bytes policy_digest);

/* Parses a policy that must be right; paths are relative to the test's folder. */
grille_policy *forge_policy(const char *format, ...) GRILLE_PRINTF(1, 2);

/* PEM indented for a YAML block scalar under a key at `indent`; good until the next call but one. */
const char *forge_yaml_block(const char *pem, int indent);

#endif
