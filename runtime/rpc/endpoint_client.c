/* SPDX-License-Identifier: Apache-2.0
 * Our calls on a session: attempts from their start to their end. */
#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "rpc/endpoint_private.h"
#include "rpc/retry.h"

void grille_endpoint_changed(grille_endpoint *endpoint) {
    if (endpoint->on_write != NULL) endpoint->on_write(endpoint->on_write_user);
}

/* ---- starting ---- */

static bool must_wait(grille_reason reason) {
    return reason == GRILLE_REASON_SESSION_STREAMS_FULL || reason == GRILLE_REASON_SESSION_DRAINING ||
           reason == GRILLE_REASON_SESSION_IDS_USED_UP;
}

static void fail_with(grille_client_call *call, grille_reason reason) {
    grille_client_call_complete(call, grille_reason_code(reason), grille_bytes_of_text(grille_reason_text(reason)));
}

/* The request's metadata, with the number of attempts before this one. */
static grille_reason describe_request(grille_client_call *call, bool tells_attempts, grille_metadata_view *view) {
    /* What is added stays out of the call's own: the next attempt has another number. */
    grille_metadata_builder builder = call->metadata;
    char number[12];
    if (tells_attempts) {
        (void)snprintf(number, sizeof number, "%" PRIu32, call->previous_attempts);
        const grille_reason reason = grille_metadata_builder_add_own(
            &builder, &call->arena, GRILLE_METADATA_PREVIOUS_ATTEMPTS, grille_bytes_of_text(number));
        if (reason != GRILLE_REASON_OK) return reason;
    }
    return grille_metadata_builder_view(&builder, view);
}

static grille_reason open_described(grille_endpoint *endpoint, grille_client_call *call, bool tells_attempts,
                                    grille_time_us now_us, grille_stream **stream) {
    grille_call_open open = {.method_id = call->method->id, .user = call};
    grille_reason reason = describe_request(call, tells_attempts, &open.metadata);
    if (reason != GRILLE_REASON_OK) return reason;
    if (call->base.deadline_us != GRILLE_TIME_NEVER) {
        open.has_timeout = true;
        open.timeout_us = call->base.deadline_us > now_us ? call->base.deadline_us - now_us : 0;
    }
    return grille_session_open(endpoint->session, &open, now_us, stream);
}

/* A number that there is no room for is left out: the call itself had room. */
static grille_reason open_stream(grille_endpoint *endpoint, grille_client_call *call, grille_time_us now_us,
                                 grille_stream **stream) {
    const bool tells_attempts = call->previous_attempts > 0;
    const grille_reason reason = open_described(endpoint, call, tells_attempts, now_us, stream);
    const bool too_long =
        reason == GRILLE_REASON_SESSION_METADATA_TOO_LONG || reason == GRILLE_REASON_RPC_METADATA_TOO_LONG;
    return tells_attempts && too_long ? open_described(endpoint, call, false, now_us, stream) : reason;
}

/* The call that failed to send knows its size, the peer its limit. */
static void fail_send(grille_endpoint *endpoint, grille_client_call *call, grille_reason reason) {
    char text[GRILLE_ERROR_TEXT_BYTES];
    if (reason != GRILLE_REASON_SESSION_MESSAGE_TOO_LONG) {
        fail_with(call, reason);
        return;
    }
    (void)snprintf(text, sizeof text, "the request %s has %zu bytes; the peer takes at most %" PRIu32,
                   call->method->request->name, call->encoded.len,
                   grille_session_peer_settings(endpoint->session)->max_message_bytes);
    grille_client_call_complete(call, GRILLE_RESOURCE_EXHAUSTED, grille_bytes_of_text(text));
}

bool grille_endpoint_can_start(const grille_endpoint *endpoint) {
    if (endpoint->exact_schema && !endpoint->peer_services.known) return false;
    return !endpoint->closed && grille_session_can_open(endpoint->session);
}

/* A peer that called us serves nothing by default. */
static bool may_serve(const grille_endpoint *endpoint, const grille_method *method) {
    if (grille_session_is_initiator(endpoint->session)) {
        return grille_policy_serves(endpoint->policy, &endpoint->peer->identity, method->path);
    }
    return grille_policy_serves_listed(endpoint->policy, &endpoint->peer->identity, method->path);
}

