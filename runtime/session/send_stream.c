/* SPDX-License-Identifier: Apache-2.0
 * One frame of one stream: whatever comes next, as much in one frame as belongs together. */
#include "session/private.h"

/* A piece of a message shorter than this is not worth a frame at the end of a buffer or of a TLS record. */
enum { SHORTEST_PIECE_BYTES = 1024, RECORD_BYTES = GRILLE_SESSION_SEND_BYTES };

static size_t room(const grille_writer *writer) {
    return writer->capacity - writer->len;
}

/* Messages that are queued and handed over. */
static uint32_t queued(const grille_stream *stream) {
    return stream->outbox.count - (stream->reserved ? 1 : 0);
}

static const grille_record *next_message(const grille_stream *stream) {
    return queued(stream) == 0 ? NULL : grille_message_queue_first(&stream->outbox);
}

/* Until SETTINGS only the minima are sure: what is over them waits. */
static bool waits_for_settings(const grille_stream *stream) {
    const grille_session *session = stream->session;
    const grille_record *message = next_message(stream);
    if (session->settings_received) return false;
    if (message != NULL && message->len > session->peer.max_message_bytes) return true;
    return stream->call_waits && stream->metadata.encoded_bytes > session->peer.max_metadata_bytes;
}

bool grille_stream_can_send(const grille_stream *stream) {
    const grille_record *message = next_message(stream);
    if (!stream->open || waits_for_settings(stream)) return false;
    if (stream->call_waits || stream->headers_wait) return true;
    if (message != NULL) {
        const bool bare = message->len == stream->sent_bytes;
        return stream->send_credit >= GRILLE_CREDIT_PER_DATA_FRAME_BYTES + (bare ? 0U : 1U);
    }
    if (stream->end_waits) return stream->send_credit >= GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
    return stream->status_waits;
}

void grille_stream_make_ready(grille_stream *stream) {
    if (!grille_list_empty(&stream->turn) || !grille_stream_can_send(stream)) return;
    grille_list_append(&stream->session->ready, &stream->turn);
}

static uint32_t credit_of(const grille_stream *stream) {
    const uint32_t of_connection = stream->session->send_credit;
    return stream->send_credit < of_connection ? stream->send_credit : of_connection;
}

static void use_credit(grille_stream *stream, size_t message_bytes) {
    const uint32_t cost = (uint32_t)message_bytes + GRILLE_CREDIT_PER_DATA_FRAME_BYTES;
    stream->send_credit -= cost;
    stream->session->send_credit -= cost;
    stream->session->earned_credits += 2;
}

/* Whether the next message goes whole into a frame with a header of `header_bytes`. */
static bool fits_frame(const grille_stream *stream, size_t header_bytes) {
    const grille_record *message = next_message(stream);
    if (message == NULL || stream->sent_bytes > 0) return false;
    return message->len <= GRILLE_LIMIT_FRAME_PAYLOAD_BYTES - GRILLE_MESSAGE_LENGTH_BYTES - header_bytes &&
           message->len + GRILLE_CREDIT_PER_DATA_FRAME_BYTES <= credit_of(stream);
}

static size_t frame_bytes(const grille_stream *stream, size_t header_bytes, bool with_message) {
    const size_t message = with_message ? GRILLE_MESSAGE_LENGTH_BYTES + next_message(stream)->len : 0;
    return GRILLE_FRAME_HEADER_BYTES + header_bytes + message;
}

static grille_bytes message_bytes(const grille_stream *stream) {
    const grille_record *message = next_message(stream);
    return grille_bytes_of(message->data, message->len);
}

static void pop_message(grille_stream *stream) {
    grille_message_queue_pop(&stream->outbox);
    stream->sent_bytes = 0;
    grille_stream_note_writable(stream);
}

static uint64_t time_left(const grille_stream *stream) {
    const grille_time_us now_us = stream->session->now_us;
    return stream->deadline_us > now_us ? stream->deadline_us - now_us : 0;
}

static grille_turn send_call(grille_stream *stream, grille_writer *writer) {
    grille_session *session = stream->session;
    const bool has_timeout = stream->deadline_us != GRILLE_TIME_NEVER;
    grille_call_payload call = {.header = {.method_id = stream->method_id,
                                           .has_timeout = has_timeout,
                                           .timeout_us = has_timeout ? time_left(stream) : 0,
                                           .metadata = stream->metadata}};
    const size_t header_bytes = grille_call_payload_size(&call.header);
    call.has_message = fits_frame(stream, header_bytes);
    call.end_stream = stream->end_waits && queued(stream) == (call.has_message ? 1U : 0U);
    if (room(writer) < frame_bytes(stream, header_bytes, call.has_message)) return GRILLE_TURN_FULL;
    grille_slot_register(stream, session->next_own_id);
    session->next_own_id += 2;
    stream->call_waits = false;
    if (call.end_stream) stream->end_waits = false;
    if (call.has_message) {
        call.message = message_bytes(stream);
        use_credit(stream, call.message.len);
    }
    grille_call_frame_write(writer, stream->id, &call);
    if (call.has_message) pop_message(stream);
    return GRILLE_TURN_SENT;
}

