/* SPDX-License-Identifier: Apache-2.0
 * What a handler's call says last: headers if they have not left, the response, the status. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codec.h"
#include "grille/log.h"
#include "rpc/endpoint_private.h"
#include "wire/utf8.h"

/* One bucket for each connection, so that no peer is silent for another's noise, and one for all, since a peer may
 * connect again. */
bool grille_endpoint_may_log(grille_endpoint *endpoint) {
    static grille_log_shared_limit all =
        GRILLE_LOG_SHARED_LIMIT(GRILLE_LIMIT_VERIFIED_LOG_BURST, GRILLE_LIMIT_VERIFIED_LOG_PER_SECOND);
    uint64_t left_out = 0;
    if (!grille_log_limit_take(&endpoint->log_limit, endpoint->now_us, &left_out)) return false;
    grille_log_left_out(GRILLE_LOG_RPC, endpoint->peer->identity.set, left_out);
    return grille_log_shared_take(&all, GRILLE_LOG_RPC, "calls of verified peers", endpoint->now_us);
}

/* Nothing more can be said about this call: its end is told to nobody. False when the caller could not be told. */
static bool send_status(grille_stream *stream, const grille_status_header *status) {
    grille_reason reason = grille_stream_send_status(stream, status);
    if (reason == GRILLE_REASON_SESSION_METADATA_TOO_LONG) {
        grille_status_header shorter = {.code = GRILLE_RESOURCE_EXHAUSTED,
                                        .message = grille_bytes_of_text("the trailers are over the caller's limit")};
        reason = grille_stream_send_status(stream, &shorter);
    }
    if (reason != GRILLE_REASON_OK) grille_stream_reset(stream, GRILLE_RESET_LIMIT);
    return reason == GRILLE_REASON_OK;
}

void grille_server_refuse(grille_stream *stream, grille_code code, const char *text) {
    grille_status_header status = {.code = code, .message = grille_bytes_of_text(text)};
    (void)send_status(stream, &status);
    grille_stream_release(stream);
}

void grille_server_set_text(grille_server_call *call, const char *text) {
    if (call->text == NULL) call->text = grille_arena_alloc(call->arena, GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1);
    if (call->text != NULL) (void)snprintf(call->text, GRILLE_LIMIT_STATUS_MESSAGE_BYTES + 1, "%s", text);
}

/* What a handler wrote need not be UTF-8; what travels is. */
static grille_bytes status_text(grille_server_call *call) {
    size_t at = 0;
    if (call->text == NULL) return grille_bytes_of(NULL, 0);
    if (!grille_utf8_valid(grille_bytes_of_text(call->text))) {
        grille_bytes cut = grille_utf8_cut(grille_bytes_of_text(call->text), GRILLE_LIMIT_STATUS_MESSAGE_BYTES);
        for (at = cut.len; call->text[at] != 0; at++) {
            if ((unsigned char)call->text[at] >= 0x80) call->text[at] = '?';
        }
    }
    return grille_bytes_of_text(call->text);
}

grille_reason grille_server_send_headers(grille_server_call *call) {
    grille_metadata_view view = {0};
    grille_reason reason = GRILLE_REASON_OK;
    if (call->headers_sent) return GRILLE_REASON_OK;
    grille_server_call_lock(call);
    call->headers_frozen = true;
    grille_server_call_unlock(call);
    reason = grille_server_watch_headers(call);
    if (reason == GRILLE_REASON_OK) reason = grille_metadata_builder_view(&call->headers, &view);
    if (reason == GRILLE_REASON_OK && view.count > 0) reason = grille_stream_send_headers(call->stream, &view);
    if (reason == GRILLE_REASON_OK) call->headers_sent = true;
    return reason;
}

grille_reason grille_server_measure(const grille_server_call *call, const void *message, size_t *len,
                                    grille_error *error) {
    const grille_message_type *type = call->registered->method->response;
    grille_reason reason = type->codec->measure(type, message, len, error);
    if (reason != GRILLE_REASON_OK || *len <= call->max_send_bytes) return reason;
    return grille_error_set(error, GRILLE_REASON_RPC_MESSAGE_TOO_LONG,
                            "the answer %s has %zu bytes; the caller takes at most %" PRIu32, type->name, *len,
                            call->max_send_bytes);
}

