/* SPDX-License-Identifier: Apache-2.0 */
#include "session/refusals.h"

static size_t bytes_of(uint32_t capacity) {
    return capacity * sizeof(grille_refusal_item);
}

/* Twice the room: whenever the full ring is full, half of it can be cleared at once. */
void grille_refusals_init(grille_refusals *refusals, uint32_t most, grille_budget *budget) {
    *refusals = (grille_refusals){.most_items = 2 * most, .budget = budget};
    refusals->capacity = refusals->most_items < GRILLE_REFUSALS_HOME ? refusals->most_items : GRILLE_REFUSALS_HOME;
}

static void free_grown(grille_refusals *refusals) {
    if (refusals->grown != NULL) grille_budget_free(refusals->budget, refusals->grown, bytes_of(refusals->capacity));
    refusals->grown = NULL;
}

void grille_refusals_deinit(grille_refusals *refusals) {
    free_grown(refusals);
    *refusals = (grille_refusals){0};
}

void grille_refusals_shrink(grille_refusals *refusals) {
    if (refusals->waiting > 0) return;
    free_grown(refusals);
    grille_refusals_init(refusals, refusals->most_items / 2, refusals->budget);
}

static grille_refusal_item *item_at(grille_refusals *refusals, uint32_t index) {
    grille_refusal_item *items = refusals->grown != NULL ? refusals->grown : refusals->home;
    return &items[(refusals->first + index) % refusals->capacity];
}

bool grille_refusals_empty(const grille_refusals *refusals) {
    return refusals->waiting == 0;
}

static void drop_taken_back(grille_refusals *refusals) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < refusals->count; i++) {
        if (!item_at(refusals, i)->taken_back) *item_at(refusals, kept++) = *item_at(refusals, i);
    }
    refusals->count = kept;
}

/* Double the room, in order from its start. */
static bool grow(grille_refusals *refusals) {
    const bool most = refusals->capacity > refusals->most_items / 2;
    const uint32_t capacity = most ? refusals->most_items : 2 * refusals->capacity;
    grille_refusal_item *grown = grille_budget_alloc(refusals->budget, bytes_of(capacity));
    if (grown == NULL) return false;
    for (uint32_t i = 0; i < refusals->count; i++)
        grown[i] = *item_at(refusals, i);
    free_grown(refusals);
    refusals->grown = grown;
    refusals->capacity = capacity;
    refusals->first = 0;
    return true;
}

bool grille_refusals_push(grille_refusals *refusals, grille_refusal refusal) {
    if (refusals->count == refusals->capacity && refusals->capacity == refusals->most_items) drop_taken_back(refusals);
    if (refusals->count == refusals->capacity && !grow(refusals)) return false;
    *item_at(refusals, refusals->count) = (grille_refusal_item){.id = refusal.id, .code = (uint8_t)refusal.code};
    refusals->count++;
    refusals->waiting++;
    return true;
}

bool grille_refusals_take(grille_refusals *refusals, grille_refusal *refusal) {
    const grille_refusal_item *item = NULL;
    bool found = false;
    while (!found && refusals->count > 0) {
        item = item_at(refusals, 0);
        refusals->first = (refusals->first + 1) % refusals->capacity;
        refusals->count--;
        found = !item->taken_back;
    }
    if (!found) return false;
    refusals->waiting--;
    *refusal = (grille_refusal){.id = item->id, .code = (grille_reset_code)item->code};
    return true;
}

bool grille_refusals_take_back(grille_refusals *refusals, uint32_t id) {
    uint32_t low = 0;
    uint32_t high = refusals->count;
    grille_refusal_item *item = NULL;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (item_at(refusals, middle)->id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == refusals->count) return false;
    item = item_at(refusals, low);
    if (item->id != id || item->taken_back) return false;
    item->taken_back = true;
    refusals->waiting--;
    return true;
}