static grille_turn send_headers(grille_stream *stream, grille_writer *writer) {
    if (room(writer) < GRILLE_FRAME_HEADER_BYTES + (size_t)stream->metadata.encoded_bytes) return GRILLE_TURN_FULL;
    grille_headers_frame_write(writer, stream->id, &stream->metadata);
    stream->headers_wait = false;
    return GRILLE_TURN_SENT;
}

/* Frames end where TLS records end, so that the receiver finds whole frames in each. */
static size_t piece_room(const grille_writer *writer) {
    const size_t in_record = RECORD_BYTES - writer->len % RECORD_BYTES;
    const size_t wanted = in_record >= SHORTEST_PIECE_BYTES ? in_record : in_record + RECORD_BYTES;
    const size_t most = wanted < RECORD_BYTES ? wanted : RECORD_BYTES;
    return room(writer) < most ? room(writer) : most;
}

static uint32_t least(uint32_t left, size_t right) {
    return left < right ? left : (uint32_t)right;
}

static grille_turn send_data(grille_stream *stream, grille_writer *writer) {
    const grille_record *message = next_message(stream);
    const uint32_t left = message == NULL ? 0 : message->len - stream->sent_bytes;
    grille_data_payload data = {.begin = message != NULL && stream->sent_bytes == 0};
    const size_t overhead = GRILLE_FRAME_HEADER_BYTES + (data.begin ? (size_t)GRILLE_MESSAGE_LENGTH_BYTES : 0);
    uint32_t bytes = 0;
    if (grille_credit_is_used_up(stream->session)) return GRILLE_TURN_BLOCKED;
    if (piece_room(writer) < overhead + least(left, SHORTEST_PIECE_BYTES / 2)) return GRILLE_TURN_FULL;
    bytes = least(left, piece_room(writer) - overhead);
    bytes = least(bytes, credit_of(stream) - (size_t)GRILLE_CREDIT_PER_DATA_FRAME_BYTES);
    if (message != NULL) {
        grille_reader reader = grille_reader_of(message_bytes(stream));
        (void)grille_read_bytes(&reader, stream->sent_bytes);
        data.bytes = grille_read_bytes(&reader, bytes);
        data.message_bytes = message->len;
    }
    data.end_stream = bytes == left && stream->end_waits && queued(stream) <= 1;
    use_credit(stream, bytes);
    grille_data_frame_write(writer, stream->id, &data);
    stream->sent_bytes += bytes;
    if (data.end_stream) stream->end_waits = false;
    if (message != NULL && bytes == left) pop_message(stream);
    return GRILLE_TURN_SENT;
}

/* The last frame: the stream closes. */
static grille_turn send_status(grille_stream *stream, grille_writer *writer, size_t header_bytes, bool with_message) {
    grille_status_payload status = {.header = stream->status, .has_message = with_message};
    if (room(writer) < frame_bytes(stream, header_bytes, status.has_message)) return GRILLE_TURN_FULL;
    if (status.has_message) {
        status.message = message_bytes(stream);
        use_credit(stream, status.message.len);
    }
    grille_status_frame_write(writer, stream->id, &status);
    if (stream->session->earned_resets < GRILLE_LIMIT_RESET_BURST) stream->session->earned_resets++;
    grille_stream_close(stream);
    return GRILLE_TURN_SENT;
}

static grille_turn send_next(grille_stream *stream, grille_writer *writer) {
    const uint32_t messages = queued(stream);
    size_t status_bytes = 0;
    bool takes_message = false;
    if (stream->call_waits) return send_call(stream, writer);
    if (stream->headers_wait) return send_headers(stream, writer);
    if (stream->status_waits) {
        status_bytes = grille_status_payload_size(&stream->status);
        takes_message = messages == 1 && fits_frame(stream, status_bytes);
    }
    if (!takes_message && (messages > 0 || stream->end_waits)) return send_data(stream, writer);
    return send_status(stream, writer, status_bytes, takes_message);
}

grille_turn grille_send_stream(grille_stream *stream, grille_writer *writer) {
    grille_turn turn = GRILLE_TURN_NOTHING;
    if (!grille_stream_can_send(stream)) return GRILLE_TURN_NOTHING;
    turn = send_next(stream, writer);
    if (turn != GRILLE_TURN_SENT) return turn;
    stream->last_built = stream->session->built + 1;
    if (stream->open) grille_stream_make_ready(stream);
    grille_slot_settle(stream);
    return turn;
}
