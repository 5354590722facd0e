/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "attest/defence.h"
#include "attest/identity_state.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/error.h"

/* PCRs that are zero in a debug enclave, whatever its image and signer. */
#define DEBUG_PCRS (1u << 0 | 1u << 1 | 1u << 2 | 1u << 8)
#define SELF_PCRS  ((1u << GRILLE_SELF_PCRS) - 1)

/* Our own PCRs for a set with `peer: self`; NULL: we have none. Those of a debug enclave are anybody's. */
static const grille_identity *self_of(const grille_policy *policy, const grille_identity *own) {
    if (own == NULL || own->kind != GRILLE_IDENTITY_NITRO) return NULL;
    if (policy->insecure_allow_debug) return own;
    return grille_defence_not_debug(grille_bytes_of(own->own_pcrs[0], GRILLE_PCR_BYTES)) ? own : NULL;
}

/* The value that a set pins; empty: one of our own, which we have not. */
static grille_bytes pin_of(const grille_policy_set *set, const grille_identity *self, unsigned index) {
    if (!set->self || index >= GRILLE_SELF_PCRS) return grille_bytes_of(set->pcrs[index], GRILLE_PCR_BYTES);
    return self != NULL ? grille_bytes_of(self->own_pcrs[index], GRILLE_PCR_BYTES) : grille_bytes_of(NULL, 0);
}

/* How far a document came in one set. */
typedef struct comparison {
    size_t matches;
    unsigned first_difference; /* a PCR; GRILLE_PCR_COUNT: none */
} comparison;

static comparison compare(const grille_policy_set *set, const grille_identity *self, const grille_document *document,
                          bool debug) {
    const uint32_t ignored = !debug ? 0 : set->self ? DEBUG_PCRS & ~SELF_PCRS : DEBUG_PCRS;
    comparison result = {.first_difference = GRILLE_PCR_COUNT};
    for (unsigned i = 0; i < GRILLE_PCR_COUNT; i++) {
        bool pinned = (set->pcr_mask & ~ignored & UINT32_C(1) << i) != 0;
        bool there = (document->pcr_mask & UINT32_C(1) << i) != 0;
        grille_bytes pin = pin_of(set, self, i);
        if (!pinned) continue;
        if (there && grille_defence_pcr_matches(document->pcrs[i], pin)) {
            result.matches++;
        } else if (result.first_difference == GRILLE_PCR_COUNT) {
            result.first_difference = i;
        }
    }
    return result;
}

static const char *cause_of(unsigned pcr) {
    switch (pcr) {
    case 0:
    case 1:
    case 2:
        return "another build of the enclave runs";
    case 3:
        return "the parent instance has another role, or none";
    case 4:
        return "the enclave runs on another instance";
    case 8:
        return "the image is unsigned or was signed with another certificate";
    default:
        return "the enclave did not extend and lock this PCR as expected";
    }
}

/* The end of the file's path, which has to fit beside two PCRs. */
static const char *short_name(const grille_policy *policy) {
    const size_t most = 48, len = strlen(policy->name);
    return len > most ? &policy->name[len - most] : policy->name;
}

static grille_reason explain(const grille_policy *policy, const grille_policy_set *set, const grille_identity *self,
                             unsigned pcr, const grille_document *document, grille_error *error) {
    char observed[2 * GRILLE_PCR_BYTES + 1], expected[2 * GRILLE_PCR_BYTES + 1];
    const grille_bytes pin = pin_of(set, self, pcr);
    if (pin.len == 0) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_NO_SELF,
                                "observed an enclave, expected the image that we are ourselves by set \"%.40s\" "
                                "(closest of %zu, peer: self), and this end is no enclave, or a debug enclave, whose "
                                "PCRs are zero",
                                set->name, policy->set_count);
    }
    grille_hex_encode(pin, expected);
    if ((document->pcr_mask & UINT32_C(1) << pcr) == 0) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_PCR_MISSING,
                                "observed no PCR%u, expected %s by set \"%.40s\" (%s:%zu, closest of %zu). Likely %s",
                                pcr, expected, set->name, short_name(policy), set->origins[pcr].line, policy->set_count,
                                cause_of(pcr));
    }
    grille_hex_encode(document->pcrs[pcr], observed);
    return grille_error_set(error, GRILLE_REASON_ATTEST_PCR_MISMATCH,
                            "PCR%u differs: observed %s, expected %s by set \"%.40s\" (%s:%zu, closest of %zu). "
                            "Likely %s",
                            pcr, observed, expected, set->name, short_name(policy), set->origins[pcr].line,
                            policy->set_count, cause_of(pcr));
}

static grille_reason judge_debug(const grille_policy *policy, const grille_document *document, bool *debug,
                                 grille_error *error) {
    *debug = !grille_defence_not_debug(document->pcrs[0]);
    if (!*debug || policy->insecure_allow_debug) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_ATTEST_DEBUG,
                            "PCR0 is all zero: observed a debug enclave, whose memory its parent can read; expected a "
                            "production one");
}

grille_reason grille_policy_judge_nitro(const grille_policy *policy, const grille_identity *own,
                                        const grille_document *document, const grille_peer_identity *peer,
                                        grille_wall_ms now_ms, const grille_policy_set **set, bool *debug,
                                        grille_error *error) {
    const grille_identity *self = self_of(policy, own);
    const grille_policy_set *closest = NULL;
    comparison best = {.matches = 0};
    grille_reason reason = judge_debug(policy, document, debug, error);
    grille_reason refused = GRILLE_REASON_OK;
    *set = NULL;
    if (reason != GRILLE_REASON_OK) return reason;
    for (size_t i = 0; i < policy->set_count; i++) {
        const grille_policy_set *candidate = &policy->sets[i];
        comparison result;
        if (candidate->kind != GRILLE_IDENTITY_NITRO) continue;
        result = compare(candidate, self, document, *debug);
        if (result.first_difference == GRILLE_PCR_COUNT) {
            reason = grille_policy_check_set(candidate, peer, now_ms, error);
            if (reason == GRILLE_REASON_OK) {
                *set = candidate;
                grille_error_clear(error);
                return GRILLE_REASON_OK;
            }
            refused = reason;
        } else if (closest == NULL || result.matches > best.matches) {
            closest = candidate;
            best = result;
        }
    }
    if (refused != GRILLE_REASON_OK) return refused;
    if (closest == NULL) {
        return grille_error_set(error, GRILLE_REASON_ATTEST_KIND_REFUSED,
                                "observed an enclave, expected a peer of a kind that a set of the policy has");
    }
    return explain(policy, closest, self, best.first_difference, document, error);
}
