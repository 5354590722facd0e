/* SPDX-License-Identifier: Apache-2.0
 * Map from a 32-bit id to a pointer: open addressing, at most `capacity` members, one allocation. */
#ifndef GRILLE_BASE_ID_MAP_H
#define GRILLE_BASE_ID_MAP_H

#include "base/budget.h"

typedef struct grille_id_map_slot {
    uint32_t id; /* 0: free (no stream and no method has id 0) */
    void *value;
} grille_id_map_slot;

/* Caller's storage. One thread. */
typedef struct grille_id_map {
    grille_id_map_slot *slots;
    size_t slot_count; /* a power of two, at least twice the capacity */
    size_t count;
    size_t capacity;
    grille_budget *budget;
} grille_id_map;

/* OUT_OF_MEMORY or BUDGET when the table can't be had, BAD_ARGUMENT for a capacity of 0 or one that overflows. The
 * budget must outlive the map. */
GRILLE_MUST_USE grille_reason grille_id_map_init(grille_id_map *map, size_t capacity, grille_budget *budget);
void grille_id_map_deinit(grille_id_map *map);
/* A map in zeroed memory of the caller's, for half as many members; no deinit. `slot_count` is a power of two from 2.
 */
grille_id_map grille_id_map_in(grille_id_map_slot *slots, size_t slot_count);

/* NULL when absent. */
void *grille_id_map_get(const grille_id_map *map, uint32_t id);
/* False when full, when the id is 0, when it is there already or when value is NULL. */
GRILLE_MUST_USE bool grille_id_map_put(grille_id_map *map, uint32_t id, void *value);
/* The value taken out, or NULL. */
void *grille_id_map_remove(grille_id_map *map, uint32_t id);

#endif
