/* SPDX-License-Identifier: Apache-2.0 */
#include "session/kit.h"

#include <stdlib.h>

struct grille_depot {
    grille_kit *first; /* the one that was used last */
    size_t lent;
    size_t kept;
    size_t most_lent; /* since the last trim */
};

grille_kit *grille_kit_take(grille_depot *depot, bool *is_new) {
    grille_kit *kit = depot != NULL ? depot->first : NULL;
    *is_new = kit == NULL;
    if (kit != NULL) {
        depot->first = kit->next;
        depot->kept--;
    } else {
        kit = calloc(1, sizeof *kit);
    }
    if (kit == NULL || depot == NULL) return kit;
    depot->lent++;
    if (depot->lent > depot->most_lent) depot->most_lent = depot->lent;
    return kit;
}

void grille_kit_give(grille_depot *depot, grille_kit *kit) {
    if (depot == NULL) {
        free(kit);
        return;
    }
    kit->next = depot->first;
    depot->first = kit;
    depot->lent--;
    depot->kept++;
}

grille_depot *grille_depot_new(void) {
    return calloc(1, sizeof(grille_depot));
}

static void free_down_to(grille_depot *depot, size_t kept) {
    while (depot->kept > kept) {
        grille_kit *kit = depot->first;
        depot->first = kit->next;
        depot->kept--;
        free(kit);
    }
}

void grille_depot_free(grille_depot *depot) {
    if (depot == NULL) return;
    free_down_to(depot, 0);
    free(depot);
}

bool grille_depot_trim(grille_depot *depot) {
    free_down_to(depot, depot->most_lent - depot->lent);
    depot->most_lent = depot->lent;
    return depot->kept > 0;
}
