/* SPDX-License-Identifier: Apache-2.0
 * From plaintext to frames. Frames are cut anywhere: a payload that is there whole is read in place, one that comes in
 * parts is collected, but for DATA, whose bytes go straight to their message. */
#include <inttypes.h>
#include <string.h>

#include "base/probe.h"
#include "session/private.h"

typedef grille_reason recv_fn(grille_session *session, grille_bytes payload);

static recv_fn *const receivers[] = {
    [GRILLE_FRAME_GATE] = grille_recv_gate,     [GRILLE_FRAME_SETTINGS] = grille_recv_settings,
    [GRILLE_FRAME_CALL] = grille_recv_call,     [GRILLE_FRAME_HEADERS] = grille_recv_headers,
    [GRILLE_FRAME_STATUS] = grille_recv_status, [GRILLE_FRAME_RESET] = grille_recv_reset,
    [GRILLE_FRAME_CREDIT] = grille_recv_credit, [GRILLE_FRAME_PING] = grille_recv_ping,
    [GRILLE_FRAME_DRAIN] = grille_recv_drain,
};

/* MORE: the header is not whole yet. */
static grille_reason take_header(grille_session *session, grille_bytes *input) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_bytes part = {0};
    if (session->header_len == 0 && input->len >= GRILLE_FRAME_HEADER_BYTES) {
        reason = grille_frame_header_decode(grille_recv_take(input, GRILLE_FRAME_HEADER_BYTES), &session->header);
    } else {
        part = grille_recv_take(input, GRILLE_FRAME_HEADER_BYTES - (size_t)session->header_len);
        if (part.len > 0) memcpy(session->header_bytes + session->header_len, part.data, part.len);
        session->header_len = (uint8_t)(session->header_len + part.len);
        reason =
            grille_frame_header_decode(grille_bytes_of(session->header_bytes, session->header_len), &session->header);
    }
    if (reason != GRILLE_REASON_MORE) session->header_len = 0;
    return reason;
}

static grille_reason ignore(grille_session *session) {
    if (grille_rate_limit_take(&session->ignored, 1, session->now_us)) return GRILLE_REASON_OK;
    return grille_session_fail(session, GRILLE_REASON_SESSION_FLOOD, "more frames of unknown types than may");
}

/* What a header tells before its payload is there. */
static grille_reason begin_frame(grille_session *session) {
    const grille_frame_header *header = &session->header;
    const bool is_settings = header->type == GRILLE_FRAME_SETTINGS;
    /* A peer that does not take our Confirm says REFUSED in place of SETTINGS. */
    const bool is_for_gate = header->type == GRILLE_FRAME_GATE && session->options.events->on_gate != NULL;
    session->counts.frames_in++;
    session->expects_data = false;
    GRILLE_PROBE_FRAME_IN(header->type, header->stream, header->length);
    if (is_settings == session->settings_received && !is_for_gate) {
        return grille_session_fail(session, GRILLE_REASON_SESSION_BAD_ORDER, "%s: %s frame",
                                   is_settings ? "SETTINGS came twice" : "SETTINGS must come first",
                                   grille_frame_name(header->type));
    }
    if (!grille_frame_is_known(header->type)) return ignore(session);
    return header->type == GRILLE_FRAME_DATA ? grille_recv_data_begin(session) : GRILLE_REASON_OK;
}

/* Room for a payload that comes in parts: one frame, reused. */
static grille_reason reserve_partial(grille_session *session, uint32_t len) {
    grille_budget *budget = session->options.budget;
    if (len <= session->partial_capacity) return GRILLE_REASON_OK;
    grille_budget_free_wiped(budget, session->partial, session->partial_capacity);
    session->partial_capacity = 0;
    session->partial = grille_budget_alloc(budget, len);
    if (session->partial == NULL) {
        return grille_session_fail(session, GRILLE_REASON_BUDGET, "no memory for a frame of %" PRIu32 " bytes", len);
    }
    session->partial_capacity = len;
    return GRILLE_REASON_OK;
}

/* MORE: not whole yet. */
static grille_reason take_payload(grille_session *session, grille_bytes *input, grille_bytes *payload) {
    const uint32_t len = session->header.length;
    grille_reason reason = GRILLE_REASON_OK;
    grille_bytes part = {0};
    if (session->partial_len == 0 && input->len >= len) {
        *payload = grille_recv_take(input, len);
        return GRILLE_REASON_OK;
    }
    if (input->len == 0) return GRILLE_REASON_MORE;
    reason = reserve_partial(session, len);
    if (reason != GRILLE_REASON_OK) return reason;
    part = grille_recv_take(input, len - session->partial_len);
    memcpy(session->partial + session->partial_len, part.data, part.len);
    session->partial_len += (uint32_t)part.len;
    if (session->partial_len < len) return GRILLE_REASON_MORE;
    *payload = grille_bytes_of(session->partial, len);
    return GRILLE_REASON_OK;
}

