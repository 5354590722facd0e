/* SPDX-License-Identifier: Apache-2.0
 * The egress service: made, served, asked, freed; and the events of its calls, which come on threads of channels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "egress/service_private.h"
#include "grille/v1/egress.grille-nano.h"

/* Lines about refusals: who floods the service should not flood its log. */
#define REFUSAL_LINES            20
#define REFUSAL_LINES_PER_SECOND 2

typedef grille_own_grille_v1_egress_connect_server_stream connect_stream;

grille_egress_options grille_egress_options_default(void) {
    return (grille_egress_options){
        .size = sizeof(grille_egress_options),
        .max_connections = GRILLE_DEFAULT_EGRESS_CONNECTIONS,
        .connect_timeout_ms = GRILLE_DEFAULT_EGRESS_CONNECT_TIMEOUT_MS,
        .idle_timeout_ms = GRILLE_DEFAULT_EGRESS_IDLE_TIMEOUT_MS,
        .rate = GRILLE_DEFAULT_EGRESS_RATE,
    };
}

/* ---- Options ---- */

static grille_reason check_number(const char *what, uint32_t value, uint32_t most, grille_error *error) {
    if (value >= 1 && value <= most) return GRILLE_REASON_OK;
    return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT, "egress: %s is %u, expected 1 to %u", what, value, most);
}

static grille_reason check(const grille_egress_options *options, grille_error *error) {
    if (options == NULL || options->size != sizeof *options) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "egress: the options were not made by grille_egress_options_default()");
    }
    if (options->allow_file == NULL && options->allow_count == 0) {
        return grille_error_set(error, GRILLE_REASON_BAD_ARGUMENT,
                                "egress: no allow-list: set allow_file or allow to what may be connected to");
    }
    const struct {
        const char *what;
        uint32_t value, most;
    } numbers[] = {
        {"max_connections", options->max_connections, GRILLE_LIMIT_EGRESS_CONNECTIONS},
        {"connect_timeout_ms", options->connect_timeout_ms, GRILLE_LIMIT_EGRESS_TIMEOUT_MS},
        {"idle_timeout_ms", options->idle_timeout_ms, GRILLE_LIMIT_EGRESS_TIMEOUT_MS},
        {"rate", options->rate, GRILLE_LIMIT_EGRESS_RATE},
    };
    grille_reason reason = GRILLE_REASON_OK;
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < sizeof numbers / sizeof numbers[0]; i++)
        reason = check_number(numbers[i].what, numbers[i].value, numbers[i].most, error);
    return reason;
}

static grille_reason read_allow(const grille_egress_options *options, grille_allow **allow, grille_error *error) {
    grille_reason reason = GRILLE_REASON_OK;
    *allow = NULL;
    if (options->allow_file != NULL) {
        reason = grille_allow_load(options->allow_file, GRILLE_ALLOW_FOR_TARGETS, allow, error);
    } else {
        reason = grille_allow_new(allow);
    }
    for (size_t i = 0; reason == GRILLE_REASON_OK && i < options->allow_count; i++) {
        grille_egress_target target;
        reason = grille_egress_target_parse(options->allow[i], &target, error);
        if (reason == GRILLE_REASON_OK) reason = grille_allow_add(*allow, &target, error);
    }
    if (reason == GRILLE_REASON_OK) return reason;
    grille_allow_free(*allow);
    return grille_error_default(error, reason);
}

/* ---- Life ---- */

static void *run(void *argument) {
    grille_egress_service *service = argument;
    while (!service->stopping || service->connections > 0)
        grille_loop_turn(&service->loop, true);
    grille_resolver_free(service->resolver);
    return NULL;
}

static void on_stop(grille_job *job) {
    grille_container(job, grille_egress_service, stop_job)->stopping = true;
}

