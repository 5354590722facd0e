/* SPDX-License-Identifier: Apache-2.0
 * The channel of one connection that somebody else made: for reverse calls, and for asking a peer how it is. It lives
 * as long as anybody refers to it; once the connection is gone its calls are UNAVAILABLE. Its loop is the connection's
 * and never turned by a blocked caller. Sans-IO: how the loop is reached is an argument. */
#ifndef GRILLE_RPC_BOUND_CHANNEL_H
#define GRILLE_RPC_BOUND_CHANNEL_H

#include "base/footprint.h"
#include "rpc/channel.h"
#include "rpc/peer_snapshot.h"

struct grille_endpoint;

typedef struct grille_bound_channel_options {
    /* Asks the peer of the connection for a new epoch. On the loop. NULL: can't be asked. */
    void (*reattest)(void *user);
    /* grille_bound_channel_run soon, on the connection's loop. Any thread, under the channel's own lock; not after
     * grille_bound_channel_detach. */
    void (*post)(void *user);
    /* This thread is on that loop. As long as `post` may be called. */
    bool (*on_loop)(void *user);
    void *user;
    bool (*in_turn)(void); /* this thread is on any loop */
    grille_time_us (*clock_us)(void);
    const grille_interceptor_list *interceptors; /* copied; NULL: none */
    grille_stats_table *stats;                   /* referenced; NULL: nothing is counted */
} grille_bound_channel_options;

/* One reference, which goes to the endpoint that gets it (grille_endpoint_options.peer_channel). OUT_OF_MEMORY. */
GRILLE_MUST_USE grille_reason grille_bound_channel_new(const grille_bound_channel_options *options,
                                                       grille_channel **channel);

/* Does what was posted. On the loop. */
void grille_bound_channel_run(grille_channel *channel);

/* ---- used by the endpoint; on the loop ---- */

void grille_bound_channel_attach(grille_channel *channel, struct grille_endpoint *endpoint);
/* Starts waiting calls as far as there is room. */
void grille_bound_channel_pump(grille_channel *channel);
/* Adds what a call of either side touches. */
void grille_bound_channel_footprint(const grille_channel *channel, grille_footprint *footprint);
/* The earliest deadline of those that wait, or GRILLE_TIME_NEVER; and what is due. */
grille_time_us grille_bound_channel_expiry(const grille_channel *channel);
void grille_bound_channel_tick(grille_channel *channel, grille_time_us now_us);
/* The peer as a later epoch proved it. */
void grille_bound_channel_renew(grille_channel *channel, grille_peer_snapshot *peer);
/* The connection is over, calls that ran on it have ended: those that wait end with this code, later ones are refused.
 * Nothing is posted any more when it returns. */
void grille_bound_channel_detach(grille_channel *channel, grille_code code, const char *text);

#endif
