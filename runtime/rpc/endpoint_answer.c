/* SPDX-License-Identifier: Apache-2.0
 * What a peer answers to our calls: initial metadata, messages, status. */
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "rpc/endpoint_private.h"

/* The answer has begun: this attempt is the last one. */
static void begin_answer(grille_client_call *call) {
    if (call->answered) return;
    call->answered = true;
    if (!grille_method_streams_requests(call->method)) return;
    pthread_mutex_lock(&call->lock);
    grille_send_queue_keep_nothing(&call->outbox);
    pthread_mutex_unlock(&call->lock);
}

void grille_endpoint_client_headers(grille_client_call *call, const grille_metadata_view *metadata) {
    begin_answer(call);
    /* No memory for them: the answer's own decoding says so. */
    if (!grille_metadata_to_pairs(metadata, &call->arena, &call->reply.headers)) {
        call->reply.headers = (grille_metadata){0};
    }
    grille_client_watch_headers(call);
    call->tells_headers = true;
    grille_client_stream_tell_headers(call);
}

static void take_only_message(grille_client_call *call, grille_bytes message) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (call->has_response) {
        grille_client_call_end_here(call, GRILLE_RESET_PROTOCOL, GRILLE_INTERNAL,
                                    "the peer answered with more than one message where there is one");
        return;
    }
    if (message.len > call->max_response_bytes) {
        (void)snprintf(text, sizeof text, "the answer has %zu bytes; this call takes at most %zu", message.len,
                       call->max_response_bytes);
        grille_client_call_end_here(call, GRILLE_RESET_LIMIT, GRILLE_RESOURCE_EXHAUSTED, text);
        return;
    }
    call->response = message;
    call->has_response = true;
}

void grille_endpoint_client_message(grille_client_call *call, grille_stream *stream, grille_bytes message) {
    (void)stream;
    begin_answer(call);
    grille_call_watch_message(&call->watch, GRILLE_MESSAGE_RECEIVED, message.len);
    if (grille_method_streams_responses(call->method)) {
        grille_client_stream_deliver(call);
    } else {
        take_only_message(call, message);
    }
}

void grille_endpoint_client_writable(grille_client_call *call) {
    grille_client_stream_writable(call);
}

/* ---- the status ---- */

/* What the status brings besides its code; false without memory for it. */
static bool take_status(grille_client_call *call, const grille_status_header *status) {
    if (!grille_metadata_to_pairs(&status->trailers, &call->arena, &call->reply.trailers)) return false;
    if (status->details.len == 0) return true;
    call->reply.details = grille_arena_copy(&call->arena, status->details);
    return call->reply.details.data != NULL;
}

/* An answer of one message is whole. */
static grille_code take_response(grille_client_call *call, grille_error *error) {
    if (!call->has_response) {
        (void)grille_error_set(error, GRILLE_REASON_SESSION_STREAM_PROTOCOL, "the peer answered OK without a message");
        return GRILLE_INTERNAL;
    }
    return grille_client_call_decode(call, call->response, true, &call->arena, &call->reply.response, error);
}

void grille_client_call_end_by_status(grille_client_call *call) {
    const grille_status_header status = call->status;
    grille_stream *stream = NULL;
    grille_code code = status.code;
    grille_bytes text = status.message;
    grille_error error;
    grille_error_clear(&error);
    if (!take_status(call, &status)) {
        code = GRILLE_RESOURCE_EXHAUSTED;
        text = grille_bytes_of_text("no memory for the answer's trailers");
    } else if (code == GRILLE_OK && !grille_method_streams_responses(call->method)) {
        code = take_response(call, &error);
        if (code != GRILLE_OK) text = grille_bytes_of_text(error.text);
    }
    call->ended_by_status = true;
    /* The text may be a view of the stream: complete copies it, then the stream may go. But completing gives the call
     * away, so the stream is released by its own pointer. */
    stream = grille_client_call_detach(call);
    grille_client_call_complete(call, code, text);
    grille_stream_release(stream);
}

/* The whole answer came: a reader in blocking form finds the rest of it in the call. Not when the application gave the
 * channel up. */
static bool keep_unread(grille_client_call *call, grille_code code) {
    bool kept = false;
    if (code == GRILLE_CANCELLED || call->form != GRILLE_FORM_BLOCKING_STREAM) return false;
    if (atomic_load(&call->cancel_requested)) return false;
    pthread_mutex_lock(&call->lock);
    if (call->failure == GRILLE_OK) {
        kept = grille_leftover_keep(&call->inbox.leftover, call->stream, call->max_response_bytes);
    }
    pthread_mutex_unlock(&call->lock);
    return kept;
}

void grille_endpoint_client_end_unread(grille_endpoint *endpoint, grille_code code, const char *text) {
    while (!grille_list_empty(&endpoint->unread)) {
        grille_client_call *call = grille_container(endpoint->unread.next, grille_client_call, unread_link);
        if (keep_unread(call, code)) {
            grille_client_call_end_by_status(call);
            continue;
        }
        grille_stream *stream = grille_client_call_detach(call);
        grille_client_call_complete(call, code, grille_bytes_of_text(text));
        grille_stream_release(stream);
    }
}
