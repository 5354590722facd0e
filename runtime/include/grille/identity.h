/* SPDX-License-Identifier: Apache-2.0
 * Who we are, and whom we verified. */
#ifndef GRILLE_IDENTITY_H
#define GRILLE_IDENTITY_H

#include <stdbool.h>

#include "grille/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers are those of the gate's EVIDENCE message (docs/protocol.md). */
typedef enum grille_identity_kind {
    GRILLE_IDENTITY_NITRO = 1,
    GRILLE_IDENTITY_X509 = 2,
    GRILLE_IDENTITY_PSK = 3,
    GRILLE_IDENTITY_ANONYMOUS = 4
} grille_identity_kind;

/* What a peer says of something that lets its inside be seen from outside. */
typedef enum grille_feature {
    GRILLE_FEATURE_NOT_TOLD = 0,
    GRILLE_FEATURE_OFF = 1,
    GRILLE_FEATURE_ON = 2
} grille_feature;

#define GRILLE_PCR_COUNT     32
#define GRILLE_PCR_BYTES     48
#define GRILLE_MODULE_ID_MAX 128
#define GRILLE_NAME_MAX      256

/* The peer as its evidence proved it. Valid as long as the call (or connection) that it came from. */
typedef struct grille_peer_identity {
    grille_identity_kind kind;
    bool insecure; /* accepted under a development root: never in production */
    bool debug;    /* a debug enclave, accepted because the policy says so */
    uint32_t epoch;
    char set[GRILLE_NAME_MAX]; /* the policy's set that accepted it */

    /* nitro */
    char module_id[GRILLE_MODULE_ID_MAX];
    uint32_t pcr_mask; /* bit n: pcrs[n] was in the document; 0 image, 3 role, 4 instance, 8 signer */
    uint8_t pcrs[GRILLE_PCR_COUNT][GRILLE_PCR_BYTES];
    int64_t document_time_ms; /* milliseconds since 1970 */

    /* x509 */
    char subject[GRILLE_NAME_MAX]; /* common name */
    char name[GRILLE_NAME_MAX];    /* the SAN URI or DNS name that the policy listed */

    /* psk */
    char psk_id[GRILLE_NAME_MAX];

    /* claims: bound into the evidence, vouched for by nobody but the peer */
    uint64_t build;
    uint8_t policy_digest[GRILLE_PCR_BYTES]; /* zeros: not told */
    grille_feature logs;                     /* its log lines leave the program */
    grille_feature metrics;                  /* its counters can be read */
    grille_feature reflection;               /* it serves the schema of its services */
    grille_feature debug_features;           /* it has means for debugging */

    int64_t expires_ms; /* the evidence's end: leaf notAfter, a set's not_after */
} grille_peer_identity;

/* Who we are. Immutable, reference-counted; may be shared by any number of channels and servers, from any thread. */
typedef struct grille_identity grille_identity;

/* An x509 identity: PEM certificate chain (leaf first, no root needed) and PEM key (P-256 or P-384) of the leaf.
 * Errors: grille_error says which file and why. The caller owns one reference. */
GRILLE_MUST_USE grille_code grille_identity_load_x509(const char *chain_path, const char *key_path,
                                                      grille_identity **identity, grille_error *error);

/* An identity that is proved by a pre-shared key of 32 random bytes: the file of four lines in docs/policy.md, which
 * nobody but its owner may read. A key proves one role: the identity is for channels (role: initiator) or for servers
 * (role: responder). The key is forgotten; what proves it is wiped with the last owner. */
GRILLE_MUST_USE grille_code grille_identity_load_psk(const char *path, grille_identity **identity, grille_error *error);

/* An identity that proves nothing: for channels to servers whose policy has a set of kind anonymous. */
GRILLE_MUST_USE grille_code grille_identity_new_anonymous(grille_identity **identity, grille_error *error);

/* The identity of the enclave that this process runs in, by its NSM: the device at `path` (NULL: /dev/nsm) where the
 * program links //runtime/nsm:linked_device, the folder of a simulated one where it links
 * //runtime/nsm:linked_simulated. Takes randomness and the time from it. */
GRILLE_MUST_USE grille_code grille_identity_open_nsm(const char *path, grille_identity **identity, grille_error *error);

/* One more owner, the answer; and one less (NULL is ignored). Any thread. */
grille_identity *grille_identity_ref(const grille_identity *identity);
void grille_identity_free(grille_identity *identity);

grille_identity_kind grille_identity_get_kind(const grille_identity *identity);

/* Stable lower-case name: "nitro", "x509", "psk", "anonymous". */
const char *grille_identity_kind_name(grille_identity_kind kind);

#ifdef __cplusplus
}
#endif
#endif
