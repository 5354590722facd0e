/* SPDX-License-Identifier: Apache-2.0
 * Memory for the first calls of sessions, lent by their loop: who has calls under way holds some, who has none holds
 * nothing. A thousand connections that are used in turn so use the same memory, which the CPU's caches have, and none
 * of them needs a timer to give it back. */
#ifndef GRILLE_SESSION_DEPOT_H
#define GRILLE_SESSION_DEPOT_H

#include <stdbool.h>

typedef struct grille_depot grille_depot;

/* NULL without memory. Sessions that are made with it (grille_session_options.depot) are all used by one thread at a
 * time, and freed before it. What they hold is charged to their own budgets. */
grille_depot *grille_depot_new(void);
/* NULL is ignored. */
void grille_depot_free(grille_depot *depot);

/* Frees what nobody has needed since the last trim. True: something is kept, trim again after a while. */
bool grille_depot_trim(grille_depot *depot);

#endif