/* An answer up to this is encoded before its length is known, and copied: that is cheaper than a pass for its length.
 */
enum { SHORT_ANSWER_BYTES = 256 };

/* MORE: it is not short, or the codec can't. */
static grille_reason send_short(grille_server_call *call, const void *message, grille_error *error) {
    const grille_message_type *type = call->registered->method->response;
    uint8_t encoded[SHORT_ANSWER_BYTES];
    size_t len = 0;
    grille_reason reason = GRILLE_REASON_OK;
    if (type->codec->encode_short == NULL || call->max_send_bytes < sizeof encoded) return GRILLE_REASON_MORE;
    reason = type->codec->encode_short(type, message, encoded, sizeof encoded, &len, error);
    if (reason == GRILLE_REASON_OK) {
        reason = grille_stream_send_message(call->stream, grille_bytes_of(encoded, len), 0);
        grille_wipe(encoded, len);
        if (reason == GRILLE_REASON_OK) grille_call_watch_message(&call->watch, GRILLE_MESSAGE_SENT, len);
        return reason;
    }
    grille_wipe(encoded, sizeof encoded);
    return reason == GRILLE_REASON_NO_SPACE ? GRILLE_REASON_MORE : reason;
}

grille_reason grille_server_send_message(grille_server_call *call, const void *message, grille_error *error) {
    const grille_message_type *type = call->registered->method->response;
    uint8_t *room = NULL;
    size_t len = 0;
    grille_reason reason = send_short(call, message, error);
    if (reason != GRILLE_REASON_MORE) return reason;
    reason = grille_server_measure(call, message, &len, error);
    if (reason == GRILLE_REASON_OK) reason = grille_stream_reserve_message(call->stream, len, &room);
    if (reason == GRILLE_REASON_OK) reason = type->codec->encode(type, message, room, len, error);
    if (reason == GRILLE_REASON_OK) reason = grille_stream_send_reserved(call->stream, 0);
    if (reason == GRILLE_REASON_OK) grille_call_watch_message(&call->watch, GRILLE_MESSAGE_SENT, len);
    return reason;
}

/* Headers and, for OK, the response where there is one. */
static grille_reason send_body(grille_server_call *call, grille_error *error) {
    grille_reason reason = grille_server_send_headers(call);
    if (reason != GRILLE_REASON_OK || call->result != GRILLE_OK) return reason;
    if (call->has_encoded) {
        reason = grille_stream_send_message(call->stream, call->encoded, 0);
        if (reason == GRILLE_REASON_OK) {
            grille_call_watch_message(&call->watch, GRILLE_MESSAGE_SENT, call->encoded.len);
        }
    } else if (call->response != NULL) {
        reason = grille_server_send_message(call, call->response, error);
    }
    return reason;
}

static void tell_failure(grille_server_call *call, const grille_error *error) {
    if (!grille_endpoint_may_log(call->endpoint)) return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC, "%s: the answer can't be sent: %s", call->registered->method->path,
               error->text);
}

/* Before anybody hears of the code: it stands then. */
static grille_reason check_trailers(const grille_server_call *call, grille_error *error) {
    const size_t most = grille_session_peer_settings(call->endpoint->session)->max_metadata_bytes;
    if (call->trailers.len <= most) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_SESSION_METADATA_TOO_LONG,
                            "the trailers are over the caller's limit: %zu bytes, at most %zu", call->trailers.len,
                            most);
}

