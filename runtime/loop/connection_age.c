/* SPDX-License-Identifier: Apache-2.0
 * How old a connection of a server may get, and how long it may be of no use: then it is drained. */
#include "base/backoff.h"
#include "base/error.h"
#include "loop/connection_private.h"

/* Connections that came together do not go together. */
enum { AGE_JITTER_PERMILLE = 100 };

void grille_connection_age_init(grille_connection *connection, const grille_connection_options *options) {
    uint32_t random = 0;
    connection->drain_at_us = GRILLE_TIME_NEVER;
    connection->cut_at_us = GRILLE_TIME_NEVER;
    connection->idle_timeout_us = options->idle_timeout_ms * UINT64_C(1000);
    connection->max_age_grace_us = options->max_age_grace_ms * UINT64_C(1000);
    if (options->max_age_ms == 0) return;
    /* Without randomness they go together: no harm but a peak. */
    if (options->crypto->random((uint8_t *)&random, sizeof random) != GRILLE_REASON_OK) random = UINT32_MAX / 2;
    connection->drain_at_us = grille_time_after(
        connection->loop->now_us, grille_jitter_us(options->max_age_ms * UINT64_C(1000), AGE_JITTER_PERMILLE, random));
}

static grille_time_us idle_due(const grille_connection *connection) {
    grille_time_us since_us = GRILLE_TIME_NEVER;
    if (connection->idle_timeout_us == 0 || connection->draining) return GRILLE_TIME_NEVER;
    since_us = grille_endpoint_idle_since(connection->endpoint);
    return since_us == GRILLE_TIME_NEVER ? since_us : grille_time_after(since_us, connection->idle_timeout_us);
}

static grille_time_us age_due(const grille_connection *connection) {
    return connection->draining ? connection->cut_at_us : connection->drain_at_us;
}

grille_time_us grille_connection_age_expiry(const grille_connection *connection) {
    grille_time_us idle_us = GRILLE_TIME_NEVER;
    if (connection->stage != CONNECTION_FRAMES) return GRILLE_TIME_NEVER;
    idle_us = idle_due(connection);
    return idle_us < age_due(connection) ? idle_us : age_due(connection);
}

static void cut(grille_connection *connection) {
    grille_error why;
    (void)grille_error_set(&why, GRILLE_REASON_LOOP_DRAINED,
                           "calls still ran %llu ms after the connection had reached its greatest age",
                           (unsigned long long)(connection->max_age_grace_us / 1000));
    grille_connection_end(connection, &why, GRILLE_UNAVAILABLE);
}

void grille_connection_age_tick(grille_connection *connection, grille_time_us now_us) {
    if (connection->stage != CONNECTION_FRAMES) return;
    if (connection->draining) {
        if (connection->cut_at_us <= now_us) cut(connection);
    } else if (connection->drain_at_us <= now_us) {
        if (connection->max_age_grace_us != 0) {
            connection->cut_at_us = grille_time_after(now_us, connection->max_age_grace_us);
        }
        grille_connection_drain(connection, GRILLE_DRAIN_AGE);
    } else if (idle_due(connection) <= now_us) {
        grille_connection_drain(connection, GRILLE_DRAIN_IDLE);
    }
}
