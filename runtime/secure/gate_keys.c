/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "secure/gate_private.h"

char grille_gate_own_letter(const grille_gate *gate) {
    return gate->options.role == GRILLE_INITIATOR ? 'I' : 'R';
}

char grille_gate_peer_letter(const grille_gate *gate) {
    return gate->options.role == GRILLE_INITIATOR ? 'R' : 'I';
}

grille_reason grille_gate_derive_context(grille_gate *gate) {
    const grille_gate_options *options = &gate->options;
    const bool initiator = options->role == GRILLE_INITIATOR;
    const grille_bytes own = grille_bytes_of(gate->own_hello_payload, gate->own_hello_len);
    const grille_bytes peer = grille_bytes_of(gate->peer_hello_payload, gate->peer_hello_len);
    const grille_gate_transcript transcript = {.suite = options->suite,
                                               .alpn = options->alpn,
                                               .leaf_i = initiator ? options->own_leaf : options->peer_leaf,
                                               .leaf_r = initiator ? options->peer_leaf : options->own_leaf,
                                               .hello_i = initiator ? own : peer,
                                               .hello_r = initiator ? peer : own,
                                               .epoch = options->epoch,
                                               .previous_th = options->previous_th};
    const grille_reason reason = grille_gate_context(options->crypto, &transcript, gate->ctx);
    gate->has_ctx = reason == GRILLE_REASON_OK;
    return reason;
}

grille_reason grille_gate_binding_of(const grille_gate *gate, char prover, grille_bytes claims,
                                     grille_binding *binding) {
    const grille_gate_options *options = &gate->options;
    const bool ours = prover == grille_gate_own_letter(gate);
    uint8_t key[GRILLE_GATE_KEY_BYTES];
    grille_reason reason = GRILLE_REASON_OK;
    *binding = (grille_binding){
        .prover_role = prover,
        .verifier_nonce = ours ? grille_bytes_of(gate->peer_hello.nonce, GRILLE_GATE_NONCE_BYTES) : options->nonce,
        .prover_spki = ours ? options->own_spki : options->peer_spki,
        .verifier_spki = ours ? options->peer_spki : options->own_spki,
        .claims = claims};
    reason = grille_gate_evidence_key(options->crypto, options->exporter, prover, gate->ctx, key);
    if (reason == GRILLE_REASON_OK)
        reason =
            grille_gate_binder(options->crypto, prover, key, gate->ctx, binding->prover_spki, claims, binding->binder);
    grille_wipe(key, sizeof key);
    return reason;
}

grille_reason grille_gate_confirm_of(grille_gate *gate, char role, uint8_t mac[GRILLE_GATE_CONFIRM_BYTES]) {
    const grille_gate_options *options = &gate->options;
    const bool initiator = options->role == GRILLE_INITIATOR;
    const grille_bytes own = grille_byte_queue_view(&gate->own_evidence);
    const grille_bytes peer = grille_byte_queue_view(&gate->peer_evidence);
    uint8_t key[GRILLE_GATE_KEY_BYTES];
    grille_reason reason = grille_gate_transcript_hash(options->crypto, gate->ctx, initiator ? peer : own,
                                                       initiator ? own : peer, gate->th);
    if (reason == GRILLE_REASON_OK)
        reason = grille_gate_confirm_key(options->crypto, options->exporter, role, gate->ctx, key);
    if (reason == GRILLE_REASON_OK) reason = grille_gate_confirm(options->crypto, key, gate->th, mac);
    grille_wipe(key, sizeof key);
    return reason;
}
