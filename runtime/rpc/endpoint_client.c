/* SPDX-License-Identifier: Apache-2.0
 * Our calls on a session. */
#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codec.h"
#include "rpc/endpoint_private.h"

/* ---- starting ---- */

static bool must_wait(grille_reason reason) {
    return reason == GRILLE_REASON_SESSION_STREAMS_FULL || reason == GRILLE_REASON_SESSION_DRAINING ||
           reason == GRILLE_REASON_SESSION_IDS_USED_UP;
}

static void fail_with(grille_client_call *call, grille_reason reason) {
    grille_client_call_complete(call, grille_reason_code(reason), grille_bytes_of_text(grille_reason_text(reason)));
}

static grille_reason open_stream(grille_endpoint *endpoint, grille_client_call *call, grille_time_us now_us,
                                 grille_stream **stream) {
    grille_call_open open = {.method_id = call->method->id, .user = call};
    grille_reason reason = grille_metadata_builder_view(&call->metadata, &open.metadata);
    if (reason != GRILLE_REASON_OK) return reason;
    if (call->deadline_us != GRILLE_TIME_NEVER) {
        open.has_timeout = true;
        open.timeout_us = call->deadline_us > now_us ? call->deadline_us - now_us : 0;
    }
    return grille_session_open(endpoint->session, &open, now_us, stream);
}

/* The call that failed to send knows its size, the peer its limit. */
static void fail_send(grille_endpoint *endpoint, grille_client_call *call, grille_reason reason) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (reason != GRILLE_REASON_SESSION_MESSAGE_TOO_LONG) {
        fail_with(call, reason);
        return;
    }
    (void)snprintf(text, sizeof text, "the request %s has %zu bytes; the peer takes at most %" PRIu32,
                   call->method->request->name, call->request_len,
                   grille_session_peer_settings(endpoint->session)->max_message_bytes);
    grille_client_call_complete(call, GRILLE_RESOURCE_EXHAUSTED, grille_bytes_of_text(text));
}

bool grille_endpoint_can_start(const grille_endpoint *endpoint) {
    if (endpoint->exact_schema && !endpoint->peer_services.known) return false;
    return !endpoint->closed && grille_session_can_open(endpoint->session);
}

/* What we ask of the peer before it hears of the call. */
static grille_reason check_peer(grille_endpoint *endpoint, const grille_method *method, grille_error *error) {
    grille_error_clear(error);
    if (!grille_policy_serves(endpoint->policy, &endpoint->peer, method->path)) {
        return grille_error_set(error, GRILLE_REASON_RPC_NOT_SERVED_BY,
                                "the policy's set \"%s\", which the peer passed, does not list %s under `serves`",
                                endpoint->peer.set, method->path);
    }
    return grille_peer_services_check(&endpoint->peer_services, method->service, endpoint->exact_schema, error);
}

bool grille_endpoint_start(grille_endpoint *endpoint, grille_call *call, grille_time_us now_us) {
    grille_client_call *own = grille_client_call_of(call);
    grille_stream *stream = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error error;
    endpoint->now_us = now_us;
    if (!grille_endpoint_can_start(endpoint)) return false;
    reason = check_peer(endpoint, own->method, &error);
    if (reason != GRILLE_REASON_OK) {
        grille_client_call_complete(own, error.code, grille_bytes_of_text(error.text));
        return true;
    }
    reason = open_stream(endpoint, own, now_us, &stream);
    if (must_wait(reason)) return false;
    if (reason != GRILLE_REASON_OK) {
        fail_with(own, reason);
        return true;
    }
    own->stream = stream;
    /* The request's buffer is the call's own and outlives the stream: no copy. */
    reason = grille_stream_send_message(stream, grille_bytes_of(own->request, own->request_len),
                                        GRILLE_SEND_END_STREAM | GRILLE_SEND_BORROW);
    if (reason != GRILLE_REASON_OK) {
        grille_stream_release(stream);
        fail_send(endpoint, own, reason);
    }
    return true;
}

