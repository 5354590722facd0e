/* SPDX-License-Identifier: Apache-2.0
 * Inside of a bound channel: bound_channel.c is its table and what any thread does, bound_calls.c what its loop does.
 */
#ifndef GRILLE_RPC_BOUND_CHANNEL_PRIVATE_H
#define GRILLE_RPC_BOUND_CHANNEL_PRIVATE_H

#include "rpc/bound_channel.h"
#include "rpc/endpoint_private.h"

typedef struct bound_channel {
    grille_channel base;
    grille_interceptor_list interceptors;
    grille_bound_channel_options options;
    grille_channel_ops ops; /* with the clock of the options */
    pthread_mutex_t lock;
    grille_link submitted; /* under lock, as the three below */
    grille_link noticed;
    bool gone;
    bool wants_epoch;
    grille_peer_snapshot *peer; /* a reference, until it is gone */
    grille_endpoint *endpoint;  /* the loop's, as what follows */
    grille_link waiting;        /* for a free stream */
    size_t waiting_count;
} bound_channel;

static inline bound_channel *grille_bound_channel_of(const grille_channel *base) {
    return grille_container((grille_channel *)(uintptr_t)base, bound_channel, base);
}

#endif
