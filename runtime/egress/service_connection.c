/* SPDX-License-Identifier: Apache-2.0
 * One connection of the egress service, on its loop: asked for, reached, carried, answered; then it waits for the end
 * of its call and goes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "egress/service_private.h"
#include "grille/log.h"
#include "grille/v1/egress.grille-nano.h"

static egress_connection *of_bridge(grille_egress_bridge *bridge) {
    return grille_container(bridge, egress_connection, bridge);
}

static void count(grille_egress_service *service, uint64_t *counter, uint64_t more) {
    pthread_mutex_lock(&service->lock);
    *counter += more;
    pthread_mutex_unlock(&service->lock);
}

/* ---- The end ---- */

static void log_end(const egress_connection *connection, const char *why) {
    if (connection->id == 0) return;
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_SERVICES,
               "egress connection %" PRIu64 ": end%s%s to_target_bytes=%" PRIu64 " to_peer_bytes=%" PRIu64
               " duration_ms=%" PRIu64 " reason=\"%s\"",
               connection->id, connection->address[0] != '\0' ? " address=" : "", connection->address,
               connection->bridge.to_transport, connection->bridge.from_transport,
               (grille_clock_us() - connection->started_us) / 1000, why);
}

static void log_refusal(egress_connection *connection, const char *why) {
    grille_egress_service *service = connection->service;
    uint64_t left_out = 0;
    if (!grille_log_limit_take(&service->refusals, grille_clock_us(), &left_out)) return;
    grille_log_left_out(GRILLE_LOG_SERVICES, "refused egress connections", left_out);
    grille_log(GRILLE_LOG_WARNING, GRILLE_LOG_SERVICES, "egress refused peer=%s target=%s reason=\"%s\"",
               connection->peer, connection->target[0] != '\0' ? connection->target : "?", why);
}

/* Closes what is open; answers unless the call has ended. `text` NULL: OK. */
static void finish(egress_connection *connection, grille_code code, const char *text) {
    grille_egress_service *service = connection->service;
    grille_egress_bridge *bridge = &connection->bridge;
    if (connection->stage == CONNECTION_OVER) return;
    connection->stage = CONNECTION_OVER;
    if (connection->reach != NULL) grille_reach_cancel(connection->reach);
    connection->reach = NULL;
    (void)uv_timer_stop(&connection->timer);
    log_end(connection, text == NULL ? "done" : text);
    pthread_mutex_lock(&service->lock);
    service->counters.bytes_to_targets += bridge->to_transport;
    service->counters.bytes_to_peers += bridge->from_transport;
    pthread_mutex_unlock(&service->lock);
    grille_egress_bridge_close(bridge);
    pthread_mutex_lock(&bridge->lock);
    const bool ended = connection->call_ended;
    pthread_mutex_unlock(&bridge->lock);
    if (ended) return;
    if (text != NULL) (void)grille_fail(bridge->call, code, "%s", text);
    (void)grille_call_answer(bridge->call, code, NULL);
}

static void release(egress_connection *connection) {
    if (--connection->handles > 0) return;
    connection->service->connections--;
    atomic_fetch_sub(&connection->service->open, 1);
    grille_egress_bridge_deinit(&connection->bridge);
    free(connection);
}

static void on_timer_closed(uv_handle_t *timer) {
    release(timer->data);
}

static void on_transport_closed(grille_egress_bridge *bridge) {
    release(of_bridge(bridge));
}

/* The call has ended: nothing of it comes any more. */
static void leave(egress_connection *connection) {
    finish(connection, GRILLE_CANCELLED, "the caller ended the call");
    grille_egress_bridge_detach(&connection->bridge);
    grille_egress_bridge_drop_call(&connection->bridge);
    uv_close((uv_handle_t *)&connection->timer, on_timer_closed);
}

/* ---- Carrying ---- */

static void on_timer(uv_timer_t *timer);

static void settle(egress_connection *connection) {
    const grille_egress_bridge *bridge = &connection->bridge;
    char text[128];
    if (bridge->broken != 0) {
        (void)snprintf(text, sizeof text, "the target %s",
                       bridge->broken == -ECONNRESET ? "reset the connection" : strerror(-bridge->broken));
        finish(connection, GRILLE_UNAVAILABLE, text);
    } else if (bridge->end_told && grille_egress_bridge_is_drained(&connection->bridge) &&
               (bridge->shut || bridge->deaf)) {
        finish(connection, GRILLE_OK, NULL);
    }
}

/* The first piece of the answer; no byte goes before it. */
static bool tell_address(egress_connection *connection) {
    const grille_v1_EgressPiece piece = {.address = grille_bytes_of_text(connection->address)};
    if (!connection->address_told) {
        connection->address_told = grille_call_send(connection->bridge.call, &piece) != GRILLE_AGAIN;
    }
    return connection->address_told;
}

static void carry(egress_connection *connection) {
    if (!tell_address(connection)) return;
    if (grille_egress_bridge_pump(&connection->bridge)) connection->active_us = grille_clock_us();
    settle(connection);
}

static grille_code tell_end(grille_egress_bridge *bridge) {
    const grille_v1_EgressPiece piece = {.end = true};
    return grille_call_send(bridge->call, &piece);
}