static grille_reason recv_payload(grille_session *session, grille_bytes *input) {
    grille_bytes payload = {0};
    grille_reason reason = take_payload(session, input, &payload);
    if (reason != GRILLE_REASON_OK) return reason;
    session->in_payload = false;
    if (grille_frame_is_known(session->header.type)) reason = receivers[session->header.type](session, payload);
    if (session->partial_len > 0) grille_wipe(session->partial, session->partial_len);
    session->partial_len = 0;
    return reason;
}

static grille_reason recv_data(grille_session *session, grille_bytes *input) {
    grille_reason reason = grille_recv_data_body(session, input);
    if (reason != GRILLE_REASON_OK) return reason;
    session->in_payload = false;
    return grille_recv_data_end(session);
}

static grille_reason fail_header(grille_session *session, grille_reason reason) {
    const grille_frame_header *header = &session->header;
    return grille_session_fail(session, reason, "%s frame (type %u, flags 0x%02x, stream %" PRIu32 ", %u bytes): %s",
                               grille_frame_name(header->type), header->type, header->flags, header->stream,
                               header->length, grille_reason_text(reason));
}

/* One frame, or the part of it that is there (MORE). */
static grille_reason recv_frame(grille_session *session, grille_bytes *input) {
    grille_reason reason = GRILLE_REASON_OK;
    if (!session->in_payload) {
        reason = take_header(session, input);
        if (reason == GRILLE_REASON_MORE) return reason;
        if (reason != GRILLE_REASON_OK) {
            return fail_header(session, reason);
        }
        reason = begin_frame(session);
        if (reason != GRILLE_REASON_OK) return reason;
        session->in_payload = true;
    }
    return session->header.type == GRILLE_FRAME_DATA ? recv_data(session, input) : recv_payload(session, input);
}

grille_reason grille_session_recv(grille_session *session, grille_bytes plain, grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    if (session->broken) return session->failure_reason;
    grille_session_set_now(session, now_us);
    if (plain.len > 0) {
        session->received_us = session->now_us;
        grille_session_note_activity(session);
    }
    while (plain.len > 0 && reason == GRILLE_REASON_OK)
        reason = recv_frame(session, &plain);
    if (session->broken) return session->failure_reason;
    grille_session_tell_notices(session);
    grille_slots_rest(session);
    return session->broken ? session->failure_reason : GRILLE_REASON_OK;
}

/* ---- Shared by recv_*.c ---- */

grille_bytes grille_recv_take(grille_bytes *input, size_t len) {
    grille_reader reader = grille_reader_of(*input);
    grille_bytes taken = grille_read_bytes(&reader, len < input->len ? len : input->len);
    *input = grille_read_rest(&reader);
    return taken;
}

grille_reason grille_recv_find(grille_session *session, uint32_t id, grille_stream **stream) {
    const bool ours = (id % 2 == 1) == session->options.initiator;
    const bool opened = ours ? id < session->next_own_id : id <= session->last_peer_id;
    *stream = NULL;
    if (!opened) {
        return grille_session_fail(session, GRILLE_REASON_SESSION_BAD_STREAM_ID,
                                   "%s frame for stream %" PRIu32 ", which was never opened",
                                   grille_frame_name(session->header.type), id);
    }
    *stream = grille_id_map_get(&session->streams, id);
    if (*stream != NULL && !(*stream)->open) *stream = NULL;
    return GRILLE_REASON_OK;
}

static grille_reason late_from_bucket(grille_session *session) {
    if (grille_rate_limit_take(&session->late_frames, 1, session->now_us)) return GRILLE_REASON_OK;
    return grille_session_fail(session, GRILLE_REASON_SESSION_FLOOD, "more frames for closed streams than may");
}

grille_reason grille_recv_late(grille_session *session) {
    if (session->earned_late_frames == 0) return late_from_bucket(session);
    session->earned_late_frames--;
    return GRILLE_REASON_OK;
}

grille_reason grille_recv_late_bytes(grille_session *session, uint32_t cost) {
    if (cost > session->earned_late_bytes) return late_from_bucket(session);
    session->earned_late_bytes -= cost;
    return GRILLE_REASON_OK;
}

grille_reason grille_recv_over_credit(grille_session *session, uint32_t cost, uint32_t credit) {
    return grille_session_fail(session, GRILLE_REASON_SESSION_FLOW_CONTROL,
                               "%s frame on stream %" PRIu32 " costs %" PRIu32 " bytes of credit, %" PRIu32 " are left",
                               grille_frame_name(session->header.type), session->header.stream, cost, credit);
}

uint32_t grille_recv_message_cost(uint8_t flags, grille_bytes payload) {
    grille_reader reader = grille_reader_of(payload);
    if ((flags & GRILLE_FLAG_HAS_MESSAGE) == 0) return 0;
    (void)grille_read_block_u16(&reader);
    return grille_read_u32(&reader) + GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
}
