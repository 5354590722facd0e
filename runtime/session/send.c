/* SPDX-License-Identifier: Apache-2.0
 * Write order: SETTINGS, control frames, then one frame of each stream in turn, so that a long message delays a short
 * call by one frame for each stream that is in line. */
#include <string.h>

#include "session/private.h"

enum {
    PING_BYTES = GRILLE_FRAME_HEADER_BYTES + 8,
    DRAIN_BYTES = GRILLE_FRAME_HEADER_BYTES + 5,
    CREDIT_BYTES = GRILLE_FRAME_HEADER_BYTES + 4,
    RESET_BYTES = GRILLE_FRAME_HEADER_BYTES + 1
};

static bool has_room(const grille_writer *writer, size_t bytes) {
    return writer->capacity - writer->len >= bytes;
}

static void send_settings(grille_session *session, grille_writer *writer) {
    const size_t mark = grille_frame_begin(writer);
    grille_settings_write(writer, &session->options.settings, session->options.services,
                          session->options.service_count);
    grille_frame_end(writer, mark, GRILLE_FRAME_SETTINGS, 0, 0);
    session->settings_sent = true;
    session->counts.frames_out++;
}

static void send_gate(grille_session *session, grille_writer *writer) {
    size_t mark = 0;
    if (!has_room(writer, GRILLE_FRAME_HEADER_BYTES + session->gate_len)) return;
    mark = grille_frame_begin(writer);
    grille_write_bytes(writer, grille_bytes_of(session->gate, session->gate_len));
    grille_frame_end(writer, mark, GRILLE_FRAME_GATE, 0, 0);
    grille_budget_free(session->options.budget, session->gate, session->gate_len);
    session->gate = NULL;
    session->gate_len = 0;
    session->gate_waits = false;
    session->counts.frames_out++;
}

static void send_drain(grille_session *session, grille_writer *writer) {
    const bool announces = session->drain_state == GRILLE_DRAIN_ANNOUNCE;
    const grille_drain_payload drain = {.last_stream = announces ? GRILLE_DRAIN_ALL : session->drain_last_id,
                                        .reason = session->drain_reason};
    if (!has_room(writer, DRAIN_BYTES)) return;
    grille_drain_frame_write(writer, &drain);
    session->drain_state = announces ? GRILLE_DRAIN_PROBE : GRILLE_DRAIN_DONE;
    session->counts.frames_out++;
}

static bool drain_waits(const grille_session *session) {
    return session->drain_state == GRILLE_DRAIN_ANNOUNCE || session->drain_state == GRILLE_DRAIN_FINAL;
}

/* DRAIN before PING: the answer to the PING says that the notice was read. */
static void send_connection_frames(grille_session *session, grille_writer *writer) {
    const uint32_t grant = grille_credit_grant(session);
    if (session->gate_waits) send_gate(session, writer);
    if (session->pong_waits && has_room(writer, PING_BYTES)) {
        grille_ping_frame_write(writer, true, session->pong_token);
        session->pong_waits = false;
        session->counts.frames_out++;
    }
    if (drain_waits(session)) send_drain(session, writer);
    if (session->ping_waits && !drain_waits(session) && has_room(writer, PING_BYTES)) {
        grille_ping_frame_write(writer, false, session->ping_token);
        session->ping_waits = false;
        session->counts.frames_out++;
    }
    if (grant > 0 && has_room(writer, CREDIT_BYTES)) {
        grille_credit_frame_write(writer, 0, grant);
        session->receive_credit += grant;
        session->counts.frames_out++;
    }
}

static void send_resets(grille_session *session, grille_writer *writer) {
    grille_refusal refusal = {0};
    while (!grille_list_empty(&session->resets) && has_room(writer, RESET_BYTES)) {
        grille_link *link = grille_list_take_first(&session->resets);
        grille_stream *stream = grille_container(link, grille_stream, turn);
        grille_reset_frame_write(writer, stream->id, stream->reset_code);
        stream->last_built = session->built + 1;
        session->counts.frames_out++;
        grille_stream_close(stream);
        grille_slot_settle(stream);
    }
    while (has_room(writer, RESET_BYTES) && grille_refusals_take(&session->refusals, &refusal)) {
        grille_reset_frame_write(writer, refusal.id, refusal.code);
        session->peer_streams--;
        session->counts.frames_out++;
    }
}

