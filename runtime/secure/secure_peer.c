/* SPDX-License-Identifier: Apache-2.0
 * Whom we verified, and whether the policy in force still accepts it. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "secure/secure_private.h"

const grille_peer_identity *grille_secure_peer(const grille_secure *secure) {
    if (secure->state == GRILLE_SECURE_OPEN) return &secure->peer;
    return grille_secure_can_write(secure) ? grille_gate_peer(&secure->attempt->gate) : NULL;
}

static void drop_chain(grille_secure *secure) {
    grille_budget_free(secure->budget, (uint8_t *)secure->facts.chain.data, secure->chain_len);
    secure->facts.chain = grille_bytes_of(NULL, 0);
    secure->chain_len = 0;
}

grille_reason grille_secure_keep_peer(grille_secure *secure, const grille_gate *gate) {
    const grille_evidence_facts *facts = grille_gate_facts(gate);
    uint8_t *chain = NULL;
    if (facts->chain.len > 0) {
        chain = grille_budget_alloc(secure->budget, facts->chain.len);
        if (chain == NULL) return GRILLE_REASON_BUDGET;
        memcpy(chain, facts->chain.data, facts->chain.len);
    }
    drop_chain(secure);
    secure->peer = *grille_gate_peer(gate);
    secure->facts = *facts;
    secure->facts.chain = grille_bytes_of(chain, facts->chain.len);
    secure->chain_len = facts->chain.len;
    secure->verdict_reason = GRILLE_REASON_OK;
    grille_error_clear(&secure->verdict);
    return GRILLE_REASON_OK;
}

void grille_secure_forget_peer(grille_secure *secure) {
    drop_chain(secure);
    secure->peer = (grille_peer_identity){.epoch = 0};
}

void grille_secure_judge_again(grille_secure *secure, grille_wall_ms wall_ms) {
    const grille_judge judge = {.policy = secure->policy,
                                .crypto = secure->crypto,
                                .own = secure->identity,
                                .cache = secure->cache,
                                .now_ms = wall_ms};
    grille_error_clear(&secure->verdict);
    secure->verdict_reason = grille_evidence_judge_again(&judge, &secure->facts, &secure->peer, &secure->verdict);
    if (secure->verdict_reason != GRILLE_REASON_OK) grille_error_default(&secure->verdict, secure->verdict_reason);
}

void grille_secure_schedule(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    /* The transcript is as good as random, and the ends of one connection should not both begin at one time. */
    const size_t at = secure->role == GRILLE_INITIATOR ? 0 : 2;
    const uint16_t jitter = (uint16_t)(secure->th[at] << 8 | secure->th[at + 1]);
    secure->must_schedule = false;
    grille_epochs_schedule(&secure->epochs, &secure->facts, grille_policy_reattest_ms(secure->policy), jitter, now_us,
                           wall_ms);
    if (secure->verdict_reason != GRILLE_REASON_OK) grille_epochs_pause(&secure->epochs);
}

grille_reason grille_secure_replace_policy(grille_secure *secure, grille_policy *policy, grille_bytes claims,
                                           grille_wall_ms wall_ms) {
    grille_reason reason = GRILLE_REASON_OK;
    if (policy == NULL || claims.len > GRILLE_LIMIT_CLAIMS_BYTES) return GRILLE_REASON_BAD_ARGUMENT;
    reason = grille_secure_keep(secure, &secure->claims, claims);
    if (reason != GRILLE_REASON_OK) return reason;
    policy = grille_policy_ref(policy);
    grille_policy_free(secure->policy);
    secure->policy = policy;
    if (secure->state != GRILLE_SECURE_OPEN) return GRILLE_REASON_OK;
    grille_secure_judge_again(secure, wall_ms);
    secure->must_schedule = true;
    return GRILLE_REASON_OK;
}

void grille_secure_replace_identity(grille_secure *secure, const grille_identity *identity) {
    grille_identity *owned = NULL;
    if (identity == NULL || grille_identity_get_kind(identity) != grille_identity_get_kind(secure->identity)) return;
    owned = grille_identity_ref(identity);
    grille_identity_free(secure->identity);
    secure->identity = owned;
}

grille_reason grille_secure_verdict(const grille_secure *secure, const grille_error **why) {
    if (why != NULL) *why = &secure->verdict;
    return secure->verdict_reason;
}
