/* SPDX-License-Identifier: Apache-2.0
 * From the socket to the endpoint: one read takes all that is there, all complete records are drained before anything
 * is answered. */
#include <errno.h>
#include <string.h>

#include "attest/evidence.h"
#include "base/error.h"
#include "loop/connection_private.h"

static void fail_secure(grille_connection *connection) {
    grille_error why = *grille_secure_failure(connection->secure);
    grille_connection_end(connection, &why,
                          why.code == GRILLE_UNAUTHENTICATED ? GRILLE_UNAUTHENTICATED : GRILLE_UNAVAILABLE);
}

static void fail_endpoint(grille_connection *connection) {
    grille_error why = *grille_endpoint_failure(connection->endpoint);
    grille_connection_queue_goodbye(connection);
    grille_connection_end(connection, &why, GRILLE_UNAVAILABLE);
}

static void peer_closed(grille_connection *connection, const char *how) {
    grille_error why;
    (void)grille_error_set(&why, GRILLE_REASON_LOOP_PEER_CLOSED, "the peer closed the connection %s", how);
    grille_connection_lose(connection, &why);
}

/* Reads until no complete record is left. */
static void drain_records(grille_connection *connection) {
    grille_loop *loop = connection->loop;
    while (connection->stage == CONNECTION_FRAMES) {
        uint8_t *into = NULL;
        size_t len = 0;
        size_t capacity = grille_endpoint_recv_wish(connection->endpoint, &into);
        if (into == NULL) into = loop->plain;
        if (capacity == 0 || capacity > GRILLE_LOOP_PLAIN_BYTES) capacity = GRILLE_LOOP_PLAIN_BYTES;
        grille_reason reason = grille_secure_read(connection->secure, into, capacity, &len, loop->now_us);
        if (reason == GRILLE_REASON_MORE) {
            if (grille_secure_get_state(connection->secure) == GRILLE_SECURE_CLOSED) {
                peer_closed(connection, "in good order");
            }
            return;
        }
        if (reason != GRILLE_REASON_OK) {
            fail_secure(connection);
            return;
        }
        if (into == loop->plain) {
            if (len > loop->plain_dirty) loop->plain_dirty = len;
            grille_loop_tidy_later(loop);
        }
        reason = grille_endpoint_recv(connection->endpoint, (grille_bytes){into, len}, loop->now_us);
        if (grille_secure_get_state(connection->secure) == GRILLE_SECURE_FAILED) {
            fail_secure(connection);
            return;
        }
        if (reason != GRILLE_REASON_OK) {
            fail_endpoint(connection);
            return;
        }
    }
}

static void receive_frames(grille_connection *connection) {
    drain_records(connection);
    if (connection->stage != CONNECTION_FRAMES) return;
    if (connection->gate_came) grille_connection_follow_trust(connection);
    connection->gate_came = false;
    if (connection->stage != CONNECTION_FRAMES) return;
    connection->events->on_progress(connection, connection->user);
    if (connection->stage != CONNECTION_FRAMES) return;
    if (connection->draining || grille_endpoint_wants_write(connection->endpoint) ||
        grille_secure_outgoing(connection->secure).len > 0) {
        grille_connection_changed(connection);
    } else {
        grille_connection_publish(connection, false);
        grille_connection_arm(connection);
    }
}

static void on_idle(void *user) {
    grille_connection_changed(user);
}

/* When it ends the channel, that is seen once the endpoint has returned. Calls that came in the same read, behind it,
 * see what the peer has proved; without memory for that, following the trust ends the connection. */
static void on_gate(void *user, grille_bytes payload) {
    grille_connection *connection = user;
    const grille_reason reason = grille_secure_gate_frame(connection->secure, payload, connection->loop->now_us,
                                                          grille_connection_wall_ms(connection));
    connection->gate_came = true;
    if (reason != GRILLE_REASON_OK) return;
    (void)grille_connection_take_peer(connection);
    grille_loop_step(connection->loop, &connection->step);
}

static bool start_endpoint(grille_connection *connection, const grille_peer_identity *peer) {
    grille_loop *loop = connection->loop;
    grille_endpoint_options options = {
        .initiator = connection->initiator,
        .registry = connection->registry,
        .stats = connection->stats,
        .interceptors = connection->interceptors,
        .policy = connection->policy,
        .peer = peer,
        .executor = connection->executor,
        .budget = &connection->budget,
        .depot = loop->depot,
        .max_streams = connection->max_streams,
        .max_calls = connection->max_calls,
        .max_message_bytes = connection->max_message_bytes,
        .keepalive_interval_ms = connection->keepalive_interval_ms,
        .keepalive_timeout_ms = connection->keepalive_timeout_ms,
        .first_stream_id = connection->first_stream_id,
        .exact_schema = grille_policy_requires_exact_schema(connection->policy),
        .on_gate = on_gate,
        .on_gate_user = connection,
        .now_us = loop->now_us,
    };
    grille_reason reason = grille_connection_make_channel(connection, &options.peer_channel);
    if (reason == GRILLE_REASON_OK) reason = grille_endpoint_new(&options, &connection->endpoint);
    if (reason != GRILLE_REASON_OK) {
        grille_error why = {0};
        grille_channel_close(options.peer_channel);
        (void)grille_error_default(&why, reason);
        grille_connection_end(connection, &why, GRILLE_UNAVAILABLE);
        return false;
    }
    grille_endpoint_set_clock(connection->endpoint, grille_loop_clock_us);
    grille_endpoint_on_write(connection->endpoint, on_idle, connection);
    return true;
}

