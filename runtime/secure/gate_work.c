/* SPDX-License-Identifier: Apache-2.0
 * The two expensive steps: making our evidence and judging the peer's. */
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "secure/gate_private.h"

/* type, kind, claims and the body's length; the body is made in place behind them. */
static void write_head(uint8_t *room, size_t head_len, uint8_t kind, grille_bytes claims, size_t body_len) {
    grille_writer writer = grille_writer_into(room, head_len);
    grille_write_u8(&writer, GRILLE_GATE_EVIDENCE);
    grille_write_u8(&writer, kind);
    grille_write_block_u16(&writer, claims);
    grille_write_u16(&writer, (uint16_t)body_len);
}

static grille_reason start_proof(grille_gate *gate, grille_error *error) {
    const grille_gate_options *options = &gate->options;
    grille_binding binding;
    grille_reason reason = grille_gate_binding_of(gate, grille_gate_own_letter(gate), options->claims, &binding);
    if (reason == GRILLE_REASON_OK && !grille_budget_charge(options->budget, GRILLE_PROOF_BYTES))
        reason = GRILLE_REASON_BUDGET;
    if (reason == GRILLE_REASON_OK) {
        reason = grille_evidence_prove_later(options->identity, options->crypto, &binding, options->on_proved,
                                             options->on_proved_user, &gate->proof, error);
        if (reason != GRILLE_REASON_OK) grille_budget_release(options->budget, GRILLE_PROOF_BYTES);
    }
    grille_wipe(binding.binder, sizeof binding.binder);
    return reason;
}

void grille_gate_drop_proof(grille_gate *gate) {
    if (gate->proof == NULL) return;
    grille_proof_free(gate->proof);
    gate->proof = NULL;
    grille_budget_release(gate->options.budget, GRILLE_PROOF_BYTES);
}

/* MORE: under way. */
static grille_reason prove_elsewhere(grille_gate *gate, uint8_t *body, size_t capacity, size_t *len,
                                     grille_error *error) {
    grille_reason reason = gate->proof == NULL ? start_proof(gate, error) : GRILLE_REASON_OK;
    if (reason == GRILLE_REASON_OK) reason = grille_proof_take(gate->proof, body, capacity, len, error);
    if (reason != GRILLE_REASON_MORE) grille_gate_drop_proof(gate);
    return reason;
}

static grille_reason prove_here(grille_gate *gate, uint8_t *body, size_t capacity, size_t *len, grille_error *error) {
    const grille_gate_options *options = &gate->options;
    grille_binding binding;
    grille_reason reason = grille_gate_binding_of(gate, grille_gate_own_letter(gate), options->claims, &binding);
    if (reason == GRILLE_REASON_OK)
        reason = grille_evidence_prove(options->identity, options->crypto, &binding, body, capacity, len, error);
    grille_wipe(binding.binder, sizeof binding.binder);
    return reason;
}

/* Other kinds than nitro are a matter of microseconds. */
static grille_reason prove(grille_gate *gate, grille_error *error) {
    const grille_gate_options *options = &gate->options;
    const grille_identity_kind kind = grille_identity_get_kind(options->identity);
    const bool elsewhere = options->on_proved != NULL && kind == GRILLE_IDENTITY_NITRO;
    const size_t head_len = 2 + 2 + options->claims.len + 2;
    const size_t capacity = GRILLE_LIMIT_EVIDENCE_BYTES - head_len;
    uint8_t *room = NULL;
    size_t body_len = 0;
    grille_reason reason = GRILLE_REASON_OK;
    /* An attempt before this one may have ended behind the body. */
    grille_byte_queue_consume(&gate->own_evidence, grille_byte_queue_len(&gate->own_evidence));
    reason = grille_byte_queue_reserve(&gate->own_evidence, GRILLE_LIMIT_EVIDENCE_BYTES, &room);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = elsewhere ? prove_elsewhere(gate, room + head_len, capacity, &body_len, error)
                       : prove_here(gate, room + head_len, capacity, &body_len, error);
    if (reason != GRILLE_REASON_OK) return reason;
    write_head(room, head_len, (uint8_t)kind, options->claims, body_len);
    grille_byte_queue_commit(&gate->own_evidence, head_len + body_len);
    return grille_gate_send_payload(gate, grille_byte_queue_view(&gate->own_evidence));
}

static grille_reason verify(grille_gate *gate, grille_wall_ms wall_ms, grille_error *error) {
    const grille_gate_options *options = &gate->options;
    const grille_judge judge = {.policy = options->policy,
                                .crypto = options->crypto,
                                .own = options->identity,
                                .cache = options->cache,
                                .now_ms = wall_ms};
    grille_gate_evidence evidence = {0};
    grille_binding binding;
    grille_reason reason = grille_gate_evidence_decode(grille_byte_queue_view(&gate->peer_evidence), &evidence);
    if (reason == GRILLE_REASON_OK)
        reason = grille_gate_binding_of(gate, grille_gate_peer_letter(gate), evidence.claims, &binding);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_evidence_verify(&judge, (grille_identity_kind)evidence.kind, &binding, evidence.body, &gate->peer,
                                    &gate->facts, error);
    grille_wipe(binding.binder, sizeof binding.binder);
    gate->peer.epoch = options->epoch;
    if (reason == GRILLE_REASON_OK && options->before != NULL)
        reason = grille_evidence_same_identity(options->before, &gate->peer, error);
    return reason;
}

static grille_reason prove_or_wait(grille_gate *gate, grille_error *error) {
    const grille_reason reason = prove(gate, error);
    if (reason == GRILLE_REASON_OK) return grille_gate_advance(gate, error);
    if (reason == GRILLE_REASON_MORE) return GRILLE_REASON_OK;
    if (gate->options.proof_is_tried_again) return grille_error_default(error, reason);
    return grille_gate_fail(gate, reason, error);
}

grille_reason grille_gate_work(grille_gate *gate, grille_wall_ms wall_ms, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    if (gate->failed) return grille_gate_fail(gate, GRILLE_REASON_GATE_ORDER, error);
    if (grille_gate_next(gate) == GRILLE_GATE_PROVE) return prove_or_wait(gate, error);
    if (grille_gate_next(gate) != GRILLE_GATE_VERIFY) return GRILLE_REASON_OK;
    reason = verify(gate, wall_ms, error);
    return reason == GRILLE_REASON_OK ? grille_gate_advance(gate, error) : grille_gate_fail(gate, reason, error);
}