void grille_server_deliver(grille_server_call *call) {
    grille_status_header status = {0};
    const char *text = NULL;
    grille_error error;
    grille_reason reason = GRILLE_REASON_OK;
    bool told = false;
    grille_error_clear(&error);
    /* Codes of the library's own never cross the wire. */
    if ((unsigned)call->result > GRILLE_UNAUTHENTICATED) call->result = GRILLE_INTERNAL;
    reason = send_body(call, &error);
    status.code = call->result;
    status.message = status_text(call);
    status.details = call->result != GRILLE_OK ? call->details : grille_bytes_of(NULL, 0);
    text = call->text;
    if (reason == GRILLE_REASON_OK) reason = check_trailers(call, &error);
    if (reason != GRILLE_REASON_OK) {
        (void)grille_error_default(&error, reason);
        tell_failure(call, &error);
        status = (grille_status_header){.code = error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED
                                                                                        : GRILLE_INTERNAL,
                                        .message = grille_bytes_of_text(error.text)};
        text = error.text;
        call->trailers = (grille_metadata_builder){0};
    }
    grille_server_watch_end(call, status.code, text, &call->trailers);
    if (grille_metadata_builder_view(&call->trailers, &status.trailers) != GRILLE_REASON_OK) {
        status.trailers = (grille_metadata_view){0};
    }
    told = send_status(call->stream, &status);
    grille_server_call_end(call, told && !call->broken ? GRILLE_CALL_END_ANSWERED : GRILLE_CALL_END_BROKEN);
}

/* ---- grille_call_answer ---- */

static grille_reason encode_response(grille_server_call *call, const void *response, grille_error *error) {
    const grille_message_type *type = call->registered->method->response;
    size_t len = 0;
    uint8_t *room = NULL;
    grille_reason reason = grille_server_measure(call, response, &len, error);
    if (reason != GRILLE_REASON_OK) return reason;
    room = grille_arena_alloc(call->arena, len);
    if (room == NULL) return grille_error_default(error, GRILLE_REASON_BUDGET);
    reason = type->codec->encode(type, response, room, len, error);
    if (reason != GRILLE_REASON_OK) return reason;
    call->encoded = grille_bytes_of(room, len);
    call->has_encoded = true;
    return reason;
}

/* Result, text and response of the answer; what grille_call_answer returns. */
static grille_code prepare(grille_server_call *call, grille_code code, const void *response) {
    const bool streams = call->streaming != NULL && call->streaming->sends;
    grille_error error;
    grille_reason reason = GRILLE_REASON_OK;
    call->result = code;
    if (atomic_load(&call->cancelled)) return GRILLE_CANCELLED;
    if (code != GRILLE_OK || (streams && response == NULL)) return GRILLE_OK;
    grille_error_clear(&error);
    if (streams || response == NULL) {
        reason = grille_error_set(&error, GRILLE_REASON_BAD_ARGUMENT, "%s was answered OK with%s response",
                                  call->registered->method->path, streams ? " a further" : "out a");
    } else {
        reason = encode_response(call, response, &error);
    }
    if (reason == GRILLE_REASON_OK) return GRILLE_OK;
    (void)grille_error_default(&error, reason);
    grille_server_set_text(call, error.text);
    call->result = error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INTERNAL;
    return error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INVALID_ARGUMENT;
}

static grille_code begin_answer(grille_server_call *call) {
    grille_code code = GRILLE_OK;
    pthread_mutex_lock(&call->lock);
    if (call->streaming != NULL ? call->streaming->blocking : !call->deferred) {
        code = GRILLE_FAILED_PRECONDITION;
    } else if (call->answering) {
        code = GRILLE_CLOSED;
    } else {
        call->answering = true;
    }
    pthread_mutex_unlock(&call->lock);
    return code;
}

grille_code grille_call_answer(grille_call *call, grille_code code, const void *response) {
    grille_server_call *own = grille_server_call_of(call);
    grille_code answer = GRILLE_FAILED_PRECONDITION;
    bool post = false;
    if (own == NULL) return answer;
    answer = begin_answer(own);
    if (answer != GRILLE_OK) return answer;
    answer = prepare(own, code, response);
    pthread_mutex_lock(&own->lock);
    own->answered = true;
    post = grille_server_call_mark(own);
    pthread_mutex_unlock(&own->lock);
    if (post) grille_server_call_post(own);
    return answer;
}
