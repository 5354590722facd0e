/* SPDX-License-Identifier: Apache-2.0
 * What wakes a connection: its socket, and the one timer for everything that is due. */
#include <string.h>

#include "base/error.h"
#include "loop/connection_private.h"

void grille_connection_on_ready(grille_transport *transport, int status, int events) {
    grille_connection *connection = grille_container(transport, grille_connection, transport);
    grille_connection_expect_record(connection);
    grille_loop_active(connection->loop);
    grille_loop_refresh(connection->loop);
    /* The error is named by a read, behind what can still be read. */
    if (status != 0 || (events & UV_READABLE) != 0) grille_connection_on_readable(connection);
    if (status != 0 && !connection->at_end) grille_connection_poll(connection, UV_READABLE);
    if ((events & UV_WRITABLE) != 0 && connection->stage < CONNECTION_LINGER) grille_connection_write(connection);
}

/* Nothing would wake the connection any more, so its timer ends it: the caller may be in the middle of something. A
 * goodbye has a time of its own. */
static void end_soon(grille_connection *connection, int status) {
    if (connection->ended) return;
    if (!connection->broken) {
        (void)grille_error_set(&connection->broken_why, GRILLE_REASON_LOOP_CONNECTION_LOST,
                               "the socket can't be watched: %s. Likely something in this process closed its "
                               "descriptor",
                               strerror(-status));
    }
    connection->broken = true;
    connection->broken_until_us = connection->loop->now_us;
    grille_connection_arm(connection);
}

void grille_connection_poll(grille_connection *connection, int events) {
    if (connection->stage == CONNECTION_GONE) return;
    const int status = grille_transport_watch(&connection->transport, events);
    if (status != 0) end_soon(connection, status);
}

static grille_time_us earliest(grille_time_us left, grille_time_us right) {
    return left < right ? left : right;
}

static grille_time_us trim_due(const grille_connection *connection) {
    if (connection->ended || !grille_secure_holds(connection->secure)) return GRILLE_TIME_NEVER;
    return grille_time_after(connection->last_active_us, GRILLE_CONNECTION_IDLE_MS * 1000);
}

static grille_time_us next_expiry(const grille_connection *connection) {
    if (connection->ended) return connection->linger_until_us;
    grille_time_us next = earliest(grille_secure_expiry(connection->secure), trim_due(connection));
    next = earliest(next, earliest(connection->broken_until_us, grille_connection_age_expiry(connection)));
    next = earliest(next, grille_connection_trust_expiry(connection));
    if (connection->endpoint != NULL) next = earliest(next, grille_endpoint_expiry(connection->endpoint));
    return next;
}

static void trim(grille_connection *connection, grille_time_us now_us) {
    if (now_us >= trim_due(connection)) grille_secure_trim(connection->secure);
}

static void tick(grille_connection *connection, grille_time_us now_us) {
    if (connection->broken_until_us <= now_us) {
        grille_connection_lose(connection, &connection->broken_why);
        return;
    }
    grille_connection_age_tick(connection, now_us);
    if (connection->ended) return;
    grille_connection_trust_tick(connection, now_us);
    if (connection->ended) return;
    trim(connection, now_us);
    if (grille_secure_expiry(connection->secure) <= now_us) {
        grille_loop_step(connection->loop, &connection->step);
    }
    if (connection->endpoint == NULL || grille_endpoint_expiry(connection->endpoint) > now_us) return;
    if (grille_endpoint_tick(connection->endpoint, now_us) != GRILLE_REASON_OK) {
        grille_error why = *grille_endpoint_failure(connection->endpoint);
        grille_connection_queue_goodbye(connection);
        grille_connection_end(connection, &why, GRILLE_UNAVAILABLE);
        return;
    }
    connection->events->on_progress(connection, connection->user);
    grille_connection_changed(connection);
}

static void on_timer(uv_timer_t *timer) {
    grille_connection *connection = timer->data;
    grille_time_us now_us = grille_loop_refresh(connection->loop);
    grille_loop_active(connection->loop);
    connection->armed_us = GRILLE_TIME_NEVER;
    if (!connection->ended) {
        grille_connection_publish(connection, true);
        tick(connection, now_us);
    } else if (now_us >= connection->linger_until_us) {
        grille_connection_finish(connection);
    }
    grille_connection_arm(connection);
}

void grille_connection_arm(grille_connection *connection) {
    if (connection->stage == CONNECTION_GONE) return;
    grille_time_us next = next_expiry(connection);
    /* A timer that fires early is harmless and cheaper than setting it for each call. */
    if (next >= connection->armed_us) return;
    connection->armed_us = next;
    grille_time_us now_us = connection->loop->now_us;
    /* Never 0: libuv would run the timer again at once, and for ever. */
    uint64_t delay_ms = next <= now_us ? 1 : (next - now_us + 999) / 1000;
    (void)uv_timer_start(&connection->timer, on_timer, delay_ms, 0);
}
