/* SPDX-License-Identifier: Apache-2.0
 * From the endpoint to the socket: the frames of one turn are built in one buffer, sealed into as few full records as
 * they need and leave in one write. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "loop/connection_private.h"

/* Buffers written for one connection in one turn, so that a large message does not hold up the others. */
#define BUFFERS_PER_TURN 8

typedef enum write_result { WROTE_ALL, WROTE_PART, WRITE_BROKE } write_result;

static write_result write_outgoing(grille_connection *connection) {
    grille_bytes outgoing = grille_secure_outgoing(connection->secure);
    if (outgoing.len == 0) return WROTE_ALL;
    long moved = grille_transport_write(&connection->transport, outgoing.data, outgoing.len);
    if (moved == -EAGAIN) return WROTE_PART;
    if (moved < 0) {
        grille_error why;
        (void)grille_error_set(&why, GRILLE_REASON_LOOP_CONNECTION_LOST, "writing to the socket failed: %s",
                               strerror((int)-moved));
        grille_connection_break(connection, &why);
        return WRITE_BROKE;
    }
    connection->last_active_us = connection->loop->now_us;
    grille_secure_sent(connection->secure, (size_t)moved);
    return (size_t)moved == outgoing.len ? WROTE_ALL : WROTE_PART;
}

/* One record's frames. False when there were none, or when sealing failed and the connection ended. */
static bool seal_record(grille_connection *connection) {
    grille_loop *loop = connection->loop;
    if (connection->endpoint == NULL || connection->ended || !grille_endpoint_wants_write(connection->endpoint)) {
        return false;
    }
    size_t len = 0;
    grille_reason reason =
        grille_endpoint_send(connection->endpoint, loop->send, GRILLE_LOOP_SEND_BYTES, &len, loop->now_us);
    if (len > loop->send_dirty) loop->send_dirty = len;
    grille_loop_tidy_later(loop);
    if (reason == GRILLE_REASON_OK && len == 0) return false;
    if (reason == GRILLE_REASON_OK) {
        reason = grille_secure_write(connection->secure, (grille_bytes){loop->send, len});
    }
    if (reason != GRILLE_REASON_OK) {
        grille_error why = *grille_secure_failure(connection->secure);
        if (why.code == GRILLE_OK) (void)grille_error_default(&why, reason);
        grille_connection_end(connection, &why, GRILLE_UNAVAILABLE);
        return false;
    }
    connection->unsent = true;
    return true;
}

/* Seals the frames that wait, as many as leave in one write, record by record: what was built is sealed while the CPU's
 * cache has it. False when there were none. */
static bool seal_frames(grille_connection *connection) {
    unsigned records = 0;
    while (records < GRILLE_LOOP_WRITE_RECORDS && seal_record(connection))
        records++;
    return records > 0;
}

void grille_connection_queue_goodbye(grille_connection *connection) {
    if (seal_frames(connection)) connection->unsent = false;
}

static void all_sent(grille_connection *connection) {
    if (!connection->unsent) return;
    connection->unsent = false;
    if (connection->ended) return;
    grille_endpoint_sent(connection->endpoint, connection->loop->now_us);
    connection->events->on_progress(connection, connection->user);
}

static void after_all(grille_connection *connection) {
    grille_connection_publish(connection, false);
    grille_connection_poll(connection, UV_READABLE);
    if (connection->ended) {
        grille_connection_said_goodbye(connection);
    } else if (connection->draining && connection->endpoint != NULL &&
               grille_endpoint_is_drained(connection->endpoint) &&
               !grille_endpoint_has_own_calls(connection->endpoint)) {
        grille_connection_close(connection, GRILLE_UNAVAILABLE, "the connection was drained");
    } else {
        grille_connection_arm(connection);
    }
}

static void write_in_turns(grille_connection *connection) {
    for (unsigned buffers = 0; connection->stage < CONNECTION_LINGER && !connection->broken; buffers++) {
        switch (write_outgoing(connection)) {
        case WRITE_BROKE:
            return;
        case WROTE_PART:
            /* While the goodbye waits nothing is read: what comes then has no reader. */
            grille_connection_poll(connection, connection->ended ? UV_WRITABLE : UV_READABLE | UV_WRITABLE);
            grille_connection_arm(connection);
            return;
        case WROTE_ALL:
            all_sent(connection);
        }
        if (buffers == BUFFERS_PER_TURN) {
            grille_connection_changed(connection);
            return;
        }
        if (!seal_frames(connection) && grille_secure_outgoing(connection->secure).len == 0) {
            after_all(connection);
            return;
        }
    }
}

void grille_connection_write(grille_connection *connection) {
    grille_loop *loop = connection->loop;
    grille_secure_lend(connection->secure, loop->outgoing, GRILLE_LOOP_OUTGOING_BYTES);
    write_in_turns(connection);
    if (grille_secure_reclaim(connection->secure) == GRILLE_REASON_OK) return;
    grille_error why = *grille_secure_failure(connection->secure);
    grille_connection_lose(connection, &why);
}

void grille_connection_on_flush(grille_job *job) {
    grille_connection *connection = grille_container(job, grille_connection, flush);
    if (connection->stage >= CONNECTION_LINGER) return;
    grille_connection_write(connection);
}
