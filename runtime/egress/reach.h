/* SPDX-License-Identifier: Apache-2.0
 * Connecting to a target: to an address as it is; to a name by finding its addresses and trying them one after the
 * other. An address that leads to inside is not tried, unless the allow-list has it as an address: who answers for a
 * name's addresses may not lead us to what only we can reach. */
#ifndef GRILLE_EGRESS_REACH_H
#define GRILLE_EGRESS_REACH_H

#include "egress/allow.h"
#include "loop/dialer.h"
#include "loop/resolver.h"

typedef struct grille_reach grille_reach;

/* Told once, in a later turn than the start: a connected conduit that is the receiver's, and the address that it leads
 * to; or none, and why: the errors of grille_dialed_fn for an address; for a name EGRESS_NAME (no address found),
 * EGRESS_INSIDE (none that may be tried), LOOP_DIAL (nobody answered: the last one's error), LOOP_DIAL_TIMEOUT. */
typedef void grille_reached_fn(void *user, grille_conduit conduit, const grille_address *address,
                               const grille_error *error);

typedef struct grille_reach_start {
    grille_loop *loop;
    grille_resolver *resolver;          /* borrowed, of this loop; needed for names */
    const grille_allow *allow;          /* borrowed; NULL: nothing inside is allowed for names */
    const grille_egress_target *target; /* copied; allowed already */
    uint32_t timeout_ms;                /* in all */
    grille_reached_fn *done;
    void *user;
} grille_reach_start;

/* OUT_OF_MEMORY is the only error. Leader. */
GRILLE_MUST_USE grille_reason grille_reach_begin(const grille_reach_start *start, grille_reach **reach);

/* Gives up; done does not come. Leader. */
void grille_reach_cancel(grille_reach *reach);

#endif
