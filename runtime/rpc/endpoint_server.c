/* SPDX-License-Identifier: Apache-2.0
 * Calls of the peer: found by id, authorized, dispatched. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "codec/codec.h"
#include "grille/log.h"
#include "rpc/endpoint_private.h"

/* A handler that holds the loop thread longer is named in the log. */
enum { SLOW_HANDLER_US = 10000 };

/* ---- handlers that run to their end ---- */

static void run_handler(grille_server_call *call) {
    const grille_registered_method *registered = call->registered;
    call->returned =
        registered->handler.invoke(&call->base, call->request, call->response, registered->handlers, registered->user);
}

/* What the handler returned is the answer, unless it answers later. */
static void take_returned(grille_server_call *call) {
    grille_server_call_lock(call);
    if (!call->deferred) {
        call->result = call->returned;
        call->answering = true;
        call->answered = true;
    }
    grille_server_call_unlock(call);
}

static void task_run(grille_task *task) {
    grille_server_call *call = grille_container(task, grille_server_call, task);
    call->returned = GRILLE_CANCELLED;
    if (!atomic_load(&call->cancelled)) run_handler(call);
}

static void task_done(grille_task *task) {
    grille_server_call *call = grille_container(task, grille_server_call, task);
    call->running = false;
    take_returned(call);
    grille_server_call_settle(call);
}

static void offload(grille_server_call *call) {
    grille_executor *executor = call->endpoint->executor;
    call->task = (grille_task){.run = task_run, .done = task_done};
    grille_list_init(&call->task.link);
    call->running = true;
    if (executor->offload(executor, &call->task)) return;
    call->running = false;
    grille_server_call_abandon(call, GRILLE_RESOURCE_EXHAUSTED, "the queue of the worker pool is full",
                               GRILLE_CALL_END_BROKEN);
    grille_server_call_settle(call);
}

static void run_here(grille_server_call *call) {
    grille_endpoint *endpoint = call->endpoint;
    const char *path = call->registered->method->path;
    grille_time_us took_us = 0;
    grille_server_call_enter(call);
    run_handler(call);
    take_returned(call);
    if (endpoint->clock_us != NULL) {
        /* Counted from the last look at the clock: the events of one turn follow each other at once. */
        const grille_time_us before_us = endpoint->now_us;
        grille_endpoint_set_now(endpoint, endpoint->clock_us());
        took_us = endpoint->now_us - before_us;
        if (!call->deferred) call->ended_us = endpoint->now_us;
    }
    if (took_us > SLOW_HANDLER_US && grille_endpoint_may_log(endpoint)) {
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC, "%s held its loop thread for %llu ms; mark it offload", path,
                   (unsigned long long)(took_us / 1000));
    }
    grille_server_call_leave(call);
}

/* ---- starting ---- */

static bool has_workers(const grille_endpoint *endpoint) {
    return endpoint->executor != NULL && endpoint->executor->offload != NULL;
}

static bool decode_request(grille_server_call *call) {
    const grille_method *method = call->registered->method;
    grille_error error;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error_clear(&error);
    reason = method->request->codec->decode(method->request, call->request_bytes, call->arena, &call->request, &error);
    if (reason == GRILLE_REASON_OK) return true;
    (void)grille_error_default(&error, reason);
    grille_server_call_abandon(
        call, error.code == GRILLE_RESOURCE_EXHAUSTED ? GRILLE_RESOURCE_EXHAUSTED : GRILLE_INVALID_ARGUMENT, error.text,
        GRILLE_CALL_END_BROKEN);
    return false;
}

/* What the handler fills, where it answers with one message and returns its code. */
static bool prepare_response(grille_server_call *call) {
    const grille_method *method = call->registered->method;
    const bool sends = call->streaming != NULL && call->streaming->sends;
    void *response = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    if (sends) return true;
    reason = method->response->codec->prepare(method->response, call->arena, &response);
    call->response = response;
    if (reason == GRILLE_REASON_OK) return true;
    grille_server_call_abandon(call, GRILLE_RESOURCE_EXHAUSTED, grille_reason_text(reason), GRILLE_CALL_END_BROKEN);
    return false;
}

/* The handler has what it needs: its one request, or nothing where the caller streams. */
static void start(grille_server_call *call, bool has_request) {
    const bool offloads = (call->registered->method->flags & GRILLE_METHOD_OFFLOAD) != 0;
    if (has_request && !decode_request(call)) {
        grille_server_call_settle(call);
    } else if (call->streaming != NULL && !call->streaming->blocking) {
        grille_server_stream_open(call);
    } else if (!prepare_response(call)) {
        grille_server_call_settle(call);
    } else if (offloads && has_workers(call->endpoint)) {
        offload(call);
    } else if (call->streaming == NULL) {
        run_here(call);
    } else {
        grille_server_call_abandon(call, GRILLE_UNIMPLEMENTED, "no worker threads are there for this method",
                                   GRILLE_CALL_END_BROKEN);
        grille_server_call_settle(call);
    }
}

