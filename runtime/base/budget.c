/* SPDX-License-Identifier: Apache-2.0 */
#include "base/budget.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

void grille_budget_init(grille_budget *budget, size_t limit_bytes) {
    *budget = (grille_budget){.limit_bytes = limit_bytes};
}

bool grille_budget_charge(grille_budget *budget, size_t bytes) {
    if (bytes > budget->limit_bytes - budget->used_bytes) return false;
    budget->used_bytes += bytes;
    if (budget->used_bytes > budget->peak_bytes) budget->peak_bytes = budget->used_bytes;
    return true;
}

void grille_budget_release(grille_budget *budget, size_t bytes) {
    /* Giving back more than was charged is a bug of ours; never let it open the budget. */
    budget->used_bytes -= bytes <= budget->used_bytes ? bytes : budget->used_bytes;
}

void *grille_budget_alloc(grille_budget *budget, size_t bytes) {
    void *memory = NULL;
    if (!grille_budget_charge(budget, bytes)) return NULL;
    memory = malloc(bytes > 0 ? bytes : 1);
    if (memory == NULL) grille_budget_release(budget, bytes);
    return memory;
}

void *grille_budget_grow(grille_budget *budget, void *memory, size_t old_bytes, size_t new_bytes) {
    void *grown = NULL;
    if (memory == NULL) return grille_budget_alloc(budget, new_bytes);
    if (new_bytes > old_bytes && !grille_budget_charge(budget, new_bytes - old_bytes)) return NULL;
    grown = realloc(memory, new_bytes > 0 ? new_bytes : 1);
    if (grown == NULL) {
        if (new_bytes > old_bytes) grille_budget_release(budget, new_bytes - old_bytes);
        return NULL;
    }
    if (new_bytes < old_bytes) grille_budget_release(budget, old_bytes - new_bytes);
    return grown;
}

void grille_budget_free(grille_budget *budget, void *memory, size_t bytes) {
    if (memory == NULL) return;
    free(memory);
    grille_budget_release(budget, bytes);
}

void grille_budget_free_wiped(grille_budget *budget, void *memory, size_t bytes) {
    if (memory == NULL) return;
    grille_wipe(memory, bytes);
    grille_budget_free(budget, memory, bytes);
}
