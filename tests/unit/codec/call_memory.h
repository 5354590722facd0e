/* SPDX-License-Identifier: Apache-2.0
 * The memory of one call, for tests. */
#ifndef GRILLE_TESTS_CODEC_CALL_MEMORY_H
#define GRILLE_TESTS_CODEC_CALL_MEMORY_H

#include "codec/codec.h"

typedef struct call_memory {
    grille_budget budget;
    grille_arena arena;
} call_memory;

static inline void call_memory_init(call_memory *memory, size_t bytes) {
    grille_budget_init(&memory->budget, bytes);
    grille_arena_init(&memory->arena, NULL, 0, &memory->budget);
}

#endif
