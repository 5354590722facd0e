/* SPDX-License-Identifier: Apache-2.0
 * What a session needs for its first calls, in one block: slots, the map of their ids, the heap of their deadlines. */
#ifndef GRILLE_SESSION_KIT_H
#define GRILLE_SESSION_KIT_H

#include "session/depot.h"
#include "session/private.h"

enum { GRILLE_KIT_SLOTS = 4, GRILLE_KIT_MAP_CAPACITY = 8 };

typedef struct grille_kit {
    struct grille_kit *next; /* in a depot */
    grille_link free_slots;  /* while no session has it */
    grille_stream *heap[GRILLE_KIT_SLOTS];
    grille_id_map_slot map[2 * GRILLE_KIT_MAP_CAPACITY];
    grille_stream slots[GRILLE_KIT_SLOTS];
} grille_kit;

/* One that was used last, else a new one whose bytes are all 0; NULL without memory. `depot` NULL: a new one. */
GRILLE_MUST_USE grille_kit *grille_kit_take(grille_depot *depot, bool *is_new);
/* Its slots were wiped when their calls ended. `depot` NULL: frees it. */
void grille_kit_give(grille_depot *depot, grille_kit *kit);

#endif
