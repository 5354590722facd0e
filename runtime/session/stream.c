/* SPDX-License-Identifier: Apache-2.0
 * What the owner of a stream may do with it. */
#include <string.h>

#include "session/private.h"
#include "wire/utf8.h"

uint32_t grille_session_own_limit(const grille_session *session) {
    uint32_t limit = session->options.max_own_streams;
    if (session->peer.max_streams < limit) limit = session->peer.max_streams;
    if (session->peer.max_handlers < limit) limit = session->peer.max_handlers;
    return limit;
}

bool grille_session_needs_successor(const grille_session *session) {
    return session->next_own_id >= GRILLE_LIMIT_STREAM_ID;
}

/* As many again may wait for their RESET to be written. */
static bool has_free_slot(const grille_session *session) {
    const uint32_t limit = grille_session_own_limit(session);
    return session->own_streams < limit && session->own_slots < 2 * limit;
}

bool grille_session_can_open(const grille_session *session) {
    return !session->broken && session->peer_drains == 0 && !grille_session_needs_successor(session) &&
           has_free_slot(session);
}

static grille_reason check_open(grille_session *session, const grille_call_open *open) {
    const uint32_t metadata_limit =
        session->settings_received ? session->peer.max_metadata_bytes : GRILLE_LIMIT_METADATA_BYTES;
    if (session->broken) return session->failure_reason;
    if (open->method_id == 0) return GRILLE_REASON_BAD_ARGUMENT;
    if (session->peer_drains > 0) return GRILLE_REASON_SESSION_DRAINING;
    if (grille_session_needs_successor(session)) return GRILLE_REASON_SESSION_IDS_USED_UP;
    if (open->has_timeout && open->timeout_us == 0) return GRILLE_REASON_SESSION_DEADLINE;
    if (open->metadata.encoded_bytes > metadata_limit) return GRILLE_REASON_SESSION_METADATA_TOO_LONG;
    if (has_free_slot(session)) return GRILLE_REASON_OK;
    session->tell_slot_free = true;
    return GRILLE_REASON_SESSION_STREAMS_FULL;
}

bool grille_stream_keep_bytes(grille_stream *stream, grille_bytes *bytes) {
    if (bytes->len == 0) return true;
    *bytes = grille_arena_copy(&stream->arena, *bytes);
    return bytes->data != NULL;
}

bool grille_stream_keep_metadata(grille_stream *stream, grille_metadata_view *metadata) {
    if (metadata->count == 0) *metadata = (grille_metadata_view){0};
    return grille_stream_keep_bytes(stream, &metadata->encoded);
}

grille_reason grille_session_open(grille_session *session, const grille_call_open *open, grille_time_us now_us,
                                  grille_stream **stream) {
    grille_stream *made = NULL;
    grille_reason reason = check_open(session, open);
    *stream = NULL;
    if (reason != GRILLE_REASON_OK) return reason;
    grille_session_set_now(session, now_us);
    made = grille_slot_take(session, true);
    if (made == NULL) return GRILLE_REASON_BUDGET;
    made->metadata = open->metadata;
    if (!grille_stream_keep_metadata(made, &made->metadata)) {
        grille_slot_settle(made);
        return GRILLE_REASON_BUDGET;
    }
    made->open = true;
    made->counted = true;
    made->owned = true;
    made->call_waits = true;
    made->method_id = open->method_id;
    made->user = open->user;
    session->own_streams++;
    if (open->has_timeout) grille_deadline_set(made, grille_time_after(session->now_us, open->timeout_us));
    grille_stream_make_ready(made);
    *stream = made;
    return GRILLE_REASON_OK;
}

/* ---- Sending ---- */

static bool takes_another(const grille_stream *stream, size_t len) {
    const grille_message_queue *outbox = &stream->outbox;
    return outbox->count == 0 || outbox->bytes + len + GRILLE_QUEUE_RECORD_BYTES <= GRILLE_LIMIT_SEND_QUEUE_BYTES;
}

bool grille_stream_is_writable(const grille_stream *stream) {
    return grille_stream_listens(stream) && !stream->sends_ended &&
           takes_another(stream, GRILLE_LIMIT_SEND_QUEUE_BYTES / 2);
}

void grille_stream_note_writable(grille_stream *stream) {
    if (!stream->tell_writable || !grille_stream_is_writable(stream)) return;
    grille_list_remove(&stream->writable);
    grille_list_append(&stream->session->writable, &stream->writable);
}

