/* SPDX-License-Identifier: Apache-2.0
 * HEADERS, STATUS and RESET. */
#include <inttypes.h>

#include "session/private.h"

static grille_reason over_metadata_limit(grille_stream *stream, uint32_t bytes) {
    char text[GRILLE_LIMIT_TEXT_BYTES];
    grille_limit_text(text, "metadata", bytes, stream->session->options.settings.max_metadata_bytes);
    return grille_stream_over_limit(stream, GRILLE_REASON_SESSION_METADATA_TOO_LONG, text);
}

static grille_reason out_of_memory(grille_stream *stream) {
    return grille_stream_over_limit(stream, GRILLE_REASON_BUDGET, grille_reason_text(GRILLE_REASON_BUDGET));
}

static grille_reason fail_layout(grille_session *session, grille_reason reason) {
    return grille_session_fail(session, reason, "%s on stream %" PRIu32 ": %s", grille_frame_name(session->header.type),
                               session->header.stream, grille_reason_text(reason));
}

static grille_reason take_headers(grille_stream *stream, grille_metadata_view *metadata, grille_reason decoded) {
    grille_session *session = stream->session;
    if (!stream->ours) return grille_stream_fault(stream, "HEADERS of the calling side");
    if (stream->headers_done) return grille_stream_fault(stream, "HEADERS came twice");
    if (stream->messages_done || stream->assembling) return grille_stream_fault(stream, "HEADERS after a message");
    if (decoded == GRILLE_REASON_WIRE_LIMIT) {
        return grille_stream_over_limit(stream, GRILLE_REASON_WIRE_LIMIT, grille_field_limit_text);
    }
    if (metadata->encoded_bytes > session->options.settings.max_metadata_bytes) {
        return over_metadata_limit(stream, metadata->encoded_bytes);
    }
    if (!grille_stream_keep_metadata(stream, metadata)) return out_of_memory(stream);
    stream->headers_done = true;
    stream->events++;
    if (session->options.events->on_headers != NULL) {
        session->options.events->on_headers(session->options.user, stream, metadata);
    }
    stream->events--;
    grille_slot_settle(stream);
    return GRILLE_REASON_OK;
}

grille_reason grille_recv_headers(grille_session *session, grille_bytes payload) {
    grille_stream *stream = NULL;
    grille_metadata_view metadata = {0};
    const grille_reason decoded = grille_headers_decode(payload, &metadata);
    const grille_reason reason = grille_recv_find(session, session->header.stream, &stream);
    if (reason != GRILLE_REASON_OK) return reason;
    if (decoded != GRILLE_REASON_OK && decoded != GRILLE_REASON_WIRE_LIMIT) return fail_layout(session, decoded);
    if (stream == NULL) return grille_recv_late(session);
    if (!grille_stream_listens(stream)) return GRILLE_REASON_OK;
    return take_headers(stream, &metadata, decoded);
}

static bool keep_status(grille_stream *stream, grille_status_header *status) {
    return grille_stream_keep_bytes(stream, &status->message) && grille_stream_keep_bytes(stream, &status->details) &&
           grille_stream_keep_metadata(stream, &status->trailers);
}

/* The stream is not freed under its events: the caller holds it. */
static grille_reason take_status(grille_stream *stream, grille_status_payload *status, grille_reason decoded) {
    grille_session *session = stream->session;
    const uint32_t limit = session->options.settings.max_metadata_bytes;
    grille_reason reason = GRILLE_REASON_OK;
    if (decoded == GRILLE_REASON_WIRE_LIMIT) {
        return grille_stream_over_limit(stream, GRILLE_REASON_WIRE_LIMIT, grille_field_limit_text);
    }
    if (status->header.trailers.encoded_bytes > limit) {
        return over_metadata_limit(stream, status->header.trailers.encoded_bytes);
    }
    if (status->has_message) reason = grille_recv_whole_message(stream, status->message);
    if (reason != GRILLE_REASON_OK || !grille_stream_listens(stream)) return reason;
    if (!keep_status(stream, &status->header)) return out_of_memory(stream);
    grille_stream_close(stream);
    stream->terminal = true;
    if (session->options.events->on_status != NULL) {
        session->options.events->on_status(session->options.user, stream, &status->header);
    }
    return reason;
}

