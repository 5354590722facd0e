/* SPDX-License-Identifier: Apache-2.0
 * Messages of a streaming handler: straight into the session on the loop thread, else through the outbox. A message of
 * the loop thread never overtakes one that waits there. */
#include "base/error.h"
#include "codec/codec.h"
#include "rpc/endpoint_private.h"

/* ---- from the outbox to the session ---- */

/* OK: it is the session's now. WINDOW_FULL: it stays. */
static grille_reason move_one(grille_server_call *call) {
    grille_server_stream *streaming = call->streaming;
    grille_bytes message = {0};
    grille_reason reason = GRILLE_REASON_OK;
    bool taken = false;
    pthread_mutex_lock(&call->lock);
    taken = grille_handover_take(&streaming->outbox, &message);
    pthread_mutex_unlock(&call->lock);
    if (!taken) return GRILLE_REASON_MORE;
    reason = grille_server_send_headers(call);
    if (reason == GRILLE_REASON_OK) reason = grille_stream_send_message(call->stream, message, 0);
    if (reason == GRILLE_REASON_OK) grille_call_watch_message(&call->watch, GRILLE_MESSAGE_SENT, message.len);
    pthread_mutex_lock(&call->lock);
    if (reason == GRILLE_REASON_SESSION_WINDOW_FULL) grille_handover_put_back(&streaming->outbox, message);
    if (streaming->blocking) pthread_cond_broadcast(&streaming->changed);
    pthread_mutex_unlock(&call->lock);
    return reason;
}

static bool is_empty(grille_server_call *call) {
    bool empty = false;
    pthread_mutex_lock(&call->lock);
    empty = call->streaming->outbox.waiting == 0;
    pthread_mutex_unlock(&call->lock);
    return empty;
}

bool grille_server_drain_outbox(grille_server_call *call) {
    grille_server_stream *streaming = call->streaming;
    grille_reason reason = GRILLE_REASON_OK;
    if (call->over) return false;
    if (!streaming->sends) return true;
    if (streaming->session_full && !is_empty(call)) return false;
    while (reason == GRILLE_REASON_OK)
        reason = move_one(call);
    if (reason == GRILLE_REASON_MORE) return true;
    if (reason == GRILLE_REASON_SESSION_WINDOW_FULL) {
        streaming->session_full = true;
        return false;
    }
    grille_server_call_abandon(call, grille_reason_code(reason), grille_reason_text(reason), GRILLE_CALL_END_BROKEN);
    return false;
}

void grille_server_tell_writable(grille_server_call *call) {
    const grille_registered_method *registered = call->registered;
    grille_server_stream *streaming = call->streaming;
    bool tell = false;
    if (call->over || streaming->session_full || streaming->blocking) return;
    pthread_mutex_lock(&call->lock);
    tell = streaming->wants_writable && streaming->outbox.waiting == 0 && !call->answering;
    if (tell) streaming->wants_writable = false;
    pthread_mutex_unlock(&call->lock);
    if (!tell || registered->handler.writable == NULL) return;
    registered->handler.writable(&call->base, registered->handlers, registered->user);
}

/* ---- sending ---- */

/* A message that can never be sent would be missing in the middle of the stream: the call ends with what was wrong. */
static grille_code fail_call(grille_server_call *call, grille_reason reason, grille_error *error) {
    bool ours = false;
    bool post = false;
    (void)grille_error_default(error, reason);
    pthread_mutex_lock(&call->lock);
    ours = !call->answering;
    call->answering = true;
    pthread_mutex_unlock(&call->lock);
    if (!ours) return error->code;
    grille_server_set_text(call, error->text);
    call->result = error->code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INTERNAL;
    pthread_mutex_lock(&call->lock);
    call->broken = true;
    call->answered = true;
    post = grille_server_call_mark(call);
    pthread_mutex_unlock(&call->lock);
    if (post) grille_server_call_post(call);
    return error->code;
}

/* Whether nothing may be sent any more; under the lock. */
static bool is_closed(grille_server_call *call) {
    return call->answering || call->answered || atomic_load(&call->cancelled);
}

static bool is_closed_now(grille_server_call *call) {
    bool closed = false;
    pthread_mutex_lock(&call->lock);
    closed = is_closed(call);
    pthread_mutex_unlock(&call->lock);
    return closed;
}

/* The writable event is owed. */
static grille_code say_again(grille_server_call *call) {
    pthread_mutex_lock(&call->lock);
    call->streaming->wants_writable = true;
    pthread_mutex_unlock(&call->lock);
    return GRILLE_AGAIN;
}

static grille_code send_here(grille_server_call *call, const void *message) {
    grille_error error;
    grille_reason reason = GRILLE_REASON_OK;
    if (call->over || is_closed_now(call)) return GRILLE_CLOSED;
    if (!grille_server_drain_outbox(call)) return call->over ? GRILLE_CLOSED : say_again(call);
    grille_error_clear(&error);
    reason = grille_server_send_headers(call);
    if (reason == GRILLE_REASON_OK) reason = grille_server_send_message(call, message, &error);
    if (reason == GRILLE_REASON_SESSION_WINDOW_FULL) {
        call->streaming->session_full = true;
        return say_again(call);
    }
    if (reason == GRILLE_REASON_SESSION_STREAM_ENDED) return GRILLE_CLOSED;
    if (reason != GRILLE_REASON_OK) return fail_call(call, reason, &error);
    grille_endpoint_notify_write(call->endpoint);
    return GRILLE_OK;
}

