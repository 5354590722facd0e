/* SPDX-License-Identifier: Apache-2.0 */
#include "base/budget.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

void grille_budget_init(grille_budget *budget, size_t limit_bytes) {
    grille_budget_init_part(budget, NULL, limit_bytes);
}

void grille_budget_init_part(grille_budget *budget, grille_budget *whole, size_t limit_bytes) {
    budget->whole = whole;
    budget->limit_bytes = limit_bytes;
    atomic_init(&budget->used_bytes, 0);
    atomic_init(&budget->peak_bytes, 0);
}

static bool charge_one(grille_budget *budget, size_t bytes) {
    size_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
    size_t peak = 0;
    do {
        if (bytes > budget->limit_bytes - used) return false;
    } while (!atomic_compare_exchange_weak(&budget->used_bytes, &used, used + bytes));
    peak = atomic_load_explicit(&budget->peak_bytes, memory_order_relaxed);
    while (used + bytes > peak && !atomic_compare_exchange_weak(&budget->peak_bytes, &peak, used + bytes)) {
    }
    return true;
}

static void release_one(grille_budget *budget, size_t bytes) {
    size_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
    size_t left = 0;
    do {
        /* Giving back more than was charged is a bug of ours; never let it open the budget. */
        left = bytes <= used ? used - bytes : 0;
    } while (!atomic_compare_exchange_weak(&budget->used_bytes, &used, left));
}

bool grille_budget_charge(grille_budget *budget, size_t bytes) {
    if (!charge_one(budget, bytes)) return false;
    if (budget->whole == NULL || grille_budget_charge(budget->whole, bytes)) return true;
    release_one(budget, bytes);
    return false;
}

void grille_budget_release(grille_budget *budget, size_t bytes) {
    release_one(budget, bytes);
    if (budget->whole != NULL) grille_budget_release(budget->whole, bytes);
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
