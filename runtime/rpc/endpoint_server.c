/* SPDX-License-Identifier: Apache-2.0
 * Calls of the peer: found by id, authorized, dispatched, answered. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codec.h"
#include "grille/log.h"
#include "rpc/endpoint_private.h"
#include "wire/utf8.h"

/* A handler that holds the loop thread longer is named in the log. */
enum { SLOW_HANDLER_US = 10000 };

/* ---- answers ---- */

/* Whether one more line about this peer may go to the log. */
static bool may_log(grille_endpoint *endpoint) {
    uint64_t left_out = 0;
    if (!grille_log_limit_take(&endpoint->log_limit, endpoint->now_us, &left_out)) return false;
    grille_log_left_out(GRILLE_LOG_RPC, endpoint->peer.set, left_out);
    return true;
}

/* Nothing more can be said about this call: its end is told to nobody. */
static void answer(grille_stream *stream, const grille_status_header *status) {
    grille_reason reason = grille_stream_send_status(stream, status);
    if (reason == GRILLE_REASON_SESSION_METADATA_TOO_LONG) {
        grille_status_header shorter = {.code = GRILLE_RESOURCE_EXHAUSTED,
                                        .message = grille_bytes_of_text("the trailers are over the caller's limit")};
        reason = grille_stream_send_status(stream, &shorter);
    }
    if (reason != GRILLE_REASON_OK) grille_stream_reset(stream, GRILLE_RESET_LIMIT);
    grille_stream_release(stream);
}

static void refuse(grille_stream *stream, grille_code code, const char *text) {
    grille_status_header status = {.code = code, .message = grille_bytes_of_text(text)};
    answer(stream, &status);
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

static grille_reason send_response(grille_server_call *call, grille_error *error) {
    const grille_message_type *type = call->registered->method->response;
    uint8_t *room = NULL;
    size_t len = 0;
    grille_reason reason = type->codec->measure(type, call->response, &len, error);
    if (reason == GRILLE_REASON_OK) reason = grille_stream_reserve_message(call->stream, len, &room);
    if (reason == GRILLE_REASON_SESSION_MESSAGE_TOO_LONG) {
        return grille_error_set(error, GRILLE_REASON_RPC_MESSAGE_TOO_LONG,
                                "the answer %s has %zu bytes; the caller takes at most %u", type->name, len,
                                grille_session_peer_settings(call->endpoint->session)->max_message_bytes);
    }
    if (reason == GRILLE_REASON_OK) reason = type->codec->encode(type, call->response, room, len, error);
    if (reason == GRILLE_REASON_OK) reason = grille_stream_send_reserved(call->stream, 0);
    return reason;
}

static grille_reason send_headers(grille_server_call *call) {
    grille_metadata_view view = {0};
    grille_reason reason = grille_metadata_builder_view(&call->headers, &view);
    if (reason != GRILLE_REASON_OK || call->headers.count == 0) return reason;
    return grille_stream_send_headers(call->stream, &view);
}

/* Headers and, for OK, the message. */
static grille_reason send_body(grille_server_call *call, grille_error *error) {
    grille_reason reason = send_headers(call);
    if (reason == GRILLE_REASON_OK && call->result == GRILLE_OK) reason = send_response(call, error);
    return reason;
}

static void finish(grille_server_call *call) {
    grille_status_header status = {0};
    grille_error error;
    grille_reason reason = GRILLE_REASON_OK;
    if (atomic_load(&call->cancelled)) {
        grille_stream_release(call->stream);
        return;
    }
    grille_error_clear(&error);
    /* Codes of the library's own never cross the wire. */
    if ((unsigned)call->result > GRILLE_UNAUTHENTICATED) call->result = GRILLE_INTERNAL;
    reason = send_body(call, &error);
    status.code = call->result;
    status.message = status_text(call);
    status.details = call->result != GRILLE_OK ? call->details : grille_bytes_of(NULL, 0);
    if (reason == GRILLE_REASON_OK) reason = grille_metadata_builder_view(&call->trailers, &status.trailers);
    if (reason != GRILLE_REASON_OK) {
        (void)grille_error_default(&error, reason);
        if (may_log(call->endpoint)) {
            grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC, "%s: the answer can't be sent: %s",
                       call->registered->method->path, error.text);
        }
        status = (grille_status_header){.code = error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED
                                                                                        : GRILLE_INTERNAL,
                                        .message = grille_bytes_of_text(error.text)};
    }
    answer(call->stream, &status);
}

/* ---- handlers ---- */

static void run_handler(grille_server_call *call) {
    const grille_registered_method *registered = call->registered;
    call->result =
        registered->handler.invoke(&call->base, call->request, call->response, registered->handlers, registered->user);
}

static void task_run(grille_task *task) {
    grille_server_call *call = grille_container(task, grille_server_call, task);
    if (!atomic_load(&call->cancelled)) run_handler(call);
}

static void task_done(grille_task *task) {
    grille_server_call *call = grille_container(task, grille_server_call, task);
    grille_endpoint *endpoint = call->endpoint;
    call->running = false;
    endpoint->running--;
    finish(call);
    if (endpoint->on_write != NULL && grille_session_wants_write(endpoint->session)) {
        endpoint->on_write(endpoint->on_write_user);
    }
    if (endpoint->running == 0 && endpoint->on_idle != NULL) endpoint->on_idle(endpoint->on_idle_user);
}