/* ---- Reaching ---- */

static void on_reached(void *user, grille_conduit conduit, const grille_address *address, const grille_error *error) {
    egress_connection *connection = user;
    grille_egress_service *service = connection->service;
    grille_error failure = *error;
    connection->reach = NULL;
    if (grille_conduit_is_open(conduit)) {
        grille_address_format(address, connection->address);
        if (grille_egress_bridge_open(&connection->bridge, conduit, &failure) == GRILLE_REASON_OK) {
            connection->handles++;
            connection->stage = CONNECTION_OPEN;
            connection->active_us = grille_clock_us();
            (void)uv_timer_start(&connection->timer, on_timer, service->options.idle_timeout_ms, 0);
            carry(connection);
            return;
        }
    }
    count(service, &service->counters.target_failures, 1);
    const bool late = strcmp(failure.name, grille_reason_name(GRILLE_REASON_LOOP_DIAL_TIMEOUT)) == 0;
    finish(connection,
           late                  ? GRILLE_DEADLINE_EXCEEDED
           : failure.code < 1000 ? failure.code
                                 : GRILLE_UNAVAILABLE,
           failure.text);
}

static void refuse(egress_connection *connection, grille_code code, const char *why) {
    count(connection->service, &connection->service->counters.refused, 1);
    log_refusal(connection, why);
    finish(connection, code, why);
}

static void reach(egress_connection *connection) {
    grille_egress_service *service = connection->service;
    grille_egress_target target;
    grille_error error;
    if (grille_egress_target_of(grille_bytes_of_text(connection->host), connection->port, &target, &error) !=
        GRILLE_REASON_OK) {
        refuse(connection, GRILLE_INVALID_ARGUMENT, error.text);
        return;
    }
    grille_egress_target_format(&target, connection->target);
    if (!grille_allow_has_target(service->allow, &target)) {
        refuse(connection, GRILLE_PERMISSION_DENIED, "the host and port are not in the allow-list of the parent");
        return;
    }
    count(service, &service->counters.accepted, 1);
    connection->id = service->next_id++;
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_SERVICES, "egress connection %" PRIu64 ": start peer=%s target=%s",
               connection->id, connection->peer, connection->target);
    const grille_reach_start start = {
        &service->loop, service->resolver, service->allow, &target, service->options.connect_timeout_ms,
        on_reached,     connection};
    connection->stage = CONNECTION_REACHING;
    (void)uv_timer_stop(&connection->timer);
    if (grille_reach_begin(&start, &connection->reach) == GRILLE_REASON_OK) return;
    connection->reach = NULL;
    finish(connection, GRILLE_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- Events ---- */

static void on_timer(uv_timer_t *timer) {
    egress_connection *connection = timer->data;
    const uint64_t idle_us = (uint64_t)connection->service->options.idle_timeout_ms * 1000;
    const grille_time_us now_us = grille_clock_us();
    grille_loop_active(connection->bridge.loop);
    if (connection->stage == CONNECTION_ASKED) {
        refuse(connection, GRILLE_DEADLINE_EXCEEDED, "the first piece did not come within the connect timeout");
    } else if (connection->active_us + idle_us > now_us) {
        (void)uv_timer_start(timer, on_timer, (connection->active_us + idle_us - now_us + 999) / 1000, 0);
    } else {
        finish(connection, GRILLE_DEADLINE_EXCEEDED, "idle timeout: no byte came in either direction");
    }
}

static void on_moved(grille_egress_bridge *bridge) {
    egress_connection *connection = of_bridge(bridge);
    if (connection->handles == 0) return; /* on_begin looks */
    pthread_mutex_lock(&bridge->lock);
    const bool ended = connection->call_ended, asked = connection->has_request;
    const char *violation = connection->violation;
    pthread_mutex_unlock(&bridge->lock);
    if (violation != NULL && connection->stage != CONNECTION_OVER)
        refuse(connection, GRILLE_INVALID_ARGUMENT, violation);
    if (ended) {
        leave(connection);
    } else if (connection->stage == CONNECTION_ASKED && asked) {
        reach(connection);
    } else if (connection->stage == CONNECTION_OPEN) {
        carry(connection);
    }
}

static void on_begin(grille_job *job) {
    egress_connection *connection = grille_container(job, egress_connection, begin);
    grille_egress_service *service = connection->service;
    grille_loop_active(&service->loop);
    service->connections++;
    (void)uv_timer_init(&service->loop.uv, &connection->timer);
    connection->timer.data = connection;
    connection->handles = 1;
    connection->started_us = grille_clock_us();
    (void)uv_timer_start(&connection->timer, on_timer, service->options.connect_timeout_ms, 0);
    on_moved(&connection->bridge);
}

egress_connection *grille_egress_connection_new(grille_egress_service *service, grille_call *call) {
    static const grille_egress_bridge_ops ops = {on_moved, tell_end, on_transport_closed};
    egress_connection *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    if (grille_egress_bridge_init(&made->bridge, &ops, &service->loop) != GRILLE_REASON_OK) {
        free(made);
        return NULL;
    }
    made->service = service;
    grille_job_init(&made->begin, on_begin);
    grille_egress_bridge_set_call(&made->bridge, call);
    return made;
}
