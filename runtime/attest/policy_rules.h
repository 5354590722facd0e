/* SPDX-License-Identifier: Apache-2.0
 * What a policy file says, parsed: shared by its readers (policy_*.c) and its judges. Everything lives in the policy's
 * arena and is immutable once grille_policy_parse has returned. */
#ifndef GRILLE_ATTEST_POLICY_RULES_H
#define GRILLE_ATTEST_POLICY_RULES_H

#include <stdatomic.h>

#include "attest/document.h"
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

/* One alternative: a peer that passes all of it is accepted. */
typedef struct grille_policy_set {
    const char *name; /* unique in its policy */
    grille_identity_kind kind;
    grille_wall_ms not_after_ms; /* GRILLE_WALL_NEVER: none */
    uint64_t min_build;          /* 0: none */
    grille_policy_methods may_call;
    grille_policy_methods serves;

    /* nitro */
    uint32_t pcr_mask; /* bit n: pcrs[n] is pinned */
    uint8_t pcrs[GRILLE_PCR_COUNT][GRILLE_PCR_BYTES];

    /* x509 */
    const grille_bytes *authorities; /* DER of CAs */
    size_t authority_count;
    const grille_policy_name *names;
    size_t name_count;
} grille_policy_set;

/* A key that has a default of its own where it is not written. */
typedef enum grille_policy_word { GRILLE_POLICY_UNSAID, GRILLE_POLICY_NO, GRILLE_POLICY_YES } grille_policy_word;

struct grille_policy {
    atomic_size_t owners;
    grille_budget budget;
    grille_arena arena;
    uint8_t digest[GRILLE_SHA384_BYTES];
    const grille_policy_set *sets;
    size_t set_count;
    grille_bytes development_root; /* DER; empty: AWS Nitro Enclaves G1 */
    bool insecure_allow_debug;
    bool responder_first;
    bool exact_schema;
    grille_policy_word reflection;
    grille_policy_word stats;
    int64_t max_age_ms;
    int64_t clock_skew_ms;
};

/* Judges a document that was verified: debug or not, then every nitro set until one holds. OK sets *set and *debug.
 * ATTEST_DEBUG, ATTEST_PCR_MISSING, ATTEST_PCR_MISMATCH, ATTEST_SET_EXPIRED, ATTEST_BUILD_TOO_OLD for the set that came
 * closest. */
GRILLE_MUST_USE grille_reason grille_policy_judge_nitro(const grille_policy *policy, const grille_document *document,
                                                        uint64_t build, grille_wall_ms now_ms,
                                                        const grille_policy_set **set, bool *debug,
                                                        grille_error *error);

/* A set's not_after and min_build. */
GRILLE_MUST_USE grille_reason grille_policy_check_set(const grille_policy_set *set, uint64_t build,
                                                      grille_wall_ms now_ms, grille_error *error);

#endif