static grille_reason start(grille_egress_service *service, grille_error *error) {
    grille_reason reason = grille_loop_init(&service->loop, 0, error);
    if (reason != GRILLE_REASON_OK) return reason;
    reason = grille_resolver_new(&service->loop, NULL, NULL, &service->resolver);
    if (reason == GRILLE_REASON_OK) {
        const int status = pthread_create(&service->thread, NULL, run, service);
        if (status == 0) return GRILLE_REASON_OK;
        reason = grille_error_set(error, GRILLE_REASON_SYSTEM, "egress: no thread: %s", strerror(status));
        grille_resolver_free(service->resolver);
    }
    grille_loop_deinit(&service->loop);
    return grille_error_default(error, reason);
}

grille_code grille_egress_service_new(const grille_egress_options *options, grille_egress_service **service,
                                      grille_error *error) {
    grille_allow *allow = NULL;
    grille_egress_service *made = NULL;
    grille_error_clear(error);
    *service = NULL;
    grille_reason reason = check(options, error);
    if (reason == GRILLE_REASON_OK) reason = read_allow(options, &allow, error);
    if (reason != GRILLE_REASON_OK) return grille_reason_code(reason);
    made = calloc(1, sizeof *made);
    if (made == NULL) {
        grille_allow_free(allow);
        return grille_reason_code(grille_error_default(error, GRILLE_REASON_OUT_OF_MEMORY));
    }
    made->options = *options;
    made->allow = allow;
    made->next_id = 1;
    pthread_mutex_init(&made->lock, NULL);
    grille_job_init(&made->stop_job, on_stop);
    grille_rate_limit_init(&made->new_connections, options->rate, options->rate, grille_clock_us());
    grille_log_limit_init(&made->refusals, REFUSAL_LINES, REFUSAL_LINES_PER_SECOND, grille_clock_us());
    reason = start(made, error);
    if (reason != GRILLE_REASON_OK) {
        grille_allow_free(allow);
        pthread_mutex_destroy(&made->lock);
        free(made);
        return grille_reason_code(reason);
    }
    *service = made;
    return GRILLE_OK;
}

void grille_egress_service_free(grille_egress_service *service) {
    if (service == NULL) return;
    grille_loop_post(&service->loop, &service->stop_job);
    (void)pthread_join(service->thread, NULL);
    grille_loop_deinit(&service->loop);
    grille_allow_free(service->allow);
    pthread_mutex_destroy(&service->lock);
    free(service);
}

void grille_egress_get_counters(grille_egress_service *service, grille_egress_counters *counters) {
    grille_egress_counters told;
    const size_t size = counters->size;
    pthread_mutex_lock(&service->lock);
    told = service->counters;
    pthread_mutex_unlock(&service->lock);
    told.size = size;
    told.connections = atomic_load(&service->open);
    memcpy(counters, &told, size < sizeof told ? size : sizeof told);
}

/* ---- The calls' events ---- */

/* NULL: it has a place. */
static const char *take_place(grille_egress_service *service) {
    const size_t open = atomic_fetch_add(&service->open, 1) + 1;
    const char *why = NULL;
    pthread_mutex_lock(&service->lock);
    if (open > service->options.max_connections) {
        service->counters.refused_full++;
        why = "as many egress connections are open as there may be at once";
    } else if (!grille_rate_limit_take(&service->new_connections, 1, grille_clock_us())) {
        service->counters.refused_rate++;
        why = "too many new egress connections in one second";
    } else if (open > service->counters.highest_connections) {
        service->counters.highest_connections = open;
    }
    pthread_mutex_unlock(&service->lock);
    if (why != NULL) atomic_fetch_sub(&service->open, 1);
    return why;
}

static grille_code on_open(connect_stream *stream, void *user) {
    grille_egress_service *service = user;
    grille_call *call = grille_own_grille_v1_egress_connect_server_call(stream);
    const char *why = take_place(service);
    if (why != NULL) return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "%s", why);
    egress_connection *connection = grille_egress_connection_new(service, call);
    if (connection == NULL) {
        atomic_fetch_sub(&service->open, 1);
        return grille_fail(call, GRILLE_RESOURCE_EXHAUSTED, "out of memory");
    }
    const grille_peer_identity *peer = grille_peer(call);
    const char *who = peer->kind == GRILLE_IDENTITY_NITRO  ? peer->module_id
                      : peer->kind == GRILLE_IDENTITY_X509 ? peer->name
                      : peer->kind == GRILLE_IDENTITY_PSK  ? peer->psk_id
                                                           : "";
    (void)snprintf(connection->peer, sizeof connection->peer, "%s:%.64s set=%.64s",
                   grille_identity_kind_name(peer->kind), who, peer->set);
    /* The text's room is had here, on the call's own thread; the answer is given on another one. */
    (void)grille_fail(call, GRILLE_OK, "%s", "");
    grille_call_set_data(call, connection);
    grille_loop_post(&service->loop, &connection->begin);
    return GRILLE_OK;
}

