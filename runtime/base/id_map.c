/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id_map.h"

/* Linear probing with at most half of the slots taken; a removal moves later members of the run back, so that there
 * are no tombstones. A peer that picks colliding ids costs at most `capacity` probes a look-up: capacities are small.
 */

static size_t home_of(const grille_id_map *map, uint32_t id) {
    uint32_t hash = id * UINT32_C(2654435769); /* Knuth's multiplicative hash: 2^32 / golden ratio */
    return (hash ^ hash >> 16) & (map->slot_count - 1);
}

/* The slot that holds `id`, or the free one where it would go. */
static size_t slot_of(const grille_id_map *map, uint32_t id) {
    size_t slot = home_of(map, id);
    while (map->slots[slot].id != 0 && map->slots[slot].id != id)
        slot = (slot + 1) & (map->slot_count - 1);
    return slot;
}

grille_reason grille_id_map_init(grille_id_map *map, size_t capacity, grille_budget *budget) {
    size_t slot_count = 2;
    grille_id_map_slot *slots = NULL;
    *map = (grille_id_map){0};
    if (capacity == 0 || capacity > SIZE_MAX / 8 / sizeof *slots) return GRILLE_REASON_BAD_ARGUMENT;
    while (slot_count < 2 * capacity)
        slot_count *= 2;
    if (!grille_budget_charge(budget, slot_count * sizeof *slots)) return GRILLE_REASON_BUDGET;
    grille_budget_release(budget, slot_count * sizeof *slots);
    slots = grille_budget_alloc(budget, slot_count * sizeof *slots);
    if (slots == NULL) return GRILLE_REASON_OUT_OF_MEMORY;
    for (size_t i = 0; i < slot_count; i++)
        slots[i] = (grille_id_map_slot){0};
    *map = (grille_id_map){.slots = slots, .slot_count = slot_count, .capacity = capacity, .budget = budget};
    return GRILLE_REASON_OK;
}

grille_id_map grille_id_map_in(grille_id_map_slot *slots, size_t slot_count) {
    return (grille_id_map){.slots = slots, .slot_count = slot_count, .capacity = slot_count / 2};
}

void grille_id_map_deinit(grille_id_map *map) {
    if (map->slots != NULL) grille_budget_free(map->budget, map->slots, map->slot_count * sizeof *map->slots);
    *map = (grille_id_map){0};
}

void *grille_id_map_get(const grille_id_map *map, uint32_t id) {
    return id == 0 || map->slots == NULL ? NULL : map->slots[slot_of(map, id)].value;
}

bool grille_id_map_put(grille_id_map *map, uint32_t id, void *value) {
    size_t slot = 0;
    if (id == 0 || value == NULL || map->slots == NULL || map->count == map->capacity) return false;
    slot = slot_of(map, id);
    if (map->slots[slot].id != 0) return false;
    map->slots[slot] = (grille_id_map_slot){.id = id, .value = value};
    map->count++;
    return true;
}

/* Knuth, The Art of Computer Programming 3, 6.4, algorithm R. */
static void close_gap(grille_id_map *map, size_t gap) {
    const size_t mask = map->slot_count - 1;
    for (size_t slot = (gap + 1) & mask; map->slots[slot].id != 0; slot = (slot + 1) & mask) {
        size_t from_home = (slot - home_of(map, map->slots[slot].id)) & mask;
        size_t from_gap = (slot - gap) & mask;
        if (from_home < from_gap) continue;
        map->slots[gap] = map->slots[slot];
        gap = slot;
    }
    map->slots[gap] = (grille_id_map_slot){0};
}

void *grille_id_map_remove(grille_id_map *map, uint32_t id) {
    size_t slot = 0;
    void *value = NULL;
    if (id == 0 || map->slots == NULL) return NULL;
    slot = slot_of(map, id);
    value = map->slots[slot].value;
    if (value == NULL) return NULL;
    map->count--;
    close_gap(map, slot);
    return value;
}
