/* SPDX-License-Identifier: Apache-2.0
 * What comes in: each message at its place in the order, and no other. */
#include <string.h>

#include "attest/defence.h"
#include "base/bytes.h"
#include "base/error.h"
#include "secure/gate_private.h"

/* An initiator never talks to somebody unknown, whatever its policy says. */
static bool accepts(const grille_gate *gate, uint8_t kind) {
    if (kind < GRILLE_IDENTITY_NITRO || kind > GRILLE_IDENTITY_ANONYMOUS) return false;
    if (gate->options.role == GRILLE_INITIATOR && !grille_defence_may_respond((grille_identity_kind)kind)) return false;
    return grille_policy_accepts_kind(gate->options.policy, (grille_identity_kind)kind);
}

static const char *kind_name(uint8_t kind) {
    if (kind < GRILLE_IDENTITY_NITRO || kind > GRILLE_IDENTITY_ANONYMOUS) return "unknown";
    return grille_identity_kind_name((grille_identity_kind)kind);
}

static grille_reason check_kinds(const grille_gate *gate, const grille_gate_hello *hello, grille_error *error) {
    for (size_t i = 0; i < hello->kind_count; i++)
        if (accepts(gate, hello->kinds[i])) return GRILLE_REASON_OK;
    return grille_error_set(
        error, GRILLE_REASON_ATTEST_KIND_REFUSED,
        "observed an offer of %u kind(s) of evidence, the first is %s; expected one that the policy "
        "accepts",
        hello->kind_count, kind_name(hello->kinds[0]));
}

static grille_reason check_order(const grille_gate *gate, const grille_gate_hello *hello, grille_error *error) {
    const bool initiator_first = (hello->flags & GRILLE_GATE_INITIATOR_FIRST) != 0;
    if (!initiator_first) return GRILLE_REASON_OK;
    if (gate->options.role == GRILLE_RESPONDER)
        return grille_error_set(error, GRILLE_REASON_GATE_BAD_MESSAGE,
                                "the initiator's HELLO has the flag INITIATOR_FIRST, which only a responder may set");
    if (grille_policy_requires_responder_first(gate->options.policy))
        return grille_error_set(
            error, GRILLE_REASON_ATTEST_ORDER,
            "observed that the peer wants our evidence before it shows its own, expected the order of the "
            "policy's `evidence_order: responder_first`");
    return GRILLE_REASON_OK;
}

static grille_reason check_hello(const grille_gate *gate, const grille_gate_hello *hello, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    if (hello->epoch != gate->options.epoch)
        return grille_error_set(error, GRILLE_REASON_GATE_EPOCH, "the peer's HELLO is for epoch %u, expected %u",
                                hello->epoch, gate->options.epoch);
    if (!grille_defence_nonce_is_not_ours(grille_bytes_of(hello->nonce, sizeof hello->nonce), gate->options.nonce))
        return grille_error_set(error, GRILLE_REASON_GATE_REFLECTED,
                                "the peer's HELLO carries the nonce of our own; somebody reflects our messages");
    reason = check_order(gate, hello, error);
    return reason == GRILLE_REASON_OK ? check_kinds(gate, hello, error) : reason;
}

static grille_reason take_hello(grille_gate *gate, grille_bytes payload, grille_error *error) {
    grille_gate_hello hello;
    grille_reason reason = grille_gate_hello_decode(payload, &hello);
    if (reason == GRILLE_REASON_OK) reason = check_hello(gate, &hello, error);
    if (reason != GRILLE_REASON_OK) return reason;
    gate->peer_hello = hello;
    memcpy(gate->peer_hello_payload, payload.data, payload.len); /* decoded: at most GRILLE_GATE_HELLO_MAX */
    gate->peer_hello_len = payload.len;
    if (gate->options.role == GRILLE_INITIATOR)
        grille_gate_choose_order(gate, (hello.flags & GRILLE_GATE_INITIATOR_FIRST) != 0);
    return GRILLE_REASON_OK;
}

