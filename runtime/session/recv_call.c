/* SPDX-License-Identifier: Apache-2.0
 * CALL: numbers first, then limits, then a slot. */
#include <inttypes.h>

#include "session/private.h"

static grille_reason check_id(grille_session *session, uint32_t id) {
    const bool ours = (id % 2 == 1) == session->options.initiator;
    if (!ours && id > session->last_peer_id && id <= INT32_MAX) {
        session->last_peer_id = id;
        return GRILLE_REASON_OK;
    }
    return grille_session_fail(session, GRILLE_REASON_SESSION_BAD_STREAM_ID,
                               "CALL on stream %" PRIu32 "; the peer's ids are %s, rise from %" PRIu32
                               " and end at %" PRId32,
                               id, session->options.initiator ? "even" : "odd", session->last_peer_id, INT32_MAX);
}

/* RESET without a slot. The stream counts as open until the peer can know that it is not. */
static grille_reason refuse(grille_session *session, const grille_call_refusal *refusal) {
    const uint32_t window = session->options.settings.stream_window_bytes;
    const grille_refusal item = {.id = session->header.stream, .code = refusal->code};
    if (!grille_refusals_push(&session->refusals, item)) {
        return grille_session_fail(session, GRILLE_REASON_BUDGET, "no memory is left to refuse a call");
    }
    session->peer_streams++;
    if ((session->header.flags & GRILLE_FLAG_END_STREAM) == 0) session->earned_late_bytes += window - refusal->cost;
    session->earned_late_frames++; /* RESET */
    if (refusal->code == GRILLE_RESET_REFUSED) session->counts.calls_refused++;
    return GRILLE_REASON_OK;
}

static grille_reason refuse_counted(grille_session *session, const grille_call_refusal *refusal) {
    const grille_reason reason = refuse(session, refusal);
    if (reason != GRILLE_REASON_OK) return reason;
    if (grille_rate_limit_take(&session->resets_limit, 1, session->now_us)) return GRILLE_REASON_OK;
    return grille_session_fail(session, GRILLE_REASON_SESSION_FLOOD, "more calls of the peer broke a rule than may");
}

/* A slot that is open and known, without an owner; NULL for want of memory. */
static grille_stream *open_stream(grille_session *session, uint32_t cost) {
    grille_stream *stream = grille_slot_take(session, false);
    if (stream == NULL) return NULL;
    grille_slot_register(stream, session->header.stream);
    stream->open = true;
    stream->counted = true;
    session->peer_streams++;
    session->taken_id = stream->id;
    stream->receive_credit -= cost;
    stream->peer_closed = (session->header.flags & GRILLE_FLAG_END_STREAM) != 0;
    return stream;
}

/* Which limit the call is over, in `text` or static; NULL: none. A message inside CALL is shorter than any limit of
 * messages. */
static const char *over_limit(const grille_session *session, grille_reason decoded, const grille_call_payload *call,
                              char text[GRILLE_LIMIT_TEXT_BYTES]) {
    const uint32_t limit = session->options.settings.max_metadata_bytes;
    if (decoded == GRILLE_REASON_WIRE_LIMIT) return grille_field_limit_text;
    if (call->header.metadata.encoded_bytes <= limit) return NULL;
    grille_limit_text(text, "metadata", call->header.metadata.encoded_bytes, limit);
    return text;
}

static grille_reason answer_limit(grille_session *session, const grille_call_refusal *refusal, const char *text) {
    grille_stream *stream = open_stream(session, refusal->cost);
    if (stream == NULL) return refuse_counted(session, refusal);
    return grille_stream_over_limit(stream, GRILLE_REASON_WIRE_LIMIT, text);
}

static grille_reason tell_call(grille_stream *stream, const grille_call_payload *call) {
    const grille_session *session = stream->session;
    const grille_session_events *events = session->options.events;
    grille_reason reason = GRILLE_REASON_OK;
    events->on_call(session->options.user, stream, &call->header);
    if (call->has_message && grille_stream_listens(stream)) reason = grille_recv_whole_message(stream, call->message);
    if (call->end_stream && reason == GRILLE_REASON_OK && grille_stream_listens(stream) &&
        events->on_half_close != NULL) {
        events->on_half_close(session->options.user, stream);
    }
    return reason;
}

static grille_reason accept(grille_session *session, grille_call_payload *call, uint32_t cost) {
    const grille_call_refusal refusal = {.code = GRILLE_RESET_REFUSED, .cost = cost};
    grille_stream *stream = open_stream(session, cost);
    grille_reason reason = GRILLE_REASON_OK;
    if (stream == NULL) return refuse(session, &refusal);
    if (!grille_stream_keep_metadata(stream, &call->header.metadata)) {
        grille_stream_drop(stream, GRILLE_RESET_REFUSED);
        session->counts.calls_refused++;
        return GRILLE_REASON_OK;
    }
    stream->owned = true;
    stream->handled = true;
    session->handlers++;
    if (call->header.has_timeout) {
        grille_deadline_set(stream, grille_time_after(session->now_us, call->header.timeout_us));
    }
    stream->events++;
    reason = tell_call(stream, call);
    grille_credit_schedule(stream);
    stream->events--;
    grille_slot_settle(stream);
    return reason;
}

static bool has_no_handler(const grille_session *session) {
    return session->options.events->on_call == NULL || session->handlers >= session->options.settings.max_handlers;
}

grille_reason grille_recv_call(grille_session *session, grille_bytes payload) {
    const uint32_t id = session->header.stream;
    char text[GRILLE_LIMIT_TEXT_BYTES];
    const char *over = NULL;
    grille_call_payload call = {0};
    const grille_reason decoded = grille_call_payload_decode(session->header.flags, payload, &call);
    grille_call_refusal refusal = {.code = GRILLE_RESET_REFUSED};
    grille_reason reason = check_id(session, id);
    if (reason != GRILLE_REASON_OK) return reason;
    if (decoded != GRILLE_REASON_OK && decoded != GRILLE_REASON_WIRE_LIMIT) {
        return grille_session_fail(session, decoded, "CALL on stream %" PRIu32 ": %s", id, grille_reason_text(decoded));
    }
    refusal.cost = grille_recv_message_cost(session->header.flags, payload);
    if (!grille_credit_take(session, refusal.cost)) {
        return grille_recv_over_credit(session, refusal.cost, session->receive_credit);
    }
    if (session->peer_streams >= session->options.settings.max_streams) {
        return grille_session_fail(session, GRILLE_REASON_SESSION_TOO_MANY_STREAMS,
                                   "CALL on stream %" PRIu32 " with %" PRIu32 " open, which is the limit", id,
                                   session->peer_streams);
    }
    if (grille_drain_refuses(session, id) || has_no_handler(session)) return refuse(session, &refusal);
    over = over_limit(session, decoded, &call, text);
    if (over != NULL) {
        refusal.code = GRILLE_RESET_LIMIT;
        return answer_limit(session, &refusal, over);
    }
    if (call.header.has_timeout && call.header.timeout_us == 0) {
        refusal.code = GRILLE_RESET_DEADLINE;
        session->counts.deadlines_exceeded++;
        return refuse_counted(session, &refusal);
    }
    return accept(session, &call, refusal.cost);
}