static void offload(grille_server_call *call) {
    grille_executor *executor = call->endpoint->executor;
    call->task = (grille_task){.run = task_run, .done = task_done};
    grille_list_init(&call->task.link);
    call->running = true;
    call->endpoint->running++;
    if (executor->offload(executor, &call->task)) return;
    call->running = false;
    call->endpoint->running--;
    refuse(call->stream, GRILLE_RESOURCE_EXHAUSTED, "the queue of the worker pool is full");
}

static void run_here(grille_server_call *call) {
    grille_endpoint *endpoint = call->endpoint;
    const char *path = call->registered->method->path;
    grille_time_us start_us = endpoint->clock_us != NULL ? endpoint->clock_us() : 0;
    grille_time_us took_us = 0;
    run_handler(call);
    finish(call);
    if (endpoint->clock_us == NULL) return;
    took_us = endpoint->clock_us() - start_us;
    if (took_us <= SLOW_HANDLER_US || !may_log(endpoint)) return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC, "%s held its loop thread for %llu ms; mark it offload", path,
               (unsigned long long)(took_us / 1000));
}

static bool decode_request(grille_server_call *call) {
    const grille_method *method = call->registered->method;
    grille_arena *arena = grille_stream_arena(call->stream);
    grille_error error;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(&error);
    reason = method->request->codec->decode(method->request, call->request_bytes, arena, &call->request, &error);
    if (reason == GRILLE_REASON_OK) {
        reason = method->response->codec->prepare(method->response, arena, &call->response);
        if (reason == GRILLE_REASON_OK) return true;
    }
    (void)grille_error_default(&error, reason);
    refuse(call->stream, error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INVALID_ARGUMENT,
           error.text);
    return false;
}

/* ---- events ---- */

static const grille_registered_method *find(const grille_endpoint *endpoint, uint32_t method_id) {
    return endpoint->registry != NULL ? grille_services_find(endpoint->registry, method_id) : NULL;
}

static bool authorize(grille_endpoint *endpoint, grille_stream *stream, const grille_method *method) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (grille_policy_may_call(endpoint->policy, &endpoint->peer, method->path)) return true;
    if (may_log(endpoint)) {
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC,
                   "peer of set \"%s\" may not call %s: no may_call of the policy lists it", endpoint->peer.set,
                   method->path);
    }
    (void)snprintf(text, sizeof text, "this peer may not call %s", method->path);
    refuse(stream, GRILLE_PERMISSION_DENIED, text);
    return false;
}

void grille_endpoint_server_call(grille_endpoint *endpoint, grille_stream *stream, const grille_call_header *header) {
    const grille_registered_method *registered = find(endpoint, header->method_id);
    grille_server_call *call = NULL;
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (registered == NULL || registered->handler.invoke == NULL) {
        (void)snprintf(text, sizeof text, "method 0x%08x is not served here", header->method_id);
        refuse(stream, GRILLE_UNIMPLEMENTED, registered != NULL ? "this method is declared but not served" : text);
        return;
    }
    if (!authorize(endpoint, stream, registered->method)) return;
    call = grille_arena_alloc(grille_stream_arena(stream), sizeof *call);
    if (call == NULL) {
        refuse(stream, GRILLE_RESOURCE_EXHAUSTED, "the memory budget of this connection is used up");
        return;
    }
    memset(call, 0, sizeof *call);
    call->base.side = GRILLE_CALL_OF_HANDLER;
    call->endpoint = endpoint;
    call->stream = stream;
    call->registered = registered;
    call->request_metadata = header->metadata;
    grille_stream_set_user(stream, call);
}

void grille_endpoint_server_message(grille_server_call *call, grille_bytes message) {
    if (call->has_request) {
        refuse(call->stream, GRILLE_INTERNAL, "a unary call with more than one message");
        return;
    }
    /* A limit below the protocol's minimum, which SETTINGS can't say. */
    if (message.len > call->endpoint->max_message_bytes) {
        char text[GRILLE_ERROR_TEXT_BYTES];
        (void)snprintf(text, sizeof text, "a message of %zu bytes is over the limit of %zu bytes", message.len,
                       call->endpoint->max_message_bytes);
        refuse(call->stream, GRILLE_RESOURCE_EXHAUSTED, text);
        return;
    }
    call->request_bytes = message;
    call->has_request = true;
}

void grille_endpoint_server_half_close(grille_server_call *call) {
    if (!call->has_request) {
        refuse(call->stream, GRILLE_INTERNAL, "a unary call without a message");
        return;
    }
    if (!decode_request(call)) return;
    if ((call->registered->method->flags & GRILLE_METHOD_OFFLOAD) != 0 && call->endpoint->executor != NULL) {
        offload(call);
    } else {
        run_here(call);
    }
}

void grille_endpoint_server_reset(grille_server_call *call) {
    atomic_store(&call->cancelled, true);
    if (!call->running) grille_stream_release(call->stream);
}