/* NULL: it is a request. */
static const char *take_request(egress_connection *connection, const grille_v1_EgressPiece *piece) {
    if (piece->host.len == 0 || piece->host.len > GRILLE_LIMIT_HOST_NAME_BYTES ||
        memchr(piece->host.data, 0, piece->host.len) != NULL) {
        return "the first piece has no host of 1 to 253 bytes";
    }
    if (piece->data.len != 0 || piece->address.len != 0 || piece->end) {
        return "the first piece has more than a host and a port";
    }
    pthread_mutex_lock(&connection->bridge.lock);
    memcpy(connection->host, piece->host.data, piece->host.len);
    connection->port = piece->port;
    connection->has_request = true;
    pthread_mutex_unlock(&connection->bridge.lock);
    grille_egress_bridge_tell(&connection->bridge);
    return NULL;
}

static const char *take_data(egress_connection *connection, grille_call *call, const grille_v1_EgressPiece *piece) {
    if (piece->host.len != 0 || piece->port != 0 || piece->address.len != 0 || piece->end) {
        return "a piece behind the first one has more than data";
    }
    if (piece->data.len == 0 || piece->data.len > GRILLE_LIMIT_EGRESS_PIECE_BYTES) {
        return "a piece has no data, or more than 16000 bytes";
    }
    return grille_egress_bridge_take(&connection->bridge, call, piece->data) ? NULL : "out of memory";
}

static void on_message(connect_stream *stream, const grille_v1_EgressPiece *piece, void *user) {
    grille_call *call = grille_own_grille_v1_egress_connect_server_call(stream);
    egress_connection *connection = grille_call_data(call);
    (void)user;
    /* Written on this thread alone. */
    const char *violation =
        connection->has_request ? take_data(connection, call, piece) : take_request(connection, piece);
    if (violation == NULL) return;
    pthread_mutex_lock(&connection->bridge.lock);
    connection->violation = violation;
    pthread_mutex_unlock(&connection->bridge.lock);
    grille_egress_bridge_tell(&connection->bridge);
}

static void on_half_close(connect_stream *stream, void *user) {
    egress_connection *connection = grille_call_data(grille_own_grille_v1_egress_connect_server_call(stream));
    (void)user;
    if (!connection->has_request) {
        pthread_mutex_lock(&connection->bridge.lock);
        connection->violation = "the stream ended before its first piece";
        pthread_mutex_unlock(&connection->bridge.lock);
    }
    grille_egress_bridge_end_of_stream(&connection->bridge);
}

static void on_writable(connect_stream *stream, void *user) {
    egress_connection *connection = grille_call_data(grille_own_grille_v1_egress_connect_server_call(stream));
    (void)user;
    grille_egress_bridge_tell(&connection->bridge);
}

static void on_end(connect_stream *stream, grille_call_end why, void *user) {
    egress_connection *connection = grille_call_data(grille_own_grille_v1_egress_connect_server_call(stream));
    (void)why;
    (void)user;
    /* Whoever sees it frees: nothing of the connection is touched behind the lock. */
    pthread_mutex_lock(&connection->bridge.lock);
    connection->call_ended = true;
    grille_egress_bridge_tell_locked(&connection->bridge);
    pthread_mutex_unlock(&connection->bridge.lock);
}

grille_code grille_egress_register(grille_egress_service *service, grille_services *services, grille_error *error) {
    static const grille_own_grille_v1_egress_handlers handlers = {
        .connect = {on_open, on_message, on_half_close, on_writable, on_end}};
    return grille_own_grille_v1_egress_serve(services, &handlers, service, error);
}
