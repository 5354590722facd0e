/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "grille/log.h"
#include "rpc/bound_channel.h"
#include "rpc/endpoint_private.h"

/* ---- events of the session ---- */

static void on_settings(void *user, const grille_settings *settings) {
    grille_endpoint *endpoint = user;
    endpoint->settings_came = true;
    grille_reason reason = grille_peer_services_take(&endpoint->peer_services, settings, endpoint->budget);
    if (reason == GRILLE_REASON_OK) return;
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_RPC, "the schemas of the peer's services can't be compared: %s",
               grille_reason_text(reason));
}

static void on_call(void *user, grille_stream *stream, const grille_call_header *header) {
    grille_endpoint_server_call(user, stream, header);
}

static void on_headers(void *user, grille_stream *stream, const grille_metadata_view *metadata) {
    (void)user;
    grille_endpoint_client_headers(grille_stream_user(stream), metadata);
}

static void on_message(void *user, grille_stream *stream, grille_bytes message) {
    (void)user;
    if (grille_stream_is_ours(stream)) {
        grille_endpoint_client_message(grille_stream_user(stream), stream, message);
    } else {
        grille_endpoint_server_message(grille_stream_user(stream), message);
    }
}

static void on_half_close(void *user, grille_stream *stream) {
    (void)user;
    grille_endpoint_server_half_close(grille_stream_user(stream));
}

static void on_status(void *user, grille_stream *stream, const grille_status_header *status) {
    (void)user;
    grille_endpoint_client_status(grille_stream_user(stream), stream, status);
}

static void on_reset(void *user, grille_stream *stream, const grille_stream_end *end) {
    if (grille_stream_is_ours(stream)) {
        grille_endpoint_client_reset(user, grille_stream_user(stream), stream, end);
    } else {
        grille_endpoint_server_reset(grille_stream_user(stream), end);
    }
}

static void on_writable(void *user, grille_stream *stream) {
    (void)user;
    if (grille_stream_is_ours(stream)) {
        grille_endpoint_client_writable(grille_stream_user(stream));
    } else {
        grille_endpoint_server_writable(grille_stream_user(stream));
    }
}

static void on_drained(void *user) {
    grille_endpoint *endpoint = user;
    endpoint->drained = true;
}

static void on_gate(void *user, grille_bytes payload) {
    grille_endpoint *endpoint = user;
    endpoint->on_gate(endpoint->on_gate_user, payload);
}

#define EVENTS                                                                                                         \
    .on_settings = on_settings, .on_call = on_call, .on_headers = on_headers, .on_message = on_message,                \
    .on_half_close = on_half_close, .on_status = on_status, .on_reset = on_reset, .on_writable = on_writable,          \
    .on_drained = on_drained

/* Without somebody who takes GATE frames, they break a rule. */
static const grille_session_events events = {EVENTS};
static const grille_session_events events_and_gate = {EVENTS, .on_gate = on_gate};

/* ---- life ---- */

static size_t service_count(const grille_endpoint_options *options) {
    return options->registry != NULL ? grille_services_service_count(options->registry) : 0;
}

/* SETTINGS wants rising ids. */
static size_t announce_services(const grille_services *registry, grille_service_digest *services, size_t count) {
    for (size_t index = 0; index < count; index++) {
        const grille_service *service = grille_services_service(registry, index);
        size_t at = index;
        for (; at > 0 && services[at - 1].id > service->id; at--) {
            services[at] = services[at - 1];
        }
        services[at] = (grille_service_digest){
            .id = service->id, .digest = grille_bytes_of(service->schema_digest, sizeof service->schema_digest)};
    }
    return count;
}

static uint32_t clamp(uint64_t value, uint32_t least, uint32_t most) {
    if (value < least) return least;
    return value > most ? most : (uint32_t)value;
}

