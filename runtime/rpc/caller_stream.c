/* SPDX-License-Identifier: Apache-2.0
 * A caller's stream in callback form, and what both forms share on the way out: a message goes straight to the session
 * when this thread is on the loop and nothing waits before it, else into the call's outbox, which the loop empties. */
#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codec.h"
#include "rpc/endpoint_private.h"

/* ---- sending, both forms ---- */

/* The stream can't go on without a message that its caller meant to send. */
static grille_code fail_for_good(grille_client_call *call, bool turns, grille_code code, const char *format, ...)
    GRILLE_PRINTF(4, 5);

static grille_code fail_for_good(grille_client_call *call, bool turns, grille_code code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(call->failure_text, sizeof call->failure_text, format, arguments);
    va_end(arguments);
    call->failure = code;
    grille_caller_notify(call, turns);
    return code;
}

grille_code grille_caller_check_send(const grille_client_call *call) {
    const bool over = call->sends_over || call->half_close_asked || call->failure != GRILLE_OK;
    return over || atomic_load(&call->cancel_requested) ? GRILLE_CLOSED : GRILLE_OK;
}

grille_code grille_caller_measure(grille_client_call *call, const void *message, size_t *len, bool turns) {
    const grille_message_type *type = call->method->request;
    const size_t limit = call->peer_limit_bytes != 0 ? call->peer_limit_bytes : GRILLE_LIMIT_MESSAGE_BYTES;
    grille_error error;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(&error);
    if (grille_caller_check_send(call) != GRILLE_OK) return GRILLE_CLOSED;
    reason = type->codec->measure(type, message, len, &error);
    if (reason != GRILLE_REASON_OK) {
        return fail_for_good(call, turns, GRILLE_INVALID_ARGUMENT, "a message %s can't be encoded: %s", type->name,
                             error.text[0] != 0 ? error.text : grille_reason_text(reason));
    }
    if (*len <= limit) return GRILLE_OK;
    return fail_for_good(call, turns, GRILLE_RESOURCE_EXHAUSTED,
                         "a message %s has %zu bytes; the peer takes at most %zu", type->name, *len, limit);
}

bool grille_caller_has_room(const grille_client_call *call, size_t len) {
    const size_t waiting = grille_send_queue_waiting(&call->outbox);
    if (waiting == 0 && !call->session_full) return true;
    return waiting + GRILLE_SEND_QUEUE_RECORD_BYTES + len <= GRILLE_LIMIT_SEND_QUEUE_BYTES;
}

static grille_code encode(const grille_client_call *call, const void *message, uint8_t *room, size_t len) {
    const grille_message_type *type = call->method->request;
    grille_error error;
    grille_error_clear(&error);
    return type->codec->encode(type, message, room, len, &error) == GRILLE_REASON_OK ? GRILLE_OK
                                                                                     : GRILLE_INVALID_ARGUMENT;
}

/* Into the session's own memory. AGAIN: the session is full; OUT_OF_MEMORY: it says why when the outbox is emptied. */
static grille_code send_now(grille_client_call *call, const void *message, size_t len) {
    uint8_t *room = NULL;
    grille_reason reason = grille_stream_reserve_message(call->stream, len, &room);
    if (reason == GRILLE_REASON_SESSION_WINDOW_FULL) call->session_full = true;
    if (reason != GRILLE_REASON_OK) return GRILLE_AGAIN;
    if (encode(call, message, room, len) != GRILLE_OK) {
        /* What was measured and can't be encoded was changed meanwhile: there is no way back for the stream. */
        return fail_for_good(call, false, GRILLE_INVALID_ARGUMENT, "a message was changed while it was encoded");
    }
    if (grille_stream_send_reserved(call->stream, 0) != GRILLE_REASON_OK) return GRILLE_CLOSED;
    call->messages_moved++;
    grille_endpoint_changed(call->endpoint);
    return GRILLE_OK;
}

static bool may_send_now(const grille_client_call *call) {
    return call->channel->ops->on_loop(call->channel) && call->stream != NULL && !call->session_full &&
           !call->outbox.keeps && grille_send_queue_waiting(&call->outbox) == 0;
}

