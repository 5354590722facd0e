/* SPDX-License-Identifier: Apache-2.0
 * Message bytes: credit first, then length, then memory. */
#include <string.h>

#include "session/private.h"

static bool has_flag(const grille_session *session, uint8_t flag) {
    return (session->header.flags & flag) != 0;
}

bool grille_stream_listens(const grille_stream *stream) {
    return stream->open && stream->owned && !stream->terminal && !stream->status_waits;
}

/* Why this frame may not come now, or NULL. */
static const char *broken_rule(const grille_stream *stream) {
    const grille_session *session = stream->session;
    const grille_record *last = grille_message_queue_last(&stream->inbox);
    const bool begins = has_flag(session, GRILLE_FLAG_BEGIN);
    if (stream->peer_closed) return "DATA after END_STREAM";
    if (stream->ours && has_flag(session, GRILLE_FLAG_END_STREAM)) return "END_STREAM of the called side";
    if (begins && stream->assembling) return "a message begins inside another one";
    if (begins || session->data_left == 0) return NULL;
    if (!stream->assembling) return "bytes outside a message";
    return session->data_left > last->len - stream->assembled ? "more bytes than the message has" : NULL;
}

grille_reason grille_recv_data_begin(grille_session *session) {
    const uint32_t prefix = has_flag(session, GRILLE_FLAG_BEGIN) ? GRILLE_MESSAGE_LENGTH_BYTES : 0;
    const uint32_t cost = session->header.length - prefix + GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
    grille_stream *stream = NULL;
    const char *broken = NULL;
    grille_reason reason = grille_recv_find(session, session->header.stream, &stream);
    if (reason != GRILLE_REASON_OK) return reason;
    session->data_left = session->header.length - prefix;
    session->data_prefix_len = 0;
    session->data_stream = NULL;
    if (!grille_credit_take(session, cost)) return grille_recv_over_credit(session, cost, session->receive_credit);
    if (stream == NULL) return grille_recv_late_bytes(session, cost);
    if (!grille_credit_take_stream(stream, cost)) return grille_recv_over_credit(session, cost, stream->receive_credit);
    if (!grille_stream_listens(stream)) return GRILLE_REASON_OK;
    broken = broken_rule(stream);
    if (broken != NULL) return grille_stream_fault(stream, broken);
    session->data_stream = stream;
    stream->assembled_charge = (prefix > 0 ? 0 : stream->assembled_charge) + cost;
    return GRILLE_REASON_OK;
}

static grille_reason out_of_memory(grille_stream *stream) {
    return grille_stream_over_limit(stream, GRILLE_REASON_BUDGET, grille_reason_text(GRILLE_REASON_BUDGET));
}

void grille_stream_limit_messages(grille_stream *stream, size_t bytes) {
    const uint32_t limit = stream->session->options.settings.max_message_bytes;
    stream->max_message_bytes = bytes != 0 && bytes < limit ? (uint32_t)bytes : limit;
}

/* A record for a message of `len` bytes, after its length was checked; NULL when the call was ended. */
static grille_record *begin_message(grille_stream *stream, uint32_t len, grille_reason *reason) {
    const uint32_t limit = stream->max_message_bytes != 0 ? stream->max_message_bytes
                                                          : stream->session->options.settings.max_message_bytes;
    const grille_record_kind kind = len <= GRILLE_QUEUE_SHORT_BYTES ? GRILLE_RECORD_SHORT : GRILLE_RECORD_LONG;
    grille_record *record = NULL;
    char text[GRILLE_LIMIT_TEXT_BYTES];
    *reason = GRILLE_REASON_OK;
    if (len > limit) {
        grille_limit_text(text, "a message", len, limit);
        *reason = grille_stream_over_limit(stream, GRILLE_REASON_SESSION_MESSAGE_TOO_LONG, text);
        return NULL;
    }
    record = grille_message_queue_push(&stream->inbox, len, kind);
    if (record == NULL) {
        *reason = out_of_memory(stream);
        return NULL;
    }
    stream->assembling = true;
    stream->assembled = 0;
    return record;
}

/* Room for `len` bytes: at most twice what came and never more than the message, but for a buffer that is there. Not
 * realloc: it would leave copies. */
static bool make_room(grille_stream *stream, grille_record *record, uint32_t len) {
    grille_buffer_pool *buffers = &stream->session->buffers;
    const uint32_t room = len > record->len / 2 ? record->len : 2 * len;
    uint8_t *grown = NULL;
    if (record->kind != GRILLE_RECORD_LONG) return true;
    if (record->data != NULL && len <= grille_buffer_capacity(record->data)) return true;
    grown = grille_buffer_take(buffers, room, record->len);
    if (grown == NULL) return false;
    if (stream->assembled > 0) memcpy(grown, record->data, stream->assembled);
    grille_buffer_free(buffers, record->data, stream->assembled);
    record->data = grown;
    return true;
}

static bool append(grille_stream *stream, grille_bytes bytes) {
    grille_record *record = grille_message_queue_last(&stream->inbox);
    const uint32_t end = stream->assembled + (uint32_t)bytes.len;
    if (!make_room(stream, record, end)) return false;
    /* They may have been read to their place: grille_session_recv_wish. */
    if (bytes.data != record->data + stream->assembled) {
        memcpy(record->data + stream->assembled, bytes.data, bytes.len);
    }
    stream->assembled = end;
    return true;
}