/* ---- events ---- */

static const grille_registered_method *find(const grille_endpoint *endpoint, uint32_t method_id) {
    return endpoint->registry != NULL ? grille_services_find(endpoint->registry, method_id) : NULL;
}

static bool is_served(const grille_registered_method *registered) {
    return registered != NULL && (registered->handler.invoke != NULL || registered->handler.open != NULL);
}

/* Why this peer may not call the method, or NULL: the policy, then what the method itself asks for. */
static const char *why_not(const grille_endpoint *endpoint, const grille_method *method) {
    if (endpoint->revoked) return "the policy in force does not accept the peer any more";
    if (!grille_policy_may_call(endpoint->policy, &endpoint->peer->identity, method->path)) {
        return "no may_call of the policy lists it";
    }
    if (method->identity_kinds != 0 && (method->identity_kinds >> (unsigned)endpoint->peer->identity.kind & 1) == 0) {
        return "its identity_kinds (an option of the method) leave this kind of identity out";
    }
    return NULL;
}

static bool authorize(grille_endpoint *endpoint, grille_stream *stream, const grille_method *method) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    const char *why = why_not(endpoint, method);
    if (why == NULL) return true;
    grille_stats_refused(endpoint->stats, GRILLE_REFUSED_UNAUTHORIZED);
    if (grille_endpoint_may_log(endpoint)) {
        grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC, "peer of set \"%s\" may not call %s: %s",
                   endpoint->peer->identity.set, method->path, why);
    }
    (void)snprintf(text, sizeof text, "this peer may not call %s", method->path);
    grille_server_refuse(stream, GRILLE_PERMISSION_DENIED, text);
    return false;
}

/* The method's limit, and one of ours below the protocol's minimum, which SETTINGS can't say. */
static void limit_messages(grille_server_call *call) {
    const size_t of_method = call->registered->method->max_request_bytes;
    const size_t of_endpoint = call->endpoint->max_message_bytes;
    grille_stream_limit_messages(call->stream, of_method != 0 && of_method < of_endpoint ? of_method : of_endpoint);
}

void grille_endpoint_server_call(grille_endpoint *endpoint, grille_stream *stream, const grille_call_header *header) {
    const grille_registered_method *registered = find(endpoint, header->method_id);
    grille_server_call *call = NULL;
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (!is_served(registered)) {
        grille_stats_refused(endpoint->stats, GRILLE_REFUSED_UNIMPLEMENTED);
        (void)snprintf(text, sizeof text, "method 0x%08x is not served here", header->method_id);
        grille_server_refuse(stream, GRILLE_UNIMPLEMENTED,
                             registered != NULL ? "this method is declared but not served" : text);
        return;
    }
    if (!authorize(endpoint, stream, registered->method)) return;
    call = grille_server_call_make(endpoint, stream, registered, header);
    if (call == NULL) {
        grille_stats_refused(endpoint->stats, GRILLE_REFUSED_LIMIT);
        grille_server_refuse(stream, GRILLE_RESOURCE_EXHAUSTED, "the memory budget of this connection is used up");
        return;
    }
    limit_messages(call);
    if (!grille_server_watch_start(call)) {
        grille_server_call_settle(call);
    } else if (call->streaming != NULL && call->streaming->receives) {
        start(call, false);
    }
}

static void refuse(grille_server_call *call, grille_code code, const char *text) {
    grille_server_call_abandon(call, code, text, GRILLE_CALL_END_BROKEN);
    grille_server_call_settle(call);
}

static void take_request(grille_server_call *call, grille_bytes message) {
    if (call->has_request) {
        refuse(call, GRILLE_INTERNAL, "a call with one request has more than one message");
        return;
    }
    call->request_bytes = message;
    call->has_request = true;
}

void grille_endpoint_server_message(grille_server_call *call, grille_bytes message) {
    grille_call_watch_message(&call->watch, GRILLE_MESSAGE_RECEIVED, message.len);
    if (call->streaming == NULL || !call->streaming->receives) {
        take_request(call, message);
    } else if (call->streaming->blocking) {
        grille_server_feed(call);
        grille_server_call_settle(call);
    } else {
        grille_server_stream_pump(call);
    }
}

void grille_endpoint_server_half_close(grille_server_call *call) {
    if (call->streaming != NULL && call->streaming->receives) {
        call->streaming->half_closed = true;
        if (call->streaming->blocking) {
            grille_server_feed(call);
            grille_server_call_settle(call);
        } else {
            grille_server_stream_pump(call);
        }
    } else if (call->has_request) {
        start(call, true);
    } else {
        refuse(call, GRILLE_INTERNAL, "a call with one request has no message");
    }
}

void grille_endpoint_server_writable(grille_server_call *call) {
    if (call->streaming == NULL) return;
    call->streaming->session_full = false;
    grille_server_call_enter(call);
    if (grille_server_drain_outbox(call)) grille_server_tell_writable(call);
    grille_server_call_leave(call);
}
