/* SPDX-License-Identifier: Apache-2.0 */
#include "session/refusals.h"

typedef struct grille_refusal_item {
    uint32_t id;
    uint8_t code;
    bool taken_back;
} grille_refusal_item;

static size_t bytes_of(uint32_t capacity) {
    return capacity * sizeof(grille_refusal_item);
}

/* Twice the room: whenever the ring is full, half of it can be cleared at once. */
bool grille_refusals_init(grille_refusals *refusals, uint32_t most, grille_budget *budget) {
    *refusals = (grille_refusals){.capacity = 2 * most, .budget = budget};
    refusals->items = grille_budget_alloc(budget, bytes_of(refusals->capacity));
    return refusals->items != NULL;
}

void grille_refusals_deinit(grille_refusals *refusals) {
    if (refusals->items == NULL) return;
    grille_budget_free(refusals->budget, refusals->items, bytes_of(refusals->capacity));
    *refusals = (grille_refusals){0};
}

static grille_refusal_item *item_at(const grille_refusals *refusals, uint32_t index) {
    return &refusals->items[(refusals->first + index) % refusals->capacity];
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

void grille_refusals_push(grille_refusals *refusals, grille_refusal refusal) {
    if (refusals->count == refusals->capacity) drop_taken_back(refusals);
    *item_at(refusals, refusals->count) = (grille_refusal_item){.id = refusal.id, .code = (uint8_t)refusal.code};
    refusals->count++;
    refusals->waiting++;
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