static grille_reason open_session(grille_endpoint *endpoint, const grille_endpoint_options *options) {
    grille_session_options session = grille_session_options_default();
    session.initiator = options->initiator;
    session.settings.max_streams = clamp(options->max_streams, GRILLE_MINIMUM_STREAMS, GRILLE_LIMIT_STREAMS);
    session.settings.max_handlers = session.settings.max_streams;
    session.max_own_streams = options->max_calls;
    session.settings.max_message_bytes =
        clamp(options->max_message_bytes, GRILLE_MINIMUM_MESSAGE_BYTES, GRILLE_LIMIT_MESSAGE_BYTES);
    session.services = endpoint->services;
    session.service_count = announce_services(options->registry, endpoint->services, service_count(options));
    session.budget = options->budget;
    session.depot = options->depot;
    session.events = endpoint->on_gate != NULL ? &events_and_gate : &events;
    session.user = endpoint;
    session.keepalive_interval_us = options->keepalive_interval_ms * UINT64_C(1000);
    session.keepalive_timeout_us = options->keepalive_timeout_ms * UINT64_C(1000);
    session.first_stream_id = options->first_stream_id;
    session.now_us = options->now_us;
    return grille_session_new(&session, &endpoint->session);
}

grille_reason grille_endpoint_new(const grille_endpoint_options *options, grille_endpoint **endpoint) {
    grille_endpoint *made = calloc(1, sizeof *made + service_count(options) * sizeof made->services[0]);
    grille_reason reason = GRILLE_REASON_OK;
    *endpoint = NULL;
    if (made == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    grille_list_init(&made->unread);
    made->registry = options->registry;
    made->executor = options->executor;
    made->budget = options->budget;
    grille_log_limit_init(&made->log_limit, GRILLE_LIMIT_PEER_LOG_BURST, GRILLE_LIMIT_PEER_LOG_PER_SECOND,
                          options->now_us);
    made->stats = options->stats;
    made->interceptors = options->interceptors;
    made->on_gate = options->on_gate;
    made->on_gate_user = options->on_gate_user;
    made->exact_schema = options->exact_schema;
    made->max_message_bytes = options->max_message_bytes;
    made->now_us = options->now_us;
    made->peer = grille_peer_snapshot_new(options->peer);
    reason = made->peer != NULL ? open_session(made, options) : GRILLE_REASON_OUT_OF_MEMORY;
    if (reason != GRILLE_REASON_OK) {
        grille_peer_snapshot_unref(made->peer);
        free(made);
        return reason;
    }
    made->policy = grille_policy_ref(options->policy);
    made->peer_channel = options->peer_channel;
    if (made->peer_channel != NULL) grille_bound_channel_attach(made->peer_channel, made);
    *endpoint = made;
    return GRILLE_REASON_OK;
}

void grille_endpoint_free(grille_endpoint *endpoint) {
    if (endpoint == NULL) return;
    grille_session_free(endpoint->session);
    grille_peer_services_free(&endpoint->peer_services, endpoint->budget);
    grille_policy_free(endpoint->policy);
    grille_peer_snapshot_unref(endpoint->peer);
    grille_channel_close(endpoint->peer_channel);
    free(endpoint);
}

void grille_endpoint_close(grille_endpoint *endpoint, grille_code code, const char *text) {
    if (endpoint->closed) return;
    endpoint->closed = true;
    endpoint->close_code = code;
    endpoint->close_text = text;
    grille_session_abort(endpoint->session, GRILLE_REASON_SESSION_CLOSED, text);
    grille_endpoint_client_end_unread(endpoint, code, text);
    if (endpoint->peer_channel != NULL) grille_bound_channel_detach(endpoint->peer_channel, code, text);
    endpoint->close_text = NULL;
}

grille_channel *grille_endpoint_peer_channel(const grille_endpoint *endpoint) {
    return endpoint->peer_channel;
}

bool grille_endpoint_is_idle(const grille_endpoint *endpoint) {
    return endpoint->calls == 0;
}

void grille_endpoint_on_idle(grille_endpoint *endpoint, void (*on_idle)(void *user), void *user) {
    endpoint->on_idle = on_idle;
    endpoint->on_idle_user = user;
}

void grille_endpoint_on_write(grille_endpoint *endpoint, void (*on_write)(void *user), void *user) {
    endpoint->on_write = on_write;
    endpoint->on_write_user = user;
}

grille_session_stats grille_endpoint_session_stats(const grille_endpoint *endpoint) {
    return grille_session_get_stats(endpoint->session);
}

void grille_endpoint_set_clock(grille_endpoint *endpoint, grille_time_us (*clock_us)(void)) {
    endpoint->clock_us = clock_us;
}

/* ---- bytes and time ---- */

/* There may be room for calls that wait. */
static void pump(grille_endpoint *endpoint) {
    if (endpoint->peer_channel != NULL && !endpoint->closed) grille_bound_channel_pump(endpoint->peer_channel);
}

grille_reason grille_endpoint_recv(grille_endpoint *endpoint, grille_bytes plain, grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_endpoint_set_now(endpoint, now_us);
    reason = grille_session_recv(endpoint->session, plain, now_us);
    if (reason == GRILLE_REASON_OK) pump(endpoint);
    return reason;
}

size_t grille_endpoint_recv_wish(const grille_endpoint *endpoint, uint8_t **room) {
    return grille_session_recv_wish(endpoint->session, room);
}

bool grille_endpoint_wants_write(const grille_endpoint *endpoint) {
    return grille_session_wants_write(endpoint->session);
}

grille_reason grille_endpoint_send(grille_endpoint *endpoint, uint8_t *buffer, size_t capacity, size_t *len,
                                   grille_time_us now_us) {
    grille_endpoint_set_now(endpoint, now_us);
    return grille_session_send(endpoint->session, buffer, capacity, len, now_us);
}

void grille_endpoint_sent(grille_endpoint *endpoint, grille_time_us now_us) {
    grille_endpoint_set_now(endpoint, now_us);
    grille_session_sent(endpoint->session, now_us);
    pump(endpoint);
}

grille_time_us grille_endpoint_expiry(const grille_endpoint *endpoint) {
    const grille_time_us expiry_us = grille_session_expiry(endpoint->session);
    grille_time_us waiting_us = GRILLE_TIME_NEVER;
    if (endpoint->peer_channel != NULL && !endpoint->closed) {
        waiting_us = grille_bound_channel_expiry(endpoint->peer_channel);
    }
    return waiting_us < expiry_us ? waiting_us : expiry_us;
}

grille_reason grille_endpoint_tick(grille_endpoint *endpoint, grille_time_us now_us) {
    grille_reason reason = GRILLE_REASON_OK;
    grille_endpoint_set_now(endpoint, now_us);
    if (endpoint->peer_channel != NULL) grille_bound_channel_tick(endpoint->peer_channel, now_us);
    reason = grille_session_tick(endpoint->session, now_us);
    if (reason == GRILLE_REASON_OK) pump(endpoint);
    return reason;
}

grille_time_us grille_endpoint_idle_since(const grille_endpoint *endpoint) {
    return grille_session_idle_since(endpoint->session);
}

/* ---- draining ---- */

void grille_endpoint_drain(grille_endpoint *endpoint, grille_drain_reason reason, grille_time_us now_us) {
    grille_endpoint_set_now(endpoint, now_us);
    grille_session_drain(endpoint->session, reason, now_us);
}

bool grille_endpoint_is_drained(const grille_endpoint *endpoint) {
    return endpoint->drained;
}

bool grille_endpoint_peer_drains(const grille_endpoint *endpoint) {
    return grille_session_peer_drains(endpoint->session) || grille_session_needs_successor(endpoint->session);
}

bool grille_endpoint_has_own_calls(const grille_endpoint *endpoint) {
    return grille_session_get_stats(endpoint->session).own_streams != 0;
}

bool grille_endpoint_has_peer_calls(const grille_endpoint *endpoint) {
    const grille_session_stats stats = grille_session_get_stats(endpoint->session);
    return stats.peer_streams != 0 || stats.handlers != 0;
}

bool grille_endpoint_ids_are_used_up(const grille_endpoint *endpoint) {
    return grille_session_needs_successor(endpoint->session);
}
