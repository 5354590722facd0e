/* SPDX-License-Identifier: Apache-2.0
 * Memory that a peer can make us hold is charged to its connection before it is allocated. */
#ifndef GRILLE_BASE_BUDGET_H
#define GRILLE_BASE_BUDGET_H

#include <stdbool.h>

#include "grille/reasons.h"

/* Caller's storage. Charging and releasing is safe from any thread: offloaded handlers share their connection's
 * budget. */
typedef struct grille_budget {
    struct grille_budget *whole; /* charged too, or NULL */
    size_t limit_bytes;
    _Atomic size_t used_bytes;
    _Atomic size_t peak_bytes;
} grille_budget;

void grille_budget_init(grille_budget *budget, size_t limit_bytes);
/* A part of `whole` with a limit of its own, so that the rest can't be used up through it. Borrows `whole`. */
void grille_budget_init_part(grille_budget *budget, grille_budget *whole, size_t limit_bytes);

/* False and nothing charged when it would go over the limit. */
GRILLE_MUST_USE bool grille_budget_charge(grille_budget *budget, size_t bytes);
void grille_budget_release(grille_budget *budget, size_t bytes);

/* malloc, realloc and free that charge the budget; the size is passed back so that no header is needed. NULL when over
 * the budget or out of memory. `grille_budget_free_wiped` overwrites first. NULL is ignored by both frees. */
GRILLE_MUST_USE void *grille_budget_alloc(grille_budget *budget, size_t bytes);
GRILLE_MUST_USE void *grille_budget_grow(grille_budget *budget, void *memory, size_t old_bytes, size_t new_bytes);
void grille_budget_free(grille_budget *budget, void *memory, size_t bytes);
void grille_budget_free_wiped(grille_budget *budget, void *memory, size_t bytes);

#endif