/* What we ask of the peer before it hears of the call. */
static grille_reason check_peer(grille_endpoint *endpoint, const grille_method *method, grille_error *error) {
    grille_error_clear(error);
    if (endpoint->revoked) return grille_error_default(error, GRILLE_REASON_RPC_PEER_REVOKED);
    if (!may_serve(endpoint, method)) {
        return grille_error_set(error, GRILLE_REASON_RPC_NOT_SERVED_BY,
                                "the policy's set \"%s\", which the peer passed, does not list %s under `serves`",
                                endpoint->peer->identity.set, method->path);
    }
    return grille_peer_services_check(&endpoint->peer_services, method->service, endpoint->exact_schema, error);
}

/* Nothing of an earlier attempt is left. */
static void begin_attempt(grille_endpoint *endpoint, grille_client_call *call, grille_stream *stream) {
    call->endpoint = endpoint;
    call->stream = stream;
    call->response = grille_bytes_of(NULL, 0);
    call->has_response = false;
    grille_client_watch_peer(call, endpoint->peer);
    if (!grille_method_streams_requests(call->method)) return;
    pthread_mutex_lock(&call->lock);
    call->messages_moved = 0;
    call->session_full = false;
    call->half_close_sent = false;
    if (call->outbox.keeps) grille_send_queue_rewind(&call->outbox);
    if (endpoint->settings_came) {
        call->peer_limit_bytes = grille_session_peer_settings(endpoint->session)->max_message_bytes;
    }
    pthread_mutex_unlock(&call->lock);
}

static void send_request(grille_endpoint *endpoint, grille_client_call *call) {
    grille_stream *stream = call->stream;
    /* The request's buffer is the call's own and outlives the stream: no copy. */
    grille_reason reason =
        grille_stream_send_message(stream, call->encoded, GRILLE_SEND_END_STREAM | GRILLE_SEND_BORROW);
    if (reason == GRILLE_REASON_OK) return;
    grille_stream_release(stream);
    fail_send(endpoint, call, reason);
}

bool grille_endpoint_start(grille_endpoint *endpoint, grille_call *call, grille_time_us now_us) {
    grille_client_call *own = grille_client_call_of(call);
    grille_stream *stream = NULL;
    grille_reason reason = GRILLE_REASON_OK;
    grille_error error;
    grille_endpoint_set_now(endpoint, now_us);
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
    begin_attempt(endpoint, own, stream);
    if (grille_method_streams_requests(own->method)) {
        grille_client_stream_flush(own);
    } else {
        send_request(endpoint, own);
    }
    return true;
}

/* ---- what other threads asked for ---- */

/* A message could not be sent, or not be read by its reader. */
static bool has_failed(grille_client_call *call) {
    bool failed = false;
    pthread_mutex_lock(&call->lock);
    failed = call->failure != GRILLE_OK;
    pthread_mutex_unlock(&call->lock);
    return failed;
}

/* Why the caller ended it. A message that can't be sent comes before a cancellation: the one often follows the other.
 */
static grille_code caller_s_reason(grille_client_call *call, const char **text) {
    *text = "the caller cancelled the call";
    if (!has_failed(call)) return GRILLE_CANCELLED;
    *text = call->failure_text;
    return call->failure;
}

bool grille_client_call_work(grille_call *base, grille_time_us now_us) {
    grille_client_call *call = grille_client_call_of(base);
    if (atomic_load(&call->is_done)) {
        grille_caller_deliver(call);
        return true;
    }
    if (atomic_load(&call->cancel_requested) || has_failed(call)) {
        if (call->stream == NULL) return false;
        grille_endpoint_cancel(call->endpoint, base, now_us);
        return true;
    }
    if (call->stream == NULL) return true;
    grille_endpoint_set_now(call->endpoint, now_us);
    if (!call->status_came) grille_client_stream_flush(call);
    if (call->stream != NULL) grille_client_stream_deliver(call);
    return true;
}