static grille_reason end_by_status(grille_stream *stream, grille_status_payload *status, grille_reason decoded) {
    grille_reason reason = GRILLE_REASON_OK;
    const bool cut = stream->assembling;
    if (!stream->ours) return grille_stream_fault(stream, "STATUS of the calling side");
    stream->events++;
    stream->peer_closed = true;
    reason = cut ? grille_stream_fault(stream, "STATUS inside a message") : take_status(stream, status, decoded);
    if (stream->open) grille_stream_close(stream);
    stream->events--;
    grille_slot_settle(stream);
    return reason;
}

grille_reason grille_recv_status(grille_session *session, grille_bytes payload) {
    grille_stream *stream = NULL;
    grille_status_payload status = {0};
    const grille_reason decoded = grille_status_payload_decode(session->header.flags, payload, &status);
    const grille_reason reason = grille_recv_find(session, session->header.stream, &stream);
    uint32_t cost = 0;
    if (reason != GRILLE_REASON_OK) return reason;
    if (decoded != GRILLE_REASON_OK && decoded != GRILLE_REASON_WIRE_LIMIT) return fail_layout(session, decoded);
    cost = grille_recv_message_cost(session->header.flags, payload);
    if (!grille_credit_take(session, cost)) return grille_recv_over_credit(session, cost, session->receive_credit);
    if (stream == NULL) {
        const grille_reason late = cost > 0 ? grille_recv_late_bytes(session, cost) : GRILLE_REASON_OK;
        return late == GRILLE_REASON_OK ? grille_recv_late(session) : late;
    }
    if (!grille_credit_take_stream(stream, cost)) return grille_recv_over_credit(session, cost, stream->receive_credit);
    return end_by_status(stream, &status, decoded);
}

/* Who cancels much less than it lets run, or whose time is up, floods nobody, and calls of ours are ours to count. */
static bool is_due(const grille_stream *stream, grille_reset_code code) {
    const grille_session *session = stream->session;
    if (stream->ours) return true;
    return code == GRILLE_RESET_DEADLINE && session->now_us >= stream->half_time_us;
}

static grille_reason count_reset(grille_session *session) {
    if (session->earned_resets > 0) {
        session->earned_resets--;
        return GRILLE_REASON_OK;
    }
    if (grille_rate_limit_take(&session->resets_limit, 1, session->now_us)) return GRILLE_REASON_OK;
    return grille_session_fail(session, GRILLE_REASON_SESSION_FLOOD, "more RESET frames than may");
}

/* Both ends reset the stream: the RESET of this end is not needed any more if it still waits. */
static grille_reason take_late_reset(grille_session *session, uint32_t id) {
    grille_stream *stream = grille_id_map_get(&session->streams, id);
    if (stream != NULL) {
        grille_stream_close(stream);
        grille_slot_settle(stream);
    } else if (grille_refusals_take_back(&session->refusals, id)) {
        /* It could not know of the refusal: a call opened and given up like any other. */
        session->peer_streams--;
        if (session->earned_late_frames > 0) session->earned_late_frames--;
        return count_reset(session);
    }
    return grille_recv_late(session);
}

grille_reason grille_recv_reset(grille_session *session, grille_bytes payload) {
    grille_stream *stream = NULL;
    grille_reset_code code = GRILLE_RESET_CANCELLED;
    const grille_reason decoded = grille_reset_payload_decode(payload, &code);
    const grille_reason reason = grille_recv_find(session, session->header.stream, &stream);
    bool counts = false;
    if (reason != GRILLE_REASON_OK) return reason;
    if (decoded != GRILLE_REASON_OK) return fail_layout(session, decoded);
    if (stream == NULL) return take_late_reset(session, session->header.stream);
    counts = !is_due(stream, code);
    grille_stream_end_by_peer(stream, code);
    return counts ? count_reset(session) : GRILLE_REASON_OK;
}
