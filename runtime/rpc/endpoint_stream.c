/* SPDX-License-Identifier: Apache-2.0
 * A caller's stream between the session and the application; on the loop. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "rpc/endpoint_private.h"

/* ---- out ---- */

/* One message that waits, if the session takes it; under lock. */
static grille_reason move_message(grille_client_call *call, bool *moved, size_t *len) {
    grille_bytes message = {0};
    grille_reason reason = GRILLE_REASON_OK;
    *moved = false;
    if (call->session_full || !grille_send_queue_next(&call->outbox, &message)) return GRILLE_REASON_OK;
    *len = message.len;
    reason = grille_stream_send_message(call->stream, message, 0);
    call->session_full = reason == GRILLE_REASON_SESSION_WINDOW_FULL;
    if (call->session_full) return GRILLE_REASON_OK;
    if (reason != GRILLE_REASON_OK) return reason;
    grille_send_queue_taken(&call->outbox);
    call->messages_moved++;
    *moved = true;
    return GRILLE_REASON_OK;
}

void grille_client_stream_tell_sent(grille_client_call *call, size_t len) {
    if (call->messages_moved <= call->messages_told) return;
    call->messages_told = call->messages_moved;
    grille_call_watch_message(&call->watch, GRILLE_MESSAGE_SENT, len);
}

/* The messages that the session takes, then the half-close; under lock, which it gives up now and then. */
static grille_reason move_outbox(grille_client_call *call, bool *moved) {
    grille_reason reason = GRILLE_REASON_OK;
    size_t len = 0;
    for (bool one = true; one;) {
        if (call->sends_over) return GRILLE_REASON_OK;
        reason = move_message(call, &one, &len);
        if (reason != GRILLE_REASON_OK) return reason;
        if (!one) break;
        *moved = true;
        pthread_mutex_unlock(&call->lock);
        grille_client_stream_tell_sent(call, len);
        pthread_mutex_lock(&call->lock);
    }
    if (!call->half_close_asked || call->half_close_sent || grille_send_queue_waiting(&call->outbox) > 0) return reason;
    call->half_close_sent = true;
    *moved = true;
    return grille_stream_half_close(call->stream);
}

/* Whoever was told that there was no room, and now finds it; under lock. */
static bool take_writable(grille_client_call *call) {
    const size_t waiting = grille_send_queue_waiting(&call->outbox);
    if (waiting > GRILLE_LIMIT_SEND_QUEUE_BYTES / 2 || !grille_caller_has_room(call, call->refused_len)) return false;
    if (call->writable_asked) {
        call->writable_asked = false;
        return true;
    }
    return call->writer != NULL;
}

static void fail_send(grille_client_call *call, grille_reason reason) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    grille_bytes message = {0};
    (void)snprintf(text, sizeof text, "%s", grille_reason_text(reason));
    if (reason == GRILLE_REASON_SESSION_MESSAGE_TOO_LONG && grille_send_queue_next(&call->outbox, &message)) {
        (void)snprintf(text, sizeof text, "a message %s has %zu bytes; the peer takes at most %" PRIu32,
                       call->method->request->name, message.len,
                       grille_session_peer_settings(grille_stream_session(call->stream))->max_message_bytes);
    }
    grille_client_call_end_here(call, GRILLE_RESET_CANCELLED, grille_reason_code(reason), text);
}

static void tell_writable(grille_client_call *call) {
    grille_waiter *writer = NULL;
    if (call->form == GRILLE_FORM_CALLBACK_STREAM) {
        if (call->dispatch->writable != NULL) {
            call->dispatch->writable(&call->base, call->events, call->events_user);
        }
        return;
    }
    pthread_mutex_lock(&call->lock);
    writer = call->writer;
    call->writer = NULL;
    pthread_mutex_unlock(&call->lock);
    if (writer != NULL) call->channel->ops->wake(call->channel, writer);
}

void grille_client_stream_flush(grille_client_call *call) {
    bool moved = false;
    bool writable = false;
    bool failed = false;
    grille_reason reason = GRILLE_REASON_OK;
    pthread_mutex_lock(&call->lock);
    if (!call->sends_over) reason = move_outbox(call, &moved);
    failed = reason != GRILLE_REASON_OK;
    writable = !failed && !call->sends_over && take_writable(call);
    pthread_mutex_unlock(&call->lock);
    if (moved) grille_endpoint_changed(call->endpoint);
    if (failed) {
        fail_send(call, reason);
    } else if (writable) {
        tell_writable(call);
    }
}

