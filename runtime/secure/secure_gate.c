/* SPDX-License-Identifier: Apache-2.0
 * The gate over TLS: GATE frames on stream 0, and nothing else, until both Confirms are through. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/probe.h"
#include "secure/secure_private.h"
#include "wire/frame.h"

enum { record_plain_bytes = 16384 };

static grille_reason begin(grille_secure *secure) {
    grille_reason reason =
        grille_tls_export(secure->tls, GRILLE_GATE_EXPORTER_LABEL, secure->exporter, sizeof secure->exporter);
    if (reason != GRILLE_REASON_OK) return reason;
    secure->gate_started = true;
    reason = grille_secure_begin_attempt(secure, 0);
    return reason == GRILLE_REASON_OK ? grille_secure_flush_gate(secure) : reason;
}

grille_reason grille_secure_start_gate(grille_secure *secure) {
    grille_reason reason = GRILLE_REASON_OK;
    secure->state = GRILLE_SECURE_GATE;
    reason = begin(secure);
    if (reason != GRILLE_REASON_OK) return grille_secure_fail(secure, reason);
    return grille_tls_unread(secure->tls) > 0 ? GRILLE_REASON_MORE : GRILLE_REASON_OK;
}

/* Refuses by header and type byte, before the rest is stored. */
static grille_reason check_front(grille_secure *secure, const grille_frame_header *header, uint8_t type) {
    const uint8_t expected = grille_gate_expects(&secure->attempt->gate);
    const size_t max = grille_gate_payload_max(type);
    if (max == 0)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_BAD_MESSAGE,
                                "the peer sent a gate message of type %u", type);
    if (type != expected && type != GRILLE_GATE_REFUSED)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_ORDER, "the peer sent %s, expected %s",
                                grille_gate_type_name(type), grille_gate_type_name(expected));
    if (header->length > max)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_TOO_LONG,
                                "the peer's %s has %u bytes, at most %zu may come", grille_gate_type_name(type),
                                header->length, max);
    return GRILLE_REASON_OK;
}

/* MORE: no whole frame is there. Anything else but OK ends the channel. */
static grille_reason take_frame(grille_secure *secure) {
    const grille_bytes plain = grille_byte_queue_view(&secure->plain);
    grille_bytes rest = plain;
    grille_bytes payload = {NULL, 0};
    grille_frame_header header = {0};
    grille_reason reason = grille_frame_header_decode(plain, &header);
    if (reason == GRILLE_REASON_MORE) return reason;
    if (reason == GRILLE_REASON_OK && header.type != GRILLE_FRAME_GATE)
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_NOT_A_GATE_FRAME,
                                "the peer sent a %s frame before its CONFIRM", grille_frame_name(header.type));
    if (reason != GRILLE_REASON_OK)
        return grille_error_set(&secure->failure, reason,
                                "before the peer's CONFIRM: %s; likely the peer is not a Grille endpoint",
                                grille_reason_text(reason));
    if (plain.len <= GRILLE_FRAME_HEADER_BYTES) return GRILLE_REASON_MORE;
    reason = check_front(secure, &header, plain.data[GRILLE_FRAME_HEADER_BYTES]);
    if (reason == GRILLE_REASON_OK) reason = grille_frame_take(&rest, &header, &payload);
    if (reason != GRILLE_REASON_OK) return reason;
    GRILLE_PROBE_FRAME_IN(header.type, header.stream, header.length);
    reason = grille_gate_take(&secure->attempt->gate, payload, &secure->failure);
    grille_byte_queue_consume(&secure->plain, plain.len - rest.len);
    return reason;
}

/* MORE: no whole record is there. */
static grille_reason read_record(grille_secure *secure, grille_time_us now_us) {
    uint8_t *room = NULL;
    size_t len = 0;
    grille_reason reason = grille_byte_queue_reserve(&secure->plain, record_plain_bytes, &room);
    if (reason == GRILLE_REASON_OK)
        reason = grille_tls_read(secure->tls, room, record_plain_bytes, &len, now_us, &secure->failure);
    grille_byte_queue_commit(&secure->plain, len);
    if (reason == GRILLE_REASON_MORE && grille_tls_is_closed(secure->tls))
        return grille_error_set(&secure->failure, GRILLE_REASON_GATE_CLOSED,
                                "the peer closed the channel while the gate expected %s; its log says why",
                                grille_gate_type_name(grille_gate_expects(&secure->attempt->gate)));
    return reason;
}

/* Takes messages, reading records as they are needed, until an expensive step is due (OK), the gate is open (OK) or
 * bytes are missing (MORE). */
static grille_reason take_messages(grille_secure *secure, grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    while (grille_gate_expects(&secure->attempt->gate) != 0) {
        reason = take_frame(secure);
        if (reason == GRILLE_REASON_MORE) reason = read_record(secure, now_us);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    return GRILLE_REASON_OK;
}

static grille_reason finish(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    const grille_reason reason = grille_secure_finish_attempt(secure, now_us, wall_ms);
    if (reason != GRILLE_REASON_OK) return reason;
    secure->state = GRILLE_SECURE_OPEN;
    GRILLE_PROBE_VERDICT(1, GRILLE_REASON_OK);
    grille_byte_queue_trim(&secure->plain);
    return GRILLE_REASON_OK;
}

grille_reason grille_secure_step_gate(grille_secure *secure, grille_time_us now_us, grille_wall_ms wall_ms) {
    grille_gate *gate = &secure->attempt->gate;
    const bool takes = grille_gate_expects(gate) != 0;
    const grille_reason worked =
        takes ? take_messages(secure, now_us) : grille_gate_work(gate, wall_ms, &secure->failure);
    grille_reason reason = worked;
    if (reason == GRILLE_REASON_OK || reason == GRILLE_REASON_MORE) reason = grille_secure_check_taken(secure);
    if (reason == GRILLE_REASON_OK) reason = grille_secure_flush_gate(secure);
    if (reason != GRILLE_REASON_OK) return grille_secure_fail(secure, reason);
    if (grille_gate_is_open(gate)) return finish(secure, now_us, wall_ms);
    return worked == GRILLE_REASON_OK && !grille_gate_is_waiting(gate) ? GRILLE_REASON_MORE : GRILLE_REASON_OK;
}
