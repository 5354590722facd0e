/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/peer_snapshot.h"

#include <stdlib.h>

grille_peer_snapshot *grille_peer_snapshot_new(const grille_peer_identity *identity) {
    grille_peer_snapshot *made = malloc(sizeof *made);
    if (made != NULL) *made = (grille_peer_snapshot){.references = 1, .identity = *identity};
    return made;
}

grille_peer_snapshot *grille_peer_snapshot_ref(grille_peer_snapshot *snapshot) {
    snapshot->references++;
    return snapshot;
}

void grille_peer_snapshot_unref(grille_peer_snapshot *snapshot) {
    if (snapshot != NULL && --snapshot->references == 0) free(snapshot);
}
