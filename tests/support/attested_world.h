/* SPDX-License-Identifier: Apache-2.0
 * Who is who in tests of whole channels with real evidence: a CA with two parents (x509). */
#ifndef GRILLE_TESTS_SUPPORT_ATTESTED_WORLD_H
#define GRILLE_TESTS_SUPPORT_ATTESTED_WORLD_H

#include "attest/evidence.h"
#include "forge.h"

#define ATTESTED_WORLD_INITIATOR_NAME "spiffe://acme/parent"
#define ATTESTED_WORLD_RESPONDER_NAME "spiffe://acme/gateway"

/* Valid around FORGE_NOW_MS. */
typedef struct attested_world {
    forge_identity ca;
    forge_identity initiator_leaf;
    forge_identity responder_leaf;
    grille_identity *initiator; /* x509, ATTESTED_WORLD_INITIATOR_NAME */
    grille_identity *responder; /* x509, ATTESTED_WORLD_RESPONDER_NAME */
    grille_policy *trusts_initiator;
    grille_policy *trusts_responder;
} attested_world;

/* Asserts that all of it can be made. */
void attested_world_init(attested_world *world);
void attested_world_deinit(attested_world *world);

/* An x509 identity under any CA, and a policy that accepts one name under one CA; the caller frees both. */
grille_identity *attested_world_identity(const forge_identity *ca, const char *name, forge_identity *leaf);
grille_policy *attested_world_policy(const forge_identity *ca, const char *name);

#endif
