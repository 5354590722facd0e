/* SPDX-License-Identifier: Apache-2.0
 * SETTINGS, CREDIT, PING, DRAIN and GATE. */
#include <inttypes.h>

#include "session/private.h"

static grille_reason fail_layout(grille_session *session, grille_reason reason) {
    return grille_session_fail(session, reason, "%s: %s", grille_frame_name(session->header.type),
                               grille_reason_text(reason));
}

static grille_reason flood(grille_session *session) {
    return grille_session_fail(session, GRILLE_REASON_SESSION_FLOOD, "more %s frames than may",
                               grille_frame_name(session->header.type));
}

/* Over a limit that was not known when the call was opened. */
static bool is_over_limit(const grille_stream *stream, char text[GRILLE_LIMIT_TEXT_BYTES], grille_reason *reason) {
    const grille_settings *limits = &stream->session->peer;
    grille_record_iterator iterator = grille_message_queue_iterate(&stream->outbox);
    const grille_record *record = NULL;
    while ((record = grille_message_queue_next(&iterator)) != NULL) {
        if (record->len <= limits->max_message_bytes) continue;
        grille_limit_text(text, "a message", record->len, limits->max_message_bytes);
        *reason = GRILLE_REASON_SESSION_MESSAGE_TOO_LONG;
        return true;
    }
    if (!stream->call_waits || stream->metadata.encoded_bytes <= limits->max_metadata_bytes) return false;
    grille_limit_text(text, "metadata", stream->metadata.encoded_bytes, limits->max_metadata_bytes);
    *reason = GRILLE_REASON_SESSION_METADATA_TOO_LONG;
    return true;
}

/* What waited for SETTINGS, and credit that is larger from the start. */
static void apply_settings(grille_stream *stream, const void *more_credit) {
    char text[GRILLE_LIMIT_TEXT_BYTES];
    grille_ending ending = {.code = GRILLE_RESET_LIMIT, .text = text};
    if (!stream->open) return;
    stream->send_credit += *(const uint32_t *)more_credit;
    if (is_over_limit(stream, text, &ending.reason)) {
        ending.never_processed = stream->id == 0;
        grille_stream_end_here(stream, &ending);
    } else {
        grille_stream_make_ready(stream);
    }
}

grille_reason grille_recv_settings(grille_session *session, grille_bytes payload) {
    grille_settings settings = {0};
    const grille_settings minimum = session->peer;
    const grille_reason reason = grille_settings_decode(payload, &settings);
    uint32_t more_credit = 0;
    if (reason != GRILLE_REASON_OK) return fail_layout(session, reason);
    session->settings_received = true;
    session->peer = settings;
    session->peer.services_encoded = (grille_bytes){0};
    if (!grille_credit_receive(session, settings.connection_window_bytes - minimum.connection_window_bytes)) {
        return fail_layout(session, GRILLE_REASON_SESSION_CREDIT_OVERFLOW);
    }
    more_credit = settings.stream_window_bytes - minimum.stream_window_bytes;
    grille_slots_visit(session, apply_settings, &more_credit);
    if (session->options.events->on_settings != NULL) {
        session->options.events->on_settings(session->options.user, &settings);
    }
    return GRILLE_REASON_OK;
}

/* Two grants are due for a DATA frame of ours at most: what is earned so is no flood. */
static bool may_grant(grille_session *session) {
    if (session->earned_credits == 0) return grille_rate_limit_take(&session->credits_limit, 1, session->now_us);
    session->earned_credits--;
    return true;
}

grille_reason grille_recv_credit(grille_session *session, grille_bytes payload) {
    const uint32_t id = session->header.stream;
    grille_stream *stream = NULL;
    uint32_t bytes = 0;
    grille_reason reason = grille_credit_payload_decode(payload, &bytes);
    bool fits = true;
    if (reason != GRILLE_REASON_OK) return fail_layout(session, reason);
    if (id != 0) reason = grille_recv_find(session, id, &stream);
    if (reason != GRILLE_REASON_OK) return reason;
    if (!may_grant(session)) return flood(session);
    if (id == 0) fits = grille_credit_receive(session, bytes);
    if (stream != NULL) fits = grille_credit_receive_stream(stream, bytes);
    if (fits) return GRILLE_REASON_OK;
    return grille_session_fail(session, GRILLE_REASON_SESSION_CREDIT_OVERFLOW,
                               "%" PRIu32 " more bytes of credit for stream %" PRIu32 " are over the limit of %d bytes",
                               bytes, id, GRILLE_LIMIT_CREDIT_BYTES);
}

