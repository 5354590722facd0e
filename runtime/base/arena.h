/* SPDX-License-Identifier: Apache-2.0
 * Memory that lives as long as one call: a fixed first block inside its owner, then blocks from a budget. */
#ifndef GRILLE_BASE_ARENA_H
#define GRILLE_BASE_ARENA_H

#include <stddef.h>

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
GRILLE_MUST_USE static inline void *grille_arena_alloc(grille_arena *arena, size_t bytes);
/* The same where the first block does not do. */
GRILLE_MUST_USE void *grille_arena_alloc_further(grille_arena *arena, size_t bytes);

/* A copy in the arena, valid until reset. One zero byte follows that its length leaves out, so that copied text is a C
 * string. NULL data when the budget is used up. */
GRILLE_MUST_USE grille_bytes grille_arena_copy(grille_arena *arena, grille_bytes bytes);

/* Wipes all that was used, gives further blocks back to the budget, keeps the first. */
void grille_arena_reset(grille_arena *arena);

static inline void *grille_arena_alloc(grille_arena *arena, size_t bytes) {
    const size_t alignment = _Alignof(max_align_t);
    const uintptr_t end = (uintptr_t)arena->first + arena->first_used;
    const size_t begin = arena->first_used + (size_t)(-end & (alignment - 1));
    const size_t wanted = bytes > 0 ? bytes : 1;
    if (arena->blocks != NULL || arena->first == NULL || begin > arena->first_capacity ||
        wanted > arena->first_capacity - begin) {
        return grille_arena_alloc_further(arena, wanted);
    }
    arena->first_used = begin + wanted;
    if (arena->first_used > arena->first_high_water) arena->first_high_water = arena->first_used;
    return arena->first + begin;
}

#endif
