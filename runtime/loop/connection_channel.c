/* SPDX-License-Identifier: Apache-2.0
 * A connection as a channel: calls of other threads come as a job. */
#include "grille/log.h"
#include "loop/connection_private.h"
#include "rpc/bound_channel.h"

static void post(void *user) {
    grille_connection *connection = user;
    grille_loop_post(connection->loop, &connection->calls);
    if (connection->events->on_posted != NULL) connection->events->on_posted(connection->user);
}

/* Too soon is no error: the last one will do. */
static void reattest(void *user) {
    const grille_reason reason = grille_connection_reattest(user);
    if (reason == GRILLE_REASON_OK) return;
    grille_log(GRILLE_LOG_INFO, GRILLE_LOG_SECURE, "no new epoch was asked for: %s", grille_reason_text(reason));
}

static bool on_loop(void *user) {
    return grille_loop_in_turn() == ((const grille_connection *)user)->loop;
}

static bool in_turn(void) {
    return grille_loop_in_turn() != NULL;
}

static void run_calls(grille_job *job) {
    grille_connection *connection = grille_container(job, grille_connection, calls);
    grille_channel *channel = grille_connection_peer_channel(connection);
    if (channel != NULL && !connection->ended) grille_bound_channel_run(channel);
}

grille_reason grille_connection_make_channel(grille_connection *connection, grille_channel **channel) {
    const grille_bound_channel_options options = {.post = post,
                                                  .reattest = reattest,
                                                  .on_loop = on_loop,
                                                  .user = connection,
                                                  .in_turn = in_turn,
                                                  .clock_us = grille_clock_us,
                                                  .interceptors = connection->interceptors,
                                                  .stats = connection->stats};
    grille_job_init(&connection->calls, run_calls);
    return grille_bound_channel_new(&options, channel);
}

void grille_connection_end_channel(grille_connection *connection) {
    grille_loop_unpost(connection->loop, &connection->calls);
}

grille_channel *grille_connection_peer_channel(grille_connection *connection) {
    return connection->endpoint == NULL ? NULL : grille_endpoint_peer_channel(connection->endpoint);
}