void grille_endpoint_cancel(grille_endpoint *endpoint, grille_call *call, grille_time_us now_us) {
    grille_client_call *own = grille_client_call_of(call);
    const char *text = NULL;
    grille_code code = GRILLE_OK;
    grille_endpoint_set_now(endpoint, now_us);
    if (own->stream == NULL) return;
    code = caller_s_reason(own, &text);
    grille_client_call_end_here(own, GRILLE_RESET_CANCELLED, code, text);
}

void grille_client_call_withdraw(grille_call *call) {
    const char *text = NULL;
    const grille_code code = caller_s_reason(grille_client_call_of(call), &text);
    grille_client_call_fail(call, code, text);
}

/* ---- ends ---- */

grille_stream *grille_client_call_detach(grille_client_call *call) {
    grille_stream *stream = call->stream;
    grille_list_remove(&call->unread_link);
    call->stream = NULL;
    return stream;
}

/* A call that breaks a rule of its own ends here and at the peer. */
void grille_client_call_end_here(grille_client_call *call, grille_reset_code reset, grille_code code,
                                 const char *text) {
    grille_endpoint *endpoint = call->endpoint;
    grille_stream *stream = grille_client_call_detach(call);
    grille_stream_reset(stream, reset);
    grille_stream_release(stream);
    grille_endpoint_changed(endpoint);
    grille_client_call_complete(call, code, grille_bytes_of_text(text));
}

static void describe_trailers(const grille_metadata_view *trailers, grille_retry_facts *end) {
    end->has_pushback =
        trailers != NULL && trailers->count > 0 &&
        grille_metadata_find(trailers, grille_bytes_of_text(GRILLE_METADATA_RETRY_PUSHBACK), &end->pushback);
}

/* Whether the channel tries the call again; then it may run already. The stream is to be released either way. */
static bool is_retried(grille_client_call *call, grille_stream *stream, grille_retry_facts *end) {
    grille_channel *channel = call->channel;
    grille_endpoint *endpoint = call->endpoint;
    if (channel == NULL || channel->ops->retry == NULL || atomic_load(&call->cancel_requested)) return false;
    end->never_sent = grille_stream_id(stream) == 0;
    end->answered = call->answered;
    end->idempotent = (call->method->flags & GRILLE_METHOD_IDEMPOTENT) != 0;
    /* A stream whose first messages are gone can't be sent again. */
    end->no_retry = call->no_retry || (grille_method_streams_requests(call->method) && !call->outbox.keeps);
    (void)grille_client_call_detach(call);
    call->endpoint = NULL;
    grille_client_watch_peer(call, NULL);
    if (channel->ops->retry(channel, &call->base, end)) return true;
    grille_client_watch_peer(call, endpoint->peer);
    call->endpoint = endpoint;
    call->stream = stream;
    return false;
}

void grille_endpoint_client_status(grille_client_call *call, grille_stream *stream,
                                   const grille_status_header *status) {
    grille_retry_facts end = {.code = status->code};
    describe_trailers(&status->trailers, &end);
    if (is_retried(call, stream, &end)) {
        grille_stream_release(stream);
        return;
    }
    call->status_came = true;
    call->status = *status;
    if (!grille_method_streams_responses(call->method)) {
        grille_client_call_end_by_status(call);
        return;
    }
    pthread_mutex_lock(&call->lock);
    call->sends_over = true;
    pthread_mutex_unlock(&call->lock);
    grille_list_append(&call->endpoint->unread, &call->unread_link);
    grille_client_stream_deliver(call);
}

void grille_endpoint_client_reset(grille_endpoint *endpoint, grille_client_call *call, grille_stream *stream,
                                  const grille_stream_end *ending) {
    grille_retry_facts end = {.code = ending->status, .never_processed = ending->never_processed};
    const char *text = ending->text;
    if (endpoint->close_text != NULL) {
        end.code = endpoint->close_code;
        text = endpoint->close_text;
    }
    if (!is_retried(call, stream, &end)) {
        (void)grille_client_call_detach(call);
        grille_client_call_complete(call, end.code, grille_bytes_of_text(text != NULL ? text : ""));
    }
    grille_stream_release(stream);
}
