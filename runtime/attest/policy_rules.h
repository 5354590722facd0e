/* SPDX-License-Identifier: Apache-2.0
 * What a policy file says, parsed: shared by its readers (policy_*.c) and its judges. Everything lives in the policy's
 * arena and is immutable once grille_policy_parse has returned. */
#ifndef GRILLE_ATTEST_POLICY_RULES_H
#define GRILLE_ATTEST_POLICY_RULES_H

#include <stdatomic.h>

#include "attest/document.h"
#include "attest/psk.h"
#include "attest/x509.h"
#include "base/arena.h"
#include "grille/policy.h"

/* A name that the certificate of an x509 peer must have. */
typedef struct grille_policy_name {
    grille_x509_name_kind kind;
    grille_bytes text; /* a terminator follows */
} grille_policy_name;

/* Method patterns: "/package.Service/Method", or "/package.Service/" and an asterisk. */
typedef struct grille_policy_methods {
    const grille_bytes *patterns;
    size_t count;
} grille_policy_methods;

/* Claims that `refuse` may name. */
typedef enum grille_policy_feature {
    GRILLE_POLICY_LOGS,
    GRILLE_POLICY_METRICS,
    GRILLE_POLICY_REFLECTION,
    GRILLE_POLICY_DEBUG,
    GRILLE_POLICY_FEATURE_COUNT
} grille_policy_feature;

/* Its word in a policy: "logs". */
const char *grille_policy_feature_name(grille_policy_feature feature);

/* Where a pin comes from. */
typedef struct grille_policy_origin {
    const char *key; /* "pcr0", "measurements", "role" …; static storage */
    size_t line;     /* of its value in the policy's text, from 1 */
} grille_policy_origin;

/* One alternative: a peer that passes all of it is accepted. */
typedef struct grille_policy_set {
    const char *name; /* unique in its policy */
    grille_identity_kind kind;
    grille_wall_ms not_after_ms; /* GRILLE_WALL_NEVER: none */
    uint64_t min_build;          /* 0: none */
    unsigned refused_features;   /* bit n: the feature n must be told and off */
    const uint8_t (*policy_digests)[GRILLE_SHA384_BYTES];
    size_t policy_digest_count; /* 0: any, and none told */
    size_t line, column;        /* where the set begins in the policy's text, from 1 */
    grille_policy_methods may_call;
    grille_policy_methods serves;

    /* nitro */
    uint32_t pcr_mask; /* bit n: PCRn is pinned */
    bool self;         /* PCR0, 1 and 2 are those of our own enclave, not of pcrs */
    uint8_t pcrs[GRILLE_PCR_COUNT][GRILLE_PCR_BYTES];
    grille_policy_origin origins[GRILLE_PCR_COUNT];

    /* x509 */
    const grille_bytes *authorities; /* DER of CAs */
    size_t authority_count;
    const grille_policy_name *names;
    size_t name_count;
} grille_policy_set;

/* A key that has a default of its own where it is not written. */
typedef enum grille_policy_word { GRILLE_POLICY_UNSAID, GRILLE_POLICY_NO, GRILLE_POLICY_YES } grille_policy_word;

/* A key that a set of kind psk accepts; in the order of the file. */
typedef struct grille_policy_psk {
    struct grille_policy_psk *next;
    const grille_policy_set *set;
    bool inlined; /* its text stands in the policy */
    grille_psk psk;
} grille_policy_psk;

struct grille_policy {
    atomic_size_t owners;
    grille_budget budget;
    grille_arena arena;
    uint8_t digest[GRILLE_SHA384_BYTES];
    const grille_policy_set *sets;
    size_t set_count;
    grille_policy_psk *psks; /* of all sets; ids and keys are unique */
    size_t psk_count;
    grille_bytes development_root; /* DER; empty: AWS Nitro Enclaves G1 */
    bool insecure_allow_debug;
    bool responder_first;
    bool exact_schema;
    grille_policy_word reflection;
    grille_policy_word stats;
    int64_t max_age_ms;
    int64_t clock_skew_ms;
    int64_t reattest_ms; /* 0: only before the evidence expires */
    uint64_t version;    /* 0: none */
    grille_curve update_curve;
    grille_bytes update_point; /* of the key that signs updates; empty: none */
    const char *name;          /* the file, in messages */
    const char *const *warnings;
    size_t warning_count;
};

/* Finds what a policy that was read leaves open, for grille_policy_warning. OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_policy_find_warnings(grille_policy *policy);

/* Judges a document that was verified: debug or not, then every nitro set until one holds. `own` is for sets with
 * `peer: self`, of which none holds when it is NULL or no enclave. OK sets *set and *debug.
 * ATTEST_DEBUG, ATTEST_PCR_MISSING, ATTEST_PCR_MISMATCH, ATTEST_NO_SELF, ATTEST_SET_EXPIRED, ATTEST_BUILD_TOO_OLD for
 * the set that came closest. */
GRILLE_MUST_USE grille_reason grille_policy_judge_nitro(const grille_policy *policy, const grille_identity *own,
                                                        const grille_document *document,
                                                        const grille_peer_identity *peer, grille_wall_ms now_ms,
                                                        const grille_policy_set **set, bool *debug,
                                                        grille_error *error);

/* A set's not_after, then what it asks of the peer's claims: ATTEST_SET_EXPIRED, ATTEST_BUILD_TOO_OLD,
 * ATTEST_FEATURE_REFUSED, ATTEST_POLICY_DIGEST. Of *peer only the claims are read. */
GRILLE_MUST_USE grille_reason grille_policy_check_set(const grille_policy_set *set, const grille_peer_identity *peer,
                                                      grille_wall_ms now_ms, grille_error *error);

#endif
