/* SPDX-License-Identifier: Apache-2.0
 * The peer as it stood at one moment: of one epoch, under one policy. Calls keep the one that they began with, so that
 * a handler on another thread reads what does not change. References are taken and given back on the loop thread. */
#ifndef GRILLE_RPC_PEER_SNAPSHOT_H
#define GRILLE_RPC_PEER_SNAPSHOT_H

#include "grille/identity.h"

typedef struct grille_peer_snapshot {
    size_t references;
    grille_peer_identity identity;
} grille_peer_snapshot;

/* A copy with one reference; NULL without memory. */
grille_peer_snapshot *grille_peer_snapshot_new(const grille_peer_identity *identity);
/* One more owner; and one less (NULL is ignored). */
grille_peer_snapshot *grille_peer_snapshot_ref(grille_peer_snapshot *snapshot);
void grille_peer_snapshot_unref(grille_peer_snapshot *snapshot);

#endif
