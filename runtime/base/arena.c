/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/bytes.h"

/* A further block starts small and doubles, so that a call with much data needs few of them and one with little data
 * does not hold much. */
enum { FIRST_BLOCK_BYTES = 1024, LARGEST_DOUBLED_BLOCK_BYTES = 32768 };

typedef struct grille_arena_block {
    struct grille_arena_block *next; /* older */
    size_t capacity;
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
} grille_arena_block;

void grille_arena_init(grille_arena *arena, uint8_t *first, size_t first_capacity, grille_budget *budget) {
    *arena = (grille_arena){.first = first, .first_capacity = first_capacity, .budget = budget};
}

/* Room in a block, or NULL. */
static void *take(grille_arena_block *block, size_t bytes) {
    const size_t misaligned = block->used % alignof(max_align_t);
    const size_t padding = misaligned == 0 ? 0 : alignof(max_align_t) - misaligned;
    void *taken = NULL;
    if (padding > block->capacity - block->used || bytes > block->capacity - block->used - padding) return NULL;
    taken = block->bytes + block->used + padding;
    block->used += padding + bytes;
    return taken;
}

static size_t next_block_capacity(const grille_arena *arena, size_t bytes) {
    size_t capacity = FIRST_BLOCK_BYTES;
    if (arena->blocks != NULL) {
        capacity = arena->blocks->capacity < LARGEST_DOUBLED_BLOCK_BYTES ? 2 * arena->blocks->capacity
                                                                         : LARGEST_DOUBLED_BLOCK_BYTES;
    }
    return capacity > bytes ? capacity : bytes;
}

static grille_arena_block *add_block(grille_arena *arena, size_t bytes) {
    size_t capacity = next_block_capacity(arena, bytes);
    grille_arena_block *block = NULL;
    if (arena->budget == NULL || capacity > SIZE_MAX - sizeof *block) return NULL;
    block = grille_budget_alloc(arena->budget, sizeof *block + capacity);
    if (block == NULL && capacity > bytes) {
        capacity = bytes;
        block = grille_budget_alloc(arena->budget, sizeof *block + capacity);
    }
    if (block == NULL) return NULL;
    block->next = arena->blocks;
    block->capacity = capacity;
    block->used = 0;
    arena->blocks = block;
    return block;
}

void *grille_arena_alloc_further(grille_arena *arena, size_t bytes) {
    grille_arena_block *block = arena->blocks;
    void *taken = NULL;
    if (block != NULL) taken = take(block, bytes);
    if (taken != NULL) return taken;
    block = add_block(arena, bytes);
    return block == NULL ? NULL : take(block, bytes);
}

grille_bytes grille_arena_copy(grille_arena *arena, grille_bytes bytes) {
    uint8_t *copy = NULL;
    if (bytes.len == SIZE_MAX) return grille_bytes_of(NULL, 0);
    copy = grille_arena_alloc(arena, bytes.len + 1);
    if (copy == NULL) return grille_bytes_of(NULL, 0);
    if (bytes.len > 0) memcpy(copy, bytes.data, bytes.len);
    copy[bytes.len] = 0;
    return grille_bytes_of(copy, bytes.len);
}

void grille_arena_reset(grille_arena *arena) {
    while (arena->blocks != NULL) {
        grille_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        grille_budget_free_wiped(arena->budget, block, sizeof *block + block->capacity);
    }
    grille_wipe(arena->first, arena->first_high_water);
    arena->first_used = 0;
    arena->first_high_water = 0;
}
