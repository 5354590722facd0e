/* SPDX-License-Identifier: Apache-2.0 */
#include "secure/gate.h"

#include <string.h>

#include "attest/defence.h"
#include "base/bytes.h"
#include "base/error.h"
#include "secure/gate_private.h"
#include "wire/frame.h"

/* One row per role and order; rows of one role agree until the Hello that decides. */
static const grille_gate_step plans[2][2][8] = {
    [GRILLE_INITIATOR] = {{GRILLE_GATE_SEND_HELLO, GRILLE_GATE_TAKE_HELLO, GRILLE_GATE_TAKE_EVIDENCE,
                           GRILLE_GATE_VERIFY, GRILLE_GATE_PROVE, GRILLE_GATE_SEND_CONFIRM, GRILLE_GATE_TAKE_CONFIRM,
                           GRILLE_GATE_OPEN},
                          {GRILLE_GATE_SEND_HELLO, GRILLE_GATE_TAKE_HELLO, GRILLE_GATE_PROVE, GRILLE_GATE_TAKE_EVIDENCE,
                           GRILLE_GATE_VERIFY, GRILLE_GATE_TAKE_CONFIRM, GRILLE_GATE_SEND_CONFIRM, GRILLE_GATE_OPEN}},
    [GRILLE_RESPONDER] = {{GRILLE_GATE_TAKE_HELLO, GRILLE_GATE_SEND_HELLO, GRILLE_GATE_PROVE, GRILLE_GATE_TAKE_EVIDENCE,
                           GRILLE_GATE_VERIFY, GRILLE_GATE_TAKE_CONFIRM, GRILLE_GATE_SEND_CONFIRM, GRILLE_GATE_OPEN},
                          {GRILLE_GATE_TAKE_HELLO, GRILLE_GATE_SEND_HELLO, GRILLE_GATE_TAKE_EVIDENCE,
                           GRILLE_GATE_VERIFY, GRILLE_GATE_PROVE, GRILLE_GATE_SEND_CONFIRM, GRILLE_GATE_TAKE_CONFIRM,
                           GRILLE_GATE_OPEN}},
};

/* The NSM of an enclave signs only for callers that it has verified. */
static bool wants_initiator_first(const grille_gate_options *options) {
    return options->role == GRILLE_RESPONDER && grille_identity_get_kind(options->identity) == GRILLE_IDENTITY_NITRO &&
           !grille_policy_accepts_kind(options->policy, GRILLE_IDENTITY_ANONYMOUS);
}

grille_reason grille_gate_fail(grille_gate *gate, grille_reason reason, grille_error *error) {
    gate->failed = true;
    return grille_error_default(error, reason);
}

grille_gate_step grille_gate_next(const grille_gate *gate) {
    return gate->plan[gate->at];
}

uint8_t grille_gate_expects(const grille_gate *gate) {
    switch (grille_gate_next(gate)) {
    case GRILLE_GATE_TAKE_HELLO:
        return GRILLE_GATE_HELLO;
    case GRILLE_GATE_TAKE_EVIDENCE:
        return GRILLE_GATE_EVIDENCE;
    case GRILLE_GATE_TAKE_CONFIRM:
        return GRILLE_GATE_CONFIRM;
    default:
        return 0;
    }
}

grille_reason grille_gate_send_payload(grille_gate *gate, grille_bytes payload) {
    const size_t frame_bytes = GRILLE_FRAME_HEADER_BYTES + payload.len;
    uint8_t *room = NULL;
    grille_writer writer;
    size_t mark = 0;
    grille_reason reason = grille_byte_queue_reserve(&gate->outgoing, frame_bytes, &room);
    if (reason != GRILLE_REASON_OK) return reason;
    writer = grille_writer_into(room, frame_bytes);
    mark = grille_frame_begin(&writer);
    grille_write_bytes(&writer, payload);
    grille_frame_end(&writer, mark, GRILLE_FRAME_GATE, 0, 0);
    reason = grille_writer_end(&writer);
    if (reason == GRILLE_REASON_OK) grille_byte_queue_commit(&gate->outgoing, frame_bytes);
    return reason;
}

static grille_reason send_hello(grille_gate *gate) {
    const grille_gate_options *options = &gate->options;
    grille_gate_hello hello = {.flags = wants_initiator_first(options) ? GRILLE_GATE_INITIATOR_FIRST : 0,
                               .epoch = options->epoch,
                               .kind_count = 1,
                               .kinds = {(uint8_t)grille_identity_get_kind(options->identity)}};
    grille_writer writer = grille_writer_into(gate->own_hello_payload, sizeof gate->own_hello_payload);
    grille_reason reason = GRILLE_REASON_OK;
    memcpy(hello.nonce, options->nonce.data, sizeof hello.nonce);
    grille_gate_hello_write(&writer, &hello);
    reason = grille_writer_end(&writer);
    gate->own_hello_len = grille_written(&writer).len;
    return reason == GRILLE_REASON_OK ? grille_gate_send_payload(gate, grille_written(&writer)) : reason;
}