static void send_credits(grille_session *session, grille_writer *writer) {
    while (!grille_list_empty(&session->credits) && has_room(writer, CREDIT_BYTES)) {
        grille_link *link = grille_list_take_first(&session->credits);
        grille_stream *stream = grille_container(link, grille_stream, credit);
        const uint32_t grant = grille_credit_stream_grant(stream);
        if (grant == 0) continue;
        grille_credit_frame_write(writer, stream->id, grant);
        stream->receive_credit += grant;
        stream->last_built = session->built + 1;
        session->counts.frames_out++;
    }
}

/* Those that waited for the connection's credit come first; each waits at most once for each grant. */
static grille_link *next_in_line(grille_session *session) {
    grille_link *blocked = NULL;
    if (!grille_credit_is_used_up(session)) blocked = grille_list_take_first(&session->blocked);
    return blocked != NULL ? blocked : grille_list_take_first(&session->ready);
}

static bool line_waits(const grille_session *session) {
    if (!grille_list_empty(&session->ready)) return true;
    return !grille_list_empty(&session->blocked) && !grille_credit_is_used_up(session);
}

static void send_streams(grille_session *session, grille_writer *writer) {
    grille_link *link = NULL;
    while ((link = next_in_line(session)) != NULL) {
        grille_stream *stream = grille_container(link, grille_stream, turn);
        const grille_turn turn = grille_send_stream(stream, writer);
        if (turn == GRILLE_TURN_FULL) {
            grille_list_prepend(&session->ready, link);
            return;
        }
        if (turn == GRILLE_TURN_BLOCKED) grille_list_append(&session->blocked, link);
        if (turn == GRILLE_TURN_SENT) session->counts.frames_out++;
    }
}

static void send_goodbye(grille_session *session, grille_writer *writer) {
    const grille_drain_payload drain = {.last_stream = session->taken_id, .reason = session->goodbye_reason};
    if (!session->goodbye_waits) return;
    session->goodbye_waits = false;
    grille_drain_frame_write(writer, &drain);
    session->counts.frames_out++;
}

grille_reason grille_session_send(grille_session *session, uint8_t *buffer, size_t capacity, size_t *len,
                                  grille_time_us now_us) {
    grille_writer writer = grille_writer_into(buffer, capacity);
    grille_reason reason = GRILLE_REASON_OK;
    *len = 0;
    if (capacity < GRILLE_SESSION_SEND_BYTES) return GRILLE_REASON_BAD_ARGUMENT;
    grille_session_set_now(session, now_us);
    if (!session->settings_sent && grille_session_wants_write(session)) send_settings(session, &writer);
    if (session->broken) {
        send_goodbye(session, &writer);
    } else {
        send_connection_frames(session, &writer);
        send_resets(session, &writer);
        send_credits(session, &writer);
        send_streams(session, &writer);
    }
    reason = grille_writer_end(&writer);
    if (reason != GRILLE_REASON_OK) return grille_session_fail(session, GRILLE_REASON_INTERNAL, "a frame did not fit");
    *len = grille_written(&writer).len;
    if (*len > 0) {
        session->built++;
        grille_session_note_activity(session);
    }
    return GRILLE_REASON_OK;
}

bool grille_session_wants_write(const grille_session *session) {
    if (session->broken) return session->goodbye_waits;
    if (!grille_list_empty(&session->ready)) return true;
    return !session->settings_sent || session->gate_waits || session->pong_waits || session->ping_waits ||
           drain_waits(session) || grille_credit_grant(session) > 0 || !grille_list_empty(&session->resets) ||
           !grille_refusals_empty(&session->refusals) || !grille_list_empty(&session->credits) || line_waits(session);
}

void grille_session_sent(grille_session *session, grille_time_us now_us) {
    grille_session_set_now(session, now_us);
    grille_slots_written(session);
    if (!session->broken) grille_session_tell_notices(session);
    grille_slots_rest(session);
}

grille_reason grille_session_send_gate(grille_session *session, grille_bytes payload) {
    if (session->broken) return session->failure_reason;
    if (payload.len == 0 || payload.len > GRILLE_LIMIT_FRAME_PAYLOAD_BYTES) return GRILLE_REASON_BAD_ARGUMENT;
    if (session->gate_waits) return GRILLE_REASON_SESSION_WINDOW_FULL;
    session->gate = grille_budget_alloc(session->options.budget, payload.len);
    if (session->gate == NULL) return GRILLE_REASON_BUDGET;
    memcpy(session->gate, payload.data, payload.len);
    session->gate_len = payload.len;
    session->gate_waits = true;
    return GRILLE_REASON_OK;
}