static grille_reason check_message(grille_stream *stream, size_t len) {
    const grille_session *session = stream->session;
    const size_t limit = session->settings_received ? session->peer.max_message_bytes : GRILLE_LIMIT_MESSAGE_BYTES;
    if (session->broken) return session->failure_reason;
    if (!stream->open || stream->terminal || stream->sends_ended) return GRILLE_REASON_SESSION_STREAM_ENDED;
    if (stream->reserved) return GRILLE_REASON_BAD_ARGUMENT;
    if (len > limit) return GRILLE_REASON_SESSION_MESSAGE_TOO_LONG;
    if (takes_another(stream, len)) return GRILLE_REASON_OK;
    stream->tell_writable = true;
    return GRILLE_REASON_SESSION_WINDOW_FULL;
}

/* Memory for a message of our own, in the queue. */
static grille_record *push(grille_stream *stream, size_t len) {
    grille_buffer_pool *buffers = &stream->session->buffers;
    const bool is_short = len <= GRILLE_QUEUE_SHORT_BYTES;
    const grille_record_kind kind = is_short ? GRILLE_RECORD_SHORT : GRILLE_RECORD_LONG;
    uint8_t *data = is_short ? NULL : grille_buffer_take(buffers, len, len);
    grille_record *record = NULL;
    if (!is_short && data == NULL) return NULL;
    record = grille_message_queue_push(&stream->outbox, (uint32_t)len, kind);
    if (record == NULL) {
        grille_buffer_give(buffers, data, 0);
    } else if (!is_short) {
        record->data = data;
    }
    return record;
}

static void queue_done(grille_stream *stream, unsigned flags) {
    if (!stream->ours) stream->messages_done = true;
    if ((flags & GRILLE_SEND_END_STREAM) != 0) {
        stream->end_waits = true;
        stream->sends_ended = true;
    }
    grille_stream_make_ready(stream);
}

static grille_record *push_borrowed(grille_stream *stream, grille_bytes message) {
    grille_record *record = grille_message_queue_push(&stream->outbox, (uint32_t)message.len, GRILLE_RECORD_BORROWED);
    if (record != NULL) record->data = (uint8_t *)(uintptr_t)message.data;
    return record;
}

grille_reason grille_stream_send_message(grille_stream *stream, grille_bytes message, unsigned flags) {
    const bool borrow = stream->ours && (flags & GRILLE_SEND_BORROW) != 0;
    grille_record *record = NULL;
    grille_reason reason = check_message(stream, message.len);
    if (reason != GRILLE_REASON_OK) return reason;
    if ((flags & GRILLE_SEND_END_STREAM) != 0 && !stream->ours) return GRILLE_REASON_BAD_ARGUMENT;
    record = borrow ? push_borrowed(stream, message) : push(stream, message.len);
    if (record == NULL) return GRILLE_REASON_BUDGET;
    if (!borrow && message.len > 0) memcpy(record->data, message.data, message.len);
    queue_done(stream, flags);
    return GRILLE_REASON_OK;
}

grille_reason grille_stream_reserve_message(grille_stream *stream, size_t len, uint8_t **message) {
    const grille_record *record = NULL;
    const grille_reason reason = check_message(stream, len);
    *message = NULL;
    if (reason != GRILLE_REASON_OK) return reason;
    record = push(stream, len);
    if (record == NULL) return GRILLE_REASON_BUDGET;
    stream->reserved = true;
    *message = record->data;
    return GRILLE_REASON_OK;
}

grille_reason grille_stream_send_reserved(grille_stream *stream, unsigned flags) {
    if (stream->session->broken) return stream->session->failure_reason;
    if (!stream->open || stream->terminal || stream->sends_ended) return GRILLE_REASON_SESSION_STREAM_ENDED;
    if (!stream->reserved) return GRILLE_REASON_BAD_ARGUMENT;
    if ((flags & GRILLE_SEND_END_STREAM) != 0 && !stream->ours) return GRILLE_REASON_BAD_ARGUMENT;
    stream->reserved = false;
    queue_done(stream, flags);
    return GRILLE_REASON_OK;
}

static grille_reason check_writable(const grille_stream *stream, bool ours) {
    if (stream->session->broken) return stream->session->failure_reason;
    if (!stream->open || stream->terminal || stream->sends_ended) return GRILLE_REASON_SESSION_STREAM_ENDED;
    return stream->ours != ours ? GRILLE_REASON_BAD_ARGUMENT : GRILLE_REASON_OK;
}