grille_code grille_caller_queue(grille_client_call *call, const void *message, size_t len, bool turns) {
    uint8_t *room = NULL;
    grille_code code = GRILLE_AGAIN;
    if (may_send_now(call)) code = send_now(call, message, len);
    if (code != GRILLE_AGAIN) return code;
    room = grille_send_queue_push(&call->outbox, (uint32_t)len);
    if (room == NULL) {
        return fail_for_good(call, turns, GRILLE_RESOURCE_EXHAUSTED, "no memory for a message of %zu bytes", len);
    }
    if (encode(call, message, room, len) != GRILLE_OK) {
        grille_send_queue_take_back(&call->outbox, (uint32_t)len);
        return fail_for_good(call, turns, GRILLE_INVALID_ARGUMENT, "a message %s can't be encoded",
                             call->method->request->name);
    }
    grille_caller_notify(call, turns);
    return GRILLE_OK;
}

/* ---- callback form ---- */

static grille_code stream_half_close(grille_call *base) {
    grille_client_call *call = grille_client_call_of(base);
    grille_code code = GRILLE_OK;
    if (!grille_method_streams_requests(call->method)) return GRILLE_FAILED_PRECONDITION;
    pthread_mutex_lock(&call->lock);
    code = grille_caller_check_send(call);
    if (code == GRILLE_OK) {
        call->half_close_asked = true;
        grille_caller_notify(call, false);
    }
    pthread_mutex_unlock(&call->lock);
    return code;
}

static grille_code stream_send(grille_call *base, const void *message) {
    grille_client_call *call = grille_client_call_of(base);
    size_t len = 0;
    uint64_t moved = 0;
    grille_code code = GRILLE_OK;
    if (!grille_method_streams_requests(call->method)) return GRILLE_FAILED_PRECONDITION;
    pthread_mutex_lock(&call->lock);
    moved = call->messages_moved;
    code = grille_caller_measure(call, message, &len, false);
    if (code == GRILLE_OK && !grille_caller_has_room(call, len)) {
        call->writable_asked = true;
        call->refused_len = len;
        code = GRILLE_AGAIN;
    } else if (code == GRILLE_OK) {
        code = grille_caller_queue(call, message, len, false);
    }
    moved = call->messages_moved - moved;
    pthread_mutex_unlock(&call->lock);
    /* Only on the loop can it have gone to the session at once. */
    if (moved > 0) grille_client_stream_tell_sent(call, len);
    return code;
}

static void stream_pause(grille_call *base) {
    grille_client_call *call = grille_client_call_of(base);
    pthread_mutex_lock(&call->lock);
    call->pauses++;
    pthread_mutex_unlock(&call->lock);
}

static void stream_resume(grille_call *base) {
    grille_client_call *call = grille_client_call_of(base);
    pthread_mutex_lock(&call->lock);
    if (call->pauses > 0 && --call->pauses == 0) grille_caller_notify(call, false);
    pthread_mutex_unlock(&call->lock);
}

const grille_call_ops grille_callback_stream_ops = {.send = stream_send,
                                                    .half_close = stream_half_close,
                                                    .pause = stream_pause,
                                                    .resume = stream_resume,
                                                    .ref = grille_client_call_take_ref,
                                                    .unref = grille_client_call_give_ref};

grille_code grille_call_open_stream(grille_channel *channel, const grille_method *method, const void *request,
                                    const grille_call_options *options, const grille_stream_dispatch *dispatch,
                                    const void *events, void *user, grille_call **call) {
    const grille_client_call_request wanted = {
        .form = GRILLE_FORM_CALLBACK_STREAM, .method = method, .message = request, .options = options};
    grille_client_call *made = NULL;
    grille_code code = GRILLE_OK;
    if (call != NULL) *call = NULL;
    if (!channel->ops->enter(channel, false)) return GRILLE_CLOSED;
    code = grille_caller_make(channel, &wanted, &made, NULL);
    if (code == GRILLE_OK) {
        made->base.ops = &grille_callback_stream_ops;
        made->dispatch = dispatch;
        made->events = events;
        made->events_user = user;
        made->outbox.keeps = channel->ops->retry != NULL && !made->no_retry;
        if (call != NULL) *call = &made->base;
        code = grille_caller_submit(made, false);
        if (code != GRILLE_OK && call != NULL) *call = NULL;
    }
    channel->ops->leave(channel);
    /* Last of all, as in grille_call_unary_async. */
    if (code == GRILLE_OK) atomic_store_explicit(&made->returned, true, memory_order_release);
    return code;
}
