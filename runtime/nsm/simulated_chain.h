/* SPDX-License-Identifier: Apache-2.0
 * The certificates of a simulated NSM: root, regional, zonal, instance and leaf, shaped as AWS's. */
#ifndef GRILLE_NSM_SIMULATED_CHAIN_H
#define GRILLE_NSM_SIMULATED_CHAIN_H

#include "crypto/certificate.h"
#include "nsm/simulated.h"

#define GRILLE_NSM_SIMULATED_INSTANCE_ID_BYTES 20 /* "i-", 17 digits, terminator */
#define GRILLE_NSM_SIMULATED_MODULE_ID_BYTES   40 /* instance id, "-enc", 16 digits, terminator */
#define GRILLE_NSM_SIMULATED_REGION_BYTES      21

#define GRILLE_NSM_SIMULATED_REGION    "insecure-local-1" /* when nobody chooses one */
#define GRILLE_NSM_SIMULATED_ROOT_NAME "insecure-development.aws.nitro-enclaves"

typedef enum grille_nsm_simulated_level {
    GRILLE_NSM_SIMULATED_ROOT,
    GRILLE_NSM_SIMULATED_REGIONAL,
    GRILLE_NSM_SIMULATED_ZONAL,
    GRILLE_NSM_SIMULATED_INSTANCE,
    GRILLE_NSM_SIMULATED_LEAF,
    GRILLE_NSM_SIMULATED_LEVEL_COUNT
} grille_nsm_simulated_level;

typedef struct grille_nsm_simulated_link {
    grille_private_key *key;
    uint8_t certificate[GRILLE_CERTIFICATE_MAX];
    size_t certificate_len;
    grille_wall_ms not_before_ms, not_after_ms;
    char common_name[65];
} grille_nsm_simulated_link;

/* Caller's storage; starts zeroed. The links' keys are its own. */
typedef struct grille_nsm_simulated_chain {
    const grille_crypto *crypto;
    char region[GRILLE_NSM_SIMULATED_REGION_BYTES];
    char instance_id[GRILLE_NSM_SIMULATED_INSTANCE_ID_BYTES];
    char module_id[GRILLE_NSM_SIMULATED_MODULE_ID_BYTES];
    grille_nsm_simulated_link links[GRILLE_NSM_SIMULATED_LEVEL_COUNT];
} grille_nsm_simulated_chain;

/* A root key and its certificate, valid from a day ago for 30 years. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_root_make(const grille_crypto *crypto, grille_wall_ms now_ms,
                                                             grille_nsm_simulated_link *root);

/* Makes new what is missing, not yet valid or about to end: the leaf 15 minutes before its end, as the real NSM does,
 * the others when they would end before a new leaf. The root must be there. */
GRILLE_MUST_USE grille_reason grille_nsm_simulated_chain_refresh(grille_nsm_simulated_chain *chain,
                                                                 grille_wall_ms now_ms);

void grille_nsm_simulated_chain_free(grille_nsm_simulated_chain *chain);

#endif
