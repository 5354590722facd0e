/* SPDX-License-Identifier: Apache-2.0
 * A policy's ownership, and what is asked of it apart from evidence. */
#include <stdlib.h>
#include <string.h>

#include "attest/evidence.h"
#include "attest/policy_development_root.h"
#include "attest/policy_rules.h"
#include "base/bytes.h"
#include "base/reader.h"

grille_policy *grille_policy_ref(grille_policy *policy) {
    (void)atomic_fetch_add_explicit(&policy->owners, 1, memory_order_relaxed);
    return policy;
}

void grille_policy_free(grille_policy *policy) {
    if (policy == NULL || atomic_fetch_sub_explicit(&policy->owners, 1, memory_order_acq_rel) != 1) return;
    grille_arena_reset(&policy->arena);
    free(policy);
}

void grille_policy_digest(const grille_policy *policy, uint8_t digest[GRILLE_SHA384_BYTES]) {
    memcpy(digest, policy->digest, sizeof policy->digest);
}

uint64_t grille_policy_version(const grille_policy *policy) {
    return policy->version;
}

int64_t grille_policy_reattest_ms(const grille_policy *policy) {
    return policy->reattest_ms;
}

bool grille_policy_accepts_kind(const grille_policy *policy, grille_identity_kind kind) {
    for (size_t i = 0; i < policy->set_count; i++) {
        if (policy->sets[i].kind == kind) return true;
    }
    return false;
}

bool grille_policy_requires_responder_first(const grille_policy *policy) {
    return policy->responder_first;
}

bool grille_policy_requires_exact_schema(const grille_policy *policy) {
    return policy->exact_schema;
}

static bool allows(grille_policy_word word, grille_identity_kind own) {
    return word == GRILLE_POLICY_YES || (word == GRILLE_POLICY_UNSAID && own != GRILLE_IDENTITY_NITRO);
}

bool grille_policy_allows_reflection(const grille_policy *policy, grille_identity_kind own) {
    return allows(policy->reflection, own);
}

bool grille_policy_allows_stats(const grille_policy *policy, grille_identity_kind own) {
    return allows(policy->stats, own);
}

/* A pattern that ends in an asterisk stands for every method of that one service. */
static bool pattern_matches(grille_bytes pattern, grille_bytes method) {
    grille_reader reader = grille_reader_of(method);
    bool whole_service = pattern.data[pattern.len - 1] == '*';
    grille_bytes service = grille_bytes_of(pattern.data, pattern.len - 1);
    if (!whole_service) return grille_bytes_equal(pattern, method);
    return grille_bytes_equal(grille_read_bytes(&reader, service.len), service) && reader.left > 0 &&
           memchr(reader.at, '/', reader.left) == NULL;
}

static bool methods_match(const grille_policy_methods *methods, const char *method) {
    for (size_t i = 0; i < methods->count; i++) {
        if (pattern_matches(methods->patterns[i], grille_bytes_of_text(method))) return true;
    }
    return false;
}

/* The set that accepted the peer, by name and kind; NULL when this policy has none (it may be a later policy). */
static const grille_policy_set *set_of(const grille_policy *policy, const grille_peer_identity *peer) {
    for (size_t i = 0; i < policy->set_count; i++) {
        const grille_policy_set *set = &policy->sets[i];
        if (set->kind == peer->kind && strncmp(set->name, peer->set, sizeof peer->set) == 0) return set;
    }
    return NULL;
}

bool grille_policy_may_call(const grille_policy *policy, const grille_peer_identity *peer, const char *method) {
    const grille_policy_set *set = set_of(policy, peer);
    return set != NULL && methods_match(&set->may_call, method);
}

bool grille_policy_serves(const grille_policy *policy, const grille_peer_identity *peer, const char *method) {
    const grille_policy_set *set = set_of(policy, peer);
    if (set == NULL) return false;
    return set->serves.count == 0 || methods_match(&set->serves, method);
}

bool grille_policy_serves_listed(const grille_policy *policy, const grille_peer_identity *peer, const char *method) {
    const grille_policy_set *set = set_of(policy, peer);
    return set != NULL && methods_match(&set->serves, method);
}

bool grille_policy_is_of_development_build(void) {
    return grille_attest_accepts_development_root();
}