static grille_reason take_evidence(grille_gate *gate, grille_bytes payload, grille_error *error) {
    grille_gate_evidence evidence;
    const grille_reason reason = grille_gate_evidence_decode(payload, &evidence);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!grille_gate_hello_offers(&gate->peer_hello, evidence.kind))
        return grille_error_set(error, GRILLE_REASON_GATE_KIND,
                                "the peer sent evidence of kind %u (%s), which its HELLO did not offer", evidence.kind,
                                kind_name(evidence.kind));
    if (!accepts(gate, evidence.kind))
        return grille_error_set(error, GRILLE_REASON_ATTEST_KIND_REFUSED,
                                "observed evidence of kind %u (%s), expected one that the policy accepts",
                                evidence.kind, kind_name(evidence.kind));
    return grille_byte_queue_append(&gate->peer_evidence, payload);
}

static grille_reason take_confirm(grille_gate *gate, grille_bytes payload, grille_error *error) {
    uint8_t expected[GRILLE_GATE_CONFIRM_BYTES];
    grille_bytes mac = {NULL, 0};
    grille_reason reason = grille_gate_confirm_decode(payload, &mac);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_gate_confirm_of(gate, grille_gate_peer_letter(gate), expected);
    if (reason == GRILLE_REASON_OK && !grille_defence_confirm_matches(mac, grille_bytes_of(expected, sizeof expected)))
        reason = grille_error_set(error, GRILLE_REASON_GATE_CONFIRM,
                                  "the peer's CONFIRM is not the one of this session and this exchange of evidence; "
                                  "somebody changed messages on the way, or the peer is another implementation with a "
                                  "mistake in its key schedule (docs/protocol.md)");
    grille_wipe(expected, sizeof expected);
    return reason;
}

static grille_reason refuse_type(const grille_gate *gate, uint8_t type, grille_error *error) {
    if (grille_gate_payload_max(type) == 0)
        return grille_error_set(error, GRILLE_REASON_GATE_BAD_MESSAGE, "the peer sent a gate message of type %u", type);
    return grille_error_set(error, GRILLE_REASON_GATE_ORDER, "the peer sent %s, expected %s",
                            grille_gate_type_name(type), grille_gate_type_name(grille_gate_expects(gate)));
}

/* What the decoders found, for the operator. */
static void explain_decoding(grille_reason reason, grille_bytes payload, grille_error *error) {
    const char *name = grille_gate_type_name(payload.len > 0 ? payload.data[0] : 0);
    if (reason == GRILLE_REASON_GATE_VERSION && payload.len > 1)
        grille_error_set(error, reason,
                         "the peer's HELLO is of version %u, expected %d; one of the two runs another release: update "
                         "the older one",
                         payload.data[1], GRILLE_GATE_VERSION);
    else if (reason == GRILLE_REASON_GATE_BAD_MESSAGE && (error == NULL || error->text[0] == '\0'))
        grille_error_set(error, reason,
                         "the peer's %s of %zu bytes does not have its layout (docs/protocol.md, \"Messages of the "
                         "gate\"); likely another implementation with a mistake, or an attack",
                         name, payload.len);
}

static grille_reason take(grille_gate *gate, grille_bytes payload, grille_error *error) {
    const uint8_t type = payload.len > 0 ? payload.data[0] : 0;
    if (type == GRILLE_GATE_REFUSED) {
        const grille_reason reason = grille_gate_empty_decode(payload, GRILLE_GATE_REFUSED);
        return reason == GRILLE_REASON_OK ? GRILLE_REASON_GATE_REFUSED_BY_PEER : reason;
    }
    if (type != grille_gate_expects(gate)) return refuse_type(gate, type, error);
    switch (grille_gate_next(gate)) {
    case GRILLE_GATE_TAKE_HELLO:
        return take_hello(gate, payload, error);
    case GRILLE_GATE_TAKE_EVIDENCE:
        return take_evidence(gate, payload, error);
    case GRILLE_GATE_TAKE_CONFIRM:
        return take_confirm(gate, payload, error);
    default:
        return GRILLE_REASON_GATE_ORDER;
    }
}

grille_reason grille_gate_take(grille_gate *gate, grille_bytes payload, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    if (gate->failed) return grille_gate_fail(gate, GRILLE_REASON_GATE_ORDER, error);
    reason = take(gate, payload, error);
    explain_decoding(reason, payload, error);
    return reason == GRILLE_REASON_OK ? grille_gate_advance(gate, error) : grille_gate_fail(gate, reason, error);
}
