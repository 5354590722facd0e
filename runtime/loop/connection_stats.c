/* SPDX-License-Identifier: Apache-2.0
 * What a connection tells the counters of its loop: that it opened or why it did not, and how it stands. */
#include <string.h>

#include "loop/connection_private.h"

/* While there is traffic one connection of a loop tells at once how it stands, not more often than this; and for each
 * stream that has to be looked at, which takes some ten nanoseconds, a microsecond more. All others do when the loop
 * tidies up: where many are used in turn, telling with each call costs more lines of memory than the call's frames. */
enum { PUBLISH_US = 1000 };

void grille_connection_count_open(grille_connection *connection) {
    grille_connection_counters *counters = &connection->counters;
    if (connection->stats == NULL) return;
    grille_stats_handshake(connection->stats, GRILLE_REASON_OK);
    memcpy(counters->set, grille_endpoint_peer(connection->endpoint)->set, sizeof counters->set);
    counters->since_us = connection->loop->now_us;
    grille_stats_add_connection(connection->stats, counters);
    connection->listed = true;
}

/* The reason behind a name of the table; INTERNAL for another one. */
static grille_reason reason_of(const grille_error *why) {
    for (int reason = 1; reason < GRILLE_REASON_COUNT; reason++) {
        if (strcmp(why->name, grille_reason_name((grille_reason)reason)) == 0) return (grille_reason)reason;
    }
    return GRILLE_REASON_INTERNAL;
}

void grille_connection_count_end(grille_connection *connection, const grille_error *why) {
    grille_job_cancel(&connection->tell);
    if (connection->listed) {
        grille_stats_remove_connection(connection->stats, &connection->counters);
        connection->listed = false;
    } else if (connection->stage == CONNECTION_HANDSHAKE && why->code != GRILLE_OK) {
        grille_stats_handshake(connection->stats, reason_of(why));
    }
}

#define publish(field, value) atomic_store_explicit(&counters->field, (value), memory_order_relaxed)

void grille_connection_publish(grille_connection *connection, bool now) {
    grille_connection_counters *counters = &connection->counters;
    grille_loop *loop = connection->loop;
    grille_session_stats session;
    if (!connection->listed) return;
    if (!now && loop->now_us < loop->tell_us) {
        grille_loop_when_tidying(loop, &connection->tell);
        return;
    }
    grille_job_cancel(&connection->tell);
    session = grille_endpoint_session_stats(connection->endpoint);
    loop->tell_us = loop->now_us + PUBLISH_US + session.holding_streams + session.blocked_streams;
    publish(own_calls, session.own_streams);
    publish(peer_calls, session.peer_streams);
    publish(send_credit_bytes, session.send_credit_bytes);
    publish(receive_credit_bytes, session.receive_credit_bytes);
    publish(blocked_streams, session.blocked_streams);
    publish(unconsumed_bytes, session.undone_bytes);
    publish(holder_stream, session.largest_holder_stream);
    publish(holder_bytes, session.largest_holder_bytes);
    publish(frames_received, session.frames_in);
    publish(frames_sent, session.frames_out);
    publish(calls_refused, session.calls_refused);
    publish(memory_bytes, connection->budget.used_bytes);
}

void grille_connection_on_tell(grille_job *job) {
    grille_connection *connection = grille_container(job, grille_connection, tell);
    grille_connection_find_footprint(connection);
    grille_connection_publish(connection, true);
}
