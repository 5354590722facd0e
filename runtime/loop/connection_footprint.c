/* SPDX-License-Identifier: Apache-2.0
 * The memory of a connection that a call touches, asked for before it is needed: what a record touches while the socket
 * is read, the rest while the record is decrypted. All of it at once would wait for the CPU, which asks for some twenty
 * lines at a time. */
#include "loop/connection_private.h"

void grille_connection_find_footprint(grille_connection *connection) {
    if (connection->stage != CONNECTION_FRAMES) return;
    grille_footprint_clear(&connection->incoming);
    grille_footprint_clear(&connection->rest);
    grille_footprint_add(&connection->incoming, &connection->loop,
                         offsetof(grille_connection, counters) - offsetof(grille_connection, loop));
    grille_endpoint_footprint(connection->endpoint, &connection->rest);
    grille_secure_footprint(connection->secure, &connection->incoming, &connection->rest);
}

/* Asking again takes a tenth of a microsecond. */
static bool is_asked_for(const grille_connection *connection) {
    return connection->loop->latest == connection || connection->loop->coming == connection;
}

void grille_connection_expect_record(const grille_connection *connection) {
    if (!is_asked_for(connection)) grille_footprint_fetch(&connection->incoming);
}

void grille_connection_expect_rest(grille_connection *connection) {
    if (!is_asked_for(connection)) grille_footprint_fetch(&connection->rest);
    connection->loop->latest = connection;
}

void grille_connection_expect_call(grille_connection *connection) {
    if (!is_asked_for(connection)) {
        grille_footprint_fetch(&connection->rest);
        grille_footprint_fetch(&connection->incoming);
    }
    connection->loop->latest = connection;
}

void grille_connection_expect_next(const grille_connection *connection) {
    grille_footprint_fetch(&connection->rest);
    grille_footprint_fetch(&connection->incoming);
    connection->loop->coming = connection;
}

void grille_connection_expect_soon(const grille_connection *connection) {
    grille_footprint own = {0};
    grille_footprint_add(&own, connection, offsetof(grille_connection, loop) + sizeof connection->loop);
    grille_footprint_fetch(&own);
}