/* Hands the whole message to the owner. The stream may be closed afterwards; its slot is still there: see callers. */
static void deliver(grille_stream *stream, uint64_t charge) {
    const grille_session *session = stream->session;
    grille_record *record = grille_message_queue_last(&stream->inbox);
    record->charge = grille_credit_hold(stream, charge) & 0x3fffffff;
    stream->assembling = false;
    stream->delivered++;
    if (stream->ours) stream->messages_done = true;
    if (session->options.events->on_message != NULL) {
        session->options.events->on_message(session->options.user, stream, grille_bytes_of(record->data, record->len));
    } else {
        grille_stream_message_done(stream);
    }
}

/* The length that comes first in a frame with BEGIN. */
static grille_reason take_prefix(grille_session *session, grille_bytes *input) {
    grille_bytes part = grille_recv_take(input, GRILLE_MESSAGE_LENGTH_BYTES - (size_t)session->data_prefix_len);
    grille_reader reader = {0};
    grille_reason reason = GRILLE_REASON_OK;
    uint32_t len = 0;
    if (part.len > 0) memcpy(session->data_prefix + session->data_prefix_len, part.data, part.len);
    session->data_prefix_len = (uint8_t)(session->data_prefix_len + part.len);
    if (session->data_prefix_len < GRILLE_MESSAGE_LENGTH_BYTES) return GRILLE_REASON_MORE;
    reader = grille_reader_of(grille_bytes_of(session->data_prefix, GRILLE_MESSAGE_LENGTH_BYTES));
    len = grille_read_u32(&reader);
    if (session->data_left > len) {
        return grille_session_fail(session, GRILLE_REASON_WIRE_BAD_PAYLOAD,
                                   "a DATA frame has more bytes than the message that it begins");
    }
    if (session->data_stream == NULL) return GRILLE_REASON_OK;
    if (begin_message(session->data_stream, len, &reason) == NULL) session->data_stream = NULL;
    return reason;
}

grille_reason grille_recv_data_body(grille_session *session, grille_bytes *input) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_bytes part = {0};
    /* The owner may have answered between two parts of the frame: the rest is dropped. */
    if (session->data_stream != NULL && !grille_stream_listens(session->data_stream)) session->data_stream = NULL;
    if (has_flag(session, GRILLE_FLAG_BEGIN) && session->data_prefix_len < GRILLE_MESSAGE_LENGTH_BYTES) {
        reason = take_prefix(session, input);
        if (reason != GRILLE_REASON_OK) return reason;
    }
    part = grille_recv_take(input, session->data_left);
    session->data_left -= (uint32_t)part.len;
    if (part.len > 0 && session->data_stream != NULL && !append(session->data_stream, part)) {
        reason = out_of_memory(session->data_stream);
        session->data_stream = NULL;
        if (reason != GRILLE_REASON_OK) return reason;
    }
    return session->data_left > 0 ? GRILLE_REASON_MORE : GRILLE_REASON_OK;
}

/* A long message of which so much is missing that the next frame is likely a full one of it. */
static bool is_long_under_way(const grille_stream *stream) {
    const grille_record *record = stream->assembling ? grille_message_queue_last(&stream->inbox) : NULL;
    return record != NULL && record->kind == GRILLE_RECORD_LONG && record->data != NULL &&
           record->len - stream->assembled >= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES / 2;
}

size_t grille_session_recv_wish(const grille_session *session, uint8_t **room) {
    const grille_stream *stream = session->data_stream;
    size_t free_bytes = 0;
    *room = NULL;
    if (session->broken || session->header_len > 0) return 0;
    if (!session->in_payload) return session->expects_data ? GRILLE_FRAME_HEADER_BYTES : 0;
    if (stream == NULL || session->header.type != GRILLE_FRAME_DATA || has_flag(session, GRILLE_FLAG_BEGIN)) return 0;
    if (!grille_stream_listens(stream) || !stream->assembling) return 0;
    const grille_record *record = grille_message_queue_last(&stream->inbox);
    if (record->kind != GRILLE_RECORD_LONG || record->data == NULL) return 0;
    free_bytes = grille_buffer_capacity(record->data) - stream->assembled;
    if (free_bytes < session->data_left) return 0;
    *room = record->data + stream->assembled;
    return session->data_left;
}

static grille_reason end_stream(grille_stream *stream) {
    const grille_session *session = stream->session;
    if (stream->assembling) return grille_stream_fault(stream, "END_STREAM inside a message");
    stream->peer_closed = true;
    grille_list_remove(&stream->credit);
    if (session->options.events->on_half_close != NULL) {
        session->options.events->on_half_close(session->options.user, stream);
    }
    return GRILLE_REASON_OK;
}

grille_reason grille_recv_data_end(grille_session *session) {
    grille_stream *stream = session->data_stream;
    const grille_record *record = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    session->data_stream = NULL;
    if (stream == NULL || !grille_stream_listens(stream)) return GRILLE_REASON_OK;
    stream->events++;
    record = grille_message_queue_last(&stream->inbox);
    if (stream->assembling && stream->assembled == record->len) deliver(stream, stream->assembled_charge);
    if (has_flag(session, GRILLE_FLAG_END_STREAM) && grille_stream_listens(stream)) reason = end_stream(stream);
    session->expects_data =
        stream->open && session->header.length >= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES / 2 && is_long_under_way(stream);
    grille_credit_schedule(stream);
    stream->events--;
    grille_slot_settle(stream);
    return reason;
}

grille_reason grille_recv_whole_message(grille_stream *stream, grille_bytes message) {
    grille_reason reason = GRILLE_REASON_OK;
    if (begin_message(stream, (uint32_t)message.len, &reason) == NULL) return reason;
    if (message.len > 0 && !append(stream, message)) return out_of_memory(stream);
    deliver(stream, message.len + GRILLE_CREDIT_PER_DATA_FRAME_BYTES);
    return GRILLE_REASON_OK;
}
