/* SPDX-License-Identifier: Apache-2.0
 * The seam between a channel, which knows its connections, and whatever knows how to ask a peer for its health. */
#ifndef GRILLE_LOOP_HEALTH_SOURCE_H
#define GRILLE_LOOP_HEALTH_SOURCE_H

#include "grille/channel.h"

/* One watch of one connection; the source's. */
typedef struct grille_health_watch grille_health_watch;

/* What a watch tells, on the loop's thread, after its start has returned and before its stop. */
typedef struct grille_health_events {
    /* The peer's answer, as often as it changes. */
    void (*on_change)(void *user, bool serving);
    /* No answer comes any more; once, last. UNIMPLEMENTED: the peer has no health service, and counts as serving. Any
     * other code: as not serving; a new watch starts after a pause while the connection lasts. */
    void (*on_ended)(void *user, grille_code code);
} grille_health_events;

/* How a channel with several peers learns which of them serve. Outlives the channels that use it. */
typedef struct grille_health_source {
    /* Begins to watch `service` (NULL: the peer as a whole) over `connection`, a channel whose calls all go to one
     * connection: borrowed until stop. On the loop's thread; must not block. NULL: no memory. */
    grille_health_watch *(*start)(grille_channel *connection, const char *service, const grille_health_events *events,
                                  void *user);
    /* Ends the watch and gives it back, ended or not; on the loop's thread, once for each that was started. Its
     * connection may be gone. No event comes any more. */
    void (*stop)(grille_health_watch *watch);
} grille_health_source;

#endif
