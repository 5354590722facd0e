/* SPDX-License-Identifier: Apache-2.0
 * Every way in which a stream ends but the peer's STATUS. */
#include <inttypes.h>
#include <stdio.h>

#include "session/private.h"

static const struct {
    grille_reason reason;
    grille_code status;
} peer_codes[] = {
    [GRILLE_RESET_CANCELLED] = {GRILLE_REASON_SESSION_PEER_CANCELLED, GRILLE_CANCELLED},
    [GRILLE_RESET_REFUSED] = {GRILLE_REASON_SESSION_PEER_REFUSED, GRILLE_UNAVAILABLE},
    [GRILLE_RESET_DEADLINE] = {GRILLE_REASON_SESSION_PEER_DEADLINE, GRILLE_DEADLINE_EXCEEDED},
    [GRILLE_RESET_PROTOCOL] = {GRILLE_REASON_SESSION_PEER_PROTOCOL, GRILLE_INTERNAL},
    [GRILLE_RESET_LIMIT] = {GRILLE_REASON_SESSION_PEER_LIMIT, GRILLE_RESOURCE_EXHAUSTED},
};

#define QUOTED(number)  #number
#define TEXT_OF(number) QUOTED(number)
const char grille_field_limit_text[] = "metadata has more than " TEXT_OF(
    GRILLE_LIMIT_METADATA_ENTRIES) " entries or a key is over the limit "
                                   "of " TEXT_OF(
                                       GRILLE_LIMIT_METADATA_KEY_BYTES) " bytes, or a status message "
                                                                        "over " TEXT_OF(
                                                                            GRILLE_LIMIT_STATUS_MESSAGE_BYTES) ", or "
                                                                                                               "its "
                                                                                                               "detail"
                                                                                                               "s "
                                                                                                               "over"
                                                                                                               " " TEXT_OF(
                                                                                                                   GRILLE_LIMIT_STATUS_DETAILS_BYTES);

void grille_limit_text(char text[GRILLE_LIMIT_TEXT_BYTES], const char *what, uint64_t size, uint64_t limit) {
    (void)snprintf(text, GRILLE_LIMIT_TEXT_BYTES, "%s of %" PRIu64 " bytes is over the limit of %" PRIu64 " bytes",
                   what, size, limit);
}

static void clear_outbox(grille_stream *stream) {
    grille_message_queue_clear(&stream->outbox);
    stream->sent_bytes = 0;
    stream->reserved = false;
    grille_list_remove(&stream->writable);
}

/* The message under way is dropped, its record stays where it is: it was not delivered. */
static void drop_assembly(grille_stream *stream) {
    grille_record *record = grille_message_queue_last(&stream->inbox);
    if (!stream->assembling || record->kind != GRILLE_RECORD_LONG) return;
    grille_buffer_give(&stream->session->buffers, record->data, stream->assembled);
    record->data = NULL;
}

void grille_stream_clear_inbox(grille_stream *stream) {
    grille_message_queue_clear(&stream->inbox);
    stream->assembling = false;
    stream->delivered = 0;
    if (stream->session->data_stream == stream) stream->session->data_stream = NULL;
    grille_credit_release(stream, stream->undone_bytes);
}

/* What the peer may still have under way on a stream that this end closes. */
static void expect_late_frames(grille_stream *stream) {
    grille_session *session = stream->session;
    if (stream->id == 0) return;
    if (!stream->peer_closed) session->earned_late_bytes += stream->receive_credit;
    if (!stream->ours) session->earned_late_frames += 1;                        /* RESET */
    if (stream->ours && !stream->peer_closed) session->earned_late_frames += 2; /* HEADERS and STATUS, or RESET */
}

/* The peer can know that the stream is closed: it may open another one. */
static void uncount(grille_stream *stream) {
    grille_session *session = stream->session;
    if (!stream->counted) return;
    stream->counted = false;
    if (stream->ours) {
        session->own_streams--;
    } else {
        session->peer_streams--;
    }
    (void)grille_id_map_remove(&session->streams, stream->id);
}

/* Takes the stream out of everything that concerns open streams. */
static void detach(grille_stream *stream) {
    grille_session *session = stream->session;
    expect_late_frames(stream);
    grille_credit_close(stream);
    stream->open = false;
    grille_deadline_clear(stream);
    grille_list_remove(&stream->turn);
    grille_list_remove(&stream->credit);
    if (session->data_stream == stream) session->data_stream = NULL;
    clear_outbox(stream);
    drop_assembly(stream);
    stream->call_waits = false;
    stream->headers_wait = false;
    stream->status_waits = false;
    stream->end_waits = false;
    stream->sends_ended = true;
}

void grille_stream_close(grille_stream *stream) {
    if (stream->open) detach(stream);
    grille_list_remove(&stream->turn);
    stream->reset_waits = false;
    uncount(stream);
}

/* The peer's STATUS closed both directions: it expects no RESET. */
static bool closed_by_status(const grille_stream *stream) {
    return stream->ours && stream->peer_closed;
}

void grille_stream_drop(grille_stream *stream, grille_reset_code code) {
    if (!stream->open) return;
    detach(stream);
    if (stream->id == 0 || closed_by_status(stream)) {
        uncount(stream);
        return;
    }
    stream->reset_waits = true;
    stream->reset_code = code;
    grille_list_append(&stream->session->resets, &stream->turn);
}