void grille_endpoint_cancel(grille_endpoint *endpoint, grille_call *call, grille_time_us now_us) {
    grille_client_call *own = grille_client_call_of(call);
    grille_stream *stream = own->stream;
    endpoint->now_us = now_us;
    if (stream == NULL) return;
    grille_stream_reset(stream, GRILLE_RESET_CANCELLED);
    grille_stream_release(stream);
    grille_client_call_complete(own, GRILLE_CANCELLED, grille_bytes_of_text("the caller cancelled the call"));
}

/* ---- events ---- */

/* A call that breaks a rule of its own ends here and at the peer. */
static void end_here(grille_client_call *call, grille_stream *stream, grille_reset_code reset, grille_code code,
                     const char *text) {
    grille_stream_reset(stream, reset);
    grille_stream_release(stream);
    grille_client_call_complete(call, code, grille_bytes_of_text(text));
}

void grille_endpoint_client_headers(grille_client_call *call, const grille_metadata_view *metadata) {
    /* No memory for them: the answer's own decoding says so. */
    if (!grille_metadata_to_pairs(metadata, &call->arena, &call->reply.headers)) {
        call->reply.headers = (grille_metadata){0};
    }
}

void grille_endpoint_client_message(grille_client_call *call, grille_stream *stream, grille_bytes message) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (call->has_response) {
        end_here(call, stream, GRILLE_RESET_PROTOCOL, GRILLE_INTERNAL,
                 "the peer answered a unary call with more than one message");
        return;
    }
    if (message.len > call->max_response_bytes) {
        (void)snprintf(text, sizeof text, "the answer has %zu bytes; this call takes at most %zu", message.len,
                       call->max_response_bytes);
        end_here(call, stream, GRILLE_RESET_LIMIT, GRILLE_RESOURCE_EXHAUSTED, text);
        return;
    }
    call->response = message;
    call->has_response = true;
}

static grille_code decode_response(grille_client_call *call, grille_error *error) {
    const grille_message_type *type = call->method->response;
    grille_bytes encoded = call->response;
    void *message = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    if (type->codec->borrows_encoded) {
        encoded = grille_arena_copy(&call->arena, encoded);
        if (encoded.data == NULL) reason = GRILLE_REASON_BUDGET;
    }
    if (reason == GRILLE_REASON_OK) reason = type->codec->decode(type, encoded, &call->arena, &message, error);
    if (reason == GRILLE_REASON_OK) {
        call->reply.response = message;
        return GRILLE_OK;
    }
    (void)grille_error_default(error, reason);
    return grille_reason_code(reason) == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INTERNAL;
}

/* What the status brings besides its code; false without memory for it. */
static bool take_status(grille_client_call *call, const grille_status_header *status) {
    if (!grille_metadata_to_pairs(&status->trailers, &call->arena, &call->reply.trailers)) return false;
    if (status->details.len == 0) return true;
    call->reply.details = grille_arena_copy(&call->arena, status->details);
    return call->reply.details.data != NULL;
}

void grille_endpoint_client_status(grille_client_call *call, grille_stream *stream,
                                   const grille_status_header *status) {
    grille_code code = status->code;
    grille_bytes text = status->message;
    grille_error error;
    grille_error_clear(&error);
    if (!take_status(call, status)) {
        code = GRILLE_RESOURCE_EXHAUSTED;
        text = grille_bytes_of_text("no memory for the answer's trailers");
    } else if (code == GRILLE_OK && !call->has_response) {
        code = GRILLE_INTERNAL;
        text = grille_bytes_of_text("the peer answered OK without a message");
    } else if (code == GRILLE_OK) {
        code = decode_response(call, &error);
        if (code != GRILLE_OK) text = grille_bytes_of_text(error.text);
    }
    /* The text may be a view of the stream: complete copies it, then the stream may go. But completing gives the call
     * away, so the stream is released by its own pointer. */
    grille_client_call_complete(call, code, text);
    grille_stream_release(stream);
}

void grille_endpoint_client_reset(grille_endpoint *endpoint, grille_client_call *call, grille_stream *stream,
                                  const grille_stream_end *end) {
    grille_code code = end->status;
    const char *text = end->text;
    if (endpoint->close_text != NULL) {
        code = endpoint->close_code;
        text = endpoint->close_text;
    }
    grille_client_call_complete(call, code, grille_bytes_of_text(text != NULL ? text : ""));
    grille_stream_release(stream);
}
