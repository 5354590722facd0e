/* SPDX-License-Identifier: Apache-2.0
 * Memory that lives as long as one call: a fixed first block inside its owner, then blocks from a budget. */
#ifndef GRILLE_BASE_ARENA_H
#define GRILLE_BASE_ARENA_H

#include "base/budget.h"

struct grille_arena_block;

/* Caller's storage. One thread at a time. */
typedef struct grille_arena {
    uint8_t *first;
    size_t first_capacity;
    size_t first_used;
    size_t first_high_water; /* so that a reset wipes only what was used */
    struct grille_arena_block *blocks;
    grille_budget *budget; /* NULL: only the first block may be used */
} grille_arena;

/* Borrows `first` and `budget`. */
void grille_arena_init(grille_arena *arena, uint8_t *first, size_t first_capacity, grille_budget *budget);

/* Memory aligned for any type, not zeroed, valid until reset; NULL when the budget is used up. */
GRILLE_MUST_USE void *grille_arena_alloc(grille_arena *arena, size_t bytes);

/* A copy in the arena, valid until reset. One zero byte follows that its length leaves out, so that copied text is a C
 * string. NULL data when the budget is used up. */
GRILLE_MUST_USE grille_bytes grille_arena_copy(grille_arena *arena, grille_bytes bytes);

/* Wipes all that was used, gives further blocks back to the budget, keeps the first. */
void grille_arena_reset(grille_arena *arena);

#endif