grille_reason grille_stream_half_close(grille_stream *stream) {
    const grille_reason reason = check_writable(stream, true);
    if (reason != GRILLE_REASON_OK) return reason;
    if (stream->reserved) return GRILLE_REASON_BAD_ARGUMENT;
    stream->end_waits = true;
    stream->sends_ended = true;
    grille_stream_make_ready(stream);
    return GRILLE_REASON_OK;
}

grille_reason grille_stream_send_headers(grille_stream *stream, const grille_metadata_view *metadata) {
    const grille_reason reason = check_writable(stream, false);
    if (reason != GRILLE_REASON_OK) return reason;
    if (stream->headers_done || stream->messages_done || stream->reserved) return GRILLE_REASON_BAD_ARGUMENT;
    if (metadata->encoded_bytes > stream->session->peer.max_metadata_bytes) {
        return GRILLE_REASON_SESSION_METADATA_TOO_LONG;
    }
    stream->metadata = *metadata;
    if (!grille_stream_keep_metadata(stream, &stream->metadata)) return GRILLE_REASON_BUDGET;
    stream->headers_done = true;
    stream->headers_wait = metadata->count > 0;
    grille_stream_make_ready(stream);
    return GRILLE_REASON_OK;
}

grille_reason grille_stream_send_status(grille_stream *stream, const grille_status_header *status) {
    grille_status_header kept = *status;
    const grille_reason reason = check_writable(stream, false);
    if (reason != GRILLE_REASON_OK) return reason;
    if ((unsigned)status->code > GRILLE_UNAUTHENTICATED) return GRILLE_REASON_BAD_ARGUMENT;
    if (status->details.len > GRILLE_LIMIT_STATUS_DETAILS_BYTES ||
        status->trailers.encoded_bytes > stream->session->peer.max_metadata_bytes) {
        return GRILLE_REASON_SESSION_METADATA_TOO_LONG;
    }
    kept.message = grille_utf8_cut(status->message, GRILLE_LIMIT_STATUS_MESSAGE_BYTES);
    if (!grille_stream_keep_bytes(stream, &kept.message) || !grille_stream_keep_bytes(stream, &kept.details) ||
        !grille_stream_keep_metadata(stream, &kept.trailers)) {
        return GRILLE_REASON_BUDGET;
    }
    stream->status = kept;
    stream->status_waits = true;
    stream->sends_ended = true;
    grille_stream_make_ready(stream);
    return GRILLE_REASON_OK;
}

/* ---- Ending ---- */

void grille_stream_reset(grille_stream *stream, grille_reset_code code) {
    stream->terminal = true;
    grille_stream_drop(stream, code);
    grille_slot_settle(stream);
}

void grille_stream_message_done(grille_stream *stream) {
    const grille_record *record = grille_message_queue_first(&stream->inbox);
    uint32_t charge = 0;
    if (stream->delivered == 0) return;
    charge = record->charge;
    grille_message_queue_pop(&stream->inbox);
    stream->delivered--;
    grille_credit_release(stream, charge);
}

bool grille_stream_next_message(const grille_stream *stream, grille_bytes *message) {
    const grille_record *record = grille_message_queue_first(&stream->inbox);
    if (stream->delivered == 0) return false;
    *message = grille_bytes_of(record->data, record->len);
    return true;
}

void grille_stream_release(grille_stream *stream) {
    if (!stream->owned) return;
    stream->owned = false;
    stream->terminal = true;
    if (stream->handled) stream->session->handlers--;
    stream->handled = false;
    if (stream->ours || !stream->status_waits) grille_stream_drop(stream, GRILLE_RESET_CANCELLED);
    grille_stream_clear_inbox(stream);
    grille_slot_settle(stream);
}

/* ---- Getters ---- */

void grille_stream_set_user(grille_stream *stream, void *user) {
    stream->user = user;
}

void *grille_stream_user(const grille_stream *stream) {
    return stream->user;
}

uint32_t grille_stream_id(const grille_stream *stream) {
    return stream->id;
}

bool grille_stream_is_ours(const grille_stream *stream) {
    return stream->ours;
}

grille_time_us grille_stream_deadline(const grille_stream *stream) {
    return stream->deadline_us;
}

bool grille_stream_has_ended(const grille_stream *stream) {
    return !stream->open || stream->terminal || stream->status_waits;
}

grille_arena *grille_stream_arena(grille_stream *stream) {
    return &stream->arena;
}

grille_session *grille_stream_session(grille_stream *stream) {
    return stream->session;
}