/* The slot survives the event; the caller settles it. */
static void tell_reset(grille_stream *stream, const grille_stream_end *end) {
    const grille_session *session = stream->session;
    if (!stream->owned || stream->terminal) return;
    stream->terminal = true;
    stream->events++;
    if (session->options.events->on_reset != NULL) {
        session->options.events->on_reset(session->options.user, stream, end);
    }
    stream->events--;
}

static void tell_ending(grille_stream *stream, const grille_ending *ending) {
    const grille_stream_end end = {.code = ending->code,
                                   .local = true,
                                   .status = grille_reason_code(ending->reason),
                                   .reason = ending->reason,
                                   .text = ending->text != NULL ? ending->text : grille_reason_text(ending->reason),
                                   .never_processed = ending->never_processed};
    tell_reset(stream, &end);
}

void grille_stream_end_here(grille_stream *stream, const grille_ending *ending) {
    if (!stream->open) return;
    if (ending->silent) {
        grille_stream_close(stream);
    } else {
        grille_stream_drop(stream, ending->code);
    }
    tell_ending(stream, ending);
    grille_slot_settle(stream);
}

void grille_stream_end_by_peer(grille_stream *stream, grille_reset_code code) {
    const grille_stream_end end = {.code = code,
                                   .local = false,
                                   .status = peer_codes[code].status,
                                   .reason = peer_codes[code].reason,
                                   .text = grille_reason_text(peer_codes[code].reason),
                                   .never_processed = stream->ours && code == GRILLE_RESET_REFUSED &&
                                                      !grille_stream_is_answered(stream)};
    stream->peer_closed = true;
    grille_stream_close(stream);
    tell_reset(stream, &end);
    grille_slot_settle(stream);
}

bool grille_stream_is_answered(const grille_stream *stream) {
    return stream->ours && (stream->headers_done || stream->messages_done || stream->assembling);
}

static grille_reason count_fault(grille_session *session) {
    if (grille_rate_limit_take(&session->resets_limit, 1, session->now_us)) return GRILLE_REASON_OK;
    return grille_session_fail(session, GRILLE_REASON_SESSION_FLOOD, "more calls of the peer broke a rule than may");
}

grille_reason grille_stream_fault(grille_stream *stream, const char *text) {
    grille_session *session = stream->session;
    const grille_ending ending = {
        .code = GRILLE_RESET_PROTOCOL, .reason = GRILLE_REASON_SESSION_STREAM_PROTOCOL, .text = text};
    grille_stream_end_here(stream, &ending);
    return count_fault(session);
}

/* STATUS instead of RESET, so that the caller learns why. Not in the middle of a message of the answer. */
static bool answer_instead(grille_stream *stream, grille_code code, const char *text) {
    grille_bytes message = {0};
    if (stream->ours || stream->sent_bytes > 0) return false;
    message = grille_arena_copy(&stream->arena, grille_bytes_of_text(text));
    if (message.data == NULL) return false;
    clear_outbox(stream);
    drop_assembly(stream);
    if (stream->session->data_stream == stream) stream->session->data_stream = NULL;
    stream->headers_wait = false;
    stream->status = (grille_status_header){.code = code, .message = message};
    stream->status_waits = true;
    stream->sends_ended = true;
    grille_list_remove(&stream->turn); /* STATUS alone needs no credit */
    grille_stream_make_ready(stream);
    return true;
}

static void end_with_answer(grille_stream *stream, const grille_ending *ending) {
    if (answer_instead(stream, grille_reason_code(ending->reason), ending->text)) {
        tell_ending(stream, ending);
        stream->terminal = true;
        grille_slot_settle(stream);
    } else {
        grille_stream_end_here(stream, ending);
    }
}

grille_reason grille_stream_over_limit(grille_stream *stream, grille_reason reason, const char *text) {
    grille_session *session = stream->session;
    const grille_ending ending = {.code = GRILLE_RESET_LIMIT, .reason = reason, .text = text};
    end_with_answer(stream, &ending);
    return count_fault(session);
}

static void end_with_connection(grille_stream *stream, const void *argument) {
    grille_ending ending = *(const grille_ending *)argument;
    ending.never_processed = stream->ours && stream->id == 0;
    grille_stream_end_here(stream, &ending);
}

void grille_streams_end_all(grille_session *session, grille_reason reason, const char *text) {
    const grille_ending ending = {.code = GRILLE_RESET_CANCELLED, .reason = reason, .text = text, .silent = true};
    grille_slots_visit(session, end_with_connection, &ending);
}

static void end_one(grille_stream *stream, const void *argument) {
    /* Its answer stands already. */
    if (!stream->open || stream->status_waits) return;
    end_with_answer(stream, argument);
}

void grille_session_end_streams(grille_session *session, grille_reason reason, const char *text,
                                grille_time_us now_us) {
    const grille_ending ending = {.code = GRILLE_RESET_LIMIT, .reason = reason, .text = text};
    if (session->broken) return;
    grille_session_set_now(session, now_us);
    grille_slots_visit(session, end_one, &ending);
}
