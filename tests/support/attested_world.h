/* SPDX-License-Identifier: Apache-2.0
 * Who is who in tests of whole channels with real evidence: a CA with two parents (x509), and enclaves on simulated
 * NSMs. */
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

/* An enclave on a simulated NSM under a root of its own, its clock at FORGE_NOW_MS. PCR0 to 2 are `image` in each byte
 * (0 and debug: as of a debug enclave). */
typedef struct attested_enclave {
    grille_identity *identity; /* nitro */
    uint8_t image;
    char root_pem[4096];
} attested_enclave;

void attested_enclave_open(attested_enclave *enclave, uint8_t image, bool debug);
void attested_enclave_close(attested_enclave *enclave);

/* A policy of the given sets (YAML below `peers:`) under this enclave's root; NULL root: no development root. */
grille_policy *attested_policy_of(const attested_enclave *root, const char *sets);
/* YAML of one set: enclaves with this image; peers with this name under a CA. In one of four static texts. */
const char *attested_set_of_image(uint8_t image);
const char *attested_set_of_name(const forge_identity *ca, const char *name);
/* The policy of a peer of this enclave that pins its image. */
grille_policy *attested_policy_pinning(const attested_enclave *enclave);

#endif