/* Encodes into the outbox; under the lock. */
static grille_reason put(grille_server_call *call, const void *message, size_t len, grille_error *error) {
    const grille_message_type *type = call->registered->method->response;
    uint8_t *room = grille_handover_put(&call->streaming->outbox, len);
    if (room == NULL) return GRILLE_REASON_BUDGET;
    call->headers_frozen = true;
    return type->codec->encode(type, message, room, len, error);
}

grille_code grille_server_ended_code(grille_call_end why) {
    switch (why) {
    case GRILLE_CALL_END_DEADLINE:
        return GRILLE_DEADLINE_EXCEEDED;
    case GRILLE_CALL_END_CONNECTION_LOST:
        return GRILLE_UNAVAILABLE;
    default:
        return GRILLE_CANCELLED;
    }
}

grille_code grille_server_queue_message(grille_server_call *call, const void *message, bool wait) {
    grille_server_stream *streaming = call->streaming;
    grille_error error;
    size_t len = 0;
    bool post = false;
    bool closed = false;
    bool full = false;
    grille_call_end why = GRILLE_CALL_END_ANSWERED;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(&error);
    reason = grille_server_measure(call, message, &len, &error);
    if (reason != GRILLE_REASON_OK) return fail_call(call, reason, &error);
    pthread_mutex_lock(&call->lock);
    while (wait && !is_closed(call) && !grille_handover_has_room(&streaming->outbox, len))
        pthread_cond_wait(&streaming->changed, &call->lock);
    closed = is_closed(call);
    full = !closed && !grille_handover_has_room(&streaming->outbox, len);
    if (full) streaming->wants_writable = true;
    if (!closed && !full) {
        reason = put(call, message, len, &error);
        post = grille_server_call_mark(call);
    }
    why = call->why;
    pthread_mutex_unlock(&call->lock);
    if (reason != GRILLE_REASON_OK) return fail_call(call, reason, &error);
    if (closed) return wait ? grille_server_ended_code(why) : GRILLE_CLOSED;
    if (full) return GRILLE_AGAIN;
    if (post) grille_server_call_post(call);
    return GRILLE_OK;
}

static grille_code stream_send(grille_call *call, const void *message) {
    grille_server_call *own = grille_server_call_of(call);
    if (!own->streaming->sends) return GRILLE_FAILED_PRECONDITION;
    return grille_server_call_is_here(own) ? send_here(own, message) : grille_server_queue_message(own, message, false);
}

/* ---- headers, pauses, references ---- */

grille_code grille_server_ask_headers(grille_call *call) {
    grille_server_call *own = grille_server_call_of(call);
    grille_code code = GRILLE_OK;
    bool post = false;
    pthread_mutex_lock(&own->lock);
    if (own->headers_frozen) {
        code = GRILLE_FAILED_PRECONDITION;
    } else if (is_closed(own)) {
        code = GRILLE_CLOSED;
    } else {
        own->headers_frozen = true;
        own->wants_headers = true;
        post = grille_server_call_mark(own);
    }
    pthread_mutex_unlock(&own->lock);
    if (post) grille_server_call_post(own);
    return code;
}

static void stream_pause(grille_call *call) {
    grille_server_call *own = grille_server_call_of(call);
    pthread_mutex_lock(&own->lock);
    own->streaming->pauses++;
    pthread_mutex_unlock(&own->lock);
}

/* In a turn of its own: no event comes inside a function that the handler called. */
static void stream_resume(grille_call *call) {
    grille_server_call *own = grille_server_call_of(call);
    bool post = false;
    pthread_mutex_lock(&own->lock);
    if (own->streaming->pauses > 0 && --own->streaming->pauses == 0) post = grille_server_call_mark(own);
    pthread_mutex_unlock(&own->lock);
    if (post) grille_server_call_post(own);
}

void grille_server_ref(grille_call *call) {
    grille_server_call *own = grille_server_call_of(call);
    if (!own->shared) own->shared = true;
    pthread_mutex_lock(&own->lock);
    own->references++;
    pthread_mutex_unlock(&own->lock);
}

void grille_server_unref(grille_call *call) {
    grille_server_call *own = grille_server_call_of(call);
    bool post = false;
    pthread_mutex_lock(&own->lock);
    if (own->references > 0 && --own->references == 0) post = grille_server_call_mark(own);
    pthread_mutex_unlock(&own->lock);
    if (post) grille_server_call_post(own);
}

const grille_call_ops grille_server_unary_ops = {
    .send_headers = grille_server_ask_headers, .ref = grille_server_ref, .unref = grille_server_unref};
const grille_call_ops grille_server_stream_ops = {.send = stream_send,
                                                  .send_headers = grille_server_ask_headers,
                                                  .pause = stream_pause,
                                                  .resume = stream_resume,
                                                  .ref = grille_server_ref,
                                                  .unref = grille_server_unref};
