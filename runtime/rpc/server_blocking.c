/* SPDX-License-Identifier: Apache-2.0
 * Streams in the blocking form: the handler runs on a worker, reads and writes wait there; the loop thread brings
 * messages and takes them. */
#include <string.h>

#include "base/error.h"
#include "codec/codec.h"
#include "rpc/endpoint_private.h"

/* ---- loop thread ---- */

/* False when there is no room, or no memory, which ends the call. */
static bool hand_over(grille_server_call *call, grille_bytes message) {
    grille_server_stream *streaming = call->streaming;
    uint8_t *room = NULL;
    bool full = false;
    pthread_mutex_lock(&call->lock);
    full = !grille_handover_has_room(&streaming->inbox, message.len);
    streaming->inbox_full = full;
    if (!full) room = grille_handover_put(&streaming->inbox, message.len);
    if (room != NULL && message.len > 0) memcpy(room, message.data, message.len);
    if (room != NULL) pthread_cond_broadcast(&streaming->changed);
    pthread_mutex_unlock(&call->lock);
    if (!full && room == NULL) {
        grille_server_call_abandon(call, GRILLE_RESOURCE_EXHAUSTED, grille_reason_text(GRILLE_REASON_BUDGET),
                                   GRILLE_CALL_END_BROKEN);
    }
    return room != NULL;
}

void grille_server_feed(grille_server_call *call) {
    grille_server_stream *streaming = call->streaming;
    grille_bytes message = {0};
    if (!streaming->receives) return;
    while (!call->over && grille_stream_next_message(call->stream, &message)) {
        if (!hand_over(call, message)) return;
        grille_stream_message_done(call->stream);
    }
    if (!streaming->half_closed || streaming->half_close_told || call->over) return;
    streaming->half_close_told = true;
    pthread_mutex_lock(&call->lock);
    streaming->no_more = true;
    pthread_cond_broadcast(&streaming->changed);
    pthread_mutex_unlock(&call->lock);
}

/* ---- worker ---- */

/* Waits for a message, the end of the stream or of the call; under the lock. */
static grille_code wait_for_message(grille_server_call *call, grille_bytes *encoded) {
    grille_server_stream *streaming = call->streaming;
    for (;;) {
        if (atomic_load(&call->cancelled)) return grille_server_ended_code(call->why);
        if (grille_handover_take(&streaming->inbox, encoded)) return GRILLE_OK;
        if (streaming->no_more) return GRILLE_END_OF_STREAM;
        pthread_cond_wait(&streaming->changed, &call->lock);
    }
}

static grille_code blocking_read(grille_call *call, const void **message) {
    grille_server_call *own = grille_server_call_of(call);
    grille_server_stream *streaming = own->streaming;
    const grille_message_type *type = own->registered->method->request;
    grille_error error;
    grille_bytes encoded = {0};
    void *decoded = NULL;
    grille_code code = GRILLE_OK;
    bool post = false;
    if (!streaming->receives) return GRILLE_FAILED_PRECONDITION;
    if (grille_server_call_is_here(own)) return GRILLE_WOULD_DEADLOCK;
    grille_arena_reset(&streaming->message_arena);
    pthread_mutex_lock(&own->lock);
    code = wait_for_message(own, &encoded);
    if (code == GRILLE_OK && streaming->inbox_full && streaming->inbox.waiting == 0) {
        streaming->inbox_full = false;
        post = grille_server_call_mark(own);
    }
    pthread_mutex_unlock(&own->lock);
    if (post) grille_server_call_post(own);
    if (code != GRILLE_OK) return code;
    grille_error_clear(&error);
    if (type->codec->decode(type, encoded, &streaming->message_arena, &decoded, &error) != GRILLE_REASON_OK) {
        (void)grille_error_default(&error, GRILLE_REASON_BUDGET);
        code = error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INVALID_ARGUMENT;
        grille_server_set_text(own, error.text);
        return code;
    }
    *message = decoded;
    return GRILLE_OK;
}

static grille_code blocking_write(grille_call *call, const void *message) {
    grille_server_call *own = grille_server_call_of(call);
    if (!own->streaming->sends) return GRILLE_FAILED_PRECONDITION;
    if (grille_server_call_is_here(own)) return GRILLE_WOULD_DEADLOCK;
    return grille_server_queue_message(own, message, true);
}

const grille_call_ops grille_server_blocking_ops = {.read = blocking_read,
                                                    .write = blocking_write,
                                                    .send_headers = grille_server_ask_headers,
                                                    .ref = grille_server_ref,
                                                    .unref = grille_server_unref};