static grille_reason send_confirm(grille_gate *gate) {
    uint8_t payload[1 + GRILLE_GATE_CONFIRM_BYTES];
    uint8_t mac[GRILLE_GATE_CONFIRM_BYTES];
    grille_writer writer = grille_writer_into(payload, sizeof payload);
    grille_reason reason = grille_gate_confirm_of(gate, grille_gate_own_letter(gate), mac);
    if (reason != GRILLE_REASON_OK) return reason;
    grille_gate_confirm_write(&writer, mac);
    reason = grille_writer_end(&writer);
    if (reason == GRILLE_REASON_OK) reason = grille_gate_send_payload(gate, grille_written(&writer));
    gate->confirmed = reason == GRILLE_REASON_OK;
    return reason;
}

/* Takes the cheap steps up to the next that waits. */
static grille_reason run(grille_gate *gate, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    while (reason == GRILLE_REASON_OK) {
        if (gate->own_hello_len > 0 && gate->peer_hello_len > 0 && !gate->has_ctx)
            reason = grille_gate_derive_context(gate);
        if (reason != GRILLE_REASON_OK) break;
        if (grille_gate_next(gate) == GRILLE_GATE_SEND_HELLO)
            reason = send_hello(gate);
        else if (grille_gate_next(gate) == GRILLE_GATE_SEND_CONFIRM)
            reason = send_confirm(gate);
        else
            break;
        if (reason == GRILLE_REASON_OK) gate->at++;
    }
    return reason == GRILLE_REASON_OK ? reason : grille_gate_fail(gate, reason, error);
}

grille_reason grille_gate_advance(grille_gate *gate, grille_error *error) {
    gate->at++;
    return run(gate, error);
}

static bool valid(const grille_gate_options *options) {
    return options->crypto != NULL && options->identity != NULL && options->policy != NULL && options->budget != NULL &&
           options->nonce.len == GRILLE_GATE_NONCE_BYTES && options->exporter.len == GRILLE_GATE_KEY_BYTES &&
           options->claims.len <= GRILLE_LIMIT_CLAIMS_BYTES &&
           (options->epoch == 0) == (options->previous_th.len == 0) &&
           (options->epoch == 0) == (options->before == NULL);
}

grille_reason grille_gate_init(grille_gate *gate, const grille_gate_options *options, grille_error *error) {
    *gate = (grille_gate){.options = *options, .plan = plans[options->role][wants_initiator_first(options)]};
    grille_byte_queue_init(&gate->own_evidence, options->budget);
    grille_byte_queue_init(&gate->peer_evidence, options->budget);
    grille_byte_queue_init(&gate->outgoing, options->budget);
    if (!valid(options)) return grille_gate_fail(gate, GRILLE_REASON_BAD_ARGUMENT, error);
    if (!grille_defence_key_is_not_ours(options->peer_spki, options->own_spki)) {
        grille_error_set(error, GRILLE_REASON_GATE_REFLECTED,
                         "the peer's TLS key is this end's own key, made for this connection alone; somebody reflects "
                         "this end to itself or holds its key");
        return grille_gate_fail(gate, GRILLE_REASON_GATE_REFLECTED, error);
    }
    return run(gate, error);
}

void grille_gate_deinit(grille_gate *gate) {
    grille_gate_drop_proof(gate);
    grille_byte_queue_deinit(&gate->own_evidence);
    grille_byte_queue_deinit(&gate->peer_evidence);
    grille_byte_queue_deinit(&gate->outgoing);
    grille_wipe(gate, sizeof *gate);
    gate->failed = true;
    gate->plan = plans[GRILLE_INITIATOR][0];
}

void grille_gate_choose_order(grille_gate *gate, bool initiator_first) {
    gate->plan = plans[gate->options.role][initiator_first];
}

bool grille_gate_is_open(const grille_gate *gate) {
    return !gate->failed && grille_gate_next(gate) == GRILLE_GATE_OPEN;
}

bool grille_gate_has_confirmed(const grille_gate *gate) {
    return !gate->failed && gate->confirmed;
}

grille_bytes grille_gate_outgoing(const grille_gate *gate) {
    return grille_byte_queue_view(&gate->outgoing);
}

void grille_gate_sent(grille_gate *gate, size_t len) {
    grille_byte_queue_consume(&gate->outgoing, len);
    grille_byte_queue_trim(&gate->outgoing);
}

const grille_peer_identity *grille_gate_peer(const grille_gate *gate) {
    return grille_gate_has_confirmed(gate) ? &gate->peer : NULL; /* in every plan VERIFY comes before SEND_CONFIRM */
}

const grille_evidence_facts *grille_gate_facts(const grille_gate *gate) {
    return grille_gate_has_confirmed(gate) ? &gate->facts : NULL;
}

bool grille_gate_is_waiting(const grille_gate *gate) {
    return gate->proof != NULL;
}

bool grille_gate_has_failed(const grille_gate *gate) {
    return gate->failed;
}

const uint8_t *grille_gate_th(const grille_gate *gate) {
    return grille_gate_is_open(gate) ? gate->th : NULL;
}
