/* SPDX-License-Identifier: Apache-2.0
 * What a call touches of its connection's memory, down to the session. */
#include "rpc/bound_channel.h"
#include "rpc/endpoint_private.h"

/* The head of the peer says by which set it was accepted, whose methods each call is looked up in; of its name as much
 * as is compared at once. */
static void add_peer(const grille_peer_snapshot *peer, grille_footprint *footprint) {
    enum { COMPARED_BYTES = 32 };
    grille_footprint_add(footprint, &peer->identity.kind, sizeof peer->identity.kind);
    grille_footprint_add(footprint, peer->identity.set, COMPARED_BYTES);
}

void grille_endpoint_footprint(const grille_endpoint *endpoint, grille_footprint *footprint) {
    const grille_peer_services *services = &endpoint->peer_services;
    grille_footprint_add(footprint, endpoint, offsetof(struct grille_endpoint, on_gate));
    grille_footprint_add(footprint, services->items, services->count * sizeof *services->items);
    add_peer(endpoint->peer, footprint);
    if (endpoint->peer_channel != NULL) grille_bound_channel_footprint(endpoint->peer_channel, footprint);
    grille_session_footprint(endpoint->session, footprint);
}
