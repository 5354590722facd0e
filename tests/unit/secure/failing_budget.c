/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_budget.h"

#include <stdint.h>

#include "base/budget.h"

static size_t next;
static size_t failing = SIZE_MAX;
static bool all_after;
static bool hit;

bool __real_grille_budget_charge(grille_budget *budget, size_t bytes);
void *__real_grille_budget_alloc(grille_budget *budget, size_t bytes);
bool __wrap_grille_budget_charge(grille_budget *budget, size_t bytes);
void *__wrap_grille_budget_alloc(grille_budget *budget, size_t bytes);

static bool fails(void) {
    const size_t index = next++;
    if (index != failing && !(all_after && index > failing)) return false;
    hit = true;
    return true;
}

bool __wrap_grille_budget_charge(grille_budget *budget, size_t bytes) {
    return !fails() && __real_grille_budget_charge(budget, bytes);
}

void *__wrap_grille_budget_alloc(grille_budget *budget, size_t bytes) {
    return fails() ? NULL : __real_grille_budget_alloc(budget, bytes);
}

void failing_budget_at(size_t index, bool for_good) {
    next = 0;
    failing = index;
    all_after = for_good;
    hit = false;
}

void failing_budget_never(void) {
    failing = SIZE_MAX;
    all_after = false;
}

bool failing_budget_hit(void) {
    return hit;
}
