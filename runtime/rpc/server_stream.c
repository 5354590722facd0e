/* SPDX-License-Identifier: Apache-2.0
 * Streams in the callback form: open, message, half_close, writable, end, all on the loop thread. */
#include "base/error.h"
#include "codec/codec.h"
#include "rpc/endpoint_private.h"

void grille_server_stream_open(grille_server_call *call) {
    const grille_registered_method *registered = call->registered;
    grille_code code = GRILLE_OK;
    grille_server_call_enter(call);
    code = registered->handler.open(&call->base, call->request, registered->handlers, registered->user);
    if (code == GRILLE_OK) {
        call->streaming->opened = true;
    } else {
        pthread_mutex_lock(&call->lock);
        if (!call->answering) call->result = code;
        call->answering = true;
        call->answered = true;
        pthread_mutex_unlock(&call->lock);
    }
    grille_server_call_leave(call);
}

/* Whether the handler takes an event now. */
static bool listens(grille_server_call *call) {
    bool listening = call->streaming->opened && !call->over;
    pthread_mutex_lock(&call->lock);
    listening = listening && !call->answering && call->streaming->pauses == 0;
    pthread_mutex_unlock(&call->lock);
    return listening;
}

/* The first message that was not told. */
static void tell_message(grille_server_call *call, grille_bytes encoded) {
    const grille_registered_method *registered = call->registered;
    const grille_message_type *type = registered->method->request;
    grille_arena *arena = &call->streaming->message_arena;
    grille_error error;
    void *message = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(&error);
    reason = type->codec->decode(type, encoded, arena, &message, &error);
    if (reason == GRILLE_REASON_OK) {
        registered->handler.message(&call->base, message, registered->handlers, registered->user);
    } else {
        (void)grille_error_default(&error, reason);
        grille_server_call_abandon(
            call, error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INVALID_ARGUMENT,
            error.text, GRILLE_CALL_END_BROKEN);
    }
    grille_arena_reset(arena);
}

void grille_server_stream_pump(grille_server_call *call) {
    const grille_registered_method *registered = call->registered;
    grille_server_stream *streaming = call->streaming;
    grille_bytes encoded = {0};
    if (streaming->pumping || !streaming->receives) return;
    grille_server_call_enter(call);
    streaming->pumping = true;
    while (listens(call) && grille_stream_next_message(call->stream, &encoded)) {
        tell_message(call, encoded);
        grille_stream_message_done(call->stream);
    }
    if (streaming->half_closed && !streaming->half_close_told && listens(call)) {
        streaming->half_close_told = true;
        if (registered->handler.half_close != NULL) {
            registered->handler.half_close(&call->base, registered->handlers, registered->user);
        }
    }
    streaming->pumping = false;
    grille_server_call_leave(call);
}