/* One answer may stand for all PINGs before it. */
static grille_reason take_answer(grille_session *session, uint64_t token) {
    if (token <= session->ping_answered || token > session->ping_token) {
        return grille_session_fail(session, GRILLE_REASON_SESSION_BAD_PING,
                                   "answer to PING %" PRIu64 "; %" PRIu64 " is the newest, %" PRIu64
                                   " the last answered",
                                   token, session->ping_token, session->ping_answered);
    }
    session->ping_answered = token;
    grille_drain_advance(session);
    return GRILLE_REASON_OK;
}

grille_reason grille_recv_ping(grille_session *session, grille_bytes payload) {
    uint64_t token = 0;
    const grille_reason reason = grille_ping_payload_decode(payload, &token);
    if (reason != GRILLE_REASON_OK) return fail_layout(session, reason);
    if ((session->header.flags & GRILLE_FLAG_ACK) != 0) return take_answer(session, token);
    if (!grille_rate_limit_take(&session->pings, 1, session->now_us)) return flood(session);
    session->pong_waits = true;
    session->pong_token = token;
    return GRILLE_REASON_OK;
}

/* The rules of DRAIN: at most two, the last stream never rises, and it is one that this end has opened. */
static bool drain_is_in_order(const grille_session *session, const grille_drain_payload *drain) {
    const bool ours = (drain->last_stream % 2 == 1) == session->options.initiator;
    if (session->peer_drains >= GRILLE_LIMIT_DRAIN_FRAMES) return false;
    if (session->peer_drains == 1 && drain->last_stream == GRILLE_DRAIN_ALL) return false;
    if (drain->last_stream == GRILLE_DRAIN_ALL || drain->last_stream == 0) return true;
    return ours && drain->last_stream < session->next_own_id;
}

/* Calls that the peer will not process end here, those that were not sent yet among them. */
static void end_unprocessed(grille_stream *stream, const void *last_stream) {
    const grille_ending ending = {.code = GRILLE_RESET_REFUSED,
                                  .reason = GRILLE_REASON_SESSION_DRAINING,
                                  .never_processed = !grille_stream_is_answered(stream),
                                  .silent = true};
    if (!stream->ours || (stream->id != 0 && stream->id <= *(const uint32_t *)last_stream)) return;
    grille_stream_end_here(stream, &ending);
}

grille_reason grille_recv_drain(grille_session *session, grille_bytes payload) {
    grille_drain_payload drain = {0};
    const grille_reason reason = grille_drain_payload_decode(payload, &drain);
    if (reason != GRILLE_REASON_OK) return fail_layout(session, reason);
    if (!drain_is_in_order(session, &drain)) {
        return grille_session_fail(session, GRILLE_REASON_SESSION_BAD_DRAIN,
                                   "DRAIN number %" PRIu32 " with last stream %" PRIu32, session->peer_drains + 1,
                                   drain.last_stream);
    }
    session->peer_drains++;
    if (session->peer_drains == 1 && session->options.events->on_peer_drain != NULL) {
        session->options.events->on_peer_drain(session->options.user, drain.reason);
    }
    grille_slots_visit(session, end_unprocessed, &drain.last_stream);
    return GRILLE_REASON_OK;
}

grille_reason grille_recv_gate(grille_session *session, grille_bytes payload) {
    if (session->options.events->on_gate == NULL) {
        return grille_session_fail(session, GRILLE_REASON_SESSION_UNEXPECTED_GATE,
                                   "a GATE frame of %zu bytes on a connection that attests once", payload.len);
    }
    if (!grille_rate_limit_take(&session->gates, 1, session->now_us)) return flood(session);
    session->options.events->on_gate(session->options.user, payload);
    return GRILLE_REASON_OK;
}