void grille_client_stream_writable(grille_client_call *call) {
    pthread_mutex_lock(&call->lock);
    call->session_full = false;
    pthread_mutex_unlock(&call->lock);
    grille_client_stream_flush(call);
}

/* ---- in ---- */

static bool is_over_limit(grille_client_call *call, grille_bytes message) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (message.len <= call->max_response_bytes) return false;
    (void)snprintf(text, sizeof text, "a message %s has %zu bytes; this call takes at most %zu",
                   call->method->response->name, message.len, call->max_response_bytes);
    grille_client_call_end_here(call, GRILLE_RESET_LIMIT, GRILLE_RESOURCE_EXHAUSTED, text);
    return true;
}

/* Whether the function that made the call has returned; if not, this comes again. */
static bool may_call_back(grille_client_call *call) {
    if (atomic_load_explicit(&call->returned, memory_order_acquire)) return true;
    call->channel->ops->hold(call->channel, &call->base);
    return false;
}

void grille_client_stream_tell_headers(grille_client_call *call) {
    if (!call->tells_headers || call->form != GRILLE_FORM_CALLBACK_STREAM || !may_call_back(call)) return;
    call->tells_headers = false;
    if (call->dispatch->headers == NULL) return;
    call->dispatch->headers(&call->base, &call->reply.headers, call->events, call->events_user);
}

/* One message to the application. False when the call ended instead. */
static bool call_back_message(grille_client_call *call, grille_bytes encoded) {
    grille_error error;
    const void *message = NULL;
    grille_code code = GRILLE_OK;
    if (is_over_limit(call, encoded)) return false;
    grille_error_clear(&error);
    code = grille_client_call_decode(call, encoded, false, &call->inbox.arena, &message, &error);
    if (code != GRILLE_OK) {
        grille_client_call_end_here(call, GRILLE_RESET_CANCELLED, code, error.text);
        return false;
    }
    if (call->dispatch->message != NULL) {
        call->dispatch->message(&call->base, message, call->events, call->events_user);
    }
    grille_client_inbox_forget(&call->inbox);
    return true;
}

static bool is_paused(grille_client_call *call) {
    bool paused = false;
    pthread_mutex_lock(&call->lock);
    paused = call->pauses > 0;
    pthread_mutex_unlock(&call->lock);
    return paused || atomic_load(&call->cancel_requested);
}

/* False when messages stay. */
static bool call_back_all(grille_client_call *call) {
    grille_bytes message = {0};
    if (!may_call_back(call)) return false;
    grille_client_stream_tell_headers(call);
    while (grille_stream_next_message(call->stream, &message)) {
        if (is_paused(call) || !call_back_message(call, message)) return false;
        grille_stream_message_done(call->stream);
    }
    return !is_paused(call);
}

typedef enum served { SERVED_TAKEN, SERVED_LATER, SERVED_NO_MEMORY } served;

static served serve_reader(grille_client_call *call, grille_bytes message) {
    grille_waiter *reader = NULL;
    served how = SERVED_TAKEN;
    pthread_mutex_lock(&call->lock);
    if (!call->discards && !call->inbox.wanted) {
        how = SERVED_LATER;
    } else if (!call->discards) {
        if (!grille_client_inbox_put(&call->inbox, message)) how = SERVED_NO_MEMORY;
        call->inbox.wanted = false;
        call->inbox.full = how == SERVED_TAKEN;
        if (call->inbox.full) {
            reader = call->reader;
            call->reader = NULL;
        }
    }
    pthread_mutex_unlock(&call->lock);
    if (reader != NULL) call->channel->ops->wake(call->channel, reader);
    return how;
}

/* False when messages stay, or the call ended. */
static bool hand_to_reader(grille_client_call *call) {
    grille_bytes message = {0};
    while (grille_stream_next_message(call->stream, &message)) {
        if (is_over_limit(call, message)) return false;
        switch (serve_reader(call, message)) {
        case SERVED_LATER:
            return false;
        case SERVED_NO_MEMORY:
            grille_client_call_end_here(call, GRILLE_RESET_LIMIT, GRILLE_RESOURCE_EXHAUSTED,
                                        "no memory for a message of the answer");
            return false;
        case SERVED_TAKEN:
            grille_stream_message_done(call->stream);
        }
    }
    return true;
}

void grille_client_stream_deliver(grille_client_call *call) {
    bool all = false;
    if (!grille_method_streams_responses(call->method)) {
        grille_client_stream_tell_headers(call);
        return;
    }
    all = call->form == GRILLE_FORM_CALLBACK_STREAM ? call_back_all(call) : hand_to_reader(call);
    if (all && call->status_came) grille_client_call_end_by_status(call);
}
