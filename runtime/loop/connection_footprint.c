/* SPDX-License-Identifier: Apache-2.0
 * The memory of a connection that a call touches, asked for before it is needed: what a record touches while the socket
 * is read, what its frames touch while it is decrypted. */
#include "loop/connection_private.h"

void grille_connection_find_footprint(grille_connection *connection) {
    if (connection->stage != CONNECTION_FRAMES) return;
    grille_footprint_clear(&connection->records);
    grille_footprint_clear(&connection->frames);
    grille_footprint_add(&connection->records, &connection->loop,
                         offsetof(grille_connection, counters) - offsetof(grille_connection, loop));
    grille_secure_footprint(connection->secure, &connection->records);
    grille_endpoint_footprint(connection->endpoint, &connection->frames);
}

/* What was asked for last is here, and asking again takes a tenth of a microsecond. */
static bool is_latest(const grille_connection *connection) {
    return connection->loop->latest == connection;
}

void grille_connection_expect_record(const grille_connection *connection) {
    if (!is_latest(connection)) grille_footprint_fetch(&connection->records);
}

void grille_connection_expect_frames(grille_connection *connection) {
    if (is_latest(connection)) return;
    connection->loop->latest = connection;
    grille_footprint_fetch(&connection->frames);
}

void grille_connection_expect_call(grille_connection *connection) {
    grille_connection_expect_record(connection);
    grille_connection_expect_frames(connection);
}

void grille_connection_expect_next(const grille_connection *connection) {
    grille_footprint_fetch(&connection->frames);
    grille_footprint_fetch(&connection->records);
}

void grille_connection_expect_soon(const grille_connection *connection) {
    grille_footprint own = {0};
    grille_footprint_add(&own, connection, offsetof(grille_connection, loop) + sizeof connection->loop);
    grille_footprint_fetch(&own);
}