/* Follows the secure channel's state after it made a step. */
static void follow_state(grille_connection *connection) {
    grille_secure_state state = grille_secure_get_state(connection->secure);
    const grille_peer_identity *peer = grille_secure_peer(connection->secure);
    if (connection->endpoint == NULL && peer != NULL && grille_secure_can_write(connection->secure)) {
        if (!start_endpoint(connection, peer)) return;
        connection->events->on_started(connection, connection->user);
    }
    if (connection->stage != CONNECTION_HANDSHAKE || connection->endpoint == NULL) return;
    if (state == GRILLE_SECURE_OPEN || state == GRILLE_SECURE_CLOSED) {
        connection->stage = CONNECTION_FRAMES;
        grille_connection_find_footprint(connection);
        grille_connection_count_open(connection);
        connection->events->on_open(connection, connection->user);
        if (connection->stage != CONNECTION_FRAMES) return;
        if (connection->draining)
            grille_endpoint_drain(connection->endpoint, connection->drain_reason, connection->loop->now_us);
        receive_frames(connection);
    }
}

void grille_connection_on_step(grille_job *job) {
    grille_connection *connection = grille_container(job, grille_connection, step);
    if (connection->stage > CONNECTION_FRAMES) return;
    grille_time_us now_us = grille_loop_refresh(connection->loop);
    grille_reason reason = grille_secure_step(connection->secure, now_us, grille_connection_wall_ms(connection));
    if (reason != GRILLE_REASON_OK && reason != GRILLE_REASON_MORE) {
        fail_secure(connection);
        return;
    }
    const bool stands = connection->stage == CONNECTION_FRAMES;
    if (stands) {
        grille_connection_follow_trust(connection);
    } else {
        follow_state(connection);
    }
    if (connection->ended) return;
    if (reason == GRILLE_REASON_MORE && (stands || connection->stage == CONNECTION_HANDSHAKE)) {
        grille_loop_step(connection->loop, &connection->step);
    }
    if (grille_secure_get_state(connection->secure) == GRILLE_SECURE_CLOSED) {
        peer_closed(connection, "during the handshake");
        return;
    }
    if (connection->stage == CONNECTION_HANDSHAKE && reason == GRILLE_REASON_OK && connection->broken) {
        grille_connection_lose(connection, &connection->broken_why);
        return;
    }
    grille_connection_arm(connection);
    grille_connection_changed(connection);
}

static void take(grille_connection *connection, grille_bytes bytes) {
    connection->last_active_us = connection->loop->now_us;
    if (grille_secure_feed(connection->secure, bytes) != GRILLE_REASON_OK) {
        fail_secure(connection);
    } else if (connection->stage == CONNECTION_HANDSHAKE) {
        grille_loop_step(connection->loop, &connection->step);
    } else {
        receive_frames(connection);
    }
}

static void throw_away(grille_connection *connection, long moved) {
    if (moved > 0) connection->lingered_bytes += (size_t)moved;
    bool again = moved == -EAGAIN || (moved > 0 && connection->lingered_bytes < GRILLE_LIMIT_LINGER_BYTES);
    if (!again) grille_connection_finish(connection);
}

/* Before the gate is open only so much is taken; the rest waits in the socket. */
static size_t room(const grille_connection *connection) {
    const bool whole = connection->ended || connection->stage == CONNECTION_FRAMES;
    size_t room = whole ? GRILLE_LOOP_RECEIVE_BYTES : grille_secure_room(connection->secure);
    return room < GRILLE_LOOP_RECEIVE_BYTES ? room : GRILLE_LOOP_RECEIVE_BYTES;
}

/* In the handshake what came before (an alert, REFUSED) may still wait for its step. */
static void end_of_stream(grille_connection *connection, long moved) {
    grille_error why;
    if (moved == 0) {
        (void)grille_error_set(&why, GRILLE_REASON_LOOP_PEER_CLOSED, "the peer closed the connection %s",
                               connection->stage == CONNECTION_FRAMES
                                   ? "without a goodbye: its process ended, or something between us cut the line"
                                   : "before both ends were verified: its own log says why");
    } else {
        (void)grille_error_set(&why, GRILLE_REASON_LOOP_CONNECTION_LOST, "reading from the socket failed: %s",
                               strerror((int)-moved));
    }
    if (connection->stage == CONNECTION_FRAMES) {
        grille_connection_lose(connection, &why);
        return;
    }
    connection->at_end = true;
    grille_connection_break(connection, &why);
    grille_connection_poll(connection, 0);
    grille_loop_step(connection->loop, &connection->step);
}

void grille_connection_on_readable(grille_connection *connection) {
    grille_loop *loop = connection->loop;
    size_t capacity = room(connection);
    if (capacity == 0) {
        /* A step makes room, and its flush watches the socket again. */
        grille_connection_poll(connection, 0);
        return;
    }
    long moved = grille_transport_read(&connection->transport, loop->receive, capacity);
    grille_connection_expect_rest(connection);
    if (connection->ended) {
        throw_away(connection, moved);
    } else if (moved > 0) {
        take(connection, (grille_bytes){loop->receive, (size_t)moved});
    } else if (moved != -EAGAIN) {
        end_of_stream(connection, moved);
    }
}
