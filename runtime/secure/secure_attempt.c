/* SPDX-License-Identifier: Apache-2.0
 * One epoch's gate, from its beginning to what it leaves behind. */
#include <string.h>

#include "base/bytes.h"
#include "secure/secure_private.h"

static grille_gate_options gate_options(const grille_secure *secure, const secure_attempt *attempt, uint32_t epoch) {
    const bool first = epoch == 0;
    return (grille_gate_options){.role = secure->role,
                                 .crypto = secure->crypto,
                                 .identity = attempt->identity,
                                 .policy = attempt->policy,
                                 .budget = secure->budget,
                                 .claims = grille_bytes_of(attempt->claims, attempt->claims_len),
                                 .nonce = grille_bytes_of(secure->nonce, sizeof secure->nonce),
                                 .epoch = epoch,
                                 .previous_th =
                                     grille_bytes_of(attempt->previous_th, first ? 0 : sizeof attempt->previous_th),
                                 .before = first ? NULL : &secure->peer,
                                 .cache = secure->cache,
                                 .on_proved = secure->on_proved,
                                 .on_proved_user = secure->on_proved_user,
                                 .proof_is_tried_again = !first,
                                 .suite = grille_tls_suite(secure->tls),
                                 .alpn = grille_bytes_of_text(GRILLE_SECURE_ALPN),
                                 .exporter = grille_bytes_of(secure->exporter, sizeof secure->exporter),
                                 .own_leaf = secure->own_leaf,
                                 .peer_leaf = secure->peer_leaf,
                                 .own_spki = secure->own_spki,
                                 .peer_spki = secure->peer_spki};
}

static secure_attempt *new_attempt(const grille_secure *secure) {
    secure_attempt *attempt = grille_budget_alloc(secure->budget, sizeof *attempt);
    if (attempt == NULL) return NULL;
    memset(attempt, 0, sizeof *attempt);
    attempt->policy = grille_policy_ref(secure->policy);
    attempt->identity = grille_identity_ref(secure->identity);
    attempt->claims_len = secure->claims.len;
    if (secure->claims.len > 0) memcpy(attempt->claims, secure->claims.data, secure->claims.len);
    memcpy(attempt->previous_th, secure->th, sizeof attempt->previous_th);
    return attempt;
}

grille_reason grille_secure_begin_attempt(grille_secure *secure, uint32_t epoch) {
    grille_gate_options options;
    grille_reason reason = GRILLE_REASON_OK;
    if (epoch > 0) reason = secure->crypto->random(secure->nonce, sizeof secure->nonce);
    if (reason != GRILLE_REASON_OK) return reason;
    secure->attempt = new_attempt(secure);
    if (secure->attempt == NULL) return GRILLE_REASON_BUDGET;
    options = gate_options(secure, secure->attempt, epoch);
    return grille_gate_init(&secure->attempt->gate, &options, &secure->failure);
}

void grille_secure_free_attempt(grille_secure *secure) {
    secure_attempt *attempt = secure->attempt;
    if (attempt == NULL) return;
    secure->attempt = NULL;
    grille_gate_deinit(&attempt->gate);
    grille_policy_free(attempt->policy);
    grille_identity_free(attempt->identity);
    grille_budget_free_wiped(secure->budget, attempt, sizeof *attempt);
}

grille_reason grille_secure_flush_gate(grille_secure *secure) {
    grille_gate *gate = &secure->attempt->gate;
    const grille_bytes outgoing = grille_gate_outgoing(gate);
    const grille_reason reason = grille_tls_write(secure->tls, outgoing, &secure->failure);
    if (reason == GRILLE_REASON_OK) grille_gate_sent(gate, outgoing.len);
    return reason;
}

/* The first one has no peer before it, and its keys are fresh. */
static grille_reason settle(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    secure_attempt *attempt = secure->attempt;
    const bool judged_by_another = attempt->policy != secure->policy;
    const bool later = attempt->gate.options.epoch > 0;
    const grille_reason reason = grille_secure_keep_peer(secure, &attempt->gate);
    if (reason != GRILLE_REASON_OK) return reason;
    memcpy(secure->th, grille_gate_th(&attempt->gate), sizeof secure->th);
    grille_secure_free_attempt(secure);
    grille_epochs_finished(&secure->epochs);
    if (judged_by_another) grille_secure_judge_again(secure, wall_ms);
    grille_secure_schedule(secure, now_us, wall_ms);
    return later ? grille_tls_update_keys(secure->tls, &secure->failure) : GRILLE_REASON_OK;
}

grille_reason grille_secure_finish_attempt(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    const grille_reason reason = settle(secure, now_us, wall_ms);
    return reason == GRILLE_REASON_OK ? reason : grille_secure_fail(secure, reason);
}
